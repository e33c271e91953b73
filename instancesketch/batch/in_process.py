"""Run the stages of a job in this process, without a cluster: the same rows.

Files are read in a process of their own, one shard ahead of what is labelled and written here.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

from instancesketch.batch.reading_process import ReadingProcess
from instancesketch.core.progress import doing

if TYPE_CHECKING:
    from instancesketch.batch.job import Job
    from instancesketch.batch.stages import JobRun, Shard, ShardState


class InProcessRunner:
    """A runner that does one shard after the other.

    Args:
        will_read: start the process that reads files now, while this one still imports what it
            needs itself; otherwise it is started when there are files to read.
        keep: leave that process to the next job, until `close`.
    """

    def __init__(self, *, will_read: bool = False, keep: bool = False) -> None:
        self._reading, self._keep = ReadingProcess(), keep
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
        from instancesketch.batch.stages import ModelStage, ModelTask, ShardState, ShardTask

        states = [ShardState(shard=shard) for shard in shards]
        first, *others = job.stages
        read = first if isinstance(first, ShardTask) and first.reads_files else None
        if read is not None:
            # Before models are loaded, which takes as long.
            self._reading.send(read, states[0], run)
        if job.model_stages:
            doing("loading weights")
            _use_one_thread()
        tasks = [
            ModelTask(stage, "cuda" if stage.gpus_of(job.gpus_per_worker) else "cpu")
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

    def close(self) -> None:
        """End the process that reads files, if it runs."""
        self._reading.close()


def _use_one_thread() -> None:
    """Let torch compute in one thread, as the workers of a cluster do, unless the user set more."""
    # On a machine that does something else as well, threads that wait for each other take ten times
    # as long; alone they save little, because tensors are small.
    if "OMP_NUM_THREADS" not in os.environ:
        import torch

        torch.set_num_threads(1)
