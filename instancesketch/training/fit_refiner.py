"""Training the refiner: its recipes, its losses, its figures.

Shape letters: see `models.ragged`; C categories, Q parts, G groups of strokes that draw the
same part of the same drawing, L strokes of the largest of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property, partial

import pyarrow as pa
import torch
from torch import Tensor
from torch.nn import functional as F

from instancesketch.core.schema import build_result_table
from instancesketch.core.taxonomy import Taxonomy
from instancesketch.inference.instances import countable_parts, counted_strokes, find, sided_parts
from instancesketch.inference.segmenter import instance_columns
from instancesketch.metrics import GroupingTally
from instancesketch.models.packing import Batch, pack
from instancesketch.models.refiner import Groups, RefinerNet
from instancesketch.training.config import RefinerFitConfig
from instancesketch.training.trainer import Fit


class RefinerFit(Fit):
    """A refiner in training."""

    config: RefinerFitConfig
    net: RefinerNet
    mean: RefinerNet
    shown_by = "instance"

    @cached_property
    def countable_CQ(self) -> Tensor:
        """Which parts of each category are counted."""
        return countable_parts(self.taxonomy).to(self.device)

    def loss(self, batch: Batch, generator: torch.Generator) -> Tensor:
        """Triplets and pairs of strokes of known instance, and which strokes draw several."""
        counted_S = self.countable_CQ[batch.category_N[batch.sketch_of_S], batch.part_S]
        few, strokes_T = counted_strokes(batch, counted_S & (batch.instance_S >= 0))
        # A sum of nothing takes part, too: under DDP every parameter needs a gradient.
        total = torch.stack([p.sum() * 0 for p in self.net.parameters()]).sum()
        if not len(few):
            return total
        part_T = batch.part_S[strokes_T]
        groups = Groups.of(self.net.keys(few, part_T), few.instance_S > 0)
        with self.autocast():
            embedded = self.net(few, part_T, groups)
        if self.config.several_loss:
            several_T = (few.instance_S == 0).float()
            missed = F.binary_cross_entropy_with_logits(embedded.several_S, several_T)
            total = total + self.config.several_loss * missed
        if not len(groups):
            return total
        instance_GL = few.instance_S[groups.strokes_GL]
        pair_GLL = groups.pairs()
        same_GLL = instance_GL[:, :, None] == instance_GL[:, None]
        if self.config.affinity_loss:
            missed = pair_loss(embedded.affinity_GLL, same_GLL, pair_GLL)
            total = total + self.config.affinity_loss * missed
        if self.config.triplet_loss:
            places_GLD = embedded.places_SD[groups.strokes_GL]
            missed = triplet_loss(
                places_GLD, same_GLL & pair_GLL, ~same_GLL & pair_GLL, self.config.margin, generator
            )
            total = total + self.config.triplet_loss * missed
        return total

    def measure(self, batches: Iterable[Batch]) -> GroupingTally:
        """Counts how the running mean does on labelled batches, their true parts given."""
        return evaluate(self.mean, batches, self.taxonomy)

    def label_table(self, table: pa.Table) -> pa.Table:
        """Rows of a result: the instances of their true parts as the running mean finds them."""
        batch = pack(table, self.taxonomy)
        finder = partial(find, self.mean)
        columns = instance_columns(finder, batch, batch.part_S, batch.category_N, self.taxonomy)
        return build_result_table(table, columns)


def pair_loss(affinity_GLL: Tensor, same_GLL: Tensor, pair_GLL: Tensor) -> Tensor:
    """Cross-entropy of pairs, averaged within a group; a group counts as often as it has strokes.

    So a sun of thirty rays, with its hundreds of pairs, doesn't drown a dog of two legs.
    """
    missed_GLL = F.binary_cross_entropy_with_logits(
        affinity_GLL, same_GLL.to(affinity_GLL), reduction="none"
    )
    pairs_G = pair_GLL.sum((1, 2))
    missed_G = (missed_GLL * pair_GLL).sum((1, 2)) / pairs_G
    strokes_G = pair_GLL.any(2).sum(1)
    return (missed_G * strokes_G).sum() / strokes_G.sum()


def triplet_loss(
    places_GLD: Tensor,
    positive_GLL: Tensor,
    negative_GLL: Tensor,
    margin: float,
    generator: torch.Generator,
) -> Tensor:
    """A random positive and negative per anchor (Schroff et al. 2015), by squared distance.

    Anchors that lack either are left out; without any the loss is zero.
    """
    chance_GLL = torch.rand(positive_GLL.shape, generator=generator, device=generator.device)
    positive_GL, negative_GL = (
        (mask * (chance_GLL + 1)).argmax(2) for mask in (positive_GLL, negative_GLL)
    )
    whole_GL = positive_GLL.any(2) & negative_GLL.any(2)
    # Of vectors of length 1 the squared distance is 2 - 2 cos.
    cosine_GLL = places_GLD @ places_GLD.transpose(1, 2)
    to_positive, to_negative = (
        2 - 2 * cosine_GLL.gather(2, at_GL[:, :, None])[:, :, 0]
        for at_GL in (positive_GL, negative_GL)
    )
    missed_GL = F.relu(to_positive - to_negative + margin) * whole_GL
    return missed_GL.sum() / whole_GL.sum().clamp(min=1)


def evaluate(net: RefinerNet, batches: Iterable[Batch], taxonomy: Taxonomy) -> GroupingTally:
    """Counts how the model groups the strokes of labelled batches, their true parts given."""
    net.eval()
    tally = GroupingTally.empty(taxonomy.part_names, taxonomy.category_names)
    countable_CQ, sided_CQ = countable_parts(taxonomy), sided_parts(taxonomy)
    for batch in batches:
        category_S = batch.category_N[batch.sketch_of_S]
        known_S = batch.part_S >= 0
        counted_S = countable_CQ[category_S, batch.part_S] & known_S
        sided_S = sided_CQ[category_S, batch.part_S] & known_S
        found = find(net, batch, batch.part_S, counted_S, sided_S)
        tally.add_arrays(
            truth_part=batch.part_S.numpy(),
            truth_instance=torch.where(counted_S, batch.instance_S, -1).numpy(),
            part=batch.part_S.numpy(),
            instance=torch.where(counted_S, found.instance_S, -1).numpy(),
            strokes_per_sketch=batch.strokes_N.numpy(),
            category=batch.category_N.numpy(),
        )
    return tally
