"""Trains a model on a Ray cluster: `fit` in every worker, Ray Data to feed it.

A run is a folder: `config.json` (its resolved settings), `metrics.jsonl`, `curves.svg`,
`tensorboard/`, pictures of the best epoch, `summary.json` and a folder with the model's name, such
as `segmenter/`, once finished; checkpoints lie under `_checkpoints`, and `_state/starts.json` tells
which processes train it.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from instancesketch.batch import job_log
from instancesketch.core import run_folder, storage
from instancesketch.core.errors import TransientError, UserError, find_user_error, last_line
from instancesketch.core.usage import summarize_usage
from instancesketch.distributed.clearml_actor import remote_trackers
from instancesketch.distributed.cluster import connect, describe, quiet_data
from instancesketch.distributed.train import checkpoints
from instancesketch.distributed.train.config import TrainConfig, check, least_most
from instancesketch.distributed.train.resolve import resolve
from instancesketch.distributed.train.train_loop import LoopConfig, run_loop
from instancesketch.models import weights
from instancesketch.tracking import metrics_log
from instancesketch.tracking.metrics_log import METRICS
from instancesketch.tracking.reporter import Reporter, check_track
from instancesketch.tracking.run_state import RunState
from instancesketch.tracking.status import follow_run

if TYPE_CHECKING:
    from ray.train import TrainingFailedError, UserCallback
    from ray.train.torch import TorchTrainer

# A worker that was lost is replaced, and the epoch begun again, so often before the run gives up,
# unless it has finished an epoch in the meantime.
MOST_FAILURES = 5
# A run that takes from 1 to 8 workers looks so often whether there is room for more. Growing costs
# the part of an epoch that was done.
SECONDS_BETWEEN_RESIZES = 60.0

_log = logging.getLogger(__name__)


def train(config: TrainConfig, callbacks: Sequence[UserCallback] = ()) -> dict[str, Any]:
    """Trains the model that the recipe is for, or continues the run; returns its summary.

    It can be called in a task or an actor of a running Ray, such as a trial of Ray Tune.

    Args:
        config: what to train on, how, and where the run is kept.
        callbacks: told of every report and failure, in the process that controls the workers.

    Raises:
        UserError: the cluster, the corpus or an earlier run of the name doesn't fit.
    """
    run = storage.absolute(storage.join(config.storage, config.run))
    check(config)
    check_track(config.track)
    connect(workers=least_most(config)[0], cpus=1.0, gpus=config.gpus_per_worker)
    quiet_data()
    settings, train, select = resolve(config)
    summary = run_folder.claim(run, settings, run_folder.RUN)
    if summary is not None:
        return summary | {"finished_before": True}
    started = time.perf_counter()
    loop = LoopConfig(
        run=run,
        settings=settings,
        recipe=config.recipe,
        train=train,
        select=select,
        runs_at_once=config.runs_at_once,
    )
    with job_log.log_to(run, f"train {config.recipe.model_kind}", settings, describe()):
        if _goes_on(run, config):
            others = remote_trackers(config.track, run, config.run)
            reporter = Reporter.of(run, settings, *others)
            with reporter, follow_run(run, config.run, config.quiet):
                _fit(run, config, loop, [_callback(reporter), *callbacks])
        return _finish(run, settings, time.perf_counter() - started)


def _goes_on(run: str, config: TrainConfig) -> bool:
    """Whether epochs are left to train or to report; says so where a checkpoint is damaged."""
    found = checkpoints.newest(run)
    _tell(run, found.damaged, found.epoch)
    reported = {line["epoch"] for line in metrics_log.read(run)}
    return found.epoch < config.recipe.epochs or found.epoch not in reported


def _fit(run: str, config: TrainConfig, loop: LoopConfig, callbacks: Sequence[Any]) -> None:
    """Has the workers train, and replaces those that are lost, for as long as epochs get done."""
    from ray.train import TrainingFailedError

    earlier, done = len(RunState(run).starts()), False
    while not done:
        reached = checkpoints.newest(run).epoch
        try:
            _trainer(run, config, loop, callbacks).fit()
            done = True
        except TrainingFailedError as error:
            _raise_what_lasts(run, error, reached)
    for start in RunState(run).starts()[earlier + 1 :]:  # what the first began with is told already
        _tell(run, start.damaged, start.epoch)
    told = max((line["epoch"] for line in metrics_log.read(run)), default=0)
    if told < config.recipe.epochs:
        raise TransientError(
            f"{storage.join(run, METRICS)} couldn't be written and lacks what came after "
            f"epoch {told}; the run is trained, and the same command writes it"
        )


def _trainer(
    run: str, config: TrainConfig, loop: LoopConfig, callbacks: Sequence[Any]
) -> TorchTrainer:
    from ray.train import FailureConfig, RunConfig, ScalingConfig
    from ray.train.torch import TorchTrainer

    return TorchTrainer(
        run_loop,
        train_loop_config={"loop": loop},
        scaling_config=ScalingConfig(
            num_workers=config.workers,
            elastic_resize_monitor_interval_s=SECONDS_BETWEEN_RESIZES,
            use_gpu=config.gpus_per_worker > 0,
            resources_per_worker={"CPU": 1}
            | ({"GPU": config.gpus_per_worker} if config.gpus_per_worker else {}),
        ),
        run_config=RunConfig(
            name="_ray",
            storage_path=run,
            failure_config=FailureConfig(max_failures=MOST_FAILURES),
            callbacks=list(callbacks),
        ),
    )


def _raise_what_lasts(run: str, error: TrainingFailedError, reached: int) -> None:
    """Raises what has ended an attempt to train, unless it may pass and epochs were done meanwhile:
    Ray counts failures over the whole attempt, however far it came between them.
    """
    failures = getattr(error, "worker_failures", {})
    mistake = _mistake(failures) or find_user_error(getattr(error, "controller_failure", None))
    if mistake and not isinstance(mistake, TransientError):
        raise mistake from None
    if not (mistake or failures):
        raise error  # no worker's: a bug
    epoch = checkpoints.newest(run).epoch
    _log.info("workers were lost; %d epochs are done", epoch, exc_info=error)
    if epoch > reached:
        return
    if mistake:
        raise mistake from None
    reason = last_line(next(iter(failures.values())))
    raise TransientError(
        f"workers were lost {MOST_FAILURES + 1} times without finishing an epoch after epoch "
        f"{epoch}; the last time: {reason[:300]}"
    ) from None


def _mistake(failures: Mapping[int, BaseException]) -> UserError | None:
    """The user's mistake among what workers failed of, rather one that lasts."""
    found = [mistake for reason in failures.values() if (mistake := find_user_error(reason))]
    return min(found, key=lambda m: isinstance(m, TransientError), default=None)


