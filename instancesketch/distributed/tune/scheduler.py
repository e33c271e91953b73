"""Which trials of a sweep are stopped early: those that fall behind, but never the first."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from ray.tune.schedulers import ASHAScheduler

from instancesketch.tracking.sweep import Sweep, Trial


class Stopping(ASHAScheduler):  # type: ignore[misc]
    """ASHA that lets the first trial come to its end.

    That is the recipe itself, and only finished trials can win: so what wins is never worse.
    """

    def on_trial_result(self, controller: Any, trial: Any, result: dict[str, Any]) -> str:
        """Whether the trial goes on; the first one's results count for the others."""
        decision: str = super().on_trial_result(controller, trial, result)
        return self.CONTINUE if trial.config["number"] == 1 else decision


def early_stopping(sweep: Sweep, epochs: int, grace: int, reduction: int) -> Stopping:
    """ASHA (Li et al. 2020): at 1, r, r², … times `grace` epochs the best one in r goes on.

    What earlier trials had come to then counts, too.
    """
    scheduler = Stopping(
        time_attr="epoch",
        metric="score",
        mode="max",
        max_t=epochs,
        grace_period=grace,
        reduction_factor=reduction,
    )
    ended = [t for t in sweep.trials() if not t.to_do]
    for trial in ended:
        scheduler.on_trial_add(None, _known(trial))
    for epoch in range(1, epochs + 1):  # as they might have come, had they all run at once
        for trial in ended:
            if epoch <= trial.epochs:
                best = max(s or 0.0 for s in trial.scores[:epoch])
                scheduler.on_trial_result(None, _known(trial), {"epoch": epoch, "score": best})
    return scheduler


def _known(trial: Trial) -> Any:
    return SimpleNamespace(trial_id=trial.name, config={"number": trial.number})
