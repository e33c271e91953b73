"""The private parts of Ray that are used for want of a public way, checked on Ray 2.60."""

from __future__ import annotations


def silence_worker_logs() -> None:
    """Keep Ray's notes about a machine that it finds crowded off standard output.

    `log_to_driver=False` leaves them there, among what a command prints.
    """
    import ray

    # Ray reads this flag before it prints what its machines report.
    ray._private.worker._worker_logs_enabled = False


def largest_cluster() -> dict[str, float]:
    """Return the CPUs and GPUs that the autoscaler may grow to; empty where there is none."""
    from ray._private.state import state  # `ray.cluster_resources` knows only what is there now

    return dict(state.get_max_resources_from_cluster_config() or {})
