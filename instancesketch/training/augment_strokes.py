"""Random changes to which strokes a drawing has: kept, joined, cut, reordered and added.

Drawings are normalised: distances are for a longer side of 2. Labels stay with their strokes.
Shape letters: see `models.ragged`; C strokes that are cut, T marks, K points of a mark.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from instancesketch.models import packing, ragged
from instancesketch.models.packing import Batch
from instancesketch.models.ragged import Layout

# Ends that come nearer are joined: a twentieth of the drawing's longer side.
_NEAR = 0.1
# Strokes of at least this length are cut, away from their ends by this share of it.
_LONG = 0.5
_CUT_FROM = 0.15
# Of a drawing whose order changes, the share of strokes that start a block, if not all do.
_BLOCK_STARTS = 1 / 3
# Points of a mark, how far outside the drawing it may lie, and its least and greatest size.
_MARK_POINTS = 12
_BESIDE = 0.3
_MARK_SIZES = (0.04, 0.6)
_MOST_MARKS = 3
_DOT, _LINE, _LOOP, _GROUND = range(4)


def uniform(size: int, reach: float, generator: torch.Generator) -> Tensor:
    """Draw numbers from -reach to reach."""
    return (torch.rand(size, generator=generator, device=generator.device) * 2 - 1) * reach


def log_uniform(size: int, low: float, high: float, generator: torch.Generator) -> Tensor:
    """Draw numbers from low to high, evenly by orders of magnitude."""
    random = torch.rand(size, generator=generator, device=generator.device)
    return (math.log(low) + random * math.log(high / low)).exp()


def bernoulli(size: int, p: float, generator: torch.Generator) -> Tensor:
    """Draw booleans that are true with probability p."""
    return torch.rand(size, generator=generator, device=generator.device) < p


def measure_arcs(batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
    """Return one running length over all strokes, (P,), and where each begins and ends in it, (S,).

    The gaps between strokes add nothing. In float64, so that the last stroke is as exact as the
    first.
    """
    segment_P = ragged.segment_lengths(batch.points_P2, batch.stroke_len_S)
    first_S = ragged.starts(batch.stroke_len_S)
    return segment_P.cumsum(0, dtype=torch.float64), first_S, first_S + batch.stroke_len_S - 1


def reverse_strokes(batch: Batch, reverse_S: Tensor) -> Batch:
    """Return the batch with the points of some strokes in reverse order."""
    reverse_P = reverse_S[batch.stroke_of_P]
    at_P = torch.arange(len(reverse_P), device=reverse_P.device)
    first_P = ragged.starts(batch.stroke_len_S)[batch.stroke_of_P]
    last_P = first_P + batch.stroke_len_S[batch.stroke_of_P] - 1
    return batch.with_points(batch.points_P2[torch.where(reverse_P, first_P + last_P - at_P, at_P)])


def keep_prefixes(batch: Batch, p: float, generator: torch.Generator) -> Batch:
    """Keep only the first strokes of some drawings: two, and two fifths of them, at least.

    Args:
        batch: its drawings of fewer than four strokes stay whole.
        p: the share of drawings that are changed.
        generator: on the batch's device.
    """
    number, strokes_N = len(batch), batch.strokes_N
    fewest_N = ((2 * strokes_N + 4) // 5).clamp(min=2)
    random_N = torch.rand(number, generator=generator, device=generator.device)
    kept_N = fewest_N + (random_N * (strokes_N - fewest_N)).long()
    changed_N = bernoulli(number, p, generator) & (strokes_N >= 4)
    kept_N = torch.where(changed_N, kept_N, strokes_N)
    kept_S = batch.at_S < kept_N[batch.sketch_of_S]
    return batch.replace_strokes(kept_S.nonzero()[:, 0], kept_N, batch.category_N)


def join_strokes(batch: Batch, p: float, parts_p: float, generator: torch.Generator) -> Batch:
    """Join some pairs of consecutive strokes whose ends are near into one stroke each.

    The strokes run on from the ends that are nearest, so some are reversed. Two strokes of
    different labels become one of the longer one's part, which draws several instances at once.

    Args:
        batch: normalised.
        p: the share of such pairs of the same part and instance that are joined.
        parts_p: the share of such pairs of different labels that are joined.
        generator: on the batch's device.
    """
    alike_S, nearest_S, ends_S = _compare_with_previous(batch)
    p_S = torch.where(alike_S, p, parts_p)
    random_S = torch.rand(len(p_S), generator=generator, device=generator.device)
    second_S = (random_S < p_S) & (nearest_S < _NEAR) & (batch.at_S > 0)
    # No stroke is joined on both sides: of a run of pairs every other one is.
    at_S = torch.arange(len(second_S), device=second_S.device)
    run_S = at_S - torch.where(second_S, 0, at_S).cummax(0).values
    second_S = second_S & (run_S % 2 == 1)
    first_S = second_S.roll(-1)  # no pair ends with the first stroke of all
    # Ends are 2 · (is it the first one's end?) + (is it the second one's end?).
    reverse_S = (second_S & (ends_S % 2 == 1)) | (first_S & (ends_S.roll(-1) < 2))
    batch = reverse_strokes(batch, reverse_S)

    run_P, begin_S, end_S = measure_arcs(batch)
    length_S = run_P[end_S] - run_P[begin_S]
    longer_S = at_S + (first_S & (length_S.roll(-1) > length_S)).long()
    several_S = first_S & ~alike_S.roll(-1)
    instance_S = batch.instance_S[longer_S]
    instance_S = torch.where(several_S, instance_S.clamp(max=0), instance_S)
    head_S, kept = ~second_S, (~second_S).nonzero()[:, 0]
    lengths = ragged.reduce(batch.stroke_len_S, head_S.cumsum(0) - 1, len(kept), "sum")
    strokes_N = ragged.reduce(head_S.long(), batch.sketch_of_S, len(batch), "sum")
    return Batch(
        points_P2=batch.points_P2,
        layout=Layout(lengths, strokes_N, len(batch.points_P2)),
        part_S=batch.part_S[longer_S][kept],
        instance_S=instance_S[kept],
        category_N=batch.category_N,
    )


def _compare_with_previous(batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
    """Compare each stroke with the one before it; those of a batch's first mean nothing.

    Returns:
        Whether labels are the same; the distance of the nearest ends; and which ends they are,
        2 · (is it the previous one's end?) + (is it this one's end?).
    """
    first_S = ragged.starts(batch.stroke_len_S)
    last_S = first_S + batch.stroke_len_S - 1
    ends_S22 = batch.points_P2[torch.stack([first_S, last_S], dim=1)]
    before_S22 = ends_S22.roll(1, 0)
    gap_S22 = torch.linalg.vector_norm(before_S22[:, :, None] - ends_S22[:, None], dim=3)
    nearest_S, which_S = gap_S22.flatten(1).min(1)
    alike_S = batch.part_S == batch.part_S.roll(1)
    alike_S = alike_S & (batch.instance_S == batch.instance_S.roll(1))
    return alike_S, nearest_S, which_S


def cut_strokes(batch: Batch, p: float, generator: torch.Generator) -> Batch:
    """Cut some long strokes in two at a random place; both have the label, and end in the cut.

    Args:
        batch: normalised.
        p: the share of long strokes that are cut.
        generator: on the batch's device.
    """
    number = len(batch.stroke_len_S)
    run_P, first_S, last_S = measure_arcs(batch)
    length_S = run_P[last_S] - run_P[first_S]
    share_S = 0.5 + uniform(number, 0.5 - _CUT_FROM, generator)
    cut_S = bernoulli(number, p, generator) & (length_S >= _LONG)
    cut_C = cut_S.nonzero()[:, 0]
    target_C = (run_P[first_S] + share_S * length_S)[cut_C]
    after_C = torch.searchsorted(run_P, target_C).clamp(min=first_S[cut_C] + 1, max=last_S[cut_C])
    gap_C = (run_P[after_C] - run_P[after_C - 1]).clamp(min=1e-12)
    weight_C = ((target_C - run_P[after_C - 1]) / gap_C).clamp(0, 1).to(batch.points_P2.dtype)
    place_C2 = torch.lerp(batch.points_P2[after_C - 1], batch.points_P2[after_C], weight_C[:, None])

    # The place is added twice before the next point: as one's end and as the other's start.
    points = len(batch.points_P2)
    to_P = torch.bincount(after_C, minlength=points).cumsum(0) * 2
    to_P = to_P + torch.arange(points, device=to_P.device)
    points_P2 = batch.points_P2.new_empty(points + 2 * len(cut_C), 2)
    points_P2[to_P] = batch.points_P2
    points_P2[to_P[after_C] - 1] = place_C2
    points_P2[to_P[after_C] - 2] = place_C2
    of_S = torch.arange(number, device=cut_S.device).repeat_interleave(1 + cut_S.long())
    lengths = batch.stroke_len_S[of_S]
    piece_C = cut_C + torch.arange(len(cut_C), device=cut_C.device)
    lengths[piece_C] = after_C - first_S[cut_C] + 1
    lengths[piece_C + 1] = last_S[cut_C] - after_C + 2
    strokes_N = torch.bincount(batch.sketch_of_S[of_S], minlength=len(batch))
    return Batch(
        points_P2=points_P2,
        layout=Layout(lengths, strokes_N, len(points_P2)),
        part_S=batch.part_S[of_S],
        instance_S=batch.instance_S[of_S],
        category_N=batch.category_N,
    )


def shuffle_strokes(batch: Batch, p: float, generator: torch.Generator) -> Batch:
    """Change the order of strokes of some drawings: of all alone, or in blocks of a few.

    Args:
        batch: a half of its drawings that change keep the order within blocks.
        p: the share of drawings that are changed.
        generator: on the batch's device.
    """
    number = len(batch.stroke_len_S)
    changed_S = bernoulli(len(batch), p, generator)[batch.sketch_of_S]
    alone_S = bernoulli(len(batch), 0.5, generator)[batch.sketch_of_S]
    starts_S = bernoulli(number, _BLOCK_STARTS, generator) | alone_S | (batch.at_S == 0)
    random_S = torch.rand(number, generator=generator, device=generator.device)
    place_S = random_S[starts_S.cumsum(0) - 1] * changed_S
    order = _sort(place_S, batch.sketch_of_S)
    return batch.replace_strokes(order, batch.strokes_N, batch.category_N)


def _sort(place_S: Tensor, sketch_S: Tensor) -> Tensor:
    """Return the indices that sort strokes by sketch, and within each by place."""
    order = place_S.argsort(stable=True)
    return order[sketch_S[order].argsort(stable=True)]


def add_marks(batch: Batch, p: float, generator: torch.Generator) -> Batch:
    """Add one to three marks that belong to nothing to some drawings, anywhere in the order.

    They are dots, lines, loops and lines of ground, in the drawing or a little beside it. Part and
    instance of them are -1, unknown, so that no loss is made of them.

    Args:
        batch: normalised.
        p: the share of drawings that are changed.
        generator: on the batch's device.
    """
    random_N = torch.rand(len(batch), generator=generator, device=generator.device)
    marks_N = 1 + (random_N * _MOST_MARKS).long()
    marks_N = marks_N * bernoulli(len(batch), p, generator)
    sketch_T = ragged.owners(marks_N)
    points_P2, lengths_T = _draw_marks(batch, sketch_T, generator)
    unknown_T = torch.full_like(sketch_T, -1)
    marks = Batch(
        points_P2=points_P2,
        layout=Layout(lengths_T, marks_N, len(points_P2)),
        part_S=unknown_T,
        instance_S=unknown_T,
        category_N=batch.category_N,
    )
    random_T = torch.rand(len(sketch_T), generator=generator, device=generator.device)
    # From before the first stroke, which is 0, to after the last.
    place_T = random_T * (batch.strokes_N[sketch_T] + 1) - 1
    order = _sort(
        torch.cat([batch.at_S.to(place_T), place_T]), torch.cat([batch.sketch_of_S, sketch_T])
    )
    both = packing.join([batch, marks])
    return both.replace_strokes(order, batch.strokes_N + marks_N, batch.category_N)


def _draw_marks(
    batch: Batch, sketch_T: Tensor, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Draw marks for the given drawings; return all points end to end, and points per mark."""
    number = len(sketch_T)
    kind_T = (torch.rand(number, generator=generator, device=generator.device) * 4).long()
    ground_T = kind_T == _GROUND
    low_N2, high_N2 = ragged.box(batch.points_P2, batch.sketch_of_P, len(batch))
    low_T2, side_T2 = low_N2[sketch_T], (high_N2 - low_N2)[sketch_T]
    at_T2 = torch.rand(number, 2, generator=generator, device=generator.device)
    around_T2 = low_T2 - _BESIDE + at_T2 * (side_T2 + 2 * _BESIDE)
    # Ground lies under the middle of the drawing, about as wide as it is; y points down.
    under_T2 = low_T2 + side_T2 * (0.4 + at_T2 * 0.2 + at_T2.new_tensor([0.0, 0.5]))
    place_T2 = torch.where(ground_T[:, None], under_T2, around_T2)
    size_T = log_uniform(number, *_MARK_SIZES, generator)
    wide_T = side_T2[:, 0].clamp(min=0.2) * log_uniform(number, 0.6, 1.5, generator)
    size_T = torch.where(ground_T, wide_T, size_T)
    shape_TK2 = _draw_shapes(kind_T == _LOOP, ground_T, generator)
    points_TK2 = shape_TK2 * size_T[:, None, None] + place_T2[:, None]
    lengths_T = torch.where(kind_T == _DOT, 1, _MARK_POINTS)
    at_K = torch.arange(_MARK_POINTS, device=lengths_T.device)
    return points_TK2[at_K < lengths_T[:, None]], lengths_T


