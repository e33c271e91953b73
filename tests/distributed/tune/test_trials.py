"""What of a trial is told to whom: why it failed, what comes next, whether it is stopped."""

import queue
from dataclasses import replace
from types import SimpleNamespace

import pytest

from instancesketch.core.errors import TransientError
from instancesketch.distributed.train.config import TrainConfig
from instancesketch.distributed.tune import trials
from instancesketch.distributed.tune.scheduler import Stopping, early_stopping
from instancesketch.tracking.metrics_log import MetricsLog
from instancesketch.tracking.sweep import Sweep
from instancesketch.training.search_space import Dimension, Space
from instancesketch.training.trainer import diverged

SPACE = Space(
    kind="segmenter",
    recipe="default",
    changes=("epochs=9",),
    dimensions=(
        Dimension(key="learning_rate", low=1e-4, high=1.0, log=True),
        Dimension(key="batch_size", low=1, high=512),
        Dimension(key="model.heads", choices=(4, 5)),
    ),
)
FULL = "trial-01/_checkpoints/1 can't be written: No space left on device"


@pytest.fixture
def job(tmp_path):
    return trials.Job(
        sweep=Sweep(location=str(tmp_path / "sweep"), kind="segmenter"),
        space=SPACE,
        train=TrainConfig(
            data=("c",), run="sweep", recipe=SPACE.trial(SPACE.base()), taxonomy="doodle7"
        ),
        figure="macro_f1",
    )


def told_by(job, **values):
    """The last that a trial tells, trained here and now."""
    trial = object.__new__(trials.TrialRun)  # Tune would make it an actor
    trial._number, trial._values, trial._job = 1, {**SPACE.base(), **values}, job
    trial._told = queue.Queue()
    trial._train()
    return trial._told.queue[-1]


@pytest.mark.parametrize(
    ("error", "again"),
    [
        (TransientError(FULL), True),
        (RuntimeError("killed"), True),
        (diverged("the segmenter", 2), False),
    ],
)
def test_what_may_pass_is_tried_again(job, monkeypatch, error, again) -> None:
    def broken(config, callbacks):
        raise error

    monkeypatch.setattr(trials, "train", broken)
    told = told_by(job)
    assert (told["failure"], told["again"], told["done"]) == (str(error), again, True)


@pytest.mark.parametrize(
    ("values", "workers", "said"),
    [
        ({"model.heads": 5}, 1, "can't be shared by 5 heads"),
        ({"batch_size": 1}, 2, "batches of 1 drawings can't be shared by 2 workers"),
    ],
)
def test_values_that_can_not_be_are_not_tried_again(job, values, workers, said) -> None:
    told = told_by(replace(job, train=replace(job.train, workers=workers)), **values)
    assert said in told["failure"]
    assert (told["again"], told["done"]) == (False, True)


def test_without_a_score_it_is_not_tried_again_either(job, monkeypatch) -> None:
    monkeypatch.setattr(trials, "train", lambda *args, **more: {})
    told = told_by(job)
    assert "too few drawings to select on: no macro-F1" in told["failure"]
    assert not told["again"]


def test_a_search_that_goes_on_draws_other_values(job) -> None:
    for start in range(3):
        search = trials.Search(job, 100, seed=0)
        for number in range(4 * start + 1, 4 * start + 5):
            assert search.suggest(str(number))["number"] == number
            job.sweep.end(number, "failed", "too large")
    drawn = [str(trial.values) for trial in job.sweep.trials()]
    assert len(drawn) == 12
    assert drawn[0] == str(SPACE.base())
    assert len(set(drawn)) == 12


def test_a_search_takes_any_seed(job) -> None:
    assert trials.Search(job, 3, seed=2**40).suggest("1") is not None


def test_a_search_learns_nothing_from_what_is_tried_again(job) -> None:
    search = trials.Search(job, 3, seed=0)
    for number, again in enumerate((True, False)):
        search.suggest(str(number))
        told = {"score": 0.0, "failure": FULL, "again": again}
        search.on_trial_complete(str(number), told)
    assert [trial.value for trial in search._ot_study.trials] == [None, 0.0]


def on_the_way(scheduler, number, epoch, score):
    trial = SimpleNamespace(trial_id=f"t{number}", config={"number": number})
    if trial.trial_id not in scheduler._trial_info:
        scheduler.on_trial_add(None, trial)
    return scheduler.on_trial_result(None, trial, {"epoch": epoch, "score": score})


def test_the_first_trial_is_never_stopped_and_counts_for_the_others(job) -> None:
    scheduler = early_stopping(job.sweep, epochs=9, grace=1, reduction=2)
    assert on_the_way(scheduler, 2, 1, 80.0) == Stopping.CONTINUE
    assert on_the_way(scheduler, 3, 1, 90.0) == Stopping.CONTINUE
    for epoch in range(1, 9):
        assert on_the_way(scheduler, 1, epoch, 50.0) == Stopping.CONTINUE
    assert on_the_way(scheduler, 4, 1, 60.0) == Stopping.STOP
    assert on_the_way(scheduler, 2, 2, 40.0) == Stopping.STOP  # behind the first alone


def test_what_was_reached_before_a_sweep_goes_on_counts(job) -> None:
    for number, score in ((1, 50.0), (2, 80.0)):
        job.sweep.ask(number, SPACE.base())
        log = MetricsLog(job.sweep.run_of(number))
        log.log({"epoch": 1, "loss": 1.0, "macro_f1": score, "seconds": 1.0})
        job.sweep.end(number, "stopped early")
    scheduler = early_stopping(job.sweep, epochs=9, grace=1, reduction=2)
    assert on_the_way(scheduler, 3, 1, 60.0) == Stopping.STOP
    assert on_the_way(scheduler, 4, 1, 70.0) == Stopping.CONTINUE
