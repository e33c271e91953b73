"""From the strokes of scenes to objects: affinities, boxes if any, clusters, categories.

Shape letters: see `instancesketch.models.ragged`; C categories, K objects.
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
from instancesketch.inference.box_evidence import BoxEvidence
from instancesketch.inference.detector import Boxes
from instancesketch.inference.instances import DOT_LENGTH, agglomerate_with_margins
from instancesketch.models import packing, ragged, weights
from instancesketch.models.features import StrokeFeatures
from instancesketch.models.grouper import Grouped, GrouperNet
from instancesketch.models.optimize import optimize
from instancesketch.models.packing import Batch, object_category_column, pack
from instancesketch.models.precision import resolve_precision

# Factors of x and y: a scene as it is, mirrored, and lower. The mean of their outputs is surer; a
# scene whose clusters are sure is seen in no further view.
VIEWS = ((1.0, 1.0), (-1.0, 1.0), (1.0, 0.8))


# Each object's probabilities of the grouper's categories, last of none, object after object.
GUESS = "object_guess"
GROUPED_SCHEMA = pa.schema([*RESULT_SCHEMA, (GUESS, pa.list_(pa.float32()))])


class Objects(NamedTuple):
    """The K objects of N scenes, the scenes' objects end to end, numbered from the left."""

    object_S: Tensor  # int64, each stroke's object within its scene
    category_K: Tensor  # int64; the number of categories: none of the taxonomy's
    score_K: Tensor  # float32, the probability of that category
    objects_N: Tensor  # int64, objects per scene
    # Of each category, last none, (K, C + 1); None where nobody estimated them.
    guess_KC: Tensor | None = None


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
    weight_S, normal = _stroke_weights(batch), batch.normalised()
    for pick in packing.bucket_by_size(batch.layout, *packing.bounds(net.device)):
        strokes_U = batch.strokes_of(pick)
        added_NLL = None if evidence is None else evidence.affinities(pick, net.config)
        features = StrokeFeatures(normal.select(pick)).to(net.device)
        weight_U = weight_S[strokes_U].to(net.device)
        found = group_strokes(net, features, weight_U, added_NLL, drawing_order)
        cluster_S[strokes_U], category_SC[strokes_U] = (x.cpu() for x in found)
    return _number_objects(batch, cluster_S, weight_S, category_SC)


def group_strokes(
    net: GrouperNet,
    features: StrokeFeatures,
    weight_S: Tensor,
    added_NLL: Tensor | None,
    drawing_order: bool,
) -> tuple[Tensor, Tensor]:
    """Cluster the strokes of scenes that go through the network at once.

    Where a slightly different affinity would change the clusters, several views are averaged.

    Args:
        net: the grouper.
        features: of the strokes, on its device.
        weight_S: of the strokes.
        added_NLL: logits to add to the affinities, if any.
        drawing_order: take the order of the strokes as evidence.

    Returns:
        Each stroke's cluster within its scene, (S,), and the logarithms of the probabilities of the
        categories, (S, C + 1).
    """
    cluster_S = torch.zeros_like(weight_S, dtype=torch.long)
    category_SC = weight_S.new_zeros(len(weight_S), net.kinds.out_features)
    strokes_T, total = torch.arange(len(weight_S), device=net.device), None
    for number, view in enumerate(VIEWS[: net.config.views], 1):
        seen = look(net, features if number == 1 else features.stretched(view), drawing_order)
        total = seen if total is None else Grouped(*map(torch.add, total, seen))
        affinity_NLL, category_SC[strokes_T] = (sums / number for sums in total)
        label_NL, margin_N = _cluster(net, features, affinity_NLL, weight_S[strokes_T], added_NLL)
        cluster_S[strokes_T] = features.unpadded(label_NL)
        unsure_M = (margin_N < net.config.sure).nonzero()[:, 0]
        if number == net.config.views or not len(unsure_M):
            break
        batch = features.batch
        some_U = batch.strokes_of(unsure_M)
        features = features.select(some_U, batch.strokes_N[unsure_M], batch.category_N[unsure_M])
        pairs = np.s_[unsure_M, : features.batch.longest, : features.batch.longest]
        total = Grouped(total.affinity_NLL[pairs], total.category_SC[some_U])
        added_NLL = None if added_NLL is None else added_NLL[pairs]
        strokes_T = strokes_T[some_U]
    return cluster_S, category_SC.log_softmax(1)


def look(net: GrouperNet, features: StrokeFeatures, drawing_order: bool) -> Grouped:
    """Return the network's output for scenes as they are."""
    ordered_N = None
    if drawing_order:
        ordered_N = torch.ones(len(features.batch), dtype=torch.bool, device=net.device)
    with torch.autocast(net.device.type, torch.bfloat16, net.device.type == "cuda"):
        return net(features, ordered_N)  # type: ignore[no-any-return]


