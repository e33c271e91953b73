"""Leaves of flowers: along a stem, one by one or in pairs, or as blades from the ground."""

from __future__ import annotations

import numpy as np

from instancesketch.synth.canvas import Canvas
from instancesketch.synth.primitives import Path, curve, join, points_at, teardrop


def draw_leaves(canvas: Canvas, stem: Path, name: str) -> None:
    """Draw leaves along a stem; `name` keeps its leaves apart from those of other stems."""
    style = canvas.pick({"drop": 5.0, "arc": 1.5, "line": 1.0, "blade": 1.0, "both": 0.5})
    share, length = canvas.uniform(0.35, 0.9), canvas.uniform(0.6, 1.6)
    opposite, rise = canvas.chance(0.5), canvas.uniform(-0.3, 1.0)
    if style == "both":  # a pair in one line, so neither is an instance
        base = points_at(stem, share)
        pair = [teardrop((0, 0), (side * length, -rise), 0.5) for side in (-1, 1)]
        canvas.begin_feature()
        canvas.line(join(pair) + base, "leaf")
        return
    for i in range(canvas.pick({1: 3.0, 2: 6.0, 3: 1.0, 4: 1.0})):
        canvas.begin_feature()
        # Of opposite leaves every second stands where the one before does.
        if not (opposite and i % 2):
            share = 0.97 if style == "blade" else canvas.uniform(0.35, 0.95)
        # Sides alternate; which comes first is left to the style's mirror.
        side = 1 if (i + canvas.style.mirror) % 2 else -1
        base = points_at(stem, share)
        tip = base + np.array([side * canvas.jitter(length, 0.2), -canvas.jitter(rise, 0.3)])
        _draw_leaf(canvas, style, base, tip, f"leaf {name} {i}")


def _draw_leaf(canvas: Canvas, style: str, base: Path, tip: Path, instance: str) -> None:
    (x, y), (u, v) = base.tolist(), tip.tolist()
    if style == "drop":
        canvas.line(teardrop((x, y), (u, v), canvas.uniform(0.3, 0.7)), "leaf", instance)
        if canvas.detail(0.2):  # the vein
            canvas.line(np.stack([base, base + 0.8 * (tip - base)]), "leaf", instance)
    elif style == "blade":  # long, nearly upright
        high = (x + 0.5 * (u - x), y - canvas.uniform(1.0, 2.5))
        canvas.line(teardrop((x, y), high, canvas.uniform(0.15, 0.35)), "leaf", instance)
    elif style == "arc":
        middle = ((x + u) / 2, (y + v) / 2 + canvas.uniform(-0.3, 0.4))
        canvas.line(curve((x, y), middle, (u, v)), "leaf", instance)
    else:
        canvas.line(np.stack([base, tip]), "leaf", instance)
