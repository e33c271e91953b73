"""Do one task for many shards, each in a Ray task, without the pipeline of a job's stages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

from instancesketch.batch.stages import JobRun, Shard, ShardState, ShardTask
from instancesketch.core.errors import last_line
from instancesketch.distributed import machines
from instancesketch.distributed.cluster import current_node

if TYPE_CHECKING:
    import ray

# Tasks that are on their way to each CPU: the next one waits there for the end of the first.
_TASKS_PER_CPU = 2
# Times that Ray starts a task anew whose process or machine was lost.
_MOST_LOSSES = 5


def run_task(task: ShardTask, shards: Sequence[Shard], run: JobRun) -> Iterator[ShardState]:
    """Yield each shard as soon as the task was done for it, in any order.

    A task whose process or machine is lost is done again, elsewhere; where that happens again and
    again the shard has an error, which may pass.
    """
    import ray

    # Ray's dashboard shows tasks by this name.
    do = ray.remote(_do).options(
        name=type(task).__name__,
        num_cpus=1,
        max_retries=_MOST_LOSSES,
        **machines.away_from(run.avoid),
    )
    shared = ray.put((task, run))
    left = iter(shards)
    doing: dict[ray.ObjectRef[ShardState], Shard] = {}
    while True:
        # The room may grow meanwhile, with the machines of the cluster.
        room = _TASKS_PER_CPU * max(1, int(ray.cluster_resources().get("CPU", 1)))
        for shard in islice(left, max(0, room - len(doing))):
            doing[do.remote(shared, shard)] = shard
        if not doing:
            return
        done, _ = ray.wait(list(doing), num_returns=1)
        yield _result(done[0], doing.pop(done[0]), task)


def _do(shared: tuple[ShardTask, JobRun], shard: Shard) -> ShardState:
    task, run = shared
    return task(ShardState(shard=shard), replace(run, node=current_node()))


def _result(reference: ray.ObjectRef[ShardState], shard: Shard, task: ShardTask) -> ShardState:
    import ray
    from ray import exceptions

    lost = (
        exceptions.WorkerCrashedError,
        exceptions.NodeDiedError,
        exceptions.ObjectLostError,
        exceptions.OutOfMemoryError,
    )
    try:
        state: ShardState = ray.get(reference)
    except lost as error:
        problem = f"{task.name}, {shard.name}: its process was lost: {last_line(error)}"
        return ShardState(shard=shard, error=problem, may_pass=True)
    return state
