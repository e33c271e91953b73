"""The loop over epochs: train, select, save, report.

It runs in a plain process as well as on each worker of a cluster. Whoever calls it passes what is
different there: how rows are read, how workers add up what they found, where checkpoints and
figures go. By itself it needs one process and no folder.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import repeat
from typing import Any

import pyarrow as pa
import torch

from instancesketch.core import hashing
from instancesketch.core.taxonomy import Taxonomy
from instancesketch.core.usage import peak_memory_mb
from instancesketch.metrics.formatting import PERCENT
from instancesketch.models import weights
from instancesketch.models.packing import Batch
from instancesketch.training import dataloader, sampling
from instancesketch.training.config import FitConfig, Role, Selection
from instancesketch.training.ranks import CheckpointClock, OneWorker, StepIterator, Workers
from instancesketch.training.roles import RowGroup, count_drawings
from instancesketch.training.sampling import RowSubset, Shares, count_repeats
from instancesketch.training.trainer import Fit, LossSum, create_fit

# Figures of the selection split that are reported.
_SELECTED = ("selection_loss", *PERCENT, "part_f1")

# The role and the row subsets of a pass, to train or to select on.
Pass = tuple[Role, Sequence[RowSubset]]
ReadRows = Callable[[RowSubset, Role], pa.Table]
# Takes the passes to read and how to read a row subset; yields the tables of each pass.
Reader = Callable[[Iterable[Pass], ReadRows], Iterator[Iterator[pa.Table]]]


@dataclass(frozen=True, kw_only=True)
class LoopConfig:
    """The config of a training: its recipe, and the rows to train and to select on."""

    recipe: FitConfig
    taxonomy: Taxonomy
    train: Sequence[RowGroup]
    select: Sequence[RowGroup] = ()
    selection: Selection = "none"
    weights: Sequence[str] = ()  # to initialise from

    @property
    def selects(self) -> bool:
        """Return whether there is a selection split."""
        return self.selection != "none"

    @property
    def repeats(self) -> tuple[int, ...]:
        """Return how often an epoch uses a drawing of each category."""
        return count_repeats(self.recipe, self.taxonomy)

    def shares(self, workers: int) -> Shares:
        """Return how many drawings each of the workers has in each step of an epoch."""
        repeats = self.repeats
        return Shares(
            drawings=sum(count_drawings(group, repeats) for group in self.train),
            batch_size=self.recipe.step_drawings(workers),
            workers=workers,
        )

    @property
    def read_rows(self) -> ReadRows:
        """Return a function that reads the rows of a subset that have a role."""
        # Of `sampling` alone: processes that read would take seconds to load torch, as this does.
        return partial(
            sampling.read_rows,
            selection=self.selection,
            taxonomy=self.taxonomy,
            labels=self.recipe.labels,
            repeats=self.repeats,
        )


@dataclass(kw_only=True)
class Progress:
    """The epochs of a training so far; checkpoints keep it beside the state of the model."""

    epoch: int = 0  # epochs done
    best: float = -math.inf  # highest score
    best_epoch: int = 0
    course: list[Mapping[str, Any]] = field(default_factory=list)  # figures of all epochs

    @classmethod
    def of(cls, state: Mapping[str, Any]) -> Progress:
        """Return the progress in a checkpoint, or the beginning if it is empty."""
        found = {name: state[name] for name in cls.__annotations__ if name in state}
        return cls(**found | {"course": list(state.get("course", ()))})

    def add(self, figures: Mapping[str, Any]) -> None:
        """Add an epoch."""
        self.epoch = figures["epoch"]
        # Of equal scores the earliest counts, as everywhere that a best epoch is looked for.
        if figures["score"] > self.best:
            self.best, self.best_epoch = figures["score"], self.epoch
        self.course.append(figures)

    def state(self) -> dict[str, Any]:
        """Return it as plain values, with the `score` and `figures` of the last epoch, if any."""
        state = vars(self) | {"course": list(self.course)}
        for figures in self.course[-1:]:
            state |= {"score": figures["score"], "figures": figures}
        return state


def prepare_fit(loop: LoopConfig, device: torch.device, workers: int = 1) -> Fit:
    """Return the model before its first epoch, initialised from weights if there are any."""
    fit = create_fit(
        loop.recipe,
        loop.taxonomy,
        steps_per_epoch=loop.shares(workers).steps,
        step_drawings=loop.recipe.step_drawings(workers),
        part_counts=[sum(counts) for counts in zip(*(g.parts for g in loop.train), strict=True)],
        device=device,
    )
    if loop.weights:
        loaded = weights.load(loop.weights, loop.recipe.model_kind)
        fit.initialize_from(weights.adapt(loaded, loop.taxonomy, fit.net.state_dict()))
    return fit


def read_directly(passes: Iterable[Pass], read_rows: ReadRows) -> Iterator[Iterator[pa.Table]]:
    """Read the rows of each pass in this process, when they are needed."""
    for role, subsets in passes:
        yield map(read_rows, subsets, repeat(role))


def train_epochs(
    loop: LoopConfig,
    fit: Fit,
    *,
    state: Mapping[str, Any] | None = None,
    read: Reader = read_directly,
    workers: Workers = OneWorker(),  # noqa: B008 (it has no state)
    save: Callable[[dict[str, Any], Mapping[str, Any] | None], object] = lambda *_: None,
    report: Callable[[dict[str, Any]], object] = lambda _: None,
    on_step: Callable[[int, int, int], object] = lambda *_: None,
    save_within: Callable[[dict[str, Any]], object] = lambda _: None,
    seconds_between: float = math.inf,
) -> Progress:
    """Train until the last epoch, from a checkpoint or from the beginning on.

    Args:
        loop: what to train on, and how.
        fit: the model in training, as `prepare_fit` returns it.
        state: what `save` was given, with `unreported`, the figures that `report` hasn't had.
        read: reads the rows.
        workers: those that train together.
        save: called after each epoch with its checkpoint, the state of `fit` and `Progress`, and
            the confusion of parts on the selection split, if it was counted.
        report: called with the figures of an epoch once it is saved.
        on_step: called with the epoch, from 0, the steps done in it, and how many it has.
        save_within: called in the middle of epochs with a checkpoint to continue from, as `save`;
            it has `within`, the steps done and the states of all workers.
        seconds_between: from one checkpoint to the next.

    Returns:
        The progress after the last epoch.

    Raises:
        UserError: the rows can't be read, or the loss became NaN or infinite.
    """
    if state:
        fit.load_state_dict(state)
    progress = Progress.of(state or {})
    shares = loop.shares(workers.number)
    within = (state or {}).get("within", {"steps": 0})
    # With another number of workers than before an epoch may have other steps.
    fit.step = progress.epoch * shares.steps + within["steps"]
    clock = CheckpointClock(fit, progress, workers, save_within, seconds_between)
    share_norms = sampling.shares_norms(loop.train, shares)
    workers.average_gradients(fit, shares, share_norms=share_norms)
    # Epochs that an earlier start saved but didn't report: the log must not lack them.
    for figures in (state or {}).get("unreported", ()):
        report(figures)
    passes = iter(read(_iter_passes(loop, progress.epoch, workers), loop.read_rows))
    for epoch in range(progress.epoch, loop.recipe.epochs):
        figures = _train(loop, fit, next(passes), epoch, workers, shares, on_step, within, clock)
        within = {"steps": 0}
        selected = _select(loop, fit, next(passes), workers) if loop.selects else {}
        figures |= {name: selected[name] for name in _SELECTED if name in selected}
        figures["memory_mb"] = round(peak_memory_mb())
        figures["score"] = _score(fit, figures, loop.selects)
        progress.add(figures)
        save(fit.state_dict() | progress.state(), selected.get("confusion"))
        clock.saved()
        report(figures)
    return progress


def _iter_passes(loop: LoopConfig, first: int, workers: Workers) -> Iterator[Pass]:
    """Yield this worker's rows of each epoch left, to train on and then to select on."""
    rank, number = workers.rank, workers.number
    for epoch in range(first, loop.recipe.epochs):
        order = sampling.shuffle_row_groups(len(loop.train), loop.recipe.seed, epoch)
        yield (
            "train",
            sampling.assign_rows(
                loop.train,
                rank,
                number,
                order,
                batch_size=loop.recipe.step_drawings(number),
                repeats=loop.repeats,
            ),
        )
        if loop.selects:
            # Counts don't depend on the order, so it needs no permutation.
            in_order = range(len(loop.select))
            yield "select", sampling.assign_rows(loop.select, rank, number, in_order)


