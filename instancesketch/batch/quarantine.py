"""Finds the items of a piece of work that raise, or that kill the process which works on them.

What kills a process leaves no exception, so before a range of items is begun a marker file says
which. Whoever tries the work again finds the marker: a range that was in hand when a process died
is tried once more, since a worker may be lost for reasons of its own, and then taken apart until
the guilty item stands alone and is given up by name.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, TypeVar

from instancesketch.core import storage
from instancesketch.core.errors import UserError

T = TypeVar("T")

PARTS = 8
_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Marker:
    """Where the state of one piece of work is kept, and which run of the job works on it.

    Deaths count within one run: stopping a job and running it again blames nothing.
    """

    location: str
    run: str

    def load(self) -> dict[str, Any] | None:
        """The state that a process that died has left, if any."""
        state: dict[str, Any] | None = storage.read_json(self.location)
        return state

    def save(self, ranges: list[list[int]], lost: list[int]) -> None:
        """Says that the first of the ranges is in hand."""
        storage.write_json(self.location, {"run": self.run, "ranges": ranges, "lost": lost})

    def clear(self) -> None:
        """Says that nothing is in hand."""
        storage.remove(self.location)


def isolate(
    count: int,
    work: Callable[[int, int], T],
    give_up: Callable[[int, Exception | None], T],
    marker: Marker,
) -> list[T]:
    """Does work on `count` items in as few ranges as possible.

    Args:
        count: number of items.
        work: does the items from start up to stop; may raise, or kill the process.
        give_up: stands in for one item that raised (told the exception) or killed (told None).
        marker: the state, kept where the next process finds it.

    Returns:
        What `work` and `give_up` returned, in the order of the items.
    """
    ranges, lost = _resume(marker, count)
    done = [(item, give_up(item, None)) for item in lost]
    finished: list[list[int]] = []
    while ranges:
        # What this process has finished dies with it, so it stays in the marker, behind the rest.
        marker.save(ranges + finished, lost)
        start, stop, _ = ranges[0]
        done += _in_halves(start, stop, work, give_up)
        finished.append([start, stop, 0])
        ranges = ranges[1:]
    marker.clear()
    return [value for _, value in sorted(done, key=lambda pair: pair[0])]


def _resume(marker: Marker, count: int) -> tuple[list[list[int]], list[int]]:
    """The ranges [start, stop, deaths] to do, and the items that killed a process."""
    state = marker.load()
    if state is None:
        return ([[0, count, 0]] if count else []), []
    (start, stop, deaths), *rest = state["ranges"]
    lost: list[int] = state["lost"]
    deaths = deaths + 1 if state["run"] == marker.run else 0
    if deaths < 2:
        return [[start, stop, deaths], *rest], lost
    _log.warning("items %d to %d killed a process twice: taking them apart", start, stop - 1)
    if stop - start == 1:
        return rest, [*lost, start]
    step = -(-(stop - start) // PARTS)
    # A part of a range that killed twice is under suspicion: its first death is its second.
    cuts = [*range(start, stop, step), stop]
    return [[a, b, int(b - a > 1)] for a, b in pairwise(cuts)] + rest, lost


def _in_halves(
    start: int,
    stop: int,
    work: Callable[[int, int], T],
    give_up: Callable[[int, Exception | None], T],
) -> list[tuple[int, T]]:
    try:
        return [(start, work(start, stop))]
    except UserError:  # not of an item: a server that is gone, a full disk
        raise
    # Whatever a model or a reader does wrong with one item, the others are not to blame.
    except Exception as error:
        if stop - start == 1:
            _log.warning("item %d raised", start, exc_info=True)
            return [(start, give_up(start, error))]
    middle = (start + stop) // 2
    return [
        *_in_halves(start, middle, work, give_up),
        *_in_halves(middle, stop, work, give_up),
    ]
