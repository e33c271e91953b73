"""Stroke encoders: a vector per stroke, from its points, from its images, or from both.

Shape letters: see `instancesketch.models.ragged`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from instancesketch.models import ragged
from instancesketch.models.features import StrokeFeatures
from instancesketch.models.precision import match_precision
from instancesketch.models.rasterize import rasterise


class PolylineEncoder(nn.Module, ABC):
    """A vector per resampled stroke, of its points, its box, its ends and its position.

    Args:
        width: of the vector per stroke.
        samples: points that a stroke is resampled to.
        channels: outputs of each layer that reads points.
        order: read the stroke's position in the drawing order as well.
    """

    out: nn.Linear  # of the vectors of points and box

    CHANNELS = 6  # place in the sketch, place in the stroke's own box, direction
    NUMBERS = 15

    def __init__(
        self, width: int, samples: int, channels: tuple[int, ...], order: bool = True
    ) -> None:
        super().__init__()
        self.samples, self.order = samples, order
        self.norms = nn.ModuleList(StrokeNorm(c) for c in channels)
        self.box = nn.Sequential(nn.Linear(self.NUMBERS + order, 64), nn.GELU(), nn.Linear(64, 64))

    @abstractmethod
    def read_points(self, points_SKC: Tensor) -> Tensor:
        """Return what the layers read of the `CHANNELS` of each point, (S, D)."""

    @property
    @abstractmethod
    def heavy_modules(self) -> Iterable[nn.Module]:
        """Return the modules that do most of the arithmetic."""

    def forward(self, features: StrokeFeatures) -> Tensor:
        """Encode strokes as (S, width)."""
        places_SK2, layout = features.resampled(self.samples), features.batch.layout
        low_S2, high_S2 = places_SK2.amin(1), places_SK2.amax(1)
        centre_S2, half_S2 = (low_S2 + high_S2) / 2, (high_S2 - low_S2) / 2
        hidden_SD = self.read_points(
            torch.cat(self._channels(places_SK2, centre_S2, half_S2), dim=2)
        )
        # Whether a stroke is one of three or of thirty is evidence, even without their order.
        strokes_S = layout.strokes_N[layout.sketch_of_S]
        numbers = [
            *self._box_numbers(places_SK2, centre_S2, half_S2),
            *([(layout.at_S / strokes_S)[:, None]] if self.order else []),
            strokes_S.reciprocal()[:, None],
        ]
        box = self.box(torch.cat(numbers, dim=1))
        return self.out(torch.cat([hidden_SD, box], dim=1))

    def _channels(self, places_SK2: Tensor, centre_S2: Tensor, half_S2: Tensor) -> list[Tensor]:
        """Return what the layers read of each point, `CHANNELS` in all."""
        # A dot has no size to divide by.
        size_S11 = half_S2.amax(1).clamp(min=1e-3)[:, None, None]
        own_SK2 = (places_SK2 - centre_S2[:, None]) / size_S11
        next_SK2 = torch.cat([own_SK2[:, 1:], own_SK2[:, -1:]], dim=1)
        # Directions of the same size, however many samples there are.
        ahead_SK2 = (next_SK2 - own_SK2) * (self.samples / 8)
        return [places_SK2, own_SK2, ahead_SK2]

    @staticmethod
    def _box_numbers(places_SK2: Tensor, centre_S2: Tensor, half_S2: Tensor) -> list[Tensor]:
        """Return what the linear layers read of each stroke besides its position."""
        steps_SK2 = places_SK2[:, 1:] - places_SK2[:, :-1]
        length_S1 = torch.linalg.vector_norm(steps_SK2, dim=2).sum(1, keepdim=True)
        return [
            centre_S2,
            half_S2,
            # Sizes span orders of magnitude; a third of the logarithm is of the others' size.
            half_S2.clamp(min=1e-3).log() / 3,
            places_SK2[:, 0],
            places_SK2[:, -1],
            places_SK2.mean(1),
            length_S1,
            length_S1.clamp(min=1e-3).log() / 3,
        ]


class StrokeNorm(nn.BatchNorm1d):
    """A batch norm that takes a single value per channel, too, such as one stroke's, in training.

    The last step of an epoch may have no more than that. Torch refuses it, for it has no variance:
    here it is normalised by the running statistics.
    """

    def forward(self, input: Tensor) -> Tensor:
        """Normalise values of shape (M, C) or (M, C, K)."""
        if not self.training or input.numel() > self.num_features:
            return super().forward(input)
        return F.batch_norm(
            input, self.running_mean, self.running_var, self.weight, self.bias, eps=self.eps
        )


class PatchEncoder(PolylineEncoder):
    """Patches of the polyline joined two by two until one is left, each time by a linear layer.

    The first layer reads `samples` / 2^(layers - 1) points at a time. It is a convolution without
    overlap, as right as one with it (`experiments/networks.py`) and a tenth of the arithmetic.
    """

    def __init__(
        self, width: int, samples: int, channels: tuple[int, ...], order: bool = True
    ) -> None:
        super().__init__(width, samples, channels, order)
        joined = [samples >> (len(channels) - 1), *[2] * (len(channels) - 1)]
        self.layers = nn.ModuleList(
            nn.Linear(number * a, b)
            for number, a, b in zip(joined, (self.CHANNELS, *channels), channels, strict=False)
        )
        self.out = nn.Linear(channels[-1] + 64, width)

    def read_points(self, points_SKC: Tensor) -> Tensor:
        """Return the vector of the patch that is the whole stroke, (S, D)."""
        hidden = points_SKC
        for layer, norm in zip(self.layers, self.norms, strict=True):
            # Patches that lie beside each other in memory become one row.
            weight = cast(nn.Linear, layer).weight
            patches = match_precision(hidden.reshape(-1, weight.shape[1]), weight)
            hidden = torch.relu(norm(layer(patches)))
        return hidden

    @property
    def heavy_modules(self) -> Iterable[nn.Module]:
        """Return the modules that do most of the arithmetic."""
        # The first layer reads places, which bfloat16 would round to a 256th.
        return self.layers[1:]


class PointsEncoder(PolylineEncoder):
    """A convolution along the stroke, and the highest and mean value of each of its outputs."""

    def __init__(
        self, width: int, samples: int, channels: tuple[int, ...], order: bool = True
    ) -> None:
        super().__init__(width, samples, channels, order)
        self.convolutions = nn.ModuleList(
            nn.Conv1d(a, b, 3, stride=1 if i == 0 else 2, padding=1)
            for i, (a, b) in enumerate(zip((self.CHANNELS, *channels), channels, strict=False))
        )
        self.out = nn.Linear(2 * channels[-1] + 64, width)

    def read_points(self, points_SKC: Tensor) -> Tensor:
        """Return the highest and the mean value of each channel along the stroke, (S, D)."""
        hidden_SCK = points_SKC.transpose(1, 2)
        for convolution, norm in zip(self.convolutions, self.norms, strict=True):
            weight = cast(nn.Conv1d, convolution).weight
            hidden_SCK = torch.relu(norm(convolution(match_precision(hidden_SCK, weight))))
        return torch.cat([hidden_SCK.amax(2), hidden_SCK.mean(2)], dim=1)

    @property
    def heavy_modules(self) -> Iterable[nn.Module]:
        """Return the modules that do most of the arithmetic."""
        # The first convolution reads places, which bfloat16 would round to a 256th.
        return self.convolutions[1:]


class RasterEncoder(nn.Module):
    """The published encoder: two images of the stroke, of its shape and its place, a branch each.

    Args:
        width: of the vector per stroke.
        size: of the images in pixels.
    """

    def __init__(self, width: int, size: int = 32) -> None:
        super().__init__()
        self.size = size
        self.shape, self.place = self._branch(), self._branch()
        self.out = nn.Linear(256, width)

    @staticmethod
    def _branch() -> nn.Sequential:
        def block(a: int, b: int) -> list[nn.Module]:
            return [nn.Conv2d(a, b, 3, padding=1), nn.BatchNorm2d(b), nn.ReLU()]

        pool = nn.MaxPool2d(2)
        return nn.Sequential(*block(1, 32), pool, *block(32, 64), pool, *block(64, 128))

    def forward(self, features: StrokeFeatures) -> Tensor:
        """Encode strokes as (S, width)."""
        batch = features.batch
        owner_P, number = batch.stroke_of_P, len(batch.stroke_len_S)
        # The image of its shape is of the stroke alone, scaled to fill it.
        low_S2, high_S2 = ragged.box(batch.points_P2, owner_P, number)
        half_S1 = ((high_S2 - low_S2) / 2).amax(1, keepdim=True)
        # A dot has no size to fill the image with: it stays in the middle.
        own_P2 = (batch.points_P2 - ((low_S2 + high_S2) / 2)[owner_P]) / half_S1.clamp(min=1e-6)[
            owner_P
        ]
        shape, place = (
            branch(match_precision(images[:, None], cast(nn.Conv2d, branch[0]).weight)).mean((2, 3))
            for branch, images in (
                (self.shape, rasterise(own_P2, batch.stroke_len_S, self.size)),
                (self.place, rasterise(batch.points_P2, batch.stroke_len_S, self.size)),
            )
        )
        # The branches may compute in bfloat16, the last layer never does.
        return F.relu(self.out(torch.cat([shape, place], dim=1).float()))

    @property
    def heavy_modules(self) -> Iterable[nn.Module]:
        """Return the modules that do most of the arithmetic."""
        return self.shape, self.place


class PlaceEncoder(nn.Module):
    """The published refiner's: an image of the stroke in its place, by two small convolutions."""

    def __init__(self, width: int, size: int = 32) -> None:
        super().__init__()
        self.size = size
        self.convolutions = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(16, 32, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
        )
        self.out = nn.Linear(32 * (size // 4) ** 2, width)

    def forward(self, features: StrokeFeatures) -> Tensor:
        """Encode strokes as (S, width)."""
        batch = features.batch
        images = rasterise(batch.points_P2, batch.stroke_len_S, self.size)[:, None]
        return self.out(self.convolutions(images).flatten(1))


class JoinedEncoder(nn.Module):
    """Points and images together."""

    def __init__(self, width: int, samples: int, channels: tuple[int, ...]) -> None:
        super().__init__()
        self.points = PointsEncoder(width, samples, channels)
        self.raster = RasterEncoder(width)
        self.out = nn.Linear(2 * width, width)

    def forward(self, features: StrokeFeatures) -> Tensor:
        """Encode strokes as (S, width)."""
        return self.out(torch.cat([self.points(features), self.raster(features)], dim=1))
