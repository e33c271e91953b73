"""The results that a trial puts into its queue, and which failures are retried."""

import queue
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from instancesketch.core.errors import TransientError
from instancesketch.distributed.train.config import TrainConfig
from instancesketch.tracking.sweep import Sweep
from instancesketch.training.search_space import Space
from instancesketch.training.trainer import diverged

if TYPE_CHECKING:  # plain tests are collected without Ray
    from instancesketch.distributed.tune.trials import TrialTemplate

pytestmark = pytest.mark.ray  # of Ray's classes; no cluster is used


@pytest.fixture
def template(sweep: Sweep, space: Space) -> "TrialTemplate":
    from instancesketch.distributed.tune.trials import TrialTemplate

    train = TrainConfig(
        data=("c",), run="sweep", recipe=space.trial(space.base()), taxonomy="doodle7"
    )
    return TrialTemplate(sweep=sweep, space=space, train=train)


def last_result(template: "TrialTemplate", **values: Any) -> dict[str, Any]:
    """Train a trial in this process, and return its last result."""
    from instancesketch.distributed.tune.trials import train_trial

    results: queue.Queue[dict[str, Any]] = queue.Queue()
    train_trial(template, 1, {**template.space.base(), **values}, results)
    return results.queue[-1]


@pytest.mark.parametrize(
    ("error", "retry"),
    [
        (TransientError("trial-01 can't be written: No space left on device"), True),
        (RuntimeError("killed"), True),
        (diverged("the segmenter", 2), False),
    ],
)
def test_failures_are_retried_unless_the_run_diverged(
    template: "TrialTemplate", monkeypatch: pytest.MonkeyPatch, error: Exception, retry: bool
) -> None:
    def train(config: TrainConfig, callbacks: Any) -> None:
        raise error

    monkeypatch.setattr("instancesketch.distributed.tune.trials.train", train)
    result = last_result(template)
    assert (result["failure"], result["retry"], result["done"]) == (str(error), retry, True)


@pytest.mark.parametrize(
    ("values", "workers", "message"),
    [
        ({"model.heads": 5}, 1, "can't be shared by 5 heads"),
        ({"batch_size": 1}, 2, "batches of 1 drawings can't be shared by 2 workers"),
    ],
)
def test_impossible_values_are_not_retried(
    template: "TrialTemplate", values: dict[str, Any], workers: int, message: str
) -> None:
    train = replace(template.train, workers=workers)
    result = last_result(replace(template, train=train), **values)
    assert message in result["failure"]
    assert (result["retry"], result["done"]) == (False, True)


def test_trial_without_a_score_is_not_retried(
    template: "TrialTemplate", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("instancesketch.distributed.tune.trials.train", lambda *args, **more: {})
    result = last_result(template)
    assert "too few drawings to select on: no macro-F1" in result["failure"]
    assert not result["retry"]
