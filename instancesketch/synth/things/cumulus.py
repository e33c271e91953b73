"""Clouds of few plain forms: flat below, of big bulges, beans, loaves, overlapping rings."""

from __future__ import annotations

import numpy as np

from instancesketch.core.taxonomy import UNLABELED
from instancesketch.synth.canvas import Canvas
from instancesketch.synth.primitives import (
    Path,
    curve,
    ellipse,
    join,
    place,
    points_at,
    polyline,
    spiral,
    teardrop,
)


def draw_bean(canvas: Canvas, x: float, y: float, ry: float) -> None:
    """Draw an ellipse, or one that is dented above or below."""
    dent = canvas.pick({0.0: 2.0, canvas.uniform(0.2, 0.9): 2.0})
    edge = ellipse(0, 0, 0.5, ry)
    # One side is pressed in, most in its middle.
    pressed = edge[:, 1] > 0 if canvas.chance(0.6) else edge[:, 1] < 0
    edge[:, 1] *= np.where(pressed, 1 - dent * np.exp(-((edge[:, 0] / 0.2) ** 2)), 1)
    canvas.loop(place(edge, x, y), "body")


def draw_big_bulges(canvas: Canvas, x: float, y: float, ry: float) -> None:
    """Draw two to four bulges over a flat base: the cloud of a weather map."""
    line = place(_bulges_of_unequal_size(canvas, ry * canvas.uniform(1.2, 2.2)), x, y)
    base = canvas.pick({"closed": 4.0, "round": 2.0, "apart": 1.5, "open": 0.7})
    if base == "closed":
        canvas.loop(join([line, line[:1]]), "body")
    elif base == "round":  # the base bows down
        (left, low), (right, _) = line[[0, -1]].tolist()
        belly = ((left + right) / 2, low + ry * canvas.uniform(0.1, 0.6))
        canvas.line(join([line, curve((right, low), belly, (left, low))]), "body")
    else:
        canvas.line(line, "body")
        if base == "apart":
            canvas.line(line[[0, -1]] + canvas.rng.normal(0, 0.02, (2, 2)), "body")


def _bulges_of_unequal_size(canvas: Canvas, height: float) -> Path:
    """Return arcs from the left to the right over y = 0, the higher the nearer the middle."""
    count = canvas.integer(2, 4)
    ends = canvas.divide(count, -0.5, 0.5)
    # Where bulges meet, the line comes down into a notch between them.
    middle = (ends[:-1] + ends[1:]) / 2
    tops = height * (1 - 1.2 * middle**2) * np.exp(canvas.rng.normal(0, 0.2, count))
    notches = np.concatenate([[0.0], np.minimum(tops[:-1], tops[1:]), [0.0]])
    notches[1:-1] *= canvas.uniform(0.4, 0.8)
    arcs, angle = [], np.linspace(np.pi, 0, 12)
    for i in range(count):
        half = (ends[i + 1] - ends[i]) / 2
        feet = np.linspace(notches[i], notches[i + 1], len(angle))
        arc = feet + (tops[i] - feet.max()) * np.sin(angle) * (tops[i] > feet.max())
        # A little wider than its foot, as bulges are drawn.
        swell = half * (1 + 0.12 * np.sin(angle))
        arcs.append(np.stack([middle[i] + swell * np.cos(angle), -arc], 1))
    return join(arcs)


def draw_loaf(canvas: Canvas, x: float, y: float, ry: float) -> None:
    """Draw a long flat form with steps or humps above, its ends round or pointed."""
    count = canvas.integer(2, 5)
    # The ends are low, and what is between them rises unevenly.
    heights = -ry * canvas.rng.uniform(0.4, 1.8, count)
    places = np.linspace(-0.38, 0.38, count)
    end = ry * canvas.uniform(0.0, 0.5)
    top = [(-0.5, end), *zip(places.tolist(), heights.tolist(), strict=True), (0.5, end)]
    dip = canvas.pick({0.0: 2.0, canvas.uniform(-0.3, 0.3): 1.0}) * ry
    bottom = [(0.4, ry), (0.0, ry + dip), (-0.4, ry), (-0.5, end)]
    draw = polyline if canvas.chance(0.25) else curve
    canvas.loop(place(join([draw(*top), draw((0.5, end), *bottom)]), x, y), "body")


def draw_rings(canvas: Canvas, x: float, y: float, ry: float) -> None:
    """Draw rings or arcs that overlap, each a line of its own."""
    count, turns = canvas.integer(2, 5), canvas.pick({1.0: 2.0, 0.6: 1.0})
    for share in np.linspace(-0.35, 0.35, count):
        r = canvas.uniform(0.7, 1.3) * max(0.25, ry * 0.7)
        rise = canvas.uniform(0, 0.6) * ry * (1 - (2 * share) ** 2)
        start = 0.45 if turns < 1 else canvas.rng.random()
        canvas.line(ellipse(x + share, y - rise, r, r, start=start, turns=turns), "body")
    if turns < 1 and canvas.chance(0.7):  # the base
        canvas.line(polyline((x - 0.5, y + 0.1), (x + 0.5, y + 0.1)), "body")


def draw_swirl(canvas: Canvas, x: float, y: float, ry: float) -> None:
    """Draw an edge that ends inside, rolled up."""
    edge = canvas.blob(0, 0, 0.5, ry, uneven=0.08)
    r = canvas.uniform(0.3, 0.6) * ry
    (u, v) = points_at(edge, 1.0).tolist()
    coil = spiral(0, 0, r, canvas.uniform(0.8, 1.6))[::-1]
    # The coil begins where the edge ends.
    canvas.line(place(join([edge, coil - coil[0] + (u, v)]), x, y), "body")


def draw_one_behind(canvas: Canvas, x: float, y: float, ry: float) -> None:
    """Draw the edge of a second cloud that shows above the first."""
    side = canvas.pick({-1: 1.0, 1: 1.0})
    start = 0.5 if side < 0 else 0.62
    arc = ellipse(x + side * 0.3, y - ry * 0.8, 0.35, ry * 0.9, start=start, turns=0.38)
    canvas.begin_feature()
    canvas.line(arc, "body")


def draw_weather(canvas: Canvas, left: float, right: float, y: float) -> None:
    """Draw rain, drops, snow or lightning below a cloud; none of it is part of the cloud."""
    canvas.begin_feature()
    kind = canvas.pick({"rain": 4.0, "drops": 2.0, "snow": 0.7, "lightning": 1.0})
    slant, length = canvas.uniform(-0.1, 0.05), canvas.uniform(0.08, 0.25)
    if kind == "lightning":
        x = canvas.uniform(left, right)
        bolt = polyline((0, 0), (-0.12, 0.2), (0.02, 0.18), (-0.08, 0.42))
        canvas.line(place(bolt, x, y), UNLABELED)
        return
    for x in canvas.divide(canvas.integer(3, 9), left, right)[:-1]:
        top = y + canvas.uniform(0.0, 0.25)
        if kind == "rain":
            canvas.line(polyline((x, top), (x + slant, top + length)), UNLABELED)
        elif kind == "drops":
            canvas.line(teardrop((x, top), (x + slant, top + length), 0.6), UNLABELED)
        else:
            canvas.dot(x, top, 0.02, UNLABELED)
