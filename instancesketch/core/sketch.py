"""One sketch or scene: strokes as flat float arrays, with labels or predictions per stroke."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import PurePath
from typing import Any

import numpy as np
import numpy.typing as npt

from instancesketch.core.errors import SketchError
from instancesketch.core.stroke_labels import PER_STROKE, Pieces, check_labels

FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int32]

# Beyond this, neighbouring pixels have the same float32.
LARGEST_COORDINATE = 1e7
# The id of a sketch that was made in memory without one.
UNNAMED = "sketch"


@dataclass(frozen=True, kw_only=True, eq=False)
class Sketch:
    """One sketch or scene of S strokes and P points.

    Coordinates are in the sketch's own unit, x right and y down. A label field is None where the
    source has no such labels, and otherwise has one entry per stroke.

    Raises:
        SketchError: the arrays don't fit together, are empty, or hold a coordinate that is not
            finite or is beyond `LARGEST_COORDINATE`.
    """

    sketch_id: str
    x: FloatArray  # (P,)
    y: FloatArray  # (P,)
    stroke_len: IntArray  # (S,) points per stroke, each at least 1, summing to P

    source: str | None = None
    category: str | None = None
    word: str | None = None  # the file's own name for what is drawn
    split: str | None = None
    width: float | None = None
    height: float | None = None

    part: tuple[str, ...] | None = None
    label: tuple[str, ...] | None = None  # the part with its side, `front-left-leg`
    instance: tuple[int | None, ...] | None = None  # 0: several or unknown; None: not countable
    object: tuple[int, ...] | None = None  # index into object_category; -1: none
    object_category: tuple[str | None, ...] | None = None

    # In results alone.
    part_score: tuple[float, ...] | None = None
    category_score: float | None = None
    object_score: tuple[float, ...] | None = None
    error: str | None = None
    # The next likely, with their scores: of strokes and of the drawing.
    part_2: tuple[str | None, ...] | None = None
    part_2_score: tuple[float | None, ...] | None = None
    category_2: str | None = None
    category_2_score: float | None = None
    # With `cut_strokes` alone: the pieces of each stroke over several parts, None for the others.
    pieces: tuple[Pieces | None, ...] | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.sketch_id, str) or not self.sketch_id:
            raise SketchError("the sketch has no id")
        with np.errstate(over="ignore"):  # an overflow becomes infinite, which is rejected below
            object.__setattr__(self, "x", np.asarray(self.x, np.float32))
            object.__setattr__(self, "y", np.asarray(self.y, np.float32))
        object.__setattr__(self, "stroke_len", np.asarray(self.stroke_len, np.int32))
        _check_geometry(self.x, self.y, self.stroke_len)
        check_labels(vars(self), self.stroke_len)

    @classmethod
    def from_strokes(
        cls, strokes: Sequence[npt.ArrayLike], *, sketch_id: str = UNNAMED, **values: Any
    ) -> Sketch:
        """Build a sketch from one (points, 2) array-like per stroke, y down.

        >>> Sketch.from_strokes([[(0, 0), (5, 5)]], sketch_id="line", category="sun")
        Sketch('line', 1 stroke, sun)

        Raises:
            SketchError: a stroke is empty, not a list of x and y, or holds numbers that are not
                finite.
        """
        return cls(sketch_id=sketch_id, **join_strokes(strokes), **values)

    # The readers and the pictures lie in folders that import this module, hence imports inside.

    @classmethod
    def from_quickdraw(cls, drawing: Mapping[str, Any] | Sequence[Any]) -> Sketch:
        """Build a sketch from an object of Quick, Draw!'s ndjson, or from its `drawing` alone.

        >>> Sketch.from_quickdraw([[[0, 5, 9], [0, 5, 0]], [[3], [3]]])
        Sketch('sketch', 2 strokes)
        >>> Sketch.from_quickdraw({"key_id": "17", "word": "cat", "drawing": [[[0, 5], [0, 5]]]})
        Sketch('17', 1 stroke, cat)

        Raises:
            SketchError: it is not a drawing.
        """
        from instancesketch.formats import loading

        return loading.from_quickdraw(drawing, UNNAMED)

    @classmethod
    def from_stroke3(cls, steps: npt.ArrayLike, sketch_id: str = UNNAMED) -> Sketch:
        """Build a sketch from sketch-rnn's (points, 3): steps in x and y, and 1 for pen up.

        >>> Sketch.from_stroke3([[0, 0, 0], [5, 5, 1], [3, 0, 1]]).x.tolist()
        [0.0, 5.0, 8.0]

        Raises:
            SketchError: it is not such an array.
        """
        from instancesketch.formats import loading

        return loading.from_stroke3(steps, sketch_id)

    @classmethod
    def from_svg(cls, svg: str, sketch_id: str = UNNAMED) -> Sketch:
        """Build a sketch from an SVG, given as text or as the path of a file.

        Every outline is a stroke.

        >>> Sketch.from_svg('<svg viewBox="0 0 9 9"><path d="M0 0L9 9M5 5h2" stroke="red"/></svg>')
        Sketch('sketch', 2 strokes)

        Raises:
            SketchError: it is not an SVG, or has no strokes.
            UserError: the file doesn't exist.
        """
        from instancesketch.formats import loading

        return loading.from_svg(svg, sketch_id)

    @classmethod
    def from_file(
        cls, path: str | PurePath, taxonomy: str | None = None, trace: bool = False
    ) -> Sketch:
        """Read the only drawing of a file, in any format that `ingest` takes.

        With `trace` also a picture's, of the lines that it shows.

        Raises:
            SketchError: it can't be read.
            UserError: the file doesn't exist, or holds several drawings.
        """
        from instancesketch.formats import loading

        return loading.read_one(str(path), taxonomy, trace)

    def to_svg(self, **options: Any) -> str:
        """Return the picture as SVG; for the options see `render.svg.to_svg`."""
        from instancesketch.render.svg import to_svg

        return to_svg(self, **options)

    def _repr_svg_(self) -> str:
        from instancesketch.results import notebook

        return notebook.sketch_svg(self)

    def _repr_html_(self) -> str:
        from instancesketch.results import notebook

        return notebook.sketch_html(self)

    def __repr__(self) -> str:
        words = [repr(self.sketch_id), f"{len(self)} stroke{'s' * (len(self) > 1)}"]
        return f"Sketch({', '.join([*words, *([self.category] if self.category else [])])})"

    def to_strokes(self) -> list[FloatArray]:
        """Return one (points, 2) array per stroke."""
        points = np.stack([self.x, self.y], axis=1)
        return np.split(points, np.cumsum(self.stroke_len)[:-1])

    def take(self, strokes: Sequence[int]) -> Sketch:
        """Return a sketch of the given strokes, by index and in that order, with their labels."""
        points = self.to_strokes()
        x, y = np.concatenate([points[i] for i in strokes]).T
        values: dict[str, Any] = {
            name: tuple(known[i] for i in strokes)
            for name in PER_STROKE
            if (known := getattr(self, name)) is not None
        }
        return self.replace(
            # Copies, since rows of the transposed array are strided and keep all of it alive.
            x=x.copy(),
            y=y.copy(),
            stroke_len=self.stroke_len[list(strokes)],
            **values,
        )

    @property
    def confidence(self) -> float | None:
        """Return the mean score of the parts, if it has any, times that of the category, 0 to 1.

        None for a sketch without scores, 0 for one with an error.
        """
        if self.error is not None:
            return 0.0
        if self.part_score is None:
            return self.category_score
        known = 1.0 if self.category_score is None else self.category_score
        return known * sum(self.part_score) / len(self.part_score)

    @property
    def mixed(self) -> tuple[int, ...]:
        """Return the strokes that run over several parts, by index; none where that isn't known."""
        return tuple(i for i, pieces in enumerate(self.pieces or ()) if pieces is not None)

    def replace(self, **values: Any) -> Sketch:
        """Return a copy with the given fields changed, checked like a new sketch."""
        return replace(self, **values)

    def __len__(self) -> int:
        """Return the number of strokes."""
        return len(self.stroke_len)

    def __eq__(self, other: Any) -> bool:
        if not isinstance(other, Sketch):
            return NotImplemented
        return all(
            # Comparing arrays by `==` gives an array, which has no truth value.
            np.array_equal(a, b) if isinstance(a, np.ndarray) else a == b
            for a, b in ((getattr(self, f.name), getattr(other, f.name)) for f in fields(self))
        )

    __hash__ = None  # type: ignore[assignment]  # arrays can't be hashed


