"""The verb as a user runs it: what it prints, what it writes, and what it refuses."""

import json
from pathlib import Path

import pytest

from instancesketch import storage
from instancesketch.cli import main
from instancesketch.schema import RESULT_SCHEMA, to_table
from instancesketch.sketch import Sketch
from instancesketch.taxonomy import Taxonomy

NOTHING = dict.fromkeys(("category", "part", "label", "instance"))


def car(name: str, instances: tuple[int | None, ...]) -> Sketch:
    parts = ("wheel", "wheel", "frame")
    return Sketch.from_strokes(
        [[(10 * i, 0), (10 * i + 5, 5)] for i in range(3)],
        sketch_id=name, category="car", part=parts, label=parts, instance=instances,
    )  # fmt: skip


def write_result(folder: Path, rows: list[Sketch]) -> str:
    storage.write_table(str(folder / "part-0.parquet"), to_table(rows, RESULT_SCHEMA))
    taxonomy = Taxonomy.load("doodle7").to_dict()
    storage.write_json(str(folder / "summary.json"), {"taxonomy": taxonomy})
    return str(folder)


@pytest.fixture
def truth(tmp_path: Path) -> str:
    rows = [car(name, (1, 2, None)) for name in "abcd"]
    storage.write_table(str(tmp_path / "truth" / "part-0.parquet"), to_table(rows))
    return str(tmp_path / "truth")


def test_grouping_is_printed_and_written(
    truth: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    result = write_result(
        tmp_path / "result",
        [
            car("a", (2, 1, None)),
            car("b", (1, 2, None)),
            car("c", (1, 1, None)),
            car("d", (1, 2, None)).replace(error="no memory", **NOTHING),
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


def test_a_corpus_without_instances_has_the_figures_it_had(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bare = car("a", (1, 2, None)).replace(instance=None)
    storage.write_table(str(tmp_path / "truth" / "part-0.parquet"), to_table([bare]))
    result = write_result(tmp_path / "result", [car("a", (1, 2, None))])
    assert main(["evaluate", result, "--truth", str(tmp_path / "truth")]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith(
        "C 100.00   P 100.00   part accuracy 100.00   macro-F1 -   category accuracy -\n"
        "1 sketches, 3 strokes\n"
    )
    assert "grouping" not in printed
