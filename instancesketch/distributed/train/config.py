"""Configs of training runs: what to train on, by which recipe, and where the run is kept.

Imports the standard library, `core` and configs alone, so that the CLI starts without torch or Ray.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Literal

from instancesketch.core.config import option
from instancesketch.core.errors import UserError
from instancesketch.core.taxonomy import Taxonomy
from instancesketch.tracking import Track
from instancesketch.training.config import DetectorConfig, FitConfig, Selection


def user_threads() -> int:
    """Return the number of threads that the user has set; 0 means that cores are shared out."""
    threads = os.environ.get("OMP_NUM_THREADS", "")
    return int(threads) if threads.isdigit() else 0


@dataclass(frozen=True, kw_only=True)
class RunConfig:
    """Fields of every training run."""

    data: tuple[str, ...] = field(
        metadata=option(
            "labelled corpora; one given twice counts twice", metavar="CORPUS", action="extend"
        )
    )
    run: str = field(metadata=option("name of the run, its folder in --storage", metavar="NAME"))
    storage: str = field(
        default="runs", metadata=option("folder or URI that holds the runs", metavar="RUNS")
    )
    gpus_per_worker: float = field(
        default=0.0, metadata=option("GPUs of each worker; 0: train on CPUs", metavar="G")
    )
    track: Track | None = field(
        default=None,
        metadata=option(
            "report to ClearML as well (pip install 'instancesketch[clearml]'); TensorBoard's "
            "files are always written, to RUNS/NAME/tensorboard"
        ),
    )
    quiet: bool = field(default=False, metadata=option("show no progress"))
    # Of each worker. Read in the driver, because Ray sets the variable for its own processes.
    threads: int = field(default_factory=user_threads)


@dataclass(frozen=True, kw_only=True)
class TrainConfig(RunConfig):
    """A training run of a segmenter, refiner or grouper."""

    recipe: FitConfig
    # None: that of the corpus, else the shipped one that knows most rows.
    taxonomy: str | Taxonomy | None = field(
        default=None,
        metadata=option(
            "categories and parts: default, doodle7, spg20 or a TOML file (default: the one that "
            "the corpus was ingested with, else the shipped one that knows most of the drawings, "
            "and of those the smallest; doodle7 for scenes)",
            metavar="T",
        ),
    )
    weights: tuple[str, ...] = field(
        default=(),
        metadata=option(
            "initialise from these weights: a shipped name, or the folder of a run",
            metavar="W",
            action="extend",
        ),
    )
    selection: Selection | Literal["auto"] = field(
        default="auto",
        metadata=option(
            "drawings that the best epoch is chosen on; none: keep the last epoch", name="select"
        ),
    )
    workers: int | tuple[int, int] = field(
        default=1,
        metadata=option(
            "training workers; 2-8: at least two, and up to eight while the cluster has room, "
            "which is checked once a minute; more begin with the next epoch, fewer repeat the "
            "current one",
            metavar="N",
        ),
    )
    checkpoint_minutes: float = field(
        default=10.0,
        metadata=option(
            "save a checkpoint this often, besides the one after each epoch; a run that is stopped "
            "continues from the last one",
            metavar="M",
        ),
    )
    runs_at_once: int = 1  # on the cluster, as in a sweep: those on a machine share its cores


@dataclass(frozen=True, kw_only=True)
class TrainDetectorConfig(RunConfig):
    """A training run of a detector; the corpora hold scenes with object labels."""

    recipe: DetectorConfig
    # Its categories are the classes; everything else is `object`. None: that of the corpus, else
    # doodle7.
    taxonomy: str | None = None
    workers: int = 1


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
    if not config.checkpoint_minutes > 0:
        raise UserError(f"--checkpoint-minutes {config.checkpoint_minutes:g}: give more than 0")
    gpus = config.gpus_per_worker
    if gpus > 1:
        raise UserError(
            f"--gpus-per-worker {gpus:g}: a training worker uses one GPU; give 1, and as many "
            "--workers as there are GPUs"
        )
    if 0 < gpus < 1 and most > 1:
        raise UserError(
            f"--gpus-per-worker {gpus:g} --workers {most}: workers of one training can't share a "
            "GPU (NCCL connects one process a GPU); give --gpus-per-worker 1, or --workers 1"
        )
    # A worker without a drawing in a batch would have no gradients to average.
    if config.recipe.step_drawings(most) < most:
        raise UserError(
            f"batches of {config.recipe.batch_size} drawings can't be shared by {most} workers; "
            "raise --batch-size or lower --workers"
        )


def check_data(config: RunConfig, taxonomy: str | Taxonomy | None) -> None:
    """Raise a UserError if a corpus, the taxonomy or the run's folder is none, before torch loads.

    Args:
        config: of the run.
        taxonomy: the name or path that was given; None where none was.
    """
    from instancesketch.core import parquet, run_folder, storage

    for corpus in config.data:
        parquet.list_row_files(corpus)
    if isinstance(taxonomy, str):
        Taxonomy.load(taxonomy)
    run = storage.absolute(storage.join(config.storage, config.run))
    if storage.is_file(run):
        raise UserError(f"{run} is a file: choose another --run")
    if storage.exists(storage.join(run, run_folder.JOB.config_file)):
        raise UserError(f"{run} is the folder of a corpus or a result: choose another --run")


def least_most(config: TrainConfig) -> tuple[int, int]:
    """Return the fewest and the most workers of a run."""
    workers = config.workers
    return (workers, workers) if isinstance(workers, int) else workers
