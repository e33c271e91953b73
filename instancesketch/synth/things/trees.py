"""Trees: leafy, fir, palm, bare or scribbled, the crown about 1 wide."""

from __future__ import annotations

import numpy as np

from instancesketch.synth.canvas import Canvas, Segment
from instancesketch.synth.primitives import (
    Path,
    Point,
    curve,
    ellipse,
    join,
    place,
    polyline,
    scallops,
    spikes,
    teardrop,
    zigzag,
)

_CROWNS = {
    "bulges": 6.0, "blob": 3.0, "scribble": 0.6, "puffs": 0.8, "teeth": 0.7, "sides": 0.8,
    "corners": 0.6,
}  # fmt: skip
_TRUNKS = {"lines": 6.0, "box": 2.0, "line": 2.0, "filled": 0.5, "fork": 1.5, "roots": 0.6}


def draw_tree(canvas: Canvas) -> None:
    """A crown on a trunk, or a trunk that is all branches."""
    kind = canvas.pick({"leafy": 7.5, "fir": 3.5, "bare": 0.9, "palm": 0.5, "whole": 0.6})
    width = canvas.pick({canvas.uniform(0.05, 0.3): 4.0, canvas.uniform(0.3, 0.55): 1.0})
    if kind == "whole":
        _draw_tree_in_one_line(canvas, width)
        return
    if kind == "palm":
        _draw_palm(canvas)
        return
    if kind == "fir":
        base = _draw_fir(canvas)
    elif kind == "bare":
        width = canvas.uniform(0.04, 0.2)
        base = _draw_bare_branches(canvas, width)
    else:
        base = _draw_leafy_crown(canvas, width)
    canvas.begin_feature()
    length = {"leafy": canvas.uniform(0.3, 1.4), "fir": canvas.uniform(0.1, 0.5), "bare": 1.0}[kind]
    _draw_trunk(canvas, base, width, length)


def _draw_leafy_crown(canvas: Canvas, width: float) -> float:
    """Draws a crown about (0, 0); returns where the trunk begins."""
    canvas.begin_feature()
    ry = canvas.pick(
        {
            canvas.uniform(0.3, 0.65): 5.0,
            canvas.uniform(0.12, 0.3): 1.0,
            canvas.uniform(0.65, 1.0): 1.0,
        }
    )
    gap = width / 2.5 if canvas.chance(0.4) else 0.0  # left open where the trunk goes in
    if canvas.chance(0.08):
        gap = canvas.uniform(0.3, 0.5)  # a roof over the trunk
    crown = ellipse(0, 0, 0.5, ry, start=0.25 + gap / 2, turns=1 - gap)
    crown = canvas.roughen(crown, canvas.uniform(0.0, 0.14))
    _draw_crown(canvas, canvas.pick(_CROWNS), crown, ry)
    _draw_inside_crown(canvas, ry)
    return ry * canvas.uniform(0.2, 1.05) if gap < 0.3 else -0.2 * ry


def _draw_crown(canvas: Canvas, style: str, crown: Path, ry: float) -> None:
    if style in ("bulges", "sides"):
        cuts = canvas.divide(canvas.integer(4, 16))
        depths = canvas.bulge_depths(len(cuts) - 1, 0.1, 0.7)
        whole = scallops(crown, cuts, depths, canvas.uniform(0, 0.8))
        halves = np.array_split(whole, 2) if style == "sides" else [whole]
        for half in halves:  # up one side, then up the other
            canvas.line(half, "leaves")
    elif style == "blob":
        canvas.line(crown, "leaves")
    elif style == "corners":
        canvas.line(crown[:: canvas.integer(4, 7)], "leaves")
    elif style == "teeth":
        canvas.line(
            spikes(crown, canvas.divide(canvas.integer(8, 18)), canvas.uniform(0.05, 0.2)), "leaves"
        )
    elif style == "scribble":
        for _ in range(canvas.integer(1, 4)):
            x, y, r = (
                canvas.uniform(-0.15, 0.15),
                canvas.uniform(-0.15, 0.15),
                canvas.uniform(0.2, 0.45),
            )
            canvas.scribble(x, y * 2 * ry, r, r * 2 * ry, "leaves")
    else:
        for x, y in ((-0.3, 0.1), (0.3, 0.1), (0, -0.25))[: canvas.integer(2, 3)]:
            r = canvas.uniform(0.2, 0.35)
            puff = ellipse(x, y, r, r, start=canvas.rng.random())
            bumps = scallops(puff, canvas.divide(canvas.integer(4, 7)), 0.3)
            canvas.line(bumps if canvas.chance(0.6) else puff, "leaves")


