"""The one place that starts or joins Ray, and checks that the cluster can hold what is asked."""

from __future__ import annotations

import logging
import math
import os
import socket
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from instancesketch.core.errors import UserError

# With two logical CPUs a reader and a worker that waits for it can block each other for ever.
SMALLEST_LOCAL_CPUS = 4

_ENVIRONMENT = {
    "RAY_USAGE_STATS_ENABLED": "0",
    # Ray would otherwise rebuild the environment of a driver started by `uv run` on every worker.
    "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0",
    # A lost training worker, and the end of an epoch, are noticed so soon (2 by default).
    "RAY_TRAIN_HEALTH_CHECK_INTERVAL_S": "0.5",
    # Room that was there for workers may have gone with a node: then look again (60 by default).
    "RAY_TRAIN_WORKER_GROUP_START_TIMEOUT_S": "10",
}


@dataclass(frozen=True, kw_only=True)
class Capacity:
    """What the cluster has, all nodes together, and what it has room for."""

    cpus: int
    gpus: int
    nodes: int
    room: int  # for how many of the workers that were asked about


def set_environment() -> None:
    """Sets what Ray reads when it is imported; what the user has set stays."""
    for name, value in _ENVIRONMENT.items():
        os.environ.setdefault(name, value)


def connect(
    *, workers: int = 1, cpus: float = 1.0, gpus: float = 0.0, show_worker_output: bool = False
) -> Capacity:
    """Joins the running Ray, else the one RAY_ADDRESS names, else starts one on this machine.

    Args:
        workers: how many processes will be asked for at the same time.
        cpus: CPUs for each of them.
        gpus: GPUs for each of them; a fraction shares one GPU.
        show_worker_output: whether what workers print appears here, where Ray is yet to be joined.

    Raises:
        UserError: the cluster doesn't answer, or can't hold the workers; says what is missing.
    """
    _check(workers, gpus)
    set_environment()
    import ray

    if not ray.is_initialized():
        _join_or_start(show_worker_output)
    nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    return _capacity(nodes, workers, cpus, gpus, _can_grow)


def foresee(*, workers: int = 1, cpus: float = 1.0, gpus: float = 0.0) -> Capacity:
    """What `connect` would find, and refuse; a Ray that it would start is not started."""
    import ray

    if ray.is_initialized() or os.environ.get("RAY_ADDRESS", "local") not in ("", "local"):
        return connect(workers=workers, cpus=cpus, gpus=gpus)
    _check(workers, gpus)
    from torch import cuda

    here = {"CPU": float(local_cpus()), "GPU": float(cuda.device_count())}
    return _capacity([here], workers, cpus, gpus, lambda cpus, gpus: False)


def _check(workers: int, gpus: float) -> None:
    if workers < 1 or gpus < 0 or (gpus > 1 and gpus != int(gpus)):
        raise UserError(
            f"--workers {workers} --gpus-per-worker {gpus:g}: at least one worker, and a whole "
            "number of GPUs or a share of one"
        )


def _capacity(
    nodes: Sequence[Mapping[str, float]],
    workers: int,
    cpus: float,
    gpus: float,
    can_grow: Callable[[float, float], bool],
) -> Capacity:
    """What nodes have together.

    Raises:
        UserError: it doesn't hold the workers, and won't grow until it does.
    """
    fits = sum(_slots(node, cpus, gpus) for node in nodes)
    capacity = Capacity(
        cpus=int(sum(n.get("CPU", 0) for n in nodes)),
        gpus=int(sum(n.get("GPU", 0) for n in nodes)),
        nodes=len(nodes),
        room=fits,
    )
    if fits < workers and not can_grow(workers * cpus, workers * gpus):
        raise UserError(
            f"{workers} {_plural('worker', workers)} with {amounts(cpus, gpus)} each asked for, "
            f"and the cluster has room for {fits}: it has {amounts(capacity.cpus, capacity.gpus)}"
            f" on {capacity.nodes} {_plural('node', capacity.nodes)}; lower --workers or "
            "--gpus-per-worker, or set RAY_ADDRESS to a larger cluster"
        )
    return capacity


