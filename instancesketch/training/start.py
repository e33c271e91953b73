"""Training in a plain process: a loop for every model, and what is each model's own."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from instancesketch.core.taxonomy import Taxonomy
from instancesketch.training.config import (
    FitConfig,
    GrouperFitConfig,
    RefinerFitConfig,
    SegmenterFitConfig,
)
from instancesketch.training.fit_grouper import GrouperFit
from instancesketch.training.fit_refiner import RefinerFit
from instancesketch.training.fit_segmenter import SegmenterFit
from instancesketch.training.trainer import Counts, Fit

__all__ = [
    "Counts",
    "Fit",
    "FitConfig",
    "GrouperFit",
    "GrouperFitConfig",
    "RefinerFit",
    "RefinerFitConfig",
    "SegmenterFit",
    "SegmenterFitConfig",
    "start",
]


def start(
    config: FitConfig,
    taxonomy: Taxonomy,
    *,
    steps_per_epoch: int,
    part_counts: Sequence[int],
    device: torch.device,
) -> Fit:
    """Begins to train the model that a recipe is for.

    Args:
        config: the recipe.
        taxonomy: the categories and parts to learn.
        steps_per_epoch: of all epochs; the schedule needs it.
        part_counts: (Q,) strokes of each part in the data, for class weights.
        device: where to compute.

    Raises:
        TypeError: the recipe is of no model.
    """
    if isinstance(config, SegmenterFitConfig):
        return SegmenterFit(
            config,
            taxonomy,
            steps_per_epoch=steps_per_epoch,
            part_counts=part_counts,
            device=device,
        )
    if isinstance(config, RefinerFitConfig):
        return RefinerFit(config, taxonomy, steps_per_epoch=steps_per_epoch, device=device)
    if isinstance(config, GrouperFitConfig):
        return GrouperFit(config, taxonomy, steps_per_epoch=steps_per_epoch, device=device)
    raise TypeError(f"{type(config).__name__} is no recipe")
