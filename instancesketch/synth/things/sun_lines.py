"""Suns drawn without lifting the pen: the disc and its rays in one line."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from instancesketch.synth.canvas import Canvas, Segment
from instancesketch.synth.primitives import ellipse, join, points_at, spikes, spiral


def draw_sun_in_one_line(canvas: Canvas) -> None:
    """Draw a disc of radius 1 and its rays as one stroke, labelled as what it draws most of."""
    canvas.begin_feature()
    style = canvas.pick({"spurs": 3.0, "teeth": 2.0, "coil": 1.0})
    if style == "spurs":
        segments = _disc_with_spurs(canvas)
    else:
        start = canvas.rng.random()
        disc = ellipse(0, 0, 1, 1, start=start, turns=1)
        if style == "coil":
            disc = spiral(0, 0, 1, canvas.integer(2, 4) + start)
        gap, reach = canvas.uniform(0.0, 0.2), canvas.uniform(0.2, 0.9)
        around = ellipse(0, 0, 1 + gap, 1 + gap, start=start)
        rays = spikes(around, canvas.divide(canvas.integer(6, 14)), reach)
        segments = [Segment(path=disc, part="center"), Segment(path=rays, part="ray")]
    canvas.one_stroke(segments)


def _disc_with_spurs(canvas: Canvas) -> list[Segment]:
    """Return arcs of the disc with rays out and back between them."""
    disc = ellipse(0, 0, 1, 1, start=canvas.rng.random(), turns=1)
    reach, segments = canvas.uniform(0.2, 0.8), []
    shares = canvas.divide(canvas.integer(5, 12))
    for i, (a, b) in enumerate(pairwise(shares)):
        arc = points_at(disc, np.linspace(a, b, 6))
        tip = arc[-1] * (1 + reach * canvas.uniform(0.7, 1.3))
        spur = join([np.stack([arc[-1], tip]), arc[-1:] + canvas.rng.normal(0, 0.03, 2)])
        segments.append(Segment(path=arc, part="center"))
        segments.append(Segment(path=spur, part="ray", instance=f"ray {i}"))
    return segments
