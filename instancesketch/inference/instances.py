"""From strokes whose parts are known to instances and sides: affinities, clusters, numbers.

Shape letters: see `models.ragged`; C categories, Q parts, G groups of strokes that draw the
same part of the same drawing, L strokes of the largest of them, I instances.
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
from instancesketch.models.packing import Batch, pieces
from instancesketch.models.pair_geometry import hand_on
from instancesketch.models.refiner import Groups, RefinerNet

# What goes through the model at once: strokes, padded to the longest drawing, and points.
MOST_TOKENS = 1_024
MOST_POINTS = 200_000
# What a stroke weighs beside its length, in a drawing whose longer side is 2: a dot has a place.
DOT = 0.01
# Nearer than this, in the same unit, neither of two is left of the other.
SAME_PLACE = 1e-5


class Instances(NamedTuple):
    """What the strokes of a batch draw."""

    instance_S: Tensor  # from 1, within a part of a drawing and from the left; 0 several, or none
    side_S: Tensor  # 1 left, 2 right, of the picture and within a pair; 0 neither


def countable_parts(taxonomy: Taxonomy) -> Tensor:
    """Which parts of each category are counted, (C + 1, Q) bool; last, for -1: by any category."""
    return _or_any(part_mask(taxonomy, "countable"))


def sided_parts(taxonomy: Taxonomy) -> Tensor:
    """Which parts of each category have a side, (C + 1, Q) bool; last, for -1: in any category."""
    return _or_any(part_mask(taxonomy, "sided"))


def _or_any(parts_CQ: npt.NDArray[np.bool_]) -> Tensor:
    return torch.from_numpy(np.concatenate([parts_CQ, parts_CQ.any(0, keepdims=True)]))


@torch.inference_mode()
def find(
    net: RefinerNet, batch: Batch, part_S: Tensor, counted_S: Tensor, sided_S: Tensor
) -> Instances:
    """The instance that each stroke draws, and its side.

    Args:
        net: the refiner, in evaluation mode.
        batch: drawings as they are, on the CPU; its labels are not looked at.
        part_S: the part of every stroke.
        counted_S: which strokes draw a part that is counted.
        sided_S: which strokes draw a part that has sides.

    Returns:
        For all strokes, on the CPU.
    """
    device = net.scale_Q.device

    def cluster(few: Batch, part_T: Tensor) -> Tensor:
        cluster_T = torch.zeros_like(part_T)
        for _, strokes_U, piece in pieces(few, MOST_TOKENS, MOST_POINTS):
            part_U = part_T[strokes_U].to(device)
            cluster_T[strokes_U] = _clusters(net, piece.to(device), part_U).cpu()
        return cluster_T

    return find_by(cluster, batch, part_S, counted_S, sided_S)


def find_by(
    cluster: Callable[[Batch, Tensor], Tensor],
    batch: Batch,
    part_S: Tensor,
    counted_S: Tensor,
    sided_S: Tensor,
) -> Instances:
    """The same by any way to cluster.

    It is given the counted strokes, where they lie in their normalised drawings, and their parts,
    and says for each from 1 what it draws: different for different instances, 0 for several.
    """
    found = Instances(torch.zeros_like(part_S), torch.zeros_like(part_S))
    if not bool(counted_S.any()):
        return found
    few, strokes_T = counted_strokes(batch, counted_S)
    part_T = part_S[strokes_T]
    numbers = numbered(few, part_T, cluster(few, part_T), sided_S[strokes_T])
    for all_S, some_T in zip(found, numbers, strict=True):
        all_S[strokes_T] = some_T
    return found


def counted_strokes(batch: Batch, counted_S: Tensor) -> tuple[Batch, Tensor]:
    """The counted strokes alone, where they lie in their normalised drawings, and their numbers.

    Drawings that have none are left out.
    """
    counted_N = ragged.reduce(counted_S.long(), batch.sketch_of_S, len(batch), "sum")
    some_M, strokes_T = counted_N.nonzero()[:, 0], counted_S.nonzero()[:, 0]
    normal = batch.normalised()
    few = normal.replace_strokes(strokes_T, counted_N[some_M], batch.category_N[some_M])
    hand_on(normal, few, strokes_T)
    return few, strokes_T


def _clusters(net: RefinerNet, batch: Batch, part_S: Tensor) -> Tensor:
    """(S,) from 1, different for strokes of different instances; 0 for several at once."""
    embedded = net(batch, part_S)
    if net.config.cluster == "k-means":
        return two_means(net, batch, part_S, embedded.places_SD)
    single_S = embedded.several_S < 0
    cluster_S = torch.arange(1, len(part_S) + 1, device=part_S.device) * single_S
    groups = Groups.of(net.keys(batch, part_S), single_S)
    if len(groups):
        affinity_GLL = net.affinity(embedded.places_SD, batch, part_S, groups)
        label_GL = agglomerate(affinity_GLL, groups.there_GL)
        cluster_GL = cluster_S[groups.strokes_GL].gather(1, label_GL)
        cluster_S[groups.strokes_GL[groups.there_GL]] = cluster_GL[groups.there_GL]
    return cluster_S


def agglomerate(affinity_GLL: Tensor, there_GL: Tensor, weight_GL: Tensor | None = None) -> Tensor:
    """Average linkage: joins clusters as long as two are of positive mean affinity.

    All pairs that are each other's nearest are joined at once, which gives what joining one pair
    after the other does (Bruynooghe 1978; Murtagh 1983), in a few rounds for all groups together.

    Args:
        affinity_GLL: logits, symmetric, that two strokes of a group belong together.
        there_GL: which strokes there are.
        weight_GL: how much each counts in a mean, above 0; all the same where not given.

    Returns:
        (G, L) for each stroke the number of its cluster's first one.
    """
    groups, length = there_GL.shape
    own_L = torch.arange(length, device=there_GL.device)
    label_GL = own_L.expand(groups, length).clone()
    size_GL = there_GL.to(affinity_GLL.dtype)
    if weight_GL is not None:
        size_GL = size_GL * weight_GL
    sum_GLL = affinity_GLL.nan_to_num() * size_GL[:, :, None] * size_GL[:, None]
    while True:
        weight_GLL = size_GL[:, :, None] * size_GL[:, None]
        mean_GLL = (sum_GLL / weight_GLL).masked_fill(weight_GLL == 0, float("-inf"))
        mean_GLL.diagonal(dim1=1, dim2=2).fill_(float("-inf"))
        best_GL, nearest_GL = mean_GLL.max(2)
        mutual_GL = nearest_GL.gather(1, nearest_GL) == own_L
        joins_GL = mutual_GL & (best_GL > 0) & (nearest_GL < own_L)
        if not bool(joins_GL.any()):
            return label_GL
        into_GL = torch.where(joins_GL, nearest_GL, own_L)
        label_GL = into_GL.gather(1, label_GL)
        size_GL = torch.zeros_like(size_GL).scatter_add(1, into_GL, size_GL)
        rows_GLL = into_GL[:, :, None].expand_as(sum_GLL)
        sum_GLL = torch.zeros_like(sum_GLL).scatter_add(1, rows_GLL, sum_GLL)
        sum_GLL = torch.zeros_like(sum_GLL).scatter_add(2, rows_GLL.transpose(1, 2), sum_GLL)


def two_means(net: RefinerNet, batch: Batch, part_S: Tensor, places_SD: Tensor) -> Tensor:
    """The published rule: two clusters among the front, and two among the back legs and feet.

    Other parts are not told apart: 0.
    """
    from sklearn.cluster import KMeans  # takes as long to import as torch, and is for this alone

    legs_S = net.end_Q[part_S] >= 0
    groups = Groups.of(net.keys(batch, part_S), legs_S)
    cluster_S = legs_S.long()  # one alone
    for strokes_L, there_L in zip(groups.strokes_GL, groups.there_GL, strict=True):
        strokes_L = strokes_L[there_L]
        means = KMeans(2, n_init=10, random_state=0).fit(places_SD[strokes_L].cpu().numpy())
        cluster_S[strokes_L] = torch.from_numpy(means.labels_).to(cluster_S) + 1
    return cluster_S


def numbered(batch: Batch, part_S: Tensor, cluster_S: Tensor, sided_S: Tensor) -> Instances:
    """Numbers clusters from 1 within each part of a drawing, from the left; 0 stays 0.

    An instance lies where its lines lie on average, by their length. Where a part that has sides
    has two instances, the one is on the picture's left and the other on its right.

    Args:
        batch: drawings, normalised.
        part_S: the part of every stroke.
        cluster_S: different for strokes of different instances, 0 for none.
        sided_S: whose part has sides.
    """
    instance_S, side_S = torch.zeros_like(cluster_S), torch.zeros_like(cluster_S)
    strokes_T = cluster_S.nonzero()[:, 0]
    if not len(strokes_T):
        return Instances(instance_S, side_S)
    clusters = int(cluster_S.max()) + 1
    group_S = batch.sketch_of_S * (int(part_S.max()) + 1) + part_S
    key_I, instance_T = (group_S * clusters + cluster_S)[strokes_T].unique(return_inverse=True)
    x_I = _centres(batch, strokes_T, instance_T, len(key_I))
    _, of_I, size_G = (key_I // clusters).unique_consecutive(
        return_inverse=True, return_counts=True
    )
    number_I = ragged.rank(x_I, size_G) + 1
    apart_G = ragged.reduce(x_I, of_I, len(size_G), "amax") - ragged.reduce(
        x_I, of_I, len(size_G), "amin"
    )
    pair_G = (size_G == 2) & (apart_G > SAME_PLACE)
    instance_S[strokes_T] = number_I[instance_T]
    side_S[strokes_T] = (number_I * pair_G[of_I])[instance_T]
    return Instances(instance_S, side_S * sided_S)


def _centres(batch: Batch, strokes_T: Tensor, instance_T: Tensor, number: int) -> Tensor:
    """(I,) mean x of the lines of each instance, by length."""
    points_P2 = batch.points_P2.double()
    way_P = ragged.segment_lengths(points_P2, batch.stroke_len_S)
    x_P, first_S = points_P2[:, 0], ragged.starts(batch.stroke_len_S)
    before_P = x_P.roll(1)
    before_P[first_S] = x_P[first_S]
    way_P[first_S] = DOT
    moment_P2 = torch.stack([way_P * ((x_P + before_P) / 2), way_P], dim=1)
    moment_S2 = ragged.reduce(moment_P2, batch.stroke_of_P, len(batch.stroke_len_S), "sum")
    moment_I, weight_I = ragged.reduce(moment_S2[strokes_T], instance_T, number, "sum").unbind(1)
    return moment_I / weight_I
