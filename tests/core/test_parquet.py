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
