import json
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path

import pytest

from instancesketch.benchmarks import config
from instancesketch.benchmarks.labelling_speed import measure_scenes, measure_segment
from instancesketch.benchmarks.measure import RATIOS
from instancesketch.benchmarks.table import Row, Table
from instancesketch.benchmarks.workload import Workload
from instancesketch.cli.main import main
from tests.drawings import corpus, drawn


def test_table_has_speeds_per_core_and_ratios() -> None:
    rows = [
        Row(part="segment", what="a", number=1_000, per_second=300.0, cores=2, memory_mb=512.0),
        Row(part="segment", what="b", number=10, per_second=100.0, others={"read µs": 1.234}),
    ]
    table = Table(rows=rows)
    table.compare("a / b", "a", "b")
    table.compare("a / nothing", "a", "c")
    text = table.to_markdown()
    assert "| segment | a | 2 | 1,000 | 300 | 150 |  | 512 |" in text
    assert "segment, b: read µs 1.23" in text
    assert "a / b: 3" in text
    assert table.to_dict()["ratios"] == {"a / b": 3.0}


@pytest.mark.parametrize(
    ("options", "error"),
    [
        (["--only", "segment", "speed"], "--only speed: it is one of segment, one"),
        (["--number", "3"], "at least 8"),
        (["--precision", "half"], "it is one of auto, float32, bfloat16"),
        (["--data", "nowhere"], "nowhere"),
    ],
)
def test_invalid_benchmark_is_refused_before_writing(tmp_path, capsys, options, error) -> None:
    out = tmp_path / "speed"
    assert main(["benchmark", "--out", str(out), "--quiet", "--number", "8", *options]) == 2
    assert error in capsys.readouterr().err
    assert not (out / "speed.json").exists()


def test_data_without_drawings_is_refused(tmp_path, capsys) -> None:
    (tmp_path / "data").mkdir()
    argv = ["benchmark", "--data", corpus(tmp_path / "data", [], rows_per_group=1), "--only", "one"]
    assert main([*argv, "--out", str(tmp_path / "speed"), "--quiet"]) == 2
    assert "has no drawings to label" in capsys.readouterr().err


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Train on few drawings, and use one core, so that no row is measured again on all."""
    monkeypatch.setattr(config, "MIN_TO_TRAIN", 24)
    monkeypatch.setattr("os.cpu_count", lambda: 1)


def measure(parts: Sequence[str], folder: Path, capsys) -> tuple[dict, dict]:
    """Benchmark some parts with few drawings; return the table, and its rows by name."""
    data = corpus(folder / "data", drawn(20), rows_per_group=10)
    argv = ["benchmark", "--data", data, "--number", "24", "--out", str(folder / "speed")]
    assert main([*argv, "--only", *parts]) == 0
    assert sorted(p.name for p in (folder / "speed").iterdir()) == ["speed.json", "speed.md"]
    assert (folder / "speed" / "speed.md").read_text() in capsys.readouterr().out
    table = json.loads((folder / "speed" / "speed.json").read_text())
    assert list(dict.fromkeys(row["part"] for row in table["rows"])) == list(parts)
    assert all(row["per_second"] > 0 and row["number"] > 0 for row in table["rows"])
    return table, {row["what"]: row for row in table["rows"]}


def check_stages(took: Mapping[str, float]) -> None:
    stages = ("read", "pack", "encode", "Transformer", "cluster", "write")
    assert {f"{stage} µs" for stage in stages} < set(took)
    assert all(us >= 0 for us in took.values())


def test_one_drawing_and_every_format_have_a_speed(few, tmp_path, capsys) -> None:
    _, by = measure(["one", "ingest"], tmp_path, capsys)
    assert by["one drawing at a time, Python API"]["others"]["median ms"] > 0
    assert {"json", "cvat", "quickdraw", "svg", "corpus"} <= set(by)


def test_published_path_and_plain_loop_have_a_speed(few, tmp_path) -> None:
    workload = Workload(config.BenchmarkConfig(number=24, out=str(tmp_path / "speed")))
    published, plain = islice(measure_segment(workload), 2)
    assert (published.number, plain.number) == (24, 24)
    assert min(published.per_second, plain.per_second) > 0
    check_stages(plain.others)


@pytest.fixture
def address(ray_cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    import ray

    monkeypatch.setenv("RAY_ADDRESS", ray.get_runtime_context().gcs_address)


@pytest.mark.nightly
def test_training_and_scenes_on_ray_have_a_speed(few, address, tmp_path, capsys) -> None:
    _, by = measure(["training", "scenes"], tmp_path, capsys)
    assert by["Ray Train, 1 worker"]["start_up_seconds"] > 0
    assert by["segment --scenes, all cores"]["start_up_seconds"] > 0
    assert by["segment --scenes, all cores"]["others"]["grouping busy s"] > 0


@pytest.mark.nightly
def test_scenes_on_a_ray_of_their_own_have_as_many_workers_a_stage_as_cores(tmp_path) -> None:
    workload = Workload(config.BenchmarkConfig(number=24, out=str(tmp_path / "speed")))
    (row,) = measure_scenes(workload)
    assert (row.number, row.cores) == (24, workload.cores)


@pytest.mark.nightly
def test_whole_benchmark_has_every_speed_and_ratio(address, tmp_path, capsys) -> None:
    table, by = measure(config.PARTS, tmp_path, capsys)
    check_stages(by["plain loop, one core"]["others"])
    assert by["segment on Ray, all cores"]["start_up_seconds"] > 0
    assert table["ratios"].keys() == RATIOS.keys()
