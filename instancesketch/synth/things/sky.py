"""Clouds and suns."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from instancesketch.synth.canvas import Canvas
from instancesketch.synth.primitives import (
    Path,
    curve,
    ellipse,
    join,
    points_at,
    polyline,
    scallops,
    spikes,
    spiral,
    teardrop,
    zigzag,
)

_CLOUDS = {
    "bulges": 6.0, "flat": 1.6, "arcs": 0.8, "blob": 4.0, "scribble": 0.2, "wave": 0.9,
    "halves": 0.8, "curls": 0.4, "corners": 1.0,
}  # fmt: skip
_RAYS = {
    "line": 9.0, "bent": 2.5, "wave": 0.4, "drop": 0.4, "teeth": 1.0, "tooth": 0.8, "fork": 0.3,
    "bulges": 0.3,
}  # fmt: skip


def draw_cloud(canvas: Canvas) -> None:
    """Draw one cloud, seldom two or three, each about 1 wide."""
    x = 0.0
    flat = canvas.pick({canvas.uniform(0.15, 0.4): 4.0, canvas.uniform(0.05, 0.15): 1.0})
    for _ in range(canvas.pick({1: 14.0, 2: 1.5, 3: 0.5})):
        canvas.begin_feature()
        _draw_one_cloud(canvas, x, canvas.uniform(-0.1, 0.1), canvas.jitter(flat, 0.2))
        x += canvas.uniform(1.05, 1.3)


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


def draw_sun(canvas: Canvas) -> None:
    """Draw a disc of radius 1 with rays, or a part of one at the edge of the page."""
    # Where the arc of the disc begins and its length: whole, in a corner, at the top.
    start, sweep = canvas.pick({(0.0, 1.0): 8.0, (0.0, 0.25): 1.0, (-0.01, 0.5): 0.25})
    canvas.begin_feature()
    if sweep < 1:
        # The arc may end before the page's edge or cross it.
        bow = canvas.uniform(-0.04, 0.06)
        ry = canvas.jitter(1, 0.15)
        canvas.line(ellipse(0, 0, 1, ry, start=start - bow, turns=sweep + 2 * bow), "center")
    else:
        start = canvas.rng.random()
        _draw_disc(canvas)
    if canvas.chance(0.98):
        style = canvas.pick(_RAYS)
        share = canvas.pick({1.0: 9.0, canvas.uniform(0.4, 0.9): 1.0})  # some leave a side without
        alternate = canvas.pick({False: 10.0, True: 0.6})
        _draw_rays(canvas, style, start, sweep * share, alternate)
    if sweep == 1 and canvas.detail(0.17):
        canvas.begin_feature()
        _draw_sun_face(canvas)


def _draw_disc(canvas: Canvas) -> None:
    style = canvas.pick({"ring": 9.0, "spiral": 0.6, "filled": 0.6, "twice": 0.6, "coil": 0.2})
    if style == "spiral":
        canvas.line(spiral(0, 0, 1, canvas.uniform(1.5, 4)), "center")
        return
    if style == "coil":
        canvas.scribble(0, 0, 1, 1, "center")
        return
    canvas.ring(0, 0, 1, 1, "center")
    if style == "filled":
        canvas.scribble(0, 0, 0.9, 0.9, "center")
    elif style == "twice":
        r = canvas.uniform(0.6, 1.1)
        canvas.ring(0, 0, r, r, "center")


def _draw_sun_face(canvas: Canvas) -> None:
    """Draw eyes as rings, dots or dark glasses, and a mouth."""
    style = canvas.pick({"ring": 3.0, "dot": 2.0, "glasses": 0.7})
    for x in (-0.3, 0.3):
        if style == "dot":
            canvas.dot(x, -0.2, 0.07, "center")
        elif style == "ring":
            canvas.ring(x, -0.2, 0.08, 0.11, "center")
        else:
            draw = canvas.ring if canvas.chance(0.5) else canvas.scribble
            draw(x, -0.15, 0.25, 0.17, "center")
    if style == "glasses":
        canvas.line(polyline((-0.6, -0.2), (0.6, -0.2)), "center")
    if canvas.chance(0.9):
        half = canvas.uniform(0.25, 0.55)
        canvas.line(ellipse(0, 0.15, half, 0.35, start=0.05, turns=0.4), "center")


def _draw_rays(canvas: Canvas, style: str, start: float, sweep: float, alternate: bool) -> None:
    """Draw rays round an arc of the disc.

    Args:
        canvas: to draw on.
        style: of a ray, or of all of them in one line.
        start: where the arc begins, in turns.
        sweep: length of the arc, in turns.
        alternate: draw every other ray short.
    """
    # A part of a disc has room for fewer rays.
    most = 6 if sweep < 0.6 else canvas.pick({9: 2.0, 14: 2.0, 24: 0.5})
    count = canvas.integer(3 if sweep < 0.6 else 4, most)
    gap = canvas.pick({0.0: 1.5, canvas.uniform(0, 0.45): 3.0, -0.15: 0.3})
    reach = canvas.uniform(0.2, 1.2)
    slant = canvas.pick({0.0: 4.0, canvas.uniform(-0.8, 0.8): 1.0})
    around = ellipse(0, 0, 1 + gap, 1 + gap, start=start, turns=sweep)
    if style in ("teeth", "bulges"):  # all in one stroke, so none is an instance
        cuts = canvas.divide(max(count, 5))
        canvas.begin_feature()
        teeth = style == "teeth"
        line = spikes(around, cuts, reach * 0.7) if teeth else scallops(around, cuts, 0.6)
        canvas.line(line, "ray")
        return
    # On a whole disc the last cut is the first again.
    shares = canvas.divide(count)[: -1 if sweep == 1 else None]
    if canvas.style.feature_order == "any":
        canvas.rng.shuffle(shares)
    # Broad rays cover three fifths of the arc that is theirs.
    half, spread = 0.3 / count * sweep, canvas.uniform(0.02, 0.2)
    for i, share in enumerate(shares):
        foot = points_at(around, share)
        outward = foot / np.hypot(*foot) + canvas.rng.normal(0, spread, 2)
        outward = outward + slant * foot[::-1] * (-1, 1)
        length = reach * canvas.uniform(0.6, 1.3) * (0.55 if alternate and i % 2 else 1)
        sides = points_at(around, [share - half, share + half])
        _draw_ray(canvas, style, foot, foot + length * outward, sides, f"ray {i}")


def _draw_ray(
    canvas: Canvas, style: str, foot: Path, tip: Path, sides: Path, instance: str
) -> None:
    """Draw a ray from its foot to its tip; `sides` (2, 2) are the ends of a broad foot."""
    canvas.begin_feature()
    (x, y), (u, v) = foot.tolist(), tip.tolist()
    bow = canvas.uniform(-0.25, 0.25)
    if style == "line":
        canvas.line(np.stack([foot, tip]), "ray", instance)
    elif style == "bent":
        middle = ((x + u) / 2 - bow * (v - y), (y + v) / 2 + bow * (u - x))
        canvas.line(curve((x, y), middle, (u, v)), "ray", instance)
    elif style == "wave":
        wave = zigzag((x, y), (u, v), canvas.integer(3, 5), 0.15)
        canvas.line(curve(*map(tuple, wave)), "ray", instance)
    elif style == "drop":
        canvas.line(teardrop((x, y), (u, v), canvas.uniform(0.2, 0.5)), "ray", instance)
    elif style == "fork":  # two lines that meet, each a stroke
        for side in sides:
            canvas.line(np.stack([side, tip]), "ray", instance)
    else:
        canvas.line(np.stack([sides[0], tip, sides[1]]), "ray", instance)