def _draw_shapes(loop_T: Tensor, ground_T: Tensor, generator: torch.Generator) -> Tensor:
    """Draw loops, lines of ground and other lines of length or width 1 about 0, (T, K, 2)."""
    number = len(loop_T)
    uneven_T1, over_T1 = (uniform(number, reach, generator)[:, None] for reach in (0.5, 0.15))
    step_K = torch.linspace(-0.5, 0.5, _MARK_POINTS, device=loop_T.device)
    # Loops are round or flatter, and need not close.
    angle_TK = step_K * (1 + over_T1) * (2 * math.pi)
    loop_TK2 = torch.stack([angle_TK.cos(), angle_TK.sin() * (0.5 + uneven_T1)], 2) / 2
    # Lines are bent, those of ground a little.
    bend_TK = uneven_T1 * step_K.square() * torch.where(ground_T, 0.2, 1.0)[:, None]
    line_TK2 = torch.stack([step_K.expand_as(bend_TK), bend_TK], 2)
    shape_TK2 = torch.where(loop_T[:, None, None], loop_TK2, line_TK2)
    turn_T = uniform(number, math.pi, generator) * torch.where(ground_T, 0.02, 1.0)
    cos_T, sin_T = turn_T.cos(), turn_T.sin()
    return shape_TK2 @ torch.stack([cos_T, sin_T, -sin_T, cos_T], 1).view(-1, 2, 2)
