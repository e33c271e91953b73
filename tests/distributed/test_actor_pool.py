import pytest

from instancesketch.core.errors import UserError
from instancesketch.distributed.actor_pool import PoolSizes
from instancesketch.distributed.cluster import Capacity, worker_slots

pytestmark = pytest.mark.ray  # both need Ray; the first no cluster


@pytest.mark.parametrize(
    ("cpus", "gpus", "sizes", "smallest", "first", "most"),
    [
        (4, 0, PoolSizes(pools=1), 2, 2, 2),
        (4, 0, PoolSizes(pools=2), 1, 1, 2),
        (4, 0, PoolSizes(pools=3), 1, 1, 1),
        (16, 0, PoolSizes(pools=3), 1, 4, 12),
        (6_400, 0, PoolSizes(pools=2), 1, 2_800, 5_599),
        (6_400, 0, PoolSizes(pools=1), 5_600, 5_600, 5_600),
        (16, 0, PoolSizes(pools=3, workers=2), 2, 2, 2),
        (64, 1, PoolSizes(pools=3, gpus_per_worker=0.25), 1, 1, 2),
        (64, 8, PoolSizes(pools=2, gpus_per_worker=0.5), 1, 8, 15),
        (64, 8, PoolSizes(pools=1, gpus_per_worker=1), 8, 8, 8),
        (8, 8, PoolSizes(pools=1, gpus_per_worker=0.5), 6, 6, 6),  # the CPUs are the limit
        (16, 2, PoolSizes(pools=1, gpus_per_worker=0.4), 4, 4, 4),  # no worker spans two GPUs
    ],
)
def test_pool_sizes_divide_the_cluster(
    cpus: int, gpus: int, sizes: PoolSizes, smallest: int, first: int, most: int
) -> None:
    room = worker_slots({"CPU": cpus, "GPU": gpus}, 1, sizes.gpus_per_worker)
    capacity = Capacity(cpus=cpus, gpus=gpus, nodes=1, room=room, most_cpus=cpus, most_gpus=gpus)
    pool = sizes.strategy(capacity, shards=10_000, share=0.5)
    assert (pool.min_size, pool.initial_size, pool.max_size) == (smallest, first, most)
    assert sizes.strategy(capacity, shards=2, share=0.5).max_size == min(most, 2)
    assert sizes.cpus_per_worker(capacity) == 1


@pytest.mark.parametrize(
    ("cores", "sizes", "share", "size"),
    [
        (2, PoolSizes(pools=1), 1.0, 2),
        (2, PoolSizes(pools=2), 0.7, 2),
        (2, PoolSizes(pools=2), 0.3, 1),
        (4, PoolSizes(pools=1), 1.0, 4),
        (16, PoolSizes(pools=2), 0.25, 4),
        (2, PoolSizes(pools=3, workers=2), 0.1, 2),
    ],
)
def test_pools_share_the_cores_of_a_machine_of_their_own(
    cores: int, sizes: PoolSizes, share: float, size: int
) -> None:
    cpus = max(4, cores)
    capacity = Capacity(
        cpus=cpus, gpus=0, nodes=1, room=1, most_cpus=cpus, most_gpus=0, own_cores=cores
    )
    pool = sizes.strategy(capacity, shards=10_000, share=share)
    assert (pool.min_size, pool.max_size) == (size, size)
    # As many workers as cores in all pools would fit, and leave a CPU to a reader.
    each = sizes.cpus_per_worker(capacity)
    assert each * (sizes.workers or cores) * sizes.pools <= cpus - 1
    assert sizes.strategy(capacity, shards=1, share=share).max_size == 1


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        (PoolSizes(pools=3, workers=2), "room for 4.*2 for each of 3 stages, and one that reads"),
        (PoolSizes(pools=4), "5 workers.* room for 4"),
        (PoolSizes(pools=2, gpus_per_worker=0.5), "2 workers with 1 CPU and 0.5 GPUs"),
        (PoolSizes(pools=3, workers=-1), "--workers -"),
    ],
)
def test_pools_that_exceed_the_cluster_are_refused(
    ray_cluster: None, sizes: PoolSizes, message: str
) -> None:
    with pytest.raises(UserError, match=message):
        sizes.connect()
    assert PoolSizes(pools=3).connect().cpus == 4


def test_stages_of_as_many_workers_as_cores_are_refused_on_a_cluster_alone(
    ray_cluster: None, own_machine: None
) -> None:
    capacity = PoolSizes(pools=3, workers=4).connect()
    assert (capacity.cpus, capacity.own_cores) == (4, 2)
    with pytest.raises(UserError, match=r"5 workers.* room for 4: [^(]*$"):
        PoolSizes(pools=3, workers=5).connect()
