"""A Transformer over the strokes of a sketch, norm first (Xiong et al. 2020).

Shape letters: see `instancesketch.models.ragged`; H heads, E features of a pair.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from instancesketch.models.config import TransformerConfig
from instancesketch.models.dropout import Dropout
from instancesketch.models.features import StrokeFeatures
from instancesketch.models.pair_geometry import PairGeometry
from instancesketch.models.precision import match_precision
from instancesketch.models.ragged import Layout


class StrokeTransformer(nn.Module):
    """Layers of attention among the strokes of each sketch, and a norm at the end."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        width, self.heads = config.width, config.heads
        edges = config.edges if config.pair_bias else 0  # the same network computes both
        self.blocks = nn.ModuleList(
            Block(width, config.heads, config.feedforward, config.dropout, edges)
            for _ in range(config.layers)
        )
        if config.pair_bias:
            self.pairs = PairGeometry(config.heads + edges, order=config.pair_order)
        self.norm = nn.LayerNorm(width)

    def forward(
        self, hidden_SD: Tensor, features: StrokeFeatures, token_ND: Tensor | None = None
    ) -> tuple[Tensor, Tensor | None]:
        """Let the strokes of each sketch attend to each other.

        Args:
            hidden_SD: a vector per stroke.
            features: of the same strokes.
            token_ND: a vector per sketch that takes part as a stroke does, but lies nowhere.

        Returns:
            The vectors of the strokes, and of the sketches where they were given.
        """
        layout, extra = features.batch.layout, int(token_ND is not None)
        x_NLD = features.padded(hidden_SD)
        if token_ND is not None:
            x_NLD = torch.cat([token_ND.to(x_NLD.dtype)[:, None], x_NLD], dim=1)
        bias, edges_NLLE = self._pair_bias(features, extra)
        bias = _mask_padding(bias, layout, extra)
        # The blocks may compute in bfloat16; what is compared afterwards is float32 again.
        weight, dtype = cast(Block, self.blocks[0]).qkv.weight, x_NLD.dtype
        x_NLD = match_precision(x_NLD, weight)
        if edges_NLLE is not None:
            edges_NLLE = match_precision(edges_NLLE, weight)
        for block in self.blocks:
            x_NLD = block(x_NLD, bias, edges_NLLE)
        x_NLD = self.norm(x_NLD.to(dtype))
        return features.unpadded(x_NLD[:, extra:]), x_NLD[:, 0] if extra else None

    @property
    def heavy_modules(self) -> Iterable[nn.Module]:
        """Return the modules that do most of the arithmetic."""
        return self.blocks

    def _pair_bias(
        self, features: StrokeFeatures, extra: int
    ) -> tuple[Tensor | None, Tensor | None]:
        """Return the attention's bias, (N, H, L, L), and what is attended to, (N, L, L, E)."""
        if not hasattr(self, "pairs"):
            return None, None
        pairs_NLLF = self.pairs.among(features)
        if extra:  # the sketch's own token lies nowhere
            pairs_NLLF = F.pad(pairs_NLLF, (0, 0, 1, 0, 1, 0))
        # The first numbers of a pair are a bias per head, the others are attended to.
        bias_NHLL = pairs_NLLF[..., : self.heads].permute(0, 3, 1, 2).contiguous()
        if pairs_NLLF.shape[3] == self.heads:
            return bias_NHLL, None
        return bias_NHLL, pairs_NLLF[..., self.heads :].contiguous()


def _mask_padding(bias: Tensor | None, layout: Layout, extra: int) -> Tensor | None:
    """Return the bias with -inf where there is padding, (N, H or 1, L, L)."""
    if layout.even:
        return bias
    at_L = torch.arange(layout.longest + extra, device=layout.strokes_N.device)
    padding_NL = at_L >= (layout.strokes_N + extra)[:, None]
    mask_N11L = torch.zeros_like(padding_NL, dtype=torch.float32).masked_fill(
        padding_NL, float("-inf")
    )[:, None, None, :]
    return mask_N11L if bias is None else bias + mask_N11L.to(bias.dtype)


class Block(nn.Module):
    """Self-attention and a feed-forward network, each on a normalised input and added to it."""

    def __init__(
        self, width: int, heads: int, feedforward: int, dropout: float, edges: int = 0
    ) -> None:
        super().__init__()
        self.heads, self.dropout = heads, Dropout(dropout)
        self.norm_attention = nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * width)
        self.attended = nn.Linear(width, width)
        if edges:
            self.told = nn.Linear(heads * edges, width)
        self.norm_feedforward = nn.LayerNorm(width)
        self.feedforward = nn.Sequential(
            nn.Linear(width, feedforward),
            nn.GELU(),
            Dropout(dropout),
            nn.Linear(feedforward, width),
        )

    def forward(self, x_NLD: Tensor, bias: Tensor | None, edges_NLLE: Tensor | None) -> Tensor:
        """Return the vectors after attention and the feed-forward network.

        Args:
            x_NLD: vectors of strokes.
            bias: added to the attention's logits.
            edges_NLLE: features of each pair, attended to together with the other stroke's vector.
        """
        n, length, width = x_NLD.shape
        qkv = self.qkv(self.norm_attention(x_NLD)).view(n, length, 3, self.heads, -1)
        if bias is None or edges_NLLE is None:
            q, k, v = qkv.permute(2, 0, 3, 1, 4)  # each (N, H, L, D / H)
            bias = None if bias is None else bias.to(q.dtype)
            attended = F.scaled_dot_product_attention(
                q, k, v, attn_mask=bias, dropout_p=self.dropout.p if self.training else 0.0
            )
            update = self.attended(attended.transpose(1, 2).reshape(n, length, width))
        else:
            # By hand, because torch's attention doesn't return the shares, which edges need, too.
            # Copied once to one axis of sketches and heads; each product would copy its own.
            q, k, v = qkv.permute(2, 0, 3, 1, 4).flatten(1, 2)  # each (N H, L, D / H)
            logits = torch.baddbmm(
                bias.flatten(0, 1).to(q.dtype), q, k.transpose(1, 2), alpha=q.shape[2] ** -0.5
            )
            share = self.dropout(logits.softmax(2)).to(v.dtype)
            attended, share_NHLL = (x.unflatten(0, (n, -1)) for x in (share @ v, share))
            edges_NLHE = share_NHLL.transpose(1, 2) @ edges_NLLE
            update = self.attended(attended.transpose(1, 2).flatten(2))
            update = update + self.told(edges_NLHE.flatten(2))
        x_NLD = x_NLD + self.dropout(update)
        return x_NLD + self.dropout(self.feedforward(self.norm_feedforward(x_NLD)))
