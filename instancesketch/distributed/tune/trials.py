"""What Ray Tune runs in a sweep: the trial, the search, and who watches.

Tune's own state is never read back. Which trials there were and what they came to stands in the
sweep's folder, and a sweep that goes on tells a new search about it.
"""

from __future__ import annotations

import logging
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import optuna
import ray
from ray import tune
from ray.train import UserCallback
from ray.tune.search.optuna import OptunaSearch
from ray.util.queue import Queue

from instancesketch.core.errors import TransientError, UserError, find_user_error, last_line
from instancesketch.core.hashing import derive_seed
from instancesketch.core.progress import clock_text
from instancesketch.distributed.train.config import TrainConfig
from instancesketch.distributed.train.run_training import train
from instancesketch.tracking import metrics_log
from instancesketch.tracking.sweep import TITLES, Sweep, Trial, name_of
from instancesketch.training.search_space import Dimension, Space, Values

_log = logging.getLogger(__name__)

# A trial whose process was lost is begun again, from its last epoch, so often.
MOST_LOSSES = 3
SECONDS_TO_STOP = 30.0


@dataclass(frozen=True, kw_only=True)
class Job:
    """What all trials of a sweep have in common."""

    sweep: Sweep
    space: Space
    train: TrainConfig
    figure: str  # that trials are compared by

    @property
    def epochs(self) -> int:
        return self.train.recipe.epochs


class TrialRun(tune.Trainable):  # type: ignore[misc]
    """Trains one trial, or continues it; Tune asks for one epoch after the other.

    When Tune stops it, so does the controller of its run. Were the controller only killed together
    with this process, on a cluster without a dashboard the CPUs of its workers would stay taken.
    """

    def setup(self, config: dict[str, Any], job: Job) -> None:
        """Begins to train the trial of that number and those values."""
        self._number, self._values, self._job = config["number"], config["values"], job
        self._told = Queue(actor_options={"num_cpus": 0})
        self._controller: Any = None
        self._thread = threading.Thread(target=self._train, daemon=True)
        self._thread.start()

    def step(self) -> dict[str, Any]:
        """Waits for the next epoch; the last comes when the run is whole."""
        told: dict[str, Any] = self._told.get()
        self._controller = told.pop("controller", self._controller)
        return told

    def cleanup(self) -> None:
        """Ends the run, if it is still going on."""
        if self._controller is not None and self._thread.is_alive():
            with suppress(ray.exceptions.RayError):  # it ends amid the call
                ray.get(self._controller.abort.remote())
            self._thread.join(SECONDS_TO_STOP)

    def _train(self) -> None:
        run, figure = self._job.sweep.run_of(self._number), self._job.figure
        try:
            best = 0.0
            for line in metrics_log.read(run)[: self._job.epochs - 1]:  # before it was stopped
                best = max(best, line.get(figure) or 0.0)
                self._told.put({"epoch": line["epoch"], "score": best})
            config = replace(
                self._job.train,
                run=name_of(self._number),
                storage=self._job.sweep.location,
                recipe=self._job.space.trial(self._values),
                quiet=True,
            )
            train(config, callbacks=[_Teller(self._told, self._job, best)])
            scores = [line.get(figure) for line in metrics_log.read(run)]
            if all(score is None for score in scores):
                raise UserError(f"too few drawings to select on: no {TITLES[figure]}")
        except Exception as error:  # whatever it is, the others go on, and the table names it
            mistake = find_user_error(error)
            again = mistake is None or isinstance(mistake, TransientError)
            told = {"epoch": 0, "score": 0.0, "failure": _reason(error), "again": again}
        else:
            told = {"epoch": len(scores), "score": max(s for s in scores if s is not None)}
        self._told.put(told | {"done": True})


def _reason(error: Exception) -> str:
    """The line that says most of an error."""
    failures = getattr(error, "worker_failures", None)  # of Ray Train, by worker
    inner = find_user_error(error) or (next(iter(failures.values())) if failures else error)
    return last_line(inner)


class _Teller(UserCallback):  # type: ignore[misc]
    """Tells the trial of every epoch but the last, from the process that controls the workers."""

    def __init__(self, queue: Queue, job: Job, best: float) -> None:
        self._queue, self._figure, self._epochs, self._best = queue, job.figure, job.epochs, best

    def after_report(self, run_context: Any, metrics: Any, checkpoint: Any) -> None:
        epoch = metrics[0]["epoch"]
        self._best = max(self._best, metrics[0].get(self._figure) or 0.0)
        if epoch < self._epochs:
            controller = ray.get_runtime_context().current_actor
            self._queue.put({"epoch": epoch, "score": self._best, "controller": controller})