def _tell(run: str, damaged: Sequence[int], epoch: int) -> None:
    """Warns of checkpoints that can't be used."""
    if not damaged:
        return
    which = ", ".join(map(str, sorted(damaged)))
    words = f"the {'checkpoint' if len(damaged) == 1 else 'checkpoints'} of epoch {which}"
    then = f"goes on after epoch {epoch}" if epoch else "starts at the beginning, none being whole"
    _log.warning("%s: %s missing or damaged; training %s", run, words, then)


def _callback(reporter: Reporter) -> UserCallback:
    from ray.train import UserCallback

    class Report(UserCallback):  # type: ignore[misc]
        """Reports, in the controller: once per report, whatever the workers do."""

        def after_report(self, run_context: Any, metrics: Any, checkpoint: Any) -> None:
            try:
                reporter.log(metrics[0])
            except UserError as error:
                reporter.warn(metrics[0]["epoch"], f"{error}; it is tried again with the next")

        def after_exception(self, run_context: Any, worker_exceptions: Any) -> None:
            """Ends the run at once for a mistake that is there however often it is begun again."""
            mistake = _mistake(worker_exceptions)
            if mistake and not isinstance(mistake, TransientError):
                raise mistake

    return Report()


def _finish(run: str, settings: Mapping[str, Any], seconds: float) -> dict[str, Any]:
    """Writes the best epoch's weights and the run's summary."""
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
    summary = {
        "run": run,
        "epochs": recipe["epochs"],
        "best_epoch": state["epoch"],
        "best": figures,
        "drawings": settings["drawings"],
        "seconds": seconds,
        "starts": [
            {"epoch": s.epoch, "workers": len(s.workers), "damaged": s.damaged}
            for s in RunState(run).starts()
        ],
        "damaged_best": list(found.damaged),
        **summarize_usage(metrics_log.read(run)),
    }
    storage.write_json(storage.join(run, "summary.json"), summary)
    return summary
