"""Elastic runs grow between two epochs, and shrink at once."""

from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from instancesketch.core.errors import UserError
from instancesketch.distributed.ray_compat import WAITS, grow_between_epochs, growth_policy
from instancesketch.tracking.run_state import RunState

pytestmark = pytest.mark.ray  # of Ray's package; no cluster is used

CPUS = {"node": {"CPU": 3.0}}


class Controlled:
    """A policy beside workers that were started at a time, on nodes with some room."""

    def __init__(self, run: Path) -> None:
        from ray.train import ScalingConfig

        config = ScalingConfig(num_workers=(1, 4), elastic_resize_monitor_interval_s=0.0)
        self.state = RunState(str(run))
        self.policy = growth_policy(config, self.state)
        # Both ask an actor of Ray's.
        self.policy._maybe_send_resource_request = lambda: None
        self.policy._get_reserved_resources = lambda: self.room
        self.room: Mapping[str, Any] | None = CPUS
        self.workers, self.started = 2, 1.0

    def look(self, reports: Mapping[int, Mapping[str, Any]] | None = None) -> Any:
        """Return the decision after a look that finds reports of these ranks."""
        from ray.train.v2._internal.execution.training_report import _TrainingReport
        from ray.train.v2._internal.execution.worker_group.poll import (
            WorkerGroupPollStatus,
            WorkerStatus,
        )

        found = {rank: _TrainingReport(None, dict(m), False) for rank, m in (reports or {}).items()}
        return self.policy.make_decision_for_running_worker_group(
            SimpleNamespace(num_workers=self.workers, start_time=self.started),
            WorkerGroupPollStatus(
                {r: WorkerStatus(True, None, found.get(r)) for r in range(self.workers)}
            ),
        )

    def grows_to(self, reports: Mapping[int, Mapping[str, Any]] | None = None) -> int | None:
        """Return the number of workers that is decided on; None where it stays."""
        return getattr(self.look(reports), "num_workers", None)


@pytest.fixture
def controlled(tmp_path: Path) -> Controlled:
    return Controlled(tmp_path)


def test_workers_are_asked_to_wait_and_more_are_started_once_all_do(
    controlled: Controlled,
) -> None:
    controlled.room = {"node": {"CPU": 2.0}}
    assert controlled.grows_to() is None
    assert not controlled.state.is_asked_to_grow()
    controlled.room = CPUS
    assert controlled.grows_to() is None
    assert controlled.state.is_asked_to_grow()
    # An epoch that was reported before they were asked is no reason to end them.
    assert controlled.grows_to({0: {"epoch": 1}, 1: {"epoch": 1}}) is None
    assert controlled.grows_to({0: {"epoch": 2, WAITS: True}}) is None
    assert controlled.grows_to({1: {"epoch": 2, WAITS: True}}) == 3
    # They are still asked, or they would go on until they are ended.
    assert controlled.state.is_asked_to_grow()


def test_workers_go_on_where_the_room_is_gone_again(controlled: Controlled) -> None:
    controlled.look()
    controlled.room = {"node": {"CPU": 2.0}}
    waits = {WAITS: True}
    assert controlled.grows_to({0: waits, 1: waits}) is None
    assert not controlled.state.is_asked_to_grow()
    # Once more from the beginning.
    controlled.room = CPUS
    assert controlled.grows_to({0: waits}) is None
    assert controlled.grows_to({1: waits}) == 3


def test_reports_of_workers_that_were_replaced_do_not_count(controlled: Controlled) -> None:
    controlled.look({0: {WAITS: True}})
    controlled.started = 2.0
    assert controlled.grows_to({1: {WAITS: True}}) is None


def test_a_smaller_cluster_ends_workers_at_once(controlled: Controlled) -> None:
    controlled.room = {"node": {"CPU": 1.0}}
    assert controlled.grows_to() == 1


def test_a_room_that_is_unknown_changes_nothing(controlled: Controlled) -> None:
    controlled.room = None
    assert controlled.grows_to({0: {WAITS: True}, 1: {WAITS: True}}) is None


def test_the_policy_can_be_sent_to_the_controller(controlled: Controlled) -> None:
    from ray import cloudpickle

    policy = growth_policy(controlled.policy.scaling_config, controlled.state)
    assert cloudpickle.loads(cloudpickle.dumps(policy)).scaling_config == policy.scaling_config


@pytest.mark.parametrize(
    "trainer",
    [
        SimpleNamespace(scaling_config=None),
        SimpleNamespace(scaling_config=None, _initialize_and_run_controller=lambda **_: None),
    ],
)
def test_a_ray_without_the_place_to_do_it_is_refused(trainer: Any, controlled: Controlled) -> None:
    def train() -> None:
        grow_between_epochs(trainer, controlled.state)
        trainer._initialize_and_run_controller(callbacks=[])

    with pytest.raises(UserError, match=r"has another way to add workers than 2\.60"):
        train()
