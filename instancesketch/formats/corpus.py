"""Parquet files of a corpus or a result: rows of the one schema."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import fs

from instancesketch.errors import SketchError
from instancesketch.formats.lines import insist_on, too_large
from instancesketch.formats.record import Piece, Record, Rejection
from instancesketch.schema import read_rows
from instancesketch.sketch import Sketch

_BATCH_ROWS = 1_000
_RECORDS_PER_GROUP = 16
# Of damaged bytes Arrow says OSError as well; a column's name may be a UnicodeDecodeError.
_DAMAGE = (pa.ArrowException, OSError, ValueError)


def read(
    piece: Piece, filesystem: fs.FileSystem, max_record_bytes: int
) -> Iterator[Record | Rejection]:
    """Yields the rows of the row groups from `piece.start` up to `piece.end`.

    A damaged row group is rejected by its rows; those of others are read.
    """
    insist = partial(insist_on, filesystem, piece.path)
    try:
        with filesystem.open_input_file(piece.path) as stream:
            parquet = pq.ParquetFile(stream, page_checksum_verification=True)
            groups = range(parquet.num_row_groups)
            first = sum(parquet.metadata.row_group(g).num_rows for g in groups[: piece.start])
            for group in groups[piece.start : piece.end]:
                yield from _read_group(parquet, group, first, piece.path, max_record_bytes, insist)
                first += parquet.metadata.row_group(group).num_rows
    except _DAMAGE as error:
        insist()
        yield Rejection(file=piece.path, position="", reason=_in_short(error))


def _read_group(
    parquet: pq.ParquetFile,
    group: int,
    first: int,
    file: str,
    max_record_bytes: int,
    insist: Callable[[], None],
) -> Iterator[Record | Rejection]:
    """Yields the rows of a row group, of which `first` is the first one's number in the file."""
    about, row = parquet.metadata.row_group(group), first
    end = first + about.num_rows
    if (reason := _too_heavy(about, max_record_bytes)) is not None:
        yield Rejection(file=file, position=_rows_from(row, end), reason=reason)
        return
    try:
        for batch in parquet.iter_batches(_BATCH_ROWS, row_groups=[group]):
            for result in _rows(batch):
                yield _record(result, file, f"row {row}", max_record_bytes)
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


def _rows(batch: pa.RecordBatch) -> Iterator[Sketch | SketchError]:
    try:
        batch.validate(full=True)  # text that is not UTF-8, offsets that lead out of their array
        yield from read_rows(pa.Table.from_batches([batch]))
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
