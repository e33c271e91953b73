"""Clouds."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from instancesketch.synth.canvas import Canvas
from instancesketch.synth.primitives import (
    Path,
    ellipse,
    join,
    points_at,
    polyline,
    scallops,
)
from instancesketch.synth.things.cumulus import (
    draw_bean,
    draw_big_bulges,
    draw_loaf,
    draw_one_behind,
    draw_rings,
    draw_swirl,
    draw_weather,
)

_CLOUDS = {
    "bulges": 6.0, "flat": 1.6, "arcs": 0.8, "blob": 4.0, "scribble": 0.2, "wave": 0.9,
    "halves": 0.8, "curls": 0.4, "corners": 1.0, "plain": 4.5,
}  # fmt: skip
_PLAIN_CLOUDS = {
    draw_big_bulges: 1.7, draw_loaf: 1.4, draw_bean: 0.9, draw_rings: 0.4, draw_swirl: 0.3,
}  # fmt: skip


def draw_cloud(canvas: Canvas) -> None:
    """Draw one cloud, seldom two or three, each about 1 wide."""
    x = 0.0
    flat = canvas.pick({canvas.uniform(0.15, 0.4): 4.0, canvas.uniform(0.05, 0.15): 1.0})
    for _ in range(canvas.pick({1: 14.0, 2: 1.5, 3: 0.5})):
        canvas.begin_feature()
        _draw_one_cloud(canvas, x, canvas.uniform(-0.1, 0.1), canvas.jitter(flat, 0.2))
        if canvas.chance(0.03):
            draw_one_behind(canvas, x, 0.0, flat)
        x += canvas.uniform(1.05, 1.3)
    if canvas.chance(0.04):
        draw_weather(canvas, -0.4, x - 0.7, 1.2 * flat)


def _draw_one_cloud(canvas: Canvas, x: float, y: float, ry: float) -> None:
    """Draw a cloud about (x, y): of bulges, as an oval, a few lines or a scribble."""
    # What bulges, halves, corners and curls follow.
    edge = canvas.blob(x, y, 0.5, ry, uneven=canvas.uniform(0.02, 0.16))
    pinch = canvas.uniform(0, 0.8)
    style = canvas.pick(_CLOUDS)
    if style == "bulges":
        # A little less or more than once round, as when a hand doesn't meet its start.
        cuts = canvas.divide(canvas.integer(4, 15), 0, canvas.uniform(0.85, 1.06))
        depths = canvas.bulge_depths(len(cuts) - 1, 0.1, 0.7)
        canvas.line(scallops(edge, cuts, depths, pinch), "body")
    elif style == "plain":
        canvas.pick(_PLAIN_CLOUDS)(canvas, x, y, ry)
    elif style == "flat":
        _draw_flat_cloud(canvas, x, y, ry, pinch)
    elif style == "arcs":  # each bulge a stroke of its own
        for a, b in pairwise(canvas.divide(canvas.integer(3, 8))):
            canvas.line(scallops(edge, [a, b], canvas.uniform(0.2, 0.7), pinch), "body")
    elif style == "blob":
        canvas.loop(canvas.blob(x, y, 0.5, ry, uneven=canvas.uniform(0.02, 0.2)), "body")
    elif style == "corners":
        shares = canvas.divide(canvas.integer(5, 11), 0, canvas.uniform(0.85, 1.05)) % 1
        corners = points_at(edge, shares) + canvas.rng.normal(0, 0.1 * ry, (len(shares), 2))
        canvas.line(corners, "body")
    elif style == "wave":
        _draw_wavy_cloud(canvas, x, y, pinch)
    elif style == "halves":  # top and bottom apart
        cut = canvas.uniform(0.35, 0.65)
        for a, b in ((0.0, cut), (cut, 1.0)):
            cuts = canvas.divide(canvas.integer(2, 6), a, b)
            depths = canvas.bulge_depths(len(cuts) - 1, 0.1, 0.6)
            canvas.line(scallops(edge, cuts, depths, pinch), "body")
    elif style == "curls":
        canvas.line(_coils_along(edge, canvas.integer(5, 10)), "body")
    else:
        canvas.scribble(x, y, 0.5, ry, "body")
    for _ in range(canvas.integer(1, 3) if canvas.detail(0.1) else 0):  # curls inside
        r = canvas.uniform(0.06, 0.14)
        start, turns = canvas.rng.random(), canvas.uniform(0.4, 0.8)
        curl = ellipse(x + canvas.uniform(-0.3, 0.3), y, r, r, start=start, turns=turns)
        canvas.line(curl, "body")


def _coils_along(edge: Path, count: int) -> Path:
    """Return `count` coils one after the other along an edge."""
    phase = np.linspace(0, 2 * np.pi * count, 12 * count)
    centres = points_at(edge, np.linspace(0, 1, len(phase)))
    return centres + 0.09 * np.stack([np.cos(phase), np.sin(phase)], 1)


def _draw_wavy_cloud(canvas: Canvas, x: float, y: float, pinch: float) -> None:
    """Draw one or two open rows of bulges."""
    for level in (0.0, 0.25)[: canvas.integer(1, 2)]:
        edge = polyline((x - 0.5, y + level), (x + canvas.uniform(0, 0.5), y + level))
        cuts = canvas.divide(canvas.integer(2, 7))
        # A negative depth lets the bulges hang.
        depths = canvas.bulge_depths(len(cuts) - 1, 0.1, 0.6) * canvas.pick({1: 2.0, -1: 1.0})
        canvas.line(scallops(edge, cuts, depths, pinch / 2), "body")


def _draw_flat_cloud(canvas: Canvas, x: float, y: float, ry: float, pinch: float) -> None:
    """Draw bulges over a straight base, in one line or two, or without the base."""
    top = ellipse(x, y, 0.5, ry * 1.4, start=0.5, turns=0.5)
    cuts = canvas.divide(canvas.integer(3, 6))
    bulges = scallops(top, cuts, canvas.bulge_depths(len(cuts) - 1, 0.3, 0.7), pinch)
    if canvas.chance(0.6):
        canvas.line(join([bulges, top[:1]]), "body")
        return
    canvas.line(bulges, "body")
    if canvas.chance(0.8):
        canvas.line(polyline((x - 0.5, y), (x + 0.5, y)), "body")
