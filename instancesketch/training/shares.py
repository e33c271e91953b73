"""How many drawings each worker uses in each step of an epoch, known before any is read."""

from __future__ import annotations

from dataclasses import dataclass

from instancesketch.core.taxonomy import Taxonomy
from instancesketch.training.config import FitConfig


def count_repeats(recipe: FitConfig, taxonomy: Taxonomy) -> tuple[int, ...]:
    """Return how often an epoch uses a drawing of each category."""
    return tuple(recipe.passes * recipe.oversample.get(name, 1) for name in taxonomy.category_names)


@dataclass(frozen=True, kw_only=True)
class Shares:
    """How many drawings each worker has in each step of an epoch.

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
