"""Commands that are started at the same moment, again and again, each in a process of its own."""

import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from typing import Any, Protocol

from instancesketch.core.errors import UserError

ROUNDS = 50
SECONDS = 120  # for the slower one to arrive

# Takes the round and the number of its process.
Work = Callable[[int, int], Any]


class Race(Protocol):
    """The processes that carry out work at once."""

    def __call__(self, work: Work, rounds: int = ROUNDS) -> list[tuple[Any, ...]]:
        """Return what the processes returned, or the text of their UserError, by round."""


@contextmanager
def racing(processes: int = 2) -> Iterator[Race]:
    """Yield a function that carries out work in all processes at once, round after round."""
    # Spawned: a fork of a process that has threads may hang.
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(processes)
    with ProcessPoolExecutor(processes, context, _set_barrier, (barrier,)) as pool:

        def race(work: Work, rounds: int = ROUNDS) -> list[tuple[Any, ...]]:
            results = [pool.submit(_repeat, work, number, rounds) for number in range(processes)]
            return list(zip(*(result.result() for result in results), strict=True))

        yield race


def _set_barrier(barrier: Any) -> None:
    global _barrier
    _barrier = barrier


def _repeat(work: Work, number: int, rounds: int) -> list[Any]:
    results = []
    for round in range(rounds):
        _barrier.wait(SECONDS)
        try:
            results.append(work(round, number))
        except UserError as error:
            results.append(str(error))
    return results
