"""Counts of the rows, labels and objects of a folder."""

from collections import Counter
from pathlib import Path

import pytest

from instancesketch.cli.main import main
from instancesketch.core import parquet
from instancesketch.core.schema import RESULT_SCHEMA, to_table
from instancesketch.core.stroke_labels import Piece
from instancesketch.results import info
from tests.drawings import composed, sketch_of


def test_info_counts_rows_and_labels(corpus: str, result: str) -> None:
    drawings = list(parquet.read_sketches(corpus))
    counts = info.info(corpus)
    assert counts["sketches"] == 20
    assert counts["strokes"] == sum(map(len, drawings)) == sum(counts["part"].values())
    assert counts["points"] == sum(len(d.x) for d in drawings)
    assert counts["split"] == {"train": 10, "valid": 10}
    failed = info.info(result)
    assert (failed["failed"], failed["error"], failed["object_category"]) == (1, {"no": 1}, {})


def test_info_counts_strokes_over_several_parts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    over = (Piece(0, "body", 0.9), Piece(1, "tail", 0.8))
    line = [(0, 0), (9, 0), (9, 9)]
    mixed = sketch_of(line, line, pieces=(over, None), sketch_id="a")
    rows = [mixed, sketch_of(line), mixed.replace(pieces=(over, over), sketch_id="b")]
    parquet.write_table(str(tmp_path / "part-0.parquet"), to_table(rows, RESULT_SCHEMA))
    assert info.info(str(tmp_path))["mixed"] == 3
    assert main(["info", str(tmp_path)]) == 0
    assert "info: 3 sketches, 5 strokes, 3 over several parts, 15 points" in capsys.readouterr().out


def test_info_counts_the_objects_of_scenes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scene = composed(1)[0].replace(sketch_id="s")
    parquet.write_table(str(tmp_path / "part-0.parquet"), to_table([scene]))
    counts = info.info(str(tmp_path), 1)
    assert counts["object_category"] == dict(Counter(scene.object_category))
    assert counts["drawings"][0]["object_category"] == list(scene.object_category)
    assert main(["info", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    assert "object category" in printed
    assert f"s: scene of {len(scene.object_category)} (" in printed
    assert "(unknown)" not in printed.partition("s: scene")[0].partition("split")[0]
