"""Run the stages of a job in this process, without a cluster: the same rows.

Files are read in a process of their own, one shard ahead of what is labelled and written here. A
process for labelling would import torch and load the weights a second time, or hold up the first
rows until it has; so that is done here, and where a row has killed this process, the same command
labels that row's shard in a process of its own, which isolates the row.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext
from typing import TYPE_CHECKING

from instancesketch.batch.stage_process import StageProcess
from instancesketch.core.progress import doing

if TYPE_CHECKING:
    from instancesketch.batch.job import Job
    from instancesketch.batch.stages import (
        JobRun,
        ModelStage,
        ModelTask,
        Shard,
        ShardState,
        ShardTask,
    )


class InProcessRunner:
    """A runner that does one shard after the other.

    Args:
        will_read: start the process that reads files now, while this one still imports what it
            needs itself; otherwise it is started when there are files to read.
        keep: leave that process to the next job, until `close`.
    """

    # There is no other machine to try it on; the same command continues.
    retries = 0

    def __init__(self, *, will_read: bool = False, keep: bool = False) -> None:
        self._reading, self._keep = StageProcess("reads files"), keep
        if will_read:
            self._reading.start()

    def connect(self, job: Job) -> None:
        """Check that there is a GPU where the job asks for one.

        Raises:
            UserError: there is none.
        """
        most = max((s.gpus_of(job.gpus_per_worker) for s in job.model_stages), default=0.0)
        if not most:
            return
        import torch

        from instancesketch.core.errors import UserError

        if not torch.cuda.is_available():
            raise UserError(f"{most:g} GPUs for a worker: torch finds no GPU on this machine")

    def describe(self) -> str | None:
        """Return None: the job runs where its command does."""

    def quiet(self) -> AbstractContextManager[None]:
        """Do nothing: there is no cluster that prints."""
        return nullcontext()

    def run(self, job: Job, shards: Sequence[Shard], run: JobRun) -> Iterator[ShardState]:
        """Yield each shard as soon as it is through all stages of the job, in order."""
        is_done = False
        try:
            yield from self._run(job, shards, run)
            is_done = True
        finally:
            # Where the job has failed or was stopped, the process may be at work for it.
            if not (is_done and self._keep):
                self.close()

    def _run(self, job: Job, shards: Sequence[Shard], run: JobRun) -> Iterator[ShardState]:
        from instancesketch.batch.stages import ModelStage, ShardState, ShardTask

        states = [ShardState(shard=shard) for shard in shards]
        first, *others = job.stages
        read = first if isinstance(first, ShardTask) and first.reads_files else None
        if read is not None:
            # Before models are loaded, which takes as long.
            self._reading.send(read, states[0], run)
        if job.model_stages:
            doing("loading weights")
            _use_one_thread()
        with ExitStack() as opened:
            tasks = [
                opened.enter_context(_Labeller(stage, job.gpus_per_worker, shards, run))
                if isinstance(stage, ModelStage)
                else stage
                for stage in (job.stages if read is None else others)
            ]
            doing(f"working on {len(states):,} shard{'s' * (len(states) > 1)}")
            for i, state in enumerate(states):
                if read is not None:
                    state = self._reading.receive()
                    # One shard ahead, and no more, because its rows are in memory.
                    if i + 1 < len(states):
                        self._reading.send(read, states[i + 1], run)
                for task in tasks:
                    state = task(state, run)
                yield state

    def has_others(self, nodes: Collection[str]) -> bool:
        """Return False: there is this process alone."""
        return False

    def run_task(
        self, task: ShardTask, shards: Sequence[Shard], run: JobRun
    ) -> Iterator[ShardState]:
        """Yield each shard as soon as one task was done for it, in order."""
        from instancesketch.batch.stages import ShardState

        for shard in shards:
            yield task(ShardState(shard=shard), run)

    def close(self) -> None:
        """End the process that reads files, if it runs."""
        self._reading.close()


class _Labeller:
    """A model stage in this process, and apart for shards on which an earlier one has died.

    Args:
        stage: labels rows.
        gpus_per_worker: of the job.
        shards: that will come.
        run: of the job, before any of its work has begun.
    """

    def __init__(
        self, stage: ModelStage, gpus_per_worker: float, shards: Sequence[Shard], run: JobRun
    ) -> None:
        from instancesketch.batch.stages import ModelTask, ModelTaskApart

        device = "cuda" if stage.gpus_of(gpus_per_worker) else "cpu"
        # A marker that stands names rows that were being labelled when a process ended.
        self._suspects = {s.name for s in shards if stage.marker(s, run).load() is not None}
        some_here = len(self._suspects) < len(shards)
        self._here: ModelTask | None = ModelTask(stage, device) if some_here else None
        self._task = ModelTaskApart(stage, device)
        self._apart = StageProcess(f"does the {stage.name}")

    def __call__(self, state: ShardState, run: JobRun) -> ShardState:
        """Label the rows of a shard."""
        if self._here is not None and state.shard.name not in self._suspects:
            return self._here(state, run)
        doing(f"{self._task.name} apart what ended an earlier process")
        self._apart.send(self._task, state, run)
        return self._apart.receive()

    def __enter__(self) -> _Labeller:
        return self

    def __exit__(self, *error: object) -> None:
        self._apart.close()


def _use_one_thread() -> None:
    """Let torch compute in one thread, as the workers of a cluster do, unless the user set more."""
    # On a machine that does something else as well, threads that wait for each other take ten times
    # as long; alone they save little, because tensors are small.
    if "OMP_NUM_THREADS" not in os.environ:
        import torch

        torch.set_num_threads(1)
