"""Cars of plain forms: in one line, boxes on two circles, lorries, round ones from the front."""

from __future__ import annotations

from instancesketch.core.taxonomy import UNLABELED
from instancesketch.synth.canvas import Canvas, Segment
from instancesketch.synth.primitives import (
    Path,
    curve,
    ellipse,
    join,
    polyline,
    rectangle,
)
from instancesketch.synth.things.car_profiles import sample_roof
from instancesketch.synth.things.wheels import Wheels


def draw_car_in_one_line(canvas: Canvas) -> None:
    """Draw body and wheels without lifting the pen: wheels as loops, or as half rings below."""
    roof, _ = sample_roof(canvas)
    places = (1 - canvas.uniform(0.15, 0.28), canvas.uniform(0.15, 0.28))
    r, style = canvas.uniform(0.06, 0.14), canvas.pick({"loop": 2.0, "half": 3.0, "round": 1.0})
    segments = [Segment(path=roof, part="frame")]
    at = (1.0, 0.0)
    # The floor is drawn from the front, at x = 1, to the back.
    for i, x in enumerate(places):
        if style == "half":
            wheel = ellipse(x, 0, r, r, start=0, turns=0.5)
        elif style == "loop":  # once round under the floor, and on
            wheel = ellipse(x, r, r, r, start=-0.25, turns=1)
        else:  # most of a ring, its ends at the floor
            wheel = ellipse(x, 0.6 * r, r, r, start=-0.1, turns=0.7)
        on = polyline(at, (float(wheel[0, 0]), float(wheel[0, 1])))
        segments.append(Segment(path=on, part="frame"))
        segments.append(Segment(path=wheel, part="wheel", instance=f"wheel {i}"))
        at = (float(wheel[-1, 0]), float(wheel[-1, 1]))
    back = polyline(at, (0, 0), (0, float(roof[0, 1])))
    segments.append(Segment(path=back, part="frame"))
    canvas.begin_feature()
    canvas.outline(segments, lift=canvas.pick({0.0: 4.0, 0.15: 1.0}))
    if canvas.detail(0.7):
        _draw_window_under(canvas, roof)


def _draw_window_under(canvas: Canvas, roof: Path) -> None:
    """Draw a window below the highest part of a roof."""
    canvas.begin_feature()
    top = float(roof[:, 1].min())
    x = float(roof[roof[:, 1] < 0.85 * top, 0].mean())
    half = canvas.uniform(0.06, 0.12)
    pane = rectangle(x - half, 0.88 * top, x + half, canvas.uniform(0.5, 0.65) * top)
    canvas.loop(pane, "frame")
    if canvas.chance(0.4):
        canvas.line(polyline((x, 0.88 * top), (x, 0.6 * top)), "frame")


def draw_box_car(canvas: Canvas) -> None:
    """Draw a box on two circles, with a smaller box, half a ring or nothing on it."""
    height, cabin = canvas.uniform(0.15, 0.4), canvas.uniform(0.12, 0.3)
    canvas.begin_feature()
    canvas.loop(rectangle(0, -height, 1, 0), "frame")
    left, right = canvas.uniform(0.1, 0.35), canvas.uniform(0.55, 0.9)
    style = canvas.pick({"box": 2.0, "slanted": 2.0, "dome": 1.5, "": 1.0})
    if style:
        canvas.begin_feature()
        inset = {"box": 0.0, "slanted": canvas.uniform(0.03, 0.12)}.get(style, 0.0)
        top = -height - cabin
        if style == "dome":
            roof = ellipse(0.5, -height, (right - left) / 2, cabin, start=0.5, turns=0.5)
        else:
            near, far = (left + inset, top), (right - inset, top)
            roof = polyline((left, -height), near, far, (right, -height))
        canvas.line(roof, "frame")
        if canvas.chance(0.4):  # two windows
            middle = float(roof[:, 0].mean())
            canvas.line(polyline((middle, top), (middle, -height)), "frame")
    Wheels.sample(canvas, [canvas.uniform(0.15, 0.3), canvas.uniform(0.7, 0.85)]).draw(canvas)
    if canvas.detail(0.3):
        canvas.begin_feature()
        canvas.ring(0.95, -height / 2, 0.04, 0.05, "frame")
    if canvas.detail(0.15):  # fumes
        canvas.begin_feature()
        for i in range(canvas.integer(1, 3)):
            r = canvas.uniform(0.02, 0.05)
            canvas.ring(-0.08 - 0.1 * i, -0.03 * i, r, r, UNLABELED)


