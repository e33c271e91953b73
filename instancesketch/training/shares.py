"""Each worker's part of the drawings of an epoch and of a row group, known before any is read."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from instancesketch.core.taxonomy import Taxonomy
from instancesketch.training.config import FitConfig

_GOLDEN = (math.sqrt(5) - 1) / 2


def count_repeats(recipe: FitConfig, taxonomy: Taxonomy) -> tuple[int, ...]:
    """Return how often an epoch uses a drawing of each category."""
    return tuple(recipe.passes * recipe.oversample.get(name, 1) for name in taxonomy.category_names)


@dataclass(frozen=True, kw_only=True)
class Shares:
    """Divide the drawings of each step of an epoch among the workers.

    Every batch is divided alike, and all workers take part in all steps, because they average their
    gradients. In the last step, where there may be fewer drawings, the last workers have fewer of
    them or none; so do some in every step if there are more workers than a batch has drawings.
    """

    drawings: int  # that an epoch uses over all workers
    batch_size: int  # drawings per step over all workers
    workers: int

    @property
    def steps(self) -> int:
        """Return the number of steps of an epoch, the same on all workers."""
        return -(-self.drawings // self.batch_size)

    def of_step(self, step: int) -> int:
        """Return the drawings of a step, from 0, over all workers."""
        return min(self.batch_size, self.drawings - step * self.batch_size)

    def of_worker(self, worker: int, step: int) -> int:
        """Return the drawings of a worker in a step, from 0."""
        of_step = self.of_step(step)
        return self.before(worker + 1, of_step) - self.before(worker, of_step)

    def of_steps(self, worker: int) -> list[int]:
        """Return the drawings of a worker in each step."""
        return [self.of_worker(worker, step) for step in range(self.steps)]

    def before(self, worker: int, drawings: int) -> int:
        """Return how many of the first `drawings` of an epoch go to the workers before one."""
        # Each batch's first drawings. The shares of a full one differ by one at most.
        of_batch = worker * self.batch_size // self.workers
        batches, rest = divmod(drawings, self.batch_size)
        return batches * of_batch + min(rest, of_batch)


@dataclass(frozen=True, kw_only=True)
class RowSubset:
    """Rows of a role in a row group, read at once: some of its drawings, by their numbers.

    A row is as many drawings as it is used. Rows that lie together, such as those of one category,
    have numbers that are far apart, so that every subset is as mixed as the row group.
    """

    path: str
    row_group: int
    first: int = 0
    end: int | None = None  # before this one; None: all
    drawings: int | None = None  # of the whole row group when it was counted; None: any

    def count_uses(self, times_N: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """Return how many drawings of the subset each of N rows is, given how many it is in all."""
        # Numbers whose multiples of the golden ratio have fractions in an interval are evenly
        # spread, whatever the interval (three-gap theorem, Sós 1958).
        order = np.argsort(np.arange(len(times_N)) * _GOLDEN % 1, kind="stable")
        after_N = times_N[order].cumsum()
        before_N = after_N - times_N[order]
        uses_N = np.empty_like(times_N)
        uses_N[order] = after_N.clip(self.first, self.end) - before_N.clip(self.first, self.end)
        return uses_N
