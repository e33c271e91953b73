"""Drawings that take a part from another drawing of the same category, batched on any device.

Shape letters: see `instancesketch.models.ragged`; Q parts, T strokes that come.
"""

from __future__ import annotations

import torch
from torch import Tensor

from instancesketch.models import ragged
from instancesketch.models.packing import Batch

# How much more one side than the other may be scaled, so that a part keeps its shape.
_MOST_UNEVEN = 1.5
# A line has no height, and counts as so high, as wide as drawings are from -1 to 1.
_LEAST = 0.02


def exchanged(batch: Batch, p: float, generator: torch.Generator) -> Batch:
    """Replaces one part of some drawings by the same part of others.

    All strokes of the part leave, and all of that of the other drawing come, into the box that
    the old ones filled and to the first one's place in the order (CutMix, Yun et al. 2019, for
    strokes). A drawing stays as it is where the batch has no other of its category with a part in
    common.

    Args:
        batch: labelled drawings, normalised; what has no category or part stays out of it.
        p: the share of drawings that it befalls.
        generator: on the batch's device.
    """
    partner_N = _partners(batch.category_N, generator)
    part_N = _common_part(batch, partner_N, generator)
    lot_N = torch.rand(len(batch), generator=generator, device=generator.device)
    part_N = torch.where(lot_N < p, part_N, -2)
    leaves_S = batch.part_S == part_N[batch.sketch_of_S]
    on_M = (part_N >= 0).nonzero()[:, 0]
    come_T = batch.strokes_of(partner_N[on_M])
    into_T = on_M.repeat_interleave(batch.strokes_N[partner_N[on_M]])
    wanted_T = batch.part_S[come_T] == part_N[into_T]
    come_T, into_T = come_T[wanted_T], into_T[wanted_T]

    stays = (~leaves_S).nonzero()[:, 0]
    gone = leaves_S.nonzero()[:, 0]
    first_N = ragged.reduce(gone, batch.sketch_of_S[gone], len(batch), "amin")
    order = torch.cat([stays, first_N[into_T]]).argsort(stable=True)
    sketch_S = torch.cat([batch.sketch_of_S[stays], into_T])
    made = batch.replace_strokes(
        torch.cat([stays, come_T])[order],
        torch.bincount(sketch_S, minlength=len(batch)),
        batch.category_N,
    )
    scale_T2, shift_T2 = _into_place(batch, gone, come_T, into_T)
    scale_S2 = torch.cat([scale_T2.new_ones(len(stays), 2), scale_T2])[order]
    shift_S2 = torch.cat([shift_T2.new_zeros(len(stays), 2), shift_T2])[order]
    owner_P = made.stroke_of_P
    return made.with_points(made.points_P2 * scale_S2[owner_P] + shift_S2[owner_P])


def _partners(category_N: Tensor, generator: torch.Generator) -> Tensor:
    """For each drawing another of its category at random, itself where there is none."""
    lot_N = torch.rand(len(category_N), generator=generator, device=generator.device)
    order = lot_N.argsort()
    order = order[category_N[order].argsort(stable=True)]
    sorted_N = category_N[order]
    # Each takes from the one after it, the last of a category from the first.
    after = torch.arange(1, len(order) + 1, device=order.device)
    first, end = (torch.searchsorted(sorted_N, sorted_N, right=right) for right in (False, True))
    after = torch.where(after < end, after, first)
    partner_N = torch.empty_like(order)
    partner_N[order] = order[after]
    return partner_N


def _common_part(batch: Batch, partner_N: Tensor, generator: torch.Generator) -> Tensor:
    """For each drawing a part at random that its partner has, too; -2 where there is none."""
    number = len(batch)
    if not len(batch.part_S) or int(batch.part_S.max()) < 0:
        return torch.full_like(partner_N, -2)
    has_NQ = torch.zeros(
        number, int(batch.part_S.max()) + 1, dtype=torch.bool, device=partner_N.device
    )
    known_S = batch.part_S >= 0
    has_NQ[batch.sketch_of_S[known_S], batch.part_S[known_S]] = True
    common_NQ = has_NQ & has_NQ[partner_N]
    lot_NQ = torch.rand(common_NQ.shape, generator=generator, device=generator.device)
    most_N, part_N = torch.where(common_NQ, lot_NQ, -1).max(1)
    alone_N = partner_N == torch.arange(number, device=partner_N.device)
    return torch.where((most_N < 0) | alone_N | (batch.category_N < 0), -2, part_N)


def _into_place(
    batch: Batch, gone: Tensor, come_T: Tensor, into_T: Tensor
) -> tuple[Tensor, Tensor]:
    """The scale and the shift that lay what comes where the strokes lay that have gone, (T, 2)."""
    number = len(batch)
    low_S2, high_S2 = ragged.box(batch.points_P2, batch.stroke_of_P, len(batch.stroke_len_S))

    def box(strokes: Tensor, owner: Tensor) -> tuple[Tensor, Tensor]:
        low_N2 = ragged.reduce(low_S2[strokes], owner, number, "amin")
        high_N2 = ragged.reduce(high_S2[strokes], owner, number, "amax")
        return (low_N2 + high_N2) / 2, high_N2 - low_N2

    old_N2, old_size_N2 = box(gone, batch.sketch_of_S[gone])
    new_N2, new_size_N2 = box(come_T, into_T)
    scale_N2 = old_size_N2.clamp(min=_LEAST) / new_size_N2.clamp(min=_LEAST)
    even_N1 = scale_N2.prod(1, keepdim=True).sqrt()
    scale_N2 = scale_N2.clamp(min=even_N1 / _MOST_UNEVEN, max=even_N1 * _MOST_UNEVEN)
    return scale_N2[into_T], (old_N2 - scale_N2 * new_N2)[into_T]
