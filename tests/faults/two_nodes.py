"""A real cluster on this machine, one of whose two nodes can be removed and replaced."""

from collections.abc import Mapping
from typing import Any


class TwoNodes:
    """A head with one CPU, and another node."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        """Start the head.

        Args:
            environment: variables for the processes of all nodes.
        """
        from instancesketch.distributed.cluster import set_environment

        set_environment()
        from ray.cluster_utils import Cluster

        self.node_args: dict[str, Any] = {
            "object_store_memory": 100 * 2**20,
            "env_vars": dict(environment),
        }
        # A killed node is lost after five checks, every three seconds by default.
        head = {"num_cpus": 1, "_system_config": {"health_check_period_ms": 500}}
        self.cluster = Cluster(
            initialize_head=True,
            # No dashboard, and nothing that looks for what workers print.
            head_node_args={
                "include_dashboard": False,
                "include_log_monitor": False,
                **head,
                **self.node_args,
            },
        )
        self.address: str = self.cluster.address

    def have_node(self, cpus: int) -> None:
        """Have one node beside the head, with this many CPUs: a new one unless there is such."""
        present = list(self.cluster.worker_nodes)
        if [int(node.get_resource_and_label_spec().num_cpus) for node in present] != [cpus]:
            self.lose_node()
            self.add_node(cpus)

    def add_node(self, cpus: int, **environment: str) -> None:
        """Add a node and wait until it is there; with more variables for its processes."""
        variables = self.node_args["env_vars"] | environment
        self.cluster.add_node(num_cpus=cpus, **self.node_args | {"env_vars": variables})

    def lose_node(self) -> None:
        """Kill all processes of the nodes beside the head."""
        for node in list(self.cluster.worker_nodes):
            self.cluster.remove_node(node, allow_graceful=False)

    def nodes(self) -> list[str]:
        """Return the ids of the nodes beside the head."""
        return [node.node_id for node in self.cluster.worker_nodes]

    def shut_down(self) -> None:
        """End all processes of all nodes."""
        self.cluster.shutdown()
