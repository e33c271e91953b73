import json
from pathlib import Path

import pytest

from instancesketch.benchmarks import config
from instancesketch.benchmarks.table import Row, Table
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


def measure(parts: list[str], folder: Path, capsys, monkeypatch) -> tuple[dict, dict]:
    """Benchmark some parts with few drawings; return the table, and its rows by name."""
    monkeypatch.setattr(config, "MIN_TO_TRAIN", 24)
    # On one core, so that no row is measured again on all of them.
    monkeypatch.setattr("os.cpu_count", lambda: 1)
    data = corpus(folder / "data", drawn(20), rows_per_group=10)
    argv = ["benchmark", "--data", data, "--number", "24", "--out", str(folder / "speed")]
    assert main([*argv, "--only", *parts]) == 0
    assert sorted(p.name for p in (folder / "speed").iterdir()) == ["speed.json", "speed.md"]
    assert (folder / "speed" / "speed.md").read_text() in capsys.readouterr().out
    table = json.loads((folder / "speed" / "speed.json").read_text())
    assert list(dict.fromkeys(row["part"] for row in table["rows"])) == parts
    assert all(row["per_second"] > 0 and row["number"] > 0 for row in table["rows"])
    return table, {row["what"]: row for row in table["rows"]}


def test_one_drawing_and_every_format_have_a_speed(tmp_path, capsys, monkeypatch) -> None:
    _, by = measure(["one", "ingest"], tmp_path, capsys, monkeypatch)
    assert by["one drawing at a time, Python API"]["others"]["median ms"] > 0
    assert {"json", "cvat", "quickdraw", "svg", "corpus"} <= set(by)


@pytest.mark.ray
def test_labelling_and_training_with_and_without_ray_have_a_speed(
    tmp_path, capsys, monkeypatch, ray_cluster
) -> None:
    import ray

    monkeypatch.setenv("RAY_ADDRESS", ray.get_runtime_context().gcs_address)
    parts = ["segment", "training", "scenes"]
    table, by = measure(parts, tmp_path, capsys, monkeypatch)
    stages = by["plain loop, one core"]["others"]
    assert {f"{s} µs" for s in ("read", "pack", "encode", "Transformer", "cluster", "write")} < set(
        stages
    )
    assert all(took >= 0 for took in stages.values())
    assert by["segment on Ray, all cores"]["start_up_seconds"] > 0
    assert by["segment --scenes, all cores"]["others"]["grouping busy s"] > 0
    assert len(table["ratios"]) == 5
