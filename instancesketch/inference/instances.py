"""From strokes of known parts to instances and sides: affinities, clusters, numbers.

Shape letters: see `models.ragged`; C categories, Q parts, T counted strokes, G groups of strokes
that draw the same part of the same sketch, L strokes of the largest of them, I instances, U strokes
of a bucket (sketches of similar size), M sketches with counted strokes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from instancesketch.core.label_ids import part_mask
from instancesketch.core.taxonomy import Taxonomy
from instancesketch.models import ragged
from instancesketch.models.features import StrokeFeatures
from instancesketch.models.packing import Batch
from instancesketch.models.refiner import Groups, RefinerNet

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

# A stroke's weight besides its length, in a sketch whose longer side is 2: a dot counts, too.
DOT_LENGTH = 0.01
# Nearer than this, in the same unit, neither of two is left of the other.
SAME_PLACE = 1e-5


class Instances(NamedTuple):
    """The instance of each stroke of a batch, and its side."""

    instance_S: Tensor  # from 1, within a part of a sketch and from the left; 0 several, or none
    side_S: Tensor  # 1 left, 2 right, of the picture and within a pair; 0 neither


def countable_parts(taxonomy: Taxonomy) -> Tensor:
    """Return which parts each category counts, (C + 1, Q) bool; last, for -1: any category."""
    return _or_any(part_mask(taxonomy, "countable"))


def sided_parts(taxonomy: Taxonomy) -> Tensor:
    """Return which parts of each category have sides, (C + 1, Q) bool; last, for -1: of any."""
    return _or_any(part_mask(taxonomy, "sided"))


def _or_any(parts_CQ: npt.NDArray[np.bool_]) -> Tensor:
    return torch.from_numpy(np.concatenate([parts_CQ, parts_CQ.any(0, keepdims=True)]))


@torch.inference_mode()
def find_instances(
    net: RefinerNet, features: StrokeFeatures, part_S: Tensor, counted_S: Tensor, sided_S: Tensor
) -> Instances:
    """Cluster strokes of the same part into instances by their affinities, and find their sides.

    Args:
        net: the refiner, in evaluation mode.
        features: of the strokes of sketches, on the CPU; labels are not read.
        part_S: the part of every stroke.
        counted_S: which strokes draw a part that is counted.
        sided_S: which strokes draw a part that has sides.

    Returns:
        For all strokes, on the CPU.
    """
    device = net.scale_Q.device

    def cluster(counted: StrokeFeatures, part_T: Tensor) -> Tensor:
        cluster_T = torch.zeros_like(part_T)
        for _, strokes_U, bucket in counted.buckets():
            part_U = part_T[strokes_U].to(device)
            cluster_T[strokes_U] = _cluster(net, bucket.to(device), part_U).cpu()
        return cluster_T

    return number_clusters(cluster, features, part_S, counted_S, sided_S)


def number_clusters(
    cluster: Callable[[StrokeFeatures, Tensor], Tensor],
    features: StrokeFeatures,
    part_S: Tensor,
    counted_S: Tensor,
    sided_S: Tensor,
) -> Instances:
    """Number the clusters of the counted strokes, and find their sides.

    Args:
        cluster: takes the features of the counted strokes and their parts; returns a number per
            stroke, from 1, different for strokes of different instances, 0 for several at once.
        features: of the strokes of sketches.
        part_S: the part of every stroke.
        counted_S: which strokes draw a part that is counted.
        sided_S: which strokes draw a part that has sides.
    """
    instances = Instances(torch.zeros_like(part_S), torch.zeros_like(part_S))
    if not bool(counted_S.any()):
        return instances
    counted, strokes_T = select_counted(features, counted_S)
    part_T = part_S[strokes_T]
    cluster_T = cluster(counted, part_T)
    numbers = number_from_left(counted.batch, part_T, cluster_T, sided_S[strokes_T])
    for all_S, some_T in zip(instances, numbers, strict=True):
        all_S[strokes_T] = some_T
    return instances


def select_counted(features: StrokeFeatures, counted_S: Tensor) -> tuple[StrokeFeatures, Tensor]:
    """Return the features of the counted strokes alone, and these strokes' indices, (T,).

    Sketches that have none are left out.
    """
    batch = features.batch
    counted_N = ragged.reduce(counted_S.long(), batch.sketch_of_S, len(batch), "sum")
    sketches_M, strokes_T = counted_N.nonzero()[:, 0], counted_S.nonzero()[:, 0]
    counted_M, category_M = counted_N[sketches_M], batch.category_N[sketches_M]
    return features.select(strokes_T, counted_M, category_M), strokes_T


def _cluster(net: RefinerNet, features: StrokeFeatures, part_S: Tensor) -> Tensor:
    """Return a number per stroke, from 1, different for different instances; 0 for several."""
    embedded = net(features, part_S)
    if net.config.cluster == "k-means":
        return two_means(net, features.batch, part_S, embedded.places_SD)
    single_S = embedded.several_S < 0
    # At first every stroke is its own cluster; clustering replaces its number by another stroke's.
    cluster_S = torch.arange(1, len(part_S) + 1, device=part_S.device) * single_S
    groups = Groups.by_key(net.group_keys(features.batch, part_S), single_S)
    if len(groups):
        affinity_GLL = net.affinity(embedded.places_SD, features, part_S, groups)
        label_GL = agglomerate(affinity_GLL, groups.there_GL)
        cluster_GL = cluster_S[groups.strokes_GL].gather(1, label_GL)
        cluster_S[groups.strokes_GL[groups.there_GL]] = cluster_GL[groups.there_GL]
    return cluster_S


def agglomerate(affinity_GLL: Tensor, there_GL: Tensor, weight_GL: Tensor | None = None) -> Tensor:
    """Cluster by average linkage: join clusters while any two have a positive mean affinity.

    Returns:
        (G, L) for each stroke the position of its cluster's first one.
    """
    return agglomerate_with_margins(affinity_GLL, there_GL, weight_GL)[0]


def agglomerate_with_margins(
    affinity_GLL: Tensor, there_GL: Tensor, weight_GL: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Cluster by average linkage, and say how nearly each group was clustered otherwise.

    All pairs that are each other's nearest are joined at once, which gives what joining one pair
    after the other does (Bruynooghe 1978; Murtagh 1983), in a few rounds for all groups together.

    Args:
        affinity_GLL: logits, symmetric, that two strokes of a group belong together.
        there_GL: False where a group is padded.
        weight_GL: the weight of each stroke in a mean, above 0; equal weights by default.

    Returns:
        (G, L) for each stroke the position of its cluster's first one; and (G,) how far from 0 the
        mean affinities were that decided: the least of those joined, and the largest that were not.
    """
    groups, length = there_GL.shape
    own_L = torch.arange(length, device=there_GL.device)
    label_GL = own_L.expand(groups, length).clone()
    size_GL = there_GL.to(affinity_GLL.dtype)
    if weight_GL is not None:
        size_GL = size_GL * weight_GL
    # Sums of affinities between clusters: those of a joined pair add up, and no mean is recomputed.
    # Affinities of padding may be anything, and 0 times infinity would be NaN.
    sum_GLL = affinity_GLL.nan_to_num() * size_GL[:, :, None] * size_GL[:, None]
    margin_G = affinity_GLL.new_full((groups,), float("inf"))
    while True:
        weight_GLL = size_GL[:, :, None] * size_GL[:, None]
        mean_GLL = (sum_GLL / weight_GLL).masked_fill(weight_GLL == 0, float("-inf"))
        mean_GLL.diagonal(dim1=1, dim2=2).fill_(float("-inf"))  # not with itself
        best_GL, nearest_GL = mean_GLL.max(2)
        mutual_GL = nearest_GL.gather(1, nearest_GL) == own_L
        # Of a pair, the later cluster goes into the earlier one.
        joins_GL = mutual_GL & (best_GL > 0) & (nearest_GL < own_L)
        margin_G = torch.minimum(margin_G, best_GL.where(joins_GL, float("inf")).amin(1))
        if not bool(joins_GL.any()):
            return label_GL, torch.minimum(margin_G, -best_GL.amax(1))
        into_GL = torch.where(joins_GL, nearest_GL, own_L)
        label_GL = into_GL.gather(1, label_GL)
        size_GL = torch.zeros_like(size_GL).scatter_add(1, into_GL, size_GL)
        rows_GLL = into_GL[:, :, None].expand_as(sum_GLL)
        sum_GLL = torch.zeros_like(sum_GLL).scatter_add(1, rows_GLL, sum_GLL)
        sum_GLL = torch.zeros_like(sum_GLL).scatter_add(2, rows_GLL.transpose(1, 2), sum_GLL)


