"""Arithmetic on ragged tensors: many strokes end to end, with the length of each.

Shape letters, here and in all of the models: P points, S strokes, N sketches, K samples per stroke,
L strokes of the longest sketch of a batch, D features.
"""

from __future__ import annotations

import torch
from torch import Tensor


def starts(lengths_S: Tensor) -> Tensor:
    """Where each segment begins in the flat tensor."""
    return lengths_S.cumsum(0) - lengths_S


def owners(lengths_S: Tensor) -> Tensor:
    """For each flat element the segment that it belongs to."""
    return torch.repeat_interleave(lengths_S)


def reduce(values_P: Tensor, owner_P: Tensor, number: int, how: str) -> Tensor:
    """Reduces each segment by `sum`, `mean`, `amin` or `amax`; shape (number, ...)."""
    if how == "sum":
        return values_P.new_zeros(number, *values_P.shape[1:]).index_add_(0, owner_P, values_P)
    index = owner_P.reshape(-1, *[1] * (values_P.dim() - 1)).expand_as(values_P)
    out = values_P.new_zeros(number, *values_P.shape[1:])
    return out.scatter_reduce(0, index, values_P, how, include_self=False)


def within(lengths_S: Tensor) -> Tensor:
    """For each flat element its index within its segment, from 0."""
    return ranges(torch.zeros_like(lengths_S), lengths_S)


def ranges(begin_S: Tensor, lengths_S: Tensor) -> Tensor:
    """The numbers begin, begin + 1, … of each segment, so many as it is long, end to end."""
    owner_P = owners(lengths_S)
    at_P = torch.arange(owner_P.shape[0], device=lengths_S.device)
    return at_P + (begin_S - starts(lengths_S))[owner_P]


def rank(scores_P: Tensor, lengths_S: Tensor) -> Tensor:
    """For each flat element its rank by score within its segment, lowest 0."""
    by_score = scores_P.argsort(stable=True)
    order = by_score[owners(lengths_S)[by_score].argsort(stable=True)]
    ranks = torch.empty_like(order)
    ranks[order] = within(lengths_S)
    return ranks


def box(points_P2: Tensor, owner_P: Tensor, number: int) -> tuple[Tensor, Tensor]:
    """The lowest and highest corner of each segment's bounding box, both (number, 2)."""
    return reduce(points_P2, owner_P, number, "amin"), reduce(points_P2, owner_P, number, "amax")


def segment_lengths(points_P2: Tensor, stroke_len_S: Tensor) -> Tensor:
    """The way from each point's predecessor in its stroke to it, (P,); 0 for a stroke's first."""
    way_P = torch.zeros(len(points_P2), device=points_P2.device, dtype=points_P2.dtype)
    if len(points_P2) > 1:
        way_P[1:] = torch.linalg.vector_norm(points_P2[1:] - points_P2[:-1], dim=1)
    way_P[starts(stroke_len_S)] = 0
    return way_P


def resample(points_P2: Tensor, stroke_len_S: Tensor, number: int) -> Tensor:
    """Places `number` points at equal distances of arc along each stroke, ends included.

    Args:
        points_P2: all strokes end to end.
        stroke_len_S: points per stroke, each at least 1.
        number: samples per stroke, at least 2.

    Returns:
        (S, number, 2); a stroke without length repeats its point.
    """
    return along(points_P2, stroke_len_S, fractions(number).to(points_P2.device))


def fractions(number: int) -> Tensor:
    """So many equal steps from 0 to 1, in double precision."""
    return torch.linspace(0, 1, number, dtype=torch.float64)


def along(points_P2: Tensor, stroke_len_S: Tensor, fraction_K: Tensor) -> Tensor:
    """The points after these fractions of each stroke's way, (S, K, 2)."""
    end_S = stroke_len_S.cumsum(0)
    begin_S1, last_S1 = (end_S - stroke_len_S)[:, None], (end_S - 1)[:, None]
    # One running length over all strokes, in float64 so that the last stroke is as exact as the
    # first; a stroke's first point adds nothing, so each stroke's share is contiguous.
    run_P = segment_lengths(points_P2, stroke_len_S).double().cumsum(0)
    from_S1, to_S1 = run_P[begin_S1], run_P[last_S1]
    target_SK = from_S1 + (to_S1 - from_S1) * fraction_K
    after_SK = torch.searchsorted(run_P, target_SK).clamp(min=begin_S1, max=last_S1)
    before_SK = (after_SK - 1).clamp(min=begin_S1)
    behind_SK = run_P[before_SK]
    gap_SK = (run_P[after_SK] - behind_SK).clamp(min=1e-12)
    share_SK1 = ((target_SK - behind_SK) / gap_SK).clamp(0, 1).to(points_P2.dtype)[:, :, None]
    return torch.lerp(points_P2[before_SK], points_P2[after_SK], share_SK1)
