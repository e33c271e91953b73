"""A Transformer over the strokes of a drawing, norm first (Xiong et al. 2020).

Shape letters: see `instancesketch.ragged`; H heads.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from instancesketch import ragged
from instancesketch.batch import Batch


class StrokeTransformer(nn.Module):
    """Layers of attention among the strokes of each drawing, and a norm at the end."""

    def __init__(
        self,
        width: int,
        *,
        layers: int,
        heads: int,
        feedforward: int,
        dropout: float,
        pair_bias: bool,
    ) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(
            Block(width, heads, feedforward, dropout) for _ in range(layers)
        )
        if pair_bias:
            self.pair_bias = PairBias(heads)
        self.norm = nn.LayerNorm(width)

    def forward(
        self, hidden_SD: Tensor, batch: Batch, token_ND: Tensor | None = None
    ) -> tuple[Tensor, Tensor | None]:
        """Lets strokes tell each other what they are.

        Args:
            hidden_SD: a vector per stroke.
            batch: where the strokes lie, normalised.
            token_ND: a vector per drawing that takes part as a stroke does, but lies nowhere.

        Returns:
            The vectors of the strokes, and of the drawings where they were given.
        """
        extra = int(token_ND is not None)
        at_S = ragged.within(batch.strokes_N) + extra
        length = int(batch.strokes_N.max()) + extra
        x_NLD = hidden_SD.new_zeros(len(batch), length, hidden_SD.shape[1])
        x_NLD[batch.sketch_of_S, at_S] = hidden_SD
        if token_ND is not None:
            x_NLD[:, 0] = token_ND.to(x_NLD.dtype)
        bias = self._bias(batch, at_S, extra, length)
        for block in self.blocks:
            x_NLD = block(x_NLD, bias)
        x_NLD = self.norm(x_NLD)
        return x_NLD[batch.sketch_of_S, at_S], x_NLD[:, 0] if extra else None

    def _bias(self, batch: Batch, at_S: Tensor, extra: int, length: int) -> Tensor | None:
        """The attention's bias (N, H or 1, L, L): geometry of pairs, and -inf on the padding."""
        padding_NL = torch.arange(length, device=at_S.device) >= (batch.strokes_N + extra)[:, None]
        bias = None
        if hasattr(self, "pair_bias"):
            places_SK2 = ragged.resample(batch.points_P2, batch.stroke_len_S, PairBias.SAMPLES)
            places_NLK2 = places_SK2.new_zeros(len(batch), length, *places_SK2.shape[1:])
            places_NLK2[batch.sketch_of_S, at_S] = places_SK2
            bias = self.pair_bias(places_NLK2)
            if extra:  # the drawing's own token lies nowhere
                bias = F.pad(bias[:, :, 1:, 1:], (1, 0, 1, 0))
        if not bool(padding_NL.any()):
            return bias
        wall = torch.zeros_like(padding_NL, dtype=torch.float32).masked_fill(
            padding_NL, float("-inf")
        )[:, None, None, :]
        return wall if bias is None else bias + wall.to(bias.dtype)


class Block(nn.Module):
    """Self-attention and a feed-forward network, each on a normalised input and added to it."""

    def __init__(self, width: int, heads: int, feedforward: int, dropout: float) -> None:
        super().__init__()
        self.heads, self.dropout = heads, dropout
        self.norm_attention = nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * width)
        self.attended = nn.Linear(width, width)
        self.norm_feedforward = nn.LayerNorm(width)
        self.feedforward = nn.Sequential(
            nn.Linear(width, feedforward),
            nn.GELU(),
            nn.Dropout(dropout),
            nn.Linear(feedforward, width),
        )

    def forward(self, x_NLD: Tensor, bias: Tensor | None) -> Tensor:
        """Adds what the strokes tell each other; `bias` is added to the attention's logits."""
        n, length, width = x_NLD.shape
        qkv = self.qkv(self.norm_attention(x_NLD)).view(n, length, 3, self.heads, -1)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)
        attended = F.scaled_dot_product_attention(
            q, k, v, attn_mask=bias, dropout_p=self.dropout if self.training else 0.0
        )
        attended = self.attended(attended.transpose(1, 2).reshape(n, length, width))
        x_NLD = x_NLD + F.dropout(attended, self.dropout, self.training)
        update = self.feedforward(self.norm_feedforward(x_NLD))
        return x_NLD + F.dropout(update, self.dropout, self.training)


class PairBias(nn.Module):
    """How two strokes lie to each other, as a bias on their attention: one number a head.

    Attention on contents alone must work out distances from absolute places; given as a bias they
    cost little (relative geometry as in Hu et al., Relation Networks, 2018).
    """

    FEATURES = 10
    SAMPLES = 6
    MOST_PAIRS = 2_000_000

    def __init__(self, heads: int, hidden: int = 24) -> None:
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(self.FEATURES, hidden), nn.GELU(), nn.Linear(hidden, heads)
        )

    def forward(self, places_NLK2: Tensor) -> Tensor:
        """Takes K places along each of L strokes; returns (N, H, L, L)."""
        n, length = places_NLK2.shape[:2]
        # In one go, but for drawings of thousands of strokes, whose pairs would fill the memory.
        rows = places_NLK2.split(max(1, self.MOST_PAIRS // (n * length)), dim=1)
        return torch.cat([self._bias(part, places_NLK2) for part in rows], dim=2)

    def _bias(self, from_NMK2: Tensor, to_NLK2: Tensor) -> Tensor:
        """The bias of M rows, (N, H, M, L)."""
        low_NM2, high_NM2, half_NM2 = _box(from_NMK2)
        low_NL2, high_NL2, half_NL2 = _box(to_NLK2)
        # From the row's stroke to the other.
        apart = ((low_NL2 + high_NL2) / 2)[:, None] - ((low_NM2 + high_NM2) / 2)[:, :, None]
        size_NM1, size_NL1 = half_NM2.amax(2, keepdim=True), half_NL2.amax(2, keepdim=True)
        overlap = torch.minimum(high_NL2[:, None], high_NM2[:, :, None]) - torch.maximum(
            low_NL2[:, None], low_NM2[:, :, None]
        )
        # Not by matrix product: its cancellation loses the small distances that count here.
        away = torch.cdist(
            from_NMK2.flatten(1, 2),
            to_NLK2.flatten(1, 2),
            compute_mode="donot_use_mm_for_euclid_dist",
        )
        away = away.unflatten(2, to_NLK2.shape[1:3]).unflatten(1, from_NMK2.shape[1:3])
        nearest = away.amin((2, 4))[..., None]
        features = [
            apart,
            apart / size_NM1[:, :, None].clamp(min=0.1),
            half_NL2.log()[:, None] - half_NM2.log()[:, :, None],
            size_NL1.log()[:, None] - size_NM1.log()[:, :, None],
            overlap.amin(3, keepdim=True),
            nearest,
            1 / (1 + 20 * nearest),
        ]
        return self.net(torch.cat(features, dim=3)).permute(0, 3, 1, 2)


def _box(places_NLK2: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The corners of each stroke's bounding box, and half its size, which is never 0."""
    low_NL2, high_NL2 = places_NLK2.amin(2), places_NLK2.amax(2)
    return low_NL2, high_NL2, ((high_NL2 - low_NL2) / 2).clamp(min=0.02)
