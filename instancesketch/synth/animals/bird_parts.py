"""Heads, wings, tails and legs of birds."""

from __future__ import annotations

import numpy as np

from instancesketch.synth.animals.features import Legs, draw_eye, pick_eye_style
from instancesketch.synth.canvas import Canvas
from instancesketch.synth.primitives import (
    curve,
    ellipse,
    join,
    place,
    polyline,
    rotate,
    scallops,
    teardrop,
    zigzag,
)

_FEET = {
    "": 5.0, "toes": 4.0, "vee": 2.0, "fork": 1.5, "oval": 0.8, "line": 0.7, "web": 0.7,
}  # fmt: skip


def draw_beak(canvas: Canvas, x: float, y: float, r: float) -> None:
    """Draw a beak to the right from (x, y) on a head of radius r."""
    length, half = r * canvas.uniform(0.4, 1.6), r * canvas.uniform(0.15, 0.4)
    tip = (x + length, y + canvas.uniform(-0.1, 0.3) * r)
    style = canvas.pick({"wedge": 5.0, "closed": 2.0, "open": 1.0, "hook": 1.0, "line": 0.4})
    if style == "wedge":
        canvas.line(polyline((x, y - half), tip, (x, y + half)), "head")
    elif style == "closed":
        canvas.loop(polyline((x, y - half), tip, (x, y + half), (x, y - half)), "head")
    elif style == "open":
        canvas.line(polyline((x, y - half), (tip[0], tip[1] - half), (x, y)), "head")
        canvas.line(polyline((x, y), (tip[0], tip[1] + half), (x, y + half)), "head")
    elif style == "hook":
        point = (x + length * 0.8, y + 2 * half)
        canvas.line(curve((x, y - half), (x + length, y), point, (x, y + half)), "head")
    else:
        canvas.line(polyline((x, y), tip), "head")
    # The line where the beak opens; the other styles have it already.
    if style in ("wedge", "closed", "hook") and canvas.detail(0.35):
        canvas.line(polyline((x, y), tip), "head")


def draw_wing(canvas: Canvas, x: float, y: float, length: float) -> None:
    """Draw a folded wing about (x, y) that points to the left."""
    style = canvas.pick({"drop": 3.0, "arc": 3.0, "curl": 1.5, "filled": 1.0, "oval": 1.0})
    back = (x - length, y + canvas.uniform(-0.1, 0.15))
    if style == "drop":
        canvas.loop(teardrop((x, y), back, canvas.uniform(0.4, 0.7)), "body")
    elif style == "arc":
        canvas.line(curve((x, y - 0.05), (x - length * 0.3, y + 0.14), back), "body")
    elif style == "curl":
        belly = curve((x, y), (x - length / 2, y + 0.12), back)
        feathers = scallops(belly, canvas.divide(canvas.integer(3, 5)), 0.4)
        canvas.line(join([feathers, belly[:1]]), "body")
    elif style == "oval":
        canvas.ring(x - length / 2, y, length / 2, 0.1, "body", tilt=-0.04)
    else:
        canvas.scribble(x - length / 2, y, length / 2, 0.1, "body")
    for _ in range(canvas.integer(1, 4) if canvas.detail(0.35) else 0):  # feathers
        fx, fy = x - length * canvas.uniform(0.2, 0.8), y + canvas.uniform(-0.05, 0.1)
        canvas.line(curve((fx, fy), (fx - 0.06, fy + 0.03), (fx - 0.12, fy)), "body")


def draw_bird_tail(canvas: Canvas, x: float, y: float, size: float, tilt: float = 0.0) -> None:
    """Draw a tail to the left from (x, y), rotated by about `tilt` turns."""
    style = canvas.pick({"lines": 2.0, "wedge": 3.0, "fan": 1.0, "zigzag": 1.0, "drop": 1.0})
    tilt += canvas.uniform(-0.12, 0.1)
    # Feathers as separate strokes; the other tails are one line each.
    if style == "lines":
        for angle in np.linspace(-0.05, 0.05, canvas.integer(2, 4)):
            feather = rotate(polyline((0, 0), (-1, 0)), float(angle) + tilt)
            canvas.line(place(feather, x, y, size), "tail")
        return
    root, teeth = polyline((0, 0)), zigzag((-1, -0.5), (-1, 0.5), canvas.integer(3, 6), 0.3)
    shapes = {
        "wedge": polyline((0, -0.15), (-1, -0.4), (-1, 0.3), (0, 0.15)),
        "fan": join([root, ellipse(0, 0, 1, 1, start=0.4, turns=0.2), root]),
        "zigzag": join([root, teeth, root]),
        "drop": teardrop((0, 0), (-1, 0), 0.4),
    }
    canvas.line(place(rotate(shapes[style], tilt), x, y, size), "tail")


def draw_bird_legs(canvas: Canvas, middle: float, y: float, length: float) -> None:
    """Draw two legs, seldom one, down from y, about x = `middle`."""
    style = canvas.pick({"stick": 6.0, "bent": 2.0, "two": 1.0, "tube": 1.0, "hook": 1.0})
    # A hooked leg has its foot in the line.
    legs = Legs(
        style=style,
        length=length,
        width=canvas.uniform(0.03, 0.07),
        bend=canvas.uniform(-0.08, 0.08),
        foot="" if style == "hook" else canvas.pick(_FEET),
    )
    canvas.begin_feature()
    # Both legs lean alike, and may stand apart besides.
    gap = canvas.uniform(0.03, 0.25)
    lean = canvas.pick({0.0: 3.0, canvas.uniform(-0.15, 0.15): 2.0})
    splay = canvas.pick({0.0: 3.0, canvas.uniform(-0.1, 0.2): 1.0})
    if canvas.chance(0.04):
        _draw_one_leg_tucked(canvas, legs, middle, y)
        return
    # One leg alone: the other is behind it, seen exactly from the side.
    for i, offset in enumerate((0.0,) if canvas.chance(0.1) else (-gap / 2, gap / 2)):
        step, top = lean + (2 * i - 1) * splay, y + canvas.uniform(-0.02, 0.02)
        legs.draw(canvas, middle + offset, top, "back-leg", f"leg {i}", step)


def _draw_one_leg_tucked(canvas: Canvas, legs: Legs, middle: float, y: float) -> None:
    """Draw one leg straight and one pulled up, as flamingos stand."""
    knee = (middle + canvas.uniform(0.1, 0.2), y + 0.4 * legs.length)
    tucked = polyline((middle, y), knee, (middle + 0.02, y + 0.55 * legs.length))
    canvas.line(tucked, "back-leg", "leg 0")
    legs.draw(canvas, middle, y, "back-leg", "leg 1")


def draw_bird_head(canvas: Canvas, x: float, y: float, r: float) -> None:
    """Draw a round head that looks to the right, radius r."""
    canvas.ring(x, y, r, r * canvas.uniform(0.85, 1.1), "head")
    # A head without beak or eye is common in hasty drawings.
    if canvas.chance(0.9):
        draw_beak(canvas, x + r * 0.95, y + r * 0.1, r)
    if canvas.chance(0.75):
        size = r * canvas.uniform(0.1, 0.22)
        draw_eye(canvas, x + 0.3 * r, y - 0.2 * r, size, pick_eye_style(canvas))
    if canvas.detail(0.12):  # a comb
        for dx in (-0.3, 0, 0.3):
            feather = curve((dx, -1), (dx - 0.3, -1.3), (dx - 0.6, -1.5))
            canvas.line(place(feather, x, y, r), "head")