class Search(OptunaSearch):  # type: ignore[misc]
    """Optuna's search (TPE, Bergstra et al. 2011), which numbers and notes every trial.

    It first asks for the trials again that were begun and not ended, or in a new sweep for the
    recipe itself.
    """

    def __init__(self, job: Job, trials: int, seed: int) -> None:
        self._job = job
        before = job.sweep.trials()
        begun = [t for t in before if t.to_do]
        fresh = range(len(before) + 1, trials + 1)
        self.numbers = [*(t.number for t in begun), *fresh]
        first = [t.values for t in begun] if before else [job.space.base()]
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        super().__init__(
            {d.key: _distribution(d) for d in job.space.dimensions},
            metric="score",
            mode="max",
            points_to_evaluate=[self._points(values) for values in first],
            sampler=optuna.samplers.TPESampler(
                # A sweep that goes on would else draw again what it has drawn before.
                seed=derive_seed(seed, len(before)) % 2**32,
                # With few trials it has to begin early to learn from them.
                n_startup_trials=max(3, trials // 4),
            ),
        )
        for trial in before:
            if not trial.to_do:
                self.add_evaluated_point(self._points(trial.values), known_score(trial))

    def suggest(self, trial_id: str) -> dict[str, Any] | None:
        """The next trial's number and values."""
        if not self.numbers:
            return None
        points = super().suggest(trial_id)
        values = {
            d.key: d.choices[points[d.key]] if d.choices else points[d.key]
            for d in self._job.space.dimensions
        }
        number = self.numbers.pop(0)
        self._job.sweep.ask(number, values)
        return {"number": number, "values": values}

    def on_trial_result(self, trial_id: str, result: dict[str, Any]) -> None:
        """Nothing: Optuna is told how trials end; on the way it is ASHA that looks."""

    def on_trial_complete(
        self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False
    ) -> None:
        """Tells Optuna how a trial ended, and no score where the values weren't to blame."""
        blameless = result is not None and result.get("again", False)
        super().on_trial_complete(trial_id, None if blameless else result, error or blameless)

    def _points(self, values: Values) -> dict[str, Any]:
        """Values as Optuna has them: choices by their numbers, for they may be lists."""
        return {
            d.key: d.choices.index(values[d.key]) if d.choices else values[d.key]
            for d in self._job.space.dimensions
        }


def _distribution(dimension: Dimension) -> optuna.distributions.BaseDistribution:
    if dimension.choices:
        return optuna.distributions.CategoricalDistribution(range(len(dimension.choices)))
    if isinstance(dimension.low, int):
        return optuna.distributions.IntDistribution(
            dimension.low, int(dimension.high), log=dimension.log
        )
    return optuna.distributions.FloatDistribution(dimension.low, dimension.high, log=dimension.log)


def known_score(trial: Trial) -> float:
    """What the search is told of a trial: one that failed got nothing right."""
    return 0.0 if trial.outcome == "failed" or trial.score is None else trial.score


class Watch(tune.Callback):  # type: ignore[misc]
    """Notes how trials end, in the driver alone, and says how far the sweep is."""

    def __init__(self, job: Job, trials: int) -> None:
        self._job, self._trials = job, trials
        before = job.sweep.trials()
        self._done = sum(not t.to_do for t in before)
        self._worked = 0
        self._left: tuple[float, float] | None = None  # seconds, and when that was so
        self._running: dict[int, int] = {}  # epochs done, by number
        self._scores = {t.number: t.score for t in before if t.score is not None}
        self._began = time.monotonic()

    def on_trial_start(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        self._running[trial.config["number"]] = 0

    def on_trial_result(
        self, iteration: int, trials: list[Any], trial: Any, result: dict[str, Any], **info: Any
    ) -> None:
        number = trial.config["number"]
        if "failure" in result:
            self._job.sweep.end(number, "failed", result["failure"], result["again"])
            return
        self._running[number] = result["epoch"]
        self._scores[number] = result["score"]

    def on_trial_complete(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        number = trial.config["number"]
        if self._job.sweep.trial(number).outcome is None:
            self._job.sweep.end(number, "stopped early")
        self._ended(number)

    def on_trial_error(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        number = trial.config["number"]
        reason = f"its process was lost {MOST_LOSSES + 1} times"
        self._job.sweep.end(number, "failed", reason, again=True)
        self._ended(number)

    def _ended(self, number: int) -> None:
        trial = self._job.sweep.trial(number)
        _log.info("%s %s %s", trial.name, trial.outcome, trial.reason or trial.score)
        self._running.pop(number, None)
        self._done += 1
        self._worked += 1
        now = time.monotonic()
        each = (now - self._began) / self._worked
        self._left = each * (self._trials - self._done), now

    def text(self) -> str:
        """One line of how things are, for another thread: of copies, as Tune goes on."""
        running, scores = list(self._running.values()), dict(self._scores)
        epochs = f" (epochs {', '.join(map(str, running))})" if running else ""
        said = [
            f"{self._done} of {self._trials} trials done",
            f"{len(running)} running{epochs}",
            f"{self._trials - self._done - len(running)} waiting",
        ]
        if scores:
            best = max(scores, key=lambda number: scores[number] or 0.0)
            title = TITLES[self._job.figure]
            said.append(f"best so far {name_of(best)} with {title} {scores[best]:.2f}")
        if self._left is not None:
            left, then = self._left
            said.append(f"{clock_text(max(0.0, left - (time.monotonic() - then)))} left")
        return ", ".join(said)
