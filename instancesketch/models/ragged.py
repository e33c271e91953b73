"""Arithmetic on ragged tensors: many strokes end to end, with the length of each.

Shape letters, here and in all of the models: P points, S strokes, N sketches, K samples per stroke,
L strokes of the longest sketch of a batch, D features.

Every operation can be exported to ONNX. Some then take a longer way, because runtimes have no
operation whose output's length depends on values, no search, and no fused multiply-add.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property, wraps

import torch
from torch import Tensor
from torch.compiler import is_exporting


def _index(compute: Callable[[Layout], Tensor]) -> cached_property[Tensor]:
    """Return a cached property that is a normal tensor even when computed in inference mode."""

    @wraps(compute)
    def normal(layout: Layout) -> Tensor:
        # An inference tensor can't be saved for backward, but batches that were labelled to measure
        # an epoch are augmented and trained on afterwards, with the same layout.
        if not torch.is_inference_mode_enabled() or layout.stroke_len_S.is_inference():
            return compute(layout)
        with torch.inference_mode(False):
            return compute(layout)

    return cached_property(normal)


class Layout:
    """Index tensors of strokes and points that lie end to end.

    Batches whose strokes lie in other places have the same layout, and share its index tensors.

    Args:
        stroke_len_S: int64, points per stroke, each at least 1.
        strokes_N: int64, strokes per sketch.
        points: points in all.
        padded: there may be more strokes than those of the sketches; they are padding. For a single
            sketch alone.
    """

    def __init__(
        self, stroke_len_S: Tensor, strokes_N: Tensor, points: int, *, padded: bool = False
    ) -> None:
        self.stroke_len_S, self.strokes_N = stroke_len_S, strokes_N
        self.points, self.padded = points, padded
        # Not len(), which would make an exported graph one for this number of strokes alone.
        self.strokes = stroke_len_S.shape[0]

    def to(self, device: torch.device | str) -> Layout:
        """Return the same layout on another device."""
        stroke_len_S = self.stroke_len_S.to(device, non_blocking=True)
        strokes_N = self.strokes_N.to(device, non_blocking=True)
        return Layout(stroke_len_S, strokes_N, self.points, padded=self.padded)

    @_index
    def stroke_of_P(self) -> Tensor:
        """Return the stroke of each point, (P,)."""
        return owners(self.stroke_len_S, self.points)

    @_index
    def sketch_of_S(self) -> Tensor:
        """Return the sketch of each stroke, (S,)."""
        if len(self.strokes_N) == 1:
            return torch.zeros_like(self.stroke_len_S)
        return owners(self.strokes_N, self.strokes)

    @_index
    def sketch_of_P(self) -> Tensor:
        """Return the sketch of each point, (P,)."""
        return self.sketch_of_S[self.stroke_of_P]

    @_index
    def points_N(self) -> Tensor:
        """Return the points per sketch, (N,)."""
        return reduce(self.stroke_len_S, self.sketch_of_S, len(self.strokes_N), "sum")

    @_index
    def at_S(self) -> Tensor:
        """Return each stroke's position in its sketch, (S,), from 0."""
        if len(self.strokes_N) == 1:
            return torch.arange(self.strokes, device=self.stroke_len_S.device)
        return within(self.strokes_N, self.strokes)

    def per_stroke(self, values_N: Tensor) -> Tensor:
        """Return each sketch's value, (N, ...), for each of its strokes, (S, ...)."""
        if len(values_N) == 1:
            return values_N.expand(self.strokes, *values_N.shape[1:])
        return values_N.index_select(0, self.sketch_of_S)

    def per_point(self, values_N: Tensor) -> Tensor:
        """Return each sketch's value, (N, ...), for each of its points, (P, ...)."""
        if len(values_N) == 1:
            return values_N.expand(self.points, *values_N.shape[1:])
        return values_N.index_select(0, self.sketch_of_P)

    @cached_property
    def longest(self) -> int:
        """Strokes of the sketch that has most, padding included; 0 without sketches."""
        # One sketch has all the strokes there are: no value has to be read.
        if len(self.strokes_N) == 1:
            return self.strokes
        return int(self.strokes_N.max()) if len(self.strokes_N) else 0

    @property
    def even(self) -> bool:
        """True if all sketches have the same number of strokes, so that none is padded."""
        return not self.padded and len(self.strokes_N) * self.longest == self.strokes


