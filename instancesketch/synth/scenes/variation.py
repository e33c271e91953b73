"""Variation of a drawing's strokes, as if the same hand drew it another time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from instancesketch.synth.primitives import Path, rotate, warp

_STRETCH = 0.22  # width over height changes by a factor of e to this, at most
_WARP = 0.045  # largest coefficient of the distortion
_SHIFT = 0.008  # of half a drawing's size: spread of a stroke's place


def vary(
    paths: Sequence[Path], is_wide: bool, may_mirror: bool, rng: np.random.Generator
) -> list[Path]:
    """Stretch, bend and turn a drawing a little, and shift each stroke.

    Args:
        paths: strokes, each (n, 2).
        is_wide: it is a backdrop, which is not turned.
        may_mirror: its labels hold when left and right are swapped.
        rng: source of all choices.
    """
    low, span = bounds(paths)
    centre, radius = low + span / 2, float(span.max()) / 2
    stretch = np.exp(rng.uniform(-_STRETCH, _STRETCH) * np.array([0.5, -0.5]))
    if may_mirror and rng.random() < 0.5:
        stretch[0] = -stretch[0]
    turns = 0.0 if is_wide else float(rng.normal(0, 0.012))
    coefficients = radius * rng.uniform(-_WARP, _WARP, (3, 2))

    def redraw(path: Path) -> Path:
        bent = warp(path, centre, radius, coefficients) * stretch
        return rotate(bent, turns) + rng.normal(0, _SHIFT, 2) * radius

    return [redraw(path) for path in paths]


def bounds(paths: Sequence[Path]) -> tuple[Path, Path]:
    """Return the upper left corner and the sides, (2,) each, of the box round paths.

    No side is 0, so that a straight line can be scaled to a box.
    """
    points = np.concatenate(list(paths))
    low, span = points.min(axis=0), np.ptp(points, axis=0)
    return low, np.maximum(span, max(float(span.max()) * 1e-3, 1e-6))
