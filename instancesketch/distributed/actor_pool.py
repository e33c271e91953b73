"""The actor pools of a job: for each model stage one, whose actors hold the model."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from instancesketch.batch.stages import JobRun, ModelStage
from instancesketch.core.errors import UserError
from instancesketch.distributed import machines
from instancesketch.distributed.cluster import Capacity, connect
from instancesketch.distributed.workers import worker_class

if TYPE_CHECKING:
    from ray.data import ActorPoolStrategy, Dataset


# Options of a stage that is given the table of one shard at a time, which is a block of its own.
WHOLE_SHARDS: Mapping[str, Any] = {"batch_size": None, "batch_format": "pyarrow"}


@dataclass(frozen=True, kw_only=True)
class PoolSizes:
    """The number of actors in each pool of a job, and what each actor takes."""

    pools: int
    workers: int | None = None  # in each pool; None: the pools share what the cluster has
    gpus_per_worker: float = 0.0  # the most of all pools
    gpus: float = 0.0  # of one worker of each pool, together
    with_gpu: int | None = None  # pools whose workers have GPUs; None: all

    def connect(self) -> Capacity:
        """Join Ray and check that the pools have room beside each other.

        Raises:
            UserError: they don't.
        """
        workers = self.workers or 1
        capacity = connect(workers=min(workers, 1))
        try:
            if capacity.own_cores is not None:
                # There pools share cores, so that each needs room by itself alone.
                connect(workers=workers)
            else:
                # A reader must have room beside the workers, or all would wait for each other.
                connect(workers=self.pools * workers + 1)
                capacity = connect(workers=self.pools * workers)
            if self.gpus_per_worker:
                # Each as the largest: shares of GPUs that differ may not fit beside each other.
                pools = self.pools if self.with_gpu is None else self.with_gpu
                cpus = self.cpus_per_worker(capacity)
                capacity = connect(workers=workers * pools, cpus=cpus, gpus=self.gpus_per_worker)
        except UserError as error:
            # With one pool the message already has the right number.
            if self.pools == 1 or capacity.own_cores is not None:
                raise
            each = f"{workers} for each of {self.pools} stages, and one that reads"
            raise UserError(f"{error} ({each})") from None
        return capacity

    def cpus_per_worker(self, capacity: Capacity) -> float:
        """Return the CPUs that each worker asks for: one, or what all of them can have at once."""
        if capacity.own_cores is None:
            # One also for workers on GPUs: they pack rows and hand results back.
            return 1.0
        # There the operating system gives cores to whichever worker has something to do.
        most = self.pools * (self.workers or capacity.own_cores)
        return min(1.0, (capacity.cpus - 1) / most)

    def strategy(self, capacity: Capacity, shards: int, share: float) -> ActorPoolStrategy:
        """Return the size of a pool: as given, or a share of the machine or of the cluster.

        On a cluster the shares change with how busy the pools are.

        Args:
            capacity: of the cluster.
            shards: of the job; more actors would load models and stay idle.
            share: of the work of all pools, as far as it is known.
        """
        from ray.data import ActorPoolStrategy

        if self.workers is not None or (self.pools == 1 and capacity.own_cores is None):
            return ActorPoolStrategy(size=min(self.workers or self.room(capacity), shards))
        if capacity.own_cores is not None and not self.gpus_per_worker:
            # Rounded up: a core that is left over would be idle, while workers take turns. And not
            # to change: a worker more takes as long to start as it labels hundreds of scenes.
            share_of_cores = math.ceil(capacity.own_cores * share - 1e-9)
            return ActorPoolStrategy(size=min(share_of_cores, shards))
        # Only the running job shows which stage is slow: pools start equal; busy pools grow, until
        # the others have a single actor each.
        room = self.room(capacity)
        most = min(max(1, room - self.pools + 1), shards)
        first = min(most, max(1, room // self.pools))
        return ActorPoolStrategy(min_size=1, initial_size=first, max_size=most)

    def room(self, capacity: Capacity) -> int:
        """Return the number of workers where none is given.

        It is limited by the GPUs, and by the CPUs less an eighth, which read and write shards.
        """
        # Of several pools one waits for another now and then, and leaves its CPU to a reader.
        spare = max(2 if self.pools == 1 else 1, capacity.cpus // 8)
        most = capacity.cpus - spare
        if self.gpus_per_worker:
            most = min(most, capacity.room)
        return max(1, most)


def add_pool(
    dataset: Dataset,
    stage: ModelStage,
    run: JobRun,
    sizes: PoolSizes,
    capacity: Capacity,
    shards: int,
    gpus: float,
    share: float,
) -> Dataset:
    """Return a dataset of shards that go through the actor pool of a stage.

    Args:
        dataset: of shards.
        stage: with a model.
        run: of the job.
        sizes: of the pools of all stages.
        capacity: of the cluster.
        shards: of the job.
        gpus: of each actor.
        share: of the work of all pools, as far as it is known.
    """
    return dataset.map_batches(
        worker_class(stage),
        fn_constructor_kwargs={
            "stage": stage,
            "device": "cuda" if gpus else "cpu",
            "run": run,
        },
        # Actors load their model once; tasks would load it for every shard.
        compute=sizes.strategy(capacity, shards, share),
        num_cpus=sizes.cpus_per_worker(capacity),
        num_gpus=gpus,
        **machines.away_from(run.avoid),
        **WHOLE_SHARDS,
    )
