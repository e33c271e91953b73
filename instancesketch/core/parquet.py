"""Parquet files of corpora and results: written, read by row group, batch or sketch."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pyarrow as pa
import pyarrow.parquet as pq

from instancesketch.core import storage
from instancesketch.core.errors import SketchError, UserError
from instancesketch.core.schema import ROW_GROUP_ROWS, conform, read_rows
from instancesketch.core.sketch import Sketch

# Is told a folder, how many of its rows were read, and how many there are.
Watch = Callable[[str, int, int], None]


def write_table(location: str, table: pa.Table) -> None:
    """Writes rows the way every corpus file is written.

    Pages carry checksums: nine of ten flipped bits would otherwise be read as other points.
    """
    storage.write_whole(
        location,
        lambda path: pq.write_table(
            table,
            path,
            compression="zstd",
            row_group_size=ROW_GROUP_ROWS,
            write_page_checksum=True,
        ),
    )


def read_table(location: str, columns: list[str] | None = None) -> pa.Table:
    """All rows of a Parquet file.

    Raises:
        UserError: it can't be read, or is damaged.
    """
    with storage.fault_of(location, "can't be read"):
        return open_parquet(location).read(columns=columns)


def read_group(location: str, group: int, columns: list[str]) -> pa.Table:
    """The rows of one row group of a corpus's file, with these columns.

    Raises:
        UserError: they can't be read, are damaged, or are not those of a corpus.
    """
    with storage.fault_of(location, "can't be read"):
        return _conformed(location, open_parquet(location).read_row_group(group, columns), columns)


def _conformed(location: str, table: pa.Table, columns: list[str]) -> pa.Table:
    try:
        return conform(table, columns)
    except SketchError as error:
        raise UserError(f"{location}: {error}") from None


def row_count(location: str) -> int:
    """Number of rows of a Parquet file.

    Raises:
        UserError: it can't be read.
    """
    return int(open_parquet(location).metadata.num_rows)


def open_parquet(location: str) -> pq.ParquetFile:
    """Opens a Parquet file, to read of it what is wanted.

    Raises:
        UserError: it can't be read.
    """
    filesystem, path = storage.locate(location)
    with storage.fault_of(location, "can't be read"):
        return pq.ParquetFile(path, filesystem=filesystem, page_checksum_verification=True)


def row_files(corpus: str) -> list[str]:
    """The locations of the Parquet files directly in a corpus or result, sorted.

    Raises:
        UserError: it is no folder of Parquet files.
    """
    if storage.is_file(corpus):
        raise UserError(f"{corpus} is a file, and no corpus, which is a folder; `ingest` makes one")
    names = [n for n in storage.names_in(corpus) if n.endswith(".parquet") and n[0] not in "_."]
    if not names and storage.exists(storage.join(corpus, "config.json")):
        raise UserError(f"{corpus} is a training run or a sweep, not a corpus; `report` shows it")
    if not names and not storage.exists(storage.join(corpus, "summary.json")):
        if storage.exists(storage.join(corpus, "_state")):
            raise UserError(
                f"{corpus} has no rows yet: what makes it is at work or was stopped; the same "
                "command run again goes on"
            )
        why = "no Parquet files in it" if storage.exists(corpus) else "it isn't there"
        raise UserError(f"{corpus} is no corpus: {why}; `ingest` makes one")
    return [storage.join(corpus, name) for name in names]


def read_batches(
    corpus: str, columns: list[str] | None = None, rows: int = ROW_GROUP_ROWS
) -> Iterator[pa.Table]:
    """Yields the rows of a corpus or result in order, at most `rows` at a time.

    Without `columns`, they are as the files have them.

    Raises:
        UserError: it is no corpus, or a file of it can't be read.
    """
    for location in row_files(corpus):
        with storage.fault_of(location, "can't be read"):
            for batch in open_parquet(location).iter_batches(rows, columns=columns):
                table = pa.Table.from_batches([batch])
                yield table if columns is None else _conformed(location, table, columns)


def unwatched(corpus: str, read: int, rows: int) -> None:
    pass


def sketches(corpus: str, split: str | None = None, watch: Watch = unwatched) -> Iterator[Sketch]:
    """Yields the rows of a corpus or result in order.

    Raises:
        UserError: it is no corpus, or a row is no sketch; names the row.
    """
    row, rows = 0, sum(map(row_count, row_files(corpus)))
    for table in read_batches(corpus):
        try:
            for sketch in read_rows(table):
                if isinstance(sketch, SketchError):
                    raise UserError(f"{corpus}, row {row}: {sketch}")
                row += 1
                if split is None or sketch.split == split:
                    yield sketch
            watch(corpus, row, rows)
        except SketchError as error:
            raise UserError(f"{corpus}: {error}") from None
