"""Batches of a training epoch: shuffle buffer, bucketing by size, collate.

Shape letters: see `instancesketch.models.ragged`; M drawings of a buffer.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress

import pyarrow as pa
import torch

from instancesketch.core.errors import UserError
from instancesketch.core.model_kinds import Labels
from instancesketch.core.taxonomy import Taxonomy
from instancesketch.models.packing import Batch, join, pack, pack_scenes
from instancesketch.models.ragged import Layout
from instancesketch.training.sampling import USES

_PACK = {"parts": pack, "objects": pack_scenes}
# Drawings in a worker's shuffle buffer.
# More than a row group has, so that the drawings of several are mixed.
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
) -> Iterator[Batch]:
    """Yield the rows of tables in shuffled batches, drawings of like size together.

    Args:
        tables: what the worker reads in this epoch; their column `USES` is how often a row is used.
        taxonomy: numbers the labels.
        batch_size: drawings per batch; the last one may be smaller.
        generator: decides the order.
        labels: that the model is trained on.
    """
    rest: Batch | None = None
    for table in _iter_buffer_tables(tables):
        buffer = collate([table], taxonomy, labels)
        order = torch.repeat_interleave(torch.tensor(table[USES].to_numpy()))
        buffer = buffer.select(order[torch.randperm(len(order), generator=generator)])
        if rest is not None:
            buffer = join([rest, buffer])
        # Drawings that don't fill a batch wait for the next buffer: only one batch is short.
        whole = len(buffer) // batch_size * batch_size
        for index in bucket(buffer, torch.arange(whole), batch_size, generator):
            yield buffer.select(index)
        rest = buffer.select(torch.arange(whole, len(buffer)))
    if rest is not None and len(rest):
        yield rest


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


class StepIterator:
    """An iterator over one batch per step; `waited` is the seconds spent waiting for them.

    A step in which this worker has no drawings gets a batch without any, because the others wait
    for its gradients all the same.

    Args:
        batches: of one epoch.
        sizes: drawings of this worker in each step.
        on_step: called with 0 once the first batch is there, then with the number of steps done.
    """

    def __init__(
        self,
        batches: Iterable[Batch],
        sizes: Iterable[int],
        on_step: Callable[[int], object] = lambda done: None,
    ) -> None:
        self.waited = 0.0
        self._batches, self._sizes, self._on_step = batches, sizes, on_step

    def __iter__(self) -> Iterator[Batch]:
        """Yield a batch for each step.

        Raises:
            UserError: there are more drawings, or fewer, than the steps have.
        """
        batches = iter(self._batches)
        for done, size in enumerate(self._sizes):
            batch = self._next(batches) if size else empty_batch()
            _check_size(batch, size)
            if done == 0:
                self._on_step(0)
            yield batch
            self._on_step(done + 1)
        _check_size(self._next(batches), 0)

    def _next(self, batches: Iterator[Batch]) -> Batch:
        began = time.perf_counter()
        batch = next(batches, None)
        self.waited += time.perf_counter() - began
        return empty_batch() if batch is None else batch


def empty_batch() -> Batch:
    """Return a batch without drawings."""
    none = torch.zeros(0, dtype=torch.int64)
    return Batch(
        points_P2=torch.zeros(0, 2),
        layout=Layout(none, none, 0),
        part_S=none,
        instance_S=none,
        category_N=none,
    )


def _check_size(batch: Batch, size: int) -> None:
    # Neither a repeated batch nor drawings left out: a training with either looks like any other.
    if len(batch) != size:
        raise UserError(
            f"the corpora were changed during the training: {len(batch)} drawings were read for a "
            f"step of {size}"
        )
