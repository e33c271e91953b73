"""Rows on their way into a training loop: packed, shuffled, cut into batches.

Shape letters: see `instancesketch.models.ragged`; C categories.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pyarrow as pa
import torch

from instancesketch.core.model_kinds import Labels
from instancesketch.core.taxonomy import Taxonomy
from instancesketch.models.packing import Batch, join, pack, pack_scenes

_PACK = {"parts": pack, "objects": pack_scenes}
# A worker shuffles this many drawings at a time.
BUFFER = 8_192


def shuffled(
    tables: Iterable[pa.Table],
    taxonomy: Taxonomy,
    *,
    batch_size: int,
    repeats_C: torch.Tensor,
    generator: torch.Generator,
    labels: Labels = "parts",
) -> Iterator[Batch]:
    """Cuts tables into shuffled batches; drawings of like size share a batch.

    Args:
        tables: what the worker reads in this epoch.
        taxonomy: gives labels their numbers.
        batch_size: drawings per batch; the last one may be smaller.
        repeats_C: how often a drawing of each category is used; a scene as often as the last.
        generator: decides the order.
        labels: what is learned from.
    """
    rest: Batch | None = None
    for batch in buffered(tables, taxonomy, labels):
        order = torch.repeat_interleave(repeats_C[batch.category_N])
        batch = batch.select(order[torch.randperm(len(order), generator=generator)])
        if rest is not None:
            batch = join([rest, batch])
        whole = len(batch) // batch_size * batch_size
        yield from like_sizes(batch, torch.arange(whole), batch_size, generator)
        rest = batch.select(torch.arange(whole, len(batch)))
    if rest is not None and len(rest):
        yield rest


def like_sizes(
    batch: Batch, order_M: torch.Tensor, batch_size: int, generator: torch.Generator
) -> Iterator[Batch]:
    """Cuts the drawings of the given numbers, in their order, into batches of like sizes.

    Sorting by size within a window of sixteen batches spares most of the padding.
    """
    for start in range(0, len(order_M), 16 * batch_size):
        window = order_M[start : start + 16 * batch_size]
        by_size = window[batch.strokes_N[window].argsort(stable=True)].split(batch_size)
        for i in torch.randperm(len(by_size), generator=generator).tolist():
            yield batch.select(by_size[i])


def exactly(batches: Iterable[Batch], steps: int) -> Iterator[Batch]:
    """The first `steps` batches; where there are fewer, the last one again.

    Workers that average their gradients must all take the same number of steps.
    """
    left, batch = steps, None
    for batch in batches:
        if left == 0:
            return
        yield batch
        left -= 1
    while left and batch is not None:
        yield batch
        left -= 1


def buffered(
    tables: Iterable[pa.Table], taxonomy: Taxonomy, labels: Labels = "parts"
) -> Iterator[Batch]:
    """Packs tables together until there is enough to shuffle, or to keep a model busy."""
    held: list[pa.Table] = []
    for table in tables:
        held.append(table)
        if sum(map(len, held)) >= BUFFER:
            yield _PACK[labels](pa.concat_tables(held), taxonomy)
            held = []
    if sum(map(len, held)):
        yield _PACK[labels](pa.concat_tables(held), taxonomy)
