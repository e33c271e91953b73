"""Random changes to how strokes are recorded, as by another device.

Drawings are normalised: distances are for a longer side of 2. Shape letters: see `models.ragged`;
V points after the change, U points that aren't decided yet, G pieces of strokes between kept
points.
"""

from __future__ import annotations

import torch
from torch import Tensor

from instancesketch.models import ragged
from instancesketch.models.packing import Batch
from instancesketch.models.ragged import Layout
from instancesketch.training.augment_strokes import bernoulli, log_uniform, measure_arcs

# Least and greatest of each: shares of the longer side would be half of the distances.
_SPACINGS = (0.03, 0.4)
_TOLERANCES = (0.008, 0.12)  # Quick, Draw! is simplified by 2 of 256, which is 0.016 of 2
_CELLS = (16, 128)
_JITTERS = (0.05, 0.3)  # of the distance to the next points
_MOST_JITTER = 0.05
# A stroke of fewer points may get more of them by another spacing, but no more than this.
_MOST_POINTS = 64
# Douglas–Peucker splits the pieces of a stroke in two this many times; drawings take about ten.
_MOST_SPLITS = 32


def change_device(batch: Batch, p: float, generator: torch.Generator) -> Batch:
    """Record some drawings anew, each in one of four ways.

    Points of another spacing, Douglas–Peucker at another tolerance, a coarse grid, or jitter that
    grows with speed.

    Args:
        batch: normalised.
        p: the share of drawings that are changed.
        generator: on the batch's device.
    """
    number = len(batch)
    way_N = (torch.rand(number, generator=generator, device=generator.device) * 4).long()
    way_N = torch.where(bernoulli(number, p, generator), way_N, -1)
    spacing_N, tolerance_N, cells_N, jitter_N = (
        torch.where(way_N == way, log_uniform(number, *limits, generator), 0)
        for way, limits in enumerate((_SPACINGS, _TOLERANCES, _CELLS, _JITTERS))
    )
    batch = simplify(resample(batch, spacing_N), tolerance_N)
    return jitter(quantise(batch, cells_N.round()), jitter_N, generator)


def resample(batch: Batch, spacing_N: Tensor) -> Batch:
    """Place points at equal distances of arc, ends included, where the spacing isn't 0.

    Corners between two points are lost. Networks take points at equal distances of their own, so
    that more points than before change nothing but what is lost at such corners.
    """
    spacing_S = spacing_N[batch.sketch_of_S]
    run_P, first_S, last_S = measure_arcs(batch)
    length_S = run_P[last_S] - run_P[first_S]
    # A stroke without length is a dot: one point. Steps are counted short of a rounding error.
    steps_S = (length_S / spacing_S.clamp(min=1e-9) - 1e-6).ceil().clamp(min=0)
    most_S = batch.stroke_len_S.clamp(min=_MOST_POINTS)
    changed_S = spacing_S > 0
    lengths_S = torch.where(
        changed_S, torch.minimum(steps_S.long() + 1, most_S), batch.stroke_len_S
    )

    stroke_V = ragged.owners(lengths_S)
    at_V = ragged.within(lengths_S, len(stroke_V))
    step_S = length_S / (lengths_S - 1).clamp(min=1)
    first_V, last_V, changed_V, begin_V, step_V = (
        x.index_select(0, stroke_V) for x in (first_S, last_S, changed_S, run_P[first_S], step_S)
    )
    target_V = begin_V + step_V * at_V
    after_V = torch.searchsorted(run_P, target_V).clamp(min=first_V, max=last_V)
    before_V = torch.maximum(after_V - 1, first_V)
    behind_V, ahead_V = (run_P.index_select(0, x) for x in (before_V, after_V))
    gap_V = (ahead_V - behind_V).clamp(min=1e-12)
    weight_V = ((target_V - behind_V) / gap_V).clamp(0, 1).to(batch.points_P2.dtype)
    # With a weight of 0 the points of other drawings stay what they are, to the last bit.
    weight_V = torch.where(changed_V, weight_V, 0)
    before_V = torch.where(changed_V, before_V, first_V + at_V)
    start_V2, end_V2 = (batch.points_P2.index_select(0, x) for x in (before_V, after_V))
    points_V2 = torch.lerp(start_V2, end_V2, weight_V[:, None])
    return _with_strokes(batch, points_V2, lengths_S)


