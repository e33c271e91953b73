"""Shares of the differences between the trials of a sweep that each searched value explains."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from instancesketch.tracking.sweep import Trial
from instancesketch.training.search_space import Dimension

# With fewer, a forest of trees explains chance.
_FEWEST = 6


def importance_of(
    trials: Sequence[Trial], dimensions: Sequence[Dimension]
) -> dict[str, float] | None:
    """Return the share of the scores' variance that each value explains, the largest first.

    It is estimated by fANOVA (Hutter, Hoos and Leyton-Brown 2014).

    Returns:
        Shares that sum to 1; None for few trials, or without differences between their scores.
    """
    scored = [t for t in trials if t.score is not None and _fits(t, dimensions)]
    if len(scored) < _FEWEST or len({t.score for t in scored}) < 2:
        return None
    # Optuna takes a while to import.
    import optuna

    with _quiet(optuna.logging):
        study = optuna.create_study(direction="maximize")
    distributions = {d.key: _distribution(d) for d in dimensions}
    for trial in scored:
        values = {d.key: _value(d, trial.values[d.key]) for d in dimensions}
        study.add_trial(
            optuna.trial.create_trial(params=values, distributions=distributions, value=trial.score)
        )
    evaluator = optuna.importance.FanovaImportanceEvaluator(seed=0)
    return dict(optuna.importance.get_param_importances(study, evaluator=evaluator))


@contextmanager
def _quiet(logging: ModuleType) -> Iterator[None]:
    """Log no information meanwhile: nobody asked for a study."""
    before = logging.get_verbosity()
    logging.set_verbosity(logging.WARNING)
    try:
        yield
    finally:
        logging.set_verbosity(before)


def _fits(trial: Trial, dimensions: Sequence[Dimension]) -> bool:
    return all(d.key in trial.values and trial.values[d.key] in d for d in dimensions)


def _distribution(dimension: Dimension) -> Any:
    from optuna.distributions import (
        CategoricalDistribution,
        FloatDistribution,
        IntDistribution,
    )

    if dimension.choices:
        return CategoricalDistribution([json.dumps(choice) for choice in dimension.choices])
    low, high = dimension.low, dimension.high
    if isinstance(low, int) and isinstance(high, int):
        return IntDistribution(low, high, log=dimension.log)
    return FloatDistribution(low, high, log=dimension.log)


def _value(dimension: Dimension, value: Any) -> Any:
    # A choice may be a list, which a study doesn't take.
    return json.dumps(value) if dimension.choices else value
