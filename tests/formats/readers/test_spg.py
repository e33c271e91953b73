import json
from pathlib import Path

import pytest

ROW = {"key_id": 5, "drawing": [[[0, 1, 2], [0, 1, 2], [3, 1, 1]], [[4], [4], [4]]]}


@pytest.fixture
def ant(tmp_path: Path) -> Path:
    (tmp_path / "ant.txt").write_text("tentacle\neye,mouth\nhead\nbody\nlegs\n\n")
    return tmp_path


@pytest.mark.parametrize("split", ["train", "valid", "test", None])
def test_category_split_and_labels_come_from_the_files(ant, read_bytes, split):
    name = f"ant_{split}.ndjson" if split else "ant.ndjson"
    (record,) = read_bytes(json.dumps(ROW).encode(), name)
    sketch = record.sketch
    assert (sketch.sketch_id, sketch.category, sketch.split) == ("5", "ant", split)
    assert sketch.label == sketch.part == ("eye,mouth", "legs")
    assert sketch.instance is None


def test_in_drawings_with_a_word_the_third_list_is_time(ant, read_bytes):
    (record,) = read_bytes(json.dumps(ROW | {"word": "ant"}).encode(), "ant_train.ndjson")
    assert record.sketch.label is None


@pytest.mark.parametrize(
    ("third", "reason"),
    [
        ([5], "part 5; the .txt names 5"),
        ([-1], "holds -1"),
        ([0.5], "holds 0.5"),
        ([None], "has part -1"),
        (["0"], "holds a string"),
        ([10**30], "an enormous number"),
        ([], "unequal length"),
    ],
)
def test_invalid_part_indices_are_rejected(ant, read_bytes, third, reason):
    row = {"key_id": "1", "drawing": [[[0], [0], third]]}
    good, bad = read_bytes("\n".join(map(json.dumps, (ROW, row))).encode(), "ant_train.ndjson")
    assert good.sketch.sketch_id == "5"
    assert (bad.position, reason in bad.reason) == ("line 2", True)


def test_a_stroke_without_a_third_list_is_rejected(ant, read_bytes):
    row = {"key_id": "1", "drawing": [[[0], [0]]]}
    (bad,) = read_bytes(json.dumps(row).encode(), "ant_train.ndjson", "spg")
    assert "no third list" in bad.reason


def test_a_category_outside_the_taxonomy_is_rejected(tmp_path, read_bytes):
    (tmp_path / "teapot.txt").write_text("a\nb\nc\nd\ne\n")
    (bad,) = read_bytes(json.dumps(ROW).encode(), "teapot_train.ndjson")
    assert bad.reason.startswith("'5': category 'teapot' is not one of spg20: airplane,")


def test_a_part_file_that_is_not_text_is_rejected(tmp_path, read_bytes):
    (tmp_path / "ant.txt").write_bytes(b"\xff\xfe")
    (bad,) = read_bytes(json.dumps(ROW).encode(), "ant_train.ndjson")
    assert "not UTF-8" in bad.reason
