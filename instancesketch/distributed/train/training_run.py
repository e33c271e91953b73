"""A training run in its folder, whatever trains in it: claimed, logged, summarised, continued.

A run's folder has `config.json` (its resolved config), `metrics.jsonl`, `curves.svg`,
`tensorboard/`, pictures of the best epoch, and when it is finished `summary.json` and the weights,
in a folder named by the model kind. Checkpoints are in `_checkpoints`, states in `_state`.
"""

from __future__ import annotations

import logging
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, Self

from instancesketch.batch import job_log
from instancesketch.core import run_folder, storage
from instancesketch.core.errors import TransientError, UserError
from instancesketch.core.lease import Lease
from instancesketch.core.progress import doing
from instancesketch.core.taxonomy import Taxonomy
from instancesketch.core.usage import summarize_usage
from instancesketch.distributed.train.config import RunConfig, TrainConfig
from instancesketch.distributed.train.resolve import resolve
from instancesketch.models import weights
from instancesketch.tracking import checkpoints, metrics_log
from instancesketch.tracking.metrics_log import METRICS
from instancesketch.tracking.reporter import Reporter, Tracker
from instancesketch.tracking.run_state import RunState
from instancesketch.tracking.status import follow_run
from instancesketch.training.loop import LoopConfig

_log = logging.getLogger(__name__)


class Training(Protocol):
    """The part of a training that differs between model kinds, and by where it runs."""

    def has_epochs_left(self, run: str) -> bool:
        """Return whether there are epochs to train or to report."""

    def train(self, run: str, reporter: Reporter) -> None:
        """Train until the last epoch and report each."""

    def finish(self, run: str) -> dict[str, Any]:
        """Write the weights, and return the training's part of the summary."""


def run_training(
    config: RunConfig,
    settings: Mapping[str, Any],
    training: Training,
    trackers: Callable[[str], Sequence[Tracker]] = lambda run: (),
    runs_on: str | None = None,
) -> dict[str, Any]:
    """Train within a run's folder, or continue there, and write the summary.

    Args:
        config: the run.
        settings: its resolved config, which the folder is claimed with.
        training: what to run.
        trackers: returns the trackers of a run's folder besides those of every run; called if
            there is something to report.
        runs_on: the cluster; None where it runs in this process.

    Returns:
        The summary, with `finished_before` if there was nothing to do.

    Raises:
        UserError: the folder is of another config, or the training failed.
    """
    run = storage.absolute(storage.join(config.storage, config.run))

    def work(held: Lease) -> dict[str, Any]:
        started = time.perf_counter()
        verb = f"train {settings['kind']}"
        with job_log.log_to(run, verb, settings, runs_on, held.is_held):
            # A run may have been stopped after its last epoch, with the weights to be written.
            if training.has_epochs_left(run):
                doing("preparing the first epoch")
                reporter = Reporter.of(run, settings, *trackers(run))
                with reporter, follow_run(run, config.run, config.quiet):
                    training.train(run, reporter)
            held.refuse_loss()
            summary = {
                "run": run,
                "epochs": settings["recipe"]["epochs"],
                **training.finish(run),
                "seconds": time.perf_counter() - started,
            }
            storage.write_json(storage.join(run, run_folder.SUMMARY), summary)
        return summary

    # After all checks of the cluster and the corpora, so that a refused run leaves no folder.
    return run_folder.finish_run(run, settings, work)


@dataclass(frozen=True)
class NetworkTraining(ABC):
    """The training of a segmenter, refiner or grouper within `run_training`."""

    config: TrainConfig
    settings: Mapping[str, Any]
    loop: LoopConfig

    @classmethod
    def of(cls, config: TrainConfig, **values: Any) -> Self:
        """Return the training of a run.

        Raises:
            UserError: the corpora, or the weights to initialise from, don't fit.
        """
        settings, train, select = resolve(config)
        loop = LoopConfig(
            recipe=config.recipe,
            taxonomy=Taxonomy.from_dict(settings["taxonomy"]),
            train=train,
            select=select,
            selection=settings["selection"],
            weights=settings["weights"],
        )
        return cls(config=config, settings=settings, loop=loop, **values)

    def has_epochs_left(self, run: str) -> bool:
        """Return whether epochs are left to train or to report; warn of damaged checkpoints."""
        newest = checkpoints.newest(run)
        warn_of_damage(run, newest.damaged, newest.epoch)
        reported = {line["epoch"] for line in metrics_log.read(run)}
        return newest.epoch < self.config.recipe.epochs or newest.epoch not in reported

    def train(self, run: str, reporter: Reporter) -> None:
        """Train until the last epoch and report each.

        Raises:
            TransientError: the run's log lacks epochs.
        """
        self.train_epochs(run, reporter)
        reported = max((line["epoch"] for line in metrics_log.read(run)), default=0)
        if reported < self.config.recipe.epochs:
            raise TransientError(
                f"{storage.join(run, METRICS)} couldn't be written and lacks what came after "
                f"epoch {reported}; the run is trained, and the same command writes it"
            )

    @abstractmethod
    def train_epochs(self, run: str, reporter: Reporter) -> None:
        """Train until the last epoch, and log each by `log_epoch`."""

    def finish(self, run: str) -> dict[str, Any]:
        """Write the weights of the best epoch, and return its part of the summary."""
        return _finish(run, self.settings)


def log_epoch(reporter: Reporter, figures: Mapping[str, Any]) -> None:
    """Log an epoch; a log that can't be written now is a warning, and written with the next one."""
    try:
        reporter.log(figures)
    except UserError as error:
        # A training can go on without its log, which a full disk must not end.
        reporter.warn(figures["epoch"], f"{error}; it is tried again with the next")


def warn_of_damage(run: str, damaged: Sequence[int], epoch: int) -> None:
    """Warn of checkpoints that can't be used."""
    if not damaged:
        return
    which = ", ".join(map(str, sorted(damaged)))
    words = f"the {'checkpoint' if len(damaged) == 1 else 'checkpoints'} of epoch {which}"
    then = f"goes on after epoch {epoch}" if epoch else "starts at the beginning, none being whole"
    _log.warning("%s: %s missing or damaged; training %s", run, words, then)


def _finish(run: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    found = checkpoints.best(run)
    if found.state is None:
        raise UserError(f"{run} has no whole checkpoint left; the same command trains again")
    state, figures = found.state, found.state["figures"]
    if found.damaged:
        _log.warning(
            "%s: the checkpoint of the best epoch, %d, missing or damaged; the weights are those "
            "of epoch %d",
            run,
            found.damaged[0],
            found.epoch,
        )
    recipe = settings["recipe"]
    config = {
        "kind": settings["kind"],
        "model": recipe["model"],
        **{k: v for k, v in settings.items() if k != "recipe"},
        "recipe": recipe,
        "metrics": figures,
    }
    weights.save(storage.join(run, settings["kind"]), state["mean"], config)
    return {
        "best_epoch": state["epoch"],
        "best": figures,
        "drawings": settings["drawings"],
        "starts": [
            {"epoch": s.epoch, "workers": len(s.workers), "damaged": s.damaged}
            for s in RunState(run).starts()
        ],
        "damaged_best": list(found.damaged),
        **summarize_usage(metrics_log.read(run)),
    }