def _train(
    loop: LoopConfig,
    fit: Fit,
    tables: Iterable[pa.Table],
    epoch: int,
    workers: Workers,
    shares: Shares,
    on_step: Callable[[int, int, int], object],
    within: Mapping[str, Any],
    clock: CheckpointClock,
) -> dict[str, Any]:
    """Train for an epoch, from 0, or for what is left of it, and return its figures."""
    # 0 and 1 are the streams of `Fit.train_epoch`.
    seed = hashing.derive_seed(loop.recipe.seed, epoch, workers.rank, 2)
    first, sizes = within["steps"], shares.of_steps(workers.rank)
    batches = dataloader.iter_shuffled_batches(
        tables,
        loop.taxonomy,
        batch_size=shares.of_worker(workers.rank, 0),
        generator=torch.Generator().manual_seed(seed),
        labels=loop.recipe.labels,
        skipped=sum(size > 0 for size in sizes[:first]),
    )
    if fit.device.type == "cuda":
        batches = dataloader.prefetch(batches)
    steps = StepIterator(
        batches,
        sizes[first:],
        lambda done: on_step(epoch, first + done, shares.steps),
    )
    began = time.perf_counter()
    own = fit.train_epoch(
        steps,
        epoch,
        workers.rank,
        within=within["ranks"][workers.rank] if first else None,
        after_step=lambda rank_state: clock.step(shares, rank_state),
    )
    seconds = time.perf_counter() - began
    losses = LossSum(total=own["loss"] * own["drawings"], drawings=own["drawings"])
    return {
        "epoch": epoch + 1,
        **own,
        **workers.sum_counts(losses).figures(),
        "workers": workers.number,
        "seconds": seconds,
        "reading_seconds": steps.waited,
    }


