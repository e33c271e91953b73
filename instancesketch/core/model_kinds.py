"""The model kinds, and where what belongs to each of them is found; no other place lists them.

Names are "module:Name" below the package. They are resolved on use, so listing the kinds loads
neither torch nor Ray.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Literal

# The labels of drawings' parts, or of scenes' objects.
Labels = Literal["parts", "objects"]


@dataclass(frozen=True, kw_only=True)
class ModelKind:
    """A model kind: what it is trained on and chosen by, and the names of its code."""

    name: str
    labels: Labels  # that it is trained on
    score: str  # the metric that chooses the epoch, the higher the better
    recipes: Mapping[str, str]  # recipe name -> "module:Name" of a function without arguments
    network: str  # the network, made of a shape and a taxonomy; a detector's, of a definition
    shape: str | None = None  # the config of the network's shape; None: Ultralytics defines it
    fit: str  # the training of it
    # Tensor name -> (what its rows stand for, number of extra rows; the extra row is the unknown
    # category).
    taxonomy_rows: Mapping[str, tuple[Literal["part", "category"], int]] = field(
        default_factory=dict
    )
    needs_instances: bool = False  # learns nothing from drawings whose instances aren't labelled
    adaptable: bool = False  # can be trained on from weights of another taxonomy
    searchable: bool = False  # has a search space, `training/spaces/NAME.toml`


MODEL_KINDS: Mapping[str, ModelKind] = {
    kind.name: kind
    for kind in (
        ModelKind(
            name="segmenter",
            labels="parts",
            score="macro_f1",
            recipes={
                "default": "training.config:SegmenterFitConfig",
                "seed": "training.config:seed_segmenter",
                "gpu": "training.config:gpu_segmenter",
            },
            shape="models.config:SegmenterConfig",
            network="models.segmenter:SegmenterNet",
            fit="training.fit_segmenter:SegmenterFit",
            taxonomy_rows={
                "part_head.weight": ("part", 0),
                "part_head.bias": ("part", 0),
                "category.weight": ("category", 1),
                "category_head.weight": ("category", 0),
                "category_head.bias": ("category", 0),
            },
            adaptable=True,
            searchable=True,
        ),
        ModelKind(
            name="refiner",
            labels="parts",
            score="grouping",
            recipes={
                "default": "training.config:RefinerFitConfig",
                "seed": "training.config:seed_refiner",
                "gpu": "training.config:gpu_refiner",
            },
            shape="models.config:RefinerConfig",
            network="models.refiner:RefinerNet",
            fit="training.fit_refiner:RefinerFit",
            taxonomy_rows={
                "part.weight": ("part", 0),
                "scale_Q": ("part", 0),
                "threshold_Q": ("part", 0),
            },
            needs_instances=True,
            adaptable=True,
            searchable=True,
        ),
        ModelKind(
            name="grouper",
            labels="objects",
            score="pq",
            recipes={
                "default": "training.config:GrouperFitConfig",
                "gpu": "training.config:gpu_grouper",
            },
            shape="models.config:GrouperConfig",
            network="models.grouper:GrouperNet",
            fit="training.fit_grouper:GrouperFit",
            taxonomy_rows={"kinds.weight": ("category", 1), "kinds.bias": ("category", 1)},
            searchable=True,
        ),
        ModelKind(
            name="detector",
            labels="objects",
            score="map",
            recipes={
                "default": "training.config:DetectorConfig",
                "seed": "training.config:seed_detector",
            },
            network="models.yolo:network",
            fit="training.yolo_trainer:fit",
        ),
    )
}


def resolve(name: str) -> Any:
    """Import and return the object of a "module:Name"."""
    module, _, attribute = name.partition(":")
    return getattr(import_module(f"instancesketch.{module}"), attribute)
