"""The grouper: which strokes of a scene draw the same object, and what kind of object that is.

A scene is packed as a drawing whose parts are the kinds of its objects and whose instances are its
objects. Shape letters: see `models.ragged`; C categories, E numbers a pair of strokes.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from instancesketch.core.taxonomy import Taxonomy
from instancesketch.models.config import GrouperConfig
from instancesketch.models.encoders import PointsEncoder
from instancesketch.models.packing import Batch
from instancesketch.models.pair_geometry import PairGeometry
from instancesketch.models.transformer import StrokeTransformer


class Grouped(NamedTuple):
    """What the grouper says of the strokes of N scenes."""

    affinity_NLL: Tensor  # logits, symmetric: two strokes draw the same object
    kinds_SC: Tensor  # logits of each stroke's kind of object; the last one: any other thing


class GrouperNet(nn.Module):
    """Affinities of all pairs of a scene's strokes, and the kind of object that each draws."""

    MOST_PAIRS = 200_000  # compared at once, but in training

    def __init__(self, config: GrouperConfig, taxonomy: Taxonomy) -> None:
        super().__init__()
        self.config = config
        width, pair = config.width, config.pair_width
        # Where a stroke stands in the drawing order is told to pairs alone, and when asked for.
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
        """Where the model computes."""
        return self.out.weight.device

    def forward(self, batch: Batch, ordered_N: Tensor) -> Grouped:
        """Compares strokes.

        Args:
            batch: scenes, normalised.
            ordered_N: bool, the scenes whose strokes stand in the order in which they were drawn,
                and where that is evidence.

        Returns:
            Affinities of the scenes' strokes, without meaning beyond a scene's own; and kinds.
        """
        hidden_SD, _ = self.transformer(self.encoder(batch), batch)
        at_S, length = batch.at_S, int(batch.strokes_N.max())
        places_SK2 = batch.resampled(PairGeometry.SAMPLES)
        places_NLK2 = places_SK2.new_zeros(len(batch), length, *places_SK2.shape[1:])
        places_NLK2[batch.sketch_of_S, at_S] = places_SK2
        side_SE = self.side(hidden_SD)
        side_NLE = side_SE.new_zeros(len(batch), length, side_SE.shape[1])
        side_NLE[batch.sketch_of_S, at_S] = side_SE
        affinity_NLL = self._affinity(places_NLK2, side_NLE, ordered_N)
        return Grouped(
            (affinity_NLL + affinity_NLL.transpose(1, 2)) / 2, self.kinds(hidden_SD).float()
        )

    def _affinity(self, places_NLK2: Tensor, side_NLE: Tensor, ordered_N: Tensor) -> Tensor:
        """Logits of all pairs, each from its row's side, (N, L, L)."""
        n, length = side_NLE.shape[:2]
        if self.training or n * length * length <= self.MOST_PAIRS:
            geometry_NLLE = self.geometry(places_NLK2)
            return self._compared(geometry_NLLE, side_NLE, side_NLE, 0, ordered_N)
        # Some rows after the others: the pairs of thousands of strokes would fill the memory.
        rows = max(1, self.MOST_PAIRS // (n * length))
        parts = zip(places_NLK2.split(rows, dim=1), side_NLE.split(rows, dim=1), strict=True)
        return torch.cat(
            [
                self._compared(
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

    def _compared(
        self,
        geometry_NMLE: Tensor,
        from_NME: Tensor,
        to_NLE: Tensor,
        first: int,
        ordered_N: Tensor,
    ) -> Tensor:
        """Logits of M strokes, numbered from `first`, beside all L strokes, (N, M, L)."""
        a, b = from_NME[:, :, None], to_NLE[:, None]
        geometry_NMLE = geometry_NMLE + self._order(
            first, from_NME.shape[1], to_NLE.shape[1], ordered_N
        )
        pairs_NMLE = self.joined(
            torch.cat([a * b, (a - b).abs(), geometry_NMLE.to(from_NME.dtype)], dim=3)
        )
        return self.out(pairs_NMLE)[..., 0].float()

    def _order(self, first: int, rows: int, length: int, ordered_N: Tensor) -> Tensor:
        """What the drawing order says of each pair, (N, M, L, E); nothing where it isn't told."""
        at_L = torch.arange(length, device=ordered_N.device, dtype=torch.float32)
        apart_ML = (at_L[first : first + rows, None] - at_L).abs()
        near_ML3 = torch.stack(
            [(apart_ML == 1).float(), (-apart_ML / 4).exp(), apart_ML.clamp(max=50) / 50], dim=2
        )
        return self.order(near_ML3) * ordered_N[:, None, None, None]
