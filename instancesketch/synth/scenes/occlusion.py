"""What is hidden by a thing in front isn't always drawn: lines end at its outline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from instancesketch.core.sketch import Sketch
from instancesketch.synth.primitives import Path, length, points_at, simplify
from instancesketch.synth.scenes.placement import Thing

_LEFT = 0.3  # of a thing's lines that stay, at least
_STEP = 3.0  # px between the points at which it is looked whether a line is hidden


@dataclass
class Drawn:
    """A thing and its strokes, each with the stroke of the drawing that it was."""

    thing: Thing
    strokes: list[Path]
    drawing: Sketch | None = None  # None: no drawing of a corpus
    before: Sequence[Path] = ()  # the strokes before they were placed
    origin: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        self.origin = self.origin or tuple(range(len(self.strokes)))

    @property
    def box(self) -> npt.NDArray[np.float64]:
        """What it covers, (4,)."""
        points = np.concatenate(self.strokes)
        return np.concatenate([points.min(axis=0), points.max(axis=0)])


def hide(objects: Sequence[Drawn], share: float, rng: np.random.Generator) -> None:
    """Leaves out, for a share of overlaps, what of a thing lies within the outline of a nearer one.

    No thing vanishes: one of which hardly anything would be left stays as it is.
    """
    ranked = sorted(objects, key=lambda o: o.thing.depth)
    for i, back in enumerate(ranked):
        for front in ranked[i + 1 :]:
            if rng.random() >= share or not _overlap(back.box, front.box):
                continue
            shape = outline(front.strokes)
            if shape is not None:
                _cut(back, shape)


def outline(strokes: Sequence[Path]) -> Path | None:
    """The stroke that goes round most of a thing, if there is one: closed, or nearly so."""
    points = np.concatenate(strokes)
    area = float(np.ptp(points, axis=0).prod())
    best, most = None, 0.3 * area
    for stroke in strokes:
        size = np.ptp(stroke, axis=0)
        gap = float(np.hypot(*(stroke[0] - stroke[-1])))
        if len(stroke) > 3 and gap < 0.25 * float(size.max()) and float(size.prod()) > most:
            best, most = stroke, float(size.prod())
    return best


def is_inside(points: Path, shape: Path) -> npt.NDArray[np.bool_]:
    """Which points (n, 2) lie within a closed line, by the even-odd rule."""
    x, y = points[:, :1], points[:, 1:]
    x0, y0 = shape.T
    x1, y1 = np.roll(shape, -1, axis=0).T
    spans = (y0 > y) != (y1 > y)
    with np.errstate(divide="ignore", invalid="ignore"):
        crossing = x0 + (y - y0) * (x1 - x0) / (y1 - y0)
    return np.asarray((spans & (x < crossing)).sum(axis=1) % 2 == 1)


def _overlap(a: npt.NDArray[np.float64], b: npt.NDArray[np.float64]) -> bool:
    return bool((np.minimum(a[2:], b[2:]) >= np.maximum(a[:2], b[:2])).all())


def _cut(back: Drawn, shape: Path) -> None:
    strokes: list[Path] = []
    origin: list[int] = []
    for stroke, number in zip(back.strokes, back.origin, strict=True):
        pieces = _outside(stroke, shape)
        strokes += pieces
        origin += [number] * len(pieces)
    before, left = (sum(map(length, paths)) for paths in (back.strokes, strokes))
    if strokes and left >= _LEFT * before:
        back.strokes, back.origin = strokes, tuple(origin)


def _outside(stroke: Path, shape: Path) -> list[Path]:
    """The pieces of a stroke outside a shape; the stroke itself where none of it is inside."""
    long = length(stroke)
    fine = (
        points_at(stroke, np.linspace(0, 1, int(long / _STEP) + 2)) if len(stroke) > 1 else stroke
    )
    hidden = is_inside(fine, shape)
    if not hidden.any():
        return [stroke]
    ends = np.flatnonzero(np.diff(hidden.astype(np.int8)))
    runs = np.split(fine, ends + 1)
    kept = [run for run, gone in zip(runs, np.split(hidden, ends + 1), strict=True) if not gone[0]]
    return [simplify(run, 0.5) for run in kept if length(run) > 2 * _STEP]
