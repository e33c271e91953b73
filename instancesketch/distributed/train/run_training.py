"""Training runs on a Ray cluster: the folder of a run, its workers, and lost ones replaced.

A run's folder has `config.json` (its resolved config), `metrics.jsonl`, `curves.svg`,
`tensorboard/`, pictures of the best epoch, and when it is finished `summary.json` and the weights,
in a folder named by the model kind. Checkpoints are in `_checkpoints`, states in `_state`.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from instancesketch.batch import job_log
from instancesketch.core import run_folder, storage
from instancesketch.core.errors import TransientError, UserError, find_user_error, last_line
from instancesketch.core.taxonomy import Taxonomy
from instancesketch.core.usage import summarize_usage
from instancesketch.distributed.clearml_actor import remote_trackers
from instancesketch.distributed.cluster import connect, describe, quiet_data
from instancesketch.distributed.train.config import RunConfig, TrainConfig, check, least_most
from instancesketch.distributed.train.resolve import resolve
from instancesketch.distributed.train.train_loop import WorkerConfig, run_loop
from instancesketch.models import weights
from instancesketch.tracking import checkpoints, metrics_log
from instancesketch.tracking.metrics_log import METRICS
from instancesketch.tracking.reporter import Reporter, check_track
from instancesketch.tracking.run_state import RunState
from instancesketch.tracking.status import follow_run
from instancesketch.training.loop import LoopConfig

if TYPE_CHECKING:
    from ray.train import TrainingFailedError, UserCallback
    from ray.train.torch import TorchTrainer

# Times that lost workers are replaced, and the epoch repeated, before a run gives up; counted anew
# whenever an epoch is finished.
MAX_FAILURES = 5
# Seconds between two checks for room for more workers, in an elastic run. Not often, because
# growing repeats the epoch.
SECONDS_BETWEEN_RESIZES = 60.0

_log = logging.getLogger(__name__)


class Training(Protocol):
    """The part of a training that differs between model kinds."""

    def has_epochs_left(self, run: str) -> bool:
        """Return whether there are epochs to train or to report."""

    def train(self, run: str, reporter: Reporter) -> None:
        """Train until the last epoch and report each."""

    def finish(self, run: str) -> dict[str, Any]:
        """Write the weights, and return the training's part of the summary."""


def run_training(
    config: RunConfig, settings: Mapping[str, Any], training: Training
) -> dict[str, Any]:
    """Train within a run's folder, or continue there, and write the summary.

    Args:
        config: the run.
        settings: its resolved config, which the folder is claimed with.
        training: what to run.

    Returns:
        The summary, with `finished_before` if there was nothing to do.

    Raises:
        UserError: the folder is of another config, or the training failed.
    """
    run = storage.absolute(storage.join(config.storage, config.run))
    # After all checks of the cluster and the corpora, so that a refused run leaves no folder.
    summary = run_folder.claim(run, settings, run_folder.RUN)
    if summary is not None:
        # Added here alone: the stored summary is that of the run itself.
        return summary | {"finished_before": True}
    started = time.perf_counter()
    with job_log.log_to(run, f"train {settings['kind']}", settings, describe()):
        # A run may have been stopped after its last epoch, with the weights still to be written.
        if training.has_epochs_left(run):
            others = remote_trackers(config.track, run, config.run)
            reporter = Reporter.of(run, settings, *others)
            with reporter, follow_run(run, config.run, config.quiet):
                training.train(run, reporter)
        summary = {
            "run": run,
            "epochs": settings["recipe"]["epochs"],
            **training.finish(run),
            "seconds": time.perf_counter() - started,
        }
        storage.write_json(storage.join(run, run_folder.SUMMARY), summary)
    return summary


def train(config: TrainConfig, callbacks: Sequence[UserCallback] = ()) -> dict[str, Any]:
    """Train a segmenter, refiner or grouper, or continue the run; return its summary.

    It can be called in a task or an actor of a running Ray, such as a trial of Ray Tune.

    Args:
        config: what to train on, by which recipe, and where the run is kept.
        callbacks: called on every report and failure, in the process that controls the workers.

    Raises:
        UserError: the cluster, the corpus or an earlier run of the name doesn't fit.
    """
    check(config)
    check_track(config.track)
    connect(workers=least_most(config)[0], cpus=1.0, gpus=config.gpus_per_worker)
    quiet_data()
    settings, train, select = resolve(config)
    loop = LoopConfig(
        recipe=config.recipe,
        taxonomy=Taxonomy.from_dict(settings["taxonomy"]),
        train=train,
        select=select,
        selection=settings["selection"],
        weights=settings["weights"],
    )
    return run_training(config, settings, _NetworkTraining(config, settings, loop, callbacks))


@dataclass(frozen=True)
class _NetworkTraining:
    """The training of a network of ours within `run_training`."""

    config: TrainConfig
    settings: Mapping[str, Any]
    loop: LoopConfig
    callbacks: Sequence[UserCallback]

    def has_epochs_left(self, run: str) -> bool:
        """Return whether epochs are left to train or to report; warn of damaged checkpoints."""
        newest = checkpoints.newest(run)
        _warn_of_damage(run, newest.damaged, newest.epoch)
        reported = {line["epoch"] for line in metrics_log.read(run)}
        return newest.epoch < self.config.recipe.epochs or newest.epoch not in reported

    def train(self, run: str, reporter: Reporter) -> None:
        """Train on workers of Ray Train."""
        _fit(run, self.config, self.loop, [_callback(reporter), *self.callbacks])

    def finish(self, run: str) -> dict[str, Any]:
        """Write the weights of the best epoch, and return its part of the summary."""
        return _finish(run, self.settings)


