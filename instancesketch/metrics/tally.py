"""Counts of which figures are made: arrays by category and part that add up exactly."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Objects = npt.NDArray[np.object_]

# Shares are summed as whole numbers of this unit: with floats the sum would depend on the order
# in which tallies are merged.
SHARE_UNIT = 1 << 40

# The shape of an array of counts for K categories and N parts.
Shape = Callable[[int, int], tuple[int, ...]]


def counts(shape: Shape) -> dict[str, Any]:
    """Return the metadata of a tally's field that holds counts."""
    return {"shape": shape, "dtype": np.int64}


def sums(shape: Shape) -> dict[str, Any]:
    """Return the metadata of a tally's field that holds sums of shares, in `SHARE_UNIT`s."""
    return {"shape": shape, "dtype": object}  # Python's integers don't overflow


@dataclass(frozen=True, kw_only=True, eq=False)
class Tally:
    """Counts by category and part. Tallies of shards are added exactly, in any order.

    Subclasses declare their arrays as fields with the metadata of `counts` or `sums`.
    """

    parts: tuple[str, ...] = ()
    categories: tuple[str, ...]

    @classmethod
    def empty(cls, parts: Sequence[str], categories: Sequence[str]) -> Self:
        """Return a tally of nothing, for part and category ids that index these names."""
        sizes = len(categories), len(parts)
        arrays: dict[str, Any] = {
            f.name: np.zeros(f.metadata["shape"](*sizes), f.metadata["dtype"])
            for f in fields(cls)
            if f.metadata
        }
        return cls(parts=tuple(parts), categories=tuple(categories), **arrays)

    def __add__(self, other: Self) -> Self:
        if (self.parts, self.categories) != (other.parts, other.categories):
            raise ValueError("tallies of different parts or categories can't be added")
        names = [f.name for f in fields(self) if f.metadata]
        return type(self)(
            parts=self.parts,
            categories=self.categories,
            **{name: getattr(self, name) + getattr(other, name) for name in names},
        )


def to_units(share: Floats) -> Ints:
    """Return shares as whole numbers of `SHARE_UNIT`."""
    return np.rint(share * SHARE_UNIT).astype(np.int64)


def add_shares(total: Objects, index: Any, share: Floats, times: Ints) -> None:
    """Add shares to the cells of a field of sums, each `times` times."""
    summed = np.zeros(total.shape, np.int64)
    np.add.at(summed, index, to_units(share) * times)
    np.add(total, summed, out=total)


def times_or_ones(times: npt.ArrayLike | None, many: int) -> Ints:
    """Return how often each of B sketches or scenes counts, (B,); once each for None.

    Raises:
        ValueError: the length is not B.
    """
    times_B = np.ones(many, np.int64) if times is None else np.asarray(times, np.int64)
    if times_B.shape != (many,):
        raise ValueError("times and sketches don't fit together")
    return times_B


def percent(part: Any, whole: Any) -> float | None:
    """Return a share in percent; None for a share of nothing."""
    return 100 * int(part) / int(whole) if whole else None
