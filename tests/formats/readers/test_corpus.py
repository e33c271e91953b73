import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import fs

from instancesketch.core.schema import RESULT_SCHEMA, SCHEMA, to_table
from instancesketch.core.sketch import Sketch
from instancesketch.core.stroke_labels import Piece
from instancesketch.core.taxonomy import Taxonomy
from instancesketch.formats import FORMATS, FileRange, Record, Rejection, read, read_unlabelled
from tests.formats.conftest import read_file


def sketches(number: int) -> list[Sketch]:
    one = Sketch.from_strokes([[[0, 0], [1, 1]]], sketch_id="0", category="sun", split="test")
    one = one.replace(part=("ray",), label=("ray",), instance=(2,))
    return [one.replace(sketch_id=str(i)) for i in range(number)]


@pytest.mark.parametrize("schema", [SCHEMA, RESULT_SCHEMA])
def test_rows_read_back_as_the_same_sketches(tmp_path, schema):
    pq.write_table(to_table(sketches(5), schema), tmp_path / "any-name", row_group_size=2)
    found = read_file(tmp_path / "any-name")
    assert [r.sketch for r in found] == sketches(5)
    assert [r.position for r in found] == [f"row {i}" for i in range(5)]


def test_file_ranges_are_row_groups(tmp_path):
    path = str(tmp_path / "a.parquet")
    pq.write_table(to_table(sketches(7)), path, row_group_size=2)
    assert FORMATS["corpus"].ranges_by == "row_groups"
    found = []
    for start, end in ((0, 1), (1, 3), (3, None)):
        file_range = FileRange(path=path, format="corpus", start=start, end=end)
        found += list(read(file_range, fs.LocalFileSystem()))
    assert [r.position for r in found] == [f"row {i}" for i in range(7)]
    assert [r.sketch.sketch_id for r in found] == [str(i) for i in range(7)]


def test_labels_are_resolved_by_a_given_taxonomy(tmp_path):
    table = to_table([s.replace(label=("Ray",), part=None) for s in sketches(1)])
    pq.write_table(table, tmp_path / "a.parquet")
    (record,) = read_file(tmp_path / "a.parquet", taxonomy=Taxonomy.load("doodle7"))
    assert record.sketch == sketches(1)[0]
    (bad,) = read_file(tmp_path / "a.parquet", taxonomy=Taxonomy.load("spg20"))
    assert "category 'sun' is not one of spg20" in bad.reason


def broken(column: str, value: object) -> pa.Table:
    rows = to_table(sketches(3)).to_pylist()
    rows[1][column] = value
    return pa.Table.from_pylist(rows, pa.schema([f.with_nullable(True) for f in SCHEMA]))


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("sketch_id", None, "no id"),
        ("x", None, "x is null"),
        ("x", [1.0], "x has 1 numbers"),
        ("x", [None, 1.0], "not a finite number"),
        ("stroke_len", [2, 0], "no points"),
        ("stroke_len", [], "no strokes"),
        ("label", [], "label has 0 entries"),
        ("label", [None], "label is null"),
        ("object", [4], "object and object_category"),
    ],
)
def test_an_invalid_row_is_rejected_between_valid_ones(tmp_path, column, value, reason):
    pq.write_table(broken(column, value), tmp_path / "a.parquet")
    good, bad, last = read_file(tmp_path / "a.parquet")
    assert [good.sketch.sketch_id, last.sketch.sketch_id] == ["0", "2"]
    assert (bad.position, reason in bad.reason) == ("row 1", True), bad


def test_text_that_is_not_utf8_rejects_its_row_alone(tmp_path):
    table = to_table(sketches(3))
    raw = pa.array([b"a", b"\xff\xfe", b"c"], pa.binary())
    text = pa.StringArray.from_buffers(3, raw.buffers()[1], raw.buffers()[2])
    pq.write_table(table.set_column(0, SCHEMA.field(0), text), tmp_path / "a.parquet")
    assert [type(r) for r in read_file(tmp_path / "a.parquet")] == [Record, Rejection, Record]


@pytest.mark.parametrize(
    ("limit", "reasons"),
    [(7_000, ["the row has", None]), (500, ["the row group has"]), (9_000, [None, None])],
)
def test_oversized_rows_and_row_groups_are_rejected(tmp_path, limit, reasons):
    points = np.random.default_rng(0).random((1_000, 2))
    large = Sketch.from_strokes([points], sketch_id="large")
    pq.write_table(to_table([large, *sketches(1)]), tmp_path / "a.parquet")
    found = read_file(tmp_path / "a.parquet", max_record_bytes=limit)
    for record, reason in zip(found, reasons, strict=True):
        assert (reason or "") in (record.reason if isinstance(record, Rejection) else "")
        assert isinstance(record, Rejection) == (reason is not None)


@pytest.mark.parametrize("group", [0, 1])
def test_damage_rejects_the_row_group_that_it_is_in_alone(tmp_path, group):
    path = tmp_path / "a.parquet"
    pq.write_table(to_table(sketches(40)), path, row_group_size=20, compression="zstd")
    about = pq.ParquetFile(path).metadata.row_group(group).column(6)
    content = bytearray(path.read_bytes())
    at = about.data_page_offset
    content[at : at + 40] = b"\xff" * 40
    path.write_bytes(content)
    found = read_file(path)
    (damaged,) = (i for i, r in enumerate(found) if isinstance(r, Rejection))
    assert (len(found), damaged) == (21, 20 * group)
    assert found[damaged].position == f"rows {20 * group} to {20 * group + 19}"


@pytest.mark.parametrize(("start", "rejected"), [(0, 0), (1, 1)])
def test_pieces_of_a_result_are_checked_however_its_rows_are_read(tmp_path, start, rejected):
    pieces = (Piece(0, "ray", 1.0), Piece(2, "center", 1.0))
    line = Sketch.from_strokes([[(i, 0) for i in range(4)]], sketch_id="0", pieces=(pieces,))
    rows = to_table([line, line.replace(sketch_id="1")], RESULT_SCHEMA).to_pylist()
    rows[1]["pieces"][0][0]["start"] = start
    pq.write_table(pa.Table.from_pylist(rows, schema=RESULT_SCHEMA), tmp_path / "a.parquet")
    file_range = FileRange(path=str(tmp_path / "a.parquet"), format="corpus")
    for reader in (read, read_unlabelled):
        found = list(reader(file_range, fs.LocalFileSystem()))
        assert [isinstance(record, Rejection) for record in found] == [False, bool(rejected)]
