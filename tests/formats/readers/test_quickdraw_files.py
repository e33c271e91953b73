"""Quick, Draw! as ordinary JSON and as Kaggle's CSV."""

import csv
import io
import json

import pytest

from instancesketch.formats import Record, Rejection
from tests.formats.broken import COLUMNS

DRAWING = {"key_id": "1", "word": "sun", "drawing": [COLUMNS, [[1], [2]]]}


def others(*keys: str) -> list[dict[str, object]]:
    return [DRAWING | {"key_id": key} for key in keys]


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(others("1", "2")),
        json.dumps(others("1", "2"), indent=2),
        "[\n" + ",\n".join(map(json.dumps, others("1", "2"))) + "\n]\n",
        "\n".join(json.dumps(d, indent=4) for d in others("1", "2")),
        "\ufeff" + " " * 5_000 + "\n\n\n".join(json.dumps(d, indent=1) for d in others("1", "2")),
    ],
)
def test_lists_and_indented_objects_are_read_as_their_drawings(read_bytes, text):
    found = read_bytes(text.encode(), "a.json")
    assert [r.sketch.sketch_id for r in found] == ["1", "2"]
    assert all(r.sketch.category == "sun" and r.sketch.x.tolist() == [0, 4, 4, 0, 1] for r in found)


@pytest.mark.parametrize("indent", [1, "\t"])
def test_an_indented_drawing_is_one_and_needs_no_id(read_bytes, indent):
    (record,) = read_bytes(json.dumps(DRAWING, indent=indent).encode(), "a.ndjson")
    assert record.sketch.sketch_id == "1"
    bare = {"word": "sun", "drawing": [COLUMNS]}
    (record,) = read_bytes(json.dumps(bare, indent=indent).encode(), "my.json")
    assert record.sketch.sketch_id == "my"


def test_indented_scenes_keep_their_ids_and_objects(read_bytes):
    scene = {"scene_id": "s", "drawing": [COLUMNS], "object": [0], "object_category": ["sun"]}
    (record,) = read_bytes(json.dumps(scene, indent=1).encode(), "a.json")
    assert (record.sketch.sketch_id, record.sketch.object) == ("s", (0,))


def test_what_is_wrong_is_rejected_once_for_a_file_or_by_its_place_in_a_list(read_bytes):
    text = json.dumps(DRAWING, indent=1)
    (wrong,) = read_bytes(text[:-20].encode(), "a.json")
    assert "not JSON" in wrong.reason
    entries = [*others("1"), 3, {"drawing": [COLUMNS]}, *others("2")]
    found = read_bytes(json.dumps(entries).encode(), "a.json")
    assert [r.position for r in found if isinstance(r, Rejection)] == ["drawing 1", "drawing 2"]
    assert [r.sketch.sketch_id for r in found if isinstance(r, Record)] == ["1", "2"]
    (wrong,) = read_bytes(b"[]", "a.json", "quickdraw-json")
    assert "no drawing" in wrong.reason
    (wrong,) = read_bytes(text.encode(), "a.json", max_record_bytes=20)
    assert "MB of a record" in wrong.reason


NAMES = ["countrycode", "drawing", "key_id", "recognized", "timestamp", "word"]


def table(*rows: list[object], names: list[str] = NAMES) -> bytes:
    """Return a CSV as Kaggle's files are."""
    stream = io.StringIO()
    csv.writer(stream).writerows([names, *rows])
    return stream.getvalue().encode()


def row(key: str, drawing: object = (COLUMNS,)) -> list[object]:
    return ["DE", json.dumps(drawing), key, True, "2017-01-01 00:00:00.1", "sun"]


def test_rows_of_kaggle_are_drawings(read_bytes):
    found = read_bytes(table(row("51528"), row("2")), "sun.csv")
    assert [(r.sketch.sketch_id, r.sketch.category) for r in found] == [
        ("51528", "sun"),
        ("2", "sun"),
    ]
    assert found[0].sketch.y.tolist() == [0, 0, 4, 4]
    test = table(["3", "US", json.dumps([COLUMNS])], names=["key_id", "countrycode", "drawing"])
    (record,) = read_bytes(test, "test_simplified.csv")
    assert (record.sketch.sketch_id, record.sketch.category) == ("3", None)


def test_long_drawings_are_read(read_bytes):
    # Python's own limit on a cell is below this.
    points = list(range(100_000))
    (record,) = read_bytes(table(row("1", [[points, points]])), "sun.csv")
    assert len(record.sketch.x) == 100_000


def test_each_range_of_a_csv_reads_its_own_lines(tmp_path):
    from pyarrow import fs

    from instancesketch.formats import FileRange, read

    path = tmp_path / "sun.csv"
    path.write_bytes(table(*(row(str(i)) for i in range(50))))
    size, ids = path.stat().st_size, []
    for start in range(0, size, 300):
        part = FileRange(path=str(path), format="kaggle", start=start, end=min(start + 300, size))
        ids += [r.sketch.sketch_id for r in read(part, fs.LocalFileSystem())]
    assert ids == [str(i) for i in range(50)]


def test_broken_rows_are_rejected_by_line_between_others(read_bytes):
    good = table(row("1"), row("2")).decode().splitlines()
    bad = [
        ('DE,"[[[1', "not a row of CSV"),
        ("DE,3,4", "the row has 3 columns"),
        ("DE,x,4,True,t,sun", "not JSON"),
        ("DE,[],,True,t,sun", "no key_id"),
        ('DE,"[[[1],[2,3]]]",4,True,t,sun', "unequal length"),
    ]
    text = "\n".join([*good[:2], *(line for line, _ in bad), good[2]])
    found = read_bytes(text.encode(), "sun.csv")
    assert [r.sketch.sketch_id for r in found if isinstance(r, Record)] == ["1", "2"]
    rejected = [r for r in found if isinstance(r, Rejection)]
    assert [r.position for r in rejected] == [f"line {3 + i}" for i in range(5)]
    for found_one, (_, reason) in zip(rejected, bad, strict=True):
        assert reason in found_one.reason
    (wrong,) = read_bytes(b"a,b\n1,2\n", "x", "kaggle")
    assert "a CSV without the columns" in wrong.reason
