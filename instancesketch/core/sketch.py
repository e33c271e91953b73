"""One drawing: strokes as flat float arrays, with what is known or predicted about each stroke."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from instancesketch.core.errors import SketchError

FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int32]

# Beyond this a float32 can't tell two neighbouring pixels apart.
LARGEST_COORDINATE = 1e7
_PER_STROKE = ("part", "label", "instance", "object", "part_score")


@dataclass(frozen=True, kw_only=True, eq=False)
class Sketch:
    """One sketch or scene of S strokes and P points.

    Coordinates are in the drawing's own unit, x right and y down. Label fields are None as a whole
    where the source has none, and hold one entry per stroke otherwise.

    Raises:
        SketchError: the arrays don't fit together, are empty, or hold numbers that are no place.
    """

    sketch_id: str
    x: FloatArray  # (P,)
    y: FloatArray  # (P,)
    stroke_len: IntArray  # (S,) points per stroke, each at least 1, summing to P

    source: str | None = None
    category: str | None = None
    split: str | None = None
    width: float | None = None
    height: float | None = None

    part: tuple[str, ...] | None = None
    label: tuple[str, ...] | None = None  # the part with its side, `front-left-leg`
    instance: tuple[int | None, ...] | None = None  # 0: several or unknown; None: not countable
    object: tuple[int, ...] | None = None  # index into object_category; -1: none
    object_category: tuple[str | None, ...] | None = None

    # Filled in results alone.
    part_score: tuple[float, ...] | None = None
    category_score: float | None = None
    object_score: tuple[float, ...] | None = None
    error: str | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.sketch_id, str) or not self.sketch_id:
            raise SketchError("the sketch has no id")
        with np.errstate(over="ignore"):
            object.__setattr__(self, "x", np.asarray(self.x, np.float32))
            object.__setattr__(self, "y", np.asarray(self.y, np.float32))
        object.__setattr__(self, "stroke_len", np.asarray(self.stroke_len, np.int32))
        _check_geometry(self.x, self.y, self.stroke_len)
        for name in _PER_STROKE:
            values = getattr(self, name)
            if values is not None and len(values) != len(self.stroke_len):
                raise SketchError(
                    f"{name} has {len(values)} entries for {len(self.stroke_len)} strokes"
                )
        if (self.object is None) != (self.object_category is None):
            raise SketchError("object and object_category go together")
        if self.object is not None and self.object_category is not None:
            highest = len(self.object_category)
            for index in self.object:
                if not -1 <= index < highest:
                    raise SketchError(f"object {index} is not among the {highest} objects")

    @classmethod
    def from_strokes(cls, strokes: Sequence[npt.ArrayLike], **values: Any) -> Sketch:
        """Builds a sketch from one (points, 2) array-like per stroke.

        Raises:
            SketchError: a stroke is empty, not a list of x and y, or holds no finite numbers.
        """
        if len(strokes) == 0:
            raise SketchError("the drawing has no strokes")
        arrays = []
        for i, stroke in enumerate(strokes):
            try:
                points = np.asarray(stroke, np.float64)
            except (TypeError, ValueError):
                raise SketchError(f"stroke {i} is not a list of numbers") from None
            if points.size == 0:
                raise SketchError(f"stroke {i} has no points")
            if points.ndim != 2 or points.shape[1] != 2:
                raise SketchError(f"stroke {i} is not a list of x and y")
            arrays.append(points)
        flat = np.concatenate(arrays)
        stroke_len = np.array([len(a) for a in arrays], np.int32)
        with np.errstate(over="ignore"):  # what overflows becomes infinite, and is rejected below
            x, y = flat.astype(np.float32).T
        return cls(
            x=np.ascontiguousarray(x), y=np.ascontiguousarray(y), stroke_len=stroke_len, **values
        )

    def to_strokes(self) -> list[FloatArray]:
        """Returns one (points, 2) array per stroke."""
        points = np.stack([self.x, self.y], axis=1)
        return np.split(points, np.cumsum(self.stroke_len)[:-1])

    def take(self, strokes: Sequence[int]) -> Sketch:
        """Returns the strokes of the given numbers, in that order, with what is known of each."""
        points = self.to_strokes()
        x, y = np.concatenate([points[i] for i in strokes]).T
        values: dict[str, Any] = {
            name: tuple(known[i] for i in strokes)
            for name in _PER_STROKE
            if (known := getattr(self, name)) is not None
        }
        return self.replace(
            x=x.copy(), y=y.copy(), stroke_len=self.stroke_len[list(strokes)], **values
        )

    @property
    def confidence(self) -> float | None:
        """How sure a result is, 0 to 1: its parts' mean score times its category's, where known.

        None where there are no scores, 0 where there is an error.
        """
        if self.error is not None:
            return 0.0
        if self.part_score is None:
            return None
        known = 1.0 if self.category_score is None else self.category_score
        return known * sum(self.part_score) / len(self.part_score)

    def replace(self, **values: Any) -> Sketch:
        """Returns a copy with the named fields changed."""
        return replace(self, **values)

    def __len__(self) -> int:
        """Number of strokes."""
        return len(self.stroke_len)

    def __eq__(self, other: Any) -> bool:
        if not isinstance(other, Sketch):
            return NotImplemented
        return all(
            np.array_equal(a, b) if isinstance(a, np.ndarray) else a == b
            for a, b in ((getattr(self, f.name), getattr(other, f.name)) for f in fields(self))
        )

    __hash__ = None  # type: ignore[assignment]  # arrays inside


def _check_geometry(x: FloatArray, y: FloatArray, stroke_len: IntArray) -> None:
    if x.ndim != 1 or y.ndim != 1 or stroke_len.ndim != 1:
        raise SketchError("x, y and stroke_len must be flat lists")
    if len(stroke_len) == 0:
        raise SketchError("the drawing has no strokes")
    if stroke_len.min() < 1:
        raise SketchError(f"stroke {int(np.argmax(stroke_len < 1))} has no points")
    total = int(stroke_len.sum(dtype=np.int64))
    if not len(x) == len(y) == total:
        raise SketchError(
            f"x has {len(x)} numbers, y {len(y)}, and the strokes {total} points together"
        )
    # Written so that NaN fails it too.
    if not (np.abs(x).max() <= LARGEST_COORDINATE and np.abs(y).max() <= LARGEST_COORDINATE):
        finite = np.isfinite(x).all() and np.isfinite(y).all()
        raise SketchError(
            f"a coordinate is beyond {LARGEST_COORDINATE:.0e}"
            if finite
            else "a coordinate is not a finite number"
        )
