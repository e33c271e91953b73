"""Early stopping: trials that fall behind are stopped, but never the first."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from ray.tune.schedulers import ASHAScheduler

from instancesketch.tracking.sweep import Sweep, Trial


class EarlyStopping(ASHAScheduler):  # type: ignore[misc]
    """ASHA (Li et al. 2020) that never stops the first trial.

    The first trial is the recipe itself, and only finished trials can win: so the winner is never
    worse than the recipe.
    """

    def on_trial_result(self, controller: Any, trial: Any, result: dict[str, Any]) -> str:
        """Return whether the trial goes on."""
        # Even where the decision is overruled, the result counts for the others.
        decision: str = super().on_trial_result(controller, trial, result)
        return self.CONTINUE if trial.config["number"] == 1 else decision


def build_scheduler(sweep: Sweep, epochs: int, grace: int, reduction: int) -> EarlyStopping:
    """Return a scheduler that knows the trials of the sweep that ended before.

    Args:
        sweep: the sweep.
        epochs: of each trial.
        grace: epochs of the first rung; before it no trial is stopped.
        reduction: R: rungs are at `grace` times 1, R, R², …, and the top 1/R go on at each.
    """
    scheduler = EarlyStopping(
        time_attr="epoch",
        metric="score",
        mode="max",
        max_t=epochs,
        grace_period=grace,
        reduction_factor=reduction,
    )
    ended = [t for t in sweep.trials() if not t.pending]
    for trial in ended:
        scheduler.on_trial_add(None, _tune_trial(trial))
    # Epoch by epoch, the order in which trials that run side by side report.
    for epoch in range(1, epochs + 1):
        for trial in ended:
            if epoch <= trial.epochs:
                # As running trials report it: ASHA compares the best scores so far.
                best = max(s or 0.0 for s in trial.scores[:epoch])
                result = {"epoch": epoch, "score": best}
                scheduler.on_trial_result(None, _tune_trial(trial), result)
    return scheduler


def _tune_trial(trial: Trial) -> Any:
    """Return the fields of a Ray Tune trial that the scheduler reads."""
    return SimpleNamespace(trial_id=trial.name, config={"number": trial.number})