def join_strokes(strokes: Sequence[npt.ArrayLike]) -> dict[str, Any]:
    """Return the fields `x`, `y` and `stroke_len` of one (points, 2) array-like per stroke.

    Raises:
        SketchError: strokes are missing, or one is empty or not a list of x and y.
    """
    if len(strokes) == 0:
        raise SketchError("the drawing has no strokes")
    arrays = [_points(i, stroke) for i, stroke in enumerate(strokes)]
    with np.errstate(over="ignore"):  # an overflow becomes infinite, which a sketch rejects
        x, y = np.concatenate(arrays).astype(np.float32).T
    stroke_len = np.array([len(points) for points in arrays], np.int32)
    # Copies, since a row of the transposed array is strided and keeps all of that array alive.
    return {"x": np.ascontiguousarray(x), "y": np.ascontiguousarray(y), "stroke_len": stroke_len}


def _points(index: int, stroke: npt.ArrayLike) -> npt.NDArray[np.float64]:
    try:
        points = np.asarray(stroke, np.float64)
    except (TypeError, ValueError):
        raise SketchError(f"stroke {index} is not a list of numbers") from None
    if points.size == 0:
        raise SketchError(f"stroke {index} has no points")
    if points.ndim != 2 or points.shape[1] != 2:
        raise SketchError(f"stroke {index} is not a list of x and y")
    return points


def _check_geometry(x: FloatArray, y: FloatArray, stroke_len: IntArray) -> None:
    if x.ndim != 1 or y.ndim != 1 or stroke_len.ndim != 1:
        raise SketchError("x, y and stroke_len must be flat lists")
    if len(stroke_len) == 0:
        raise SketchError("the drawing has no strokes")
    if stroke_len.min() < 1:
        raise SketchError(f"stroke {int(np.argmax(stroke_len < 1))} has no points")
    # 32 bits could overflow for hostile lengths, and fit by accident.
    total = int(stroke_len.sum(dtype=np.int64))
    if not len(x) == len(y) == total:
        raise SketchError(
            f"x has {len(x)} numbers, y {len(y)}, and the strokes {total} points together"
        )
    # A comparison with NaN is false, so NaN is rejected too.
    if not (np.abs(x).max() <= LARGEST_COORDINATE and np.abs(y).max() <= LARGEST_COORDINATE):
        finite = np.isfinite(x).all() and np.isfinite(y).all()
        raise SketchError(
            f"a coordinate is beyond {LARGEST_COORDINATE:.0e}"
            if finite
            else "a coordinate is not a finite number"
        )
