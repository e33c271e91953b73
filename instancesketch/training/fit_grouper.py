"""Training of the grouper: losses and evaluation.

Shape letters: see `instancesketch.models.ragged`.
"""

from __future__ import annotations

from collections.abc import Iterable

import pyarrow as pa
import torch
from torch import Tensor
from torch.nn import functional as F

from instancesketch.core.taxonomy import Taxonomy
from instancesketch.inference.object_grouper import Grouper, find_objects
from instancesketch.metrics import SceneTally, scene_weights
from instancesketch.models import ragged
from instancesketch.models.features import StrokeFeatures
from instancesketch.models.grouper import GrouperNet
from instancesketch.models.packing import Batch
from instancesketch.training.config import GrouperFitConfig
from instancesketch.training.fit_refiner import pair_loss
from instancesketch.training.trainer import Fit


class GrouperFit(Fit):
    """A grouper in training; its batches are scenes, packed by `pack_scenes`."""

    config: GrouperFitConfig
    net: GrouperNet
    mean: GrouperNet
    shown_by = "object"

    def loss(self, batch: Batch, generator: torch.Generator) -> Tensor:
        """Return the cross-entropies of pairs, same object or not, and of strokes' categories."""
        # The order is an input at times alone, because many files don't keep it.
        random_N = torch.rand(len(batch), generator=generator, device=self.device)
        with self.autocast():
            grouped = self.net(StrokeFeatures(batch), random_N < self.config.ordered_p)
        same_NLL, pair_NLL = same_object(batch)
        some_N = pair_NLL.any((1, 2))  # a scene of one stroke has no pairs
        # Not a constant, because DDP needs a gradient of every parameter in every step.
        loss = grouped.affinity_NLL.sum() * 0
        if bool(some_N.any()):
            loss = loss + pair_loss(
                grouped.affinity_NLL[some_N], same_NLL[some_N], pair_NLL[some_N]
            )
        return loss + self.config.kind_loss * kind_loss(grouped.category_SC, batch.part_S)

    def measure(self, batches: Iterable[Batch]) -> SceneTally:
        """Count right and wrong objects of labelled scenes, without their drawing order."""
        return evaluate(self.mean, batches, self.taxonomy)

    def label_table(self, table: pa.Table) -> pa.Table:
        """Return rows of a result with predicted objects."""
        return Grouper(self.mean, self.taxonomy).group_table(table)


def kind_loss(kinds_SC: Tensor, kind_S: Tensor) -> Tensor:
    """Return the cross-entropy of the categories of strokes' objects, averaged where known.

    Args:
        kinds_SC: logits of the categories, the last one any other thing.
        kind_S: the true category, -1 where it isn't known.
    """
    loss = F.cross_entropy(kinds_SC, kind_S, ignore_index=-1, reduction="sum")
    # A batch without a known category has a loss of 0, not NaN.
    return loss / (kind_S >= 0).sum().clamp(min=1)


def same_object(batch: Batch) -> tuple[Tensor, Tensor]:
    """Return masks of pairs of strokes: of the same object, and of two strokes of known objects."""
    at_S, length = ragged.within(batch.strokes_N), int(batch.strokes_N.max())
    object_NL = torch.zeros(len(batch), length, dtype=torch.long, device=batch.part_S.device)
    object_NL[batch.sketch_of_S, at_S] = batch.instance_S.clamp(min=0)
    a, b = object_NL[:, :, None], object_NL[:, None]
    # A stroke is in its own object whatever the network predicts.
    apart_LL = ~torch.eye(length, dtype=torch.bool, device=object_NL.device)
    return a == b, (a > 0) & (b > 0) & apart_LL


def evaluate(net: GrouperNet, batches: Iterable[Batch], taxonomy: Taxonomy) -> SceneTally:
    """Count right and wrong objects of labelled scenes."""
    net.eval()
    tally, other = SceneTally.empty((), taxonomy.category_names), len(taxonomy.category_names)
    for batch in batches:
        predicted = find_objects(net, batch)
        # Objects without a stroke have no known category, and so don't count.
        true_N = ragged.reduce(batch.instance_S, batch.sketch_of_S, len(batch), "amax").clamp(min=0)
        kind_K = torch.full((int(true_N.sum()),), -1)
        some_S = batch.instance_S > 0
        first_S = ragged.starts(true_N)[batch.sketch_of_S]
        kind_K[(first_S + batch.instance_S - 1)[some_S]] = batch.part_S[some_S]
        x_P, y_P = batch.points_P2.numpy().T
        tally.add_arrays(
            # Batches number objects from 1, the tally from 0, with -1 for none.
            truth_object=(batch.instance_S - 1).clamp(min=-1).numpy(),
            object=predicted.object_S.numpy(),
            weight=scene_weights(x_P, y_P, batch.stroke_len_S.numpy()),
            strokes_per_scene=batch.strokes_N.numpy(),
            truth_category=kind_K.where(kind_K < other, -1).numpy(),
            truth_objects_per_scene=true_N.numpy(),
            category=predicted.category_K.where(predicted.category_K < other, -1).numpy(),
            objects_per_scene=predicted.objects_N.numpy(),
        )
    return tally
