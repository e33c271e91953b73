"""Batches of a training epoch: shuffle buffer, bucketing by size, collate.

Shape letters: see `instancesketch.models.ragged`; C categories, M drawings of a buffer.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence

import pyarrow as pa
import torch

from instancesketch.core.model_kinds import Labels
from instancesketch.core.taxonomy import Taxonomy
from instancesketch.models.packing import Batch, join, pack, pack_scenes
from instancesketch.training.config import FitConfig
from instancesketch.training.sampling import RowGroup

_PACK = {"parts": pack, "objects": pack_scenes}
# Drawings in a worker's shuffle buffer.
# More than a row group has, so that the drawings of several are mixed.
BUFFER = 8_192
# Batches that are sorted by size together; more would shuffle less, fewer would pad more.
_WINDOW = 16


def count_repeats(recipe: FitConfig, taxonomy: Taxonomy) -> torch.Tensor:
    """Return the number of times that an epoch uses a drawing of each category, (C,)."""
    return torch.tensor(
        [recipe.passes * recipe.oversample.get(name, 1) for name in taxonomy.category_names]
    )


def epoch_size(groups: Sequence[RowGroup], repeats_C: torch.Tensor) -> int:
    """Return the number of drawings that an epoch uses of the row groups, with repeats."""
    # Scenes have no category; they are packed as if of the last one.
    return sum(
        int((torch.tensor(g.categories) * repeats_C).sum())
        if g.categories
        else g.rows * int(repeats_C[-1])
        for g in groups
    )


def batch_share(batch_size: int, rank: int, workers: int) -> int:
    """Return a worker's number of drawings in each batch; the shares differ by one at most."""
    # Differences of rounded totals add up to the batch size exactly.
    return (rank + 1) * batch_size // workers - rank * batch_size // workers


def collate(tables: Sequence[pa.Table], taxonomy: Taxonomy, labels: Labels = "parts") -> Batch:
    """Pack the rows of tables into one batch."""
    return _PACK[labels](pa.concat_tables(tables), taxonomy)


def iter_buffers(
    tables: Iterable[pa.Table], taxonomy: Taxonomy, labels: Labels = "parts"
) -> Iterator[Batch]:
    """Yield the rows of tables in order, packed into buffers of `BUFFER` drawings or more.

    The last buffer holds what is left, and may be smaller.
    """
    held: list[pa.Table] = []
    for table in tables:
        held.append(table)
        if sum(map(len, held)) >= BUFFER:
            yield collate(held, taxonomy, labels)
            held = []
    if sum(map(len, held)):
        yield collate(held, taxonomy, labels)


def iter_shuffled_batches(
    tables: Iterable[pa.Table],
    taxonomy: Taxonomy,
    *,
    batch_size: int,
    repeats_C: torch.Tensor,
    generator: torch.Generator,
    labels: Labels = "parts",
) -> Iterator[Batch]:
    """Yield the rows of tables in shuffled batches, drawings of like size together.

    Args:
        tables: what the worker reads in this epoch.
        taxonomy: numbers the labels.
        batch_size: drawings per batch; the last one may be smaller.
        repeats_C: how often a drawing of each category is used; a scene as often as the last.
        generator: decides the order.
        labels: that the model is trained on.
    """
    rest: Batch | None = None
    for buffer in iter_buffers(tables, taxonomy, labels):
        order = torch.repeat_interleave(repeats_C[buffer.category_N])
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


class StepIterator:
    """An iterator over exactly `steps` batches; `waited` is the seconds spent waiting for them.

    Workers that average their gradients must all take the same number of steps, so where there are
    fewer batches the last one is repeated. Without any batch no step is taken.

    Args:
        batches: of one epoch.
        steps: how many to take.
        on_step: called with 0 once the first batch is there, then with the number of steps done.
    """

    def __init__(
        self,
        batches: Iterable[Batch],
        steps: int,
        on_step: Callable[[int], object] = lambda done: None,
    ) -> None:
        self.waited = 0.0
        self._batches, self._steps, self._on_step = batches, steps, on_step

    def __iter__(self) -> Iterator[Batch]:
        batches, batch = iter(self._batches), None
        for done in range(self._steps):
            began = time.perf_counter()
            # Without a repeated batch the others would wait for this worker's gradients for ever.
            batch = next(batches, batch)
            self.waited += time.perf_counter() - began
            if batch is None:
                return
            if done == 0:
                self._on_step(0)
            yield batch
            self._on_step(done + 1)
