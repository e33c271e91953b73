"""A Transformer over the strokes of a drawing, norm first (Xiong et al. 2020).

Shape letters: see `instancesketch.models.ragged`; H heads.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from instancesketch.models.config import TransformerConfig
from instancesketch.models.packing import Batch
from instancesketch.models.pair_geometry import PairGeometry
from instancesketch.models.precision import as_for


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
            self.pairs = PairGeometry(config.heads + edges, order=config.pair_order)
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
        at_S = batch.at_S + extra
        length = batch.longest + extra
        x_NLD = hidden_SD.new_zeros(len(batch), length, hidden_SD.shape[1])
        x_NLD[batch.sketch_of_S, at_S] = hidden_SD
        if token_ND is not None:
            x_NLD[:, 0] = token_ND.to(x_NLD.dtype)
        bias, edges_NLLE = self._pairs(batch, at_S, extra, length)
        x_NLD, given = as_for(x_NLD, self.blocks), x_NLD.dtype
        if edges_NLLE is not None:
            edges_NLLE = as_for(edges_NLLE, self.blocks)
        for block in self.blocks:
            x_NLD = block(x_NLD, bias, edges_NLLE)
        x_NLD = self.norm(x_NLD.to(given))
        return x_NLD[batch.sketch_of_S, at_S], x_NLD[:, 0] if extra else None

    @property
    def large(self) -> Iterable[nn.Module]:
        """Where most of what it computes is."""
        return self.blocks

    def _pairs(
        self, batch: Batch, at_S: Tensor, extra: int, length: int
    ) -> tuple[Tensor | None, Tensor | None]:
        """The attention's bias (N, H or 1, L, L), -inf on padding; what is told, (N, L, L, E)."""
        bias = edges_NLLE = None
        if hasattr(self, "pairs"):
            pairs_NLLF = self.pairs.among(batch)
            if extra:  # the drawing's own token lies nowhere
                pairs_NLLF = F.pad(pairs_NLLF, (0, 0, 1, 0, 1, 0))
            bias = pairs_NLLF[..., : self.heads].permute(0, 3, 1, 2).contiguous()
            if pairs_NLLF.shape[3] > self.heads:
                edges_NLLE = pairs_NLLF[..., self.heads :].contiguous()
        if len(batch) * (length - extra) == len(at_S):  # all of one length
            return bias, edges_NLLE
        padding_NL = torch.arange(length, device=at_S.device) >= (batch.strokes_N + extra)[:, None]
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
        if bias is None or edges_NLLE is None:
            bias = None if bias is None else bias.to(q.dtype)
            attended = F.scaled_dot_product_attention(
                q, k, v, attn_mask=bias, dropout_p=self.dropout if self.training else 0.0
            )
            update = self.attended(attended.transpose(1, 2).reshape(n, length, width))
        else:
            logits_NHLL = torch.add(bias, q @ k.transpose(2, 3), alpha=q.shape[3] ** -0.5)
            share_NHLL = self._drop(logits_NHLL.softmax(3)).to(v.dtype)
            attended = (share_NHLL @ v).transpose(1, 2).reshape(n, length, width)
            told_NLHE = share_NHLL.transpose(1, 2) @ edges_NLLE
            update = self.attended(attended) + self.told(told_NLHE.flatten(2))
        x_NLD = x_NLD + self._drop(update)
        return x_NLD + self._drop(self.feedforward(self.norm_feedforward(x_NLD)))

    def _drop(self, x: Tensor) -> Tensor:
        return F.dropout(x, self.dropout) if self.training else x
