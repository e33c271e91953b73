"""A Transformer over the strokes of a drawing, norm first (Xiong et al. 2020).

Shape letters: see `instancesketch.ragged`; H heads.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from instancesketch import ragged
from instancesketch.batch import Batch


@dataclass(frozen=True, kw_only=True)
class TransformerConfig:
    """What every model's configuration says of its Transformer."""

    width: int = 128
    layers: int = 4
    heads: int = 4
    feedforward: int = 256
    dropout: float = 0.1
    pair_bias: bool = True  # how strokes lie to each other, told to the attention
    edges: int = 8  # numbers a pair that go with what is attended to, where there is a bias


class StrokeTransformer(nn.Module):
    """Layers of attention among the strokes of each drawing, and a norm at the end."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        width, self.heads = config.width, config.heads
        edges = config.edges if config.pair_bias else 0  # told by the same network
        self.blocks = nn.ModuleList(
            Block(width, config.heads, config.feedforward, config.dropout, edges)
            for _ in range(config.layers)
        )
        if config.pair_bias:
            self.pairs = PairGeometry(config.heads + edges)
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
        bias, edges_NLLE = self._pairs(batch, at_S, extra, length)
        for block in self.blocks:
            x_NLD = block(x_NLD, bias, edges_NLLE)
        x_NLD = self.norm(x_NLD)
        return x_NLD[batch.sketch_of_S, at_S], x_NLD[:, 0] if extra else None

    def _pairs(
        self, batch: Batch, at_S: Tensor, extra: int, length: int
    ) -> tuple[Tensor | None, Tensor | None]:
        """The attention's bias (N, H or 1, L, L), -inf on padding; what is told, (N, L, L, E)."""
        padding_NL = torch.arange(length, device=at_S.device) >= (batch.strokes_N + extra)[:, None]
        bias = edges_NLLE = None
        if hasattr(self, "pairs"):
            places_SK2 = ragged.resample(batch.points_P2, batch.stroke_len_S, PairGeometry.SAMPLES)
            places_NLK2 = places_SK2.new_zeros(len(batch), length - extra, *places_SK2.shape[1:])
            places_NLK2[batch.sketch_of_S, at_S - extra] = places_SK2
            pairs_NLLF = self.pairs(places_NLK2)
            if extra:  # the drawing's own token lies nowhere
                pairs_NLLF = F.pad(pairs_NLLF, (0, 0, 1, 0, 1, 0))
            bias = pairs_NLLF[..., : self.heads].permute(0, 3, 1, 2)
            if pairs_NLLF.shape[3] > self.heads:
                edges_NLLE = pairs_NLLF[..., self.heads :]
        if not bool(padding_NL.any()):
            return bias, edges_NLLE
        wall = torch.zeros_like(padding_NL, dtype=torch.float32).masked_fill(
            padding_NL, float("-inf")
        )[:, None, None, :]
        return wall if bias is None else bias + wall.to(bias.dtype), edges_NLLE


class Block(nn.Module):
    """Self-attention and a feed-forward network, each on a normalised input and added to it."""

    def __init__(
        self, width: int, heads: int, feedforward: int, dropout: float, edges: int = 0
    ) -> None:
        super().__init__()
        self.heads, self.dropout = heads, dropout
        self.norm_attention = nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * width)
        self.attended = nn.Linear(width, width)
        if edges:
            self.told = nn.Linear(heads * edges, width)
        self.norm_feedforward = nn.LayerNorm(width)
        self.feedforward = nn.Sequential(
            nn.Linear(width, feedforward),
            nn.GELU(),
            nn.Dropout(dropout),
            nn.Linear(feedforward, width),
        )

    def forward(self, x_NLD: Tensor, bias: Tensor | None, edges_NLLE: Tensor | None) -> Tensor:
        """Adds what the strokes tell each other.

        Args:
            x_NLD: vectors of strokes.
            bias: added to the attention's logits.
            edges_NLLE: how strokes lie to each other; what is attended to is told with it.
        """
        n, length, width = x_NLD.shape
        qkv = self.qkv(self.norm_attention(x_NLD)).view(n, length, 3, self.heads, -1)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)
        if edges_NLLE is None:
            attended = F.scaled_dot_product_attention(
                q, k, v, attn_mask=bias, dropout_p=self.dropout if self.training else 0.0
            )
            update = self.attended(attended.transpose(1, 2).reshape(n, length, width))
        else:
            logits_NHLL = q @ k.transpose(2, 3) / math.sqrt(q.shape[3])
            share_NHLL = F.dropout((logits_NHLL + bias).softmax(3), self.dropout, self.training).to(
                v.dtype
            )
            attended = (share_NHLL @ v).transpose(1, 2).reshape(n, length, width)
            told_NLHE = share_NHLL.transpose(1, 2) @ edges_NLLE.to(v.dtype)
            update = self.attended(attended) + self.told(told_NLHE.flatten(2))
        x_NLD = x_NLD + F.dropout(update, self.dropout, self.training)
        update = self.feedforward(self.norm_feedforward(x_NLD))
        return x_NLD + F.dropout(update, self.dropout, self.training)


