"""Clutter: lines beside the thing drawn that belong to none of its parts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from instancesketch.core.taxonomy import UNLABELED
from instancesketch.synth.canvas import Canvas
from instancesketch.synth.primitives import (
    curve,
    ellipse,
    join,
    place,
    polyline,
    rectangle,
    zigzag,
)

# Capitals as people write them, each stroke as corners in a box of 1, y down.
_LETTERS: dict[str, tuple[tuple[tuple[float, float], ...], ...]] = {
    "A": (((0, 1), (0.5, 0), (1, 1)), ((0.2, 0.6), (0.8, 0.6))),
    "B": (((0, 0), (0, 1)), ((0, 0), (0.8, 0.2), (0, 0.5), (0.9, 0.8), (0, 1))),
    "C": (((1, 0.1), (0.3, 0), (0, 0.5), (0.3, 1), (1, 0.9)),),
    "D": (((0, 0), (0, 1), (0.9, 0.6), (0.7, 0.1), (0, 0)),),
    "E": (((0.9, 0), (0, 0), (0, 1), (0.9, 1)), ((0, 0.5), (0.7, 0.5))),
    "K": (((0, 0), (0, 1)), ((0.9, 0), (0, 0.5), (0.9, 1))),
    "L": (((0, 0), (0, 1), (0.8, 1)),),
    "O": (((0.5, 0), (0, 0.4), (0.4, 1), (1, 0.6), (0.5, 0)),),
    "R": (((0, 1), (0, 0), (0.8, 0.25), (0, 0.5), (0.9, 1)),),
    "T": (((0, 0), (1, 0)), ((0.5, 0), (0.5, 1))),
    "U": (((0, 0), (0.1, 0.9), (0.8, 0.9), (0.9, 0)),),
    "W": (((0, 0), (0.25, 1), (0.5, 0.4), (0.75, 1), (1, 0)),),
    "Y": (((0, 0), (0.5, 0.5)), ((1, 0), (0.3, 1))),
}


@dataclass(frozen=True, kw_only=True)
class _Extent:
    """The box round the thing drawn, in the canvas's units."""

    left: float
    top: float
    right: float
    bottom: float
    size: float  # longer side
    width: float  # of what is added


def add_clutter(canvas: Canvas, category: str) -> None:
    """Add ground, writing, a house or stray lines to a few drawings, as `unlabeled`."""
    # A cloud is drawn alone more often than other things, and whatever stands more seldom.
    chance = {"cloud": 0.04, "sun": 0.08}.get(category, 0.1)
    if not canvas.chance(chance):
        return
    # Clutter is placed about what is drawn already, so this comes last.
    points = np.concatenate([stroke.path for stroke in canvas.strokes])
    (left, top), (right, bottom) = points.min(axis=0), points.max(axis=0)
    # A feature of its own, so that no part's strokes are reordered or left out with it.
    canvas.begin_feature()
    options = {"stray": 2.0, "writing": 1.4, "house": 0.4, "crossed out": 0.3}
    # Things of the sky stand on no ground.
    if category in ("cloud", "sun"):
        options |= {"rain": 1.0, "bird": 1.0}
    else:
        options |= {"ground": 5.0, "grass": 1.0}
    if category == "car":
        options |= {"speed": 1.0}
    add = _CLUTTER[canvas.pick(options)]
    size = max(right - left, bottom - top)
    width = size * canvas.uniform(0.1, 0.6)
    add(
        canvas,
        _Extent(left=left, top=top, right=right, bottom=bottom, size=size, width=width),
    )


def _add_ground(canvas: Canvas, extent: _Extent) -> None:
    y = extent.bottom + extent.size * canvas.uniform(-0.02, 0.03)
    middle = ((extent.left + extent.right) / 2, y + extent.size * canvas.uniform(-0.03, 0.03))
    reach = extent.width / 4
    line = curve((extent.left - reach, y), middle, (extent.right + reach, y))
    canvas.line(line, UNLABELED)


def _add_speed_lines(canvas: Canvas, extent: _Extent) -> None:
    """Draw lines behind a car that drives to the right (a style that mirrors turns both)."""
    for share in canvas.divide(canvas.integer(2, 4), 0.1, 0.9)[:-1]:
        y = extent.top + share * (extent.bottom - extent.top)
        x = extent.left - extent.size * canvas.uniform(0.04, 0.12)
        canvas.line(polyline((x, y), (x - extent.size * canvas.uniform(0.1, 0.3), y)), UNLABELED)


