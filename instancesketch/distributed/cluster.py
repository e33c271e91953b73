"""Start or join Ray, and check that it has room."""

from __future__ import annotations

import logging
import math
import os
import socket
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from instancesketch.core.errors import UserError
from instancesketch.core.progress import doing
from instancesketch.core.usage import usable_cpus
from instancesketch.distributed.submitted_job import job_id

# With two logical CPUs a reader and a worker that waits for it can block each other for ever.
SMALLEST_LOCAL_CPUS = 4

_ENVIRONMENT = {
    "RAY_USAGE_STATS_ENABLED": "0",
    # Ray would otherwise rebuild the environment of a driver started by `uv run` on every worker.
    "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0",
    # Threads that wait for others would otherwise spin, on a busy machine for ten times as long as
    # they compute.
    "OMP_WAIT_POLICY": "PASSIVE",
    # Seconds until a lost training worker, and the end of an epoch, are noticed (2 by default).
    "RAY_TRAIN_HEALTH_CHECK_INTERVAL_S": "0.5",
    # A lost node takes room for workers with it: check again after this long (60 by default).
    "RAY_TRAIN_WORKER_GROUP_START_TIMEOUT_S": "10",
}
# Of every Ray that this process started; one may have ended since, and another been joined.
_own_addresses: set[str] = set()


@dataclass(frozen=True, kw_only=True)
class Capacity:
    """The CPUs and GPUs of a cluster, all nodes together, and its room for workers."""

    cpus: int
    gpus: int
    nodes: int
    room: int  # number of workers of the size that was checked
    # That it may grow to; at least what it has.
    most_cpus: int
    most_gpus: int
    # Of the machine on which this process started Ray for itself; None on a cluster, whose CPUs
    # alone say what it has room for.
    own_cores: int | None = None


def set_environment() -> None:
    """Set the variables that Ray reads when it is imported; the user's own stay."""
    for name, value in _ENVIRONMENT.items():
        os.environ.setdefault(name, value)


def connect(
    *, workers: int = 1, cpus: float = 1.0, gpus: float = 0.0, show_worker_output: bool = False
) -> Capacity:
    """Join the running Ray, else the one of RAY_ADDRESS, else start one on this machine.

    Args:
        workers: number of processes that will run at the same time.
        cpus: CPUs for each of them.
        gpus: GPUs for each of them; a fraction shares one GPU.
        show_worker_output: whether what workers print appears here, where Ray is yet to be joined.

    Raises:
        UserError: the cluster doesn't answer, or can't hold the workers; names what is missing.
    """
    _check_request(workers, gpus)
    set_environment()
    import ray

    # A trial of a sweep, for one, runs inside a Ray that is joined already.
    if not ray.is_initialized():
        _join_or_start(show_worker_output)
    # Ray keeps lost nodes in this list.
    nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    from instancesketch.distributed import ray_compat

    capacity = capacity_of(nodes, workers, cpus, gpus, ray_compat.largest_cluster())
    return replace(capacity, own_cores=usable_cpus() if _is_own() else None)


def is_joined() -> bool:
    """Return whether this process has joined or started Ray."""
    ray = sys.modules.get("ray")
    return ray is not None and ray.is_initialized()


def predict_capacity(*, workers: int = 1, cpus: float = 1.0, gpus: float = 0.0) -> Capacity:
    """Return the capacity that `connect` would return, without starting Ray on this machine.

    Raises:
        UserError: as for `connect`.
    """
    if is_joined() or os.environ.get("RAY_ADDRESS", "local") not in ("", "local"):
        return connect(workers=workers, cpus=cpus, gpus=gpus)
    _check_request(workers, gpus)
    # Counted by torch, because no Ray is started here.
    from torch import cuda

    here = {"CPU": float(local_cpus()), "GPU": float(cuda.device_count())}
    return capacity_of([here], workers, cpus, gpus, {})


def _check_request(workers: int, gpus: float) -> None:
    if workers < 1 or gpus < 0 or (gpus > 1 and gpus != int(gpus)):
        raise UserError(
            f"--workers {workers} --gpus-per-worker {gpus:g}: at least one worker, and a whole "
            "number of GPUs or a share of one"
        )


def capacity_of(
    nodes: Sequence[Mapping[str, float]],
    workers: int,
    cpus: float,
    gpus: float,
    most: Mapping[str, float],
) -> Capacity:
    """Return the capacity of all nodes together.

    Args:
        nodes: the resources of each.
        workers: number of processes that will run at the same time.
        cpus: CPUs for each of them.
        gpus: GPUs for each of them.
        most: the resources that the autoscaler may grow to; empty where there is none.

    Raises:
        UserError: it doesn't hold the workers, and can't grow until it does.
    """
    room = sum(worker_slots(node, cpus, gpus) for node in nodes)
    all_cpus, all_gpus = (int(sum(n.get(name, 0) for n in nodes)) for name in ("CPU", "GPU"))
    capacity = Capacity(
        cpus=all_cpus,
        gpus=all_gpus,
        nodes=len(nodes),
        room=room,
        most_cpus=max(all_cpus, int(most.get("CPU", 0))),
        most_gpus=max(all_gpus, int(most.get("GPU", 0))),
    )
    can_grow = most.get("CPU", 0) >= workers * cpus and most.get("GPU", 0) >= workers * gpus
    if room < workers and not (most and can_grow):
        raise UserError(
            f"{workers} {_plural('worker', workers)} with {amounts(cpus, gpus)} each asked for, "
            f"and the cluster has room for {room}: it has {amounts(capacity.cpus, capacity.gpus)}"
            f" on {capacity.nodes} {_plural('node', capacity.nodes)}; lower --workers or "
            "--gpus-per-worker, or set RAY_ADDRESS to a larger cluster"
        )
    return capacity


