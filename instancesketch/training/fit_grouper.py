"""Training the grouper: its recipe, its losses, its figures.

Shape letters: see `instancesketch.models.ragged`.
"""

from __future__ import annotations

from collections.abc import Iterable

import pyarrow as pa
import torch
from torch import Tensor
from torch.nn import functional as F

from instancesketch.core.taxonomy import Taxonomy
from instancesketch.inference.object_grouper import Grouper, find
from instancesketch.metrics import SceneTally, scene_weights
from instancesketch.models import ragged
from instancesketch.models.grouper import GrouperNet
from instancesketch.models.packing import Batch
from instancesketch.training.config import GrouperFitConfig
from instancesketch.training.fit_refiner import pair_loss
from instancesketch.training.trainer import Fit


class GrouperFit(Fit):
    """A grouper in training. A batch holds scenes, packed by `pack_scenes`."""

    config: GrouperFitConfig
    net: GrouperNet
    mean: GrouperNet
    shown_by = "object"

    def loss(self, batch: Batch, generator: torch.Generator) -> Tensor:
        """Cross-entropy of pairs of strokes, one object or two, and of the strokes' kinds."""
        chance_N = torch.rand(len(batch), generator=generator, device=self.device)
        with self.autocast():
            said = self.net(batch, chance_N < self.config.ordered_p)
        same_NLL, pair_NLL = same_object(batch)
        some_N = pair_NLL.any((1, 2))  # a scene of one stroke has no pairs
        loss = said.affinity_NLL.sum() * 0
        if bool(some_N.any()):
            loss = loss + pair_loss(said.affinity_NLL[some_N], same_NLL[some_N], pair_NLL[some_N])
        return loss + self.config.kind_loss * kind_loss(said.kinds_SC, batch.part_S)

    def measure(self, batches: Iterable[Batch]) -> SceneTally:
        """Counts how the running mean does on labelled scenes; the drawing order is not told."""
        return evaluate(self.mean, batches, self.taxonomy)

    def label_table(self, table: pa.Table) -> pa.Table:
        """Rows of a result: the objects of scenes as the running mean finds them."""
        return Grouper(self.mean, self.taxonomy).group_table(table)


def kind_loss(kinds_SC: Tensor, kind_S: Tensor) -> Tensor:
    """Cross-entropy of the kinds of strokes, averaged over those of known objects; 0 of none."""
    missed = F.cross_entropy(kinds_SC, kind_S, ignore_index=-1, reduction="sum")
    return missed / (kind_S >= 0).sum().clamp(min=1)


def same_object(batch: Batch) -> tuple[Tensor, Tensor]:
    """Which pairs of strokes draw one object, and which are two strokes of known ones."""
    at_S, length = ragged.within(batch.strokes_N), int(batch.strokes_N.max())
    object_NL = torch.zeros(len(batch), length, dtype=torch.long, device=batch.part_S.device)
    object_NL[batch.sketch_of_S, at_S] = batch.instance_S.clamp(min=0)
    a, b = object_NL[:, :, None], object_NL[:, None]
    apart_LL = ~torch.eye(length, dtype=torch.bool, device=object_NL.device)
    return a == b, (a > 0) & (b > 0) & apart_LL


def evaluate(net: GrouperNet, batches: Iterable[Batch], taxonomy: Taxonomy) -> SceneTally:
    """Counts how the model does on labelled scenes."""
    net.eval()
    tally, other = SceneTally.empty(taxonomy.category_names), len(taxonomy.category_names)
    for batch in batches:
        found = find(net, batch)
        # Objects that are numbered and have no stroke count for nothing: their kind is not known.
        true_N = ragged.reduce(batch.instance_S, batch.sketch_of_S, len(batch), "amax").clamp(min=0)
        kind_K = torch.full((int(true_N.sum()),), -1)
        some_S = batch.instance_S > 0
        first_S = ragged.starts(true_N)[batch.sketch_of_S]
        kind_K[(first_S + batch.instance_S - 1)[some_S]] = batch.part_S[some_S]
        x_P, y_P = batch.points_P2.numpy().T
        tally.add_arrays(
            truth_object=(batch.instance_S - 1).clamp(min=-1).numpy(),
            object=found.object_S.numpy(),
            weight=scene_weights(x_P, y_P, batch.stroke_len_S.numpy()),
            strokes_per_scene=batch.strokes_N.numpy(),
            truth_category=kind_K.where(kind_K < other, -1).numpy(),
            truth_objects_per_scene=true_N.numpy(),
            category=found.kind_K.where(found.kind_K < other, -1).numpy(),
            objects_per_scene=found.objects_N.numpy(),
        )
    return tally
