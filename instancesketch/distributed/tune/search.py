"""The values of the next trial, chosen by Optuna."""

from __future__ import annotations

from typing import Any

import optuna
from optuna.trial import TrialState
from ray.tune.search.optuna import OptunaSearch

from instancesketch.core.hashing import derive_seed
from instancesketch.tracking.sweep import Sweep, Trial
from instancesketch.training.search_space import Dimension, Space, Values


class Search(OptunaSearch):  # type: ignore[misc]
    """Optuna's TPE (Bergstra et al. 2011), which numbers and records every trial.

    It begins with the recipe itself, or where a sweep is continued with its pending trials.
    """

    def __init__(self, sweep: Sweep, space: Space, trials: int, seed: int) -> None:
        self._sweep, self._dimensions = sweep, space.dimensions
        before = sweep.trials()
        pending = [t for t in before if t.pending]
        new = range(len(before) + 1, trials + 1)
        self.numbers = [*(t.number for t in pending), *new]  # of the trials still to run
        first = [t.values for t in pending] if before else [space.base()]
        # Its lines about each trial would break the progress line.
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        super().__init__(
            {d.key: _distribution(d) for d in space.dimensions},
            metric="score",
            mode="max",
            points_to_evaluate=[self._to_optuna(values) for values in first],
            sampler=optuna.samplers.TPESampler(
                # With one seed, a continued sweep would draw again what it has drawn before.
                seed=derive_seed(seed, len(before)) % 2**32,
                # With few trials it has to begin early to learn from them.
                n_startup_trials=max(3, trials // 4),
            ),
        )
        for trial in before:
            if not trial.pending:
                self._add_ended(trial)

    def suggest(self, trial_id: str) -> dict[str, Any] | None:
        """Return and record the next trial's number and values; None when all have been run."""
        if not self.numbers:
            return None
        drawn = super().suggest(trial_id)
        values = {
            d.key: d.choices[drawn[d.key]] if d.choices else drawn[d.key] for d in self._dimensions
        }
        number = self.numbers.pop(0)
        # Recorded before it runs, so that a continued sweep runs it with the same values.
        self._sweep.add_trial(number, values)
        return {"number": number, "values": values}

    def on_trial_result(self, trial_id: str, result: dict[str, Any]) -> None:
        """Do nothing: Optuna learns from final scores; ASHA alone looks at those on the way."""

    def on_trial_complete(
        self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False
    ) -> None:
        """Pass a final score to Optuna; none where the values weren't to blame for a failure.

        The score of a trial that was stopped early is passed as that of its last epoch: Optuna
        doesn't compare it with scores of all epochs.
        """
        result = result or {}
        if not error and "score" in result and not {"whole", "failure"} & result.keys():
            trial = self._ot_trials[trial_id]
            trial.report(result["score"], result["epoch"])
            self._ot_study.tell(trial, state=TrialState.PRUNED)
            return
        blameless = result.get("retry", False)
        super().on_trial_complete(trial_id, None if blameless else result, error or blameless)

    def _add_ended(self, trial: Trial) -> None:
        """Add a trial of an earlier start of the sweep."""
        values, score = self._to_optuna(trial.values), final_score(trial)
        if trial.outcome != "stopped early":
            self.add_evaluated_point(values, score)
            return
        # Ray's method for such points numbers their scores from 0; a step is an epoch here.
        self._ot_study.add_trial(
            optuna.trial.create_trial(
                state=TrialState.PRUNED,
                params=values,
                distributions=self._space,
                intermediate_values={trial.epochs: score},
            )
        )

    def _to_optuna(self, values: Values) -> dict[str, Any]:
        # Optuna's choices are plain values, ours may be lists, so it is given their indices.
        return {
            d.key: d.choices.index(values[d.key]) if d.choices else values[d.key]
            for d in self._dimensions
        }


def _distribution(dimension: Dimension) -> optuna.distributions.BaseDistribution:
    if dimension.choices:
        return optuna.distributions.CategoricalDistribution(range(len(dimension.choices)))
    if isinstance(dimension.low, int):
        return optuna.distributions.IntDistribution(
            dimension.low, int(dimension.high), log=dimension.log
        )
    return optuna.distributions.FloatDistribution(dimension.low, dimension.high, log=dimension.log)


def final_score(trial: Trial) -> float:
    """Return the score that the search learns from; zero for a trial that failed."""
    return 0.0 if trial.outcome == "failed" or trial.score is None else trial.score
