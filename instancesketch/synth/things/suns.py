"""Suns: a disc with rays, whole, in a corner, behind a horizon, in one line."""

from __future__ import annotations

import numpy as np

from instancesketch.core.taxonomy import UNLABELED
from instancesketch.synth.canvas import Canvas
from instancesketch.synth.primitives import (
    Path,
    curve,
    ellipse,
    points_at,
    polyline,
    scallops,
    spikes,
    spiral,
    teardrop,
    zigzag,
)
from instancesketch.synth.things.sun_lines import draw_sun_in_one_line

_RAYS = {
    "line": 9.0, "bent": 2.5, "wave": 0.4, "drop": 0.4, "teeth": 1.0, "tooth": 0.8, "fork": 0.3,
    "bulges": 0.3, "triangle": 0.8, "across": 0.25,
}  # fmt: skip


def draw_sun(canvas: Canvas) -> None:
    """Draw a disc of radius 1 with rays, or a part of one at the edge of the page."""
    if canvas.chance(0.03):
        draw_sun_in_one_line(canvas)
        return
    # Where the arc of the disc begins and its length: whole, in a corner, at the top, setting.
    whole, corner, top, setting = (0.0, 1.0), (0.0, 0.25), (-0.01, 0.5), (0.5, 0.5)
    start, sweep = canvas.pick({whole: 8.0, corner: 1.0, top: 0.25, setting: 0.6})
    canvas.begin_feature()
    if sweep < 1:
        # The arc may end before the page's edge or cross it.
        bow = canvas.uniform(-0.04, 0.06)
        ry = canvas.jitter(1, 0.15)
        canvas.line(ellipse(0, 0, 1, ry, start=start - bow, turns=sweep + 2 * bow), "center")
        _draw_edge(canvas, start, sweep)
    else:
        start = canvas.rng.random()
        _draw_disc(canvas)
    if canvas.chance(0.98):
        style = canvas.pick(_RAYS)
        share = canvas.pick({1.0: 9.0, canvas.uniform(0.4, 0.9): 1.0})  # some leave a side without
        alternate = canvas.pick({False: 10.0, True: 0.6})
        _draw_rays(canvas, style, start, sweep * share, alternate)
    if sweep == 1 and canvas.detail(0.2):
        canvas.begin_feature()
        _draw_sun_face(canvas)


def _draw_edge(canvas: Canvas, start: float, sweep: float) -> None:
    """Draw what cuts off a part of the disc: the sides of the page, or a horizon."""
    if start == 0.5:
        if not canvas.chance(0.75):
            return
        canvas.begin_feature()
        reach, low = canvas.uniform(1.1, 2.6), canvas.uniform(-0.05, 0.1)
        middle = (canvas.uniform(-0.5, 0.5), low + canvas.pick({0.0: 2.0, -0.15: 1.0, 0.1: 1.0}))
        horizon = curve((-reach, low), middle, (reach, low))
        # The base of a half disc belongs to it; a line that goes on is the ground or the sea.
        canvas.line(horizon, UNLABELED)
        for level in range(canvas.integer(1, 3) if canvas.chance(0.25) else 0):
            y, x = low + 0.25 * (level + 1), canvas.uniform(-reach, 0.2 * reach)
            wave = zigzag((x, y), (x + canvas.uniform(0.6, reach), y), canvas.integer(3, 8), 0.1)
            canvas.line(curve(*map(tuple, wave)), UNLABELED)
    elif sweep == 0.25 and canvas.chance(0.12):
        canvas.begin_feature()
        canvas.line(polyline((canvas.uniform(1.5, 2.5), 0), (0, 0), (0, 2)), UNLABELED)


def _draw_disc(canvas: Canvas) -> None:
    style = canvas.pick({"ring": 9.0, "spiral": 0.9, "filled": 0.6, "twice": 0.6, "coil": 0.3})
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
    if canvas.detail(0.25):  # the nose
        nose = polyline((0, -0.1), (canvas.uniform(-0.12, 0.12), 0.12), (0.02, 0.14))
        canvas.line(nose, "center")
    if canvas.detail(0.25):  # cheeks
        for x in (-0.55, 0.55):
            canvas.ring(x, 0.2, 0.12, 0.1, "center")


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
    most = 6 if sweep < 0.6 else canvas.pick({9: 2.0, 14: 2.0, 24: 0.5, 40: 0.15})
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
    if style == "across" and sweep < 1:
        style = "line"  # of a part of a disc the middle doesn't show
    if style == "across":  # each line is two rays that cross the disc
        for angle in canvas.divide(count // 2 + 1, 0, 0.5)[:-1]:
            line = ellipse(0, 0, 1 + reach, 1 + reach, start=start + angle, turns=0.5)
            canvas.begin_feature()
            canvas.line(points_at(line, (0, 1)), "ray")
        return
    # On a whole disc the last cut is the first again.
    shares = canvas.divide(count)[: -1 if sweep == 1 else None]
    if canvas.style.feature_order == "any":
        canvas.rng.shuffle(shares)
    # Broad rays cover three fifths of the arc that is theirs.
    half, spread = canvas.pick({0.3: 2.0, 0.5: 1.0}) / count * sweep, canvas.uniform(0.02, 0.2)
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
    elif style == "triangle":
        canvas.loop(np.stack([sides[0], tip, sides[1], sides[0]]), "ray", instance)
    elif style == "fork":  # two lines that meet, each a stroke
        for side in sides:
            canvas.line(np.stack([side, tip]), "ray", instance)
    else:
        canvas.line(np.stack([sides[0], tip, sides[1]]), "ray", instance)
