"""The loop over epochs on a worker of Ray Train: what Ray adds to `training.loop`."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch

from instancesketch.core import storage
from instancesketch.core.errors import UserError
from instancesketch.core.usage import usable_cpus
from instancesketch.distributed.cluster import runs_on_this_node
from instancesketch.distributed.quiet import quiet_data
from instancesketch.distributed.ray_compat import WAITS
from instancesketch.distributed.train import data_parallel
from instancesketch.distributed.train.prefetch import Prefetcher
from instancesketch.tracking import checkpoints
from instancesketch.tracking.epoch_files import EpochFiles, record_start
from instancesketch.tracking.run_state import RunState, Worker
from instancesketch.tracking.status import PositionWriter
from instancesketch.training.loop import LoopConfig, prepare_fit, train_epochs
from instancesketch.training.sampling import Shares
from instancesketch.training.trainer import Counts, Fit

# Seconds after which workers that were asked to wait go on, in case that nothing comes of it.
MOST_SECONDS_TO_WAIT = 60.0


@dataclass(frozen=True, kw_only=True)
class WorkerConfig:
    """The values that the driver passes to the workers of a run."""

    run: str  # its folder
    loop: LoopConfig
    runs_at_once: int  # on the cluster
    threads: int  # of this worker; 0: as many as it has cores
    checkpoint_seconds: float
    is_elastic: bool  # workers may be added


@dataclass(frozen=True, kw_only=True)
class _Ranks:
    """The workers of a run, which torch.distributed connects."""

    rank: int
    number: int

    def average_gradients(self, fit: Fit, shares: Shares, *, share_norms: bool) -> None:
        data_parallel.average_gradients(fit, shares, share_norms=share_norms)

    def broadcast_buffers(self, net: torch.nn.Module) -> None:
        data_parallel.broadcast_buffers(net, self.number)

    def sum_counts(self, counts: Counts) -> Counts:
        return data_parallel.sum_counts(counts, self.number)

    def gather(self, value: Any) -> list[Any]:
        return data_parallel.gather(value, self.number)


def run_loop(values: Mapping[str, Any]) -> None:
    """Train until the last epoch, from the newest checkpoint on.

    Args:
        values: the `WorkerConfig` as `worker`; Ray Train passes a mapping.
    """
    import ray.train
    from ray.train.torch import get_device

    config: WorkerConfig = values["worker"]
    context, run, loop = ray.train.get_context(), config.run, config.loop
    ranks = _Ranks(rank=context.get_world_rank(), number=context.get_world_size())
    # Ray sets one thread per CPU of a worker's request, but all cores are free for the workers.
    # Each run of a sweep has a CPU more, which reads for its workers.
    runs = runs_on_this_node(config.runs_at_once, ranks.number + 1)
    processes = context.get_local_world_size() * runs
    torch.set_num_threads(config.threads or max(1, usable_cpus() // processes))
    quiet_data()
    fit = prepare_fit(loop, get_device(), ranks.number)
    state = _agree_on_checkpoint(run, ranks)
    # Worker 0 writes for all.
    writes: dict[str, Any] = {
        "save": EpochFiles(run, loop, fit).save,
        "save_within": partial(checkpoints.save_within, run),
        "on_step": PositionWriter(run, loop.recipe.epochs).step,
    }
    train_epochs(
        loop,
        fit,
        state=state,
        read=Prefetcher,
        workers=ranks,
        report=partial(_report, config, ranks) if config.is_elastic else ray.train.report,
        seconds_between=config.checkpoint_seconds,
        **(writes if ranks.rank == 0 else {}),
    )


def _report(config: WorkerConfig, ranks: _Ranks, figures: dict[str, Any]) -> None:
    """Report an epoch, and wait after it where more workers are to be started.

    These begin with the next epoch, and this process ends. If it began it, too, that would be lost.
    """
    import ray.train

    state = RunState(config.run)
    # The first worker decides for all, or the others could find another answer.
    waits = ranks.gather(ranks.rank == 0 and state.is_asked_to_grow())[0]
    if not waits or figures["epoch"] == config.loop.recipe.epochs:
        ray.train.report(figures)
        return
    ray.train.report(figures | {WAITS: True})
    until = time.monotonic() + MOST_SECONDS_TO_WAIT
    while state.is_asked_to_grow() and time.monotonic() < until:
        time.sleep(0.2)


def _agree_on_checkpoint(run: str, ranks: _Ranks) -> dict[str, Any]:
    """Return the newest whole checkpoint, the same on all workers, and record this start.

    Returns:
        The state of `checkpoints.resume`. Empty without a checkpoint.

    Raises:
        UserError: this worker's node doesn't see the run's folder.
    """
    import ray

    node = ray.util.get_node_ip_address()
    if not storage.exists(storage.join(run, "config.json")):
        raise UserError(f"{run} isn't there on {node}; give a --storage that all nodes see")
    # Worker 0 alone reads it: the others could find a newer one.
    newest = (
        checkpoints.resume(run, ranks.number) if ranks.rank == 0 else checkpoints.Found(state=None)
    )
    state = data_parallel.broadcast(newest.state or {}, ranks.number)
    processes = data_parallel.gather(Worker(pid=os.getpid(), node=node), ranks.number)
    if ranks.rank == 0:
        record_start(run, newest, processes)
        RunState(run).ask_to_grow(False)  # those that were asked are gone
    return state
