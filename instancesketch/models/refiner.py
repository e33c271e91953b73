"""The refiner: an embedding of every stroke, in which strokes of one instance lie together.

Shape letters: see `models.ragged`; Q parts, G groups of strokes that draw the same part of
the same sketch, L strokes of the largest of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn

from instancesketch.core.taxonomy import Taxonomy
from instancesketch.models import ragged
from instancesketch.models.config import PUBLISHED_POSITIONS, RefinerConfig
from instancesketch.models.encoders import PatchEncoder, PlaceEncoder, PointsEncoder
from instancesketch.models.features import StrokeFeatures
from instancesketch.models.packing import Batch
from instancesketch.models.pair_geometry import PairGeometry
from instancesketch.models.transformer import StrokeTransformer


class Embedded(NamedTuple):
    """The refiner's output for S strokes."""

    places_SD: Tensor  # of length 1: strokes of one instance point the same way
    several_S: Tensor  # logits: the stroke draws several instances at once
    affinity_GLL: Tensor | None  # logits: two strokes of a group draw the same instance


class RefinerNet(nn.Module):
    """Embeddings of strokes whose parts are given, and affinities of those that share a part."""

    def __init__(self, config: RefinerConfig, taxonomy: Taxonomy) -> None:
        super().__init__()
        self.config = config
        width, parts = config.width, len(taxonomy.part_names)
        if config.encoder == "patches":
            self.encoder: nn.Module = PatchEncoder(width, config.samples, config.channels)
        elif config.encoder == "points":
            self.encoder = PointsEncoder(width, config.samples, config.channels)
        else:
            self.encoder = PlaceEncoder(width)
        self.part = nn.Embedding(parts, width)
        if config.learned_positions:
            self.position = nn.Embedding(PUBLISHED_POSITIONS, width)
        self.joined = nn.Linear(width * (2 + config.learned_positions), width)
        self.transformer = StrokeTransformer(config)
        self.out = nn.Linear(width, config.embedding)
        self.several = nn.Linear(width, 1)
        # Affinity: a part's own scale of the cosine, less its own threshold.
        self.scale_Q = nn.Parameter(torch.full((parts,), 5.0))
        self.threshold_Q = nn.Parameter(torch.full((parts,), 2.5))
        self.register_buffer("end_Q", body_ends(taxonomy), persistent=False)
        self.end_Q: Tensor
        if config.pair_affinity:
            self.pair_affinity = PairGeometry(1)

    def forward(
        self, features: StrokeFeatures, part_S: Tensor, groups: Groups | None = None
    ) -> Embedded:
        """Embed strokes.

        Args:
            features: of strokes of countable parts, where they lie in their sketches.
            part_S: the part that each draws.
            groups: strokes to compute affinities of, if any.
        """
        hidden = [self.encoder(features), self.part(part_S)]
        if self.config.learned_positions:
            hidden.append(self.position(features.batch.at_S.clamp(max=PUBLISHED_POSITIONS - 1)))
        hidden_SD, _ = self.transformer(self.joined(torch.cat(hidden, dim=1)), features)
        out_SD = self.out(hidden_SD).float()
        # Normalised here once, for training and clustering alike.
        length_S1 = torch.linalg.vector_norm(out_SD, dim=1, keepdim=True)
        places_SD = out_SD / length_S1.clamp(min=1e-12)
        return Embedded(
            places_SD,
            self.several(hidden_SD)[:, 0].float(),
            self.affinity(places_SD, features, part_S, groups) if groups else None,
        )

    def group_keys(self, batch: Batch, part_S: Tensor) -> Tensor:
        """Return a key per stroke, (S,), equal for those that are clustered together.

        These draw the same part of a sketch; by k-means, parts of the same end of the body.
        """
        k_means = self.config.cluster == "k-means"
        key_S = self.end_Q[part_S] if k_means else part_S
        return batch.sketch_of_S * len(self.end_Q) + key_S

    def affinity(
        self,
        places_SD: Tensor,
        features: StrokeFeatures,
        part_S: Tensor,
        groups: Groups,
        *,
        mixed: bool = False,
    ) -> Tensor:
        """Return logits that two strokes of a group draw the same instance, (G, L, L), symmetric.

        Those beyond a group's own strokes have no meaning.

        Args:
            places_SD: the strokes' embeddings.
            features: of the strokes.
            part_S: the part that each draws.
            groups: strokes to compare.
            mixed: groups hold strokes of several parts; pairs of different ones have no meaning.
        """
        places_GLD = places_SD[groups.strokes_GL]
        # Without need, not one per stroke: gradients would add up in another order.
        part_GM = part_S[groups.strokes_GL if mixed else groups.strokes_GL[:, :1]]
        cosine_GLL = places_GLD @ places_GLD.transpose(1, 2)
        affinity_GLL = (
            self.scale_Q[part_GM][:, :, None] * cosine_GLL - self.threshold_Q[part_GM][:, :, None]
        )
        if not self.config.pair_affinity:
            return affinity_GLL
        pairs_GLL = self.pair_affinity.among_groups(features, groups.strokes_GL)[..., 0].float()
        return affinity_GLL + (pairs_GLL + pairs_GLL.transpose(1, 2)) / 2


@dataclass(frozen=True, kw_only=True)
class Groups:
    """Strokes that draw the same part of the same sketch, G groups of two or more."""

    strokes_GL: Tensor  # int64, indices of strokes; the group's first beyond its end
    there_GL: Tensor  # bool; False beyond the group's end

    @classmethod
    def by_key(cls, key_S: Tensor, counted_S: Tensor) -> Groups:
        """Group the strokes that are counted by their keys."""
        strokes_M = counted_S.nonzero()[:, 0]
        # Stable, so that a group's strokes stay in their order.
        key_M, order_M = key_S[strokes_M].sort(stable=True)
        _, size_G = key_M.unique_consecutive(return_counts=True)
        several_G = size_G > 1
        first_G, size_G = ragged.starts(size_G)[several_G], size_G[several_G]
        own_L = torch.arange(int(size_G.max()) if len(size_G) else 0, device=key_S.device)
        # Beyond a group's end its first stroke is repeated, which is a valid index.
        there_GL = own_L < size_G[:, None]
        at_GL = first_G[:, None] + own_L * there_GL
        return cls(strokes_GL=strokes_M[order_M][at_GL], there_GL=there_GL)

    def __len__(self) -> int:
        return len(self.strokes_GL)

    def pairs(self) -> Tensor:
        """Return where two of a group's places hold two different strokes, (G, L, L) bool."""
        both_GLL = self.there_GL[:, :, None] & self.there_GL[:, None]
        same_LL = torch.eye(both_GLL.shape[1], dtype=torch.bool, device=both_GLL.device)
        return both_GLL & ~same_LL


def body_ends(taxonomy: Taxonomy) -> Tensor:
    """Return which end of the body a part with sides is of, front or back, (Q,); -1 for others."""
    sided = {part for category in taxonomy.categories.values() for part in category.sided}
    words = sorted({part.partition("-")[0] for part in sided})
    return torch.tensor(
        [words.index(p.partition("-")[0]) if p in sided else -1 for p in taxonomy.part_names]
    )
