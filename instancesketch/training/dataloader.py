"""Batches of a training epoch: mixed row groups, shuffle buffer, bucketing by size, collate.

Shape letters: see `instancesketch.models.ragged`; M drawings of a buffer.
"""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress

import numpy as np
import pyarrow as pa
import torch

from instancesketch.core.model_kinds import Labels
from instancesketch.core.taxonomy import Taxonomy
from instancesketch.models.packing import Batch, join, pack, pack_scenes
from instancesketch.training.sampling import USES

_PACK = {"parts": pack, "objects": pack_scenes}
# Row groups that are mixed. With `W` of them, each of another category, two drawings of a batch are
# of one category with the odds of 1 in `W`, beside those of any shuffle: 128 leave a batch of eight
# 97 % of the categories that it has after a shuffle of 345 of them.
MIXED = 128
# Points of the row groups that are held, at most: half a gigabyte.
MOST_POINTS = 64_000_000
# Drawings in a worker's shuffle buffer, which are packed at once.
BUFFER = 8_192
# Batches that are sorted by size together; more would shuffle less, fewer would pad more.
_WINDOW = 16
# Batches that are ready for a GPU, which must not wait for the processor.
_PREFETCHED = 4


def collate(tables: Sequence[pa.Table], taxonomy: Taxonomy, labels: Labels = "parts") -> Batch:
    """Pack the rows of tables into one batch."""
    return _PACK[labels](pa.concat_tables(tables), taxonomy)


def iter_buffers(
    tables: Iterable[pa.Table], taxonomy: Taxonomy, labels: Labels = "parts"
) -> Iterator[Batch]:
    """Yield the rows of tables in order, packed into buffers of `BUFFER` drawings or more.

    The last buffer holds what is left, and may be smaller.
    """
    for table in _iter_buffer_tables(tables):
        yield collate([table], taxonomy, labels)


def _iter_buffer_tables(tables: Iterable[pa.Table]) -> Iterator[pa.Table]:
    held: list[pa.Table] = []
    for table in tables:
        held.append(table)
        if sum(map(len, held)) >= BUFFER:
            yield pa.concat_tables(held)
            held = []
    if sum(map(len, held)):
        yield pa.concat_tables(held)


def iter_shuffled_batches(
    tables: Iterable[pa.Table],
    taxonomy: Taxonomy,
    *,
    batch_size: int,
    generator: torch.Generator,
    labels: Labels = "parts",
    window: int = MIXED,
    skipped: int = 0,
) -> Iterator[Batch]:
    """Yield the rows of tables in shuffled batches, drawings of like size together.

    Batches that are skipped are counted and not made: their drawings are read, but not packed.

    Args:
        tables: what the worker reads in this epoch; their column `USES` is how often a row is used.
        taxonomy: numbers the labels.
        batch_size: drawings per batch; the last one may be smaller.
        generator: decides the order.
        labels: that the model is trained on.
        window: the number of tables that are mixed.
        skipped: batches to leave out at the beginning; the others are the same as without.
    """
    rest: Batch | None = None
    seed = int(torch.randint(2**62, (), generator=generator))
    for table in _iter_buffer_tables(mix_tables(tables, seed, window)):
        order = torch.repeat_interleave(torch.tensor(table[USES].to_numpy()))
        order = order[torch.randperm(len(order), generator=generator)]
        # Drawings that don't fill a batch wait for the next buffer: only one batch is short.
        drawings = len(order) + (0 if rest is None else len(rest))
        whole = drawings // batch_size * batch_size
        if skipped * batch_size >= whole > 0 and drawings - whole <= len(order):
            skipped -= whole // batch_size
            _draw_batch_orders(whole, batch_size, generator)
            left = table.take(pa.array(order[len(order) - (drawings - whole) :].numpy()))
            rest = collate([left], taxonomy, labels)
            continue
        buffer = collate([table], taxonomy, labels).select(order)
        if rest is not None:
            buffer = join([rest, buffer])
        for index in bucket(buffer, torch.arange(whole), batch_size, generator):
            if skipped:
                skipped -= 1
            else:
                yield buffer.select(index)
        rest = buffer.select(torch.arange(whole, len(buffer)))
    if rest is not None and len(rest) and not skipped:
        yield rest


