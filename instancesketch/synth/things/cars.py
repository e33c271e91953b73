"""Cars from the side, at an angle and from the front; lorries, buses, vans."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from instancesketch.synth.canvas import Canvas, Segment
from instancesketch.synth.primitives import Path, curve, ellipse, join, polyline, rectangle
from instancesketch.synth.things.wheels import Wheels


@dataclass(frozen=True, kw_only=True)
class Profile:
    """The upper edge of a car that drives to the right: x from 0 to 1, y up from 0 to 1."""

    share: float
    height: tuple[float, float]  # height for length
    round: float  # chance that it is a curve
    points: tuple[tuple[float, float], ...]
    wheels: int = 2


_SEDAN = (0, 0.5), (0.17, 0.52), (0.32, 1), (0.66, 1), (0.8, 0.52), (1, 0.45)
_HATCH = (0, 0.55), (0.08, 1), (0.6, 1), (0.76, 0.55), (1, 0.45)
_HAT = (0, 0.45), (0.3, 0.48), (0.32, 1), (0.68, 1), (0.7, 0.5), (1, 0.48)
_VAN = (0, 1), (0.8, 1), (0.93, 0.55), (1, 0.4)
_BUS = (0, 1), (0.97, 1), (1, 0.6)
_PICKUP = (0, 0.5), (0.42, 0.5), (0.45, 1), (0.68, 1), (0.8, 0.52), (1, 0.48)
_LORRY = (0, 1), (0.66, 1), (0.66, 0.75), (0.85, 0.75), (0.93, 0.42), (1, 0.4)
_FLATBED = (0, 0.25), (0.6, 0.25), (0.6, 1), (0.85, 1), (0.97, 0.4), (1, 0.35)
_SPORTS = (0, 0.6), (0.12, 0.6), (0.4, 1), (0.58, 0.95), (0.8, 0.55), (1, 0.3)
_BEETLE = (
    (0, 0.2), (0.05, 0.5), (0.2, 0.88), (0.45, 1), (0.63, 0.85), (0.74, 0.52),
    (0.93, 0.4), (1, 0.15),
)  # fmt: skip
_DOME = (0, 0.1), (0.1, 0.7), (0.5, 1), (0.9, 0.7), (1, 0.1)
_OPEN = (0, 0.6), (0.2, 0.65), (0.5, 0.6), (0.62, 1), (0.68, 0.6), (1, 0.5)

PROFILES = (
    Profile(share=5, height=(0.23, 0.46), round=0.35, points=_SEDAN),
    Profile(share=2, height=(0.27, 0.5), round=0.3, points=_HATCH),
    Profile(share=2.5, height=(0.26, 0.55), round=0.3, points=_HAT),
    Profile(share=1.5, height=(0.34, 0.6), round=0.25, points=_VAN),
    Profile(share=0.8, height=(0.3, 0.5), round=0.1, points=_BUS),
    Profile(share=1.2, height=(0.28, 0.5), round=0.1, points=_PICKUP),
    Profile(share=0.7, height=(0.35, 0.6), round=0.05, points=_LORRY, wheels=3),
    Profile(share=0.5, height=(0.3, 0.7), round=0.05, points=_FLATBED, wheels=3),
    Profile(share=1.5, height=(0.2, 0.32), round=0.6, points=_SPORTS),
    Profile(share=1.5, height=(0.34, 0.55), round=0.9, points=_BEETLE),
    Profile(share=0.8, height=(0.3, 0.6), round=0.9, points=_DOME),
    Profile(share=0.5, height=(0.25, 0.4), round=0.3, points=_OPEN),
)


def draw_car(canvas: Canvas) -> None:
    """A car, 1 long, that drives to the right (the hand may mirror it)."""
    canvas.pick(
        {_draw_side_view: 8.0, _draw_angled_view: 1.5, _draw_front_view: 0.4, _draw_top_view: 0.12}
    )(canvas)


def _roof_path(canvas: Canvas) -> tuple[Path, int]:
    """The upper edge as corners, y down, and how many wheels such a car has."""
    profile = PROFILES[canvas.pick({i: p.share for i, p in enumerate(PROFILES)})]
    height = canvas.uniform(*profile.height)
    roof = np.array(profile.points) * (1, -height)
    roof += canvas.rng.normal(0, 0.022, roof.shape) * (1, height * 2)
    roof[[0, -1], 0] = 0, 1
    roof[:, 1] = np.minimum(roof[:, 1], -0.03)
    if canvas.chance(profile.round):
        roof = curve(*((float(x), float(y)) for x, y in roof), steps=4)
    number = profile.wheels if canvas.chance(0.9) else canvas.integer(1, 5)
    return roof, number


def _draw_side_view(canvas: Canvas) -> None:
    roof, number = _roof_path(canvas)
    places = [canvas.uniform(0.12, 0.27), 1 - canvas.uniform(0.12, 0.27)]
    places += [canvas.uniform(0.3, 0.7) for _ in range(number - 2)]
    wheels = Wheels.sample(canvas, sorted(places[:number]))
    canvas.begin_feature()
    _draw_body(canvas, roof, wheels)
    if canvas.chance(0.96):
        wheels.draw(canvas)
    canvas.begin_feature()
    _draw_windows(canvas, roof)
    _draw_details(canvas, roof)


def _draw_body(canvas: Canvas, roof: Path, wheels: Wheels) -> None:
    """Roof and floor: closed, in pieces, with arches over the wheels, or a cabin on a box."""
    style = canvas.pick({"outline": 5.0, "arches": 2.0, "box": 1.2, "pieces": 2.5, "open": 0.6})
    floor = polyline((1, 0), (0, 0))
    if style == "box" and len(roof) == 6:
        hood = (roof[1, 1] + roof[-2, 1]) / 2
        canvas.loop(rectangle(0, hood, 1, 0), "frame")
        canvas.line(roof[1:5], "frame")
        return
    if style == "arches" and wheels.places:
        floor = wheels.arches(canvas)
    segments = [Segment(path=p, part="frame") for p in (roof, floor)]
    if style in ("outline", "arches"):
        canvas.loop(join([roof, floor, roof[:1]]), "frame")
    elif style == "open":
        canvas.line(roof, "frame")
    else:
        ends = [polyline((1, float(roof[-1, 1])), (1, 0)), polyline((0, 0), (0, float(roof[0, 1])))]
        halves = [segments[0], Segment(path=ends[0], part="frame"), segments[1]]
        canvas.outline(
            [*halves, Segment(path=ends[1], part="frame")], lift=canvas.uniform(0.2, 0.9)
        )


def _draw_windows(canvas: Canvas, roof: Path) -> None:
    """Windows between the front and the back of the roof."""
    top = float(roof[:, 1].min())
    upper = roof[roof[:, 1] < 0.85 * top]
    left, right = float(upper[:, 0].min()), float(upper[:, 0].max())
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
        canvas.scribble(
            (left + right) / 2, (head + sill) / 2, (right - left) / 2, (sill - head) / 2, "frame"
        )
        return
    number = 1 if style == "one" else canvas.pick({1: 2.0, 2: 5.0, 3: 1.5, 5: 0.4})
    for a, b in pairwise(canvas.divide(number, left + 0.015, right - 0.015)):
        slant = canvas.uniform(-0.04, 0.04)
        pane = polyline((a, head), (b, head), (b + slant, sill), (a - slant, sill), (a, head))
        if style == "bars":
            canvas.line(polyline((a, top), (a - slant, sill)), "frame")
        elif style == "round":
            canvas.ring((a + b) / 2, (head + sill) / 2, (b - a) / 2, (sill - head) / 2, "frame")
        else:
            canvas.loop(pane, "frame") if canvas.chance(0.8) else canvas.line(pane[:4], "frame")


def _draw_details(canvas: Canvas, roof: Path) -> None:
    """Doors, handles, lights, bumpers and what stands on the roof."""
    top, front, back = float(roof[:, 1].min()), float(roof[-1, 1]), float(roof[0, 1])
    if canvas.detail(0.4):
        for x in canvas.divide(canvas.integer(1, 3), 0.25, 0.75)[:-1]:
            canvas.line(
                polyline((x, top * canvas.pick({0.5: 1.0, 0.9: 1.0})), (x, top * 0.08)), "frame"
            )
            if canvas.detail(0.5):
                canvas.line(polyline((x + 0.03, top * 0.42), (x + 0.08, top * 0.42)), "frame")
    if canvas.detail(0.45):
        y, style = (
            front * canvas.uniform(0.4, 0.9),
            canvas.pick({"ring": 3.0, "arc": 1.0, "box": 1.0}),
        )
        if style == "arc":
            canvas.line(ellipse(1, y, 0.06, 0.05, start=0.25, turns=0.5), "frame")
        elif style == "box":
            canvas.line(rectangle(0.93, y - 0.03, 1, y + 0.03), "frame")
        else:
            canvas.ring(0.97, y, 0.03, 0.035, "frame")
    if canvas.detail(0.25):
        canvas.line(rectangle(0, back * 0.8, 0.05, back * 0.45), "frame")
    for x in (0.98, -0.02):
        if canvas.detail(0.12):
            canvas.line(polyline((x, -0.05), (x + 0.06, -0.05), (x + 0.06, 0), (x, 0)), "frame")
    if canvas.detail(0.1):
        x = canvas.uniform(0.2, 0.6)
        canvas.line(polyline((x, top), (x - 0.05, top - canvas.uniform(0.1, 0.25))), "frame")
    if canvas.detail(0.12):  # lamps or signs on the roof
        x, width = float(roof[np.argmin(roof[:, 1]), 0]), canvas.uniform(0.03, 0.08)
        canvas.line(rectangle(x - width, top - 0.08, x + width, top), "frame")
    if canvas.detail(0.12):  # somebody sits in it
        x, r = canvas.uniform(0.4, 0.6), -top / 8
        canvas.ring(x, top * 0.7, r, r, "frame")
        canvas.line(polyline((x, top * 0.55), (x, top * 0.4)), "frame")
    if canvas.detail(0.12):  # a line or two along the side
        y = top * canvas.uniform(0.15, 0.45)
        canvas.line(polyline((canvas.uniform(0, 0.4), y), (canvas.uniform(0.6, 1), y)), "frame")


def _draw_angled_view(canvas: Canvas) -> None:
    """In parallel perspective: near and far side of one profile, and the edges between them."""
    roof, _ = _roof_path(canvas)
    short, fall = canvas.uniform(0.55, 0.9), canvas.uniform(-0.05, 0.3)
    away = np.array([canvas.uniform(0.15, 0.5), -canvas.uniform(0.0, 0.2)])
    view = np.array([[short, fall], [0, 1]])
    near = roof @ view
    foot = polyline((1, 0), (0, 0)) @ view
    canvas.begin_feature()
    if canvas.chance(0.6):
        canvas.loop(join([near, foot, near[:1]]), "frame")
    else:
        canvas.line(near, "frame")
        canvas.line(foot, "frame")
    canvas.begin_feature()
    first = int(np.argmin(roof[:, 1]))  # what lies before the roof's highest corner shows
    far = join([near[first:], foot[:1]]) + away
    if canvas.chance(0.7):
        canvas.line(far, "frame")
    else:
        for a, b in pairwise(far):
            canvas.line(np.stack([a, b]), "frame")
    step = max(1, (len(near) - first) // 3)
    for corner in [*near[first::step], foot[0]]:
        if canvas.chance(0.85):
            canvas.line(np.stack([corner, corner + away]), "frame")
    for share in (0.2, 0.8):
        if canvas.detail(0.9):
            x, y = (near[-1] + foot[0]) / 2 + share * away
            canvas.ring(x, y, 0.04, 0.04, "frame")
    wheels = Wheels.sample(canvas, [0.2, 0.8])
    wheels.draw(canvas, view, (foot[0] + away * 0.85) if canvas.chance(0.6) else None)
    canvas.begin_feature()
    if canvas.detail(0.8):
        top = float(roof[:, 1].min())
        for a, b in pairwise(canvas.divide(canvas.integer(1, 3), 0.25, 0.7)):
            pane = polyline((a, 0.9 * top), (b, 0.9 * top), (b, 0.55 * top), (a, 0.55 * top))
            canvas.loop(join([pane, pane[:1]]) @ view, "frame")


def _draw_front_view(canvas: Canvas) -> None:
    """Body, screen, lamps and two wheels that show from below."""
    height, shoulder = canvas.uniform(0.55, 0.95), canvas.uniform(0.45, 0.65)
    inset, top = canvas.uniform(0.1, 0.3), -height
    middle = -height * shoulder
    screen = polyline((0.08, middle), (inset, top), (1 - inset, top), (0.92, middle))
    canvas.begin_feature()
    if canvas.chance(0.5):
        canvas.loop(rectangle(0, middle, 1, 0), "frame")
        canvas.line(curve(*map(tuple, screen)) if canvas.chance(0.4) else screen, "frame")
    else:
        low = polyline((1, middle * 0.8), (1, 0), (0, 0), (0, middle * 0.8), (0.08, middle))
        canvas.loop(join([screen, low]), "frame")
    if canvas.detail(0.5):
        canvas.line((screen - (0.5, middle)) * 0.75 + (0.5, middle * 1.05), "frame")
    width, depth = canvas.uniform(0.05, 0.12), canvas.uniform(0.08, 0.2)
    kind = canvas.chance(0.5)
    for i, x in enumerate((0.12, 0.88)):
        canvas.begin_feature()
        if kind:
            canvas.line(
                rectangle(x - width, 0, x + width, canvas.jitter(depth)), "wheel", f"wheel {i}"
            )
        else:
            canvas.ring(x, depth / 2, width, depth, "wheel", f"wheel {i}")
    canvas.begin_feature()
    if canvas.chance(0.85):
        for x in (0.2, 0.8):
            canvas.ring(x, middle * 0.55, 0.09, 0.08, "frame")
    if canvas.detail(0.6):
        canvas.line(rectangle(0.36, middle * 0.65, 0.64, middle * 0.35), "frame")
        for x in canvas.divide(canvas.integer(1, 4), 0.36, 0.64)[1:-1]:
            canvas.line(polyline((x, middle * 0.65), (x, middle * 0.35)), "frame")


def _draw_top_view(canvas: Canvas) -> None:
    """From above: a long box with screens, wheels beside it."""
    width = canvas.uniform(0.35, 0.5)
    canvas.begin_feature()
    canvas.loop(rectangle(0, 0, 1, width), "frame")
    for x in (0.25, 0.7):
        canvas.line(polyline((x, 0), (x + 0.05, width / 2), (x, width)), "frame")
    for i, (x, y) in enumerate(
        ((0.2, -0.04), (0.8, -0.04), (0.2, width + 0.04), (0.8, width + 0.04))
    ):
        canvas.begin_feature()
        canvas.line(rectangle(x - 0.08, y - 0.04, x + 0.08, y + 0.04), "wheel", f"wheel {i}")
