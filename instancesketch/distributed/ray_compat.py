"""The private parts of Ray that are used for want of a public way, checked on Ray 2.60."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from instancesketch.core.errors import UserError

if TYPE_CHECKING:
    from ray.train.torch import TorchTrainer

    from instancesketch.tracking.run_state import RunState

# The entry of a report by which a worker says that it waits for more workers.
WAITS = "waits"


def silence_worker_logs() -> None:
    """Keep Ray's notes about a machine that it finds crowded off standard output.

    `log_to_driver=False` leaves them there, among what a command prints.
    """
    import ray

    # Ray reads this flag before it prints what its machines report.
    ray._private.worker._worker_logs_enabled = False


def largest_cluster() -> dict[str, float]:
    """Return the CPUs and GPUs that the autoscaler may grow to; empty where there is none."""
    from ray._private.state import state  # `ray.cluster_resources` knows only what is there now

    return dict(state.get_max_resources_from_cluster_config() or {})


def grow_between_epochs(trainer: TorchTrainer, state: RunState) -> None:
    """Let an elastic trainer add workers between two epochs alone, which it does at any time.

    Where there is room, workers are asked to wait after the epoch, and report so by `WAITS`.

    Args:
        trainer: before its `fit`.
        state: of the run; by it the workers are asked.

    Raises:
        UserError: this version of Ray has no such place.
    """
    import ray

    moved = UserError(
        f"Ray {ray.__version__} has another way to add workers than 2.60, which was tried; give "
        "one number of --workers, or install ray 2.60"
    )
    try:
        from ray.train.v2._internal.execution.scaling_policy import ElasticScalingPolicy

        run = trainer._initialize_and_run_controller
    except (ImportError, AttributeError):
        raise moved from None

    def run_with_policy(**values: Any) -> Any:
        if not isinstance(values.get("scaling_policy"), ElasticScalingPolicy):
            raise moved
        policy = growth_policy(trainer.scaling_config, state)
        return run(**values | {"scaling_policy": policy})

    trainer._initialize_and_run_controller = run_with_policy


def growth_policy(scaling_config: Any, state: RunState) -> Any:
    """Return a policy that shrinks as Ray's does, and grows when all workers wait for it.

    Args:
        scaling_config: of the trainer.
        state: of the run; by it the workers are asked to wait.
    """
    from ray.train.v2._internal.execution.scaling_policy import (
        ElasticScalingPolicy,
        NoopDecision,
        ResizeDecision,
    )

    class GrowthPolicy(ElasticScalingPolicy):  # type: ignore[misc]
        """A policy of the process that controls the workers."""

        waiting: frozenset[int] = frozenset()  # ranks
        started: float | None = None  # the workers' start

        def make_decision_for_running_worker_group(
            self, worker_group_state: Any, worker_group_status: Any
        ) -> Any:
            workers = worker_group_state.num_workers
            decision = super().make_decision_for_running_worker_group(
                worker_group_state, worker_group_status
            )
            if self._all_wait(worker_group_state, worker_group_status):
                self.waiting = frozenset()
                reserved = self._get_reserved_resources()
                room = 0 if reserved is None else self._count_possible_workers(reserved)
                if room > workers:
                    return self._get_resize_decision(room)
                state.ask_to_grow(False)  # the room is gone again
            if isinstance(decision, ResizeDecision) and decision.num_workers > workers:
                state.ask_to_grow(True)
                return NoopDecision()
            return decision

        def _all_wait(self, worker_group_state: Any, worker_group_status: Any) -> bool:
            if self.started != worker_group_state.start_time:
                self.started, self.waiting = worker_group_state.start_time, frozenset()
            reports = {
                rank: status.training_report
                for rank, status in worker_group_status.worker_statuses.items()
            }
            # Workers may report in different looks of the controller.
            self.waiting |= {
                r for r, report in reports.items() if report and WAITS in report.metrics
            }
            return len(self.waiting) == worker_group_state.num_workers

    return GrowthPolicy(scaling_config)
