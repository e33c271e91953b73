"""Constructors of sketches from values, files and corpora."""

import json

import pytest

from instancesketch import Sketch, Sketches
from instancesketch.core.errors import SketchError, UserError
from instancesketch.core.parquet import write_table
from instancesketch.core.schema import to_table
from instancesketch.formats import write
from tests.drawings import drawn


@pytest.mark.parametrize("format", ["json", "svg", "cvat", "quickdraw"])
def test_written_files_are_read_back(format, tmp_path) -> None:
    sketches = [s.replace(word="sunset") for s in drawn(3, category="sun")]
    write(sketches, format, str(tmp_path))
    files = [p for p in tmp_path.rglob("*") if p.is_file() and p.name != "cvat-labels.json"]
    read = [s for p in files for s in Sketches.from_file(p, taxonomy="doodle7")]
    assert sorted(read, key=lambda s: s.sketch_id) == sorted(sketches, key=lambda s: s.sketch_id)
    if len(files) > 1:
        assert Sketch.from_file(files[0], taxonomy="doodle7") in sketches
    else:
        assert len(Sketches.from_file(files[0], taxonomy="doodle7", most=2)) == 2
        with pytest.raises(UserError, match="more than one drawing"):
            Sketch.from_file(files[0], taxonomy="doodle7")


def test_corpus_is_read_in_order(tmp_path) -> None:
    sketches = [s.replace(split="train") for s in drawn(4)] + [drawn(5)[4].replace(split="test")]
    write_table(str(tmp_path / "rows.parquet"), to_table(sketches))
    assert Sketches.from_corpus(str(tmp_path)) == sketches
    assert Sketches.from_corpus(str(tmp_path), most=2) == sketches[:2]
    assert Sketches.from_corpus(str(tmp_path), split="test") == sketches[4:]


def test_unreadable_records_are_logged_as_warnings(tmp_path, caplog) -> None:
    path = tmp_path / "some.ndjson"
    good = {"key_id": "a", "word": "cat", "drawing": [[[0, 5], [0, 5]]]}
    path.write_text(json.dumps(good) + "\n" + '{"key_id": "b", "drawing": 3}\n')
    assert [s.sketch_id for s in Sketches.from_file(path)] == ["a"]
    assert "line 2" in caplog.text
    with pytest.raises(SketchError, match=r"some\.ndjson"):
        Sketch.from_file(path)
    for bad, reason in [("none.json", "not a file"), (".", "from_corpus"), ("x.bin", "no format")]:
        (tmp_path / "x.bin").write_bytes(b"\x00\x01")
        with pytest.raises(UserError, match=reason):
            Sketches.from_file(tmp_path / bad)
    path.write_text('{"key_id": "b", "drawing": 3}\n')
    with pytest.raises(UserError, match=r"nothing in .* can be read; line 1"):
        Sketches.from_file(path)


@pytest.mark.parametrize(
    ("constructor", "value"),
    [
        (Sketch.from_stroke3, [[1, 2], [3, 4]]),
        (Sketch.from_stroke3, [[1, 2], [3]]),
        (Sketch.from_stroke3, [[1, 2, 7]]),
        (Sketch.from_stroke3, "x"),
        (Sketch.from_quickdraw, [[[0, 1], [0]]]),
        (Sketch.from_quickdraw, {"word": "cat"}),
        (Sketch.from_svg, "<svg/>"),
        (Sketch.from_svg, "<html/>"),
        (Sketch.from_strokes, [[]]),
    ],
)
def test_values_that_are_not_a_drawing_raise(constructor, value) -> None:
    with pytest.raises(SketchError):
        constructor(value)
