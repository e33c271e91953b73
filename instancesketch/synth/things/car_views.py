"""Cars at an angle, from the front and from above."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from instancesketch.synth.canvas import Canvas
from instancesketch.synth.primitives import Path, curve, join, polyline, rectangle
from instancesketch.synth.things.car_profiles import sample_roof
from instancesketch.synth.things.wheels import Wheels


def draw_car_at_angle(canvas: Canvas) -> None:
    """Draw a car in parallel perspective: both sides of one profile, and the edges between."""
    roof, _ = sample_roof(canvas)
    shortening, slope = canvas.uniform(0.55, 0.9), canvas.uniform(-0.05, 0.3)
    away = np.array([canvas.uniform(0.15, 0.5), -canvas.uniform(0.0, 0.2)])
    view = np.array([[shortening, slope], [0, 1]])
    near = roof @ view
    floor = polyline((1, 0), (0, 0)) @ view
    canvas.begin_feature()
    if canvas.chance(0.6):
        canvas.loop(join([near, floor, near[:1]]), "frame")
    else:
        canvas.line(near, "frame")
        canvas.line(floor, "frame")
    canvas.begin_feature()
    # Of the far side only the part in front of the roof's highest corner shows.
    first = int(np.argmin(roof[:, 1]))
    _draw_far_side(canvas, near[first:], floor, away)
    wheels = Wheels.sample(canvas, [0.2, 0.8])
    far_wheel = floor[0] + away * 0.85
    wheels.draw(canvas, view, far_wheel if canvas.chance(0.6) else None)
    canvas.begin_feature()
    if canvas.detail(0.8):  # windows
        top = float(roof[:, 1].min())
        for a, b in pairwise(canvas.divide(canvas.integer(1, 3), 0.25, 0.7)):
            pane = polyline((a, 0.9 * top), (b, 0.9 * top), (b, 0.55 * top), (a, 0.55 * top))
            canvas.loop(join([pane, pane[:1]]) @ view, "frame")


def _draw_far_side(canvas: Canvas, near: Path, floor: Path, away: Path) -> None:
    """Draw the edges `away` from the near side, those between both, and the headlights."""
    far = join([near, floor[:1]]) + away
    if canvas.chance(0.7):
        canvas.line(far, "frame")
    else:
        for a, b in pairwise(far):
            canvas.line(np.stack([a, b]), "frame")
    # A curved profile has many points; about three edges are what people draw.
    step = max(1, len(near) // 3)
    for corner in [*near[::step], floor[0]]:
        if canvas.chance(0.85):
            canvas.line(np.stack([corner, corner + away]), "frame")
    for share in (0.2, 0.8):
        if canvas.detail(0.9):
            x, y = (near[-1] + floor[0]) / 2 + share * away
            canvas.ring(x, y, 0.04, 0.04, "frame")


def draw_car_from_front(canvas: Canvas) -> None:
    """Draw body, windscreen, headlights, grille, and two wheels that show from below."""
    height, shoulder = canvas.uniform(0.55, 0.95), canvas.uniform(0.45, 0.65)
    inset, top = canvas.uniform(0.1, 0.3), -height
    middle = -height * shoulder
    windscreen = polyline((0.08, middle), (inset, top), (1 - inset, top), (0.92, middle))
    canvas.begin_feature()
    if canvas.chance(0.5):
        canvas.loop(rectangle(0, middle, 1, 0), "frame")
        is_round = canvas.chance(0.4)
        canvas.line(curve(*map(tuple, windscreen)) if is_round else windscreen, "frame")
    else:  # both in one line
        low = polyline((1, middle * 0.8), (1, 0), (0, 0), (0, middle * 0.8), (0.08, middle))
        canvas.loop(join([windscreen, low]), "frame")
    if canvas.detail(0.5):  # the glass inside its frame
        canvas.line((windscreen - (0.5, middle)) * 0.75 + (0.5, middle * 1.05), "frame")
    half, depth = canvas.uniform(0.05, 0.12), canvas.uniform(0.08, 0.2)
    is_box = canvas.chance(0.5)
    for i, x in enumerate((0.12, 0.88)):
        canvas.begin_feature()
        if is_box:
            wheel = rectangle(x - half, 0, x + half, canvas.jitter(depth))
            canvas.line(wheel, "wheel", f"wheel {i}")
        else:
            canvas.ring(x, depth / 2, half, depth, "wheel", f"wheel {i}")
    canvas.begin_feature()
    if canvas.chance(0.85):
        for x in (0.2, 0.8):
            canvas.ring(x, middle * 0.55, 0.09, 0.08, "frame")
    if canvas.detail(0.6):  # the grille
        canvas.line(rectangle(0.36, middle * 0.65, 0.64, middle * 0.35), "frame")
        for x in canvas.divide(canvas.integer(1, 4), 0.36, 0.64)[1:-1]:
            canvas.line(polyline((x, middle * 0.65), (x, middle * 0.35)), "frame")


def draw_car_from_above(canvas: Canvas) -> None:
    """Draw a long box with front and rear window, and wheels beside it."""
    width = canvas.uniform(0.35, 0.5)
    canvas.begin_feature()
    canvas.loop(rectangle(0, 0, 1, width), "frame")
    for x in (0.25, 0.7):
        canvas.line(polyline((x, 0), (x + 0.05, width / 2), (x, width)), "frame")
    centres = [(0.2, -0.04), (0.8, -0.04), (0.2, width + 0.04), (0.8, width + 0.04)]
    for i, (x, y) in enumerate(centres):
        canvas.begin_feature()
        canvas.line(rectangle(x - 0.08, y - 0.04, x + 0.08, y + 0.04), "wheel", f"wheel {i}")
