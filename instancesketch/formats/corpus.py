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
            chosen = list(groups[piece.start : piece.end])
            for batch in parquet.iter_batches(_BATCH_ROWS, row_groups=chosen):
                for result in read_rows(pa.Table.from_batches([batch])):
                    yield _record(result, piece.path, f"row {row}", max_record_bytes)
                    row += 1
    # Arrow calls damaged bytes an OSError, too.
    except (pa.ArrowException, OSError, SketchError) as error:
        position = f"row {row}" if row else ""
        reason = str(error).split("\n")[0][:300]
        yield Rejection(file=piece.path, position=position, reason=reason)


def _record(
    result: Sketch | SketchError, file: str, position: str, limit: int
) -> Record | Rejection:
    if isinstance(result, SketchError):
        return Rejection(file=file, position=position, reason=str(result))
    size = result.x.nbytes + result.y.nbytes + result.stroke_len.nbytes
    if size > limit:
        return Rejection(file=file, position=position, reason=too_large("the row", size, limit))
    return Record(sketch=result, position=position)
