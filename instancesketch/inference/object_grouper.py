"""From the strokes of scenes to objects: affinities, boxes where there are any, clusters, kinds.

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
from instancesketch.inference.instances import DOT, agglomerate
from instancesketch.models import ragged, weights
from instancesketch.models.grouper import Grouped, GrouperNet
from instancesketch.models.packing import Batch, by_size, kind_words, pack

# What goes through the model at once: strokes, padded to the longest scene, and points.
MOST_TOKENS = 1_024
MOST_POINTS = 100_000
# A scene is looked at as it is, from behind the paper, and lower: (x, y) stretched so.
VIEWS = ((1.0, 1.0), (-1.0, 1.0), (1.0, 0.8))
SAMPLES = 16  # places along a stroke that are sought in boxes
MOST_NUMBERS = 4_000_000  # pairs of strokes by boxes, at once


class Objects(NamedTuple):
    """The K objects of N scenes, the scenes' objects end to end, numbered from the left."""

    object_S: Tensor  # int64, each stroke's object within its scene
    kind_K: Tensor  # int64 category; the number of categories: any other thing
    score_K: Tensor  # float32, how likely that kind is
    objects_N: Tensor  # int64, objects per scene


@torch.inference_mode()
def find(
    net: GrouperNet, batch: Batch, boxes: Boxes | None = None, *, drawing_order: bool = False
) -> Objects:
    """The objects that the strokes of scenes draw.

    Args:
        net: the grouper, in evaluation mode.
        batch: scenes as they are, on the CPU; labels are not looked at.
        boxes: where a detector sees objects, in the scenes' own unit.
        drawing_order: whether the order of the strokes is evidence.
    """
    strokes = len(batch.stroke_len_S)
    cluster_S, kinds_SC = torch.zeros(strokes, dtype=torch.long), torch.zeros(0)
    evidence = None if boxes is None else Evidence(batch, boxes)
    way_S = _lengths(batch)
    for pick in by_size(batch, MOST_TOKENS, MOST_POINTS):
        strokes_U = batch.strokes_of(pick)
        said = look(net, batch.select(pick), drawing_order)
        if not len(kinds_SC):
            kinds_SC = torch.zeros(strokes, said.kinds_SC.shape[1])
        kinds_SC[strokes_U] = said.kinds_SC.log_softmax(1).cpu()
        affinity_NLL = said.affinity_NLL + net.config.join
        if evidence is not None:
            affinity_NLL = affinity_NLL + evidence.of(pick, net).to(net.device)
        there_NL = torch.arange(affinity_NLL.shape[1]) < batch.strokes_N[pick][:, None]
        # A long stroke says more of what belongs together than a short one.
        weight_NL = torch.ones_like(there_NL, dtype=torch.float32)
        weight_NL[there_NL] = way_S[strokes_U]
        label_NL = agglomerate(
            affinity_NLL, there_NL.to(net.device), weight_NL.to(net.device)
        ).cpu()
        cluster_S[strokes_U] = label_NL[there_NL]
    return _numbered(batch, cluster_S, way_S, kinds_SC)


def look(net: GrouperNet, batch: Batch, drawing_order: bool) -> Grouped:
    """What the model says on average of scenes that are looked at in several ways."""
    ordered_N = torch.full((len(batch),), drawing_order, device=net.device)
    views = []
    for stretch in VIEWS[: net.config.views]:
        view = batch.normalised()
        view = view.with_points(view.points_P2 * torch.tensor(stretch)).normalised()
        with torch.autocast(net.device.type, torch.bfloat16, net.device.type == "cuda"):
            views.append(net(view.to(net.device), ordered_N))
    affinity_NLL, kinds_SC = (torch.stack(said).mean(0) for said in zip(*views, strict=True))
    return Grouped(affinity_NLL, kinds_SC)


def _lengths(batch: Batch) -> Tensor:
    """(S,) what each stroke weighs: its length, a dot as much as a short line; 1 on average."""
    way_P = ragged.segment_lengths(batch.normalised().points_P2.double(), batch.stroke_len_S)
    way_S = ragged.reduce(way_P, batch.stroke_of_P, len(batch.stroke_len_S), "sum") + DOT
    return (way_S / way_S.mean()).float()


