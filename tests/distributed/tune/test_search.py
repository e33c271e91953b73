"""The values that a search draws, and the results that it learns from."""

import json
from typing import Any

import pytest

from instancesketch.core import storage
from instancesketch.tracking.sweep import Sweep
from instancesketch.training.search_space import Space

pytestmark = pytest.mark.ray  # of Ray's classes; no cluster is used


def build_search(sweep: Sweep, space: Space, trials: int) -> Any:
    """Return a search; imported here, because plain tests are collected without Ray."""
    from instancesketch.distributed.tune.search import Search

    return Search(sweep, space, trials, seed=0)


def test_continued_search_draws_other_values(sweep: Sweep, space: Space) -> None:
    for start in range(3):
        search = build_search(sweep, space, 100)
        for number in range(4 * start + 1, 4 * start + 5):
            suggestion = search.suggest(str(number))
            assert suggestion is not None
            assert suggestion["number"] == number
            sweep.end_trial(number, "failed", "too large")
    drawn = [str(trial.values) for trial in sweep.trials()]
    assert len(drawn) == 12
    assert drawn[0] == str(space.base())
    assert len(set(drawn)) == 12


def test_pending_trials_come_first(sweep: Sweep, space: Space) -> None:
    values = [space.base() | {"batch_size": size} for size in (10, 20, 30)]
    for number, trial_values in enumerate(values, 1):
        sweep.add_trial(number, trial_values)
    sweep.end_trial(2, "failed", "too large")
    search = build_search(sweep, space, 4)
    suggestions = [search.suggest(str(i)) for i in range(4)]
    assert suggestions[:2] == [{"number": n, "values": values[n - 1]} for n in (1, 3)]
    assert suggestions[2] is not None
    assert suggestions[2]["number"] == 4
    assert suggestions[3] is None


def test_large_seed_is_accepted(sweep: Sweep, space: Space) -> None:
    from instancesketch.distributed.tune.search import Search

    assert Search(sweep, space, 3, seed=2**40).suggest("1") is not None


def test_search_ignores_the_score_of_a_trial_to_retry(
    sweep: Sweep, space: Space, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ray.tune.search.optuna import OptunaSearch

    learned = []

    def on_trial_complete(self: Any, trial_id: str, result: Any, error: bool) -> None:
        learned.append((trial_id, result and result["score"], error))

    monkeypatch.setattr(OptunaSearch, "on_trial_complete", on_trial_complete)
    search = build_search(sweep, space, 3)
    for number, retry in (("1", True), ("2", False)):
        search.suggest(number)
        result = {"score": 0.0, "failure": "No space left on device", "retry": retry}
        search.on_trial_complete(number, result)
    assert learned == [("1", None, True), ("2", 0.0, False)]


def test_score_of_a_trial_that_was_stopped_is_that_of_its_last_epoch(
    sweep: Sweep, space: Space
) -> None:
    from optuna.trial import TrialState

    search = build_search(sweep, space, 5)
    for number in ("1", "2", "3"):
        search.suggest(number)
    search.on_trial_complete("1", {"score": 80.0, "epoch": 9, "whole": True})
    search.on_trial_complete("2", {"score": 50.0, "epoch": 3})
    search.on_trial_complete("3", {"score": 0.0, "epoch": 0, "failure": "a bad value"})
    states = [(t.state, t.value, t.intermediate_values) for t in search._ot_study.trials]
    assert states == [
        (TrialState.COMPLETE, 80.0, {}),
        (TrialState.PRUNED, 50.0, {3: 50.0}),
        (TrialState.COMPLETE, 0.0, {}),
    ]


def test_continued_search_knows_which_trials_were_stopped(sweep: Sweep, space: Space) -> None:
    from optuna.trial import TrialState

    for number, outcome in ((1, "failed"), (2, "stopped early")):
        sweep.add_trial(number, space.base())
        sweep.end_trial(number, outcome, "")
        lines = [json.dumps({"epoch": n, "macro_f1": 20.0 * n, "seconds": 1.0}) for n in (1, 2)]
        storage.write_text(f"{sweep.run_folder(number)}/metrics.jsonl", "\n".join(lines) + "\n")
    trials = build_search(sweep, space, 5)._ot_study.trials
    assert [t.state for t in trials] == [TrialState.COMPLETE, TrialState.PRUNED]
    assert trials[0].value == 0.0
    assert trials[1].intermediate_values == {2: 40.0}
