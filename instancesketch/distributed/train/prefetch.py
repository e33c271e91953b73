"""Rows for a training worker, read ahead of it by Ray Data.

A Ray Data stream takes seconds to start, as long as one pass over a small corpus takes to train on:
so one stream reads several passes, up to a limit on the reads that it plans.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from itertools import chain, repeat
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from instancesketch.training.sampling import RowSubset

if TYPE_CHECKING:
    from instancesketch.training.loop import Pass, ReadRows

# Processes that read ahead for one worker: two keep it busy, and each takes seconds to start.
READERS = 2
# Bytes that they may be ahead, because they share memory and cores with the training.
MAX_PREFETCH = 256 * 2**20
# A stream is planned as a whole, so it holds at most this many reads, or one pass if that is more.
MAX_READS = 256

_PASS = "_pass"  # the column with the number of each row's pass


class Prefetcher(Iterator[Iterator[pa.Table]]):
    """An iterator over the tables of each pass in order; reads several with one Ray Data stream.

    A pass yields a table for each row subset. The next one skips what is left of it.

    Every worker has streams of its own. One for all of them, which Ray Data would split, hands
    whole blocks to the worker with the fewest rows: their shares of a batch would differ by up to a
    row group, and it starts anew for every epoch (measured in `docs/cluster.md`).

    Args:
        passes: the role and the row subsets of each pass.
        read: reads the rows of a subset that have a role; runs in the reading processes.
    """

    def __init__(self, passes: Iterable[Pass], read: ReadRows) -> None:
        self._passes = iter(passes)
        self._read = read
        self._planned = 0  # passes that streams have been started for
        self._started = 0  # passes that were yielded
        self._tables: Iterator[pa.Table] = iter(())

    def __next__(self) -> Iterator[pa.Table]:
        """Return the tables of the next pass."""
        if self._started == self._planned:
            self._tables = self._start_stream()
        if self._started == self._planned:
            raise StopIteration
        number = self._started
        self._started += 1
        return self._iter_pass(number)

    def _iter_pass(self, number: int) -> Iterator[pa.Table]:
        for table in self._tables:
            if not len(table):
                continue
            found = table[_PASS][0].as_py()
            if found > number:  # the pass has no more rows, or none at all
                self._tables = chain([table], self._tables)
                return
            if found == number:
                yield table.drop_columns([_PASS])

    def _start_stream(self) -> Iterator[pa.Table]:
        reads: list[dict[str, Any]] = []
        for role, subsets in self._passes:
            reads += [{_PASS: self._planned, "role": role, "subset": asdict(s)} for s in subsets]
            self._planned += 1
            # Stop before the next pass, which is about as long, would exceed the limit.
            if len(reads) + len(subsets) > MAX_READS:
                break
        return _stream_tables(reads, self._read) if reads else iter(())


def _stream_tables(reads: list[dict[str, Any]], read: ReadRows) -> Iterator[pa.Table]:
    import ray
    import ray.data
    from ray.data import ExecutionResources

    from instancesketch.distributed.machines import off_head

    def read_drawings(batch: pa.Table) -> pa.Table:
        (item,) = batch.to_pylist()
        table = read(RowSubset(**item["subset"]), item["role"])
        return table.append_column(_PASS, pa.array(repeat(item[_PASS], len(table)), pa.int64()))

    context = ray.data.DataContext.get_current()
    # Ray Data's own error would come without its cause, the one line that is for the user.
    context.raise_original_map_exception = True
    options = context.execution_options
    options.preserve_order = True  # the order decides the weights
    options.resource_limits = ExecutionResources.for_limits(object_store_memory=MAX_PREFETCH)
    dataset = ray.data.from_items(reads, override_num_blocks=len(reads))
    tables = dataset.map_batches(
        read_drawings,
        batch_size=1,
        batch_format="pyarrow",  # numpy would turn ragged lists into pickled objects
        num_cpus=0,  # with any, workers that hold all CPUs would wait for their readers for ever
        concurrency=READERS,
        **off_head(ray.nodes()),
    )
    return iter(tables.iter_batches(batch_size=None, batch_format="pyarrow", prefetch_batches=2))
