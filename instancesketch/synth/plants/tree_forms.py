"""Trees of one plain form: lollipops, fruit trees, willows, firs in one line, rounded boxes."""

from __future__ import annotations

import numpy as np

from instancesketch.core.taxonomy import UNLABELED
from instancesketch.synth.canvas import Canvas, Segment
from instancesketch.synth.primitives import (
    Path,
    curve,
    ellipse,
    join,
    polyline,
    scallops,
)


def draw_lollipop_tree(canvas: Canvas) -> None:
    """Draw a ring on a line, on two lines or on a narrow box, with fruit or without."""
    rx, ry = 0.5, canvas.uniform(0.35, 0.7)
    canvas.begin_feature()
    canvas.ring(0, 0, rx, ry, "leaves")
    if canvas.chance(0.3):
        _draw_fruit(canvas, rx, ry)
    canvas.begin_feature()
    # Inside the crown, at its edge, or a little below it.
    top = ry * canvas.pick({canvas.uniform(0.9, 1.05): 3.0, canvas.uniform(0.2, 0.9): 1.0})
    low = ry + canvas.uniform(0.4, 1.6)
    half, style = canvas.uniform(0.02, 0.12), canvas.pick({"line": 3.0, "lines": 2.0, "box": 2.0})
    lean = canvas.rng.normal(0, 0.03)
    if style == "line":
        canvas.line(polyline((0, top), (lean, low)), "trunk")
    elif style == "lines":
        for side in (-half, half):
            canvas.line(polyline((side, top), (side + lean, low)), "trunk")
    else:
        outline = polyline((-half, top), (lean - half, low), (lean + half, low), (half, top))
        canvas.line(outline, "trunk")
    _draw_ground(canvas, low)


def _draw_fruit(canvas: Canvas, rx: float, ry: float) -> None:
    """Draw apples in a crown: rings, dots or filled, all alike."""
    style, r = canvas.pick({"ring": 4.0, "dot": 1.0, "filled": 1.0}), canvas.uniform(0.03, 0.1)
    for _ in range(canvas.integer(2, 8)):
        angle, share = canvas.uniform(0, 2 * np.pi), np.sqrt(canvas.uniform(0, 0.7))
        x, y = rx * share * np.cos(angle), ry * share * np.sin(angle)
        if style == "dot":
            canvas.dot(x, y, r / 2, "leaves")
        elif style == "ring":
            canvas.ring(x, y, r, r, "leaves")
        else:
            canvas.scribble(x, y, r, r, "leaves")


def _draw_ground(canvas: Canvas, low: float) -> None:
    """Draw a line or a pot below a trunk that ends at y = `low`, now and then."""
    kind = canvas.pick({"": 8.0, "line": 1.2, "hill": 0.4, "pot": 0.3})
    if not kind:
        return
    canvas.begin_feature()
    reach = canvas.uniform(0.3, 1.0)
    if kind == "line":
        canvas.line(polyline((-reach, low), (reach, low)), UNLABELED)
    elif kind == "hill":
        canvas.line(curve((-reach, low + 0.1), (0, low - 0.05), (reach, low + 0.1)), UNLABELED)
    else:
        half, depth = canvas.uniform(0.12, 0.3), canvas.uniform(0.2, 0.4)
        foot = low + depth
        pot = polyline((-half, low), (-0.7 * half, foot), (0.7 * half, foot), (half, low))
        canvas.loop(join([pot, pot[:1]]), UNLABELED)


def draw_apple_tree(canvas: Canvas) -> None:
    """Draw a crown of bulges with fruit on a broad trunk."""
    ry, count = canvas.uniform(0.35, 0.55), canvas.integer(4, 9)
    canvas.begin_feature()
    gap = canvas.pick({0.0: 1.0, canvas.uniform(0.05, 0.15): 1.0})
    edge = ellipse(0, 0, 0.5, ry, start=0.25 + gap / 2, turns=1 - gap)
    depths = canvas.bulge_depths(count, 0.25, 0.6)
    canvas.line(scallops(edge, canvas.divide(count), depths, canvas.uniform(0, 0.6)), "leaves")
    _draw_fruit(canvas, 0.5, ry)
    canvas.begin_feature()
    half, low = canvas.uniform(0.06, 0.16), ry + canvas.uniform(0.4, 0.9)
    foot = half * canvas.uniform(1.0, 2.0)
    for side in (-1, 1):
        waist = (side * half, ry + 0.2)
        canvas.line(curve((side * half, 0.9 * ry), waist, (side * foot, low)), "trunk")
    if canvas.chance(0.3):
        canvas.line(polyline((-foot, low), (foot, low)), "trunk")
    _draw_ground(canvas, low)


