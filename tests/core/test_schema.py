"""List columns as flat arrays: nulls, slices and chunks are read as the rows that they show."""

from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest

from instancesketch.core.schema import RESULT_SCHEMA, flatten_lists, from_table, to_table
from instancesketch.core.sketch import Sketch

ROWS = [[1, 2], None, [], [3, None], [4, 5, 6]]


def tables():
    """Yield tables of the same rows that lie differently in memory, with those rows."""
    whole = pa.table({"a": pa.array(ROWS, pa.list_(pa.int32()))})
    yield whole, ROWS
    yield pa.concat_tables([whole.slice(0, 2), whole.slice(2)]), ROWS
    for start in range(len(ROWS)):
        for length in range(1, len(ROWS) - start + 1):
            yield whole.slice(start, length), ROWS[start : start + length]


@pytest.mark.parametrize(("table", "rows"), list(tables()))
def test_flat_lists_are_those_of_the_rows(table, rows):
    values, offsets, valid = flatten_lists(table, "a")
    want = [[v or 0 for v in row or []] for row in rows]  # null becomes 0
    assert [values[a:b].tolist() for a, b in pairwise(offsets)] == want
    assert valid.tolist() == [row is not None for row in rows]
    assert offsets[-1] == len(values)


def test_rows_written_before_a_column_existed_are_read():
    sketch = Sketch.from_strokes(
        [[(0, 0)]], category="4leg", word="dog", part=("body",), part_score=(0.5,), part_2=("tail",)
    )
    rows = to_table([sketch], RESULT_SCHEMA)
    assert from_table(rows) == [sketch]
    old = rows.drop_columns(["word", "part_2", "part_2_score", "category_2", "category_2_score"])
    assert from_table(old) == [sketch.replace(word=None, part_2=None)]


def test_null_numbers_become_nan():
    values, _, _ = flatten_lists(pa.table({"a": [[1.5, None]]}), "a")
    np.testing.assert_array_equal(values, [1.5, np.nan])
