"""Shapes of the networks. Field names are stored in `config.json`, recipes and runs.

Imports the standard library alone, so that the CLI declares its options without loading torch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

Config = TypeVar("Config", bound="TransformerConfig")
# Strokes that the published embedding of positions has; later ones share the last.
PUBLISHED_POSITIONS = 105
# Counts that may be 0; every other whole number is at least 1.
_MAY_BE_ZERO = ("layers", "edges", "image")


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

    encoder: Literal["patches", "points", "raster", "both"] = "points"
    samples: int = 32  # points that a stroke is resampled to
    channels: tuple[int, ...] = (64, 128, 128, 128)
    sketch_token: bool = True  # a token per sketch that holds or predicts its category
    learned_positions: bool = False  # the published embedding of a stroke's position in the sketch
    image: int = (
        0  # cells along a side of an image of the whole sketch that the token sees; 0: none
    )


@dataclass(frozen=True, kw_only=True)
class RefinerConfig(TransformerConfig):
    """The refiner's shape. The defaults are the best recipe, `SEED_REFINER` the published one."""

    encoder: Literal["patches", "points", "raster"] = "points"
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
    sure: float = 0.35  # no more views of a scene whose clusters stay with affinities so much off
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


def parse(config_class: type[Config], values: Mapping[str, Any]) -> Config:
    """Return the config that `values` from a JSON file describe; absent ones keep the default.

    Raises:
        TypeError: there is a value of a name that the config doesn't have.
        ValueError: a value is of another type than the field, or out of its range.
    """
    given: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in values.items()}
    config = config_class(**given)
    for name, hint in get_type_hints(config_class).items():
        value = getattr(config, name)
        if not _allowed(value, hint, 0 if name in _MAY_BE_ZERO else 1):
            raise ValueError(f"{name} is {value!r}")
    return config


def _allowed(value: Any, hint: Any, least: int) -> bool:
    if get_origin(hint) is Literal:
        return value in get_args(hint)
    if get_origin(hint) is tuple:
        return (
            isinstance(value, tuple)
            and bool(value)
            and all(_allowed(v, get_args(hint)[0], least) for v in value)
        )
    # JSON may hold 0 for 0.0; but a bool is an int, too.
    if hint is float:
        return type(value) in (int, float)
    return type(value) is hint and (hint is not int or value >= least)
