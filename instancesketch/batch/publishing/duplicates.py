"""Find rows whose id an earlier row has, without holding the ids of all rows anywhere.

The ids of each group of shards are put into buckets by their hashes; then each bucket is looked at
by itself, because equal ids are in the same one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from instancesketch.batch.manifest import CLASH_SCHEMA
from instancesketch.batch.output import Output, map_in_threads
from instancesketch.batch.publishing.groups import Bucket, ShardGroup, task_file
from instancesketch.batch.stages import JobRun, ShardState, ShardTask
from instancesketch.core import parquet, storage
from instancesketch.core.schema import combine_chunks

Hashes = npt.NDArray[np.uint64]  # (rows, 2): the two halves of each

# Where an id stands: the number of the shard and the row in it, and for people the file and the
# position in that.
_IDS_SCHEMA = pa.schema(
    [
        ("hash", pa.binary(16)),
        ("shard", pa.int32()),
        ("row", pa.int64()),
        ("file", pa.string()),
        ("position", pa.string()),
    ]
)


@dataclass(frozen=True, kw_only=True)
class SortIds(ShardTask):
    """Write the ids of a group of shards, by bucket; within each they keep the order of rows."""

    buckets: int
    name = "sorting ids"

    def process(self, state: ShardState, run: JobRun) -> ShardState:
        """Write the file of a `ShardGroup`."""
        group = state.shard
        assert isinstance(group, ShardGroup)
        numbered = enumerate(group.shards, group.first)
        tables = map_in_threads(lambda pair: _read_ids(run.output, *pair), numbered)
        ids = pa.concat_tables([_IDS_SCHEMA.empty_table(), *tables])
        bucket_N = number_buckets(to_hashes(ids["hash"]), self.buckets)
        order = np.argsort(bucket_N, kind="stable")
        edges = np.searchsorted(bucket_N[order], np.arange(self.buckets + 1))

        def write(path: str) -> None:
            options = pa.ipc.IpcWriteOptions(compression="zstd")
            with pa.ipc.new_file(path, _IDS_SCHEMA, options=options) as file:
                for start, stop in pairwise(edges):
                    of_bucket = ids.take(pa.array(order[start:stop]))
                    arrays = [combine_chunks(column) for column in of_bucket.columns]
                    file.write_batch(pa.RecordBatch.from_arrays(arrays, schema=_IDS_SCHEMA))

        storage.write_atomically(_ids_file(run.output, group.number), write)
        return replace(state, written=len(ids))


@dataclass(frozen=True, kw_only=True)
class FindDuplicates(ShardTask):
    """Write which rows of a bucket have the id of an earlier one; `written` is their number."""

    groups: int
    name = "looking for equal ids"

    def process(self, state: ShardState, run: JobRun) -> ShardState:
        """Write the file of a `Bucket` if there are such rows."""
        bucket = state.shard
        assert isinstance(bucket, Bucket)
        tables = list(
            map_in_threads(
                lambda group: _read_bucket(run.output, group, bucket, ["hash", "shard", "row"]),
                range(self.groups),
            )
        )
        ids = pa.concat_tables(tables)
        later, first = find_repeats(to_hashes(ids["hash"]))
        if len(later):
            after_G = np.cumsum([len(table) for table in tables])
            places = _read_places(run.output, bucket, after_G, first)
            columns = [ids[name].take(pa.array(later)) for name in ("shard", "row")]
            table = pa.table([*columns, *places.columns], schema=CLASH_SCHEMA)
            parquet.write_table(task_file(run.output, "clashes", bucket.number, "parquet"), table)
        return replace(state, written=len(later))


def to_hashes(column: pa.ChunkedArray) -> Hashes:
    """Return hashes as numbers, (rows, 2)."""
    array = combine_chunks(column)
    # Of the underlying bytes, because a million Python objects take a second.
    numbers = np.frombuffer(array.buffers()[1] or b"", "<u8")
    halves: Hashes = numbers[2 * array.offset : 2 * (array.offset + len(array))].reshape(-1, 2)
    return halves


def number_buckets(hashes_N2: Hashes, buckets: int) -> npt.NDArray[np.int64]:
    """Return the bucket of each hash, (N,): about as many go to each."""
    # The highest 32 bits as a fraction of 1, times the number of buckets.
    return (((hashes_N2[:, 0] >> np.uint64(32)) * np.uint64(buckets)) >> np.uint64(32)).astype(
        np.int64
    )


def find_repeats(
    hashes_N2: Hashes,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Find hashes that stood before.

    Returns:
        The number of each hash that is a repeated one, ascending, and the number of the first that
        equals it. Two ids with the same 128 bits are taken for one; among 10^9 ids the odds are
        10^-21.
    """
    order = np.lexsort((hashes_N2[:, 1], hashes_N2[:, 0]))  # stable: equal ones keep their order
    ordered = hashes_N2[order]
    is_new = np.ones(len(order), bool)
    is_new[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
    # The last new one at or before each in sorted order is equal to it, and came first.
    first = order[np.maximum.accumulate(np.where(is_new, np.arange(len(order)), 0))]
    later, first = order[~is_new], first[~is_new]
    by_place = np.argsort(later)
    return later[by_place], first[by_place]


def _ids_file(output: Output, group: int) -> str:
    return task_file(output, "ids", group, "arrow")


def _read_ids(output: Output, number: int, shard: str) -> pa.Table:
    """Return the ids of the rows of a shard, given its number and its name."""
    columns = ["hash", "file", "position"]
    entries = parquet.read_table(output.manifest_file(shard), columns)
    rows = entries.filter(pc.is_valid(entries["hash"]))  # others are no rows
    return pa.table(
        [
            rows["hash"],
            pa.array(np.full(len(rows), number, np.int32)),
            pa.array(np.arange(len(rows))),
            rows["file"],
            rows["position"],
        ],
        schema=_IDS_SCHEMA,
    )


def _read_bucket(output: Output, group: int, bucket: Bucket, columns: Sequence[str]) -> pa.Table:
    """Return columns of the ids of a group that are in a bucket."""
    location = _ids_file(output, group)
    filesystem, path = storage.locate(location)
    fields = [_IDS_SCHEMA.get_field_index(name) for name in columns]
    options = pa.ipc.IpcReadOptions(included_fields=fields)
    with (
        storage.translate_errors(location, "can't be read"),
        filesystem.open_input_file(path) as stream,
    ):
        batch = pa.ipc.open_file(stream, options=options).get_batch(bucket.number)
        return pa.Table.from_batches([batch]).select(columns)


def _read_places(
    output: Output, bucket: Bucket, after_G: npt.NDArray[np.int64], first: npt.NDArray[np.int64]
) -> pa.Table:
    """Return file and position of ids of a bucket, given their numbers in it.

    Args:
        output: of the job.
        bucket: the bucket.
        after_G: how many ids of the bucket are in the groups up to each, with it.
        first: the numbers of the ids, in any order.
    """
    groups = np.searchsorted(after_G, first, "right")
    found = np.unique(groups)
    # Of few groups, mostly, and of them alone the texts, which take most of the space, are read.
    texts = map_in_threads(
        lambda group: _read_bucket(output, int(group), bucket, ["file", "position"]), found
    )
    sizes = np.diff(after_G, prepend=0)
    before_G = after_G - sizes
    moved = np.cumsum(sizes[found]) - sizes[found]  # where each group's begin in what is read
    at = moved[np.searchsorted(found, groups)] + first - before_G[groups]
    return pa.concat_tables(texts).take(pa.array(at))
