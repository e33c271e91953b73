"""Training of the refiner: losses and evaluation.

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
from instancesketch.inference.instances import (
    countable_parts,
    find_instances,
    select_counted,
    sided_parts,
)
from instancesketch.inference.result_columns import Vocabulary, instance_columns
from instancesketch.metrics import GroupingTally
from instancesketch.models.features import StrokeFeatures
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
        """Return a mask of the countable parts of each category."""
        return countable_parts(self.taxonomy).to(self.device)

    def loss(self, batch: Batch, generator: torch.Generator) -> Tensor:
        """Return the triplet loss and the cross-entropies of pairs and of single strokes.

        Pairs and triplets are of strokes of known instance; of single strokes the model predicts
        whether they draw several instances at once.
        """
        counted_S = self.countable_CQ[batch.category_N[batch.sketch_of_S], batch.part_S]
        counted_S = counted_S & (batch.instance_S >= 0)
        features, strokes_T = select_counted(StrokeFeatures.of(batch), counted_S)
        counted = features.batch
        # Not a constant, because DDP needs a gradient of every parameter in every step.
        total = torch.stack([p.sum() * 0 for p in self.net.parameters()]).sum()
        if not len(counted):
            return total
        part_T = batch.part_S[strokes_T]
        groups = Groups.by_key(self.net.group_keys(counted, part_T), counted.instance_S > 0)
        with self.autocast():
            embedded = self.net(features, part_T, groups)
        if self.config.several_loss:
            # An instance of 0 marks a stroke that draws several at once.
            several_T = (counted.instance_S == 0).float()
            loss = F.binary_cross_entropy_with_logits(embedded.several_S, several_T)
            total = total + self.config.several_loss * loss
        if not len(groups):
            return total
        instance_GL = counted.instance_S[groups.strokes_GL]
        pair_GLL = groups.pairs()
        same_GLL = instance_GL[:, :, None] == instance_GL[:, None]
        if self.config.affinity_loss:
            loss = pair_loss(embedded.affinity_GLL, same_GLL, pair_GLL)
            total = total + self.config.affinity_loss * loss
        if self.config.triplet_loss:
            places_GLD = embedded.places_SD[groups.strokes_GL]
            loss = triplet_loss(
                places_GLD, same_GLL & pair_GLL, ~same_GLL & pair_GLL, self.config.margin, generator
            )
            total = total + self.config.triplet_loss * loss
        return total

    def measure(self, batches: Iterable[Batch]) -> GroupingTally:
        """Count right and wrong instances of labelled batches, with their true parts given."""
        return evaluate(self.mean, batches, self.taxonomy)

    def label_table(self, table: pa.Table) -> pa.Table:
        """Return rows of a result with predicted instances of their true parts."""
        batch = pack(table, self.taxonomy)
        finder, features = partial(find_instances, self.mean), StrokeFeatures.of(batch)
        vocabulary = Vocabulary(self.taxonomy)
        columns = instance_columns(finder, features, batch.part_S, batch.category_N, vocabulary)
        return build_result_table(table, columns)


def pair_loss(affinity_GLL: Tensor, same_GLL: Tensor, pair_GLL: Tensor) -> Tensor:
    """Return the cross-entropy of pairs, averaged within groups that weigh by their strokes.

    Args:
        affinity_GLL: logits that two strokes draw the same instance.
        same_GLL: whether they do.
        pair_GLL: the pairs that count.
    """
    # By strokes, not by pairs, or the hundreds of pairs of a sun's rays outweigh a dog's two legs.
    loss_GLL = F.binary_cross_entropy_with_logits(
        affinity_GLL, same_GLL.to(affinity_GLL), reduction="none"
    )
    pairs_G = pair_GLL.sum((1, 2))
    loss_G = (loss_GLL * pair_GLL).sum((1, 2)) / pairs_G
    strokes_G = pair_GLL.any(2).sum(1)
    return (loss_G * strokes_G).sum() / strokes_G.sum()


def triplet_loss(
    places_GLD: Tensor,
    positive_GLL: Tensor,
    negative_GLL: Tensor,
    margin: float,
    generator: torch.Generator,
) -> Tensor:
    """Return the triplet loss of squared distances (Schroff et al. 2015).

    Every anchor has a random positive and a random negative; anchors that lack either are left out,
    and without any the loss is zero.

    Args:
        places_GLD: embeddings of length 1.
        positive_GLL: pairs of the same instance.
        negative_GLL: pairs of different instances.
        margin: by which a negative should be farther away than a positive.
        generator: draws the triplets.
    """
    random_GLL = torch.rand(positive_GLL.shape, generator=generator, device=generator.device)
    positive_GL, negative_GL = (
        # Random numbers from 1 where the mask is set, and 0 elsewhere: the largest is a random
        # pick.
        (mask * (random_GLL + 1)).argmax(2)
        for mask in (positive_GLL, negative_GLL)
    )
    complete_GL = positive_GLL.any(2) & negative_GLL.any(2)
    # The squared distance of vectors of length 1 is 2 - 2 cos.
    cosine_GLL = places_GLD @ places_GLD.transpose(1, 2)
    to_positive, to_negative = (
        2 - 2 * cosine_GLL.gather(2, at_GL[:, :, None])[:, :, 0]
        for at_GL in (positive_GL, negative_GL)
    )
    loss_GL = F.relu(to_positive - to_negative + margin) * complete_GL
    return loss_GL.sum() / complete_GL.sum().clamp(min=1)


def evaluate(net: RefinerNet, batches: Iterable[Batch], taxonomy: Taxonomy) -> GroupingTally:
    """Count right and wrong instances of labelled batches, with true parts given."""
    net.eval()
    tally = GroupingTally.empty(taxonomy.part_names, taxonomy.category_names)
    countable_CQ, sided_CQ = countable_parts(taxonomy), sided_parts(taxonomy)
    for batch in batches:
        category_S = batch.category_N[batch.sketch_of_S]
        known_S = batch.part_S >= 0
        counted_S = countable_CQ[category_S, batch.part_S] & known_S
        sided_S = sided_CQ[category_S, batch.part_S] & known_S
        predicted = find_instances(net, StrokeFeatures.of(batch), batch.part_S, counted_S, sided_S)
        tally.add_arrays(
            truth_part=batch.part_S.numpy(),
            truth_instance=torch.where(counted_S, batch.instance_S, -1).numpy(),
            part=batch.part_S.numpy(),
            instance=torch.where(counted_S, predicted.instance_S, -1).numpy(),
            strokes_per_sketch=batch.strokes_N.numpy(),
            category=batch.category_N.numpy(),
        )
    return tally