def _draw_inside_crown(canvas: Canvas, ry: float) -> None:
    """Fruit, leaves or the edges of more bulges within the crown."""
    if not canvas.detail(0.16):
        return
    style = canvas.pick({"fruit": 2.0, "arcs": 2.0, "edge": 1.0})
    if style == "edge":
        edge = curve((-0.3, 0.2 * ry), (-0.1, canvas.uniform(-0.5, 0.2) * ry), (0.25, 0.3 * ry))
        canvas.line(scallops(edge, canvas.divide(canvas.integer(3, 6)), 0.4), "leaves")
        return
    for _ in range(canvas.integer(1, 6)):
        x, y, r = (
            canvas.uniform(-0.3, 0.3),
            canvas.uniform(-0.6, 0.5) * ry,
            canvas.uniform(0.03, 0.08),
        )
        if style == "fruit":
            canvas.ring(x, y, r, r, "leaves")
        else:
            turns = canvas.uniform(0.3, 0.6)
            canvas.line(ellipse(x, y, r, r, start=canvas.rng.random(), turns=turns), "leaves")


def _draw_fir(canvas: Canvas) -> float:
    canvas.begin_feature()
    half, height = canvas.uniform(0.2, 0.5), canvas.uniform(0.8, 1.5)
    canvas.pick(
        {
            _draw_triangle: 3.0,
            _draw_tiers: 3.0,
            _draw_steps: 2.0,
            _draw_twigs: 1.2,
            _draw_widening_zigzag: 0.6,
        }
    )(canvas, half, height)
    return canvas.uniform(-0.1, 0.0)


def _draw_triangle(canvas: Canvas, half: float, height: float) -> None:
    """One triangle, closed or with a base of its own."""
    corners = polyline((-half, 0), (0, -height), (half, 0))
    if canvas.chance(0.75):
        canvas.loop(join([corners, corners[:1]]), "leaves")
    else:
        canvas.line(corners, "leaves")
        canvas.line(corners[[0, -1]], "leaves")


def _draw_tiers(canvas: Canvas, half: float, height: float) -> None:
    """Triangles over each other, with or without a base each."""
    number, open_below = canvas.integer(2, 5), canvas.chance(0.35)
    for i in range(number):
        y, w = -height * (number - 1 - i) / number, half * (i + 1.5) / (number + 0.5)
        corners = polyline((-w, y), (0, y - height / number * 1.3), (w, y))
        canvas.line(corners if open_below else join([corners, corners[:1]]), "leaves")


def _draw_steps(canvas: Canvas, half: float, height: float) -> None:
    """Both sides as stairs, in one line or apart."""
    number, notch = canvas.integer(3, 6), canvas.uniform(0.3, 0.7)
    steps: list[Point] = []
    for i in range(number):
        w, y = half * (i + 1) / number, -height * (1 - (i + 1) / number)
        steps += [(w, y), (w * notch, y - canvas.uniform(0, 0.05))] if i < number - 1 else [(w, y)]
    right = polyline((0, -height), *steps)
    left = right * (-1, 1)
    if canvas.chance(0.55):
        base = left[-1:] if canvas.chance(0.8) else left[:0]
        canvas.line(join([left[::-1], right, base]), "leaves")
        return
    for side in (left, right):
        canvas.line(side, "leaves")
    if canvas.chance(0.7):
        canvas.line(np.stack([left[-1], right[-1]]), "leaves")


