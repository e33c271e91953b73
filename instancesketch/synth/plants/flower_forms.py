"""Flowers of one plain form: in one line, daisies, tulips, a round head, blossoms along a stem."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from instancesketch.core.taxonomy import UNLABELED
from instancesketch.synth.canvas import Canvas, Segment
from instancesketch.synth.plants.leaves import draw_leaves
from instancesketch.synth.primitives import (
    Path,
    curve,
    ellipse,
    join,
    place,
    points_at,
    polyline,
    scallops,
    teardrop,
)


def draw_flower_in_one_line(canvas: Canvas) -> None:
    """Draw stem and petals, perhaps the middle too, as one stroke."""
    canvas.begin_feature()
    core_radius, count = canvas.uniform(0.25, 0.6), canvas.integer(4, 8)
    core = ellipse(0, 0, core_radius, core_radius, start=0.25, turns=canvas.pick({1: 1, -1: 1}))
    depth = min(1.6, (1 - core_radius) / (2 * np.pi * core_radius / count))
    depths = depth * canvas.bulge_depths(count, 1, 1)
    petals = scallops(core, canvas.divide(count), depths, canvas.uniform(0, 0.9))
    length = canvas.uniform(1.2, 3.5)
    foot = (canvas.rng.normal(0, 0.4), core_radius + length)
    bend = (foot[0] / 2 + canvas.uniform(-0.3, 0.3), core_radius + length / 2)
    stem = curve(foot, bend, (0, core_radius))
    segments = [Segment(path=petals, part="petal")]
    if canvas.chance(0.5):
        middle = Segment(path=core, part="center")
        segments = [middle, *segments] if canvas.chance(0.5) else [*segments, middle]
    if canvas.chance(0.8):  # from the ground up, or down at the end
        whole = Segment(path=stem, part="stem")
        back = Segment(path=stem[::-1], part="stem")
        segments = [whole, *segments] if canvas.chance(0.6) else [*segments, back]
    canvas.one_stroke(segments)
    if canvas.detail(0.4):
        draw_leaves(canvas, stem[::-1], "0")


def draw_daisy(canvas: Canvas) -> None:
    """Draw many petals of one shape round a middle: narrow drops, ovals, or a cross of four."""
    count = canvas.pick({4: 1.0, 5: 2.0, 6: 2.0, canvas.integer(7, 12): 2.0, 16: 0.4})
    inner, shape = canvas.uniform(0.15, 0.45), canvas.pick({"drop": 2.0, "oval": 2.0, "heart": 0.7})
    canvas.begin_feature()
    canvas.ring(0, 0, inner, inner, "center")
    # As wide as there is room for, or narrower.
    width = canvas.uniform(0.6, 1.1) * np.pi * (inner + 1) / 2 / count
    for i, angle in enumerate(canvas.divide(count, 0, 1)[:-1] + canvas.rng.random()):
        canvas.begin_feature()
        length = canvas.jitter(1 - inner, 0.1)
        petal = _petal(shape, length, min(width, 0.6 * length))
        cos, sin = np.cos(2 * np.pi * angle), np.sin(2 * np.pi * angle)
        turned = petal @ np.array([[cos, sin], [-sin, cos]]) + (inner * cos, inner * sin)
        canvas.line(turned, "petal", f"petal 0 {i}")
    if canvas.chance(0.65):
        _draw_stem_below(canvas, canvas.pick({1.0: 2.0, inner: 1.0}))


def _petal(shape: str, length: float, half: float) -> Path:
    """Return a petal that begins at (0, 0) and points along x."""
    if shape == "drop":
        return teardrop((0, 0), (length, 0), 1.6 * half / length)
    if shape == "oval":
        return ellipse(length / 2, 0, length / 2, half, start=0.5)
    tip = (length, half), (0.8 * length, 0), (length, -half)
    return curve((0, 0), (0.5 * length, half), *tip, (0.5 * length, -half), (0, 0))


def _draw_stem_below(canvas: Canvas, top: float, leafy: float = 0.5) -> None:
    """Draw a stem down from (0, top), with leaves with a chance `leafy`, often on a ground."""
    canvas.begin_feature()
    low = top + canvas.uniform(1.2, 3.5)
    middle = (canvas.uniform(-0.25, 0.25), (top + low) / 2)
    stem = curve((0, top), middle, (canvas.rng.normal(0, 0.25), low))
    canvas.line(stem, "stem")
    if canvas.chance(leafy):
        draw_leaves(canvas, stem, "0")
    if canvas.chance(0.1):
        canvas.begin_feature()
        reach = canvas.uniform(0.5, 2.0)
        canvas.line(polyline((-reach, low), (reach, low)), UNLABELED)


def draw_tulip(canvas: Canvas) -> None:
    """Draw a cup: with three points, of three petals that cover each other, or half a ring."""
    w, h = canvas.uniform(0.5, 0.9), canvas.uniform(1.0, 1.6)
    style = canvas.pick({"crown": 3.0, "petals": 2.0, "half": 1.0, "heart": 0.7})
    canvas.begin_feature()
    cup = curve((-w, -h), (-w, -0.3 * h), (0, 0), (w, -0.3 * h), (w, -h))
    if style == "crown":
        dip = -h * canvas.uniform(0.5, 0.8)
        points = polyline((w, -h), (w / 2, dip), (0, -h), (-w / 2, dip), (-w, -h))
        if canvas.chance(0.3):
            points = curve(*map(tuple, points))
        canvas.line(join([cup, points]), "petal")
    elif style == "petals":
        canvas.line(teardrop((0, 0), (0, -h), canvas.uniform(0.5, 0.8)), "petal", "petal 0 1")
        for side in (-1, 1):
            leaf = [(side * 0.9 * w, -0.35 * h), (side * w, -h), (side * 0.25 * w, -0.75 * h)]
            canvas.line(curve((0, 0), *leaf), "petal", f"petal 0 {side}")
    elif style == "half":  # flat or scalloped above
        canvas.line(cup, "petal")
        edge, count = polyline((-w, -h), (w, -h)), canvas.integer(1, 4)
        rim = scallops(edge, canvas.divide(count), 0.5) if canvas.chance(0.6) else edge
        canvas.line(rim, "petal")
    else:
        left = [(-w, -0.6 * h), (-0.6 * w, -h)]
        right = [(0.6 * w, -h), (w, -0.6 * h)]
        canvas.loop(curve((0, 0), *left, (0, -0.75 * h), *right, closed=True), "petal")
    _draw_stem_below(canvas, 0.0, leafy=0.6)


def draw_round_head(canvas: Canvas) -> None:
    """Draw a plain ring on a long thin stem, which its leaves tell from a tree."""
    canvas.begin_feature()
    rx = canvas.jitter(0.8, 0.15)
    canvas.ring(0, 0, rx, canvas.jitter(0.8, 0.15), "petal")
    inner = canvas.pick({"": 2.0, "ring": 2.0, "spiral": 1.0, "dots": 1.0, "lines": 1.0})
    if inner == "ring":
        r = canvas.uniform(0.2, 0.5)
        canvas.ring(0, 0, r, r, "center")
    elif inner == "spiral":
        canvas.scribble(0, 0, 0.3, 0.3, "center")
    elif inner == "dots":
        for x, y in canvas.rng.uniform(-0.35, 0.35, (canvas.integer(3, 7), 2)).tolist():
            canvas.dot(x, y, 0.05, "center")
    elif inner == "lines":  # petals as lines on the disc
        for i, angle in enumerate(canvas.divide(canvas.integer(4, 8))[:-1]):
            out = np.array([np.cos(2 * np.pi * angle), np.sin(2 * np.pi * angle)])
            canvas.line(np.stack([0.25 * out, 0.75 * out]), "petal", f"petal 0 {i}")
    # Only a middle would make it a flower without leaves.
    _draw_stem_below(canvas, canvas.uniform(0.6, 0.85), leafy=0.6 if inner else 1.0)


def draw_side_daisy(canvas: Canvas) -> None:
    """Draw a blossom from the side: petals that rise from, or hang round, half a disc."""
    w, hangs = canvas.uniform(0.4, 0.8), canvas.chance(0.3)
    canvas.begin_feature()
    dome = ellipse(0, 0, w, w * canvas.uniform(0.5, 0.9), start=0.5, turns=0.5)
    bowl = dome * (1, -0.7)
    canvas.loop(join([dome if hangs else bowl, dome[:1]]), "center")
    count = canvas.integer(3, 7)
    shares = canvas.divide(count, -0.9, 0.9)
    for i, (a, b) in enumerate(pairwise(shares * w)):
        canvas.begin_feature()
        x, reach = (a + b) / 2, canvas.jitter(0.8)
        tip = (1.7 * x, reach if hangs else -reach)
        canvas.line(teardrop((x, 0), tip, canvas.uniform(0.4, 0.7)), "petal", f"petal 0 {i}")
    _draw_stem_below(canvas, 0.0 if hangs else 0.5 * w)


def draw_flower_spike(canvas: Canvas) -> None:
    """Draw a stem with small blossoms along it: rings, drops or dots, one petal each."""
    low, count = canvas.uniform(2.5, 4.0), canvas.integer(4, 10)
    stem = curve((0, 0), (canvas.uniform(-0.3, 0.3), low / 2), (canvas.rng.normal(0, 0.2), low))
    canvas.begin_feature()
    canvas.line(stem, "stem")
    style, size = canvas.pick({"ring": 2.0, "drop": 2.0}), canvas.uniform(0.18, 0.35)
    for i, share in enumerate(np.linspace(0, canvas.uniform(0.4, 0.65), count)):
        canvas.begin_feature()
        base, side = points_at(stem, share), 1 if i % 2 else -1
        x, y = base.tolist()
        if style == "ring":
            out = size * side * (i > 0)
            path = ellipse(x + out, y, size, canvas.jitter(size), start=canvas.rng.random())
        else:
            path = teardrop((x, y), (x + 2.2 * size * side, y - size), 0.6)
        canvas.line(path, "petal", f"petal 0 {i}")
    if canvas.chance(0.5):
        draw_leaves(canvas, stem, "0")


def draw_simple_pot(canvas: Canvas, x: float, y: float, half: float) -> None:
    """Draw a pot below (x, y), about 2 `half` wide: a box, a bowl or a rim over a box."""
    height = half * canvas.uniform(0.8, 1.8)
    style = canvas.pick({"box": 3.0, "bowl": 1.0, "rim": 2.0})
    taper = canvas.uniform(0.6, 1.0)
    canvas.begin_feature()
    if style == "bowl":
        bowl = ellipse(0, 0, half, height, start=0, turns=0.5)
        canvas.loop(place(join([bowl, bowl[:1]]), x, y), UNLABELED)
        return
    low = y + height
    sides = polyline((x - half, y), (x - taper * half, low), (x + taper * half, low), (x + half, y))
    canvas.line(join([sides, sides[:1]]) if canvas.chance(0.7) else sides, UNLABELED)
    if style == "rim":
        out, rise = 1.15 * half, 0.2 * height
        rim = polyline((x - out, y - rise), (x + out, y - rise), (x + out, y), (x - out, y))
        canvas.loop(join([rim, rim[:1]]), UNLABELED)
