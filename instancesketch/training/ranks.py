"""The workers of a training, as one of them sees them: its steps, and checkpoints of them all."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Protocol

import torch

from instancesketch.core.errors import UserError
from instancesketch.models.packing import Batch
from instancesketch.models.ragged import Layout
from instancesketch.training.sampling import Shares
from instancesketch.training.trainer import Counts, Fit

# Workers look at the clock together, and not in every step.
STEPS_BETWEEN_LOOKS = 16


class Workers(Protocol):
    """The workers of a training, as one of them sees them."""

    @property
    def rank(self) -> int:
        """Return this one's number, from 0."""

    @property
    def number(self) -> int:
        """Return how many there are."""

    def average_gradients(self, fit: Fit, shares: Shares, *, share_norms: bool) -> None:
        """Make every step average the gradients of all workers, weighted by their drawings.

        With `share_norms` batch norms measure the drawings of all workers, not each worker's own.
        """

    def broadcast_buffers(self, net: torch.nn.Module) -> None:
        """Give every worker the first one's buffers, such as batch norm statistics."""

    def sum_counts(self, counts: Counts) -> Counts:
        """Return the sum of the counts of all workers."""

    def gather(self, value: Any) -> list[Any]:
        """Return the values of all workers, by rank."""


class OneWorker:
    """A worker that has no others."""

    rank, number = 0, 1

    def average_gradients(self, fit: Fit, shares: Shares, *, share_norms: bool) -> None:
        """Leave the steps as they are."""

    def broadcast_buffers(self, net: torch.nn.Module) -> None:
        """Leave the network as it is."""

    def sum_counts(self, counts: Counts) -> Counts:
        """Return the counts."""
        return counts

    def gather(self, value: Any) -> list[Any]:
        """Return the value alone."""
        return [value]


class HasState(Protocol):
    """The epochs so far."""

    def state(self) -> dict[str, Any]:
        """Return them as plain values."""


class CheckpointClock:
    """The time since the last checkpoint; saves one in the middle of an epoch where it is due."""

    def __init__(
        self,
        fit: Fit,
        progress: HasState,
        workers: Workers,
        save: Callable[[dict[str, Any]], object],
        seconds: float,
    ) -> None:
        self._fit, self._progress, self._workers = fit, progress, workers
        self._save, self._seconds = save, seconds
        self.saved()

    def saved(self) -> None:
        """Begin to count anew."""
        self._last = time.monotonic()

    def step(self, shares: Shares, rank_state: Callable[[], dict[str, Any]]) -> None:
        """Save a checkpoint after a step, if the first worker's clock says that it is due."""
        done = self._fit.step % shares.steps
        # After the last step the epoch's own checkpoint follows. To ask the others costs a message.
        if math.isinf(self._seconds) or not done or done % STEPS_BETWEEN_LOOKS:
            return
        is_due = time.monotonic() - self._last >= self._seconds
        if not self._workers.gather(is_due)[0]:
            return
        ranks = self._workers.gather(rank_state())
        within = {"steps": done, "ranks": ranks}
        self._save(self._fit.state_dict() | self._progress.state() | {"within": within})
        self.saved()


class StepIterator:
    """An iterator over one batch per step; `waited` is the seconds spent waiting for them.

    A step in which this worker has no drawings gets a batch without any, because the others wait
    for its gradients all the same.

    Args:
        batches: of one epoch.
        sizes: drawings of this worker in each step.
        on_step: called with 0 once the first batch is there, then with the number of steps done.
    """

    def __init__(
        self,
        batches: Iterable[Batch],
        sizes: Iterable[int],
        on_step: Callable[[int], object] = lambda done: None,
    ) -> None:
        self.waited = 0.0
        self._batches, self._sizes, self._on_step = batches, sizes, on_step

    def __iter__(self) -> Iterator[Batch]:
        """Yield a batch for each step.

        Raises:
            UserError: there are more drawings, or fewer, than the steps have.
        """
        batches = iter(self._batches)
        for done, size in enumerate(self._sizes):
            batch = self._next(batches) if size else empty_batch()
            _check_size(batch, size)
            if done == 0:
                self._on_step(0)
            yield batch
            self._on_step(done + 1)
        _check_size(self._next(batches), 0)

    def _next(self, batches: Iterator[Batch]) -> Batch:
        began = time.perf_counter()
        batch = next(batches, None)
        self.waited += time.perf_counter() - began
        return empty_batch() if batch is None else batch


def empty_batch() -> Batch:
    """Return a batch without drawings."""
    none = torch.zeros(0, dtype=torch.int64)
    return Batch(
        points_P2=torch.zeros(0, 2),
        layout=Layout(none, none, 0),
        part_S=none,
        instance_S=none,
        category_N=none,
    )


def _check_size(batch: Batch, size: int) -> None:
    # Neither a repeated batch nor drawings left out: a training with either looks like any other.
    if len(batch) != size:
        raise UserError(
            f"the corpora were changed during the training: {len(batch)} drawings were read for a "
            f"step of {size}"
        )