def _draw_batch_orders(drawings: int, batch_size: int, generator: torch.Generator) -> None:
    """Draw the random numbers that `bucket` draws for so many drawings."""
    for start in range(0, drawings, _WINDOW * batch_size):
        batches = -(-min(_WINDOW * batch_size, drawings - start) // batch_size)
        torch.randperm(batches, generator=generator)


def mix_tables(
    tables: Iterable[pa.Table], seed: int, window: int = MIXED, most_points: int = MOST_POINTS
) -> Iterator[pa.Table]:
    """Yield the rows of tables, each once, so that those of many tables lie together.

    A corpus that was read from one file per category keeps the order of its files, and a row group
    is the least that can be read of it. So a window of row groups is held, and each leaves it by
    and by, a random part at a time.

    Args:
        tables: with the column `x`; of any sizes.
        seed: decides the order.
        window: the most tables that are held, and that a table is spread over.
        most_points: the most points of the tables that are held, roughly: fewer tables are mixed
            where drawings are very large.

    Yields:
        Tables that are about as large as those that came, and the same for the same tables and
        seed. Within each of them the rows of a table that came still lie together.
    """
    shuffled = _shuffle_each(tables, seed)
    held, points = deque[_Spread](), 0
    waiting: list[pa.Table] = []
    for table in shuffled:
        waiting.append(table)
        points += _count_points(table)
        if len(waiting) == window or points >= most_points:
            break
    # Each gives a part to every one of the next `parts` tables, the first ones like all others.
    parts, random = len(waiting), np.random.default_rng((seed, 1))
    held.extend(_Spread(table, parts, random) for table in waiting)
    largest = max(map(len, waiting), default=0)
    del waiting
    for table in shuffled:
        held.append(_Spread(table, parts, random))
        largest = max(largest, len(table))
        yield from _take_parts(held)
        while held and held[0].is_empty:
            held.popleft()
    # What is left is dealt anew: by the first dealing the last table would leave alone.
    rest = [spread.rest for spread in held]
    held.clear()
    times = -(-sum(map(len, rest)) // max(1, largest))
    held.extend(_Spread(table, times, random) for table in rest)
    for _ in range(times):
        yield from _take_parts(held)


def _shuffle_each(tables: Iterable[pa.Table], seed: int) -> Iterator[pa.Table]:
    """Yield the tables that have rows, each with its rows in a random order."""
    for number, table in enumerate(filter(len, tables)):
        # By its number, so that the order of its rows doesn't depend on the tables before it.
        order = np.random.default_rng((seed, 0, number)).permutation(len(table))
        yield table.take(pa.array(order))


def _count_points(table: pa.Table) -> int:
    return sum(len(chunk.flatten()) for chunk in table["x"].chunks)


class _Spread:
    """A table that is given away in parts of about equal sizes."""

    def __init__(self, table: pa.Table, parts: int, random: np.random.Generator) -> None:
        self._table, self._part = table, 0
        # Ends at random fractions: few rows of many tables would else all leave at the same time.
        edges = np.linspace(0, len(table), parts + 1)[1:-1] + random.random()
        self._edges: Sequence[int] = [0, *edges.astype(np.int64).tolist(), len(table)]

    @property
    def is_empty(self) -> bool:
        """Return whether all parts were taken."""
        return self._part == len(self._edges) - 1

    @property
    def rest(self) -> pa.Table:
        """Return the rows that were not taken."""
        return self._table.slice(self._edges[self._part])

    def take(self) -> pa.Table:
        """Return the next part, which may have no rows."""
        start, stop = self._edges[self._part : self._part + 2]
        self._part += 1
        return self._table.slice(start, stop - start)


def _take_parts(held: Iterable[_Spread]) -> Iterator[pa.Table]:
    """Yield a table of the next part of each of those that are held, unless it has no rows."""
    parts = pa.concat_tables(spread.take() for spread in held)
    if len(parts):
        yield parts


def bucket(
    batch: Batch, order_M: torch.Tensor, batch_size: int, generator: torch.Generator
) -> Iterator[torch.Tensor]:
    """Split drawings into batches of like size, which spares most of the padding.

    Args:
        batch: the drawings.
        order_M: the numbers of those to split, shuffled; each window of it is sorted by size.
        batch_size: drawings per batch.
        generator: decides the order of the batches within a window.

    Yields:
        The numbers of the drawings of each batch.
    """
    for start in range(0, len(order_M), _WINDOW * batch_size):
        window = order_M[start : start + _WINDOW * batch_size]
        by_size = window[batch.strokes_N[window].argsort(stable=True)].split(batch_size)
        # Shuffled again, or every window would go from small drawings to large ones.
        for i in torch.randperm(len(by_size), generator=generator).tolist():
            yield by_size[i]


def prefetch(batches: Iterable[Batch]) -> Iterator[Batch]:
    """Yield batches that a thread prepares ahead, in memory that a GPU copies from by itself."""
    ahead: queue.Queue[Batch | BaseException | None] = queue.Queue(_PREFETCHED)
    stopped = threading.Event()

    def put(item: Batch | BaseException | None) -> None:
        while not stopped.is_set():
            with suppress(queue.Full):
                ahead.put(item, timeout=0.1)
                return

    def prepare() -> None:
        try:
            for batch in batches:
                put(batch.pin_memory() if torch.cuda.is_available() else batch)
                if stopped.is_set():
                    return
            put(None)
        except BaseException as error:  # raised where the batches are taken
            put(error)

    # A daemon, which can't keep a process that ends in the middle of an epoch.
    thread = threading.Thread(target=prepare, name="batches", daemon=True)
    thread.start()
    try:
        while (item := ahead.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        stopped.set()
        thread.join()
