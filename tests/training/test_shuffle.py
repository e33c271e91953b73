"""Mixed row groups: every row once, an order that the seed decides, many categories together."""

from itertools import islice

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from instancesketch.training.dataloader import mix_tables


def tables_of(sizes):
    """Return tables of these numbers of rows, with the number of table and row of each."""
    return [
        pa.table(
            {
                "table": np.full(size, i),
                "row": np.arange(size),
                "x": pa.array([[0.0]] * size, pa.list_(pa.float32())),
            }
        )
        for i, size in enumerate(sizes)
    ]


def rows_of(mixed):
    return [tuple(row.values())[:2] for table in mixed for row in table.to_pylist()]


@given(
    st.lists(st.integers(0, 30), max_size=40), st.integers(1, 12), st.integers(0, 2**62),
    st.integers(1, 400),
)  # fmt: skip
def test_every_row_is_there_once_and_the_seed_decides_the_order(sizes, window, seed, most_points):
    tables = tables_of(sizes)
    mixed = list(mix_tables(iter(tables), seed, window, most_points))
    assert all(map(len, mixed))
    rows = rows_of(mixed)
    assert sorted(rows) == rows_of(tables)
    assert rows == rows_of(mix_tables(tables, seed, window, most_points))
    if sum(sizes) > 20:
        assert rows != rows_of(mix_tables(tables, seed + 1, window, most_points))


@given(st.integers(1, 20), st.integers(1, 60), st.integers(0, 99))
def test_no_more_tables_are_held_than_the_window_has(window, number, seed):
    taken = 0

    def counted():
        nonlocal taken
        for table in tables_of([24] * number):
            taken += 1
            yield table

    given_back = 0
    for table in mix_tables(counted(), seed, window):
        # One more, which has just come, and a row of each where parts are not whole rows.
        assert taken * 24 - given_back <= (window + 1) * 24 + window
        given_back += len(table)


def test_fewer_tables_are_held_where_drawings_are_large():
    taken = []
    tables = (taken.append(i) or table for i, table in enumerate(tables_of([10] * 50)))
    next(mix_tables(tables, 0, 20, most_points=60))
    assert len(taken) == 7


@pytest.mark.parametrize("number", [3, 8, 20, 100])
def test_rows_of_as_many_tables_as_the_window_has_lie_together(number):
    window, size = 8, 64
    shares = []
    for table in mix_tables(tables_of([size] * number), 0, window):
        counts = np.bincount(table["table"].to_numpy())
        shares.append((counts / counts.sum()) ** 2)
        assert len(table) <= 2 * size + window
    # Of two rows of a table that is yielded, how often both are of one that came.
    same = [share.sum() for share in shares]
    assert max(same) < (1 / 3 if number == 3 else 1 / window) * 1.6
    assert np.mean(same) < (1 / 3 if number == 3 else 1 / window) * 1.15


def test_tables_are_read_as_they_are_needed():
    read = []
    mixed = mix_tables((read.append(i) or t for i, t in enumerate(tables_of([9] * 30))), 0, 5)
    sizes = [len(table) for table in islice(mixed, 3)]
    assert len(read) == 5 + len(sizes)
