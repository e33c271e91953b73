"""From the strokes of scenes to objects: affinities, boxes if any, clusters, categories.

Shape letters: see `instancesketch.models.ragged`; B boxes, C categories, K objects.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import torch
from torch import Tensor

from instancesketch.core.schema import RESULT_SCHEMA, build_result_table, to_list_array
from instancesketch.core.taxonomy import Taxonomy
from instancesketch.inference.detector import Boxes
from instancesketch.inference.instances import DOT_LENGTH, agglomerate
from instancesketch.models import packing, ragged, weights
from instancesketch.models.config import GrouperConfig
from instancesketch.models.features import StrokeFeatures
from instancesketch.models.grouper import Grouped, GrouperNet
from instancesketch.models.packing import Batch, object_category_column, pack

# Factors of x and y: a scene as it is, mirrored, and lower. The mean of their outputs is surer.
VIEWS = ((1.0, 1.0), (-1.0, 1.0), (1.0, 0.8))
SAMPLES = 16  # points along a stroke that are looked up in boxes
MAX_NUMBERS = 4_000_000  # pairs of strokes by boxes, at once


class Objects(NamedTuple):
    """The K objects of N scenes, the scenes' objects end to end, numbered from the left."""

    object_S: Tensor  # int64, each stroke's object within its scene
    category_K: Tensor  # int64; the number of categories: none of the taxonomy's
    score_K: Tensor  # float32, the probability of that category
    objects_N: Tensor  # int64, objects per scene


@torch.inference_mode()
def find_objects(
    net: GrouperNet, batch: Batch, boxes: Boxes | None = None, *, drawing_order: bool = False
) -> Objects:
    """Cluster the strokes of scenes into objects, and predict the objects' categories.

    Args:
        net: the grouper, in evaluation mode.
        batch: scenes as they are, on the CPU; labels are not read.
        boxes: a detector's, in the scenes' own unit.
        drawing_order: take the order of the strokes as evidence.
    """
    strokes = len(batch.stroke_len_S)
    cluster_S = torch.zeros(strokes, dtype=torch.long)
    category_SC = torch.zeros(strokes, net.kinds.out_features)
    evidence = None if boxes is None else BoxEvidence(batch, boxes)
    weight_S = _stroke_weights(batch)
    for pick in packing.bucket_by_size(batch.layout, *packing.bounds(net.device)):
        strokes_U = batch.strokes_of(pick)
        grouped = average_views(net, batch.select(pick), drawing_order)
        category_SC[strokes_U] = grouped.category_SC.log_softmax(1).cpu()
        affinity_NLL = grouped.affinity_NLL + net.config.join
        if evidence is not None:
            affinity_NLL = affinity_NLL + evidence.affinities(pick, net.config).to(net.device)
        there_NL = torch.arange(affinity_NLL.shape[1]) < batch.strokes_N[pick][:, None]
        # A long stroke is better evidence of what belongs together than a short one.
        weight_NL = torch.ones_like(there_NL, dtype=torch.float32)
        weight_NL[there_NL] = weight_S[strokes_U]
        label_NL = agglomerate(
            affinity_NLL, there_NL.to(net.device), weight_NL.to(net.device)
        ).cpu()
        cluster_S[strokes_U] = label_NL[there_NL]
    return _number_objects(batch, cluster_S, weight_S, category_SC)


def average_views(net: GrouperNet, batch: Batch, drawing_order: bool) -> Grouped:
    """Return the network's mean output over several views of the same scenes."""
    ordered_N = torch.full((len(batch),), drawing_order, device=net.device)
    normal, outputs = batch.normalised(), []
    for stretch in VIEWS[: net.config.views]:
        view = normal.with_points(normal.points_P2 * torch.tensor(stretch))
        features = StrokeFeatures.of(view).to(net.device)
        with torch.autocast(net.device.type, torch.bfloat16, net.device.type == "cuda"):
            outputs.append(net(features, ordered_N))
    affinity_NLL, category_SC = (torch.stack(x).mean(0) for x in zip(*outputs, strict=True))
    return Grouped(affinity_NLL, category_SC)


def _stroke_weights(batch: Batch) -> Tensor:
    """Return each stroke's weight, (S,): its length, a dot's a little above 0; 1 on average."""
    length_P = ragged.segment_lengths(batch.normalised().points_P2.double(), batch.stroke_len_S)
    length_S = (
        ragged.reduce(length_P, batch.stroke_of_P, len(batch.stroke_len_S), "sum") + DOT_LENGTH
    )
    return (length_S / length_S.mean()).float()


