"""Shapes of the networks. Field names are stored in `config.json`, recipes and runs.

Imports the standard library alone, so that the CLI declares its options without loading torch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class TransformerConfig:
    """The shape of a Transformer over strokes, part of every model's config."""

    width: int = 128
    layers: int = 4
    heads: int = 4
    feedforward: int = 256
    dropout: float = 0.1
    pair_bias: bool = True  # add a learned function of two strokes' geometry to the attention
    pair_order: bool = False  # include in it which of the two was drawn first, and by how much
    edges: int = 8  # features per pair that are attended to as well, with `pair_bias`


@dataclass(frozen=True, kw_only=True)
class SegmenterConfig(TransformerConfig):
    """The segmenter's shape. The defaults are the best recipe, `SEED_SEGMENTER` the published."""

    encoder: Literal["points", "raster", "both"] = "points"
    samples: int = 32  # points that a stroke is resampled to
    channels: tuple[int, ...] = (64, 128, 128, 128)
    sketch_token: bool = True  # a token per sketch that holds or predicts its category
    learned_positions: bool = False  # the published embedding of a stroke's position in the sketch


@dataclass(frozen=True, kw_only=True)
class RefinerConfig(TransformerConfig):
    """The refiner's shape. The defaults are the best recipe, `SEED_REFINER` the published one."""

    encoder: Literal["points", "raster"] = "points"
    samples: int = 32  # points that a stroke is resampled to
    channels: tuple[int, ...] = (32, 64, 64)
    width: int = 96
    layers: int = 2
    feedforward: int = 192
    embedding: int = 32
    pair_affinity: bool = True  # add a learned function of two strokes' geometry to affinities
    learned_positions: bool = False  # the published embedding of a stroke's position in the sketch
    cluster: Literal["affinity", "k-means"] = "affinity"


@dataclass(frozen=True, kw_only=True)
class GrouperConfig(TransformerConfig):
    """The grouper's shape, and how objects are made of its affinities."""

    samples: int = 32  # points that a stroke is resampled to
    channels: tuple[int, ...] = (32, 64, 64)
    pair_width: int = 48  # features per pair of strokes, from which their affinity is computed
    # Constants of the clustering; training doesn't use them.
    views: int = 3  # transformed copies of a scene whose affinities are averaged; 1 to 3
    join: float = 0.25  # added to every affinity
    box_both: float = 0.5  # added for two strokes inside one detected box
    box_one: float = 0.5  # subtracted for two strokes of which only one is inside a box


SEED_SEGMENTER = SegmenterConfig(
    encoder="raster",
    layers=2,
    feedforward=512,
    sketch_token=False,
    pair_bias=False,
    edges=0,
    learned_positions=True,
)

SEED_REFINER = RefinerConfig(
    encoder="raster",
    width=64,
    feedforward=256,
    pair_bias=False,
    edges=0,
    pair_affinity=False,
    learned_positions=True,
    cluster="k-means",
)
