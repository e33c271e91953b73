"""Configs of training runs: what to train on, by which recipe, and where the run is kept.

Imports the standard library, `core` and configs alone, so that the CLI starts without torch or Ray.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from instancesketch.core.errors import UserError
from instancesketch.core.taxonomy import Taxonomy
from instancesketch.tracking import Track
from instancesketch.training.config import DetectorConfig, FitConfig, Selection


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """A training run of a segmenter, refiner or grouper."""

    data: tuple[str, ...]
    run: str
    recipe: FitConfig
    storage: str = "runs"
    taxonomy: str | Taxonomy | None = None  # None: the shipped one that knows most rows
    weights: tuple[str, ...] = ()  # to initialise from
    selection: Selection | Literal["auto"] = "auto"
    workers: int | tuple[int, int] = 1  # a pair: between so many and so many, as there is room
    gpus_per_worker: float = 0.0
    track: Track | None = None  # besides the run's folder and TensorBoard
    quiet: bool = False
    runs_at_once: int = 1  # on a machine, as in a sweep: they share its cores


@dataclass(frozen=True, kw_only=True)
class TrainDetectorConfig:
    """A training run of a detector."""

    data: tuple[str, ...]  # corpora of scenes with object labels
    run: str
    recipe: DetectorConfig
    storage: str = "runs"
    taxonomy: str = "doodle7"  # its categories are the classes; everything else is `object`
    workers: int = 1
    gpus_per_worker: float = 0.0
    track: Track | None = None  # besides the run's folder and TensorBoard
    quiet: bool = False


def check_name(run: str) -> None:
    """Raise a UserError if a run can't have this name."""
    if not run or "/" in run:
        raise UserError(f"--run {run!r}: a run needs a plain name, without a slash")


def check(config: TrainConfig) -> None:
    """Raise a UserError if the run is impossible whatever the cluster and the corpora."""
    check_name(config.run)
    least, most = least_most(config)
    if least < 1:
        raise UserError(f"--workers {least}: a run needs at least one worker")
    if least > most:
        raise UserError(f"--workers {least}-{most}: the least comes first")
    if config.recipe.batch_size < most:
        raise UserError(
            f"batches of {config.recipe.batch_size} drawings can't be shared by {most} workers; "
            "raise --batch-size or lower --workers"
        )


def least_most(config: TrainConfig) -> tuple[int, int]:
    """Return the fewest and the most workers of a run."""
    workers = config.workers
    return (workers, workers) if isinstance(workers, int) else workers
