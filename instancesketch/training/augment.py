"""Random changes to drawings, as other people would have drawn them; batched, on any device.

Those to the strokes that there are stand in `augment_strokes`, to their points in `augment_device`.

Every rotation and scale is about the true centre of what it changes, and coordinates stay floats.
Shape letters: see `models.ragged`; Q parts, T strokes taken from another drawing.
"""

from __future__ import annotations

import math
from dataclasses import replace

import torch
from torch import Tensor

from instancesketch.models import ragged
from instancesketch.models.packing import Batch
from instancesketch.training.augment_device import change_device
from instancesketch.training.augment_strokes import (
    add_marks,
    bernoulli,
    cut_strokes,
    join_strokes,
    keep_prefixes,
    reverse_strokes,
    shuffle_strokes,
    uniform,
)
from instancesketch.training.config import AugmentConfig

# Fields of `AugmentConfig` that `strength` multiplies: distances and angles, not probabilities.
_REACHES = (
    "stretch", "shear", "rotate", "stroke_rotate", "stroke_scale", "stroke_shift", "noise"
)  # fmt: skip
# A part that takes another's place keeps its shape but for this ratio of the scales of its sides.
_MAX_UNEVEN = 1.5
# Least width and height of a part, where a drawing is 2 wide: a line's box has no area to fill.
_MIN_SIDE = 0.02


def augment(batch: Batch, config: AugmentConfig, generator: torch.Generator) -> Batch:
    """Return the batch with every drawing changed at random and normalised to the box -1 to 1.

    Args:
        batch: labelled drawings; strokes and their labels are changed together.
        config: how far and how often.
        generator: on the batch's device; equal states give equal drawings.
    """
    if not len(batch):  # a worker that has none of the drawings of a step
        return batch
    reaches = {name: getattr(config, name) * config.strength for name in _REACHES}
    config = replace(config, **reaches, strength=1.0)
    if config.drop_p:
        batch = _drop_short_strokes(batch, config.drop_p, generator)
    # Before the other changes, whose distances are shares of the normalised size.
    batch = batch.normalised()
    if config.exchange_p:
        batch = exchange_parts(batch, config.exchange_p, generator)
    batch = _change_strokes(batch, config, generator)
    batch = batch.with_points(_move_strokes(batch, config, generator))
    batch = batch.with_points(_add_noise(batch, config, generator))
    if config.reverse_p:
        reverse_S = bernoulli(len(batch.stroke_len_S), config.reverse_p, generator)
        batch = reverse_strokes(batch, reverse_S)
    batch = batch.with_points(_move_drawings(batch, config, generator)).normalised()
    if config.device_p:  # last: a device records what was drawn
        batch = change_device(batch, config.device_p, generator).normalised()
    return batch


def _change_strokes(batch: Batch, config: AugmentConfig, generator: torch.Generator) -> Batch:
    """Change which strokes there are, and their order, where the config asks for it."""
    if config.prefix_p:
        batch = keep_prefixes(batch, config.prefix_p, generator).normalised()
    if config.join_p or config.join_parts_p:
        batch = join_strokes(batch, config.join_p, config.join_parts_p, generator)
    if config.cut_p:
        batch = cut_strokes(batch, config.cut_p, generator)
    if config.shuffle_p:
        batch = shuffle_strokes(batch, config.shuffle_p, generator)
    if config.stray_p:
        batch = add_marks(batch, config.stray_p, generator)
    return batch


def exchange_parts(batch: Batch, p: float, generator: torch.Generator) -> Batch:
    """Replace one part of some drawings by the same part of another drawing of the category.

    All strokes of the part are removed and all those of the other drawing's part take their place:
    the box that they filled, and the position of the first one in the order. It is CutMix (Yun et
    al. 2019) for strokes. A drawing stays unchanged if the batch has no other one of its category
    with a part in common.

    Args:
        batch: normalised; drawings without a category and strokes without a part stay as they are.
        p: the share of drawings that are changed.
        generator: on the batch's device.
    """
    partner_N = _draw_partners(batch.category_N, generator)
    part_N = _draw_common_part(batch, partner_N, generator)
    # -2 equals no part: unlabelled strokes have -1, and must not be removed.
    part_N = torch.where(bernoulli(len(batch), p, generator), part_N, -2)
    removed_S = batch.part_S == part_N[batch.sketch_of_S]
    changed_M = (part_N >= 0).nonzero()[:, 0]
    taken_T = batch.strokes_of(partner_N[changed_M])
    into_T = changed_M.repeat_interleave(batch.strokes_N[partner_N[changed_M]])
    of_part_T = batch.part_S[taken_T] == part_N[into_T]
    taken_T, into_T = taken_T[of_part_T], into_T[of_part_T]

    kept = (~removed_S).nonzero()[:, 0]
    removed = removed_S.nonzero()[:, 0]
    first_N = ragged.reduce(removed, batch.sketch_of_S[removed], len(batch), "amin")
    # Taken strokes sort by the number of the first removed one, so they come in its place.
    order = torch.cat([kept, first_N[into_T]]).argsort(stable=True)
    sketch_S = torch.cat([batch.sketch_of_S[kept], into_T])
    exchanged = batch.replace_strokes(
        torch.cat([kept, taken_T])[order],
        torch.bincount(sketch_S, minlength=len(batch)),
        batch.category_N,
    )
    scale_T2, shift_T2 = _fit_into_boxes(batch, removed, taken_T, into_T)
    scale_S2 = torch.cat([scale_T2.new_ones(len(kept), 2), scale_T2])[order]
    shift_S2 = torch.cat([shift_T2.new_zeros(len(kept), 2), shift_T2])[order]
    scale_P2, shift_P2 = (x.index_select(0, exchanged.stroke_of_P) for x in (scale_S2, shift_S2))
    return exchanged.with_points(exchanged.points_P2 * scale_P2 + shift_P2)