def _draw_twigs(canvas: Canvas, half: float, height: float) -> None:
    """Branches on both sides of a line, each a stroke or a pair in one."""
    together, sag = canvas.chance(0.4), canvas.uniform(-0.1, 0.35)
    for level in canvas.divide(canvas.integer(2, 5), 0.05, 0.75)[:-1]:
        width, y = half * (0.4 + level), -height * (1 - level)
        sides = [curve((0, 0), (reach * 0.6, sag / 2), (reach, sag)) for reach in (-width, width)]
        if together:
            canvas.line(place(join([sides[0][::-1], sides[1]]), 0, y), "leaves")
            continue
        for side in sides:
            canvas.line(place(side, 0, y), "leaves")
    canvas.line(polyline((0, -height), (0, 0)), "trunk")


def _draw_widening_zigzag(canvas: Canvas, half: float, height: float) -> None:
    """One zigzag that widens on its way down."""
    number = canvas.integer(6, 14)
    y = np.linspace(-height, 0, number)
    swing = np.where(np.arange(number) % 2, 1, -1) * np.linspace(0.02, half, number)
    canvas.line(np.stack([swing * canvas.rng.uniform(0.7, 1.1, number), y], 1), "leaves")


def _draw_bare_branches(canvas: Canvas, width: float) -> float:
    """Branches from a trunk, some of them forked, some with a leaf."""
    canvas.begin_feature()
    leafy = canvas.chance(0.3)
    for _ in range(canvas.integer(2, 8)):
        y, side = canvas.uniform(-0.4, 0.2), canvas.pick({-1: 1, 1: 1})
        end = (side * canvas.uniform(0.1, 0.5), y - canvas.uniform(0.1, 0.5))
        knee = (end[0] * 0.6, (y + end[1]) / 2 + canvas.uniform(-0.05, 0.1))
        canvas.line(curve((side * width / 3, y), knee, end), "leaves")
        if canvas.chance(0.4):
            fork = (end[0] + canvas.uniform(-0.1, 0.1), knee[1] - canvas.uniform(-0.1, 0.2))
            canvas.line(polyline(knee, fork), "leaves")
        if leafy:
            r = canvas.uniform(0.03, 0.08)
            canvas.ring(end[0], end[1] - r, r, r, "leaves")
    return -0.4


def _draw_palm(canvas: Canvas) -> None:
    """Fronds from the top of a bent trunk."""
    lean = canvas.uniform(-0.3, 0.3)
    canvas.begin_feature()
    droop, style = canvas.uniform(0.0, 0.4), canvas.pick({"arc": 3.0, "drop": 2.0})
    for share in np.linspace(0, 1, canvas.integer(4, 8)):
        angle = np.pi * (1.1 + 0.8 * share) + canvas.uniform(-0.1, 0.1)
        length = canvas.uniform(0.35, 0.55)
        x, y = length * np.cos(angle), length * np.sin(angle)
        if style == "arc":
            canvas.line(curve((0, 0), (0.6 * x, y), (x, 0.3 * y + droop)), "leaves")
        else:
            canvas.line(teardrop((0, 0), (x, y + droop), 0.35), "leaves")
    if canvas.detail(0.3):
        for x in (-0.06, 0.06):
            canvas.ring(x, 0.05, 0.05, 0.05, "leaves")
    canvas.begin_feature()
    length, width = canvas.uniform(0.8, 1.3), canvas.uniform(0.04, 0.15)
    for x in (0.0, width)[: canvas.integer(1, 2)]:
        canvas.line(curve((x, 0.02), (x + lean / 4, length / 2), (x * 1.6 + lean, length)), "trunk")


