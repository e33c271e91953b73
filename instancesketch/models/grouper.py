"""The grouper: which strokes of a scene draw the same object, and what kind of object that is.

A scene is packed as a drawing whose parts are the kinds of its objects and whose instances are its
objects. Shape letters: see `instancesketch.ragged`; C categories, E numbers a pair of strokes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn

from instancesketch import ragged
from instancesketch.batch import Batch
from instancesketch.models.encoders import PointsEncoder
from instancesketch.models.transformer import PairGeometry, StrokeTransformer
from instancesketch.taxonomy import Taxonomy


@dataclass(frozen=True, kw_only=True)
class GrouperConfig:
    """The grouper's shape."""

    samples: int = 32  # points that a stroke is resampled to
    channels: tuple[int, ...] = (32, 64, 64)
    width: int = 128
    layers: int = 4
    heads: int = 4
    feedforward: int = 256
    dropout: float = 0.1
    pair_bias: bool = True  # how strokes lie to each other, told to the attention
    edges: int = 8  # numbers a pair that go with what is attended to, where there is a bias
    pair_width: int = 48  # of what is known of two strokes, from which their affinity is made
    # How objects are made: added to every affinity; for two strokes that a box holds; for two of
    # which it holds one.
    join: float = 0.0
    box_both: float = 1.0
    box_one: float = 1.0


class Grouped(NamedTuple):
    """What the grouper says of the strokes of N scenes."""

    affinity_NLL: Tensor  # logits, symmetric: two strokes draw the same object
    kinds_SC: Tensor  # logits of each stroke's kind of object; the last one: any other thing


class GrouperNet(nn.Module):
    """Affinities of all pairs of a scene's strokes, and the kind of object that each draws."""

    def __init__(self, config: GrouperConfig, taxonomy: Taxonomy) -> None:
        super().__init__()
        self.config = config
        width, pair = config.width, config.pair_width
        # Where a stroke stands in the drawing order is told to pairs alone, and when asked for.
        self.encoder = PointsEncoder(width, config.samples, config.channels, order=False)
        self.transformer = StrokeTransformer.of(config)
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
        at_S, length = ragged.within(batch.strokes_N), int(batch.strokes_N.max())
        places_SK2 = ragged.resample(batch.points_P2, batch.stroke_len_S, PairGeometry.SAMPLES)
        places_NLK2 = places_SK2.new_zeros(len(batch), length, *places_SK2.shape[1:])
        places_NLK2[batch.sketch_of_S, at_S] = places_SK2
        side_SE = self.side(hidden_SD)
        side_NLE = side_SE.new_zeros(len(batch), length, side_SE.shape[1])
        side_NLE[batch.sketch_of_S, at_S] = side_SE
        geometry_NLLE = self.geometry(places_NLK2) + self._order(length, ordered_N)
        a, b = side_NLE[:, :, None], side_NLE[:, None]
        pairs_NLLE = self.joined(
            torch.cat([a * b, (a - b).abs(), geometry_NLLE.to(side_SE.dtype)], dim=3)
        )
        affinity_NLL = self.out(pairs_NLLE)[..., 0].float()
        return Grouped(
            (affinity_NLL + affinity_NLL.transpose(1, 2)) / 2, self.kinds(hidden_SD).float()
        )

    def _order(self, length: int, ordered_N: Tensor) -> Tensor:
        """What the drawing order says of each pair, (N, L, L, E); nothing where it isn't told."""
        at_L = torch.arange(length, device=ordered_N.device, dtype=torch.float32)
        apart_LL = (at_L[:, None] - at_L).abs()
        near_LL3 = torch.stack(
            [(apart_LL == 1).float(), (-apart_LL / 4).exp(), apart_LL.clamp(max=50) / 50], dim=2
        )
        return self.order(near_LL3) * ordered_N[:, None, None, None]