def _draw_partners(category_N: Tensor, generator: torch.Generator) -> Tensor:
    """Draw another drawing of the same category for each; itself if it is the only one."""
    order = torch.rand(len(category_N), generator=generator, device=generator.device).argsort()
    order = order[category_N[order].argsort(stable=True)]
    sorted_N = category_N[order]
    # Within a category each takes from the next one, the last from the first: nobody from itself.
    after = torch.arange(1, len(order) + 1, device=order.device)
    first, end = (torch.searchsorted(sorted_N, sorted_N, right=right) for right in (False, True))
    after = torch.where(after < end, after, first)
    partner_N = torch.empty_like(order)
    partner_N[order] = order[after]
    return partner_N


def _draw_common_part(batch: Batch, partner_N: Tensor, generator: torch.Generator) -> Tensor:
    """Draw for each drawing a part that its partner has as well; -2 if there is none."""
    number = len(batch)
    if not len(batch.part_S) or int(batch.part_S.max()) < 0:
        return torch.full_like(partner_N, -2)
    has_NQ = torch.zeros(
        number, int(batch.part_S.max()) + 1, dtype=torch.bool, device=partner_N.device
    )
    known_S = batch.part_S >= 0
    has_NQ[batch.sketch_of_S[known_S], batch.part_S[known_S]] = True
    common_NQ = has_NQ & has_NQ[partner_N]
    random_NQ = torch.rand(common_NQ.shape, generator=generator, device=generator.device)
    most_N, part_N = torch.where(common_NQ, random_NQ, -1).max(1)
    # The only drawing of its category would exchange a part with itself.
    alone_N = partner_N == torch.arange(number, device=partner_N.device)
    return torch.where((most_N < 0) | alone_N | (batch.category_N < 0), -2, part_N)


def _fit_into_boxes(
    batch: Batch, removed: Tensor, taken_T: Tensor, into_T: Tensor
) -> tuple[Tensor, Tensor]:
    """Return the scale and the shift that fit taken strokes into the boxes of removed ones, (T, 2).

    Args:
        batch: the drawings before the exchange.
        removed: the strokes that are removed.
        taken_T: the strokes that take their place.
        into_T: the drawing that each of them goes to.
    """
    number = len(batch)
    low_S2, high_S2 = ragged.box(batch.points_P2, batch.stroke_of_P, len(batch.stroke_len_S))

    def box(strokes: Tensor, owner: Tensor) -> tuple[Tensor, Tensor]:
        low_N2 = ragged.reduce(low_S2[strokes], owner, number, "amin")
        high_N2 = ragged.reduce(high_S2[strokes], owner, number, "amax")
        return (low_N2 + high_N2) / 2, high_N2 - low_N2

    old_N2, old_size_N2 = box(removed, batch.sketch_of_S[removed])
    new_N2, new_size_N2 = box(taken_T, into_T)
    scale_N2 = old_size_N2.clamp(min=_MIN_SIDE) / new_size_N2.clamp(min=_MIN_SIDE)
    even_N1 = scale_N2.prod(1, keepdim=True).sqrt()
    scale_N2 = scale_N2.clamp(min=even_N1 / _MAX_UNEVEN, max=even_N1 * _MAX_UNEVEN)
    return scale_N2[into_T], (old_N2 - scale_N2 * new_N2)[into_T]


def _drop_short_strokes(batch: Batch, p: float, generator: torch.Generator) -> Batch:
    rank_S = ragged.rank(ragged.stroke_lengths(batch.points_P2, batch.layout), batch.strokes_N)
    # The shortest is dropped only if three stay without it, the second only if without both.
    enough_S = batch.strokes_N[batch.sketch_of_S] - 1 - rank_S >= 3
    drop_S = (rank_S < 2) & enough_S & bernoulli(len(rank_S), p, generator)
    kept_N = ragged.reduce((~drop_S).long(), batch.sketch_of_S, len(batch), "sum")
    return batch.replace_strokes((~drop_S).nonzero()[:, 0], kept_N, batch.category_N)


