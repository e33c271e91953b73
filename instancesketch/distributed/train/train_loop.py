"""What every training worker runs: epochs, exact selection, a checkpoint after each.

Shape letters: see `instancesketch.models.ragged`; C categories.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

import torch
import torch.distributed as dist

from instancesketch.core import hashing, storage
from instancesketch.core.errors import UserError
from instancesketch.core.taxonomy import Taxonomy
from instancesketch.core.usage import TimedIterator, peak_memory_mb
from instancesketch.distributed.cluster import quiet_data
from instancesketch.distributed.train import checkpoints
from instancesketch.distributed.train.prefetch import Streams
from instancesketch.models import weights
from instancesketch.models.packing import Batch
from instancesketch.tracking import metrics_log
from instancesketch.tracking.pictures import Examples
from instancesketch.tracking.run_state import RunState, Start, Worker
from instancesketch.tracking.status import PositionWriter
from instancesketch.training import dataloader, sampling
from instancesketch.training.config import FitConfig, Role
from instancesketch.training.sampling import Group, Unit
from instancesketch.training.trainer import Counts, Fit, create_fit


def work(loop: Mapping[str, Any]) -> None:
    """What every worker runs: epochs of training and exact selection, a checkpoint after each."""
    import ray.train
    from ray.train.torch import get_device

    context = ray.train.get_context()
    worker, workers = context.get_world_rank(), context.get_world_size()
    # Ray gives a worker one thread per CPU it asked for; the machine's cores are theirs to share.
    sharing = context.get_local_world_size() * loop["runs_at_once"]
    torch.set_num_threads(max(1, (os.cpu_count() or 1) // sharing))
    quiet_data()
    settings, recipe = loop["settings"], loop["recipe"]
    taxonomy, selection = Taxonomy.from_dict(settings["taxonomy"]), settings["selection"]
    repeats_C = repeats(recipe, taxonomy)
    steps = -(-drawings_of_epoch(loop["train"], repeats_C) // recipe.batch_size)
    fit = create_fit(
        recipe,
        taxonomy,
        steps_per_epoch=steps,
        part_counts=[sum(counts) for counts in zip(*(g.parts for g in loop["train"]), strict=True)],
        device=get_device(),
    )
    if settings["weights"]:
        loaded = weights.load(settings["weights"], recipe.model_kind)
        fresh = fit.net.state_dict()
        fit.start_from(weights.adapt(loaded, taxonomy, fresh))
    state = _begin(loop["run"], worker, workers)
    if state:
        fit.load_state_dict(state)
        for line in state["untold"]:  # the run was stopped between a checkpoint and its report
            ray.train.report(line)
    course = state.get("course", [])
    best = state.get("best", -math.inf), state.get("best_epoch", 0)
    mine = share_of(recipe.batch_size, worker, workers)
    _share_gradients(fit, workers, weight=mine * workers / recipe.batch_size)
    position = PositionWriter(loop["run"], recipe.epochs)
    examples = Examples(loop["run"], fit, loop["select"], selection)

    def chapters() -> Iterator[tuple[Role, list[Unit]]]:
        for epoch in range(state.get("epoch", 0), recipe.epochs):
            order = sampling.epoch_order(len(loop["train"]), recipe.seed, epoch)
            yield "train", sampling.deal(loop["train"], worker, workers, order)
            if selection != "none":
                all_of_it = range(len(loop["select"]))
                yield "select", sampling.deal(loop["select"], worker, workers, all_of_it)

    read = partial(sampling.read_unit, selection=selection, taxonomy=taxonomy, labels=recipe.labels)
    streams = Streams(chapters(), read)
    for epoch in range(state.get("epoch", 0), recipe.epochs):
        batches = dataloader.shuffled(
            streams.chapter(),
            taxonomy,
            batch_size=mine,
            repeats_C=repeats_C,
            generator=torch.Generator().manual_seed(
                hashing.derive_seed(recipe.seed, epoch, worker, 2)
            ),
            labels=recipe.labels,
        )
        batches = reading = TimedIterator(dataloader.exactly(batches, steps))
        if worker == 0:
            batches = _watched(batches, position, epoch, steps)
        began = time.perf_counter()
        figures: dict[str, Any] = {"epoch": epoch + 1, **fit.train_epoch(batches, epoch, worker)}
        figures |= {"workers": workers, "seconds": time.perf_counter() - began}
        if selection != "none":
            _share_buffers(fit.mean, workers)
            batches = dataloader.buffered(streams.chapter(), taxonomy, recipe.labels)
            measured = _measured(fit.measure(batches), workers)
            figures |= {name: measured[name] for name in metrics_log.PERCENT if name in measured}
        figures |= {"reading_seconds": reading.seconds, "memory_mb": round(peak_memory_mb())}
        # Without a selection, or one too small for a macro-F1, the last epoch is the best.
        score = fit.score(figures) if selection != "none" else None
        figures["score"] = float(epoch) if score is None else score
        best = max(best, (figures["score"], epoch + 1), key=lambda pair: pair[0])
        if worker == 0:
            reached = {name: figures[name] for name in ("epoch", "score")}
            reached |= {"best": best[0], "best_epoch": best[1], "figures": figures}
            course = reached["course"] = [*course, figures]
            if selection != "none" and best[1] == epoch + 1:
                examples.save(epoch + 1, measured.get("confusion"))
            checkpoints.save(loop["run"], fit.state_dict() | reached)
        ray.train.report(figures)


def repeats(recipe: FitConfig, taxonomy: Taxonomy) -> torch.Tensor:
    """(C,) How often an epoch has a drawing of each category."""
    return torch.tensor(
        [recipe.passes * recipe.oversample.get(name, 1) for name in taxonomy.category_names]
    )


def drawings_of_epoch(groups: Sequence[Group], repeats_C: torch.Tensor) -> int:
    """How many drawings of the groups an epoch has; scenes have no category: as of the last."""
    return sum(
        int((torch.tensor(g.categories) * repeats_C).sum())
        if g.categories
        else g.rows * int(repeats_C[-1])
        for g in groups
    )


def share_of(batch_size: int, worker: int, workers: int) -> int:
    """How many drawings of each batch a worker has: of an uneven batch some have one more."""
    return (worker + 1) * batch_size // workers - worker * batch_size // workers


def _share_gradients(fit: Fit, workers: int, weight: float) -> None:
    """Lets every step learn from the batches of all workers, each by its weight, of mean 1.

    It is the loss that is shared, not the network: all workers must take part in every step, and a
    batch that has nothing to tell one of them, such as clouds a refiner, doesn't call its network.
    """
    if workers > 1:
        shared = torch.nn.parallel.DistributedDataParallel(_Loss(fit, weight))
        fit.loss = shared  # type: ignore[method-assign]


class _Loss(torch.nn.Module):
    """A model's loss as a module of the model's parameters, its gradients times a weight."""

    def __init__(self, fit: Fit, weight: float) -> None:
        super().__init__()
        self.net, self.loss, self.weight = fit.net, fit.loss, weight

    def forward(self, batch: Batch, generator: torch.Generator) -> torch.Tensor:
        loss = self.loss(batch, generator)
        # The value stays as it is, for what is told of it.
        return loss if self.weight == 1 else loss * self.weight + loss.detach() * (1 - self.weight)


def _share_buffers(net: torch.nn.Module, workers: int) -> None:
    """Gives every worker the batch norms of worker 0: each has averaged what it has seen itself."""
    if workers > 1:
        for buffer in net.buffers():
            dist.broadcast(buffer, 0)


def _measured(counts: Counts, workers: int) -> dict[str, Any]:
    """The selection's figures over all workers, every drawing counted once."""
    gathered: list[Any] = [counts] * workers
    if workers > 1:
        dist.all_gather_object(gathered, counts)
    return sum(gathered[1:], gathered[0]).figures()


