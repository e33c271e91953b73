"""Affine transforms: six numbers a, b, c, d, e, f as in SVG's `matrix()`."""

from __future__ import annotations

import math

Matrix = tuple[float, float, float, float, float, float]

IDENTITY: Matrix = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)


def multiply(m: Matrix, n: Matrix) -> Matrix:
    """Return the transform that applies `n` first, then `m`."""
    if m == IDENTITY:
        return n
    if n == IDENTITY:
        return m
    return (
        m[0] * n[0] + m[2] * n[1],
        m[1] * n[0] + m[3] * n[1],
        m[0] * n[2] + m[2] * n[3],
        m[1] * n[2] + m[3] * n[3],
        m[0] * n[4] + m[2] * n[5] + m[4],
        m[1] * n[4] + m[3] * n[5] + m[5],
    )


def apply(m: Matrix, x: float, y: float) -> tuple[float, float]:
    """Return a point's image."""
    return m[0] * x + m[2] * y + m[4], m[1] * x + m[3] * y + m[5]


def determinant(m: Matrix) -> float:
    """Return by how much areas grow."""
    return m[0] * m[3] - m[1] * m[2]


def stretch(m: Matrix) -> float:
    """Return by how much lengths grow at most: the largest singular value."""
    squares = m[0] ** 2 + m[1] ** 2 + m[2] ** 2 + m[3] ** 2
    root = math.sqrt(max(squares**2 - 4 * determinant(m) ** 2, 0.0))
    return math.sqrt((squares + root) / 2)


def inverse(m: Matrix) -> Matrix:
    """Return the transform that undoes `m`, whose determinant isn't 0."""
    det = determinant(m)
    a, b, c, d = m[3] / det, -m[1] / det, -m[2] / det, m[0] / det
    return (a, b, c, d, -(a * m[4] + c * m[5]), -(b * m[4] + d * m[5]))


def translate(x: float, y: float) -> Matrix:
    """Return a shift."""
    return (1.0, 0.0, 0.0, 1.0, x, y)


def scale(x: float, y: float) -> Matrix:
    """Return a scaling of both axes."""
    return (x, 0.0, 0.0, y, 0.0, 0.0)


def rotate(degrees: float) -> Matrix:
    """Return a rotation about the origin, clockwise where y points down."""
    # Right angles are exact, so that upright drawings stay upright.
    quarter = degrees % 360 / 90
    if quarter.is_integer():
        cos, sin = ((1, 0), (0, 1), (-1, 0), (0, -1))[int(quarter) % 4]
    else:
        cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))  # type: ignore[assignment]
    return (cos, sin, -sin, cos, 0.0, 0.0)


def skew(x_degrees: float, y_degrees: float) -> Matrix:
    """Return a skew along both axes."""
    return (1.0, math.tan(math.radians(y_degrees)), math.tan(math.radians(x_degrees)), 1.0, 0, 0)


def about(m: Matrix, x: float, y: float) -> Matrix:
    """Return `m` with (x, y) as its origin."""
    return multiply(multiply(translate(x, y), m), translate(-x, -y))
