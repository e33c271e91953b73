"""Cars from the side, with windows and details."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from instancesketch.synth.canvas import Canvas, Segment
from instancesketch.synth.primitives import Path, ellipse, join, polyline, rectangle
from instancesketch.synth.things.car_forms import (
    draw_box_car,
    draw_car_in_one_line,
    draw_lorry,
    draw_round_car_from_front,
)
from instancesketch.synth.things.car_profiles import sample_roof
from instancesketch.synth.things.car_views import (
    draw_car_at_angle,
    draw_car_from_above,
    draw_car_from_front,
)
from instancesketch.synth.things.wheels import Wheels


def draw_car(canvas: Canvas) -> None:
    """Draw a car, 1 long, that drives to the right (the style may mirror it)."""
    # Weights are about the shares among cars that people drew.
    views = {
        _draw_car_from_side: 8.0,
        draw_car_at_angle: 1.8,
        draw_car_from_front: 0.5,
        draw_car_from_above: 0.12,
        draw_car_in_one_line: 0.8,
        draw_box_car: 0.8,
        draw_lorry: 0.5,
        draw_round_car_from_front: 0.5,
    }
    canvas.pick(views)(canvas)


def _draw_car_from_side(canvas: Canvas) -> None:
    roof, number = sample_roof(canvas)
    places = [canvas.uniform(0.12, 0.27), 1 - canvas.uniform(0.12, 0.27)]
    places += [canvas.uniform(0.3, 0.7) for _ in range(number - 2)]
    wheels = Wheels.sample(canvas, sorted(places[:number]))
    canvas.begin_feature()
    _draw_body(canvas, roof, wheels)
    if canvas.chance(0.96):  # some draw none at all
        wheels.draw(canvas)
    canvas.begin_feature()
    _draw_windows(canvas, roof)
    _draw_doors(canvas, roof)
    _draw_lights(canvas, roof)
    _draw_extras(canvas, roof)


def _draw_body(canvas: Canvas, roof: Path, wheels: Wheels) -> None:
    """Draw roof and floor: closed, in pieces, arched over the wheels, or as a cabin on a box."""
    style = canvas.pick({"outline": 5.0, "arches": 2.0, "box": 1.2, "pieces": 2.5, "open": 0.6})
    floor = polyline((1, 0), (0, 0))
    # Six corners are hood, cabin and boot; other profiles have no box below a cabin.
    if style == "box" and len(roof) == 6:
        hood = (roof[1, 1] + roof[-2, 1]) / 2
        canvas.loop(rectangle(0, hood, 1, 0), "frame")
        canvas.line(roof[1:5], "frame")
        return
    if style == "arches" and wheels.places:
        floor = wheels.floor_with_arches(canvas)
    if style in ("outline", "arches"):
        canvas.loop(join([roof, floor, roof[:1]]), "frame")
    elif style == "open":
        canvas.line(roof, "frame")
    else:
        front = polyline((1, float(roof[-1, 1])), (1, 0))
        back = polyline((0, 0), (0, float(roof[0, 1])))
        segments = [Segment(path=path, part="frame") for path in (roof, front, floor, back)]
        canvas.outline(segments, lift=canvas.uniform(0.2, 0.9))


def _draw_windows(canvas: Canvas, roof: Path) -> None:
    """Draw windows between the front and the back of the roof."""
    top = float(roof[:, 1].min())
    upper = roof[roof[:, 1] < 0.85 * top]
    left, right = float(upper[:, 0].min()), float(upper[:, 0].max())
    # Under a pointed roof there would be no room.
    if right - left < 0.12:
        left, right = left - 0.08, right + 0.08
    sill = top * canvas.uniform(0.5, 0.62)
    if canvas.detail(0.3):  # the line below them
        out = canvas.uniform(0, 0.15)
        canvas.line(polyline((left - out, sill), (right + out, sill)), "frame")
    head = top * canvas.uniform(0.85, 0.95)
    style = canvas.pick({"panes": 5.0, "round": 1.5, "one": 2.0, "bars": 1.0, "dark": 0.4})
    if not canvas.detail(0.75):
        return
    if style == "dark":
        x, y = (left + right) / 2, (head + sill) / 2
        canvas.scribble(x, y, (right - left) / 2, (sill - head) / 2, "frame")
        return
    number = 1 if style == "one" else canvas.pick({1: 2.0, 2: 5.0, 3: 1.5, 5: 0.4})
    for a, b in pairwise(canvas.divide(number, left + 0.015, right - 0.015)):
        slant = canvas.uniform(-0.04, 0.04)
        pane = polyline((a, head), (b, head), (b + slant, sill), (a - slant, sill), (a, head))
        if style == "bars":
            canvas.line(polyline((a, top), (a - slant, sill)), "frame")
        elif style == "round":
            canvas.ring((a + b) / 2, (head + sill) / 2, (b - a) / 2, (sill - head) / 2, "frame")
        elif canvas.chance(0.8):
            canvas.loop(pane, "frame")
        else:  # open behind, where the body closes it
            canvas.line(pane[:4], "frame")


def _draw_doors(canvas: Canvas, roof: Path) -> None:
    if not canvas.detail(0.4):
        return
    top = float(roof[:, 1].min())
    for x in canvas.divide(canvas.integer(1, 3), 0.25, 0.75)[:-1]:
        upper = top * canvas.pick({0.5: 1.0, 0.9: 1.0})  # to the sill, or through the window
        canvas.line(polyline((x, upper), (x, top * 0.08)), "frame")
        if canvas.detail(0.5):  # the handle
            canvas.line(polyline((x + 0.03, top * 0.42), (x + 0.08, top * 0.42)), "frame")


def _draw_lights(canvas: Canvas, roof: Path) -> None:
    """Draw headlight, tail light and bumpers."""
    front, back = float(roof[-1, 1]), float(roof[0, 1])
    if canvas.detail(0.45):
        y = front * canvas.uniform(0.4, 0.9)
        style = canvas.pick({"ring": 3.0, "arc": 1.0, "box": 1.0})
        if style == "arc":
            canvas.line(ellipse(1, y, 0.06, 0.05, start=0.25, turns=0.5), "frame")
        elif style == "box":
            canvas.line(rectangle(0.93, y - 0.03, 1, y + 0.03), "frame")
        else:
            canvas.ring(0.97, y, 0.03, 0.035, "frame")
    if canvas.detail(0.25):
        canvas.line(rectangle(0, back * 0.8, 0.05, back * 0.45), "frame")
    for x in (0.98, -0.02):
        if canvas.detail(0.12):  # a bumper
            canvas.line(polyline((x, -0.05), (x + 0.06, -0.05), (x + 0.06, 0), (x, 0)), "frame")


def _draw_extras(canvas: Canvas, roof: Path) -> None:
    """Draw an aerial, a sign on the roof, a driver or a line along the side."""
    top = float(roof[:, 1].min())
    if canvas.detail(0.1):  # an aerial
        x = canvas.uniform(0.2, 0.6)
        canvas.line(polyline((x, top), (x - 0.05, top - canvas.uniform(0.1, 0.25))), "frame")
    if canvas.detail(0.12):  # a taxi sign or blue lights
        x, half = float(roof[np.argmin(roof[:, 1]), 0]), canvas.uniform(0.03, 0.08)
        canvas.line(rectangle(x - half, top - 0.08, x + half, top), "frame")
    if canvas.detail(0.12):  # a driver, who by the taxonomy is part of the frame
        x, r = canvas.uniform(0.4, 0.6), -top / 8
        canvas.ring(x, top * 0.7, r, r, "frame")
        canvas.line(polyline((x, top * 0.55), (x, top * 0.4)), "frame")
    if canvas.detail(0.12):
        y = top * canvas.uniform(0.15, 0.45)
        canvas.line(polyline((canvas.uniform(0, 0.4), y), (canvas.uniform(0.6, 1), y)), "frame")
