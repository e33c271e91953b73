"""Run the stages of a job on a Ray cluster, by Ray Data.

Each shard is a table that streams through the stages as a block of its own. Consecutive stages
without a model are one task; each stage with a model has an actor pool.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager
from itertools import chain
from typing import TYPE_CHECKING, Any

from instancesketch.batch.job import Job
from instancesketch.batch.stages import (
    JobRun,
    ModelStage,
    Shard,
    ShardState,
    ShardTask,
    Stage,
    pack,
    unpack,
)
from instancesketch.core.progress import doing
from instancesketch.distributed import cluster, machines, quiet
from instancesketch.distributed.actor_pool import WHOLE_SHARDS, PoolSizes, add_pool
from instancesketch.distributed.task_runner import run_task
from instancesketch.distributed.workers import make_task

if TYPE_CHECKING:
    from ray.data import Dataset

# Reading and writing a shard need a CPU only now and then. Beside actor pools they ask for none:
# where a node is lost its actors, started again elsewhere, would else take the last one, and all
# would wait for each other.
_TASK_CPUS = 0
_CLUSTER_CPUS_PER_TASK = 4  # so there are no more of them at a time than a fourth of the CPUs


class RayRunner:
    """A runner on the Ray cluster that is running, or on one that it starts."""

    retries = 5

    def __init__(self) -> None:
        self._capacity: cluster.Capacity | None = None

    def connect(self, job: Job) -> None:
        """Join Ray and check that there is room for the workers of a job.

        Raises:
            UserError: there is none.
        """
        if job.model_stages:
            self._capacity = _pool_sizes(job).connect()
        else:
            self._capacity = cluster.connect(workers=job.workers or 1)

    def describe(self) -> str | None:
        """Return the size of the cluster; None where none was joined."""
        return cluster.describe()

    def has_others(self, nodes: Collection[str]) -> bool:
        """Return whether there are nodes that work beside these."""
        import ray

        return machines.has_others(ray.nodes(), nodes)

    def quiet(self) -> AbstractContextManager[None]:
        """Keep Ray's messages off the terminal."""
        return quiet.quiet_core()

    def run(self, job: Job, shards: Sequence[Shard], run: JobRun) -> Iterator[ShardState]:
        """Yield each shard as soon as it is through all stages of the job, in any order."""
        assert self._capacity is not None, "connect first"
        doing("starting workers")
        quiet.quiet_data()
        dataset = stream_shards(job, shards, run, self._capacity)
        # Without prefetching, which holds each shard back until the next one is there, and so makes
        # the pace wrong.
        done = dataset.iter_batches(batch_size=None, prefetch_batches=0, batch_format="pyarrow")
        tables = iter(done)
        pools = _pool_sizes(job)
        workers = (job.workers or 1) * max(1, pools.pools)
        cpus = workers * pools.cpus_per_worker(self._capacity)
        with machines.show_growth(cpus, (job.workers or 1) * pools.gpus):
            first = next(tables, None)
        for table in () if first is None else chain([first], tables):
            yield unpack(table)

    def run_task(
        self, task: ShardTask, shards: Sequence[Shard], run: JobRun
    ) -> Iterator[ShardState]:
        """Yield each shard as soon as one task was done for it, in any order."""
        return run_task(task, shards, run)


def stream_shards(
    job: Job, shards: Sequence[Shard], run: JobRun, capacity: cluster.Capacity
) -> Dataset:
    """Return a dataset of shards that go through the stages of a job, each a block of its own."""
    import ray.data

    items = [pack(ShardState(shard=shard)).to_pylist()[0] for shard in shards]
    dataset = ray.data.from_items(items, override_num_blocks=len(items))
    dataset.context.target_max_block_size = None  # or Ray Data would cut large shards
    options = _task_options(job, capacity, len(shards), run)
    sizes, cost = _pool_sizes(job), sum(stage.cost for stage in job.model_stages)
    for group in _group_tasks(job.stages):
        if isinstance(group, ModelStage):
            gpus, share = group.gpus_of(job.gpus_per_worker), group.cost / cost
            dataset = add_pool(dataset, group, run, sizes, capacity, len(shards), gpus, share)
        else:
            dataset = dataset.map_batches(make_task(group, run), **options)
    return dataset


def _group_tasks(stages: Sequence[Stage]) -> Iterator[ModelStage | tuple[ShardTask, ...]]:
    """Yield each model stage, and together the tasks that lie between two of them."""
    tasks: list[ShardTask] = []
    for stage in stages:
        if isinstance(stage, ShardTask):
            tasks.append(stage)
            continue
        if tasks:
            yield tuple(tasks)
            tasks = []
        yield stage
    if tasks:
        yield tuple(tasks)


def _pool_sizes(job: Job) -> PoolSizes:
    gpus = [stage.gpus_of(job.gpus_per_worker) for stage in job.model_stages]
    return PoolSizes(
        pools=len(gpus),
        workers=job.workers,
        gpus_per_worker=max(gpus, default=0.0),
        gpus=sum(gpus),
        with_gpu=sum(share > 0 for share in gpus),
    )


def _task_options(job: Job, capacity: cluster.Capacity, shards: int, run: JobRun) -> dict[str, Any]:
    """Return the options of Ray Data for stages without a model."""
    if not job.model_stages:
        at_once = job.workers and min(job.workers, shards)
        return {"concurrency": at_once, **machines.away_from(run.avoid), **WHOLE_SHARDS}
    # A cluster that scales up may reach the number of workers only while the job runs.
    cpus = max(capacity.cpus, len(job.model_stages) * (job.workers or 0))
    import ray

    at_once = max(2, cpus // _CLUSTER_CPUS_PER_TASK)
    placed = machines.off_head(ray.nodes(), run.avoid)
    return {"num_cpus": _TASK_CPUS, "concurrency": at_once, **placed, **WHOLE_SHARDS}
