"""The workers of a training, as one of them sees them, and when they save a checkpoint together."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any, Protocol

import torch

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
