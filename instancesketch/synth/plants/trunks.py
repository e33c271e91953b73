"""Trunks of trees, with limbs, roots and bark."""

from __future__ import annotations

import numpy as np

from instancesketch.synth.canvas import Canvas
from instancesketch.synth.primitives import curve, join, polyline, zigzag

_TRUNKS = {"lines": 6.0, "box": 2.0, "line": 2.0, "filled": 0.5, "fork": 1.5, "roots": 0.6}


def draw_trunk(canvas: Canvas, top: float, width: float, length: float) -> None:
    """Draw a trunk about x = 0, down from y = `top`; most are broader below."""
    half = width / 2
    flare = canvas.pick({1.0: 2, 1.4: 2, canvas.uniform(1.5, 4): 1.5})
    low, lean, foot = top + length, canvas.rng.normal(0, 0.04), half * flare
    waist = (-half * canvas.jitter(1), top + 0.6 * length)
    left = curve((-half, top), waist, (-foot, low))
    if canvas.chance(0.4):  # straight
        left = left[[0, -1]]
    shift = np.linspace(0, lean, len(left))[:, None] * (1, 0)
    right = left * (-1, 1) + shift
    left = left + shift
    style = canvas.pick(_TRUNKS)
    if style == "line":
        canvas.line(polyline((0, top), (lean, low)), "trunk")
    elif style == "filled":
        ends = (-half, top + length / 2), (half, top + length / 2)
        canvas.line(zigzag(*ends, canvas.integer(7, 15), length), "trunk")
    elif style == "box":
        outline = join([left, right[::-1]])
        closed = canvas.chance(0.4)  # above, too
        canvas.line(join([outline, left[:1]]) if closed else outline, "trunk")
    else:
        canvas.line(left, "trunk")
        canvas.line(right, "trunk")
        if canvas.chance(0.2):  # closed below
            canvas.line(np.stack([left[-1], right[-1]]), "trunk")
    if style in ("fork", "line") and canvas.chance(0.5):
        _draw_limbs(canvas, top, half if style == "fork" else 0.0)
    elif style == "roots":
        for x in (-foot, 0.0, foot):
            end = (x * canvas.uniform(1.2, 2), low + canvas.uniform(0.03, 0.12))
            canvas.line(polyline((x, low), end), "trunk")
    # A line has no room for bark.
    _draw_bark(canvas, top, width if style != "line" else 0.0, length)


def _draw_limbs(canvas: Canvas, top: float, half: float) -> None:
    """Draw the trunk's way on into the crown: a V between its lines, or branches."""
    rise = canvas.uniform(0.08, 0.3)
    reach = canvas.uniform(1.0, 3.0) * max(half, 0.05)
    if canvas.chance(0.5):
        left, right = (-reach, top - rise), (reach, top - rise)
        fork = polyline((-half, top), left, (0, top), right, (half, top))
        # The middle of it alone is a mere V.
        canvas.line(fork if canvas.chance(0.5) else fork[1:-1], "trunk")
        return
    for side in (-1, 1):
        bend, end = (side * reach, top - rise / 2), (side * 1.5 * reach, top - rise)
        canvas.line(curve((side * half, top), bend, end), "trunk")


def _draw_bark(canvas: Canvas, top: float, width: float, length: float) -> None:
    if width > 0.15 and canvas.detail(0.15):  # a hollow
        canvas.ring(0, top + 0.55 * length, width * 0.15, width * 0.22, "trunk")
    if width > 0.12 and canvas.detail(0.12):
        for _ in range(canvas.integer(1, 4)):
            x = canvas.uniform(-0.35, 0.35) * width
            y = top + length * canvas.uniform(0.1, 0.8)
            canvas.line(polyline((x, y), (x, y + length * 0.15)), "trunk")