def _rotations(degrees_N: Tensor) -> Tensor:
    """Return the matrix of each rotation, (N, 2, 2)."""
    angle_N = degrees_N * (math.pi / 180)
    cos_N, sin_N = angle_N.cos(), angle_N.sin()
    return torch.stack([cos_N, -sin_N, sin_N, cos_N], dim=1).view(-1, 2, 2)


def _transform(points_P2: Tensor, owner_P: Tensor, matrix_N22: Tensor) -> Tensor:
    """Multiply each point with the matrix of its owner, a stroke or a drawing."""
    # By coordinate: products of millions of 2 by 2 matrices are slow.
    a_P, b_P, c_P, d_P = matrix_N22.flatten(1).t().contiguous().index_select(1, owner_P)
    x_P, y_P = points_P2.unbind(1)
    return torch.stack([a_P * x_P + b_P * y_P, c_P * x_P + d_P * y_P], dim=1)


def _move_strokes(batch: Batch, config: AugmentConfig, generator: torch.Generator) -> Tensor:
    """Rotate, scale and shift single strokes; return the points."""
    number, owner_P = len(batch.stroke_len_S), batch.stroke_of_P
    low_S2, high_S2 = ragged.box(batch.points_P2, owner_P, number)
    centre_S2 = (low_S2 + high_S2) / 2
    probabilities = (config.stroke_rotate_p, config.stroke_scale_p, config.stroke_shift_p)
    on = []
    for i, p in enumerate(probabilities):
        on_S = bernoulli(len(batch), p, generator)[batch.sketch_of_S]
        if config.strokes is not None:
            random_S = torch.rand(number, generator=generator, device=generator.device)
            on_S = on_S & (ragged.rank(random_S, batch.strokes_N) < config.strokes[i])
        on.append(on_S)
    degrees_S = uniform(number, config.stroke_rotate, generator) * on[0]
    scale_S = 1 + uniform(number, config.stroke_scale, generator) * on[1]
    # Twice, because the longer side of a normalised drawing is 2.
    shift_S2 = uniform(number * 2, config.stroke_shift * 2, generator).view(-1, 2) * on[2][:, None]
    centre_P2, to_P2 = (x.index_select(0, owner_P) for x in (centre_S2, centre_S2 + shift_S2))
    matrix_S22 = _rotations(degrees_S) * scale_S[:, None, None]
    return _transform(batch.points_P2 - centre_P2, owner_P, matrix_S22) + to_P2


def _add_noise(batch: Batch, config: AugmentConfig, generator: torch.Generator) -> Tensor:
    """Add noise smoothed over three points; return the points."""
    number = len(batch.points_P2)
    noise_P2 = torch.randn(number, 2, generator=generator, device=generator.device)
    if number > 2:
        noise_P2 = torch.cat(
            [noise_P2[:1], (noise_P2[:-2] + noise_P2[1:-1] + noise_P2[2:]) / 3, noise_P2[-1:]]
        )
    # Twice, because the longer side of a normalised drawing is 2.
    reach_N1 = bernoulli(len(batch), config.noise_p, generator)[:, None] * (2 * config.noise)
    return batch.points_P2 + noise_P2 * reach_N1.index_select(0, batch.sketch_of_P)


def _move_drawings(batch: Batch, config: AugmentConfig, generator: torch.Generator) -> Tensor:
    """Stretch, mirror, shear and rotate whole drawings; return the points."""
    number = len(batch)
    stretch_N = 1 + uniform(number, config.stretch, generator) * bernoulli(
        number, config.stretch_p, generator
    )
    one = torch.ones_like(stretch_N)
    along_x_N = bernoulli(number, 0.5, generator)
    scale_N2 = torch.stack(
        [torch.where(along_x_N, stretch_N, one), torch.where(along_x_N, one, stretch_N)], dim=1
    )
    # Parts carry no side here, so mirroring needs no change of labels.
    scale_N2[:, 0] *= torch.where(bernoulli(number, config.mirror_p, generator), -1.0, 1.0)
    shear_N22 = torch.eye(2, device=one.device).repeat(number, 1, 1)
    shear_N22[:, 0, 1] = uniform(number, config.shear, generator)
    degrees_N = uniform(number, config.rotate, generator) * bernoulli(
        number, config.rotate_p, generator
    )
    # First stretched, then sheared, then rotated.
    matrix_N22 = _rotations(degrees_N) @ (shear_N22 * scale_N2[:, None])
    return _transform(batch.points_P2, batch.sketch_of_P, matrix_N22)
