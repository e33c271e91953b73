"""Points on cubic Bézier curves, for programs whose files hold curves of few points."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

Points = npt.NDArray[np.float64]
_TOLERANCE = 1e-3  # of the curve's larger side: how far a polyline may be from it
_MAX_SEGMENTS = 256


def sample_cubic(control_42: npt.ArrayLike) -> Points:
    """Return points on a cubic Bézier curve after its start, close enough to draw it, (n, 2).

    The number is Wang's bound (G. Wang, "The subdivision method for finding the intersection
    between two Bézier curves or surfaces", 1984).
    """
    control = np.asarray(control_42, np.float64)
    with np.errstate(over="ignore", invalid="ignore"):
        bend = np.hypot(*np.diff(control, 2, axis=0).T).max()
        side = np.ptp(control, axis=0).max()
        bound = 6 / 8 * bend / (_TOLERANCE * side) if side > 0 else 0.0
    # Hostile numbers: a sketch rejects what isn't finite.
    if not math.isfinite(bound):
        return control[3:]
    number = min(max(math.ceil(math.sqrt(bound)), 1), _MAX_SEGMENTS)
    t = np.linspace(0, 1, number + 1)[1:, None]
    a, b, c, d = control
    return (1 - t) ** 3 * a + 3 * t * (1 - t) ** 2 * b + 3 * t**2 * (1 - t) * c + t**3 * d


def sample_spline(points_K2: npt.ArrayLike, pull: float = 1.0, loose: bool = False) -> Points:
    """Return points on the Catmull-Rom curve through the given ones, ends included.

    Args:
        points_K2: the points.
        pull: how far control points lie from theirs, by the usual distance.
        loose: the curve leaves the two ends in any direction.
    """
    points = np.asarray(points_K2, np.float64)
    if len(points) < 3:
        return points
    # The ends count twice, so that the curve begins and ends in them.
    ends = np.concatenate([points[:1], points, points[-1:]])
    pieces, last = [points[:1]], len(points) - 2
    for i, (a, b, c, d) in enumerate(zip(ends, ends[1:], ends[2:], ends[3:], strict=False)):
        first = b if loose and i == 0 else b + (c - a) / 6 * pull
        second = c if loose and i == last else c - (d - b) / 6 * pull
        pieces.append(sample_cubic([b, first, second, c]))
    return np.concatenate(pieces)


def sample_ellipse(width: float, height: float, number: int = 64) -> Points:
    """Return the closed outline of an ellipse in the box from (0, 0), from its right on."""
    angle = np.linspace(0, 2 * np.pi, number + 1)
    outline = np.stack([1 + np.cos(angle), 1 + np.sin(angle)], axis=1) * (width / 2, height / 2)
    outline[-1] = outline[0]
    return outline


def rotate(points_K2: Points, angle: float, centre: npt.ArrayLike = (0.0, 0.0)) -> Points:
    """Return points turned by an angle in radians, clockwise as seen with y down."""
    if not angle:
        return points_K2
    c, s = math.cos(angle), math.sin(angle)
    middle = np.asarray(centre, np.float64)
    return (points_K2 - middle) @ np.array([[c, s], [-s, c]]) + middle
