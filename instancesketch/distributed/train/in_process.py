"""Training runs in this process, without Ray: the same files, and the same weights."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from typing import Any

import torch

from instancesketch.core.errors import UserError
from instancesketch.distributed.train.config import TrainConfig, check
from instancesketch.distributed.train.training_run import NetworkTraining, log_epoch, run_training
from instancesketch.tracking import checkpoints
from instancesketch.tracking.epoch_files import EpochFiles, record_start
from instancesketch.tracking.reporter import Reporter
from instancesketch.tracking.run_state import Worker
from instancesketch.tracking.status import PositionWriter
from instancesketch.training.loop import prepare_fit, train_epochs


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
        fit = prepare_fit(self.loop, torch.device("cuda" if self.config.gpus_per_worker else "cpu"))
        newest = checkpoints.resume(run)
        record_start(run, newest, [Worker(pid=os.getpid(), node=platform.node())])
        train_epochs(
            self.loop,
            fit,
            state=newest.state,
            save=EpochFiles(run, self.loop, fit).save,
            report=lambda figures: log_epoch(reporter, figures),
            on_step=PositionWriter(run, self.loop.recipe.epochs).step,
        )
