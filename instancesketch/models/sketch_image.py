"""A vector per sketch, from a small image of all its strokes together.

How strokes are cut, ordered and joined differs from hand to hand; what they look like together
differs less.

Shape letters: see `instancesketch.models.ragged`; G cells along a side of the image.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

from instancesketch.models import ragged
from instancesketch.models.features import StrokeFeatures

_CHANNELS = (16, 32, 64)  # of convolutions that halve the image each


class SketchImageEncoder(nn.Module):
    """Three convolutions over an image of the sketch, and a linear layer over what is left.

    Args:
        width: of the vector per sketch.
        cells: along a side of the image, a multiple of 8.
        samples: points that a stroke is resampled to.
    """

    def __init__(self, width: int, cells: int, samples: int) -> None:
        super().__init__()
        self.cells, self.samples = cells, samples
        layers: list[nn.Module] = []
        for before, after in zip((1, *_CHANNELS), _CHANNELS, strict=False):
            layers += [
                nn.Conv2d(before, after, 3, stride=2, padding=1), nn.BatchNorm2d(after), nn.ReLU()
            ]  # fmt: skip
        self.convolutions = nn.Sequential(*layers)
        left = cells // 2 ** len(_CHANNELS)
        self.out = nn.Linear(_CHANNELS[-1] * left**2, width)

    def forward(self, features: StrokeFeatures) -> Tensor:
        """Encode sketches as (N, width)."""
        image_NGG = ink(features, self.samples, self.cells)
        return cast(Tensor, self.out(self.convolutions(image_NGG[:, None]).flatten(1)))


def ink(features: StrokeFeatures, samples: int, cells: int) -> Tensor:
    """Return images of sketches, (N, G, G): the length of line in each cell, at most 1.

    Points along the lines are shared among the four cells nearest to each, so that a small shift
    changes an image little.

    Args:
        features: of normalised sketches, which fill the image.
        samples: points that strokes are resampled to; between two of them there is one more.
        cells: along a side of an image.
    """
    places_SK2 = features.resampled(samples)
    middles_SK2 = (places_SK2[:, 1:] + places_SK2[:, :-1]) / 2
    # From -1 and 1 to the middles of the first and the last cell.
    at_SK2 = (torch.cat([places_SK2, middles_SK2], dim=1) + 1) * ((cells - 1) / 2)
    low_SK2 = at_SK2.clamp(0.0, cells - 1.001).floor()
    share_SK2 = at_SK2 - low_SK2
    length_S = (places_SK2[:, 1] - places_SK2[:, 0]).square().sum(1).sqrt() * (cells / 4)
    # A dot has no length, and is there.
    amount_SK = (length_S + 1 / at_SK2.shape[1])[:, None].expand(at_SK2.shape[:2])
    sketch_SK = features.batch.sketch_of_S[:, None].expand(at_SK2.shape[:2])
    first_SK = (sketch_SK * cells + low_SK2[..., 1].long()) * cells + low_SK2[..., 0].long()
    x_SK, y_SK = share_SK2.unbind(2)
    parts = [
        ((1 - x_SK) * (1 - y_SK), 0), (x_SK * (1 - y_SK), 1),
        ((1 - x_SK) * y_SK, cells), (x_SK * y_SK, cells + 1),
    ]  # fmt: skip
    index_P = torch.cat([(first_SK + shift).flatten() for _, shift in parts])
    value_P = torch.cat([(amount_SK * share).flatten() for share, _ in parts])
    number = len(features.batch)
    image_P = ragged.reduce(value_P, index_P, number * cells * cells, "sum")
    return image_P.view(number, cells, cells).clamp(max=1)
