"""Choose where work is done: in this process where it is small, else on Ray."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from instancesketch.batch.in_process import InProcessRunner
from instancesketch.distributed.cluster import is_joined
from instancesketch.distributed.submitted_job import is_in_job

if TYPE_CHECKING:
    from instancesketch.batch.job import Job
    from instancesketch.batch.runner import Runner
    from instancesketch.batch.stages import JobRun, Shard, ShardState, ShardTask

# Seconds of work for one core up to which a batch job stays in this process. Ray takes about ten
# seconds from its start to the first shard, in which this process has done ten seconds of work.
# From there on Ray is as many times faster as there are cores: with two cores the lines cross at
# twenty seconds, with sixteen at eleven.
MOST_SECONDS = 20.0


def is_cluster_asked_for(workers: object = None) -> bool:
    """Return whether a command is to use Ray, however small its work is.

    Args:
        workers: the number that the user gave; None where they gave none.
    """
    is_given = workers is not None or bool(os.environ.get("RAY_ADDRESS"))
    return is_given or is_in_job() or is_joined()


def runs_here(job: Job) -> bool:
    """Return whether a job runs in this process, if its work is begun now."""
    return not is_cluster_asked_for(job.workers) and _seconds(job) <= MOST_SECONDS


def _seconds(job: Job) -> float:
    return len(job.shards) * job.shard_seconds


def choose_runner(workers: int | None, *, reads_files: bool) -> Runner:
    """Return the runner of a batch job.

    Args:
        workers: the number that the user gave; None where they gave none.
        reads_files: whether the job reads files, and not only what this package has made.
    """
    if is_cluster_asked_for(workers):
        from instancesketch.distributed.ray_runner import RayRunner

        return RayRunner()
    return PlacedRunner(will_read=reads_files)


class PlacedRunner:
    """A runner in this process, or on Ray for jobs of more than `MOST_SECONDS`.

    Args:
        will_read: as for `InProcessRunner`.
    """

    def __init__(self, *, will_read: bool) -> None:
        self._here = InProcessRunner(will_read=will_read)
        self._runner: Runner = self._here

    @property
    def retries(self) -> int:
        """Return how often the runner that was chosen retries."""
        return self._runner.retries

    def connect(self, job: Job) -> None:
        """Choose, and connect to workers.

        Raises:
            UserError: there is no room for them.
        """
        if not runs_here(job):
            from instancesketch.distributed.ray_runner import RayRunner

            self._here.close()
            self._runner = RayRunner()
            if not job.quiet:
                print(
                    f"{job.verb}: about {_seconds(job):,.0f} s of work for one core: starting Ray",
                    file=sys.stderr,
                )
        self._runner.connect(job)

    def describe(self) -> str | None:
        """Return where the job runs; None where that needs no words."""
        return self._runner.describe()

    def has_others(self, nodes: Collection[str]) -> bool:
        """Return whether there are nodes that work beside these."""
        return self._runner.has_others(nodes)

    def quiet(self) -> AbstractContextManager[None]:
        """Keep the runner's own messages off the terminal."""
        return self._runner.quiet()

    def run(self, job: Job, shards: Sequence[Shard], run: JobRun) -> Iterator[ShardState]:
        """Yield each shard as soon as it is through all stages of the job, in any order."""
        return self._runner.run(job, shards, run)

    def run_task(
        self, task: ShardTask, shards: Sequence[Shard], run: JobRun
    ) -> Iterator[ShardState]:
        """Yield each shard as soon as one task was done for it, in any order."""
        return self._runner.run_task(task, shards, run)