def _draw_tree_in_one_line(canvas: Canvas, width: float) -> None:
    """Trunk and crown in one line: up one side, round the crown, down the other."""
    half, ry = width / 2, canvas.uniform(0.3, 0.6)
    length, gap = canvas.uniform(0.3, 0.9), min(0.3, 0.4 * width)
    crown = ellipse(0, 0, 0.5, ry, start=0.25 + gap / 2, turns=1 - gap)
    if canvas.chance(0.6):
        crown = scallops(crown, canvas.divide(canvas.integer(5, 12)), canvas.uniform(0.2, 0.6))
    flare = canvas.uniform(1, 2)
    left, right = crown[0], crown[-1]
    segments = [
        Segment(path=polyline((-half * flare, ry + length), (left[0], left[1])), part="trunk"),
        Segment(path=crown, part="leaves"),
        Segment(path=polyline((right[0], right[1]), (half * flare, ry + length)), part="trunk"),
    ]
    canvas.begin_feature()
    canvas.outline(segments, lift=canvas.pick({0.0: 2.0, 0.3: 1.0}))


def _draw_trunk(canvas: Canvas, top: float, width: float, length: float) -> None:
    half, flare = width / 2, canvas.pick({1.0: 2, 1.4: 2, canvas.uniform(1.5, 4): 1.5})
    low, lean, foot = top + length, canvas.rng.normal(0, 0.04), half * flare
    left = curve((-half, top), (-half * canvas.jitter(1), top + 0.6 * length), (-foot, low))
    if canvas.chance(0.4):
        left = left[[0, -1]]
    right = left * (-1, 1) + np.linspace(0, lean, len(left))[:, None] * (1, 0)
    left = left + np.linspace(0, lean, len(left))[:, None] * (1, 0)
    style = canvas.pick(_TRUNKS)
    if style == "line":
        canvas.line(polyline((0, top), (lean, low)), "trunk")
    elif style == "filled":
        canvas.line(
            zigzag(
                (-half, top + length / 2), (half, top + length / 2), canvas.integer(7, 15), length
            ),
            "trunk",
        )
    elif style == "box":
        outline = join([left, right[::-1]])
        canvas.line(join([outline, left[:1]]) if canvas.chance(0.4) else outline, "trunk")
    else:
        canvas.line(left, "trunk")
        canvas.line(right, "trunk")
        if canvas.chance(0.2):
            canvas.line(np.stack([left[-1], right[-1]]), "trunk")
    if style in ("fork", "line") and canvas.chance(0.5):
        _draw_limbs(canvas, top, half if style == "fork" else 0.0)
    elif style == "roots":
        for x in (-foot, 0.0, foot):
            canvas.line(
                polyline((x, low), (x * canvas.uniform(1.2, 2), low + canvas.uniform(0.03, 0.12))),
                "trunk",
            )
    _draw_bark(canvas, top, width if style != "line" else 0.0, length)


def _draw_limbs(canvas: Canvas, top: float, half: float) -> None:
    """The trunk goes on into the crown: a V between its lines, or branches."""
    rise, width = canvas.uniform(0.08, 0.3), canvas.uniform(1.0, 3.0) * max(half, 0.05)
    if canvas.chance(0.5):
        notch = polyline(
            (-half, top), (-width, top - rise), (0, top), (width, top - rise), (half, top)
        )
        canvas.line(notch if canvas.chance(0.5) else notch[1:-1], "trunk")
        return
    for side in (-1, 1):
        canvas.line(
            curve(
                (side * half, top), (side * width, top - rise / 2), (side * 1.5 * width, top - rise)
            ),
            "trunk",
        )


def _draw_bark(canvas: Canvas, top: float, width: float, length: float) -> None:
    if width > 0.15 and canvas.detail(0.15):  # a hollow
        canvas.ring(0, top + 0.55 * length, width * 0.15, width * 0.22, "trunk")
    if width > 0.12 and canvas.detail(0.12):
        for _ in range(canvas.integer(1, 4)):
            x, y = canvas.uniform(-0.35, 0.35) * width, top + length * canvas.uniform(0.1, 0.8)
            canvas.line(polyline((x, y), (x, y + length * 0.15)), "trunk")
