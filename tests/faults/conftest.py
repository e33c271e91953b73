from collections.abc import Callable, Iterator
from typing import Any

import pytest


@pytest.fixture(scope="module")
def cluster_of() -> Iterator[Callable[..., Any]]:
    """Yield a function that starts a Ray cluster, given the CPUs of each node, head first.

    The test process doesn't join the clusters: jobs do, by RAY_ADDRESS, and can be killed.
    """
    from instancesketch.distributed.cluster import set_environment

    set_environment()
    from ray.cluster_utils import Cluster

    started = []

    def start(*cpus: int) -> Any:
        memory = 100 * 2**20
        head = {"num_cpus": cpus[0], "object_store_memory": memory, "include_dashboard": False}
        cluster = Cluster(initialize_head=True, head_node_args=head)
        started.append(cluster)
        for number in cpus[1:]:
            cluster.add_node(wait=False, num_cpus=number, object_store_memory=memory)
        cluster.wait_for_nodes(timeout=120)
        return cluster

    yield start
    for cluster in started:
        cluster.shutdown()


@pytest.fixture(scope="module")
def own_cluster(cluster_of: Callable[..., Any]) -> Iterator[Any]:
    """Yield a cluster that the test process has joined; its one node has four CPUs."""
    import ray

    ray.shutdown()  # leave the cluster of other tests
    cluster = cluster_of(4)
    ray.init(address=cluster.address, log_to_driver=False)
    yield cluster
    ray.shutdown()
