"""What the epochs of a run have cost: time to read and to compute, memory."""

from __future__ import annotations

import resource
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Generic, TypeVar

T = TypeVar("T")

# What differs from machine to machine in the figures of an epoch; all else follows from the seed.
MEASURED = ("seconds", "reading_seconds", "memory_mb")


class Waited(Generic[T]):
    """Passes things on, and counts the seconds that were spent waiting for them."""

    def __init__(self, things: Iterable[T]) -> None:
        self._things = iter(things)
        self.seconds = 0.0

    def __iter__(self) -> Iterator[T]:
        return self

    def __next__(self) -> T:
        began = time.perf_counter()
        try:
            return next(self._things)
        finally:
            self.seconds += time.perf_counter() - began


def costs(lines: Sequence[Mapping[str, Any]], drawings: int | None = None) -> dict[str, Any]:
    """What `summary.json` says about speed and memory.

    Args:
        lines: the figures of each epoch: its `seconds`, the `drawings` of each of its `workers`,
            and of one of these `reading_seconds` and `memory_mb`.
        drawings: of an epoch, where the lines don't say.
    """

    def total(name: str) -> float:
        return float(sum(line.get(name, 0.0) for line in lines))

    seen = sum(drawings or line["drawings"] * line.get("workers", 1) for line in lines)
    seconds, reading = total("seconds"), total("reading_seconds")
    stages = {"reading": reading, "training": seconds - reading}
    if not any("reading_seconds" in line for line in lines):  # it wasn't measured
        del stages["reading"]
    return {
        "speed": {
            "drawings": seen,
            "seconds": round(seconds, 3),
            "drawings_per_second": round(seen / max(seconds, 1e-9), 1),
        },
        # Of one worker: where it waited for drawings, and where it learned from them.
        "stages": {name: {"busy_seconds": round(took, 3)} for name, took in stages.items()},
        "peak_memory_mb": {
            "driver": round(peak_memory_mb()),
            "worker": max((line.get("memory_mb", 0) for line in lines), default=0),
        },
    }


def peak_memory_mb() -> float:
    """The most memory that this process has held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
