"""The driver's view of a sweep: it records how trials end, and shows how far the sweep is."""

from __future__ import annotations

import logging
import time
from typing import Any

from ray import tune

from instancesketch.core.progress import clock_text
from instancesketch.tracking.sweep import Sweep, trial_name

_log = logging.getLogger(__name__)


class SweepProgress(tune.Callback):  # type: ignore[misc]
    """A record of how trials end, in the sweep's folder, and the progress as a line.

    Args:
        sweep: the sweep.
        trials: how many it has.
        most_losses: how often a trial's process may be lost.
    """

    def __init__(self, sweep: Sweep, trials: int, most_losses: int) -> None:
        self._sweep, self._trials, self._most_losses = sweep, trials, most_losses
        before = sweep.trials()
        self._done = sum(not t.pending for t in before)
        self._done_now = 0  # by this start of the sweep
        self._left: tuple[float, float] | None = None  # seconds, and the time of that estimate
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
            self._sweep.end_trial(number, "failed", result["failure"], result["retry"])
            return
        self._running[number] = result["epoch"]
        self._scores[number] = result["score"]

    def on_trial_complete(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        number = trial.config["number"]
        # A trial that is neither finished nor failed was stopped by the scheduler.
        if self._sweep.trial(number).outcome is None:
            self._sweep.end_trial(number, "stopped early")
        self._count_end(number)

    def on_trial_error(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        number = trial.config["number"]
        reason = f"its process was lost {self._most_losses + 1} times"
        # The values of a trial aren't to blame for a lost process.
        self._sweep.end_trial(number, "failed", reason, retry=True)
        self._count_end(number)

    def _count_end(self, number: int) -> None:
        trial = self._sweep.trial(number)
        _log.info("%s %s %s", trial.name, trial.outcome, trial.reason or trial.score)
        self._running.pop(number, None)
        self._sweep.remove_checkpoints()
        self._done += 1
        self._done_now += 1
        now = time.monotonic()
        seconds_per_trial = (now - self._began) / self._done_now
        self._left = seconds_per_trial * (self._trials - self._done), now

    def text(self) -> str:
        """Return the progress as a line of text."""
        # Another thread calls this: what Tune changes meanwhile is copied first.
        running, scores = list(self._running.values()), dict(self._scores)
        epochs = f" (epochs {', '.join(map(str, running))})" if running else ""
        words = [
            f"{self._done} of {self._trials} trials done",
            f"{len(running)} running{epochs}",
            f"{self._trials - self._done - len(running)} waiting",
        ]
        if scores:
            best = max(scores, key=lambda number: scores[number] or 0.0)
            title = self._sweep.metric_title
            words.append(f"best so far {trial_name(best)} with {title} {scores[best]:.2f}")
        if self._left is not None:
            left, estimated_at = self._left
            left -= time.monotonic() - estimated_at
            words.append(f"{clock_text(max(0.0, left))} left")
        return ", ".join(words)