def simplify(batch: Batch, tolerance_N: Tensor) -> Batch:
    """Leave out points by the rule of Douglas and Peucker (1973), where the tolerance isn't 0.

    What is left is a line from which no point that was left out is farther than the tolerance.
    Splits of one piece don't depend on those of others, so all pieces are split at once, and the
    points are the same as of splitting one by one.
    """
    first_S = ragged.starts(batch.stroke_len_S)
    last_S = first_S + batch.stroke_len_S - 1
    kept_P = tolerance_N[batch.sketch_of_P] == 0
    kept_P[first_S], kept_P[last_S] = True, True
    open_U = (~kept_P).nonzero()[:, 0]
    stroke_U = batch.stroke_of_P[open_U]
    from_U, to_U = first_S[stroke_U], last_S[stroke_U]
    tolerance_U = tolerance_N[batch.sketch_of_S[stroke_U]]
    for _ in range(_MOST_SPLITS):
        if not len(open_U):
            break
        away_U = _distances(*(batch.points_P2.index_select(0, x) for x in (open_U, from_U, to_U)))
        _, piece_U = torch.unique_consecutive(from_U, return_inverse=True)
        pieces = int(piece_U[-1]) + 1
        most_U = ragged.reduce(away_U, piece_U, pieces, "amax").index_select(0, piece_U)
        # The first of the farthest points, where it is too far.
        last = len(batch.points_P2)
        farthest_U = torch.where(away_U == most_U, open_U, last)
        split_U = ragged.reduce(farthest_U, piece_U, pieces, "amin").index_select(0, piece_U)
        split_on_U = most_U > tolerance_U
        kept_P[split_U] = split_on_U
        from_U = torch.where(open_U > split_U, split_U, from_U)
        to_U = torch.where(open_U < split_U, split_U, to_U)
        left = (split_on_U & (open_U != split_U)).nonzero()[:, 0]
        open_U, from_U, to_U, tolerance_U = (
            # Many times quicker than by a mask.
            x.index_select(0, left)
            for x in (open_U, from_U, to_U, tolerance_U)
        )
    kept_P[open_U] = True  # never too far, though it may be more points than need be
    lengths_S = ragged.reduce(kept_P.long(), batch.stroke_of_P, len(first_S), "sum")
    return _with_strokes(batch, batch.points_P2.index_select(0, kept_P.nonzero()[:, 0]), lengths_S)


def _distances(point_U2: Tensor, from_U2: Tensor, to_U2: Tensor) -> Tensor:
    """Return the distance of each point from the line between two others, ends included."""
    along_U2, off_U2 = to_U2 - from_U2, point_U2 - from_U2
    square_U = along_U2.square().sum(1).clamp(min=1e-20)
    share_U = ((along_U2 * off_U2).sum(1) / square_U).clamp(0, 1)
    return torch.linalg.vector_norm(off_U2 - along_U2 * share_U[:, None], dim=1)


def quantise(batch: Batch, cells_N: Tensor) -> Batch:
    """Round coordinates to a grid of so many cells across the drawing, where they aren't 0."""
    half_P1 = (cells_N / 2)[batch.sketch_of_P][:, None]
    rounded_P2 = ((batch.points_P2 + 1) * half_P1).round() / half_P1.clamp(min=1) - 1
    return batch.with_points(torch.where(half_P1 > 0, rounded_P2, batch.points_P2))


def jitter(batch: Batch, share_N: Tensor, generator: torch.Generator) -> Batch:
    """Add noise that grows with speed: a share of the mean distance to the points beside.

    Devices record at equal times, so points of fast strokes are far apart.
    """
    before_P = ragged.segment_lengths(batch.points_P2, batch.stroke_len_S)
    # The first point of the next stroke has 0, as the last one of this stroke should.
    after_P = torch.nn.functional.pad(before_P[1:], (0, 1))
    reach_P = (share_N[batch.sketch_of_P] * (before_P + after_P) / 2).clamp(max=_MOST_JITTER)
    noise_P2 = torch.randn(len(reach_P), 2, generator=generator, device=generator.device)
    return batch.with_points(batch.points_P2 + noise_P2 * reach_P[:, None])


def _with_strokes(batch: Batch, points_V2: Tensor, lengths_S: Tensor) -> Batch:
    return Batch(
        points_P2=points_V2,
        layout=Layout(lengths_S, batch.strokes_N, len(points_V2)),
        part_S=batch.part_S,
        instance_S=batch.instance_S,
        category_N=batch.category_N,
    )
