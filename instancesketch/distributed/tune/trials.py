"""A trial of a sweep, as Ray Tune runs it: a training run with other values of the recipe."""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import ray
from ray import tune
from ray.train import UserCallback
from ray.util.queue import Queue

from instancesketch.core.errors import TransientError, UserError, find_user_error, last_line
from instancesketch.distributed.train.config import TrainConfig
from instancesketch.distributed.train.run_training import train
from instancesketch.tracking import metrics_log
from instancesketch.tracking.sweep import Sweep, trial_name
from instancesketch.training.search_space import Space

# How often a trial whose process is lost starts again, from its last epoch.
MOST_LOSSES = 3
SECONDS_TO_STOP = 30.0


@dataclass(frozen=True, kw_only=True)
class TrialTemplate:
    """The settings that all trials of a sweep share."""

    sweep: Sweep
    space: Space
    train: TrainConfig

    @property
    def epochs(self) -> int:
        """Return the number of epochs of each trial."""
        return self.train.recipe.epochs


class TrialRun(tune.Trainable):  # type: ignore[misc]
    """A trial, trained or continued in a thread; each step of Tune's is an epoch."""

    def setup(self, config: dict[str, Any], template: TrialTemplate) -> None:
        """Start training the trial of a number and its values."""
        # The queue hardly computes, so it takes no CPU from the workers.
        self._results = Queue(actor_options={"num_cpus": 0})
        self._controller: Any = None  # of the run's workers
        # A daemon, so that a run which doesn't stop can't keep this process.
        self._thread = threading.Thread(
            target=train_trial,
            args=(template, config["number"], config["values"], self._results),
            daemon=True,
        )
        self._thread.start()

    def step(self) -> dict[str, Any]:
        """Return the result of the next epoch; the last comes when the run is complete."""
        result: dict[str, Any] = self._results.get()
        self._controller = result.pop("controller", self._controller)
        return result

    def cleanup(self) -> None:
        """Stop the run, if it is still going on."""
        # If the controller were only killed together with this process, the CPUs of its workers
        # would stay taken on a cluster without a dashboard.
        if self._controller is not None and self._thread.is_alive():
            with suppress(ray.exceptions.RayError):  # it ends in the middle of the call
                ray.get(self._controller.abort.remote())
            self._thread.join(SECONDS_TO_STOP)


def train_trial(template: TrialTemplate, number: int, values: dict[str, Any], results: Any) -> None:
    """Train a trial, or continue it, and put the result of each epoch into a queue.

    A result has the `epoch` and the best `score` so far; the last one is `done`, and `whole` if all
    epochs were trained. Of a failure it has the reason as `failure`, and `retry` where the values
    aren't to blame for it.
    """
    sweep = template.sweep
    run, metric = sweep.run_folder(number), sweep.metric
    try:
        best = 0.0
        # Tune counts a continued run from its first epoch again.
        for line in metrics_log.read(run)[: template.epochs - 1]:
            best = max(best, line.get(metric) or 0.0)
            results.put({"epoch": line["epoch"], "score": best})
        config = replace(
            template.train,
            run=trial_name(number),
            storage=sweep.location,
            recipe=template.space.trial(values),
            quiet=True,
        )
        callback = _EpochCallback(results, metric, template.epochs, best)
        train(config, callbacks=[callback])
        scores = [line.get(metric) for line in metrics_log.read(run)]
        if all(score is None for score in scores):
            raise UserError(f"too few drawings to select on: no {sweep.metric_title}")
    # Whatever the error is, the other trials go on, and the table has the reason.
    except Exception as error:
        mistake = find_user_error(error)
        retry = mistake is None or isinstance(mistake, TransientError)
        result = {"epoch": 0, "score": 0.0, "failure": _reason(error), "retry": retry}
    else:
        best = max(s for s in scores if s is not None)
        result = {"epoch": len(scores), "score": best, "whole": True}
    results.put(result | {"done": True})


def _reason(error: Exception) -> str:
    """Return the line of an error that names its cause best."""
    failures = getattr(error, "worker_failures", None)  # of Ray Train, by worker
    inner = find_user_error(error) or (next(iter(failures.values())) if failures else error)
    return last_line(inner)


class _EpochCallback(UserCallback):  # type: ignore[misc]
    """A callback that puts the result of every epoch but the last into a queue.

    Ray Train calls it in the process that controls the workers.
    """

    def __init__(self, results: Any, metric: str, epochs: int, best: float) -> None:
        self._results, self._metric, self._epochs, self._best = results, metric, epochs, best

    def after_report(self, run_context: Any, metrics: Any, checkpoint: Any) -> None:
        epoch = metrics[0]["epoch"]
        self._best = max(self._best, metrics[0].get(self._metric) or 0.0)
        # After the last epoch the run still has its weights to write: `train_trial` reports it.
        if epoch < self._epochs:
            controller = ray.get_runtime_context().current_actor
            self._results.put({"epoch": epoch, "score": self._best, "controller": controller})
