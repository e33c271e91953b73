"""What a training worker reads, read ahead of it by Ray Data.

A stream takes seconds to start, as long as a small corpus takes to be learned once: one stream
reads for as many epochs as it can hold the list of.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict
from itertools import chain, repeat
from typing import Any

import pyarrow as pa

from instancesketch.training.config import Role
from instancesketch.training.sampling import Unit

# Processes that read ahead for one worker: two feed it, and each takes seconds to start.
READERS = 2
# How much they may be ahead. They share the cores with the training.
MOST_AHEAD = 256 * 2**20
# A stream is planned as a whole: it holds so many units, and one chapter at the least.
MOST_UNITS = 256

_CHAPTER = "_chapter"


class Streams:
    """Chapters of units, such as epochs, read in order, one stream for as many as it holds.

    Every worker streams its own units. Ray's split of one stream among workers hands blocks to
    whoever asks first, which would make a run depend on the machines' speed.

    Args:
        chapters: the role and the units of each, in the order they will be asked for.
        read: the rows of a unit that play a role; it is called in the readers.
    """

    def __init__(
        self,
        chapters: Iterable[tuple[Role, Sequence[Unit]]],
        read: Callable[[Unit, Role], pa.Table],
    ) -> None:
        self._chapters = iter(chapters)
        self._read = read
        self._begun = 0  # chapters that a stream was started for
        self._asked = 0
        self._tables: Iterator[pa.Table] = iter(())

    def chapter(self) -> Iterator[pa.Table]:
        """The rows of the next chapter, by unit; what is left of the one before is passed over."""
        if self._asked == self._begun:
            self._tables = self._start()
        number = self._asked
        self._asked += 1
        return self._rows(number)

    def _rows(self, number: int) -> Iterator[pa.Table]:
        for table in self._tables:
            if not len(table):
                continue
            found = table[_CHAPTER][0].as_py()
            if found > number:  # it has no rows, or no more
                self._tables = chain([table], self._tables)
                return
            if found == number:
                yield table.drop_columns([_CHAPTER])

    def _start(self) -> Iterator[pa.Table]:
        """Starts a stream of the next chapters."""
        items: list[dict[str, Any]] = []
        for role, units in self._chapters:
            items += [{_CHAPTER: self._begun, "role": role, "unit": asdict(u)} for u in units]
            self._begun += 1
            if len(items) + len(units) > MOST_UNITS:  # the next is about as long
                break
        return _tables(items, self._read) if items else iter(())


def _tables(
    items: list[dict[str, Any]], read: Callable[[Unit, Role], pa.Table]
) -> Iterator[pa.Table]:
    import ray.data
    from ray.data import ExecutionResources

    def read_drawings(batch: pa.Table) -> pa.Table:
        (item,) = batch.to_pylist()
        table = read(Unit(**item["unit"]), item["role"])
        number = pa.array(repeat(item[_CHAPTER], len(table)), pa.int64())
        return table.append_column(_CHAPTER, number)

    options = ray.data.DataContext.get_current().execution_options
    options.preserve_order = True
    options.resource_limits = ExecutionResources.for_limits(object_store_memory=MOST_AHEAD)
    dataset = ray.data.from_items(items, override_num_blocks=len(items))
    read_ahead = dataset.map_batches(
        read_drawings,
        batch_size=1,
        batch_format="pyarrow",
        num_cpus=0,  # with any, workers that hold all CPUs would wait for their readers for ever
        concurrency=READERS,
    )
    return iter(
        read_ahead.iter_batches(batch_size=None, batch_format="pyarrow", prefetch_batches=2)
    )