def local_cpus() -> int:
    """The logical CPUs of a Ray that is started on this machine."""
    return max(SMALLEST_LOCAL_CPUS, os.cpu_count() or 1)


def _join_or_start(show_worker_output: bool) -> None:
    import ray

    address = os.environ.get("RAY_ADDRESS")
    options = {"log_to_driver": show_worker_output, "logging_level": logging.ERROR}
    logging.getLogger("ray").setLevel(logging.ERROR)
    if not address or address == "local":
        cpus = local_cpus()
        try:
            ray.init(address="local", num_cpus=cpus, include_dashboard=False, **options)
        except Exception as error:  # Ray raises just that where its processes don't start in time
            reason = " ".join(str(error).split())
            again = "; try again when the machine is less busy" if "timed out" in reason else ""
            raise UserError(f"Ray doesn't start on this machine: {reason}{again}") from error
        # Ray has no public door to this either: what it notes of a machine that it thinks crowded
        # would be printed to standard output, amid what the command prints.
        ray._private.worker._worker_logs_enabled = show_worker_output
        return
    try:
        _answers(address)
        ray.init(address=address, **options)
    except (ConnectionError, RuntimeError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise UserError(f"can't join the Ray cluster at RAY_ADDRESS={address}: {reason}") from None


def _answers(address: str, seconds: float = 10.0) -> None:
    """Raises a ConnectionError where nothing is at `HOST:PORT`: Ray would try for many minutes."""
    host, colon, port = address.rpartition(":")
    if colon and "/" not in address and port.isdigit():
        try:
            socket.create_connection((host.strip("[]"), int(port)), timeout=seconds).close()
        except OSError as error:
            raise ConnectionError(f"nothing answers there ({error})") from None


def quiet_data() -> None:
    """Keeps Ray Data's own progress bars and notes off the terminal; jobs show one line."""
    from ray.data import DataContext

    context = DataContext.get_current()
    context.enable_progress_bars = False
    context.print_on_execution_start = False
    logging.getLogger("ray.data").setLevel(logging.CRITICAL)  # errors come as exceptions
    # Such as that a stage may have more tasks than there is work for.
    warnings.filterwarnings("ignore", category=UserWarning, module=r"ray\.")


@contextmanager
def quiet_core() -> Iterator[None]:
    """Keeps notes of Ray's C++ core, which writes straight to descriptor 2, off the terminal.

    They are in its log files all the same. What Python writes to standard error still appears.
    """
    stderr = sys.stderr
    replaced = stderr != sys.__stderr__
    if replaced:  # somebody else sees to it
        yield
        return
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        with open(kept, "w", encoding=stderr.encoding, closefd=False) as sys.stderr:
            yield
    finally:
        sys.stderr = stderr
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def _slots(node: Mapping[str, float], cpus: float, gpus: float) -> int:
    """How many workers one node holds: a worker doesn't span nodes, nor a share of it two GPUs."""
    by_cpu = math.floor(node.get("CPU", 0) / cpus + 1e-9) if cpus else math.inf
    if not gpus:
        by_gpu = math.inf
    elif gpus < 1:
        by_gpu = node.get("GPU", 0) * math.floor(1 / gpus + 1e-9)
    else:
        by_gpu = node.get("GPU", 0) // gpus
    least = min(by_cpu, by_gpu)
    return 10**6 if math.isinf(least) else int(least)


def _can_grow(cpus: float, gpus: float) -> bool:
    """Whether the cluster's autoscaler may add nodes until it has so much."""
    from ray._private.state import state  # Ray has no public door to this

    most = state.get_max_resources_from_cluster_config()
    return bool(most) and most.get("CPU", 0) >= cpus and most.get("GPU", 0) >= gpus


def amounts(cpus: float, gpus: float) -> str:
    """So many CPUs and GPUs, in words."""
    return f"{cpus:g} {_plural('CPU', cpus)} and {gpus:g} {_plural('GPU', gpus)}"


def _plural(word: str, number: float) -> str:
    return word if number == 1 else f"{word}s"
