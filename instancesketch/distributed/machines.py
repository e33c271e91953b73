"""The machines of a cluster: those that don't work, and those that are still starting."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from instancesketch.core.progress import doing

_SECONDS_BETWEEN_LOOKS = 5.0


def off_head(nodes: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return options of tasks that ask for no CPU, which keep them off a head with the label.

    Args:
        nodes: of the cluster, as `ray.nodes` returns them.
    """
    # Machines of other clusters may have no labels at all, and their head works like the others.
    is_labelled = any(
        node["Alive"] and (node.get("Labels") or {}).get("role") == "head" for node in nodes
    )
    return {"label_selector": {"role": "!head"}} if is_labelled else {}


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
