"""Drawings changed at random as other hands would have drawn them, batched on any device.

Shape letters: see `models.ragged`. Every rotation and scale is about the true centre of
what it turns; coordinates stay floats.
"""

from __future__ import annotations

import math
from dataclasses import replace

import torch
from torch import Tensor

from instancesketch.models import ragged
from instancesketch.models.packing import Batch
from instancesketch.training.config import AugmentConfig
from instancesketch.training.exchange import exchanged

_REACHES = (
    "stretch", "shear", "rotate", "stroke_rotate", "stroke_scale", "stroke_shift", "noise"
)  # fmt: skip


def augment(batch: Batch, config: AugmentConfig, generator: torch.Generator) -> Batch:
    """Returns the batch with every drawing changed at random, normalised to the box -1 to 1.

    The generator must be on the batch's device; the same one gives the same drawings.
    """
    config = _scaled(config)
    if config.drop_p:
        batch = _drop_short(batch, config.drop_p, generator)
    batch = batch.normalised()
    if config.exchange_p:
        batch = exchanged(batch, config.exchange_p, generator)
    batch = batch.with_points(_strokes_moved(batch, config, generator))
    batch = batch.with_points(_with_noise(batch, config, generator))
    if config.reverse_p:
        batch = _reversed(batch, config.reverse_p, generator)
    return batch.with_points(_sketches_moved(batch, config, generator)).normalised()


def _scaled(config: AugmentConfig) -> AugmentConfig:
    """The same at strength 1."""
    reaches = {name: getattr(config, name) * config.strength for name in _REACHES}
    return replace(config, **reaches, strength=1.0)


def _uniform(size: int, reach: float, generator: torch.Generator) -> Tensor:
    """Numbers from -reach to reach."""
    return (torch.rand(size, generator=generator, device=generator.device) * 2 - 1) * reach


def _chosen(size: int, p: float, generator: torch.Generator) -> Tensor:
    return torch.rand(size, generator=generator, device=generator.device) < p


def _drop_short(batch: Batch, p: float, generator: torch.Generator) -> Batch:
    way_P = ragged.segment_lengths(batch.points_P2, batch.stroke_len_S)
    length_S = ragged.reduce(way_P, batch.stroke_of_P, len(batch.stroke_len_S), "sum")
    rank_S = ragged.rank(length_S, batch.strokes_N)
    # The shortest of all goes only if three stay without it, the second only if without both.
    enough_S = batch.strokes_N[batch.sketch_of_S] - 1 - rank_S >= 3
    drop_S = (rank_S < 2) & enough_S & _chosen(len(rank_S), p, generator)
    kept_N = ragged.reduce((~drop_S).long(), batch.sketch_of_S, len(batch), "sum")
    return batch.replace_strokes((~drop_S).nonzero()[:, 0], kept_N, batch.category_N)


def _turn(points_P2: Tensor, degrees_P: Tensor) -> Tensor:
    angle_P = degrees_P * (math.pi / 180)
    cos_P, sin_P = angle_P.cos(), angle_P.sin()
    x_P, y_P = points_P2.unbind(1)
    return torch.stack([x_P * cos_P - y_P * sin_P, x_P * sin_P + y_P * cos_P], dim=1)


def _strokes_moved(batch: Batch, config: AugmentConfig, generator: torch.Generator) -> Tensor:
    number, owner_P = len(batch.stroke_len_S), batch.stroke_of_P
    low_S2, high_S2 = ragged.box(batch.points_P2, owner_P, number)
    centre_P2 = ((low_S2 + high_S2) / 2)[owner_P]
    probabilities = (config.stroke_rotate_p, config.stroke_scale_p, config.stroke_shift_p)
    on = []
    for i, p in enumerate(probabilities):
        on_S = _chosen(len(batch), p, generator)[batch.sketch_of_S]
        if config.strokes is not None:
            lot_S = torch.rand(number, generator=generator, device=generator.device)
            on_S = on_S & (ragged.rank(lot_S, batch.strokes_N) < config.strokes[i])
        on.append(on_S)
    degrees_S = _uniform(number, config.stroke_rotate, generator) * on[0]
    scale_S = 1 + _uniform(number, config.stroke_scale, generator) * on[1]
    # The drawing's longer side is 2 in the normalised box.
    shift_S2 = _uniform(number * 2, config.stroke_shift * 2, generator).view(-1, 2) * on[2][:, None]
    turned_P2 = _turn(batch.points_P2 - centre_P2, degrees_S[owner_P])
    return turned_P2 * scale_S[owner_P, None] + centre_P2 + shift_S2[owner_P]


def _with_noise(batch: Batch, config: AugmentConfig, generator: torch.Generator) -> Tensor:
    number = len(batch.points_P2)
    noise_P2 = torch.randn(number, 2, generator=generator, device=generator.device)
    if number > 2:
        noise_P2 = torch.cat(
            [noise_P2[:1], (noise_P2[:-2] + noise_P2[1:-1] + noise_P2[2:]) / 3, noise_P2[-1:]]
        )
    on_N = _chosen(len(batch), config.noise_p, generator)
    return batch.points_P2 + noise_P2 * (2 * config.noise) * on_N[batch.sketch_of_P, None]


def _reversed(batch: Batch, p: float, generator: torch.Generator) -> Batch:
    turn_P = _chosen(len(batch.stroke_len_S), p, generator)[batch.stroke_of_P]
    at_P = torch.arange(len(turn_P), device=turn_P.device)
    first_P = ragged.starts(batch.stroke_len_S)[batch.stroke_of_P]
    last_P = first_P + batch.stroke_len_S[batch.stroke_of_P] - 1
    return batch.with_points(batch.points_P2[torch.where(turn_P, first_P + last_P - at_P, at_P)])


def _sketches_moved(batch: Batch, config: AugmentConfig, generator: torch.Generator) -> Tensor:
    number, owner_P = len(batch), batch.sketch_of_P
    stretch_N = 1 + _uniform(number, config.stretch, generator) * _chosen(
        number, config.stretch_p, generator
    )
    one = torch.ones_like(stretch_N)
    along_x_N = _chosen(number, 0.5, generator)
    scale_N2 = torch.stack(
        [torch.where(along_x_N, stretch_N, one), torch.where(along_x_N, one, stretch_N)], dim=1
    )
    scale_N2[:, 0] *= torch.where(_chosen(number, config.mirror_p, generator), -1.0, 1.0)
    points_P2 = batch.points_P2 * scale_N2[owner_P]
    shear_N = _uniform(number, config.shear, generator)
    points_P2 = torch.stack(
        [points_P2[:, 0] + shear_N[owner_P] * points_P2[:, 1], points_P2[:, 1]], dim=1
    )
    degrees_N = _uniform(number, config.rotate, generator) * _chosen(
        number, config.rotate_p, generator
    )
    return _turn(points_P2, degrees_N[owner_P])
