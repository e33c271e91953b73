"""A runner for tests without a cluster: all stages, shard by shard, in this process."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext

from instancesketch.batch.job import Job
from instancesketch.batch.stages import JobRun, ModelStage, ModelTask, Shard, ShardState


class InProcessRunner:
    """A runner in this process that counts the calls of `connect`."""

    def __init__(self) -> None:
        self.connected = 0

    def connect(self, job: Job) -> None:
        self.connected += 1

    def describe(self) -> str | None:
        return None

    def quiet(self) -> AbstractContextManager[None]:
        return nullcontext()

    def run(self, job: Job, shards: Sequence[Shard], run: JobRun) -> Iterator[ShardState]:
        tasks = [ModelTask(s) if isinstance(s, ModelStage) else s for s in job.stages]
        for shard in shards:
            state = ShardState(shard=shard)
            for task in tasks:
                state = task(state, run)
            yield state
