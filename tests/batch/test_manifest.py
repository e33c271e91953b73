import json

import numpy as np
import pyarrow as pa

from instancesketch.batch.manifest import CLASH_SCHEMA, Counts, Manifest, accepted, rejections
from instancesketch.core.sketch import Sketch
from instancesketch.formats import Rejection


def sketch(sketch_id: str) -> Sketch:
    return Sketch.from_strokes([[[0, 0], [1, 1]], [[2, 2]]], sketch_id=sketch_id)


def manifest_of(ids: list[str | None], file: str) -> pa.Table:
    manifest = Manifest()
    for i, name in enumerate(ids, 1):
        if name is None:
            manifest.reject(
                Rejection(file=file, position=f"line {i}", reason=f"stroke {i} is empty")
            )
        else:
            manifest.accept(sketch(name), file, f"line {i}", "quickdraw")
    return manifest.table()


def test_rejections_name_the_later_row_and_the_position_of_the_first() -> None:
    tables = [manifest_of(["a", None, "b"], "one"), manifest_of([None, "b"], "two")]
    clash = {"shard": 1, "row": 0, "first_file": "one", "first_position": "line 3"}
    clashes = pa.Table.from_pylist([clash], CLASH_SCHEMA)
    rejected = rejections(tables[1], clashes).to_pylist()
    assert [tuple(r.values()) for r in rejected] == [
        ("two", "line 1", "stroke 1 is empty", None),
        ("two", "line 2", "sketch_id 'b' is already taken by 'one line 3'", None),
    ]
    counts = Counts()
    for table, duplicates in zip(tables, ([], [0]), strict=True):
        of_shard = Counts()
        of_shard.add(table, np.array(duplicates, np.int64))
        counts.merge(json.loads(json.dumps(of_shard.to_state())))
    numbers = counts.to_dict()
    assert (numbers["rows"], numbers["strokes"], numbers["rejected"]) == (2, 4, 3)
    assert numbers["rows_by_format"] == {"quickdraw": 2}
    assert numbers["rejected_by_reason"] == {
        "stroke … is empty": 2,
        "the sketch_id is already taken": 1,
    }
    assert len(accepted(tables[0])) == 2


def test_what_is_left_out_of_a_drawing_is_named_beside_its_row() -> None:
    manifest = Manifest()
    manifest.accept(sketch("a"), "f.svg", "", "svg")
    manifest.leave_out("f.svg", "", {"text": 2, "image": 1})
    manifest.leave_out("f.svg", "", {})
    table = manifest.table()
    listed = rejections(table, CLASH_SCHEMA.empty_table()).to_pylist()
    assert [tuple(row.values()) for row in listed] == [
        ("f.svg", "", "left out: 2 text, 1 image", 3)
    ]
    counts = Counts()
    counts.add(table, np.zeros(0, np.int64))
    numbers = counts.to_dict()
    assert (numbers["rows"], numbers["rejected"], numbers["left_out"]) == (1, 0, 3)
    assert numbers["rejected_by_reason"] == {}
    assert numbers["left_out_by_reason"] == {"left out: … text, … image": 1}
