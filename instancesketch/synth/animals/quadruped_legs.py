"""Legs of four-legged animals from the side: standing, running, lying."""

from __future__ import annotations

import numpy as np

from instancesketch.synth.animals.features import Legs
from instancesketch.synth.animals.species import Animal
from instancesketch.synth.canvas import Canvas, Segment
from instancesketch.synth.primitives import Path, polyline, teardrop

_LEG_STYLES = {
    "stick": 4.5, "tube": 4.0, "two": 0.7, "bent": 1.5, "box": 0.6, "wedge": 0.8, "oval": 0.7,
    "hook": 0.7,
}  # fmt: skip


def draw_legs(canvas: Canvas, animal: Animal, running: bool) -> None:
    """Draw two pairs; seldom only the near legs, one of them left out, or all in one zigzag."""
    half = animal.half_height
    # A body that is the back alone has legs from there, as long as the belly is deep.
    on_spine = animal.body == "spine"
    legs = Legs(
        style=canvas.pick(_LEG_STYLES),
        length=animal.leg_length + (2 * half if on_spine else 0),
        width=canvas.uniform(0.05, 0.13),
        bend=canvas.uniform(-0.05, 0.05),
        foot=canvas.pick({"": 22.0, "oval": 1.0, "line": 0.3}),
    )
    # From the side the far legs are hidden, and some people draw what they see.
    near_only, gap = canvas.chance(0.14), canvas.uniform(0.05, 0.2)
    inset, spread = canvas.uniform(0.2, 0.42), canvas.uniform(0.1, 0.4) if running else 0.0
    if canvas.chance(0.03):
        _draw_legs_in_one_line(canvas, inset, gap, half, legs.length)
        return
    top = -half if on_spine else half
    for part, middle in (("front-leg", inset), ("back-leg", -inset)):
        canvas.begin_feature()
        offsets = (0.0,) if near_only or canvas.chance(0.06) else (-gap / 2, gap / 2)
        if len(offsets) == 2 and canvas.chance(0.04):
            # Both in one line, so that the line is no instance.
            pair = _leg_pair_path(middle, gap, top * 0.8, legs.length, bool(canvas.integer(0, 1)))
            canvas.line(pair, part)
            continue
        lean = spread * canvas.pick({1: 1.0, -1: 1.0})
        for i, offset in enumerate(offsets):
            x = middle + offset
            # Where the ellipse of the body ends at this x, or a little inside.
            y = top * (np.sqrt(max(0, 1 - (x / 0.5) ** 2)) * canvas.uniform(0.8, 1.0))
            # Two legs of a pair mostly lean alike, else they cross or part.
            step = lean * canvas.jitter(1, 0.3) * (1 if canvas.chance(0.6) else 1 - 2 * i)
            legs.draw(canvas, x, top if top < 0 else y, part, f"{part} {i}", step)


def _leg_pair_path(x: float, gap: float, y: float, length: float, square: bool) -> Path:
    """Return two legs beside each other in one line, pointed or square."""
    w, low = gap * 0.8, y + length
    if square:
        between = (x - w / 2, low), (x - w / 2, y), (x + w / 2, y), (x + w / 2, low)
        return polyline((x - w, y), (x - w, low), *between, (x + w, low), (x + w, y))
    return polyline((x - w, y), (x - w / 2, low), (x, y), (x + w / 2, low), (x + w, y))


def _draw_legs_in_one_line(
    canvas: Canvas, inset: float, gap: float, half: float, length: float
) -> None:
    canvas.begin_feature()
    square = bool(canvas.integer(0, 1))
    pairs = [
        Segment(
            path=_leg_pair_path(x, gap, half * 0.8, length * canvas.jitter(1), square), part=part
        )
        for part, x in (("back-leg", -inset), ("front-leg", inset))
    ]
    canvas.one_stroke(pairs)


def draw_lying_legs(canvas: Canvas, half: float) -> None:
    """Draw forelegs stretched out and a thigh, on a body 2 `half` high that lies."""
    canvas.begin_feature()
    reach = canvas.uniform(0.15, 0.4)
    for i in range(canvas.integer(1, 2)):
        y = half * (0.8 + 0.25 * i)
        leg = teardrop((0.3, y), (0.35 + reach, y + 0.04), 0.3)
        canvas.line(leg, "front-leg", f"front {i}")
    canvas.begin_feature()
    if canvas.chance(0.8):
        canvas.ring(-0.3, half * 0.6, 0.17, half * 0.6, "back-leg", "back 0")
        if canvas.detail(0.3):
            canvas.ring(-0.15, half * 1.1, 0.1, 0.05, "back-foot", "back 0")
