"""Strokes of one page of a drawing program, gathered with what is left out of it."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import numpy.typing as npt

from instancesketch.core.errors import SketchError
from instancesketch.core.sketch import join_strokes
from instancesketch.formats.records import RawRecord

Points = npt.NDArray[np.float64]


class Ink:
    """The strokes of a page in the order in which they were drawn."""

    def __init__(self) -> None:
        self.strokes: list[Points] = []
        self.left_out: Counter[str] = Counter()

    def add(self, points_K2: npt.ArrayLike) -> None:
        """Add a stroke; one without points is left out."""
        points = np.asarray(points_K2, np.float64)
        if points.size:
            self.strokes.append(points.reshape(-1, 2))
        else:
            self.left_out["stroke without points"] += 1

    def leave_out(self, kind: str) -> None:
        """Count something on the page that is no stroke, such as a text."""
        # A file decides the names, and how many there are.
        if len(self.left_out) >= 50:
            kind = "other shape"
        self.left_out[kind[:60]] += 1

    @property
    def is_blank(self) -> bool:
        """Return whether nothing at all is on the page."""
        return not self.strokes and not self.left_out

    def to_record(self, sketch_id: str, position: str, **fields: Any) -> RawRecord:
        """Return the drawing.

        Raises:
            SketchError: there is no stroke; names what is there instead.
        """
        if not self.strokes:
            there = ", ".join(f"{number} {kind}" for kind, number in self.left_out.items())
            raise SketchError(f"no strokes{f', but {there}' if there else ''}")
        return RawRecord(
            fields={"sketch_id": sketch_id, **fields} | join_strokes(self.strokes),
            position=position,
            left_out=dict(self.left_out),
        )
