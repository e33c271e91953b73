import subprocess
import sys

from instancesketch.core.usage import summarize_usage, tree_memory_mb


def test_usage_is_summed_over_epochs_and_workers() -> None:
    lines = [
        {"seconds": 4.0, "all_drawings": 101, "reading_seconds": 1.0, "memory_mb": 300},
        {"seconds": 6.0, "all_drawings": 99, "reading_seconds": 2.0, "memory_mb": 200},
    ]
    found = summarize_usage(lines)
    assert found["speed"] == {"drawings": 200, "seconds": 10.0, "drawings_per_second": 20.0}
    assert found["stages"] == {"reading": {"busy_seconds": 3.0}, "training": {"busy_seconds": 7.0}}
    assert found["peak_memory_mb"]["worker"] == 300
    assert found["peak_memory_mb"]["driver"] > 0


def test_runs_of_older_versions_counted_the_drawings_of_one_worker() -> None:
    lines = [
        {"seconds": 4.0, "drawings": 50, "workers": 2},
        {"seconds": 6.0, "drawings": 100, "workers": 1},
    ]
    assert summarize_usage(lines)["speed"]["drawings"] == 200


def test_runs_of_older_versions_have_no_reading_seconds() -> None:
    found = summarize_usage([{"seconds": 2.0}], sketches=10)
    assert found["speed"]["drawings_per_second"] == 5.0
    assert found["stages"] == {"training": {"busy_seconds": 2.0}}
    assert found["peak_memory_mb"]["worker"] == 0


def test_memory_of_a_process_includes_that_of_its_children() -> None:
    child = "x = b'1' * (64 << 20); print('ready', flush=True); input()"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    with subprocess.Popen(
        [sys.executable, "-c", parent], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        assert tree_memory_mb(process.pid) > 64
        process.communicate(b"\n")
    assert tree_memory_mb(process.pid) == 0
