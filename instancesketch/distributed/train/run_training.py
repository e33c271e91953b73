"""Training runs on a Ray cluster: workers of Ray Train, and lost ones replaced."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from instancesketch.core.errors import TransientError
from instancesketch.distributed import ray_compat
from instancesketch.distributed.clearml_actor import remote_trackers
from instancesketch.distributed.cluster import connect, describe
from instancesketch.distributed.machines import show_growth
from instancesketch.distributed.quiet import quiet_data
from instancesketch.distributed.train import attempts
from instancesketch.distributed.train.config import TrainConfig, check, least_most
from instancesketch.distributed.train.train_loop import WorkerConfig, run_loop
from instancesketch.distributed.train.training_run import (
    NetworkTraining,
    log_epoch,
    run_training,
    warn_of_damage,
)
from instancesketch.tracking.reporter import Reporter, check_track
from instancesketch.tracking.run_state import RunState
from instancesketch.training.loop import LoopConfig

if TYPE_CHECKING:
    from ray.train import UserCallback
    from ray.train.torch import TorchTrainer

# Times that lost workers are replaced, and the epoch repeated, before a run gives up; counted anew
# whenever an epoch is finished.
MAX_FAILURES = 5
# Seconds between two checks for room for more workers, in an elastic run.
SECONDS_BETWEEN_RESIZES = 60.0


def train(config: TrainConfig, callbacks: Sequence[UserCallback] = ()) -> dict[str, Any]:
    """Train a segmenter, refiner or grouper, or continue the run; return its summary.

    It can be called in a task or an actor of a running Ray, such as a trial of Ray Tune.

    Args:
        config: what to train on, by which recipe, and where the run is kept.
        callbacks: called on every report and failure, in the process that controls the workers.

    Raises:
        UserError: the cluster, the corpus or an earlier run of the name doesn't fit.
    """
    check(config)
    check_track(config.track)
    connect(workers=least_most(config)[0], cpus=1.0, gpus=config.gpus_per_worker)
    quiet_data()
    training = _RayTraining.of(config, callbacks=callbacks)
    trackers = partial(remote_trackers, config.track, name=config.run)
    return run_training(config, training.settings, training, trackers, describe())


@dataclass(frozen=True)
class _RayTraining(NetworkTraining):
    """A training on workers of Ray Train."""

    callbacks: Sequence[UserCallback]

    def train_epochs(self, run: str, reporter: Reporter) -> None:
        callbacks = [_callback(reporter), *self.callbacks]
        earlier = len(RunState(run).starts())
        least = least_most(self.config)[0]
        with show_growth(least, least * self.config.gpus_per_worker):
            attempts.repeat(
                run,
                lambda: attempts.interruptible(
                    _trainer(run, self.config, self.loop, callbacks).fit
                ),
                losses=MAX_FAILURES + 1,
            )
        # The checkpoint of the first start was checked before it.
        for start in RunState(run).starts()[earlier + 1 :]:
            warn_of_damage(run, start.damaged, start.epoch)


def _trainer(
    run: str, config: TrainConfig, loop: LoopConfig, callbacks: Sequence[Any]
) -> TorchTrainer:
    from ray.train import FailureConfig, RunConfig, ScalingConfig
    from ray.train.torch import TorchTrainer

    least, most = least_most(config)
    trainer = TorchTrainer(
        run_loop,
        train_loop_config={
            "worker": WorkerConfig(
                run=run,
                loop=loop,
                runs_at_once=config.runs_at_once,
                threads=config.threads,
                checkpoint_seconds=60 * config.checkpoint_minutes,
                is_elastic=least < most,
            )
        },
        scaling_config=ScalingConfig(
            num_workers=config.workers,
            elastic_resize_monitor_interval_s=SECONDS_BETWEEN_RESIZES,
            use_gpu=config.gpus_per_worker > 0,
            resources_per_worker={"CPU": 1}
            | ({"GPU": config.gpus_per_worker} if config.gpus_per_worker else {}),
        ),
        run_config=RunConfig(
            # Below the run's folder; the underscore keeps it apart from the run's own files.
            name="_ray",
            storage_path=run,
            failure_config=FailureConfig(max_failures=MAX_FAILURES),
            callbacks=list(callbacks),
        ),
    )
    if least < most:
        ray_compat.grow_between_epochs(trainer, RunState(run))
    return trainer


def _callback(reporter: Reporter) -> UserCallback:
    from ray.train import UserCallback

    class Report(UserCallback):  # type: ignore[misc]
        """A report of each epoch by the controller, so that it is logged once."""

        def after_report(self, run_context: Any, metrics: Any, checkpoint: Any) -> None:
            figures = {
                name: value for name, value in metrics[0].items() if name != ray_compat.WAITS
            }
            log_epoch(reporter, figures)

        def after_exception(self, run_context: Any, worker_exceptions: Any) -> None:
            """End the run at once for an error that repeating wouldn't avoid."""
            user_error = attempts.find_worker_error(worker_exceptions)
            if user_error and not isinstance(user_error, TransientError):
                raise user_error

    return Report()
