"""Parquet files of a corpus or a result: rows of the one schema."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import fs

from instancesketch.errors import SketchError
from instancesketch.formats.lines import too_large
from instancesketch.formats.record import Piece, Record, Rejection
from instancesketch.schema import read_rows
from instancesketch.sketch import Sketch

_BATCH_ROWS = 1_000
_RECORDS_PER_GROUP = 16


def read(
    piece: Piece, filesystem: fs.FileSystem, max_record_bytes: int
) -> Iterator[Record | Rejection]:
    """Yields the rows of the row groups from `piece.start` up to `piece.end`."""
    row = 0
    try:
        with filesystem.open_input_file(piece.path) as stream:
            parquet = pq.ParquetFile(stream)
            groups = range(parquet.num_row_groups)
            row = sum(parquet.metadata.row_group(g).num_rows for g in groups[: piece.start])
            for group in groups[piece.start : piece.end]:
                about = parquet.metadata.row_group(group)
                if (reason := _too_heavy(about, max_record_bytes)) is not None:
                    position = f"rows {row} to {row + about.num_rows - 1}"
                    yield Rejection(file=piece.path, position=position, reason=reason)
                    row += about.num_rows
                    continue
                for batch in parquet.iter_batches(_BATCH_ROWS, row_groups=[group]):
                    for result in _rows(batch):
                        yield _record(result, piece.path, f"row {row}", max_record_bytes)
                        row += 1
    # Of damaged bytes Arrow says OSError as well; a column's name may be a UnicodeDecodeError.
    except (pa.ArrowException, OSError, ValueError) as error:
        position = f"row {row}" if row else ""
        reason = str(error).split("\n")[0][:300]
        yield Rejection(file=piece.path, position=position, reason=reason)


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