def _fit(run: str, config: TrainConfig, loop: LoopConfig, callbacks: Sequence[Any]) -> None:
    """Train on workers, and replace lost ones as long as epochs get finished in between."""
    from ray.train import TrainingFailedError

    earlier, done = len(RunState(run).starts()), False
    while not done:
        # Progress since here decides whether another attempt is worth it.
        reached = checkpoints.newest(run).epoch
        try:
            _trainer(run, config, loop, callbacks).fit()
            done = True
        except TrainingFailedError as error:
            _raise_unless_epochs_were_done(run, error, reached)
    # The checkpoint of the first start was checked before it.
    for start in RunState(run).starts()[earlier + 1 :]:
        _warn_of_damage(run, start.damaged, start.epoch)
    reported = max((line["epoch"] for line in metrics_log.read(run)), default=0)
    if reported < config.recipe.epochs:
        raise TransientError(
            f"{storage.join(run, METRICS)} couldn't be written and lacks what came after "
            f"epoch {reported}; the run is trained, and the same command writes it"
        )


def _trainer(
    run: str, config: TrainConfig, loop: LoopConfig, callbacks: Sequence[Any]
) -> TorchTrainer:
    from ray.train import FailureConfig, RunConfig, ScalingConfig
    from ray.train.torch import TorchTrainer

    return TorchTrainer(
        run_loop,
        train_loop_config={
            "worker": WorkerConfig(run=run, loop=loop, runs_at_once=config.runs_at_once)
        },
        scaling_config=ScalingConfig(
            num_workers=config.workers,
            elastic_resize_monitor_interval_s=SECONDS_BETWEEN_RESIZES,
            use_gpu=config.gpus_per_worker > 0,
            resources_per_worker={"CPU": 1}
            | ({"GPU": config.gpus_per_worker} if config.gpus_per_worker else {}),
        ),
        run_config=RunConfig(
            # Below the run's folder; the underscore keeps it apart from the run's own files.
            name="_ray",
            storage_path=run,
            failure_config=FailureConfig(max_failures=MAX_FAILURES),
            callbacks=list(callbacks),
        ),
    )


def _raise_unless_epochs_were_done(run: str, error: TrainingFailedError, reached: int) -> None:
    """Raise the error that ended an attempt, unless it is transient and epochs were finished.

    Ray counts failures over the whole attempt, however many epochs lie between them.
    """
    failures = getattr(error, "worker_failures", {})
    user_error = _find_user_error(failures) or find_user_error(
        getattr(error, "controller_failure", None)
    )
    if user_error and not isinstance(user_error, TransientError):
        raise user_error from None
    if not (user_error or failures):
        raise error  # a bug in the driver: no worker failed
    epoch = checkpoints.newest(run).epoch
    _log.info("workers were lost; %d epochs are done", epoch, exc_info=error)
    if epoch > reached:
        return
    if user_error:
        raise user_error from None
    reason = last_line(next(iter(failures.values())))
    raise TransientError(
        f"workers were lost {MAX_FAILURES + 1} times without finishing an epoch after epoch "
        f"{epoch}; the last time: {reason[:300]}"
    ) from None


def _find_user_error(failures: Mapping[int, BaseException]) -> UserError | None:
    """Return a UserError that workers failed of, preferably one that isn't transient."""
    found = [error for reason in failures.values() if (error := find_user_error(reason))]
    # Repeating can't help against a lasting error, whatever else failed beside it.
    return min(found, key=lambda error: isinstance(error, TransientError), default=None)


def _warn_of_damage(run: str, damaged: Sequence[int], epoch: int) -> None:
    """Warn of checkpoints that can't be used."""
    if not damaged:
        return
    which = ", ".join(map(str, sorted(damaged)))
    words = f"the {'checkpoint' if len(damaged) == 1 else 'checkpoints'} of epoch {which}"
    then = f"goes on after epoch {epoch}" if epoch else "starts at the beginning, none being whole"
    _log.warning("%s: %s missing or damaged; training %s", run, words, then)


def _callback(reporter: Reporter) -> UserCallback:
    from ray.train import UserCallback

    class Report(UserCallback):  # type: ignore[misc]
        """A report of each epoch by the controller, so that it is logged once."""

        def after_report(self, run_context: Any, metrics: Any, checkpoint: Any) -> None:
            try:
                reporter.log(metrics[0])
            except UserError as error:
                # A training can go on without its log, which a full disk must not end.
                reporter.warn(metrics[0]["epoch"], f"{error}; it is tried again with the next")

        def after_exception(self, run_context: Any, worker_exceptions: Any) -> None:
            """End the run at once for an error that repeating wouldn't avoid."""
            user_error = _find_user_error(worker_exceptions)
            if user_error and not isinstance(user_error, TransientError):
                raise user_error

    return Report()


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