def worker_slots(node: Mapping[str, float], cpus: float, gpus: float) -> int:
    """Return the number of workers that one node holds, by its resources and theirs."""
    # A worker doesn't span nodes, nor does a share of a GPU span two.
    # 1e-9 makes up for rounding: 0.3 / 0.1 is a little less than 3.
    by_cpu = math.floor(node.get("CPU", 0) / cpus + 1e-9) if cpus else math.inf
    if not gpus:
        by_gpu = math.inf
    elif gpus < 1:
        by_gpu = node.get("GPU", 0) * math.floor(1 / gpus + 1e-9)
    else:
        by_gpu = node.get("GPU", 0) // gpus
    least = min(by_cpu, by_gpu)
    # For workers that take nothing the room is infinite, which an int can't be.
    return 10**6 if math.isinf(least) else int(least)


def local_cpus() -> int:
    """Return the logical CPUs of a Ray that is started on this machine."""
    return max(SMALLEST_LOCAL_CPUS, usable_cpus())


def _join_or_start(show_worker_output: bool) -> None:
    address = os.environ.get("RAY_ADDRESS")
    options = {"log_to_driver": show_worker_output, "logging_level": logging.ERROR}
    # Notes that Ray prints at its start would stand between the lines of a command.
    logging.getLogger("ray").setLevel(logging.ERROR)
    if not address or address == "local":
        _start(options)
    else:
        _join(address, options)


def _start(options: Mapping[str, Any]) -> None:
    import ray

    from instancesketch.distributed import ray_compat

    doing("starting Ray on this machine")
    try:
        ray.init(address="local", num_cpus=local_cpus(), include_dashboard=False, **options)
    except Exception as error:  # Ray raises just that where its processes don't start in time
        reason = " ".join(str(error).split())
        again = "; try again when the machine is less busy" if "timed out" in reason else ""
        raise UserError(f"Ray doesn't start on this machine: {reason}{again}") from error
    _own_addresses.add(_address())
    if not options["log_to_driver"]:
        ray_compat.silence_worker_logs()


def _is_own() -> bool:
    """Return whether this process started the Ray that it has joined, for itself."""
    return _address() in _own_addresses


def _address() -> str:
    import ray

    return str(ray.get_runtime_context().gcs_address)


def _join(address: str, options: Mapping[str, Any]) -> None:
    import ray

    doing(f"joining the cluster at {address}")
    try:
        _check_answers(address)
        ray.init(address=address, **options)
    except (ConnectionError, RuntimeError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise UserError(f"can't join the Ray cluster at RAY_ADDRESS={address}: {reason}") from None


def _check_answers(address: str, seconds: float = 10.0) -> None:
    """Raise a ConnectionError where nothing is at `HOST:PORT`."""
    # Ray would try for many minutes.
    host, colon, port = address.rpartition(":")
    if colon and "/" not in address and port.isdigit():
        try:
            # IPv6 addresses stand in brackets before a port, which a socket doesn't take.
            socket.create_connection((host.strip("[]"), int(port)), timeout=seconds).close()
        except OSError as error:
            raise ConnectionError(f"nothing answers there ({error})") from None


def describe() -> str | None:
    """Return the size of the Ray that was joined, and the id of the submitted job.

    None where no Ray was joined.
    """
    import ray

    if not ray.is_initialized():
        return None
    nodes = sum(node["Alive"] for node in ray.nodes())
    total = ray.cluster_resources()
    size = f"{total.get('CPU', 0):g} CPUs and {total.get('GPU', 0):g} GPUs in {nodes} nodes"
    job = job_id()
    return f"Ray with {size}, as job {job}" if job else f"Ray with {size}"


def runs_on_this_node(runs: int, cpus: float) -> int:
    """Return how many of the runs that go on at once can share this node's cores, at least 1.

    Args:
        runs: at once on the cluster.
        cpus: that Ray gives to each.
    """
    import ray

    nodes = {node["NodeID"]: node["Resources"] for node in ray.nodes() if node["Alive"]}
    slots = {name: worker_slots(has, cpus, 0) for name, has in nodes.items()}
    # Nodes without room for a run, such as a head without CPUs, share none.
    sharing = max(1, sum(number > 0 for number in slots.values()))
    return max(1, min(math.ceil(runs / sharing), slots[current_node()]))


def current_node() -> str:
    """Return the id of the node that this process is on."""
    import ray

    return str(ray.get_runtime_context().get_node_id())


def amounts(cpus: float, gpus: float) -> str:
    """Return numbers of CPUs and GPUs in words."""
    return f"{cpus:g} {_plural('CPU', cpus)} and {gpus:g} {_plural('GPU', gpus)}"


def _plural(word: str, number: float) -> str:
    return word if number == 1 else f"{word}s"
