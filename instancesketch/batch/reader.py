"""The stage that reads a shard of the sources as corpus rows, with the manifest of its drawings."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from instancesketch.batch import quarantine
from instancesketch.batch.config import AUTO, SourcesConfig
from instancesketch.batch.manifest import MANIFEST_SCHEMA, Manifest
from instancesketch.batch.shards import FileShard
from instancesketch.batch.stages import JobRun, ShardState, ShardTask
from instancesketch.core import storage
from instancesketch.core.config import SplitBy
from instancesketch.core.errors import UserError
from instancesketch.core.hashing import assign_split
from instancesketch.core.schema import NO_OBJECTS, SCHEMA, to_table
from instancesketch.core.sketch import Sketch
from instancesketch.core.taxonomy import Taxonomy
from instancesketch.formats import (
    COMPANION,
    FileRange,
    Record,
    Rejection,
    RowBatch,
    explain_unknown,
    read,
    read_unlabelled,
    sniff,
)
from instancesketch.formats.readers import picture

_SKETCHES_AT_ONCE = 1_000
_LONGEST_REASON = 300


@dataclass(frozen=True, kw_only=True)
class ReadConfig:
    """The labels that are read with drawings, the splits they get, and the limits."""

    taxonomy: dict[str, Any] | None = None  # as `Taxonomy.to_dict`; None: the format decides
    # The fields are stored in the config of a job, so their names stay.

    # Whether the file's labels are kept, and must be known; "objects": those of scenes alone.
    labels: bool | Literal["objects"] = True
    split_by: SplitBy = "sketch"
    shuffle_strokes: int | None = None  # a seed
    only_split: str | None = None
    max_record_mb: float = 64.0
    trace: bool = False  # read pictures
    split: str | None = None  # of all that is read, whatever the files say; None: one by one

    def describe(self) -> dict[str, Any]:
        """Return the values for the config of a job."""
        values = asdict(self)
        # Folders of earlier versions, which had neither, are continued.
        return {k: v for k, v in values.items() if v or k not in ("trace", "split")}


def check_pictures(config: SourcesConfig) -> None:
    """Check that pictures can be read where that is asked for.

    Raises:
        UserError: they can't be, or are named as the format without `--trace`.
    """
    if config.trace:
        picture.check_installed()
    elif config.format == "picture":
        raise UserError("--format picture goes with --trace")


@dataclass(frozen=True)
class Read(ShardTask):
    """The first stage of a job on files."""

    config: ReadConfig
    adds_error: bool = False  # add the column `error`, which later stages need
    name = "reading"
    reads_files = True

    def most_deaths(self, state: ShardState) -> int:
        """Return how often the file ranges of a shard may kill the process that reads them."""
        assert isinstance(state.shard, FileShard)
        return quarantine.most_deaths(len(state.shard.ranges))

    def process(self, state: ShardState, run: JobRun) -> ShardState:
        """Read the file ranges of a shard into rows with `SCHEMA`, and their manifest."""
        shard = state.shard
        assert isinstance(shard, FileShard)
        tables = quarantine.run(
            len(shard.ranges),
            partial(read_ranges, shard, self.config),
            partial(_reject, shard),
            run.marker(f"read-{shard.name}"),
        )
        rows = pa.concat_tables([SCHEMA.empty_table(), *(rows for rows, _ in tables)])
        entries = [MANIFEST_SCHEMA.empty_table(), *(entries for _, entries in tables)]
        # Where objects are given, a scene without any can't be labelled, and no model sees it.
        if self.adds_error:
            error = pa.nulls(len(rows), pa.string())
            if self.config.labels == "objects":
                error = pc.if_else(rows["object"].is_valid(), error, NO_OBJECTS)
            rows = rows.append_column("error", error)
        return replace(state, rows=rows, manifest=pa.concat_tables(entries))


def read_ranges(
    shard: FileShard, config: ReadConfig, start: int, stop: int
) -> tuple[pa.Table, pa.Table]:
    """Read the file ranges of a shard from number `start` up to `stop`.

    Returns:
        Their rows with `SCHEMA`, and the manifest of these with `MANIFEST_SCHEMA`.
    """
    reader = _RangeReader(shard.location, config)
    for file_range in shard.ranges[start:stop]:
        for record in reader.open(file_range):
            reader.add(record)
    return reader.tables()


def _reject(shard: FileShard, index: int, error: Exception | None) -> tuple[pa.Table, pa.Table]:
    """Return the tables of a file range that can't be read."""
    reason = "the reading process died on this file"
    if error is not None:
        text = " ".join(str(error).split())[:_LONGEST_REASON]
        reason = f"reading it failed: {type(error).__name__}: {text}"
    manifest = Manifest()
    manifest.reject(Rejection(file=shard.ranges[index].path, position="", reason=reason))
    return SCHEMA.empty_table(), manifest.table()


