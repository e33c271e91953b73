"""Find the elements of a shard that raise, or that kill the process which works on them.

A killed process leaves no exception, so a marker file names each range of elements before work on
it begins. The next process that tries the shard finds the marker. It tries the range in which a
process died once more, since a worker may be lost for reasons of its own. After the second death it
splits the range until the one guilty element stands alone, and gives that one up by name.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from operator import itemgetter
from typing import Any, TypeVar

from instancesketch.core import storage
from instancesketch.core.errors import UserError

T = TypeVar("T")

SPLITS = 8  # of a range that has killed two processes
_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Marker:
    """The file that holds the state of work on a shard, and the run of the job that works on it.

    Deaths count within one run: stopping a job and running it again blames nothing.
    """

    location: str
    run: str

    def load(self) -> dict[str, Any] | None:
        """Return the state that a dead process left; None where there is none."""
        state: dict[str, Any] | None = storage.read_json(self.location)
        return state

    def save(self, ranges: list[list[int]], lost: list[int]) -> None:
        """Write that work on the first of the ranges begins."""
        storage.write_json(self.location, {"run": self.run, "ranges": ranges, "lost": lost})

    def clear(self) -> None:
        """Remove the file once the shard is done."""
        storage.remove(self.location)


def run(
    count: int,
    work: Callable[[int, int], T],
    give_up: Callable[[int, Exception | None], T],
    marker: Marker,
) -> list[T]:
    """Process `count` elements in as few ranges as possible.

    Args:
        count: number of elements.
        work: does the elements from start up to stop; may raise, or kill the process.
        give_up: stands in for one element, given the exception that it raised, or None where it
            killed the process.
        marker: the state, kept where the next process finds it.

    Returns:
        The values of `work` and `give_up`, in the order of the elements.

    Raises:
        UserError: `work` raised one, for which no element is to blame.
    """
    ranges, lost = _resume(marker, count)
    done = [(element, give_up(element, None)) for element in lost]
    finished: list[list[int]] = []
    while ranges:
        # The values of finished ranges die with this process, so the marker keeps them, behind
        # those that are still to do.
        marker.save(ranges + finished, lost)
        start, stop, _ = ranges[0]
        try:
            done.append((start, work(start, stop)))
        except UserError:  # a server that is gone, a full disk
            raise
        except KeyboardInterrupt:
            # The next process need not suspect elements for what the user did.
            if not lost and not any(deaths for *_, deaths in ranges):
                marker.clear()
            raise
        # Whatever a model or a reader does wrong with one element, the others are not to blame.
        except Exception as error:
            done += _halve(start, stop, error, work, give_up)
        finished.append([start, stop, 0])
        ranges = ranges[1:]
    marker.clear()
    return [value for _, value in sorted(done, key=itemgetter(0))]


def most_deaths(count: int) -> int:
    """Return how often processes may die on `count` elements, were each of them guilty."""
    # Twice of each element and of all together, once of every range in between, of which there are
    # fewer than elements; and once more for a reason of the worker's own.
    return 3 * count + 3


def _resume(marker: Marker, count: int) -> tuple[list[list[int]], list[int]]:
    """Return the ranges [start, stop, deaths] to do, and the elements that killed a process."""
    state = marker.load()
    if state is None:
        return ([[0, count, 0]] if count else []), []
    # The first range is the one in which the process died.
    (start, stop, deaths), *rest = state["ranges"]
    lost: list[int] = state["lost"]
    # What ended an earlier run may have been the user.
    deaths = deaths + 1 if state["run"] == marker.run else 0
    if deaths < 2:
        return [[start, stop, deaths], *rest], lost
    _log.warning("elements %d to %d killed a process twice: splitting them", start, stop - 1)
    if stop - start == 1:
        return rest, [*lost, start]
    step = -(-(stop - start) // SPLITS)
    cuts = [*range(start, stop, step), stop]
    # Parts of several elements start with one death, so one more splits them; a single element is
    # tried twice.
    return [[a, b, int(b - a > 1)] for a, b in pairwise(cuts)] + rest, lost


def _halve(
    start: int,
    stop: int,
    error: Exception,
    work: Callable[[int, int], T],
    give_up: Callable[[int, Exception | None], T],
) -> list[tuple[int, T]]:
    """Process the halves of a range that raised, down to the elements that did."""
    if stop - start == 1:
        _log.warning("element %d raised", start, exc_info=error)
        return [(start, give_up(start, error))]
    middle = (start + stop) // 2
    done: list[tuple[int, T]] = []
    for first, end in ((start, middle), (middle, stop)):
        try:
            done.append((first, work(first, end)))
        except UserError:
            raise
        except Exception as inner:
            done += _halve(first, end, inner, work, give_up)
    return done
