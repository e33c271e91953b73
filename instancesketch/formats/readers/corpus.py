"""Parquet files of a corpus or a result: rows of the schema."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

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
    iter_fields,
)
from instancesketch.core.sketch import LARGEST_COORDINATE
from instancesketch.formats.ndjson import describe_excess
from instancesketch.formats.records import FileRange, RawRecord, Rejection, RowBatch

# One invalid row makes its whole batch slow to read, so batches are small.
_BATCH_ROWS = 1_000
_RECORDS_PER_ROW_GROUP = 16  # how many records of the largest size a row group may have
_PER_STROKE = ("part", "label", "instance", "part_score", "part_2", "part_2_score")
# Arrow raises OSError for damaged bytes as well; a column's name can be a UnicodeDecodeError.
_DAMAGE = (pa.ArrowException, OSError, ValueError)


def read(
    file_range: FileRange, filesystem: fs.FileSystem, max_record_bytes: int
) -> Iterator[RawRecord | Rejection]:
    """Yield the rows of the row groups from `file_range.start` up to `file_range.end`.

    A damaged row group is rejected by the numbers of its rows; the others are read.
    """
    reader = _Reader(file_range, filesystem, max_record_bytes, in_batches=False)
    return cast("Iterator[RawRecord | Rejection]", reader.read())


def read_batches(
    file_range: FileRange, filesystem: fs.FileSystem, max_record_bytes: int
) -> Iterator[RawRecord | Rejection | RowBatch]:
    """Yield rows in batches without labels; those of a batch with an invalid row one by one."""
    return _Reader(file_range, filesystem, max_record_bytes, in_batches=True).read()


@dataclass(frozen=True)
class _Reader:
    """A reader of the row groups of one file range."""

    file_range: FileRange
    filesystem: fs.FileSystem
    max_record_bytes: int
    in_batches: bool

    def read(self) -> Iterator[RawRecord | Rejection | RowBatch]:
        """Yield the rows of all row groups of the range."""
        path, start, end = self.file_range.path, self.file_range.start, self.file_range.end
        try:
            with self.filesystem.open_input_file(path) as stream:
                # Flipped bits raise instead of being read as other points.
                parquet = pq.ParquetFile(stream, page_checksum_verification=True)
                groups, metadata = range(parquet.num_row_groups), parquet.metadata
                # Positions number the rows of the file, whatever range of it is read.
                first = sum(metadata.row_group(g).num_rows for g in groups[:start])
                for group in groups[start:end]:
                    yield from self._read_row_group(parquet, group, first)
                    first += metadata.row_group(group).num_rows
        except _DAMAGE as error:
            yield self._reject("", error)

    def _read_row_group(
        self, parquet: pq.ParquetFile, group: int, first: int
    ) -> Iterator[RawRecord | Rejection | RowBatch]:
        """Yield the rows of a row group, whose first one has the number `first` in the file."""
        metadata = parquet.metadata.row_group(group)
        row, end = first, first + metadata.num_rows
        # A little Parquet can unfold to very much. The metadata of single columns would be more
        # exact, but damage to it ends the process (pyarrow 26); damage to the rows raises.
        most = _RECORDS_PER_ROW_GROUP * self.max_record_bytes
        if metadata.total_byte_size > most:
            reason = describe_excess("the row group", metadata.total_byte_size, most)
            yield self._reject(_rows_from(row, end), SketchError(reason))
            return
        try:
            for batch in parquet.iter_batches(_BATCH_ROWS, row_groups=[group]):
                table = _without_labels(batch, self.max_record_bytes) if self.in_batches else None
                if table is not None:
                    yield RowBatch(table=table, first=row)
                    row += len(batch)
                    continue
                for fields in _iter_fields(batch):
                    yield self._to_record(fields, f"row {row}")
                    row += 1
        except _DAMAGE as error:
            yield self._reject(_rows_from(row, end), error)

    def _to_record(
        self, fields: dict[str, Any] | SketchError, position: str
    ) -> RawRecord | Rejection:
        if isinstance(fields, SketchError):
            return Rejection(file=self.file_range.path, position=position, reason=str(fields))
        # Points are nearly all of a row's memory.
        size = sum(fields[name].nbytes for name in ("x", "y", "stroke_len"))
        if size > self.max_record_bytes:
            reason = describe_excess("the row", size, self.max_record_bytes)
            return Rejection(file=self.file_range.path, position=position, reason=reason)
        return RawRecord(fields=fields, position=position)

    def _reject(self, position: str, error: Exception) -> Rejection:
        path = self.file_range.path
        if not isinstance(error, SketchError):
            storage.raise_if_unreachable(self.filesystem, path)
        return Rejection(file=path, position=position, reason=str(error).split("\n")[0][:300])


def _rows_from(first: int, end: int) -> str:
    return f"rows {first} to {end - 1}"


def _without_labels(batch: pa.RecordBatch, max_record_bytes: int) -> pa.Table | None:
    """Return the rows of a batch without labels, or None if a row may be invalid or a scene.

    Reading row by row then finds the row and the reason.
    """
    try:
        batch.validate(full=True)
        table = cast_to_schema(pa.Table.from_batches([batch]))
        is_valid = _is_valid(table, max_record_bytes)
    except (pa.ArrowInvalid, SketchError):
        return None
    if not is_valid:
        return None
    return build_result_table(table, {"category": table["category"]}).select(SCHEMA.names)


def _is_valid(table: pa.Table, max_record_bytes: int) -> bool:
    """Return whether all rows surely are sketches without objects, by the checks of `Sketch`."""
    (x, x_N1, _), (y, y_N1, _) = flatten_lists(table, "x"), flatten_lists(table, "y")
    stroke_len, strokes_N1, _ = flatten_lists(table, "stroke_len")
    # Offsets that the points must have if strokes are as long as `stroke_len`.
    points_N1 = np.concatenate([[0], stroke_len.cumsum(dtype=np.int64)])[strokes_N1]
    strokes_N = np.diff(strokes_N1)
    return bool(
        pc.all(pc.greater(pc.binary_length(table["sketch_id"]), 0), skip_nulls=False).as_py()
        and strokes_N.min() > 0
        and stroke_len.min() > 0
        and np.array_equal(x_N1, points_N1)
        and np.array_equal(y_N1, points_N1)
        # A comparison with NaN is false.
        and max(np.abs(x).max(), np.abs(y).max()) <= LARGEST_COORDINATE
        # The bytes of x, y and stroke_len, as `_to_record` counts them.
        and 8 * np.diff(points_N1).max() + 4 * strokes_N.max() <= max_record_bytes
        and table["object"].null_count == table["object_category"].null_count == len(table)
        and all(_is_per_stroke(table, name, strokes_N) for name in _PER_STROKE)
        # Whether pieces follow each other is seen row by row alone.
        and ("pieces" not in table.column_names or table["pieces"].null_count == len(table))
    )


def _is_per_stroke(table: pa.Table, name: str, strokes_N: npt.NDArray[np.int64]) -> bool:
    """Return whether a list column has one entry per stroke wherever it is not null."""
    if name not in table.column_names or table[name].null_count == len(table):
        return True
    column = combine_chunks(table[name])
    lengths = column.value_lengths().fill_null(0).to_numpy()
    valid = column.is_valid().to_numpy(zero_copy_only=False)
    # An instance or a score may be null for single strokes.
    complete = name not in ("part", "label") or not column.flatten().null_count
    return complete and bool((lengths == strokes_N)[valid].all())


def _iter_fields(batch: pa.RecordBatch) -> Iterator[dict[str, Any] | SketchError]:
    """Yield the fields of each row's sketch, or the error of a row."""
    try:
        batch.validate(full=True)  # text that is not UTF-8, offsets outside of their array
        yield from iter_fields(pa.Table.from_batches([batch]))
    except pa.ArrowInvalid as error:
        if len(batch) == 1:
            yield SketchError(f"damaged: {error}")
            return
        # Find the damaged rows one by one.
        for row in range(len(batch)):
            yield from _iter_fields(batch.slice(row, 1))
