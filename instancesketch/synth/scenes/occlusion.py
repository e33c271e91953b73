"""Occlusion: lines of an object end at the outline of one in front, in some overlaps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from instancesketch.core.sketch import Sketch
from instancesketch.synth.primitives import (
    Path,
    is_nearly_closed,
    length,
    points_at,
    simplify,
)
from instancesketch.synth.scenes.page import Box, PlacedObject

_LEAST_VISIBLE = 0.3  # of the length of an object's lines
_STEP = 3.0  # px between the points at which a line is tested


@dataclass
class DrawnObject:
    """A placed object and its strokes, which occlusion may split or leave out."""

    placed: PlacedObject
    strokes: list[Path]
    drawing: Sketch | None = None  # None: scenery, which is no drawing of a corpus
    unplaced: Sequence[Path] = ()  # the strokes before they were varied and placed
    origin: tuple[int, ...] = ()  # for each stroke, its index in the drawing

    def __post_init__(self) -> None:
        self.origin = self.origin or tuple(range(len(self.strokes)))

    @property
    def box(self) -> Box:
        """The box round what is left of the strokes, (4,)."""
        points = np.concatenate(self.strokes)
        return np.concatenate([points.min(axis=0), points.max(axis=0)])


def hide(objects: Sequence[DrawnObject], share: float, rng: np.random.Generator) -> None:
    """Cut, in a share of overlaps, what lies within the outline of a nearer object.

    No object vanishes: one of which hardly anything would be left stays as it is.
    """
    from_back = sorted(objects, key=lambda o: o.placed.depth)
    for i, back in enumerate(from_back):
        for front in from_back[i + 1 :]:
            # Most people draw what is behind as if nothing were in front of it.
            if rng.random() >= share or not _overlap(back.box, front.box):
                continue
            outline = find_outline(front.strokes)
            if outline is not None:
                _cut(back, outline)


def find_outline(strokes: Sequence[Path]) -> Path | None:
    """Return the nearly closed stroke round most of an object, or None if there is none."""
    points = np.concatenate(strokes)
    # An eye is closed, but hides nothing: an outline covers at least 0.3 of the object's box.
    outline, largest = None, 0.3 * float(np.ptp(points, axis=0).prod())
    for stroke in strokes:
        area = float(np.ptp(stroke, axis=0).prod())
        if len(stroke) > 3 and is_nearly_closed(stroke) and area > largest:
            outline, largest = stroke, area
    return outline


def is_inside(points: Path, outline: Path) -> npt.NDArray[np.bool_]:
    """Return which points (n, 2) lie within a closed line, by the even-odd rule."""
    x, y = points[:, :1], points[:, 1:]
    x0, y0 = outline.T
    x1, y1 = np.roll(outline, -1, axis=0).T
    spans = (y0 > y) != (y1 > y)
    # Level sides divide by zero, but span no height, so their crossing isn't looked at.
    with np.errstate(divide="ignore", invalid="ignore"):
        crossing = x0 + (y - y0) * (x1 - x0) / (y1 - y0)
    return np.asarray((spans & (x < crossing)).sum(axis=1) % 2 == 1)


def _overlap(a: Box, b: Box) -> bool:
    return bool((np.minimum(a[2:], b[2:]) >= np.maximum(a[:2], b[:2])).all())


def _cut(back: DrawnObject, outline: Path) -> None:
    """Cut an object's strokes at an outline, unless hardly anything would be left."""
    visible: list[Path] = []
    origin: list[int] = []
    for stroke, number in zip(back.strokes, back.origin, strict=True):
        runs = _runs_outside(stroke, outline)
        visible += runs
        origin += [number] * len(runs)
    before, after = (sum(map(length, paths)) for paths in (back.strokes, visible))
    if visible and after >= _LEAST_VISIBLE * before:
        back.strokes, back.origin = visible, tuple(origin)


def _runs_outside(stroke: Path, outline: Path) -> list[Path]:
    """Return the runs of a stroke outside an outline; the stroke itself if none is inside."""
    fine = stroke
    if len(stroke) > 1:
        fine = points_at(stroke, np.linspace(0, 1, int(length(stroke) / _STEP) + 2))
    hidden = is_inside(fine, outline)
    if not hidden.any():
        return [stroke]
    ends = np.flatnonzero(np.diff(hidden.astype(np.int8))) + 1
    runs = zip(np.split(fine, ends), np.split(hidden, ends), strict=True)
    visible = [run for run, is_hidden in runs if not is_hidden[0]]
    # Resampling gave far more points than a drawn line has; very short rests look like dirt.
    return [simplify(run, 0.5) for run in visible if length(run) > 2 * _STEP]