def starts(lengths_S: Tensor) -> Tensor:
    """Return the position of each segment's first element in the flat tensor, (S,)."""
    return lengths_S.cumsum(0) - lengths_S


def owners(lengths_S: Tensor, total: int | None = None) -> Tensor:
    """Return the segment of each flat element, (P,).

    Args:
        lengths_S: elements per segment.
        total: their sum, where it is known; else it is read from the device.
    """
    if is_exporting():
        ends_S = lengths_S.cumsum(0)
        number = lengths_S.sum().item() if total is None else total
        return (torch.arange(number, device=ends_S.device)[:, None] >= ends_S).sum(1)
    return torch.repeat_interleave(lengths_S, output_size=total)


def reduce(values_P: Tensor, owner_P: Tensor, number: int, how: str) -> Tensor:
    """Reduce each segment by `sum`, `mean`, `amin` or `amax` to (number, ...).

    The lowest of no elements is the highest number of their type, and the other way round.
    """
    out = values_P.new_zeros(number, *values_P.shape[1:])
    if how == "sum":  # a quicker kernel than scatter_reduce's
        return out.index_add_(0, owner_P, values_P)
    index = owner_P.reshape(-1, *[1] * (values_P.dim() - 1)).expand_as(values_P)
    if how == "mean":
        return out.scatter_reduce(0, index, values_P, how, include_self=False)
    # To include what was there before takes a third of the time, and is all that ONNX has.
    limits = (torch.finfo if values_P.is_floating_point() else torch.iinfo)(values_P.dtype)
    worst = limits.max if how == "amin" else limits.min
    return (out + worst).scatter_reduce(0, index, values_P, how)


def within(lengths_S: Tensor, total: int | None = None) -> Tensor:
    """Return each flat element's index within its segment, from 0, (P,)."""
    return ranges(torch.zeros_like(lengths_S), lengths_S, total)


def ranges(begin_S: Tensor, lengths_S: Tensor, total: int | None = None) -> Tensor:
    """Return the numbers begin, begin + 1, …, `lengths_S` of them for each segment, end to end."""
    owner_P = owners(lengths_S, total)
    at_P = torch.arange(owner_P.shape[0], device=lengths_S.device)
    return at_P + (begin_S - starts(lengths_S))[owner_P]


def rank(scores_P: Tensor, lengths_S: Tensor) -> Tensor:
    """Return each flat element's rank by score within its segment, the lowest 0, (P,)."""
    # Sorted by score, then stably by segment: each segment's elements in the order of their scores.
    by_score = scores_P.argsort(stable=True)
    order = by_score[owners(lengths_S)[by_score].argsort(stable=True)]
    ranks = torch.empty_like(order)
    ranks[order] = within(lengths_S)
    return ranks


def box(points_P2: Tensor, owner_P: Tensor, number: int) -> tuple[Tensor, Tensor]:
    """Return the lowest and highest corner of each segment's bounding box, both (number, 2)."""
    return reduce(points_P2, owner_P, number, "amin"), reduce(points_P2, owner_P, number, "amax")


def segment_lengths(points_P2: Tensor, stroke_len_S: Tensor) -> Tensor:
    """Return each point's distance from its predecessor in its stroke, (P,); 0 for the first."""
    if is_exporting():
        ahead_P2 = torch.nn.functional.pad(points_P2.diff(dim=0), (0, 0, 1, 0))
        x_P, y_P = ahead_P2.unbind(1)
        length_P = _fused(y_P, y_P, x_P * x_P).double().sqrt().to(points_P2.dtype)
        at_P = torch.arange(points_P2.shape[0], device=points_P2.device)
        first_P = (at_P == starts(stroke_len_S)[:, None]).any(0)
        return length_P.masked_fill(first_P, 0.0)
    ahead_P2 = points_P2.diff(dim=0, prepend=points_P2[:1])
    return torch.linalg.vector_norm(ahead_P2, dim=1).index_fill(0, starts(stroke_len_S), 0)