class PairGeometry(nn.Module):
    """How two strokes lie to each other, in a few numbers a pair.

    Attention on contents alone must work out from absolute places what touches, crosses or
    surrounds what; given, it costs little (relative geometry as in Hu et al., Relation Networks,
    2018).
    """

    FEATURES = 20
    SAMPLES = 16
    MOST_PAIRS = 500_000

    def __init__(self, numbers: int, hidden: int = 32) -> None:
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(self.FEATURES, hidden), nn.GELU(), nn.Linear(hidden, numbers)
        )

    def forward(self, places_NLK2: Tensor) -> Tensor:
        """Takes K places along each of L strokes; returns (N, L, L, numbers)."""
        n, length = places_NLK2.shape[:2]
        # In one go, but for drawings of thousands of strokes, whose pairs would fill the memory.
        if n * length * length <= self.MOST_PAIRS:
            return self.net(pair_features(places_NLK2, places_NLK2))
        rows = places_NLK2.split(max(1, self.MOST_PAIRS // (n * length)), dim=1)
        return torch.cat([self.net(pair_features(part, places_NLK2)) for part in rows], dim=1)


def pair_features(from_NMK2: Tensor, to_NLK2: Tensor) -> Tensor:
    """What there is to say of M strokes beside L strokes, (N, M, L, 20).

    How far apart they are, how large, how they overlap; how near the ends of each come to the
    other; and how much of each lies within the other's outline.
    """
    low_NM2, high_NM2, half_NM2 = _box(from_NMK2)
    low_NL2, high_NL2, half_NL2 = _box(to_NLK2)
    # From the row's stroke to the other.
    apart = ((low_NL2 + high_NL2) / 2)[:, None] - ((low_NM2 + high_NM2) / 2)[:, :, None]
    size_NM1, size_NL1 = half_NM2.amax(2, keepdim=True), half_NL2.amax(2, keepdim=True)
    overlap = torch.minimum(high_NL2[:, None], high_NM2[:, :, None]) - torch.maximum(
        low_NL2[:, None], low_NM2[:, :, None]
    )
    few_NMK2, few_NLK2 = from_NMK2[:, :, ::3], to_NLK2[:, :, ::3]  # the last is an end, too
    # Not by matrix product: its cancellation loses the small distances that count here.
    away = torch.cdist(
        few_NMK2.flatten(1, 2),
        few_NLK2.flatten(1, 2),
        compute_mode="donot_use_mm_for_euclid_dist",
    )
    away = away.unflatten(2, few_NLK2.shape[1:3]).unflatten(1, few_NMK2.shape[1:3])
    to_other, to_own = away.amin(4), away.amin(2)  # (N, M, K, L), (N, M, L, K)
    ends = [
        to_other[:, :, [0, -1]].amin(2), to_other[:, :, [0, -1]].amax(2),
        to_own[..., [0, -1]].amin(3), to_own[..., [0, -1]].amax(3),
    ]  # fmt: skip
    nearest = to_own.amin(3)
    away_NML5 = torch.stack([nearest, *ends], dim=3)
    holds = _within(few_NLK2[:, None], from_NMK2[:, :, None])
    # Among the same strokes, who is held by whom is the other way round who holds whom.
    alike = from_NMK2 is to_NLK2
    held = holds.transpose(1, 2) if alike else _within(few_NMK2[:, :, None], to_NLK2[:, None])
    features = [
        apart,
        apart / size_NM1[:, :, None].clamp(min=0.1),
        half_NL2.log()[:, None] - half_NM2.log()[:, :, None],
        size_NL1.log()[:, None] - size_NM1.log()[:, :, None],
        overlap.amin(3, keepdim=True),
        away_NML5,
        1 / (1 + 20 * away_NML5),
        holds[..., None],
        held[..., None],
    ]
    return torch.cat(features, dim=3)


def _within(points: Tensor, outline: Tensor) -> Tensor:
    """The share of points (..., K, 2) that an outline (..., J, 2), closed, winds round.

    By counting the edges to the right of each (the even-odd rule, Shimrat 1962).
    """
    x, y = points.unbind(-1)
    from_x, from_y = outline.unbind(-1)
    to_x, to_y = from_x.roll(-1, -1), from_y.roll(-1, -1)
    rise = to_y - from_y
    slope = (to_x - from_x) / torch.where(rise == 0, 1, rise)
    if torch.compiler.is_exporting():  # one step of a graph instead of a hundred
        at_x, at_y = x[..., None], y[..., None]
        crossed = (from_y[..., None, :] > at_y) != (to_y[..., None, :] > at_y)
        right = at_x < from_x[..., None, :] + slope[..., None, :] * (at_y - from_y[..., None, :])
        return ((crossed & right).sum(-1) % 2).float().mean(-1)
    shape = torch.broadcast_shapes(x.shape, from_x[..., :1].shape)
    within = torch.zeros(shape, dtype=torch.bool, device=x.device)
    # Edge by edge: what all edges say of all points at once wouldn't stay in a CPU's cache.
    for edge in range(outline.shape[-2]):
        at = (..., slice(edge, edge + 1))
        crossed = (from_y[at] > y) != (to_y[at] > y)
        within ^= crossed & (x < from_x[at] + slope[at] * (y - from_y[at]))
    return within.float().mean(-1)


def _box(places_NLK2: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The corners of each stroke's bounding box, and half its size, which is never 0."""
    low_NL2, high_NL2 = places_NLK2.amin(2), places_NLK2.amax(2)
    return low_NL2, high_NL2, ((high_NL2 - low_NL2) / 2).clamp(min=0.02)