class _RangeReader:
    """The rows and the manifest of several file ranges, as they are read."""

    def __init__(self, location: str, config: ReadConfig) -> None:
        self._config, self._manifest = config, Manifest()
        self._filesystem, _ = storage.locate(location)
        self._taxonomy = None if config.taxonomy is None else Taxonomy.from_dict(config.taxonomy)
        self._tables = [SCHEMA.empty_table()]
        self._sketches: list[Sketch] = []  # rows after those of the tables
        self._path = self._format = ""  # of the range that is being read

    def open(self, file_range: FileRange) -> Iterable[Record | Rejection | RowBatch]:
        """Return the records of a file range; none of a file that only stands beside drawings."""
        self._path = file_range.path
        format = file_range.format
        if format == AUTO:
            detected = sniff(self._path, self._filesystem, self._config.trace)
            if detected is None:
                return [explain_unknown(self._path, self._filesystem)]
            format = detected
        if format == COMPANION:
            self._manifest.skip(self._path, "", "companion")
            return []
        self._format = format
        file_range, config = replace(file_range, format=format), self._config
        limit = int(config.max_record_mb * 2**20)
        # Rows whose drawings need no check one by one stay tables, in a third of the time.
        if config.labels is False and config.shuffle_strokes is None:
            return read_unlabelled(
                file_range,
                self._filesystem,
                taxonomy=self._taxonomy,
                max_record_bytes=limit,
                split_by=config.split_by,
            )
        return read(
            file_range,
            self._filesystem,
            taxonomy=self._taxonomy,
            max_record_bytes=limit,
            labels=config.labels,
            split_by=config.split_by,
        )

    def add(self, record: Record | Rejection | RowBatch) -> None:
        """Add a record to the rows or the rejections."""
        if isinstance(record, Rejection):
            self._manifest.reject(record)
        elif isinstance(record, RowBatch):
            self._close_table()  # rows keep the order of the file
            self._tables.append(self._accept_rows(record))
        else:
            self._add_drawing(record)

    def tables(self) -> tuple[pa.Table, pa.Table]:
        """Return the rows, and their manifest."""
        self._close_table()
        return pa.concat_tables(self._tables), self._manifest.table()

    def _close_table(self) -> None:
        self._tables.append(to_table(self._sketches))
        self._sketches = []

    def _add_drawing(self, record: Record) -> None:
        config = self._config
        sketch = (
            record.sketch if config.split is None else record.sketch.replace(split=config.split)
        )
        if config.only_split is not None and sketch.split != config.only_split:
            self._manifest.skip(self._path, record.position, "other_split")
            return
        if config.shuffle_strokes is not None:
            sketch = shuffle_strokes(sketch, config.shuffle_strokes)
        by_user = config.split_by == "user" and config.split is None
        without_user = by_user and record.split_from == "sketch_id"
        self._manifest.accept(
            sketch, self._path, record.position, self._format, without_user=without_user
        )
        self._manifest.leave_out(self._path, record.position, record.left_out)
        self._sketches.append(sketch)
        if len(self._sketches) == _SKETCHES_AT_ONCE:
            self._close_table()  # as Arrow they take a fraction of the memory

    def _accept_rows(self, rows: RowBatch) -> pa.Table:
        """Return the rows of a corpus that are in the job's split, each with a split."""
        table, config = rows.table, self._config
        index = table.schema.get_field_index("split")
        without = pc.is_null(table["split"]).to_numpy()
        if config.split is not None:
            without = np.zeros(len(table), bool)
            splits = pa.array([config.split] * len(table), pa.string())
            table = table.set_column(index, table.schema.field(index), splits)
        elif without.any():
            ids, splits = table["sketch_id"].to_pylist(), table["split"].to_pylist()
            # A corpus doesn't store users, so these rows are split by their ids.
            splits = [split or assign_split(key) for key, split in zip(ids, splits, strict=True)]
            splits = pa.array(splits, pa.string())
            table = table.set_column(index, table.schema.field(index), splits)
        kept = np.ones(len(table), bool)
        if config.only_split is not None:
            kept = pc.equal(table["split"], config.only_split).to_numpy()
        without_user = without & (config.split_by == "user")
        self._manifest.accept_rows(table, rows.first, self._path, self._format, kept, without_user)
        return table if kept.all() else table.filter(pa.array(kept))


def shuffle_strokes(sketch: Sketch, seed: int) -> Sketch:
    """Return a sketch with its strokes in an order that depends on the seed and the id alone."""
    # Not on the place of the sketch in its file, so that any shard of it gives the same order.
    digest = hashlib.blake2b(f"{seed}\0{sketch.sketch_id}".encode(), digest_size=8).digest()
    order = np.random.default_rng(int.from_bytes(digest, "big")).permutation(len(sketch))
    return sketch.take(order.tolist())
