"""Training runs in this process, without Ray: the same files, and the same weights."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch

from instancesketch.core import parquet, row_counts, run_folder, storage
from instancesketch.core.errors import UserError
from instancesketch.core.usage import usable_cpus
from instancesketch.distributed.train.config import TrainConfig, check
from instancesketch.distributed.train.resolve import FEW_GROUPS
from instancesketch.distributed.train.training_run import NetworkTraining, log_epoch, run_training
from instancesketch.tracking import checkpoints
from instancesketch.tracking.epoch_files import EpochFiles, record_start
from instancesketch.tracking.reporter import Reporter, check_track
from instancesketch.tracking.run_state import Worker
from instancesketch.tracking.status import PositionWriter
from instancesketch.training.loop import prepare_fit, train_epochs

# Drawings to train on, times epochs, up to which a run that asks for no cluster stays here. One
# worker of Ray learns no faster, but has its rows read ahead, which saves some 30 microseconds for
# each of them; at this number that makes up for the ten seconds that Ray takes to start.
MOST_DRAWINGS = 300_000


def train_where_it_fits(config: TrainConfig, *, asks_for_cluster: bool) -> dict[str, Any]:
    """Train here where the work is small and nobody asks for a cluster, else on Ray.

    The run's folder and its weights are the same. A run that is finished is found without Ray.

    Raises:
        UserError: as `train_in_process` and `run_training.train`.
    """
    check(config)
    check_track(config.track)
    on_cluster = asks_for_cluster or config.workers != 1 or config.track is not None
    run = storage.join(config.storage, config.run)
    if not on_cluster or run_folder.read_summary(run) is not None:
        training = _resolve_if_quick(config)
        is_small = training is not None and not on_cluster and _drawings(training) <= MOST_DRAWINGS
        if training is not None and (is_small or _is_finished(run, training)):
            return run_training(config, training.settings, training)
    from instancesketch.distributed.train.run_training import train

    if not (on_cluster or config.quiet):
        print(f"train {config.run}: starting Ray on this machine", file=sys.stderr)
    return train(config)


def _resolve_if_quick(config: TrainConfig) -> _InProcess | None:
    """Return the training, or None for corpora that take long to count in one process."""
    corpora = [storage.absolute(corpus) for corpus in config.data]
    # Corpora of earlier versions, or of others, have yet to be surveyed.
    if not row_counts.are_kept(corpora) and _count_groups(corpora) > FEW_GROUPS:
        return None
    return _InProcess.of(config)


def _count_groups(corpora: Sequence[str]) -> int:
    files = [file for corpus in corpora for file in parquet.list_row_files(corpus)]
    # So many files have more row groups than are read here, whatever is in the others.
    return sum(parquet.open_parquet(file).num_row_groups for file in files[: FEW_GROUPS + 1])


def _drawings(training: _InProcess) -> int:
    drawings: int = training.settings["drawings"]["train"]
    return drawings * training.config.recipe.epochs


def _is_finished(run: str, training: _InProcess) -> bool:
    is_claimed = run_folder.is_claimed(storage.absolute(run), training.settings, run_folder.RUN)
    return is_claimed and run_folder.read_summary(run) is not None


def train_in_process(config: TrainConfig) -> dict[str, Any]:
    """Train a segmenter, refiner or grouper here, or continue the run; return its summary.

    A run that Ray began with one worker can be continued here, and the other way round.

    Args:
        config: what to train on, by which recipe, and where the run is kept.

    Raises:
        UserError: the config needs a cluster, or the corpus or an earlier run of the name doesn't
            fit.
    """
    check(config)
    if config.workers != 1:
        raise UserError(f"{config.workers} workers need a cluster; this process is one")
    if config.track:
        raise UserError(f"a run in one process reports to its folder alone, not to {config.track}")
    training = _InProcess.of(config)
    return run_training(config, training.settings, training)


@dataclass(frozen=True)
class _InProcess(NetworkTraining):
    """A training in this process."""

    def train_epochs(self, run: str, reporter: Reporter) -> None:
        device = "cuda" if self.config.gpus_per_worker else "cpu"
        if device == "cuda" and not torch.cuda.is_available():
            raise UserError(
                f"--gpus-per-worker {self.config.gpus_per_worker:g}: torch finds no GPU here"
            )
        # As a worker of a cluster on this machine.
        torch.set_num_threads(self.config.threads or usable_cpus())
        fit = prepare_fit(self.loop, torch.device(device))
        newest = checkpoints.resume(run, 1)
        record_start(run, newest, [Worker(pid=os.getpid(), node=platform.node())])
        train_epochs(
            self.loop,
            fit,
            state=newest.state,
            save=EpochFiles(run, self.loop, fit).save,
            report=lambda figures: log_epoch(reporter, figures),
            on_step=PositionWriter(run, self.loop.recipe.epochs).step,
            save_within=partial(checkpoints.save_within, run),
            seconds_between=60 * self.config.checkpoint_minutes,
        )
