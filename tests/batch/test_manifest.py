import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from instancesketch.batch.manifest import (
    Counts,
    Manifest,
    accepted,
    duplicate_rows,
    find_clashes,
    id_hashes,
    rejections,
)
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


@given(st.lists(st.lists(st.sampled_from("abcdefgh"), max_size=6), max_size=6))
def test_all_rows_but_the_first_of_an_id_are_duplicates(shards: list[list[str]]) -> None:
    hashes = [id_hashes(manifest_of(list(ids), "f")) for ids in shards]
    first: dict[str, tuple[int, int]] = {}
    expected = []
    for i, ids in enumerate(shards):
        for row, name in enumerate(ids):
            if name in first:
                expected.append((i, row, *first[name]))
            first.setdefault(name, (i, row))
    clashes = find_clashes(hashes).to_pylist()
    assert [tuple(clash.values()) for clash in clashes] == expected


def test_ids_are_compared_by_both_halves_of_the_hash() -> None:
    same = np.array([[1, 2], [1, 3], [1, 2]], np.uint64)
    assert duplicate_rows(find_clashes([same]), 0).tolist() == [2]


def test_rejections_name_the_later_row_and_the_position_of_the_first() -> None:
    tables = [manifest_of(["a", None, "b"], "one"), manifest_of([None, "b"], "two")]
    clashes = find_clashes([id_hashes(t) for t in tables])
    rejected = rejections(1, tables[1], clashes, lambda i: tables[i]).to_pylist()
    assert [tuple(r.values()) for r in rejected] == [
        ("two", "line 1", "stroke 1 is empty", None),
        ("two", "line 2", "sketch_id 'b' is already taken by 'one line 3'", None),
    ]
    counts = Counts()
    for i, table in enumerate(tables):
        counts.add(table, duplicate_rows(clashes, i))
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
    listed = rejections(0, table, find_clashes([id_hashes(table)]), lambda i: table).to_pylist()
    assert [tuple(row.values()) for row in listed] == [
        ("f.svg", "", "left out: 2 text, 1 image", 3)
    ]
    counts = Counts()
    counts.add(table, duplicate_rows(find_clashes([id_hashes(table)]), 0))
    numbers = counts.to_dict()
    assert (numbers["rows"], numbers["rejected"], numbers["left_out"]) == (1, 0, 3)
    assert numbers["rejected_by_reason"] == {}
    assert numbers["left_out_by_reason"] == {"left out: … text, … image": 1}
