"""Parquet files of corpora and results: write them, and read them by row group, batch or sketch."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from instancesketch.core import storage
from instancesketch.core.errors import SketchError, UserError
from instancesketch.core.schema import ROW_GROUP_ROWS, cast_to_schema, iter_sketches
from instancesketch.core.sketch import Sketch

# A progress callback: gets the folder, the number of its rows read so far, and the number of all.
OnProgress = Callable[[str, int, int], None]
_TRAILER = 8  # bytes: the length of the footer, and `PAR1`
_FOOTER_BYTES = 1 << 16  # read at once; longer footers take a second request


def write_table(location: str, table: pa.Table) -> None:
    """Write rows as one file of a corpus: zstd, row groups of `ROW_GROUP_ROWS`, checksums."""
    write_tables(location, table.schema, [table])


def write_tables(location: str, schema: pa.Schema, tables: Iterable[pa.Table]) -> None:
    """Write the rows of several tables as one file, as `write_table` does, one after the other."""

    def write(path: str) -> None:
        # Without checksums nine of ten flipped bits are read as other points.
        with pq.ParquetWriter(path, schema, compression="zstd", write_page_checksum=True) as file:
            for table in tables:
                file.write_table(table, row_group_size=ROW_GROUP_ROWS)

    storage.write_atomically(location, write)


def read_table(location: str, columns: list[str] | None = None) -> pa.Table:
    """Return all rows of a Parquet file.

    Raises:
        UserError: the file can't be read, or is damaged.
    """
    with storage.translate_errors(location, "can't be read"):
        return open_parquet(location).read(columns=columns)


def read_between(location: str, column: str, low: int, high: int) -> pa.Table:
    """Return the rows whose value in a column is from `low` to `high`; others are hardly read.

    Args:
        location: of a file that is sorted by the column.
        column: of whole numbers.
        low: the lowest value.
        high: the highest value.

    Raises:
        UserError: the file can't be read, or is damaged.
    """
    file = open_parquet(location)
    index = file.schema_arrow.get_field_index(column)
    extremes = [
        file.metadata.row_group(i).column(index).statistics for i in range(file.num_row_groups)
    ]
    wanted = [i for i, found in enumerate(extremes) if found.min <= high and found.max >= low]
    with storage.translate_errors(location, "can't be read"):
        rows = file.read_row_groups(wanted)
    return rows.filter((pc.field(column) >= low) & (pc.field(column) <= high))


def read_row_group(location: str, row_group: int, columns: list[str]) -> pa.Table:
    """Return columns of one row group of a corpus's file, with the types of the schema.

    Raises:
        UserError: the rows can't be read, are damaged, or are not those of a corpus.
    """
    with storage.translate_errors(location, "can't be read"):
        table = open_parquet(location).read_row_group(row_group, columns)
        # pyarrow leaves out the columns that a file lacks; the cast adds them as nulls.
        return _cast(location, table, columns)


def _cast(location: str, table: pa.Table, columns: list[str]) -> pa.Table:
    try:
        return cast_to_schema(table, columns)
    except SketchError as error:
        raise UserError(f"{location}: {error}") from None


def count_rows(location: str) -> int:
    """Return the number of rows of a Parquet file, from its footer.

    Raises:
        UserError: the file can't be read.
    """
    return int(open_parquet(location).metadata.num_rows)


def open_parquet(location: str) -> pq.ParquetFile:
    """Open a Parquet file so that single row groups can be read.

    Raises:
        UserError: the file can't be read.
    """
    filesystem, path = storage.locate(location)
    with storage.translate_errors(location, "can't be read"):
        return pq.ParquetFile(path, filesystem=filesystem, page_checksum_verification=True)


def list_row_files(corpus: str) -> list[str]:
    """Return the locations of the Parquet files directly in a corpus or result, sorted.

    Raises:
        UserError: the location is not a corpus or result; the message names its kind.
    """
    if storage.is_file(corpus):
        raise UserError(f"{corpus} is a file, not a corpus, which is a folder; `ingest` makes one")
    # Everything else in the folder has a name that begins with `_` or `.`, or another suffix.
    names = [n for n in storage.list_names(corpus) if n.endswith(".parquet") and n[0] not in "_."]
    if not names:
        _refuse_without_rows(corpus)
    return [storage.join(corpus, name) for name in names]


def _refuse_without_rows(folder: str) -> None:
    """Raise unless a folder without row files is a corpus without any sketch."""
    if storage.exists(storage.join(folder, "config.json")):
        raise UserError(f"{folder} is a training run or a sweep, not a corpus; `report` shows it")
    if storage.exists(storage.join(folder, "summary.json")):
        return
    if storage.exists(storage.join(folder, "_state")):
        raise UserError(
            f"{folder} has no rows yet: the command that writes it is still running or was "
            "stopped; run the same command again to continue"
        )
    why = "no Parquet files in it" if storage.exists(folder) else "it isn't there"
    raise UserError(f"{folder} is not a corpus: {why}; `ingest` makes one")


def read_batches(
    corpus: str, columns: list[str] | None = None, rows: int = ROW_GROUP_ROWS
) -> Iterator[pa.Table]:
    """Yield the rows of a corpus or result in order, at most `rows` at a time.

    Args:
        corpus: the folder.
        columns: columns to read, with the types of the schema; by default all as the files have
            them.
        rows: the largest number of rows in a table.

    Raises:
        UserError: the folder is not a corpus, or a file of it can't be read.
    """
    for location in list_row_files(corpus):
        with storage.translate_errors(location, "can't be read"):
            for batch in open_parquet(location).iter_batches(rows, columns=columns):
                table = pa.Table.from_batches([batch])
                yield table if columns is None else _cast(location, table, columns)


def read_sketches(
    corpus: str, split: str | None = None, on_progress: OnProgress | None = None
) -> Iterator[Sketch]:
    """Yield the rows of a corpus or result in order, as sketches.

    Args:
        corpus: the folder.
        split: yield the sketches of this split alone.
        on_progress: called after each batch of rows.

    Raises:
        UserError: the folder is not a corpus, or a row is not a sketch; names the row.
    """
    # Counted beforehand from the footers, so that progress can show a share.
    row, rows = 0, sum(map(count_rows, list_row_files(corpus)))
    for table in read_batches(corpus):
        try:
            for sketch in iter_sketches(table):
                if isinstance(sketch, SketchError):
                    raise UserError(f"{corpus}, row {row}: {sketch}")
                row += 1
                if split is None or sketch.split == split:
                    yield sketch
            if on_progress is not None:
                on_progress(corpus, row, rows)
        except SketchError as error:
            raise UserError(f"{corpus}: {error}") from None


def identify(location: str) -> tuple[int, str]:
    """Return the size of a Parquet file and the digest of its footer.

    The footer has sizes, offsets and extremes of all columns, so other rows have another one.

    Raises:
        UserError: the file can't be read.
    """
    filesystem, path = storage.locate(location)
    with (
        storage.translate_errors(location, "can't be read"),
        filesystem.open_input_file(path) as stream,
    ):
        size = stream.size()
        tail = stream.read_at(min(size, _FOOTER_BYTES), max(0, size - _FOOTER_BYTES))
        length = min(size, int.from_bytes(tail[-_TRAILER:-4], "little") + _TRAILER)
        if length > len(tail):
            tail = stream.read_at(length, size - length)
    footer = tail[len(tail) - length :]
    return size, hashlib.blake2b(footer, digest_size=12).hexdigest()
