"""The labels of a sketch's strokes: which fields have them, and pieces of several parts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from instancesketch.core.errors import SketchError

# The fields of a sketch that have an entry per stroke.
PER_STROKE = (
    "part", "label", "instance", "object", "part_score", "part_2", "part_2_score", "pieces",
)  # fmt: skip


class Piece(NamedTuple):
    """A piece of a stroke that runs over several parts; it ends where the next one starts."""

    start: int  # its first point, counted from 0 in the stroke
    part: str
    score: float  # of the part, 0 to 1


# In order, each of another part than the one before; None where a stroke is of one part.
Pieces = tuple[Piece, ...]


def read_pieces(
    strokes: Iterable[Iterable[Mapping[str, Any] | None] | None],
) -> tuple[Pieces | None, ...]:
    """Return the pieces of each stroke of a row whose lists and structs are Python objects."""
    missing = dict.fromkeys(Piece._fields)
    return tuple(
        None if pieces is None else tuple(Piece(**(piece or missing)) for piece in pieces)
        for pieces in strokes
    )


def split_points(points: npt.NDArray[np.float32], pieces: Pieces) -> list[npt.NDArray[np.float32]]:
    """Return the points of each piece of a stroke, up to the first of the next, which both have.

    Args:
        points: of the stroke, (points, 2).
        pieces: of the stroke.
    """
    starts = [piece.start for piece in pieces]
    return [points[a : b + 1] for a, b in pairwise([*starts, len(points) - 1])]


def check_labels(fields: Mapping[str, Any], stroke_len: Sequence[int] | npt.NDArray[Any]) -> None:
    """Check that the fields of a sketch fit its strokes and its objects.

    Args:
        fields: those of a sketch.
        stroke_len: points per stroke.

    Raises:
        SketchError: a list doesn't have one entry per stroke, an object is unknown, or the pieces
            of a stroke don't follow each other.
    """
    strokes = len(stroke_len)
    for name in PER_STROKE:
        entries = fields.get(name)
        if entries is not None and len(entries) != strokes:
            raise SketchError(f"{name} has {len(entries)} entries for {strokes} strokes")
    objects, categories = fields.get("object"), fields.get("object_category")
    if (objects is None) != (categories is None):
        raise SketchError("object and object_category go together")
    if objects is not None and categories is not None:
        for index in objects:
            if not -1 <= index < len(categories):
                raise SketchError(f"object {index} is not among the {len(categories)} objects")
    for stroke, pieces in enumerate(fields.get("pieces") or ()):
        if pieces is not None:
            _check_pieces(stroke, pieces, int(stroke_len[stroke]))


def _check_pieces(stroke: int, pieces: Pieces, points: int) -> None:
    if any(value is None for piece in pieces for value in piece):
        raise SketchError(f"a piece of stroke {stroke} lacks its start, part or score")
    if len(pieces) < 2:
        raise SketchError(
            f"stroke {stroke} has {len(pieces)} pieces, where null is one of one part"
        )
    if pieces[0].start != 0 or any(a.start >= b.start for a, b in pairwise(pieces)):
        raise SketchError(f"the pieces of stroke {stroke} don't follow each other from its start")
    # A piece has a line to be drawn: the last one has two points at least.
    if pieces[-1].start > points - 2:
        raise SketchError(f"stroke {stroke} has no piece from its point {pieces[-1].start}")
    if any(a.part == b.part for a, b in pairwise(pieces)):
        raise SketchError(f"pieces of stroke {stroke} that follow each other are of one part")