def _add_grass(canvas: Canvas, extent: _Extent) -> None:
    for _ in range(canvas.integer(1, 4)):
        x = canvas.uniform(extent.left, extent.right)
        ends = (x, extent.bottom), (x + extent.width / 2, extent.bottom)
        canvas.line(zigzag(*ends, canvas.integer(4, 12), extent.size * 0.08), UNLABELED)


def _add_stray_lines(canvas: Canvas, extent: _Extent) -> None:
    for _ in range(canvas.integer(1, 3)):
        x = canvas.uniform(extent.left, extent.right)
        y = canvas.uniform(extent.top, extent.bottom)
        reach = extent.size * canvas.rng.normal(0, 0.12, 2)
        canvas.line(polyline((x, y), (x + reach[0], y + reach[1])), UNLABELED)


def _add_rain(canvas: Canvas, extent: _Extent) -> None:
    for _ in range(canvas.integer(3, 9)):
        x = canvas.uniform(extent.left, extent.right)
        y = extent.bottom + extent.size * canvas.uniform(0.05, 0.3)
        end = (x - extent.size * 0.03, y + extent.size * 0.1)
        canvas.line(polyline((x, y), end), UNLABELED)


def _add_bird(canvas: Canvas, extent: _Extent) -> None:
    x, y = canvas.uniform(extent.left, extent.right), extent.bottom + extent.size * 0.15
    r = extent.size * 0.05
    # Two arcs in one line, as far away birds are drawn.
    wings = [ellipse(at, y, r, r, turns=0.5, start=0.5) for at in (x, x + 2 * r)]
    canvas.line(join(wings), UNLABELED)


def _add_house(canvas: Canvas, extent: _Extent) -> None:
    size = extent.size * canvas.uniform(0.2, 0.4)
    x, y = extent.right + extent.size * 0.08, extent.bottom
    canvas.line(rectangle(x, y - size, x + size, y), UNLABELED)
    roof = polyline((x, y - size), (x + size / 2, y - 1.6 * size), (x + size, y - size))
    canvas.line(roof, UNLABELED)
    door = rectangle(x + 0.4 * size, y - 0.5 * size, x + 0.6 * size, y)
    canvas.line(door, UNLABELED)
    if canvas.chance(0.5):
        window = rectangle(x + 0.1 * size, y - 0.8 * size, x + 0.3 * size, y - 0.6 * size)
        canvas.line(window, UNLABELED)


def _cross_out(canvas: Canvas, extent: _Extent) -> None:
    """Scribble over the drawing, as people do with one that they gave up."""
    x, y = (extent.left + extent.right) / 2, (extent.top + extent.bottom) / 2
    canvas.scribble(x, y, extent.size / 3, extent.size / 3, UNLABELED)


def _add_writing(canvas: Canvas, extent: _Extent) -> None:
    """Write a word in capitals above, below or across the drawing."""
    above, below = extent.top - extent.size * 0.1, extent.bottom + extent.size * 0.3
    across = canvas.uniform(extent.top, extent.bottom)
    y = canvas.pick({above: 3.0, below: 1.0, across: 1.0})
    x = extent.left + extent.size * canvas.uniform(-0.1, 0.5)
    size = extent.size * canvas.uniform(0.06, 0.22)
    # Words are never mirrored: a style that mirrors the drawing gets them mirrored twice.
    direction = -1 if canvas.style.mirror else 1
    names = list(_LETTERS)
    # Any letters: a model is not to read, but to know writing from parts.
    for i in range(canvas.integer(2, 7)):
        left = x + direction * 1.25 * i * size
        for corners in _LETTERS[names[canvas.integer(0, len(names) - 1)]]:
            scale = (direction * canvas.uniform(0.7, 1.0), 1)
            path = np.array(corners, np.float64) * size * scale
            canvas.line(place(path, left, y - size), UNLABELED)


_CLUTTER: dict[str, Callable[[Canvas, _Extent], None]] = {
    "ground": _add_ground,
    "speed": _add_speed_lines,
    "grass": _add_grass,
    "stray": _add_stray_lines,
    "rain": _add_rain,
    "bird": _add_bird,
    "house": _add_house,
    "crossed out": _cross_out,
    "writing": _add_writing,
}
