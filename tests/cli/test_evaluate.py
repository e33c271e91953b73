import json
from pathlib import Path
from typing import Any

import pytest

from instancesketch.cli.main import main
from instancesketch.core import parquet, storage
from instancesketch.core.schema import RESULT_SCHEMA, to_table
from instancesketch.core.sketch import Sketch
from instancesketch.core.taxonomy import Taxonomy

NO_LABELS = dict.fromkeys(("category", "part", "label", "instance"))


def car(name: str, instances: tuple[int | None, ...]) -> Sketch:
    parts = ("wheel", "wheel", "frame")
    return Sketch.from_strokes(
        [[(10 * i, 0), (10 * i + 5, 5)] for i in range(3)],
        sketch_id=name, category="car", part=parts, label=parts, instance=instances,
    )  # fmt: skip


def write_result(folder: Path, rows: list[Sketch]) -> str:
    parquet.write_table(str(folder / "part-0.parquet"), to_table(rows, RESULT_SCHEMA))
    taxonomy = Taxonomy.load("doodle7").to_dict()
    storage.write_json(str(folder / "summary.json"), {"taxonomy": taxonomy})
    return str(folder)


@pytest.fixture
def truth(tmp_path: Path) -> str:
    rows = [car(name, (1, 2, None)) for name in "abcd"]
    parquet.write_table(str(tmp_path / "truth" / "part-0.parquet"), to_table(rows))
    return str(tmp_path / "truth")


def test_metrics_of_instances_are_printed_and_written(
    truth: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    result = write_result(
        tmp_path / "result",
        [
            car("a", (2, 1, None)),
            car("b", (1, 2, None)),
            car("c", (1, 1, None)),
            car("d", (1, 2, None)).replace(error="no memory", **NO_LABELS),
        ],
    )
    out = tmp_path / "metrics.json"
    assert main(["evaluate", result, "--truth", truth, "--out", str(out)]) == 0
    printed = capsys.readouterr().out
    assert "grouping 50.00   ARI 50.00\n" in printed
    assert "4 sketches, 12 strokes, 4 groups, 1 failed" in printed
    assert printed.endswith(f"4 sketches scored, 1 failed, 0 missing in the result -> {out}\n")
    figures = json.loads(out.read_text("utf-8"))
    assert [figures[name] for name in ("C", "grouping", "ari", "sides")] == [75, 50, 50, None]
    assert figures["per_part"]["wheel"]["groups"] == 4
    assert figures["per_category"]["car"]["grouping"] == 50


def test_corpus_without_instances_has_no_metrics_of_instances(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bare = car("a", (1, 2, None)).replace(instance=None)
    parquet.write_table(str(tmp_path / "truth" / "part-0.parquet"), to_table([bare]))
    result = write_result(tmp_path / "result", [car("a", (1, 2, None))])
    assert main(["evaluate", result, "--truth", str(tmp_path / "truth")]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith(
        "C 100.00   P 100.00   part accuracy 100.00   macro-F1 -   category accuracy -\n"
        "1 sketches, 3 strokes\n"
    )
    assert "grouping" not in printed


def scene(name: str, objects: tuple[int, ...], **fields: Any) -> Sketch:
    return Sketch.from_strokes(
        [[(10 * i, 0), (10 * i + 4, 3)] for i in range(len(objects))],
        sketch_id=name, object=objects, object_category=("bear", "teapot"), **fields,
    )  # fmt: skip


def test_metrics_of_scenes_are_printed_and_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [scene(name, (0, 0, 0, 1, 1, -1)) for name in "abcd"]
    parquet.write_table(str(tmp_path / "truth" / "part-0.parquet"), to_table(rows))
    result = write_result(
        tmp_path / "result",
        [
            rows[0].replace(object_category=("4leg", None)),
            scene("b", (0, 0, 1, 1, 1, 0)).replace(object_category=("car", None)),
            rows[2].replace(object=None, object_category=None, error="no memory"),
        ],
    )
    out = tmp_path / "metrics.json"
    assert main(["evaluate", result, "--truth", str(tmp_path / "truth"), "--out", str(out)]) == 0
    # In b both objects match in 2 of 3 strokes, and the bear is called a car.
    assert capsys.readouterr().out == (
        "PQ 55.56   PQ named 40.00   object F1 80.00\n"
        "3 scenes, 6 objects, 4 predicted objects, 1 failed, 1 missing\n"
        "\n"
        "category  PQ named  objects\n"
        "4leg         50.00        3\n"
        f"evaluate: 3 scenes scored, 1 failed, 1 missing in the result -> {out}\n"
    )
    figures = json.loads(out.read_text("utf-8"))
    assert figures["pq"] == pytest.approx(500 / 9)
    assert figures["per_category"]["car"]["predicted_objects"] == 1
    assert figures["C"] is None


def test_metrics_of_parts_are_printed_below_those_of_objects(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    parts = ("head", "body", "tail", "unlabeled")
    row = scene("a", (0, 0, 0, 1), part=parts, label=parts, instance=(None,) * 4)
    parquet.write_table(str(tmp_path / "truth" / "part-0.parquet"), to_table([row]))
    wrong = row.replace(part=("head", "head", "tail", "unlabeled"), object_score=(1.0, 1.0))
    result = write_result(tmp_path / "result", [wrong])
    assert main(["evaluate", result, "--truth", str(tmp_path / "truth")]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[:5] == [
        "PQ 100.00   PQ named 100.00   object F1 100.00",
        "1 scenes, 2 objects, 2 predicted objects",
        "",
        "parts, each object of a scene as a sketch of its own",
        "C 66.67   P 66.67   part accuracy 66.67   macro-F1 -   category accuracy 100.00",
    ]
    assert lines[-1].startswith("evaluate: 1 scenes and 1 sketches scored, 0 failed")


def test_a_truth_that_a_model_made_is_a_warning(
    truth: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [car(name, (1, 2, None)) for name in "abcd"]
    results = [write_result(tmp_path / name, rows) for name in ("one", "two")]
    warning = f"instancesketch: warning: {results[1]} is a result: its labels are those of a model"
    assert main(["evaluate", results[0], "--truth", truth]) == 0
    assert "warning" not in capsys.readouterr().err
    assert main(["evaluate", results[0], "--truth", results[1]]) == 0
    assert warning in capsys.readouterr().err
