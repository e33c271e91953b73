"""A learned function of how two strokes lie to each other.

Shape letters: see `instancesketch.models.ragged`; M strokes beside L strokes, F features, G groups
of strokes of the same sketch.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from instancesketch.models.features import (
    MAX_PAIRS,
    PAIR_FEATURES,
    PAIR_SAMPLES,
    StrokeFeatures,
    pair_features,
)
from instancesketch.models.precision import match_precision


class PairGeometry(nn.Module):
    """A few numbers per pair of strokes, from the features of how they lie to each other.

    Attention on contents alone must work out from absolute places what touches, crosses or
    surrounds what; given, it costs little (relative geometry as in Hu et al., Relation Networks,
    2018).

    Args:
        numbers: outputs per pair.
        hidden: width of the hidden layer.
        order: read which of the two was drawn first as well, and how much earlier.
    """

    ORDER_FEATURES = 5

    def __init__(self, numbers: int, hidden: int = 32, *, order: bool = False) -> None:
        super().__init__()
        self.order = order
        features = PAIR_FEATURES + order * self.ORDER_FEATURES
        self.net = nn.Sequential(nn.Linear(features, hidden), nn.GELU(), nn.Linear(hidden, numbers))

    def forward(self, places_NLK2: Tensor) -> Tensor:
        """Compare L strokes, given as K points along each, with each other: (N, L, L, numbers)."""
        n, length = places_NLK2.shape[:2]
        if n * length * length <= MAX_PAIRS:
            return self.beside(places_NLK2, places_NLK2)
        # The pairs of thousands of strokes would fill the memory, so a few rows go at a time.
        rows = max(1, MAX_PAIRS // (n * length))
        parts = places_NLK2.split(rows, dim=1)
        return torch.cat(
            [self.beside(part, places_NLK2, i * rows) for i, part in enumerate(parts)], dim=1
        )

    def beside(self, from_NMK2: Tensor, to_NLK2: Tensor, first: int = 0) -> Tensor:
        """Compare M strokes, at positions from `first` on, with L strokes: (N, M, L, numbers)."""
        return self._project(pair_features(from_NMK2, to_NLK2), first)

    def among(self, features: StrokeFeatures) -> Tensor:
        """Compare the strokes of each sketch, padded to the longest: (N, L, L, numbers)."""
        pairs_NLLF = features.pairs()
        if pairs_NLLF is None:
            return self(features.pair_places())  # type: ignore[no-any-return]
        return self._project(pairs_NLLF)

    def among_groups(self, features: StrokeFeatures, strokes_GL: Tensor) -> Tensor:
        """Compare the strokes of each group: (G, L, L, numbers)."""
        pairs_GLLF = features.pairs_of_groups(strokes_GL)
        if pairs_GLLF is None:
            return self(features.resampled(PAIR_SAMPLES)[strokes_GL])  # type: ignore[no-any-return]
        return self._project(pairs_GLLF)

    def through(self, features_TNF: Tensor, weight_DE: Tensor) -> Tensor:
        """Return what a linear layer makes of the numbers of pairs, (T, N, D).

        Its weight and that of the last layer here are one product, so that the numbers themselves
        need not be computed.
        """
        first, activation, last = self.net[0], self.net[1], cast(nn.Linear, self.net[2])
        hidden_TNH = match_precision(activation(first(features_TNF)), weight_DE)
        weight_DH = weight_DE @ match_precision(last.weight, weight_DE)
        return F.linear(hidden_TNH, weight_DH, weight_DE @ match_precision(last.bias, weight_DE))

    def _project(self, features_NMLF: Tensor, first: int = 0) -> Tensor:
        if self.order:
            n, m, length = features_NMLF.shape[:3]
            later_ML = torch.arange(length, device=features_NMLF.device) - (
                torch.arange(m, device=features_NMLF.device)[:, None] + first
            )
            order_NMLF = order_features(later_ML)[None].expand(n, -1, -1, -1)
            features_NMLF = torch.cat([features_NMLF, order_NMLF], dim=3)
        features_MLNF = features_NMLF.permute(1, 2, 0, 3)
        pairs_MLNF = self.net(features_MLNF.flatten(0, 2)).unflatten(0, features_MLNF.shape[:3])
        return pairs_MLNF.permute(2, 0, 1, 3)


def order_features(later_ML: Tensor) -> Tensor:
    """Return what describes the drawing order of pairs whose second is `later_ML` strokes later.

    Returns:
        (M, L, 5): how much later, up to eight strokes; how near; whether right after, right before
        or the same.
    """
    return torch.stack(
        [
            later_ML.clamp(-8, 8) / 8,
            (later_ML == 1).float(),
            (later_ML == -1).float(),
            1 / (1 + later_ML.abs()),
            (later_ML == 0).float(),
        ],
        dim=2,
    )