class BoxEvidence:
    """Evidence of boxes for pairs of strokes: one box holds both, or only one of them.

    Of nested boxes each counts: what the small one holds is apart from the rest of the large one.
    """

    def __init__(self, batch: Batch, boxes: Boxes) -> None:
        self.batch, self.boxes = batch, boxes
        self.places_SK2 = ragged.resample(batch.points_P2, batch.stroke_len_S, SAMPLES)
        self.first_box_N = ragged.starts(boxes.boxes_N)
        self.first_stroke_N = ragged.starts(batch.strokes_N)

    def affinities(self, pick: Tensor, config: GrouperConfig) -> Tensor:
        """Return logits to add to the affinities of the strokes of some scenes, (N, L, L)."""
        length = int(self.batch.strokes_N[pick].max())
        added_NLL = torch.zeros(len(pick), length, length)
        for row, scene in enumerate(pick.tolist()):
            share_SB, score_B = self.shares(scene)
            both_SS, one_SS = _box_pairs(share_SB, score_B)
            size = len(share_SB)
            added_NLL[row, :size, :size] = config.box_both * both_SS - config.box_one * one_SS
        return added_NLL

    def shares(self, scene: int) -> tuple[Tensor, Tensor]:
        """Return the share of each stroke of a scene in each of its boxes, (S, B), and scores."""
        first, stroke = int(self.first_box_N[scene]), int(self.first_stroke_N[scene])
        own_B = slice(first, first + int(self.boxes.boxes_N[scene]))
        places_SK12 = self.places_SK2[stroke : stroke + int(self.batch.strokes_N[scene]), :, None]
        low_B2, high_B2 = self.boxes.corners_B4[own_B].split(2, dim=1)
        inside = ((places_SK12 >= low_B2) & (places_SK12 <= high_B2)).all(3)
        return inside.float().mean(1), self.boxes.score_B[own_B]


def _box_pairs(share_SB: Tensor, score_B: Tensor) -> tuple[Tensor, Tensor]:
    """Return how surely some box holds both strokes of each pair, and only one, both (S, S)."""
    strokes = len(share_SB)
    both_SS, one_SS = torch.zeros(2, strokes, strokes)
    at_once = max(1, MAX_NUMBERS // strokes**2)
    for some_SB, sure_B in zip(share_SB.split(at_once, dim=1), score_B.split(at_once), strict=True):
        if len(sure_B):
            held_SB = some_SB * sure_B
            both_SS = torch.maximum(both_SS, (held_SB[:, None] * some_SB).amax(2))
            one_SS = torch.maximum(one_SS, (held_SB[:, None] * (1 - some_SB)).amax(2))
    return both_SS, torch.maximum(one_SS, one_SS.T)


def _number_objects(
    batch: Batch, cluster_S: Tensor, weight_S: Tensor, category_SC: Tensor
) -> Objects:
    """Number clusters from the left; the category of each is its strokes', weighted."""
    longest = batch.longest if len(batch) else 1
    key_K, of_S = (batch.sketch_of_S * longest + cluster_S).unique(return_inverse=True)
    scene_K, number = key_K // longest, len(key_K)
    # From the left by the middle of the object's box.
    low_S2, high_S2 = ragged.box(batch.points_P2, batch.stroke_of_P, len(cluster_S))
    left_K = ragged.reduce(low_S2[:, 0], of_S, number, "amin")
    right_K = ragged.reduce(high_S2[:, 0], of_S, number, "amax")
    objects_N = torch.bincount(scene_K, minlength=len(batch))
    rank_K = ragged.rank(left_K + right_K, objects_N)
    sum_KC = ragged.reduce(category_SC * weight_S[:, None], of_S, number, "sum")
    weight_K = ragged.reduce(weight_S, of_S, number, "sum")
    probability_KC = (sum_KC / weight_K[:, None]).softmax(1)
    # First whether it is of any category at all; only then, of which.
    category_K = probability_KC[:, :-1].argmax(1)
    none = probability_KC.shape[1] - 1
    category_K = category_K.where(probability_KC[:, -1] < 0.5, none)
    score_K = probability_KC.gather(1, category_K[:, None])[:, 0]
    place_K = ragged.starts(objects_N)[scene_K] + rank_K
    order_K = place_K.argsort()
    return Objects(rank_K[of_S], category_K[order_K], score_K[order_K], objects_N)


class Grouper:
    """Groups the strokes of scenes into objects. Reads no label of its input."""

    def __init__(self, net: GrouperNet, taxonomy: Taxonomy) -> None:
        self.net, self.taxonomy = net.eval(), taxonomy

    @classmethod
    def load(cls, sources: str | Sequence[str], device: str = "cpu") -> Grouper:
        """Load weights by shipped name or from folders; of several groupers the last one counts.

        Raises:
            UserError: there are none, or they can't be read.
        """
        names = [sources] if isinstance(sources, str) else list(sources)
        net, taxonomy = weights.build(weights.load(names, "grouper"))
        return cls(net.to(device), taxonomy)

    def group_table(
        self, table: pa.Table, boxes: Boxes | None = None, *, drawing_order: bool = False
    ) -> pa.Table:
        """Return rows of a result with their objects and no other label, in the same order.

        Args:
            table: scenes; their own labels are not read.
            boxes: a detector's.
            drawing_order: take the order of the strokes as evidence of what belongs together.
        """
        if not len(table):
            return RESULT_SCHEMA.empty_table()
        batch = pack(table, self.taxonomy, labels=False)
        objects = find_objects(self.net, batch, boxes, drawing_order=drawing_order)
        return build_result_table(table, object_columns(batch, objects, self.taxonomy))


def object_columns(batch: Batch, objects: Objects, taxonomy: Taxonomy) -> dict[str, pa.Array]:
    """Return the columns `object`, `object_category` and `object_score` of scenes."""
    objects_S = np.split(objects.object_S.numpy(), batch.strokes_N.cumsum(0).numpy()[:-1])
    categories = object_category_column(objects.category_K, objects.objects_N, taxonomy)
    scores = pa.array(objects.score_K.numpy(), pa.float32())
    return {
        "object": to_list_array(objects_S, pa.int32()),
        "object_category": categories,
        "object_score": pa.ListArray.from_arrays(categories.offsets, scores),
    }