class Evidence:
    """What boxes say of pairs of strokes: one box holds both, or only one of them.

    Of nested boxes each speaks: what the small one holds is apart from the rest of the large one.
    """

    def __init__(self, batch: Batch, boxes: Boxes) -> None:
        self.batch, self.boxes = batch, boxes
        self.places_SK2 = ragged.resample(batch.points_P2, batch.stroke_len_S, SAMPLES)
        self.first_box_N = ragged.starts(boxes.boxes_N)
        self.first_stroke_N = ragged.starts(batch.strokes_N)

    def of(self, pick: Tensor, net: GrouperNet) -> Tensor:
        """Logits to add to the affinities of the strokes of some scenes, (N, L, L)."""
        length = int(self.batch.strokes_N[pick].max())
        added = torch.zeros(len(pick), length, length)
        for row, scene in enumerate(pick.tolist()):
            share_SB, score_B = self.shares(scene)
            size, at_once = len(share_SB), max(1, MOST_NUMBERS // len(share_SB) ** 2)
            both, one = torch.zeros(2, size, size)
            for some_SB, sure_B in zip(
                share_SB.split(at_once, dim=1), score_B.split(at_once), strict=True
            ):
                if len(sure_B):
                    held_SB = some_SB * sure_B
                    both = torch.maximum(both, (held_SB[:, None] * some_SB).amax(2))
                    one = torch.maximum(one, (held_SB[:, None] * (1 - some_SB)).amax(2))
            one = torch.maximum(one, one.T)
            added[row, :size, :size] = net.config.box_both * both - net.config.box_one * one
        return added

    def shares(self, scene: int) -> tuple[Tensor, Tensor]:
        """How much of each stroke of a scene each of its boxes holds, (S, B); the boxes' scores."""
        first, stroke = int(self.first_box_N[scene]), int(self.first_stroke_N[scene])
        own_B = slice(first, first + int(self.boxes.boxes_N[scene]))
        places_SK12 = self.places_SK2[stroke : stroke + int(self.batch.strokes_N[scene]), :, None]
        low_B2, high_B2 = self.boxes.corners_B4[own_B].split(2, dim=1)
        inside = ((places_SK12 >= low_B2) & (places_SK12 <= high_B2)).all(3)
        return inside.float().mean(1), self.boxes.score_B[own_B]


def _numbered(batch: Batch, cluster_S: Tensor, way_S: Tensor, kinds_SC: Tensor) -> Objects:
    """Numbers clusters from the left; the kind of each is what its strokes say, by length."""
    longest = int(batch.strokes_N.max()) if len(batch) else 1
    key_K, found_S = (batch.sketch_of_S * longest + cluster_S).unique(return_inverse=True)
    scene_K, number = key_K // longest, len(key_K)
    low_S2, high_S2 = ragged.box(batch.points_P2, batch.stroke_of_P, len(cluster_S))
    left_K = ragged.reduce(low_S2[:, 0], found_S, number, "amin")
    right_K = ragged.reduce(high_S2[:, 0], found_S, number, "amax")
    objects_N = torch.bincount(scene_K, minlength=len(batch))
    rank_K = ragged.rank(left_K + right_K, objects_N)
    sum_KC = ragged.reduce(kinds_SC * way_S[:, None], found_S, number, "sum")
    way_K = ragged.reduce(way_S, found_S, number, "sum")
    chance_KC = (sum_KC / way_K[:, None]).softmax(1)
    # Of a category first, as against any other thing; then, of which.
    kind_K = chance_KC[:, :-1].argmax(1)
    kind_K = kind_K.where(chance_KC[:, -1] < 0.5, chance_KC.shape[1] - 1)
    score_K = chance_KC.gather(1, kind_K[:, None])[:, 0]
    place_K = ragged.starts(objects_N)[scene_K] + rank_K
    order_K = place_K.argsort()
    return Objects(rank_K[found_S], kind_K[order_K], score_K[order_K], objects_N)


class Grouper:
    """Says which object each stroke of a scene draws. Reads no label of what it is given."""

    def __init__(self, net: GrouperNet, taxonomy: Taxonomy) -> None:
        self.net, self.taxonomy = net.eval(), taxonomy

    @classmethod
    def load(cls, sources: str | Sequence[str], device: str = "cpu") -> Grouper:
        """Loads weights by shipped name or from folders; of several groupers the last one counts.

        Raises:
            UserError: there are none, or they can't be read.
        """
        names = [sources] if isinstance(sources, str) else list(sources)
        net, taxonomy = weights.build(weights.load(names, "grouper"))
        return cls(net.to(device), taxonomy)

    def group_table(
        self, table: pa.Table, boxes: Boxes | None = None, *, drawing_order: bool = False
    ) -> pa.Table:
        """Rows of a result with their objects and no other label, in the same order.

        Args:
            table: scenes; labels that they carry are not looked at.
            boxes: where a detector sees objects.
            drawing_order: take the order of the strokes as evidence of what belongs together.
        """
        if not len(table):
            return RESULT_SCHEMA.empty_table()
        batch = pack(table, self.taxonomy, labels=False)
        found = find(self.net, batch, boxes, drawing_order=drawing_order)
        return build_result_table(table, object_columns(batch, found, self.taxonomy))


def object_columns(batch: Batch, found: Objects, taxonomy: Taxonomy) -> dict[str, pa.Array]:
    """The columns `object`, `object_category` and `object_score` of scenes."""
    objects = np.split(found.object_S.numpy(), batch.strokes_N.cumsum(0).numpy()[:-1])
    categories = kind_words(found.kind_K, found.objects_N, taxonomy)
    scores = pa.array(found.score_K.numpy(), pa.float32())
    return {
        "object": to_list_array(objects, pa.int32()),
        "object_category": categories,
        "object_score": pa.ListArray.from_arrays(categories.offsets, scores),
    }
