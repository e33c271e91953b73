"""Select rows of a corpus or result: by id, by category, or the least certain."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain

from instancesketch.core import storage
from instancesketch.core.errors import UserError
from instancesketch.core.sketch import Sketch
from instancesketch.core.taxonomy import Taxonomy, normalise

_NAMED = 3  # ids that a message names


@dataclass(frozen=True, kw_only=True)
class Selection:
    """The rows to take; each None stands for no limit."""

    ids: str | None = None  # a file with an id on each line, such as the report saves
    categories: Sequence[str] | None = None  # names, titles or words
    uncertain: int | None = None  # the number of least certain rows

    def apply(
        self, rows: Iterable[Sketch], name: str, taxonomy: Taxonomy | None
    ) -> Iterable[Sketch]:
        """Return the selected rows, in their order or the least certain first.

        Args:
            rows: the sketches of a corpus or result.
            name: its name, for messages.
            taxonomy: that of a result; None for a corpus.

        Raises:
            UserError: the file of ids can't be read or is empty, the rows lack one of its ids, a
                category is unknown or has no row, or the rows have no scores.
        """
        if self.ids is not None:
            rows = _with_ids(rows, read_ids(self.ids), f"{self.ids}: not in {name}")
        if self.categories is not None:
            rows = _in_categories(rows, self.categories, taxonomy)
        return rows if self.uncertain is None else least_certain(rows, self.uncertain, name)


def read_ids(location: str) -> list[str]:
    """Return the ids in a file, one on each line; blank lines are left out.

    Raises:
        UserError: the file can't be read, is not UTF-8, or has no id.
    """
    try:
        text = storage.read_bytes(location).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UserError(f"{location} is not a text file with an id on each line") from None
    # An id may begin or end with a blank, but Windows ends lines with a carriage return as well.
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    ids = [line for line in lines if line.strip()]
    if not ids:
        raise UserError(f"{location} has no ids: it needs one on each line")
    return ids


def _with_ids(rows: Iterable[Sketch], ids: Sequence[str], problem: str) -> list[Sketch]:
    wanted = set(ids)
    # In memory, so that a missing id is known before anything is written.
    found = [sketch for sketch in rows if sketch.sketch_id in wanted]
    if missing := list(dict.fromkeys(ids).keys() - {s.sketch_id for s in found}):
        named = ", ".join(map(repr, sorted(missing)[:_NAMED]))
        more = f" and {len(missing) - _NAMED:,} more" if len(missing) > _NAMED else ""
        raise UserError(f"{problem}: {named}{more}")
    return found


def _in_categories(
    rows: Iterable[Sketch], names: Sequence[str], taxonomy: Taxonomy | None
) -> Iterable[Sketch]:
    """Return the drawings of some categories, and scenes with an object of one."""
    # Without a taxonomy only spelling can be allowed for.
    wanted = set(taxonomy.restrict(names).categories) if taxonomy else set(map(normalise, names))

    def is_wanted(sketch: Sketch) -> bool:
        named = [c for c in (sketch.category, *(sketch.object_category or ())) if c is not None]
        return bool(wanted.intersection(named if taxonomy else map(normalise, named)))

    matching = filter(is_wanted, rows)
    first = next(matching, None)
    if first is None:
        raise UserError(f"no drawing is of the category {' or '.join(map(repr, names))}")
    return chain([first], matching)


def least_certain(rows: Iterable[Sketch], number: int, name: str) -> list[Sketch]:
    """Return the sketches of the lowest confidence, lowest first; of equal ones the earlier.

    Args:
        rows: sketches of a result.
        number: how many, at least 1.
        name: the result's, for messages.

    Raises:
        UserError: the number is below 1, or a sketch has no scores.
    """
    if number < 1:
        raise UserError(f"--uncertain {number}: give a number of drawings from 1")

    def confidence(sketch: Sketch) -> float:
        if sketch.confidence is None:
            raise UserError(f"{name} has no scores: `segment` writes a result that has them")
        return sketch.confidence

    # A heap keeps `number` sketches in memory, however many rows the result has.
    return heapq.nsmallest(number, rows, key=confidence)
