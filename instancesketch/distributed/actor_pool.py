"""The actor pools of a job: for each model stage one, whose actors hold the model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from instancesketch.batch.stages import JobRun, ModelStage
from instancesketch.core.errors import UserError
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
        needed = self.pools * (self.workers or 1)
        try:
            # A reader must have room beside the workers, or all would wait for each other.
            connect(workers=needed + 1)
            capacity = connect(workers=needed)
            if self.gpus_per_worker:
                # Each as the largest: shares of GPUs that differ may not fit beside each other.
                pools = self.pools if self.with_gpu is None else self.with_gpu
                on_gpus = (self.workers or 1) * pools
                capacity = connect(workers=on_gpus, gpus=self.gpus_per_worker)
        except UserError as error:
            # With one pool the message already has the right number; with fewer than one worker it
            # is about the option.
            if self.pools == 1 or needed < 1:
                raise
            each = f"{self.workers or 1} for each of {self.pools} stages, and one that reads"
            raise UserError(f"{error} ({each})") from None
        return capacity

    def strategy(self, capacity: Capacity, shards: int) -> ActorPoolStrategy:
        """Return the size of each pool: as given, or an equal share that moves to busy pools."""
        from ray.data import ActorPoolStrategy

        room = self.room(capacity)
        if self.workers is not None or self.pools == 1:
            # More actors than shards would load models and stay idle.
            return ActorPoolStrategy(size=min(self.workers or room, shards))
        # Only the running job shows which stage is slow: pools start equal; busy pools grow, until
        # the others have a single actor each.
        most = min(max(1, room - self.pools + 1), shards)
        share = min(most, max(1, room // self.pools))
        return ActorPoolStrategy(min_size=1, initial_size=share, max_size=most)

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
) -> Dataset:
    """Return a dataset of shards that go through the actor pool of a stage, of GPUs each."""
    # One CPU each, also for workers on GPUs: they pack rows and hand results back.
    return dataset.map_batches(
        worker_class(stage),
        fn_constructor_kwargs={
            "stage": stage,
            "device": "cuda" if gpus else "cpu",
            "run": run,
        },
        # Actors load their model once; tasks would load it for every shard.
        compute=sizes.strategy(capacity, shards),
        num_cpus=1,
        num_gpus=gpus,
        **WHOLE_SHARDS,
    )