def two_means(net: RefinerNet, batch: Batch, part_S: Tensor, places_SD: Tensor) -> Tensor:
    """Cluster by the published rule: two among the front, two among the back legs and feet.

    Other parts are not clustered: 0.
    """
    # Imported here, because it takes as long as torch and is for this alone.
    from sklearn.cluster import KMeans

    legs_S = net.end_Q[part_S] >= 0
    groups = Groups.by_key(net.group_keys(batch, part_S), legs_S)
    cluster_S = legs_S.long()  # a leg that is alone in its group is a cluster
    for strokes_L, there_L in zip(groups.strokes_GL, groups.there_GL, strict=True):
        strokes_L = strokes_L[there_L]
        # Seeded, so that the same sketch has the same instances in every run.
        means = KMeans(2, n_init=10, random_state=0).fit(places_SD[strokes_L].cpu().numpy())
        cluster_S[strokes_L] = torch.from_numpy(means.labels_).to(cluster_S) + 1
    return cluster_S


def number_from_left(batch: Batch, part_S: Tensor, cluster_S: Tensor, sided_S: Tensor) -> Instances:
    """Number clusters from 1 within each part of a sketch, from the left; 0 stays 0.

    An instance lies at the mean place of its lines, weighted by length. Where a part that has sides
    has two instances, one is on the picture's left and the other on its right.

    Args:
        batch: sketches, normalised.
        part_S: the part of every stroke.
        cluster_S: different for strokes of different instances, 0 for none.
        sided_S: which strokes draw a part that has sides.
    """
    # In NumPy, whose many small steps take a fraction of torch's time.
    all_S = cluster_S.numpy()
    (strokes_T,) = all_S.nonzero()
    instance_S, side_S = np.zeros((2, len(all_S)), np.int64)
    if not len(strokes_T):
        return Instances(torch.from_numpy(instance_S), torch.from_numpy(side_S))
    part_T, cluster_T = part_S.numpy()[strokes_T], all_S[strokes_T]
    # A number per instance that sorts by sketch, then part, then cluster.
    group_T = batch.sketch_of_S.numpy()[strokes_T] * (part_T.max() + 1) + part_T
    clusters = cluster_T.max() + 1
    key_T = group_T * clusters + cluster_T
    order_T = key_T.argsort(kind="stable")
    strokes_T, key_T = strokes_T[order_T], key_T[order_T]
    first_I, instance_T = _runs(key_T)
    moment_2T = moments(batch).numpy()[strokes_T].T
    moment_I, weight_I = (np.bincount(instance_T, weights=m) for m in moment_2T)
    number_I, pair_I = _number_groups(moment_I / weight_I, key_T[first_I] // clusters)
    instance_S[strokes_T] = number_I[instance_T]
    side_S[strokes_T] = (number_I * pair_I)[instance_T]
    return Instances(torch.from_numpy(instance_S), torch.from_numpy(side_S) * sided_S)


def _number_groups(x_I: Floats, group_I: Ints) -> tuple[Ints, npt.NDArray[np.bool_]]:
    """Return each instance's number in its group, from 1, and whether it is one of a pair apart.

    Args:
        x_I: where the instances lie.
        group_I: their groups, ascending.
    """
    first_G, of_I = _runs(group_I)
    # Sorted within the groups, which leaves every group in its place.
    order_I = np.lexsort((x_I, group_I))
    number_I = np.empty_like(of_I)
    number_I[order_I] = np.arange(1, len(of_I) + 1) - first_G[of_I]
    size_G, sorted_I = np.bincount(of_I), x_I[order_I]
    apart_G = sorted_I[first_G + size_G - 1] - sorted_I[first_G]
    return number_I, ((size_G == 2) & (apart_G > SAME_PLACE))[of_I]


def _runs(sorted_X: Ints) -> tuple[Ints, Ints]:
    """Return where each run of equal numbers begins, and which run each number is of."""
    begins_X = np.concatenate([[True], sorted_X[1:] != sorted_X[:-1]])
    return begins_X.nonzero()[0], begins_X.cumsum() - 1


def moments(batch: Batch) -> Tensor:
    """Return each stroke's length times its mean x, and its length, (S, 2) in double precision.

    A dot has a little length, too.
    """
    # In double precision, so that a mirrored sketch has mirrored places, and ties stay ties.
    points_P2 = batch.points_P2.double()
    length_P = ragged.segment_lengths(points_P2, batch.stroke_len_S)
    x_P, first_S = points_P2[:, 0], ragged.starts(batch.stroke_len_S)
    before_P = x_P.roll(1)
    before_P[first_S] = x_P[first_S]
    length_P[first_S] = DOT_LENGTH
    moment_P2 = torch.stack([length_P * ((x_P + before_P) / 2), length_P], dim=1)
    return ragged.reduce(moment_P2, batch.stroke_of_P, batch.layout.strokes, "sum")
