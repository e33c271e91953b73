"""What one stroke looks like, as a vector: from its points, from its images, or from both.

Shape letters: see `instancesketch.models.ragged`. Every encoder takes a normalised batch.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from instancesketch.models import ragged
from instancesketch.models.packing import Batch
from instancesketch.models.precision import as_for
from instancesketch.models.rasterize import rasterise


class PointsEncoder(nn.Module):
    """A convolution along the stroke, resampled to equal steps, joined with its box and ends."""

    CHANNELS = 6  # place in the drawing, place in the stroke's own box, direction
    NUMBERS = 15

    def __init__(
        self, width: int, samples: int, channels: tuple[int, ...], order: bool = True
    ) -> None:
        super().__init__()
        self.samples, self.order = samples, order  # whether its place in the drawing order counts
        sizes = (self.CHANNELS, *channels)
        self.convolutions = nn.ModuleList(
            nn.Conv1d(a, b, 3, stride=1 if i == 0 else 2, padding=1)
            for i, (a, b) in enumerate(zip(sizes, channels, strict=False))
        )
        self.norms = nn.ModuleList(nn.BatchNorm1d(c) for c in channels)
        self.box = nn.Sequential(nn.Linear(self.NUMBERS + order, 64), nn.GELU(), nn.Linear(64, 64))
        self.out = nn.Linear(2 * channels[-1] + 64, width)

    def forward(self, batch: Batch) -> Tensor:
        """Returns (S, width)."""
        of_S = batch.strokes_N[batch.sketch_of_S]
        return self.encode(batch.resampled(self.samples), batch.at_S, of_S)

    def encode(self, places_SK2: Tensor, at_S: Tensor, of_S: Tensor) -> Tensor:
        """The same of resampled strokes, each the so manieth of so many of its drawing."""
        low_S2, high_S2 = places_SK2.amin(1), places_SK2.amax(1)
        centre_S2, half_S2 = (low_S2 + high_S2) / 2, (high_S2 - low_S2) / 2
        size_S11 = half_S2.amax(1).clamp(min=1e-3)[:, None, None]
        own_SK2 = (places_SK2 - centre_S2[:, None]) / size_S11
        next_SK2 = torch.cat([own_SK2[:, 1:], own_SK2[:, -1:]], dim=1)
        ahead_SK2 = (next_SK2 - own_SK2) * (self.samples / 8)
        hidden = torch.cat([places_SK2, own_SK2, ahead_SK2], dim=2).transpose(1, 2)
        for convolution, norm in zip(self.convolutions, self.norms, strict=True):
            hidden = torch.relu(norm(convolution(as_for(hidden, convolution))))
        steps_SK2 = places_SK2[:, 1:] - places_SK2[:, :-1]
        way_S1 = torch.linalg.vector_norm(steps_SK2, dim=2).sum(1, keepdim=True)
        numbers = [
            centre_S2,
            half_S2,
            half_S2.clamp(min=1e-3).log() / 3,
            places_SK2[:, 0],
            places_SK2[:, -1],
            places_SK2.mean(1),
            way_S1,
            way_S1.clamp(min=1e-3).log() / 3,
            *([(at_S / of_S)[:, None]] if self.order else []),
            of_S.reciprocal()[:, None],
        ]
        box = self.box(torch.cat(numbers, dim=1))
        return self.out(torch.cat([hidden.amax(2), hidden.mean(2), box], dim=1))

    @property
    def large(self) -> Iterable[nn.Module]:
        """Where most of what it computes is."""
        return self.convolutions[1:]


class RasterEncoder(nn.Module):
    """The published encoder: two images of the stroke, its shape and its place, a branch each."""

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

    def forward(self, batch: Batch) -> Tensor:
        """Returns (S, width)."""
        owner_P, number = batch.stroke_of_P, len(batch.stroke_len_S)
        low_S2, high_S2 = ragged.box(batch.points_P2, owner_P, number)
        half_S1 = ((high_S2 - low_S2) / 2).amax(1, keepdim=True)
        # A dot has no size to fill the image with: it stays in the middle.
        own_P2 = (batch.points_P2 - ((low_S2 + high_S2) / 2)[owner_P]) / half_S1.clamp(min=1e-6)[
            owner_P
        ]
        shape, place = (
            branch(as_for(images[:, None], branch[0])).mean((2, 3))
            for branch, images in (
                (self.shape, rasterise(own_P2, batch.stroke_len_S, self.size)),
                (self.place, rasterise(batch.points_P2, batch.stroke_len_S, self.size)),
            )
        )
        return F.relu(self.out(torch.cat([shape, place], dim=1).float()))

    @property
    def large(self) -> Iterable[nn.Module]:
        """Where most of what it computes is."""
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

    def forward(self, batch: Batch) -> Tensor:
        """Returns (S, width)."""
        images = rasterise(batch.points_P2, batch.stroke_len_S, self.size)[:, None]
        return self.out(self.convolutions(images).flatten(1))


class JoinedEncoder(nn.Module):
    """Points and images together."""

    def __init__(self, width: int, samples: int, channels: tuple[int, ...]) -> None:
        super().__init__()
        self.points = PointsEncoder(width, samples, channels)
        self.raster = RasterEncoder(width)
        self.out = nn.Linear(2 * width, width)

    def forward(self, batch: Batch) -> Tensor:
        """Returns (S, width)."""
        return self.out(torch.cat([self.points(batch), self.raster(batch)], dim=1))
