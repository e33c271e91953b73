"""The segmenter: strokes → vectors → Transformer over the strokes of a sketch → parts.

Shape letters: see `instancesketch.models.ragged`; C categories, Q parts.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from instancesketch.core.label_ids import part_mask
from instancesketch.core.taxonomy import Taxonomy
from instancesketch.models.config import PUBLISHED_POSITIONS, SegmenterConfig
from instancesketch.models.encoders import JoinedEncoder, PatchEncoder, PointsEncoder, RasterEncoder
from instancesketch.models.features import StrokeFeatures
from instancesketch.models.packing import Batch
from instancesketch.models.sketch_image import SketchImageEncoder
from instancesketch.models.transformer import StrokeTransformer


class SegmenterNet(nn.Module):
    """Part logits for every stroke, and category logits for every sketch."""

    def __init__(self, config: SegmenterConfig, taxonomy: Taxonomy) -> None:
        super().__init__()
        self.config = config
        width = config.width
        if config.encoder == "patches":
            self.encoder: nn.Module = PatchEncoder(width, config.samples, config.channels)
        elif config.encoder == "points":
            self.encoder = PointsEncoder(width, config.samples, config.channels)
        elif config.encoder == "raster":
            self.encoder = RasterEncoder(width)
        else:
            self.encoder = JoinedEncoder(width, config.samples, config.channels)
        if config.learned_positions:
            self.position = nn.Embedding(PUBLISHED_POSITIONS, width)
            self.placed = nn.Linear(2 * width, width)
        # The last entry stands for a category that is not known.
        self.category = nn.Embedding(len(taxonomy.category_names) + 1, width)
        if config.image:
            self.image = SketchImageEncoder(width, config.image, config.samples)
        self.transformer = StrokeTransformer(config)
        self.part_head = nn.Linear(width, len(taxonomy.part_names))
        if config.sketch_token:
            self.category_head = nn.Linear(width, len(taxonomy.category_names))
        else:
            self.category.requires_grad_(False)  # there in the published recipe, but not used
        allowed_CQ = torch.from_numpy(part_mask(taxonomy))
        self.register_buffer("allowed_CQ", allowed_CQ, persistent=False)
        self.allowed_CQ: Tensor
        has_parts_C = allowed_CQ.any(1)
        self.register_buffer("has_parts_C", has_parts_C, persistent=False)
        self.has_parts_C: Tensor
        # Categories without parts bar none, and neither does an unknown one, -1: the last row.
        barred_CQ = F.pad(~allowed_CQ & has_parts_C[:, None], (0, 0, 0, 1))
        self.register_buffer("barred_CQ", barred_CQ, persistent=False)
        self.barred_CQ: Tensor

    @property
    def predicts_category(self) -> bool:
        """True if there is a category head."""
        return self.config.sketch_token

    def restrict(self, kept_C: Tensor) -> None:
        """Give every other category than those kept, (C,) bool, the probability 0, for good."""
        bias_C = self.category_head.bias
        bias_C.data = bias_C.data.masked_fill(~kept_C.to(bias_C.device), float("-inf"))

    def forward(self, features: StrokeFeatures, category_N: Tensor) -> tuple[Tensor, Tensor | None]:
        """Compute the logits of parts and of categories.

        Args:
            features: of the strokes of sketches, whose labels are not read.
            category_N: the category given for each sketch, -1 where it is to be predicted.

        Returns:
            Part logits (S, Q), not masked to a category's parts, and category logits (N, C) or
            None where the recipe has no such head.
        """
        hidden_SD = self.encoder(features)
        if self.config.learned_positions:
            at_S = features.batch.at_S.clamp(max=PUBLISHED_POSITIONS - 1)
            hidden_SD = self.placed(torch.cat([hidden_SD, self.position(at_S)], dim=1))
        token_ND = None
        if self.config.sketch_token:  # -1 picks the last entry, of an unknown category
            token_ND = self.category(category_N % self.category.num_embeddings)
            if self.config.image:
                token_ND = token_ND + self.image(features)
        hidden_SD, token_ND = self.transformer(hidden_SD, features, token_ND)
        parts_SQ = self.part_head(hidden_SD)
        return parts_SQ, None if token_ND is None else self.category_head(token_ND)

    def mask_parts(self, parts_SQ: Tensor, category_N: Tensor, batch: Batch) -> Tensor:
        """Set the logits of parts that a sketch's category doesn't have to -inf.

        A sketch of unknown category (-1), or of one without parts, keeps them all.
        """
        barred_SQ = batch.layout.per_stroke(self.barred_CQ[category_N])
        return parts_SQ.masked_fill(barred_SQ, float("-inf"))
