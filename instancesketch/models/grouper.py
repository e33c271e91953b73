"""The grouper: which strokes of a scene draw the same object, and the category of that object.

A scene is packed as a sketch whose parts are its objects' categories and whose instances are its
objects. Shape letters: see `models.ragged`; C categories, E numbers a pair of strokes, M strokes
beside L strokes.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from instancesketch.core.taxonomy import Taxonomy
from instancesketch.models.config import GrouperConfig
from instancesketch.models.encoders import PointsEncoder
from instancesketch.models.features import StrokeFeatures
from instancesketch.models.pair_geometry import PairGeometry
from instancesketch.models.transformer import StrokeTransformer


class Grouped(NamedTuple):
    """The grouper's output for the strokes of N scenes."""

    affinity_NLL: Tensor  # logits, symmetric: two strokes draw the same object
    category_SC: Tensor  # logits of each stroke's object; the last one: none of the taxonomy's


class GrouperNet(nn.Module):
    """Affinities of all pairs of a scene's strokes, and the category of what each draws."""

    # Pairs compared at once; training needs all of them for its gradients.
    MAX_PAIRS = 200_000

    def __init__(self, config: GrouperConfig, taxonomy: Taxonomy) -> None:
        super().__init__()
        self.config = config
        width, pair = config.width, config.pair_width
        # The drawing order is read for pairs alone, and only where it is evidence.
        self.encoder = PointsEncoder(width, config.samples, config.channels, order=False)
        self.transformer = StrokeTransformer(config)
        self.kinds = nn.Linear(width, len(taxonomy.category_names) + 1)
        self.side = nn.Linear(width, pair)
        self.geometry = PairGeometry(pair)
        self.order = nn.Linear(3, pair, bias=False)
        self.joined = nn.Sequential(
            nn.Linear(3 * pair, pair), nn.GELU(), nn.Linear(pair, pair), nn.GELU()
        )
        self.out = nn.Linear(pair, 1)

    @property
    def device(self) -> torch.device:
        """Return the device that the model computes on."""
        return self.out.weight.device

    def forward(self, features: StrokeFeatures, ordered_N: Tensor) -> Grouped:
        """Compute the affinities and categories of strokes.

        Args:
            features: of the strokes of scenes.
            ordered_N: bool, scenes whose strokes are in drawing order, where that is evidence.

        Returns:
            Affinities of the scenes' strokes, without meaning beyond a scene's own; and categories.
        """
        hidden_SD, _ = self.transformer(self.encoder(features), features)
        places_NLK2 = features.pair_places()
        side_NLE = features.padded(self.side(hidden_SD))
        affinity_NLL = self._affinity(places_NLK2, side_NLE, ordered_N)
        # Symmetric, though each pair is computed twice, from either stroke's side.
        return Grouped(
            (affinity_NLL + affinity_NLL.transpose(1, 2)) / 2, self.kinds(hidden_SD).float()
        )

    def _affinity(self, places_NLK2: Tensor, side_NLE: Tensor, ordered_N: Tensor) -> Tensor:
        """Return logits of all pairs, each from its row's side, (N, L, L)."""
        n, length = side_NLE.shape[:2]
        if self.training or n * length * length <= self.MAX_PAIRS:
            geometry_NLLE = self.geometry(places_NLK2)
            return self._compare(geometry_NLLE, side_NLE, side_NLE, 0, ordered_N)
        # The pairs of thousands of strokes would fill the memory, so a few rows go at a time.
        rows = max(1, self.MAX_PAIRS // (n * length))
        parts = zip(places_NLK2.split(rows, dim=1), side_NLE.split(rows, dim=1), strict=True)
        return torch.cat(
            [
                self._compare(
                    self.geometry.beside(places_NMK2, places_NLK2),
                    side_NME,
                    side_NLE,
                    i * rows,
                    ordered_N,
                )
                for i, (places_NMK2, side_NME) in enumerate(parts)
            ],
            dim=1,
        )

    def _compare(
        self,
        geometry_NMLE: Tensor,
        from_NME: Tensor,
        to_NLE: Tensor,
        first: int,
        ordered_N: Tensor,
    ) -> Tensor:
        """Return logits of M strokes, at positions from `first` on, with L strokes, (N, M, L)."""
        a, b = from_NME[:, :, None], to_NLE[:, None]
        geometry_NMLE = geometry_NMLE + self._order(
            first, from_NME.shape[1], to_NLE.shape[1], ordered_N
        )
        pairs_NMLE = self.joined(
            # The first two are the same from either side.
            torch.cat([a * b, (a - b).abs(), geometry_NMLE.to(from_NME.dtype)], dim=3)
        )
        return self.out(pairs_NMLE)[..., 0].float()

    def _order(self, first: int, rows: int, length: int, ordered_N: Tensor) -> Tensor:
        """Return what the drawing order adds to each pair, (N, M, L, E); 0 where it isn't read."""
        at_L = torch.arange(length, device=ordered_N.device, dtype=torch.float32)
        # One after the other, near, and far: beyond 50 strokes, more makes no difference.
        apart_ML = (at_L[first : first + rows, None] - at_L).abs()
        near_ML3 = torch.stack(
            [(apart_ML == 1).float(), (-apart_ML / 4).exp(), apart_ML.clamp(max=50) / 50], dim=2
        )
        return self.order(near_ML3) * ordered_N[:, None, None, None]
