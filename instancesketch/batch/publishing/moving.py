"""Move rows into place, and count and list what became of every drawing."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from instancesketch.batch import manifest
from instancesketch.batch.output import Output, map_in_threads
from instancesketch.batch.publishing.groups import ShardGroup, task_file
from instancesketch.batch.stages import JobRun, ShardState, ShardTask
from instancesketch.core import parquet, row_counts, storage
from instancesketch.core.errors import UserError

REJECTED_FILE = "_rejected.parquet"


@dataclass(frozen=True)
class _Moved:
    """The counts and rejections of a shard whose rows are in place."""

    counts: manifest.Counts
    rejected: pa.Table
    groups: pa.Table | None  # counts of its row groups; None where none are kept


@dataclass(frozen=True, kw_only=True)
class MoveRows(ShardTask):
    """Move the rows of a group of shards into place, but for those whose id is taken."""

    buckets: tuple[int, ...]  # those that have rows whose id is taken
    name = "moving rows"

    def process(self, state: ShardState, run: JobRun) -> ShardState:
        """Move a `ShardGroup`, and write its counts, which mark it as done."""
        group, output = state.shard, run.output
        assert isinstance(group, ShardGroup)
        done = task_file(output, "counts", group.number, "json")
        if storage.exists(done):
            return state
        # Rows that are moved into place are there for good.
        output.refuse_loss()
        clashes = self._read_clashes(output, group)
        shards = enumerate(group.shards, group.first)
        counts, rejected, groups = manifest.Counts(), [], []
        for moved in map_in_threads(lambda pair: _move(output, *pair, clashes), shards):
            counts.merge(moved.counts.to_state())
            rejected.append(moved.rejected)
            if moved.groups is not None:
                groups.append(moved.groups)
        table = pa.concat_tables([manifest.REJECTED_SCHEMA.empty_table(), *rejected])
        parquet.write_table(task_file(output, "rejected", group.number, "parquet"), table)
        if groups:
            location = task_file(output, "groups", group.number, "parquet")
            parquet.write_table(location, pa.concat_tables(groups))
        storage.write_json(done, counts.to_state() | {"row_groups_kept": bool(groups)})
        return replace(state, written=counts.totals["rows"])

    def _read_clashes(self, output: Output, group: ShardGroup) -> pa.Table:
        first, last = group.first, group.first + len(group.shards) - 1
        files = [task_file(output, "clashes", bucket, "parquet") for bucket in self.buckets]
        found = map_in_threads(lambda file: parquet.read_between(file, "shard", first, last), files)
        return pa.concat_tables([manifest.CLASH_SCHEMA.empty_table(), *found])


@dataclass(frozen=True, kw_only=True)
class JoinParts(ShardTask):
    """Join what was written for each group; one task, which holds that of one group at a time."""

    groups: int
    name = "joining counts"

    def process(self, state: ShardState, run: JobRun) -> ShardState:
        """Write the rejections and the counts of row groups in place, and all counts as one."""
        output, counts, kept = run.output, manifest.Counts(), []
        for number in range(self.groups):
            location = task_file(output, "counts", number, "json")
            found = storage.read_json(location)
            # Another command, which took this one's place, has finished.
            if found is None:
                raise UserError(f"{location} was removed while this command worked in its folder")
            counts.merge(found)
            if found["row_groups_kept"]:
                kept.append(number)
        parquet.write_tables(
            output.path(REJECTED_FILE),
            manifest.REJECTED_SCHEMA,
            _read_parts(output, "rejected", range(self.groups)),
        )
        if kept:
            parquet.write_tables(
                output.path("_state", row_counts.COUNTS_FILE),
                row_counts.COUNTS_SCHEMA,
                _read_parts(output, "groups", kept),
            )
        storage.write_json(joined_counts_file(output), counts.to_state())
        return replace(state, written=counts.totals["rows"])


def joined_counts_file(output: Output) -> str:
    """Return the location of the counts of the whole job."""
    return output.publishing_file("counts", "json")


def _read_parts(output: Output, name: str, numbers: range | list[int]) -> Iterator[pa.Table]:
    for number in numbers:
        yield parquet.read_table(task_file(output, name, number, "parquet"))


def _move(output: Output, number: int, shard: str, clashes: pa.Table) -> _Moved:
    """Move the rows of a shard into place, given its number and name, and count it."""
    own = clashes.filter(pc.equal(clashes["shard"], number)).sort_by("row")
    duplicates: manifest.RowNumbers = own["row"].to_numpy()
    _move_into_place(output, shard, duplicates)
    entries, counts = output.read_manifest(shard), manifest.Counts()
    counts.add(entries, duplicates)
    return _Moved(
        counts=counts,
        rejected=manifest.rejections(entries, own),
        groups=_count_in_place(output, shard, counts.totals["rows"]),
    )


def _move_into_place(output: Output, shard: str, duplicates: manifest.RowNumbers) -> None:
    staged, final = output.staged_file(shard), output.path(f"{shard}.parquet")
    if not storage.exists(staged):
        return  # moved before the job was stopped
    count = parquet.count_rows(staged)
    if len(duplicates) == count:  # a file of no rows would only be in the way
        storage.remove(staged)
    elif len(duplicates):
        keep = np.ones(count, bool)
        keep[duplicates] = False
        parquet.write_table(final, parquet.read_table(staged).filter(pa.array(keep)))
        storage.remove(staged)
    else:
        storage.move(staged, final)


def _count_in_place(output: Output, shard: str, rows: int) -> pa.Table | None:
    """Return the counts of a shard's row groups in place; None where it has no rows or no counts.

    Results have none, nor have shards that an earlier version has staged.
    """
    staged, final = output.counts_file(shard), output.path(f"{shard}.parquet")
    if not rows or not storage.exists(staged):
        return None
    counts, identity = parquet.read_table(staged), parquet.identify(final)
    if pc.sum(counts["rows"]).as_py() != rows:
        # Rows whose id was taken are not there.
        counts = row_counts.survey_file(final).select(row_counts.GROUP_SCHEMA.names)
    return row_counts.name_file(counts, posixpath.basename(final), identity)
