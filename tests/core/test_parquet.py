"""Rows of corpora: damage raises an error that names the file or row."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from instancesketch.core import parquet
from instancesketch.core.errors import UserError
from instancesketch.core.schema import to_table
from instancesketch.synth.draw import draw


def test_errors_name_the_damaged_row(tmp_path: Path) -> None:
    corpus = str(tmp_path / "corpus")
    rows = [draw(0, i) for i in range(5)]
    parquet.write_table(f"{corpus}/part-0.parquet", to_table(rows))
    table = parquet.read_table(f"{corpus}/part-0.parquet")
    lengths = table["stroke_len"].to_pylist()
    lengths[3] = [1]
    index = table.schema.get_field_index("stroke_len")
    field = table.schema.field(index)
    damaged = table.set_column(index, field, pa.array(lengths, field.type))
    parquet.write_table(f"{corpus}/part-0.parquet", damaged)
    with pytest.raises(UserError, match="corpus, row 3: x has"):
        list(parquet.read_sketches(corpus))


def test_any_flipped_bit_of_the_rows_raises(tmp_path: Path) -> None:
    file = tmp_path / "part-1.parquet"
    parquet.write_table(str(file), pa.table({"x": np.random.default_rng(0).random(3_000)}))
    good = file.read_bytes()
    for at in range(100, len(good) - 2_000, len(good) // 40):
        flipped = bytearray(good)
        flipped[at] ^= 1 << at % 8
        file.write_bytes(flipped)
        with pytest.raises(UserError, match=r"part-1\.parquet can't be read: .*"):
            parquet.read_table(str(file))


def test_rows_of_several_tables_are_one_file(tmp_path: Path) -> None:
    table, file = pa.table({"x": range(25)}), str(tmp_path / "rows.parquet")
    parquet.write_tables(file, table.schema, (table.slice(i, 10) for i in range(0, 25, 10)))
    assert parquet.read_table(file).equals(table)
    parquet.write_tables(file, table.schema, [])
    assert parquet.read_table(file).equals(table.slice(0, 0))


def test_rows_between_two_values_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "ROW_GROUP_ROWS", 3)
    file = str(tmp_path / "rows.parquet")
    table = pa.table({"shard": [0, 0, 1, 1, 1, 4, 5, 5], "row": range(8)})
    parquet.write_table(file, table)
    for low, high in ((0, 5), (1, 1), (1, 4), (2, 3), (5, 9), (6, 7)):
        found = parquet.read_between(file, "shard", low, high)
        assert found.to_pylist() == [r for r in table.to_pylist() if low <= r["shard"] <= high]
