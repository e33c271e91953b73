import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from instancesketch.batch.manifest import (
    Counts,
    Log,
    find_clashes,
    hashes_of,
    later_rows,
    rejections,
    rows_of,
)
from instancesketch.core.sketch import Sketch
from instancesketch.formats import Rejection


def sketch(sketch_id: str) -> Sketch:
    return Sketch.from_strokes([[[0, 0], [1, 1]], [[2, 2]]], sketch_id=sketch_id)


def log_of(ids: list[str | None], file: str) -> Log:
    log = Log()
    for i, name in enumerate(ids, 1):
        if name is None:
            log.reject(Rejection(file=file, position=f"line {i}", reason=f"stroke {i} is empty"))
        else:
            log.accept(sketch(name), file, f"line {i}", "quickdraw")
    return log


@given(st.lists(st.lists(st.sampled_from("abcdefgh"), max_size=6), max_size=6))
@settings(deadline=None)
def test_clashes_are_all_rows_but_the_first_of_an_id(slices: list[list[str]]) -> None:
    hashes = [hashes_of(log_of(list(ids), "f").table()) for ids in slices]
    first: dict[str, tuple[int, int]] = {}
    expected = []
    for i, ids in enumerate(slices):
        for row, name in enumerate(ids):
            if name in first:
                expected.append((i, row, *first[name]))
            first.setdefault(name, (i, row))
    found = find_clashes(hashes).to_pylist()
    assert [tuple(clash.values()) for clash in found] == expected


def test_both_halves_of_a_hash_count() -> None:
    same = np.array([[1, 2], [1, 3], [1, 2]], np.uint64)
    assert later_rows(find_clashes([same]), 0).tolist() == [2]


def test_rejections_name_the_later_row_and_where_the_first_is() -> None:
    logs = [log_of(["a", None, "b"], "one"), log_of([None, "b"], "two")]
    tables = [log.table() for log in logs]
    clashes = find_clashes([hashes_of(t) for t in tables])
    found = rejections(1, tables[1], clashes, lambda i: tables[i]).to_pylist()
    assert [tuple(r.values()) for r in found] == [
        ("two", "line 1", "stroke 1 is empty"),
        ("two", "line 2", "sketch_id 'b' is already taken by 'one line 3'"),
    ]
    counts = Counts()
    for i, table in enumerate(tables):
        counts.add(table, later_rows(clashes, i))
    found_counts = counts.to_dict()
    assert (found_counts["rows"], found_counts["strokes"], found_counts["rejected"]) == (2, 4, 3)
    assert found_counts["rows_by_format"] == {"quickdraw": 2}
    assert found_counts["rejected_by_reason"] == {
        "stroke … is empty": 2,
        "the sketch_id is already taken": 1,
    }
    assert len(rows_of(tables[0])) == 2
