"""Crowns of firs: triangles, tiers, stairs, twigs or one zigzag."""

from __future__ import annotations

import numpy as np

from instancesketch.synth.canvas import Canvas
from instancesketch.synth.primitives import Point, curve, join, place, polyline


def draw_fir(canvas: Canvas) -> float:
    """Draw a crown that ends at y = 0; return the upper end of the trunk."""
    canvas.begin_feature()
    half, height = canvas.uniform(0.2, 0.5), canvas.uniform(0.8, 1.5)
    styles = {
        _draw_triangle: 3.0,
        _draw_tiers: 3.0,
        _draw_stairs: 2.0,
        _draw_twigs: 1.2,
        _draw_widening_zigzag: 0.6,
    }
    canvas.pick(styles)(canvas, half, height)
    return canvas.uniform(-0.1, 0.0)


def _draw_triangle(canvas: Canvas, half: float, height: float) -> None:
    """Draw one triangle, closed or with its base as a line of its own."""
    corners = polyline((-half, 0), (0, -height), (half, 0))
    if canvas.chance(0.75):
        canvas.loop(join([corners, corners[:1]]), "leaves")
    else:
        canvas.line(corners, "leaves")
        canvas.line(corners[[0, -1]], "leaves")


def _draw_tiers(canvas: Canvas, half: float, height: float) -> None:
    """Draw triangles over each other, all with a base or all without."""
    count, open_below = canvas.integer(2, 5), canvas.chance(0.35)
    for i in range(count):
        y, w = -height * (count - 1 - i) / count, half * (i + 1.5) / (count + 0.5)
        # 1.3 times as high as the step, so that each tier is covered by the one above.
        corners = polyline((-w, y), (0, y - height / count * 1.3), (w, y))
        canvas.line(corners if open_below else join([corners, corners[:1]]), "leaves")


def _draw_stairs(canvas: Canvas, half: float, height: float) -> None:
    """Draw both sides as stairs, in one line or apart."""
    count, notch = canvas.integer(3, 6), canvas.uniform(0.3, 0.7)
    steps: list[Point] = []
    for i in range(count):
        w, y = half * (i + 1) / count, -height * (1 - (i + 1) / count)
        steps += [(w, y)]
        if i < count - 1:
            steps += [(w * notch, y - canvas.uniform(0, 0.05))]
    # Both sides are mirror images: a fir is drawn by rote.
    right = polyline((0, -height), *steps)
    left = right * (-1, 1)
    if canvas.chance(0.55):
        base = left[-1:] if canvas.chance(0.8) else left[:0]
        canvas.line(join([left[::-1], right, base]), "leaves")
        return
    for side in (left, right):
        canvas.line(side, "leaves")
    if canvas.chance(0.7):  # the base
        canvas.line(np.stack([left[-1], right[-1]]), "leaves")


def _draw_twigs(canvas: Canvas, half: float, height: float) -> None:
    """Draw branches on both sides of the trunk, each a stroke or a pair in one."""
    # All branches of a fir hang alike.
    in_pairs, sag = canvas.chance(0.4), canvas.uniform(-0.1, 0.35)
    for level in canvas.divide(canvas.integer(2, 5), 0.05, 0.75)[:-1]:
        reach, y = half * (0.4 + level), -height * (1 - level)
        left, right = (curve((0, 0), (x * 0.6, sag / 2), (x, sag)) for x in (-reach, reach))
        for branch in [join([left[::-1], right])] if in_pairs else [left, right]:
            canvas.line(place(branch, 0, y), "leaves")
    # The trunk shows between the branches, besides its lower end that every tree gets.
    canvas.line(polyline((0, -height), (0, 0)), "trunk")


def _draw_widening_zigzag(canvas: Canvas, half: float, height: float) -> None:
    """Draw one zigzag that widens on its way down."""
    count = canvas.integer(6, 14)
    y = np.linspace(-height, 0, count)
    swing = np.where(np.arange(count) % 2, 1, -1) * np.linspace(0.02, half, count)
    canvas.line(np.stack([swing * canvas.rng.uniform(0.7, 1.1, count), y], 1), "leaves")
