"""The machines of a cluster: those that don't work, and those that are still starting."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from instancesketch.core.progress import doing

_SECONDS_BETWEEN_LOOKS = 5.0


def off_head(
    nodes: Sequence[Mapping[str, Any]], avoid: Collection[str] = frozenset()
) -> dict[str, Any]:
    """Return options of tasks that ask for no CPU, which keep them off a head with the label.

    Args:
        nodes: of the cluster, as `ray.nodes` returns them.
        avoid: ids of nodes to keep off as well, as `away_from` does.
    """
    # Machines of other clusters may have no labels at all, and their head works like the others.
    is_labelled = any(node["Alive"] and _is_head(node) for node in nodes)
    labels = {"role": "!head"} if is_labelled else {}
    return away_from(avoid, labels) or ({"label_selector": labels} if labels else {})


def away_from(avoid: Collection[str], labels: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Return options of tasks and actors, which keep them off nodes while there are others.

    Args:
        avoid: ids of the nodes.
        labels: that nodes must have in any case.
    """
    if not avoid:
        return {}
    labels = dict(labels or {})
    # Every node has its id as a label.
    others = {"ray.io/node-id": f"!in({','.join(sorted(avoid))})"}
    return {
        "label_selector": {**labels, **others},
        # Where no other node has room, even without work: else all would wait for one.
        "fallback_strategy": [{"label_selector": labels}],
    }


def has_others(nodes: Sequence[Mapping[str, Any]], some: Collection[str]) -> bool:
    """Return whether there are nodes that work beside some, by their ids.

    Args:
        nodes: of the cluster, as `ray.nodes` returns them.
        some: ids of nodes.
    """
    return any(
        node["Alive"]
        and not _is_head(node)
        and node["Resources"].get("CPU", 0) >= 1
        and node["NodeID"] not in some
        for node in nodes
    )


def _is_head(node: Mapping[str, Any]) -> bool:
    return (node.get("Labels") or {}).get("role") == "head"


@contextmanager
def show_growth(cpus: float, gpus: float) -> Iterator[None]:
    """Show what the block waits for while the cluster has less than these resources."""
    stop = threading.Event()

    def look() -> None:
        import ray

        while (text := growth_text(cpus, gpus, ray.cluster_resources())) is not None:
            doing(text)
            if stop.wait(_SECONDS_BETWEEN_LOOKS):
                return

    thread = threading.Thread(target=look, name="growth", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()


def growth_text(cpus: float, gpus: float, there: Mapping[str, float]) -> str | None:
    """Return what is waited for while a cluster starts machines; None where it has enough."""
    for kind, needed in (("GPU", gpus), ("CPU", cpus)):
        found = there.get(kind, 0)
        if found < needed:
            return f"waiting for {needed:g} {kind}{'s' * (needed != 1)}, {found:g} there"
    return None