def _cluster(
    net: GrouperNet,
    features: StrokeFeatures,
    affinity_NLL: Tensor,
    weight_S: Tensor,
    added_NLL: Tensor | None,
) -> tuple[Tensor, Tensor]:
    """Return the first stroke of each stroke's cluster, (N, L), and the scenes' margins, (N,)."""
    affinity_NLL = affinity_NLL + net.config.join
    if added_NLL is not None:
        affinity_NLL = affinity_NLL + added_NLL.to(affinity_NLL)
    there_NL = features.padded(torch.ones_like(weight_S, dtype=torch.bool))
    # A long stroke is better evidence of what belongs together than a short one.
    return agglomerate_with_margins(affinity_NLL, there_NL, features.padded(weight_S))


def _stroke_weights(batch: Batch) -> Tensor:
    """Return each stroke's weight, (S,): its length, a dot's a little above 0; 1 on average."""
    points_P2 = batch.normalised().points_P2.double()
    length_S = ragged.stroke_lengths(points_P2, batch.layout) + DOT_LENGTH
    return (length_S / length_S.mean()).float()


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
    order_K = (ragged.starts(objects_N)[scene_K] + rank_K).argsort()
    guess_KC = probability_KC[order_K]
    return Objects(rank_K[of_S], *choose_categories(guess_KC), objects_N, guess_KC)


def choose_categories(guess_KC: Tensor) -> tuple[Tensor, Tensor]:
    """Return the categories of objects and their probabilities, both (K,).

    Args:
        guess_KC: the probability of each category, last none of them.
    """
    score_K, category_K = guess_KC.max(1)
    return category_K, score_K


class Grouper:
    """Groups the strokes of scenes into objects. Reads no label of its input."""

    def __init__(
        self, net: GrouperNet, taxonomy: Taxonomy, categories: Sequence[str] | None = None
    ) -> None:
        """Take a network.

        Args:
            net: of the taxonomy.
            taxonomy: of the network.
            categories: names of those that an object can be; None: all. What is of another
                category is of none.
        """
        self.net = net.eval()
        self.taxonomy = taxonomy if categories is None else taxonomy.restrict(categories)
        self._kept_C = [taxonomy.category_names.index(n) for n in self.taxonomy.category_names]

    @classmethod
    def load(
        cls,
        sources: str | Sequence[str],
        device: str = "cpu",
        precision: str = "float32",
        categories: Sequence[str] | None = None,
    ) -> Grouper:
        """Load weights by shipped name or from folders; of several groupers the last one counts.

        Args:
            sources: names or folders.
            device: `cpu`, or `cuda`.
            precision: `float32`, `bfloat16`, or `auto` for what the device is made for.
            categories: as for the class.

        Raises:
            UserError: there are none, or they can't be read.
        """
        names = [sources] if isinstance(sources, str) else list(sources)
        net, taxonomy = weights.build(weights.load(names, "grouper"))
        net = optimize(net, device, resolve_precision(precision, device))
        return cls(net, taxonomy, categories)

    def group_table(
        self,
        table: pa.Table,
        boxes: Boxes | None = None,
        *,
        drawing_order: bool = False,
        guesses: bool = False,
    ) -> pa.Table:
        """Return rows of a result with their objects and no other label, in the same order.

        Args:
            table: scenes; their own labels are not read.
            boxes: a detector's.
            drawing_order: take the order of the strokes as evidence of what belongs together.
            guesses: add the column of `GROUPED_SCHEMA`, which a `SceneSegmenter` reads.
        """
        if not len(table):
            return (GROUPED_SCHEMA if guesses else RESULT_SCHEMA).empty_table()
        batch = pack(table, self.taxonomy, labels=False)
        objects = find_objects(self.net, batch, boxes, drawing_order=drawing_order)
        objects = self._restrict(objects)
        result = build_result_table(table, object_columns(batch, objects, self.taxonomy))
        if not guesses or objects.guess_KC is None:
            return result
        numbers_N = objects.objects_N * objects.guess_KC.shape[1]
        offsets = np.concatenate([[0], numbers_N.cumsum(0).numpy()]).astype(np.int32)
        flat = pa.array(objects.guess_KC.flatten().numpy())
        return result.append_column(
            GROUPED_SCHEMA.field(GUESS), pa.ListArray.from_arrays(pa.array(offsets), flat)
        )

    def _restrict(self, objects: Objects) -> Objects:
        """Return objects of the categories that are kept, or of none."""
        if objects.guess_KC is None or len(self._kept_C) + 1 == objects.guess_KC.shape[1]:
            return objects
        kept_KC = objects.guess_KC[:, self._kept_C]
        none_K1 = (1 - kept_KC.sum(1, keepdim=True)).clamp(min=0)
        guess_KC = torch.cat([kept_KC, none_K1], dim=1)
        category_K, score_K = choose_categories(guess_KC)
        return objects._replace(category_K=category_K, score_K=score_K, guess_KC=guess_KC)


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
