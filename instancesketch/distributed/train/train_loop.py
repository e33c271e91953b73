"""The training loop that every worker runs: epochs, exact selection, a checkpoint after each.

Shape letters: see `instancesketch.models.ragged`; C categories.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

import torch

from instancesketch.core import hashing, storage
from instancesketch.core.errors import UserError
from instancesketch.core.taxonomy import Taxonomy
from instancesketch.core.usage import peak_memory_mb
from instancesketch.distributed.cluster import quiet_data
from instancesketch.distributed.train import checkpoints
from instancesketch.distributed.train.data_parallel import (
    average_gradients,
    batch_share,
    broadcast,
    broadcast_buffers,
    gather,
    sum_counts,
)
from instancesketch.distributed.train.prefetch import Prefetcher
from instancesketch.models import weights
from instancesketch.models.packing import Batch
from instancesketch.tracking import metrics_log
from instancesketch.tracking.pictures import Examples
from instancesketch.tracking.run_state import RunState, Start, Worker
from instancesketch.tracking.status import PositionWriter
from instancesketch.training import dataloader, sampling
from instancesketch.training.config import FitConfig, Role
from instancesketch.training.sampling import RowGroup, RowSubset
from instancesketch.training.trainer import Fit, create_fit


@dataclass(frozen=True, kw_only=True)
class LoopConfig:
    """The values that the driver passes to the workers of a run."""

    run: str  # its folder
    settings: Mapping[str, Any]  # its resolved config
    recipe: FitConfig
    train: list[RowGroup]
    select: list[RowGroup]
    runs_at_once: int  # on a machine

    @property
    def selects(self) -> bool:
        """Return whether there is a selection split."""
        return bool(self.settings["selection"] != "none")


def run_loop(values: Mapping[str, Any]) -> None:
    """Train until the last epoch, from the newest checkpoint on.

    Args:
        values: the `LoopConfig` as `loop`; Ray Train passes a mapping.
    """
    import ray.train

    loop: LoopConfig = values["loop"]
    worker = _TrainWorker(loop)
    # Epochs that an earlier start saved but didn't report: the log must not lack them.
    for figures in worker.unreported:
        ray.train.report(figures)
    for epoch in range(worker.epochs_done, loop.recipe.epochs):
        figures = worker.train(epoch)
        figures |= worker.select()
        figures["memory_mb"] = round(peak_memory_mb())
        figures["score"] = worker.score(figures)
        worker.save(figures)
        ray.train.report(figures)


class _TrainWorker:
    """A worker's model, its share of the rows, and the epochs so far."""

    def __init__(self, loop: LoopConfig) -> None:
        import ray.train
        from ray.train.torch import get_device

        context = ray.train.get_context()
        self.rank, self.workers = context.get_world_rank(), context.get_world_size()
        _share_cores(context.get_local_world_size() * loop.runs_at_once)
        quiet_data()
        self.loop, self.recipe = loop, loop.recipe
        self.taxonomy = Taxonomy.from_dict(loop.settings["taxonomy"])
        self.repeats_C = dataloader.count_repeats(self.recipe, self.taxonomy)
        drawings = dataloader.epoch_size(loop.train, self.repeats_C)
        # From the rows of all workers, because each must take part in every step.
        self.steps = -(-drawings // self.recipe.batch_size)
        self.fit = _create_fit(loop, self.taxonomy, self.steps, get_device())
        self._restore(_agree_on_checkpoint(loop.run, self.rank, self.workers))
        self.share = batch_share(self.recipe.batch_size, self.rank, self.workers)
        average_gradients(
            self.fit, self.workers, weight=self.share * self.workers / self.recipe.batch_size
        )
        self.prefetcher = Prefetcher(
            self._iter_passes(),
            partial(
                sampling.read_rows,
                selection=loop.settings["selection"],
                taxonomy=self.taxonomy,
                labels=self.recipe.labels,
            ),
        )
        self.position = PositionWriter(loop.run, self.recipe.epochs)
        self.examples = Examples(loop.run, self.fit, loop.select, loop.settings["selection"])
        self.confusion: Mapping[str, Any] | None = None  # of the selection split, last epoch

    def _restore(self, state: Mapping[str, Any]) -> None:
        """Continue from a checkpoint, or begin if it is empty."""
        if state:
            self.fit.load_state_dict(state)
        self.epochs_done: int = state.get("epoch", 0)
        self.course: list[Any] = state.get("course", [])  # figures of all epochs
        self.best = state.get("best", -math.inf), state.get("best_epoch", 0)
        self.unreported: list[Any] = state.get("unreported", [])

    def _iter_passes(self) -> Iterator[tuple[Role, list[RowSubset]]]:
        """Yield this worker's rows of each epoch left, to train on and then to select on."""
        train, select = self.loop.train, self.loop.select
        for epoch in range(self.epochs_done, self.recipe.epochs):
            order = sampling.shuffle_row_groups(len(train), self.recipe.seed, epoch)
            yield "train", sampling.assign_rows(train, self.rank, self.workers, order)
            if self.loop.selects:
                # Counts don't depend on the order, so it needs no permutation.
                in_order = range(len(select))
                yield "select", sampling.assign_rows(select, self.rank, self.workers, in_order)

    def train(self, epoch: int) -> dict[str, Any]:
        """Train for an epoch, from 0, and return its figures."""
        # 0 and 1 are the streams of `Fit.train_epoch`.
        seed = hashing.derive_seed(self.recipe.seed, epoch, self.rank, 2)
        batches = dataloader.iter_shuffled_batches(
            self.prefetcher.next_pass(),
            self.taxonomy,
            batch_size=self.share,
            repeats_C=self.repeats_C,
            generator=torch.Generator().manual_seed(seed),
            labels=self.recipe.labels,
        )
        steps = dataloader.StepIterator(batches, self.steps, partial(self._show_step, epoch))
        began = time.perf_counter()
        return {
            "epoch": epoch + 1,
            **self.fit.train_epoch(steps, epoch, self.rank),
            "workers": self.workers,
            "seconds": time.perf_counter() - began,
            "reading_seconds": steps.waited,
        }

    def _show_step(self, epoch: int, done: int) -> None:
        if self.rank == 0:
            self.position.step(epoch, done, self.steps)

    def select(self) -> dict[str, Any]:
        """Measure the running mean on the selection split, every drawing exactly once."""
        if not self.loop.selects:
            return {}
        broadcast_buffers(self.fit.mean, self.workers)
        batches: Iterator[Batch] = dataloader.iter_buffers(
            self.prefetcher.next_pass(), self.taxonomy, self.recipe.labels
        )
        figures = sum_counts(self.fit.measure(batches), self.workers).figures()
        self.confusion = figures.get("confusion")
        return {name: figures[name] for name in metrics_log.PERCENT if name in figures}

    def score(self, figures: Mapping[str, Any]) -> float:
        """Return the score that chooses the epoch, the higher the better."""
        score = self.fit.score(figures) if self.loop.selects else None
        # Without a selection split, or with one too small for a macro-F1, later epochs are better.
        # Counted from 0, as in the checkpoints of earlier versions, whose runs can be continued.
        return figures["epoch"] - 1.0 if score is None else score

    def save(self, figures: Mapping[str, Any]) -> None:
        """Write a checkpoint, and example drawings of the best epoch so far; worker 0 alone."""
        epoch, score = figures["epoch"], figures["score"]
        # Of equal scores the earliest counts, as in `checkpoints.best`.
        if score > self.best[0]:
            self.best = score, epoch
        self.course.append(figures)
        if self.rank != 0:
            return
        if self.loop.selects and self.best[1] == epoch:
            self.examples.save(epoch, self.confusion)
        progress = {"epoch": epoch, "score": score, "best": self.best[0]}
        progress |= {"best_epoch": self.best[1], "figures": figures, "course": self.course}
        checkpoints.save(self.loop.run, self.fit.state_dict() | progress)


def _share_cores(processes: int) -> None:
    # Ray sets one thread per CPU of a worker's request, but all cores are free for the workers.
    torch.set_num_threads(max(1, (os.cpu_count() or 1) // processes))


def _create_fit(loop: LoopConfig, taxonomy: Taxonomy, steps: int, device: torch.device) -> Fit:
    """Return the model before its first epoch, initialised from weights if the run has any."""
    fit = create_fit(
        loop.recipe,
        taxonomy,
        steps_per_epoch=steps,
        part_counts=[sum(counts) for counts in zip(*(g.parts for g in loop.train), strict=True)],
        device=device,
    )
    if loop.settings["weights"]:
        loaded = weights.load(loop.settings["weights"], loop.recipe.model_kind)
        fit.initialize_from(weights.adapt(loaded, taxonomy, fit.net.state_dict()))
    return fit


def _agree_on_checkpoint(run: str, rank: int, workers: int) -> dict[str, Any]:
    """Return the newest whole checkpoint, the same on all workers, and record this start.

    Returns:
        The state, and `unreported`, the figures of epochs that were saved but not reported, because
        the run was stopped in between. Empty without a checkpoint.

    Raises:
        UserError: this worker's node doesn't see the run's folder.
    """
    import ray

    node = ray.util.get_node_ip_address()
    if not storage.exists(storage.join(run, "config.json")):
        raise UserError(f"{run} isn't there on {node}; give a --storage that all nodes see")
    # Worker 0 alone reads it: the others could find a newer one.
    newest = checkpoints.newest(run) if rank == 0 else checkpoints.Found(state=None)
    state: dict[str, Any] = {}
    if newest.state is not None:
        reported = max((line["epoch"] for line in metrics_log.read(run)), default=0)
        course = newest.state.get("course", [newest.state["figures"]])
        unreported = [figures for figures in course if figures["epoch"] > reported]
        state = newest.state | {"unreported": unreported}
    state = broadcast(state, workers)
    processes = gather(Worker(pid=os.getpid(), node=node), workers)
    if rank == 0:
        at = datetime.now(UTC).isoformat(timespec="seconds")
        start = Start(epoch=newest.epoch, damaged=list(newest.damaged), workers=processes, at=at)
        RunState(run).add_start(start)
    return state