def _select(
    loop: LoopConfig, fit: Fit, tables: Iterable[pa.Table], workers: Workers
) -> dict[str, Any]:
    """Measure the running mean on the selection split, every drawing exactly once."""
    workers.broadcast_buffers(fit.mean)
    loss = LossSum(total=0.0, drawings=0)

    def with_loss() -> Iterator[Batch]:
        nonlocal loss
        for buffer in dataloader.iter_buffers(tables, loop.taxonomy, loop.recipe.labels):
            loss += fit.selection_loss(buffer)
            yield buffer

    figures = workers.sum_counts(fit.measure(with_loss())).figures()
    figures["selection_loss"] = workers.sum_counts(loss).figures()["loss"]
    parts = figures.get("per_part", {}).items()
    by_part = {name: round(part["f1"], 2) for name, part in parts if part.get("f1") is not None}
    return figures | ({"part_f1": by_part} if by_part else {})


def _score(fit: Fit, figures: Mapping[str, Any], selects: bool) -> float:
    """Return the score that chooses the epoch, the higher the better."""
    score = fit.score(figures) if selects else None
    # Without a selection split, or with one too small for a macro-F1, later epochs are better.
    # Counted from 0, as in the checkpoints of earlier versions, whose runs can be continued.
    return figures["epoch"] - 1.0 if score is None else score