def draw_lorry(canvas: Canvas) -> None:
    """Draw a load, a cab before it, and two to five wheels."""
    load, cab = canvas.uniform(0.3, 0.55), canvas.uniform(0.25, 0.45)
    gap, front = canvas.pick({0.0: 1.0, canvas.uniform(0.02, 0.06): 1.0}), canvas.uniform(0.6, 0.75)
    style = canvas.pick({"box": 4.0, "tank": 0.7, "tipper": 0.8, "open": 0.6})
    canvas.begin_feature()
    if style == "tank":
        canvas.ring(front / 2, -load / 2, front / 2, load / 2, "frame")
    elif style == "tipper":
        tub = polyline((0.06, 0), (-0.05, -load), (front, -load), (front - 0.06, 0), (0.06, 0))
        canvas.loop(tub, "frame")
    elif style == "open":
        canvas.line(polyline((0, -load / 2), (0, 0), (front, 0)), "frame")
    else:
        canvas.loop(rectangle(0, -load, front, 0), "frame")
    canvas.begin_feature()
    slant = canvas.pick({0.0: 2.0, canvas.uniform(0.03, 0.12): 2.0})
    nose = (front + gap, -cab), (1 - slant, -cab), (1, -0.5 * cab), (1, 0), (front + gap, 0)
    outline = polyline(*nose, nose[0])
    canvas.loop(outline, "frame")
    if canvas.chance(0.6):
        left, right = front + gap + 0.04, 0.96 - slant / 2
        canvas.loop(rectangle(left, -0.85 * cab, right, -0.5 * cab), "frame")
    places = sorted([0.12, 0.86, *canvas.rng.uniform(0.25, 0.6, canvas.integer(0, 3)).tolist()])
    Wheels.sample(canvas, places).draw(canvas)


def draw_round_car_from_front(canvas: Canvas) -> None:
    """Draw a rounded body with windscreen, lamps, and wheels that show at its lower corners."""
    height, waist = canvas.uniform(0.6, 1.0), canvas.uniform(0.4, 0.6)
    shoulder, half = -waist * height, canvas.uniform(0.25, 0.38)
    top = [(0.5 - half, -0.95 * height), (0.5 + half, -0.95 * height)]
    outline = curve((0, shoulder / 2), (0.06, shoulder), *top, (0.94, shoulder), (1, shoulder / 2))
    floor = curve((1, shoulder / 2), (0.97, 0), (0.5, 0.02), (0.03, 0), (0, shoulder / 2))
    canvas.begin_feature()
    canvas.loop(join([outline, floor]), "frame")
    canvas.begin_feature()
    glass = polyline(
        (0.5 - 1.1 * half, 0.95 * shoulder), (0.5 - 0.75 * half, -0.85 * height),
        (0.5 + 0.75 * half, -0.85 * height), (0.5 + 1.1 * half, 0.95 * shoulder),
    )  # fmt: skip
    canvas.loop(join([glass, glass[:1]]), "frame")
    style = canvas.pick({"bow": 3.0, "ring": 1.0, "box": 1.5})
    r, depth = canvas.uniform(0.06, 0.11), canvas.uniform(0.08, 0.2)
    for i, x in enumerate((0.14, 0.86)):
        canvas.begin_feature()
        if style == "ring":
            wheel = ellipse(x, depth / 2, r, depth, start=canvas.rng.random())
        elif style == "bow":  # its upper half is behind the body
            wheel = ellipse(x, 0, r, depth, start=0, turns=0.5)
        else:
            wheel = polyline((x - r, 0), (x - r, depth), (x + r, depth), (x + r, 0))
        canvas.line(wheel, "wheel", f"wheel {i}")
    _draw_face_of_car(canvas, shoulder)


def _draw_face_of_car(canvas: Canvas, shoulder: float) -> None:
    """Draw lamps, grille, number plate and mirrors."""
    canvas.begin_feature()
    r = canvas.uniform(0.06, 0.1)
    for x in (0.17, 0.83):
        canvas.ring(x, 0.55 * shoulder, r, r, "frame")
    if canvas.detail(0.6):
        grille = rectangle(0.35, 0.6 * shoulder, 0.65, 0.35 * shoulder)
        mouth = ellipse(0.5, 0.45 * shoulder, 0.15, 0.08, start=0, turns=0.5)
        canvas.line(grille if canvas.chance(0.7) else mouth, "frame")
    if canvas.detail(0.3):
        canvas.line(rectangle(0.4, 0.25 * shoulder, 0.6, 0.1 * shoulder), "frame")
    if canvas.detail(0.4):
        for side in (-1, 1):
            canvas.ring(0.5 + side * 0.55, 1.05 * shoulder, 0.06, 0.04, "frame")
    if canvas.detail(0.2):  # the seam of the bonnet
        canvas.line(
            curve((0.1, 0.9 * shoulder), (0.5, 0.8 * shoulder), (0.9, 0.9 * shoulder)), "frame"
        )
