"""The grouper: which strokes of a scene draw the same object, and the category of that object.

A scene is packed as a sketch whose parts are its objects' categories and whose instances are its
objects. Shape letters: see `models.ragged`; C categories, E numbers and X twice as many a pair of
strokes, T pairs of positions.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from instancesketch.core.taxonomy import Taxonomy
from instancesketch.models.config import GrouperConfig
from instancesketch.models.encoders import PointsEncoder
from instancesketch.models.features import StrokeFeatures
from instancesketch.models.pair_geometry import PairGeometry
from instancesketch.models.precision import match_precision
from instancesketch.models.transformer import StrokeTransformer


class Grouped(NamedTuple):
    """The grouper's output for the strokes of N scenes."""

    affinity_NLL: Tensor  # logits, symmetric: two strokes draw the same object
    category_SC: Tensor  # logits of each stroke's object; the last one: none of the taxonomy's


class GrouperNet(nn.Module):
    """Affinities of all pairs of a scene's strokes, and the category of what each draws."""

    # Pairs compared at once, as many as a CPU's cache or a GPU's memory holds; training needs all
    # of them for its gradients.
    MAX_PAIRS = 2_000
    GPU_MAX_PAIRS = 1_000_000

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

    def forward(self, features: StrokeFeatures, ordered_N: Tensor | None = None) -> Grouped:
        """Compute the affinities and categories of strokes.

        Args:
            features: of the strokes of scenes.
            ordered_N: bool, scenes whose strokes are in drawing order, where that is evidence; None
                for no scene.

        Returns:
            Affinities of the scenes' strokes, without meaning beyond a scene's own, and 0 of a
            stroke with itself; and categories.
        """
        hidden_SD, _ = self.transformer(self.encoder(features), features)
        affinity_NLL = self._affinity(features, features.padded(self.side(hidden_SD)), ordered_N)
        return Grouped(affinity_NLL, self.kinds(hidden_SD).float())

    @property
    def heavy_modules(self) -> Iterable[nn.Module]:
        """Return the modules that do most of the arithmetic besides encoder and Transformer."""
        return (self.joined,)

    def _affinity(
        self, features: StrokeFeatures, side_NLE: Tensor, ordered_N: Tensor | None
    ) -> Tensor:
        """Return logits of all pairs, symmetric, (N, L, L)."""
        n, length = side_NLE.shape[:2]
        # Each pair once: whatever is the same from either stroke's side is computed once.
        from_T, to_T = torch.triu_indices(length, length, 1, device=side_NLE.device)
        # Scenes come last but one, as in the features of pairs.
        side_LNE = side_NLE.transpose(0, 1).contiguous()
        at_once = len(from_T) if self.training else self._pairs_at_once(side_NLE.device) // n
        affinity_NLL = side_NLE.new_zeros(n, length, length, dtype=torch.float32)
        for some_T, other_T in zip(
            from_T.split(max(1, at_once)), to_T.split(max(1, at_once)), strict=True
        ):
            affinity_TN = self._compare(features, side_LNE, some_T, other_T, ordered_N)
            affinity_NLL[:, some_T, other_T] = affinity_TN.T
        return affinity_NLL + affinity_NLL.transpose(1, 2)

    def _pairs_at_once(self, device: torch.device) -> int:
        return self.MAX_PAIRS if device.type == "cpu" else self.GPU_MAX_PAIRS

    def _compare(
        self,
        features: StrokeFeatures,
        side_LNE: Tensor,
        from_T: Tensor,
        to_T: Tensor,
        ordered_N: Tensor | None,
    ) -> Tensor:
        """Return logits of the strokes at T positions with those at T others, (T, N)."""
        first = cast(nn.Linear, self.joined[0])
        width = side_LNE.shape[2]
        alike_EX, lie_EE = first.weight.split((2 * width, width), dim=1)
        a, b = side_LNE[from_T], side_LNE[to_T]
        # What the two are is the same from either side; how they lie to each other is not.
        alike_TNX = match_precision(torch.cat([a * b, (a - b).abs()], dim=2), alike_EX)
        alike_TNE = F.linear(alike_TNX, alike_EX, first.bias)
        if ordered_N is not None:
            order_TE = F.linear(match_precision(self._order(from_T, to_T), lie_EE), lie_EE)
            alike_TNE = alike_TNE + order_TE[:, None] * ordered_N[:, None]
        lie_2TNE = torch.stack(
            [
                self.geometry.through(features.pairs_between(*pair), lie_EE)
                for pair in ((from_T, to_T), (to_T, from_T))
            ]
        )
        hidden_2TNE = lie_2TNE + alike_TNE
        for layer in self.joined[1:]:
            hidden_2TNE = layer(hidden_2TNE)
        return self.out(hidden_2TNE.to(self.out.weight.dtype))[..., 0].float().mean(0)

    def _order(self, from_T: Tensor, to_T: Tensor) -> Tensor:
        """Return what the drawing order adds to each pair, (T, E), where it is read."""
        # One after the other, near, and far: beyond 50 strokes, more makes no difference.
        apart_T = (to_T - from_T).abs().to(self.order.weight.dtype)
        near_T3 = torch.stack(
            [(apart_T == 1).to(apart_T), (-apart_T / 4).exp(), apart_T.clamp(max=50) / 50], dim=1
        )
        return self.order(near_T3)  # type: ignore[no-any-return]
