"""Polylines that stay close to the curves of a path."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from instancesketch.formats.vector.matrix import IDENTITY, Matrix, apply
from instancesketch.formats.vector.path_data import Subpath

Points = npt.NDArray[np.float64]

TOLERANCE = 1e-3  # of the drawing's larger side: how far a polyline may be from its curve
_MAX_SEGMENTS = 256


def flatten(subpath: Subpath, matrix: Matrix = IDENTITY, side: float = 0.0) -> Points:
    """Return the points of a subpath, (points, 2); those of a closed one end where they began.

    Args:
        subpath: the curves.
        matrix: is applied to them first.
        side: the larger side of the drawing; where it is 0, that of each curve.
    """
    x, y = apply(matrix, *subpath.start)
    points = [(x, y)]
    for curve in subpath.curves:
        ends = [apply(matrix, *curve[i : i + 2]) for i in range(0, len(curve), 2)]
        if len(ends) > 1:
            points += _sample([points[-1], *ends], side)
        else:
            points += ends
    if subpath.closed and points[-1] != points[0]:
        points.append(points[0])
    return np.array(points, np.float64)


def _sample(ends: Sequence[tuple[float, float]], side: float) -> list[tuple[float, float]]:
    """Return points on a Bézier curve after its start, enough to keep the polyline close to it.

    The number is Wang's bound (G. Wang, "The subdivision method for finding the intersection
    between two Bézier curves or surfaces", 1984): sqrt(d (d - 1) / 8 * m / tolerance) for degree d,
    where m is the largest second difference of the control points.
    """
    control = np.array(ends, np.float64)
    degree = len(control) - 1
    bend = float(np.hypot(*np.diff(control, 2, axis=0).T).max())
    size = side or float(np.ptp(control, axis=0).max())
    bound = degree * (degree - 1) / 8 * bend / (TOLERANCE * size) if size else 0.0
    if not math.isfinite(bound):  # coordinates beyond any canvas, which the sketch will refuse
        return [ends[-1]]
    segments = min(max(math.ceil(math.sqrt(bound)), 1), _MAX_SEGMENTS)
    inner = (_basis(degree, segments) @ control).tolist()
    # The end is exact: the next curve starts there.
    return [*map(tuple, inner), ends[-1]]


@lru_cache(maxsize=1024)
def _basis(degree: int, segments: int) -> Points:
    """Return Bernstein's polynomials between the ends, (segments - 1, degree + 1)."""
    at = np.linspace(0, 1, segments + 1)[1:-1, None]
    i = np.arange(degree + 1)
    binomial = np.array([math.comb(degree, k) for k in i])
    values: Points = binomial * at**i * (1 - at) ** (degree - i)
    return values