def _begin(run: str, worker: int, workers: int) -> dict[str, Any]:
    """The checkpoint that all workers begin with, chosen and read by the first; empty for none.

    A list of all starts, with what each worker is, stays in the run's folder.
    """
    import ray

    if not storage.exists(storage.join(run, "config.json")):
        node = ray.util.get_node_ip_address()
        raise UserError(f"{run} isn't there on {node}; give a --storage that all nodes see")
    me = Worker(pid=os.getpid(), node=ray.util.get_node_ip_address())
    chosen: dict[str, Any] = {}
    found = checkpoints.newest(run) if worker == 0 else None
    if found is not None and found.state is not None:
        told = max((line["epoch"] for line in metrics_log.read(run)), default=0)
        course = found.state.get("course", [found.state["figures"]])
        chosen = found.state | {"untold": [line for line in course if line["epoch"] > told]}
    everyone: list[Any] = [me] * workers
    if workers > 1:
        box = [chosen]
        dist.broadcast_object_list(box, 0)
        chosen = box[0]
        dist.all_gather_object(everyone, me)
    if found is not None:
        at = datetime.now(UTC).isoformat(timespec="seconds")
        RunState(run).add_start(
            Start(epoch=found.epoch, damaged=list(found.damaged), workers=everyone, at=at)
        )
    return chosen


def _watched(
    batches: Iterator[Batch], position: PositionWriter, epoch: int, steps: int
) -> Iterator[Batch]:
    """Passes batches on, and tells how far the epoch is."""
    for step, batch in enumerate(batches, 1):
        if step == 1:  # the rate is that of the steps, without the stream's start
            position.begin(epoch)
        yield batch
        position.step(epoch, step, steps)
