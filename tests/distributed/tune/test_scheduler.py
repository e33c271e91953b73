"""Early stopping: the trials that it stops, and the scores that it counts."""

from types import SimpleNamespace

import pytest

from instancesketch.tracking.metrics_log import MetricsLog
from instancesketch.tracking.sweep import Sweep
from instancesketch.training.search_space import Space

pytestmark = pytest.mark.ray  # of Ray's classes; no cluster is used


class Trials:
    """Reports results of trials to a scheduler."""

    def __init__(self, sweep: Sweep) -> None:
        # Imported here, because plain tests are collected without Ray.
        from instancesketch.distributed.tune.scheduler import build_scheduler

        self.scheduler = build_scheduler(sweep, epochs=9, grace=1, reduction=2)
        self.added = set[int]()

    def report(self, number: int, epoch: int, score: float) -> str:
        """Report a result, and return the scheduler's decision."""
        trial = SimpleNamespace(trial_id=f"t{number}", config={"number": number})
        if number not in self.added:
            self.scheduler.on_trial_add(None, trial)
            self.added.add(number)
        return self.scheduler.on_trial_result(None, trial, {"epoch": epoch, "score": score})


def test_first_trial_is_never_stopped_but_counts_for_the_others(sweep: Sweep) -> None:
    trials = Trials(sweep)
    assert trials.report(2, 1, 80.0) == trials.scheduler.CONTINUE
    assert trials.report(3, 1, 90.0) == trials.scheduler.CONTINUE
    for epoch in range(1, 9):
        assert trials.report(1, epoch, 50.0) == trials.scheduler.CONTINUE
    assert trials.report(4, 1, 60.0) == trials.scheduler.STOP
    assert trials.report(2, 2, 40.0) == trials.scheduler.STOP  # behind the first trial only


def test_scores_from_before_a_sweep_is_continued_count(sweep: Sweep, space: Space) -> None:
    for number, score in ((1, 50.0), (2, 80.0)):
        sweep.add_trial(number, space.base())
        log = MetricsLog(sweep.run_folder(number))
        log.log({"epoch": 1, "loss": 1.0, "macro_f1": score, "seconds": 1.0})
        sweep.end_trial(number, "stopped early")
    trials = Trials(sweep)
    assert trials.report(3, 1, 60.0) == trials.scheduler.STOP
    assert trials.report(4, 1, 70.0) == trials.scheduler.CONTINUE