def draw_willow(canvas: Canvas) -> None:
    """Draw branches that hang from the top of a trunk, as lines or as one wavy edge."""
    height, reach = canvas.uniform(0.6, 1.2), canvas.uniform(0.4, 0.7)
    canvas.begin_feature()
    if canvas.chance(0.6):
        for side in np.linspace(-1, 1, canvas.integer(4, 9)):
            x, low = side * reach, canvas.uniform(-0.1, 0.35) * height
            out = (0.7 * x, -height * canvas.uniform(0.95, 1.1))
            canvas.line(curve((0, -0.8 * height), out, (x, -0.5 * height), (x, low)), "leaves")
    else:
        dome = ellipse(0, -0.2 * height, reach, 0.8 * height, start=0.5, turns=0.5)
        hem = polyline((reach, -0.2 * height), (reach, 0.2 * height), (-reach, 0.2 * height))
        fringe = scallops(hem[1:], canvas.divide(canvas.integer(4, 8)), canvas.uniform(0.4, 1.0))
        canvas.line(join([dome, hem[:1], fringe, dome[:1]]), "leaves")
    canvas.begin_feature()
    half, low = canvas.uniform(0.03, 0.1), canvas.uniform(0.4, 0.7) * height
    for side in (-half, half):
        canvas.line(polyline((side, -0.7 * height), (1.4 * side, low)), "trunk")
    _draw_ground(canvas, low)


def draw_fir_in_one_line(canvas: Canvas) -> None:
    """Draw a triangle or stairs and the trunk below them without lifting the pen."""
    tiers, height = canvas.integer(1, 4), canvas.uniform(0.9, 1.5)
    half, notch = canvas.uniform(0.3, 0.5), canvas.uniform(0.3, 0.6)
    right: list[tuple[float, float]] = [(0.0, -height)]
    for i in range(tiers):
        w, y = half * (i + 1) / tiers, -height * (1 - (i + 1) / tiers)
        right.append((w, y))
        if i < tiers - 1:
            right.append((w * notch, y))
    foot, low = canvas.uniform(0.04, 0.12), canvas.uniform(0.15, 0.5)
    side = polyline(*right, (foot, 0))
    trunk = polyline((foot, 0), (foot, low), (-foot, low), (-foot, 0))
    segments = [
        Segment(path=side, part="leaves"),
        Segment(path=trunk, part="trunk"),
        Segment(path=side[::-1] * (-1, 1), part="leaves"),
    ]
    canvas.begin_feature()
    canvas.outline(segments, lift=canvas.pick({0.0: 3.0, 0.5: 1.0}))
    _draw_ground(canvas, low)


def draw_boxy_tree(canvas: Canvas) -> None:
    """Draw a crown with straight sides: a rounded box, half a disc, a heart or a drop."""
    style = canvas.pick({"box": 2.0, "half": 1.5, "heart": 0.6, "drop": 1.5})
    ry = canvas.uniform(0.25, 0.6)
    canvas.begin_feature()
    canvas.loop(_crown_of_few_sides(canvas, style, ry), "leaves")
    canvas.begin_feature()
    half, low = canvas.uniform(0.03, 0.15), ry + canvas.uniform(0.4, 1.0)
    lines = [(-half,), (half,)] if canvas.chance(0.7) else [(0.0,)]
    for (x,) in lines:
        canvas.line(polyline((x, ry * canvas.uniform(0.8, 1.0)), (x, low)), "trunk")
    if len(lines) == 2 and canvas.chance(0.4):
        canvas.line(polyline((-half, low), (half, low)), "trunk")
    _draw_ground(canvas, low)


def _crown_of_few_sides(canvas: Canvas, style: str, ry: float) -> Path:
    """Return a closed crown about (0, 0), 1 wide and 2 `ry` high, that ends below at y = `ry`."""
    if style == "half":
        dome = ellipse(0, ry, 0.5, 2 * ry, start=0.5, turns=0.5)
        return join([dome, dome[:1]])
    if style == "heart":
        lobes = [(-0.5, -0.3 * ry), (-0.28, -ry), (0, -0.5 * ry), (0.28, -ry), (0.5, -0.3 * ry)]
        return curve((0, ry), *lobes, closed=True)
    if style == "drop":  # pointed above, as of poplars
        flank = canvas.uniform(0.25, 0.5)
        return curve((0, -2 * ry), (flank, 0), (0.3, ry), (-0.3, ry), (-flank, 0), closed=True)
    # Corners cut by about a fifth.
    x, y = 0.5 - canvas.uniform(0.05, 0.15), ry * canvas.uniform(0.6, 0.9)
    right = [(x, -ry), (0.5, -y), (0.5, y), (x, ry)]
    left = [(-u, v) for u, v in reversed(right)]
    return curve(*right, *left, closed=True, steps=4)