def stroke_lengths(points_P2: Tensor, layout: Layout) -> Tensor:
    """Return the length of each stroke, (S,); 0 for a dot."""
    length_P = segment_lengths(points_P2, layout.stroke_len_S)
    return reduce(length_P, layout.stroke_of_P, layout.strokes, "sum")


def resample(points_P2: Tensor, stroke_len_S: Tensor, number: int) -> Tensor:
    """Place `number` points at equal distances of arc along each stroke, ends included.

    Args:
        points_P2: all strokes end to end.
        stroke_len_S: points per stroke, each at least 1.
        number: samples per stroke, at least 2.

    Returns:
        (S, number, 2); a stroke without length repeats its point.
    """
    return along(points_P2, stroke_len_S, fractions(number).to(points_P2.device))


def fractions(number: int) -> Tensor:
    """Return `number` equal steps from 0 to 1, in double precision."""
    return torch.linspace(0, 1, number, dtype=torch.float64)


def along(points_P2: Tensor, stroke_len_S: Tensor, fraction_K: Tensor) -> Tensor:
    """Return the points at these fractions of each stroke's length, (S, K, 2)."""
    end_S = stroke_len_S.cumsum(0)
    begin_S1, last_S1 = (end_S - stroke_len_S)[:, None], (end_S - 1)[:, None]
    # One running length over all strokes, in float64 so that the last stroke is as exact as the
    # first; a stroke's first point adds nothing, so each stroke's share is contiguous.
    run_P = segment_lengths(points_P2, stroke_len_S).cumsum(0, dtype=torch.float64)
    from_S1, to_S1 = run_P[begin_S1], run_P[last_S1]
    target_SK = from_S1 + (to_S1 - from_S1) * fraction_K
    after_SK = _search(run_P, target_SK, stroke_len_S).clamp(min=begin_S1, max=last_S1)
    before_SK = torch.maximum(after_SK - 1, begin_S1)
    # Values are taken by flat indices: by those of two dimensions it takes many times longer.
    before, after = before_SK.flatten(), after_SK.flatten()
    behind_SK = run_P.index_select(0, before).view_as(before_SK)
    ahead_SK = run_P.index_select(0, after).view_as(before_SK)
    # Points that lie on each other have no gap between them to divide by.
    gap_SK = (ahead_SK - behind_SK).clamp(min=1e-12)
    share_SK = ((target_SK - behind_SK) / gap_SK).clamp(0, 1).to(points_P2.dtype)
    start, end = points_P2.index_select(0, before), points_P2.index_select(0, after)
    # One weight for x and one for y, since a weight that is read twice takes many times longer.
    weight = share_SK.view(-1, 1).expand_as(start).contiguous()
    return _lerp(start, end, weight).view(*before_SK.shape, 2)


def _search(sorted_P: Tensor, values_SK: Tensor, stroke_len_S: Tensor) -> Tensor:
    """Return how many of the sorted numbers, of all strokes, are below each value of a stroke.

    Values are at least the numbers of the strokes before and at most those of the strokes after.
    """
    if is_exporting():
        # Each value with the numbers of its own stroke alone: all with all would fill the memory.
        owner_P = owners(stroke_len_S, sorted_P.shape[0])
        below_PK = (sorted_P[:, None] < values_SK[owner_P]).long()
        own_SK = reduce(below_PK, owner_P, stroke_len_S.shape[0], "sum")
        return own_SK + starts(stroke_len_S)[:, None]
    return torch.searchsorted(sorted_P, values_SK)


def _lerp(start: Tensor, end: Tensor, weight: Tensor) -> Tensor:
    """Return start + weight · (end - start), rounded as `torch.lerp` does on CPUs."""
    if not is_exporting():
        return torch.lerp(start, end, weight)
    step = end - start
    near = _fused(weight, step, start)
    return torch.where(weight < 0.5, near, _fused(weight - 1, step, end))


def _fused(a: Tensor, b: Tensor, c: Tensor) -> Tensor:
    """Return a · b + c rounded once, as torch computes it on CPUs.

    Where strokes touch, the last bit decides whether a point lies within an outline.
    """
    return (a.double() * b.double() + c.double()).to(c.dtype)
