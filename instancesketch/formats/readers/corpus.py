"""Parquet files of a corpus or a result: rows of the one schema."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyarrow import fs

from instancesketch.core import storage
from instancesketch.core.errors import SketchError
from instancesketch.core.schema import (
    SCHEMA,
    build_result_table,
    cast_to_schema,
    combine_chunks,
    flatten_lists,
    iter_sketches,
)
from instancesketch.core.sketch import LARGEST_COORDINATE, Sketch
from instancesketch.formats.ndjson import too_large
from instancesketch.formats.records import Piece, Record, Rejection, Rows

_BATCH_ROWS = 1_000
_RECORDS_PER_GROUP = 16
_PER_STROKE = ("part", "label", "instance", "part_score")
# Of damaged bytes Arrow says OSError as well; a column's name may be a UnicodeDecodeError.
_DAMAGE = (pa.ArrowException, OSError, ValueError)


def read(
    piece: Piece, filesystem: fs.FileSystem, max_record_bytes: int
) -> Iterator[Record | Rejection]:
    """Yields the rows of the row groups from `piece.start` up to `piece.end`.

    A damaged row group is rejected by its rows; those of others are read.
    """
    for found in _read(piece, filesystem, max_record_bytes, labels=True):
        assert not isinstance(found, Rows)
        yield found


def read_unlabelled(
    piece: Piece, filesystem: fs.FileSystem, max_record_bytes: int
) -> Iterator[Record | Rejection | Rows]:
    """The same, but tables without labels of those rows that have nothing wrong around them."""
    return _read(piece, filesystem, max_record_bytes, labels=False)


def _read(
    piece: Piece, filesystem: fs.FileSystem, limit: int, labels: bool
) -> Iterator[Record | Rejection | Rows]:
    insist = partial(storage.raise_if_unreachable, filesystem, piece.path)
    try:
        with filesystem.open_input_file(piece.path) as stream:
            parquet = pq.ParquetFile(stream, page_checksum_verification=True)
            groups = range(parquet.num_row_groups)
            first = sum(parquet.metadata.row_group(g).num_rows for g in groups[: piece.start])
            for group in groups[piece.start : piece.end]:
                yield from _read_group(parquet, group, first, piece.path, limit, labels, insist)
                first += parquet.metadata.row_group(group).num_rows
    except _DAMAGE as error:
        insist()
        yield Rejection(file=piece.path, position="", reason=_in_short(error))


def _read_group(
    parquet: pq.ParquetFile,
    group: int,
    first: int,
    file: str,
    limit: int,
    labels: bool,
    insist: Callable[[], None],
) -> Iterator[Record | Rejection | Rows]:
    """Yields the rows of a row group, of which `first` is the first one's number in the file."""
    about, row = parquet.metadata.row_group(group), first
    end = first + about.num_rows
    if (reason := _too_heavy(about, limit)) is not None:
        yield Rejection(file=file, position=_rows_from(row, end), reason=reason)
        return
    try:
        for batch in parquet.iter_batches(_BATCH_ROWS, row_groups=[group]):
            if not labels and (table := _sound(batch, limit)) is not None:
                yield Rows(table=table, first=row)
                row += len(batch)
                continue
            for result in _rows(batch):
                yield _record(result, file, f"row {row}", limit)
                row += 1
    except _DAMAGE as error:
        insist()
        yield Rejection(file=file, position=_rows_from(row, end), reason=_in_short(error))


def _rows_from(first: int, end: int) -> str:
    return f"rows {first} to {end - 1}"


def _in_short(error: Exception) -> str:
    return str(error).split("\n")[0][:300]


def _too_heavy(about: pq.RowGroupMetaData, limit: int) -> str | None:
    """Why a row group is not read at all: a little Parquet can unfold to very much.

    What it tells of its columns would say more, but asking for it ends the process where that is
    damaged (pyarrow 26), whereas reading them raises.
    """
    size, most = about.total_byte_size, _RECORDS_PER_GROUP * limit
    return too_large("the row group", size, most) if size > most else None


def _sound(batch: pa.RecordBatch, limit: int) -> pa.Table | None:
    """A batch's rows without labels, or None where there may be something wrong with one of them.

    What that is, and with which row, is found row by row. Scenes are looked at so, too.
    """
    try:
        batch.validate(full=True)
        table = cast_to_schema(pa.Table.from_batches([batch]))
        (x, x_N1, _), (y, y_N1, _) = flatten_lists(table, "x"), flatten_lists(table, "y")
        stroke_len, strokes_N1, _ = flatten_lists(table, "stroke_len")
    except (pa.ArrowInvalid, SketchError):
        return None
    points = np.concatenate([[0], stroke_len.cumsum(dtype=np.int64)])[strokes_N1]
    strokes_N = np.diff(strokes_N1)
    fine = (
        pc.all(pc.greater(pc.binary_length(table["sketch_id"]), 0), skip_nulls=False).as_py()
        and strokes_N.min() > 0
        and stroke_len.min() > 0
        and np.array_equal(x_N1, points)
        and np.array_equal(y_N1, points)
        and max(np.abs(x).max(), np.abs(y).max()) <= LARGEST_COORDINATE  # and no NaN
        and 8 * np.diff(points).max() + 4 * strokes_N.max() <= limit
        and table["object"].null_count == table["object_category"].null_count == len(table)
        and all(_is_per_stroke(table, name, strokes_N) for name in _PER_STROKE)
    )
    return (
        build_result_table(table, {"category": table["category"]}).select(SCHEMA.names)
        if fine
        else None
    )


def _is_per_stroke(table: pa.Table, name: str, strokes_N: npt.NDArray[np.int64]) -> bool:
    """Whether a list column has, where it isn't null, an entry for every stroke."""
    if name not in table.column_names or table[name].null_count == len(table):
        return True
    column = combine_chunks(table[name])
    lengths, there = column.value_lengths().fill_null(0).to_numpy(), column.is_valid()
    complete = name not in ("part", "label") or not column.flatten().null_count
    return complete and bool((lengths == strokes_N)[there.to_numpy(zero_copy_only=False)].all())


def _rows(batch: pa.RecordBatch) -> Iterator[Sketch | SketchError]:
    try:
        batch.validate(full=True)  # text that is not UTF-8, offsets that lead out of their array
        yield from iter_sketches(pa.Table.from_batches([batch]))
    except pa.ArrowInvalid as error:
        if len(batch) == 1:
            yield SketchError(f"damaged: {error}")
            return
        for row in range(len(batch)):
            yield from _rows(batch.slice(row, 1))


def _record(
    result: Sketch | SketchError, file: str, position: str, limit: int
) -> Record | Rejection:
    if isinstance(result, SketchError):
        return Rejection(file=file, position=position, reason=str(result))
    size = result.x.nbytes + result.y.nbytes + result.stroke_len.nbytes
    if size > limit:
        return Rejection(file=file, position=position, reason=too_large("the row", size, limit))
    return Record(sketch=result, position=position)
