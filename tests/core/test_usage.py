import os
import subprocess
import sys
from pathlib import Path

import pytest

from instancesketch.core import usage
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


@pytest.mark.parametrize(
    ("files", "cpus"),
    [
        ({"cpu.max": "150000 100000"}, 2),
        ({"cpu.max": "20000 100000"}, 1),
        ({"cpu.max": "max 100000"}, sys.maxsize),
        ({"cpu/cpu.cfs_quota_us": "300000", "cpu/cpu.cfs_period_us": "100000"}, 3),
        ({"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}, sys.maxsize),
        ({}, sys.maxsize),
    ],
)
def test_quota_of_a_container_is_read(tmp_path: Path, files: dict[str, str], cpus: int) -> None:
    (tmp_path / "cpu").mkdir()
    for name, text in files.items():
        (tmp_path / name).write_text(f"{text}\n")
    assert usage._cgroup_cpus(str(tmp_path)) == cpus


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="no affinity on this system")
def test_affinity_of_a_process_bounds_its_cpus() -> None:
    code = (
        "import os; os.sched_setaffinity(0, [min(os.sched_getaffinity(0))]);"
        "from instancesketch.core.usage import usable_cpus; print(usable_cpus())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "1\n"
