"""What people draw beside the thing that was asked for: lines that belong to none of its parts."""

from __future__ import annotations

import numpy as np

from instancesketch.core.taxonomy import UNLABELED
from instancesketch.synth.canvas import Pad
from instancesketch.synth.primitives import (
    curve,
    ellipse,
    joined,
    placed,
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


def clutter(pad: Pad, category: str) -> None:
    """Adds ground, writing, a house or stray lines to a few drawings, as `unlabeled`."""
    if not pad.chance(0.04 if category == "cloud" else 0.08):
        return
    points = np.concatenate([mark.path for mark in pad.marks])
    (left, top), (right, bottom) = points.min(axis=0), points.max(axis=0)
    size = max(right - left, bottom - top)
    pad.feature()
    kinds = {"stray": 2.0, "writing": 1.4, "house": 0.4, "crossed": 0.3}
    if category not in ("cloud", "sun"):
        kinds |= {"ground": 3.0, "grass": 1.0}
    else:
        kinds |= {"rain": 1.0, "bird": 1.0}
    kind = pad.pick(kinds)
    wide = size * pad.between(0.1, 0.6)
    if kind == "ground":
        y = bottom + size * pad.between(-0.02, 0.03)
        middle = ((left + right) / 2, y + size * pad.between(-0.03, 0.03))
        pad.line(curve((left - wide / 4, y), middle, (right + wide / 4, y)), UNLABELED)
    elif kind == "grass":
        for _ in range(pad.count(1, 4)):
            x = pad.between(left, right)
            pad.line(
                zigzag((x, bottom), (x + wide / 2, bottom), pad.count(4, 12), size * 0.08),
                UNLABELED,
            )
    elif kind == "stray":
        for _ in range(pad.count(1, 3)):
            x, y = pad.between(left, right), pad.between(top, bottom)
            reach = size * pad.rng.normal(0, 0.12, 2)
            pad.line(polyline((x, y), (x + reach[0], y + reach[1])), UNLABELED)
    elif kind == "rain":
        for _ in range(pad.count(3, 9)):
            x, y = pad.between(left, right), bottom + size * pad.between(0.05, 0.3)
            pad.line(polyline((x, y), (x - size * 0.03, y + size * 0.1)), UNLABELED)
    elif kind == "bird":
        x, y, r = pad.between(left, right), bottom + size * 0.15, size * 0.05
        wing = {"ry": r, "turns": 0.5, "start": 0.5}
        pad.line(joined([ellipse(x, y, r, **wing), ellipse(x + 2 * r, y, r, **wing)]), UNLABELED)
    elif kind == "house":
        _house(pad, right + size * 0.08, bottom, size * pad.between(0.2, 0.4))
    elif kind == "crossed":  # done with
        pad.scribble((left + right) / 2, (top + bottom) / 2, size / 3, size / 3, UNLABELED)
    else:
        y = pad.pick(
            {top - size * 0.1: 3.0, bottom + size * 0.3: 1.0, pad.between(top, bottom): 1.0}
        )
        _writing(pad, left + size * pad.between(-0.1, 0.5), y, size * pad.between(0.06, 0.22))


def _house(pad: Pad, x: float, y: float, size: float) -> None:
    pad.line(rectangle(x, y - size, x + size, y), UNLABELED)
    pad.line(
        polyline((x, y - size), (x + size / 2, y - 1.6 * size), (x + size, y - size)), UNLABELED
    )
    pad.line(rectangle(x + 0.4 * size, y - 0.5 * size, x + 0.6 * size, y), UNLABELED)
    if pad.chance(0.5):
        pad.line(
            rectangle(x + 0.1 * size, y - 0.8 * size, x + 0.3 * size, y - 0.6 * size), UNLABELED
        )


def _writing(pad: Pad, x: float, y: float, size: float) -> None:
    """A word in capitals, from (x, y) to the right."""
    names, way = list(_LETTERS), -1 if pad.hand.mirror else 1  # words are never mirrored
    for place in range(pad.count(2, 7)):
        left = x + way * 1.25 * place * size
        for corners in _LETTERS[names[pad.count(0, len(names) - 1)]]:
            path = np.array(corners, np.float64) * size * (way * pad.between(0.7, 1.0), 1)
            pad.line(placed(path, left, y - size), UNLABELED)
