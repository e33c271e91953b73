"""Trees: leafy, fir, palm, bare or scribbled, the crown about 1 wide."""

from __future__ import annotations

import numpy as np

from instancesketch.synth.animals.features import strokes_of
from instancesketch.synth.canvas import Pad, Piece
from instancesketch.synth.primitives import (
    Path,
    Point,
    curve,
    drop,
    ellipse,
    joined,
    placed,
    polyline,
    scallops,
    spikes,
    zigzag,
)

_CROWNS = {
    "bulges": 6.0, "blob": 3.0, "scribble": 0.6, "puffs": 0.8, "teeth": 0.7, "sides": 0.8,
    "corners": 0.6,
}  # fmt: skip
_TRUNKS = {"lines": 6.0, "box": 2.0, "line": 2.0, "filled": 0.5, "fork": 1.5, "roots": 0.6}


def tree(pad: Pad) -> None:
    """A crown on a trunk, or a trunk that is all branches."""
    kind = pad.pick({"leafy": 7.5, "fir": 3.5, "bare": 0.9, "palm": 0.5, "whole": 0.6})
    width = pad.pick({pad.between(0.05, 0.3): 4.0, pad.between(0.3, 0.55): 1.0})
    if kind == "whole":
        _whole(pad, width)
        return
    if kind == "palm":
        _palm(pad)
        return
    if kind == "fir":
        base = _fir(pad)
    elif kind == "bare":
        width = pad.between(0.04, 0.2)
        base = _bare(pad, width)
    else:
        base = _leafy(pad, width)
    pad.feature()
    long = {"leafy": pad.between(0.3, 1.4), "fir": pad.between(0.1, 0.5), "bare": 1.0}[kind]
    _trunk(pad, base, width, long)


def _leafy(pad: Pad, width: float) -> float:
    """Draws a crown about (0, 0); returns where the trunk begins."""
    pad.feature()
    ry = pad.pick(
        {pad.between(0.3, 0.65): 5.0, pad.between(0.12, 0.3): 1.0, pad.between(0.65, 1.0): 1.0}
    )
    gap = width / 2.5 if pad.chance(0.4) else 0.0  # left open where the trunk goes in
    if pad.chance(0.08):
        gap = pad.between(0.3, 0.5)  # a roof over the trunk
    crown = ellipse(0, 0, 0.5, ry, start=0.25 + gap / 2, turns=1 - gap)
    crown = pad.uneven(crown, pad.between(0.0, 0.14))
    _crown(pad, pad.pick(_CROWNS), crown, ry)
    _inside(pad, ry)
    return ry * pad.between(0.2, 1.05) if gap < 0.3 else -0.2 * ry


def _crown(pad: Pad, style: str, crown: Path, ry: float) -> None:
    if style in ("bulges", "sides"):
        cuts = pad.cuts(pad.count(4, 16))
        depths = pad.depths(len(cuts) - 1, 0.1, 0.7)
        whole = scallops(crown, cuts, depths, pad.between(0, 0.8))
        halves = np.array_split(whole, 2) if style == "sides" else [whole]
        for half in halves:  # up one side, then up the other
            pad.line(half, "leaves")
    elif style == "blob":
        pad.line(crown, "leaves")
    elif style == "corners":
        pad.line(crown[:: pad.count(4, 7)], "leaves")
    elif style == "teeth":
        pad.line(spikes(crown, pad.cuts(pad.count(8, 18)), pad.between(0.05, 0.2)), "leaves")
    elif style == "scribble":
        for _ in range(pad.count(1, 4)):
            x, y, r = pad.between(-0.15, 0.15), pad.between(-0.15, 0.15), pad.between(0.2, 0.45)
            pad.scribble(x, y * 2 * ry, r, r * 2 * ry, "leaves")
    else:
        for x, y in ((-0.3, 0.1), (0.3, 0.1), (0, -0.25))[: pad.count(2, 3)]:
            r = pad.between(0.2, 0.35)
            puff = ellipse(x, y, r, r, start=pad.rng.random())
            bumps = scallops(puff, pad.cuts(pad.count(4, 7)), 0.3)
            pad.line(bumps if pad.chance(0.6) else puff, "leaves")


def _inside(pad: Pad, ry: float) -> None:
    """Fruit, leaves or the edges of more bulges within the crown."""
    if not pad.care(0.16):
        return
    style = pad.pick({"fruit": 2.0, "arcs": 2.0, "edge": 1.0})
    if style == "edge":
        edge = curve((-0.3, 0.2 * ry), (-0.1, pad.between(-0.5, 0.2) * ry), (0.25, 0.3 * ry))
        pad.line(scallops(edge, pad.cuts(pad.count(3, 6)), 0.4), "leaves")
        return
    for _ in range(pad.count(1, 6)):
        x, y, r = pad.between(-0.3, 0.3), pad.between(-0.6, 0.5) * ry, pad.between(0.03, 0.08)
        if style == "fruit":
            pad.ring(x, y, r, r, "leaves")
        else:
            turns = pad.between(0.3, 0.6)
            pad.line(ellipse(x, y, r, r, start=pad.rng.random(), turns=turns), "leaves")


def _fir(pad: Pad) -> float:
    pad.feature()
    half, high = pad.between(0.2, 0.5), pad.between(0.8, 1.5)
    pad.pick({_triangle: 3.0, _tiers: 3.0, _steps: 2.0, _twigs: 1.2, _swung: 0.6})(pad, half, high)
    return pad.between(-0.1, 0.0)


def _triangle(pad: Pad, half: float, high: float) -> None:
    """One triangle, closed or with a base of its own."""
    corners = polyline((-half, 0), (0, -high), (half, 0))
    if pad.chance(0.75):
        pad.loop(joined([corners, corners[:1]]), "leaves")
    else:
        pad.line(corners, "leaves")
        pad.line(corners[[0, -1]], "leaves")


def _tiers(pad: Pad, half: float, high: float) -> None:
    """Triangles over each other, with or without a base each."""
    number, open_below = pad.count(2, 5), pad.chance(0.35)
    for i in range(number):
        y, w = -high * (number - 1 - i) / number, half * (i + 1.5) / (number + 0.5)
        corners = polyline((-w, y), (0, y - high / number * 1.3), (w, y))
        pad.line(corners if open_below else joined([corners, corners[:1]]), "leaves")


def _steps(pad: Pad, half: float, high: float) -> None:
    """Both sides as stairs, in one line or apart."""
    number, notch = pad.count(3, 6), pad.between(0.3, 0.7)
    steps: list[Point] = []
    for i in range(number):
        w, y = half * (i + 1) / number, -high * (1 - (i + 1) / number)
        steps += [(w, y), (w * notch, y - pad.between(0, 0.05))] if i < number - 1 else [(w, y)]
    right = polyline((0, -high), *steps)
    left = right * (-1, 1)
    if pad.chance(0.55):
        base = left[-1:] if pad.chance(0.8) else left[:0]
        pad.line(joined([left[::-1], right, base]), "leaves")
        return
    for side in (left, right):
        pad.line(side, "leaves")
    if pad.chance(0.7):
        pad.line(np.stack([left[-1], right[-1]]), "leaves")


def _twigs(pad: Pad, half: float, high: float) -> None:
    """Branches on both sides of a line, each a stroke or a pair in one."""
    together, sag = pad.chance(0.4), pad.between(-0.1, 0.35)
    for level in pad.cuts(pad.count(2, 5), 0.05, 0.75)[:-1]:
        wide, y = half * (0.4 + level), -high * (1 - level)
        sides = [curve((0, 0), (reach * 0.6, sag / 2), (reach, sag)) for reach in (-wide, wide)]
        if together:
            pad.line(placed(joined([sides[0][::-1], sides[1]]), 0, y), "leaves")
            continue
        for side in sides:
            pad.line(placed(side, 0, y), "leaves")
    pad.line(polyline((0, -high), (0, 0)), "trunk")


def _swung(pad: Pad, half: float, high: float) -> None:
    """One zigzag that widens on its way down."""
    number = pad.count(6, 14)
    y = np.linspace(-high, 0, number)
    swing = np.where(np.arange(number) % 2, 1, -1) * np.linspace(0.02, half, number)
    pad.line(np.stack([swing * pad.rng.uniform(0.7, 1.1, number), y], 1), "leaves")


def _bare(pad: Pad, width: float) -> float:
    """Branches from a trunk, some of them forked, some with a leaf."""
    pad.feature()
    leafy = pad.chance(0.3)
    for _ in range(pad.count(2, 8)):
        y, side = pad.between(-0.4, 0.2), pad.pick({-1: 1, 1: 1})
        end = (side * pad.between(0.1, 0.5), y - pad.between(0.1, 0.5))
        knee = (end[0] * 0.6, (y + end[1]) / 2 + pad.between(-0.05, 0.1))
        pad.line(curve((side * width / 3, y), knee, end), "leaves")
        if pad.chance(0.4):
            fork = (end[0] + pad.between(-0.1, 0.1), knee[1] - pad.between(-0.1, 0.2))
            pad.line(polyline(knee, fork), "leaves")
        if leafy:
            r = pad.between(0.03, 0.08)
            pad.ring(end[0], end[1] - r, r, r, "leaves")
    return -0.4


def _palm(pad: Pad) -> None:
    """Fronds from the top of a bent trunk."""
    lean = pad.between(-0.3, 0.3)
    pad.feature()
    droop, style = pad.between(0.0, 0.4), pad.pick({"arc": 3.0, "drop": 2.0})
    for share in np.linspace(0, 1, pad.count(4, 8)):
        angle = np.pi * (1.1 + 0.8 * share) + pad.between(-0.1, 0.1)
        long = pad.between(0.35, 0.55)
        x, y = long * np.cos(angle), long * np.sin(angle)
        if style == "arc":
            pad.line(curve((0, 0), (0.6 * x, y), (x, 0.3 * y + droop)), "leaves")
        else:
            pad.line(drop((0, 0), (x, y + droop), 0.35), "leaves")
    if pad.care(0.3):
        for x in (-0.06, 0.06):
            pad.ring(x, 0.05, 0.05, 0.05, "leaves")
    pad.feature()
    long, wide = pad.between(0.8, 1.3), pad.between(0.04, 0.15)
    for x in (0.0, wide)[: pad.count(1, 2)]:
        pad.line(curve((x, 0.02), (x + lean / 4, long / 2), (x * 1.6 + lean, long)), "trunk")


def _whole(pad: Pad, width: float) -> None:
    """Trunk and crown in one line: up one side, round the crown, down the other."""
    half, ry = width / 2, pad.between(0.3, 0.6)
    long, gap = pad.between(0.3, 0.9), min(0.3, 0.4 * width)
    crown = ellipse(0, 0, 0.5, ry, start=0.25 + gap / 2, turns=1 - gap)
    if pad.chance(0.6):
        crown = scallops(crown, pad.cuts(pad.count(5, 12)), pad.between(0.2, 0.6))
    flare = pad.between(1, 2)
    left, right = crown[0], crown[-1]
    pieces = [
        Piece(path=polyline((-half * flare, ry + long), (left[0], left[1])), part="trunk"),
        Piece(path=crown, part="leaves"),
        Piece(path=polyline((right[0], right[1]), (half * flare, ry + long)), part="trunk"),
    ]
    pad.feature()
    strokes_of(pad, pieces, lift=pad.pick({0.0: 2.0, 0.3: 1.0}))


def _trunk(pad: Pad, top: float, width: float, long: float) -> None:
    half, flare = width / 2, pad.pick({1.0: 2, 1.4: 2, pad.between(1.5, 4): 1.5})
    low, lean, foot = top + long, pad.rng.normal(0, 0.04), half * flare
    left = curve((-half, top), (-half * pad.near(1), top + 0.6 * long), (-foot, low))
    if pad.chance(0.4):
        left = left[[0, -1]]
    right = left * (-1, 1) + np.linspace(0, lean, len(left))[:, None] * (1, 0)
    left = left + np.linspace(0, lean, len(left))[:, None] * (1, 0)
    style = pad.pick(_TRUNKS)
    if style == "line":
        pad.line(polyline((0, top), (lean, low)), "trunk")
    elif style == "filled":
        pad.line(
            zigzag((-half, top + long / 2), (half, top + long / 2), pad.count(7, 15), long), "trunk"
        )
    elif style == "box":
        outline = joined([left, right[::-1]])
        pad.line(joined([outline, left[:1]]) if pad.chance(0.4) else outline, "trunk")
    else:
        pad.line(left, "trunk")
        pad.line(right, "trunk")
        if pad.chance(0.2):
            pad.line(np.stack([left[-1], right[-1]]), "trunk")
    if style in ("fork", "line") and pad.chance(0.5):
        _limbs(pad, top, half if style == "fork" else 0.0)
    elif style == "roots":
        for x in (-foot, 0.0, foot):
            pad.line(
                polyline((x, low), (x * pad.between(1.2, 2), low + pad.between(0.03, 0.12))),
                "trunk",
            )
    _bark(pad, top, width if style != "line" else 0.0, long)


def _limbs(pad: Pad, top: float, half: float) -> None:
    """The trunk goes on into the crown: a V between its lines, or branches."""
    rise, wide = pad.between(0.08, 0.3), pad.between(1.0, 3.0) * max(half, 0.05)
    if pad.chance(0.5):
        notch = polyline(
            (-half, top), (-wide, top - rise), (0, top), (wide, top - rise), (half, top)
        )
        pad.line(notch if pad.chance(0.5) else notch[1:-1], "trunk")
        return
    for side in (-1, 1):
        pad.line(
            curve(
                (side * half, top), (side * wide, top - rise / 2), (side * 1.5 * wide, top - rise)
            ),
            "trunk",
        )


def _bark(pad: Pad, top: float, width: float, long: float) -> None:
    if width > 0.15 and pad.care(0.15):  # a hollow
        pad.ring(0, top + 0.55 * long, width * 0.15, width * 0.22, "trunk")
    if width > 0.12 and pad.care(0.12):
        for _ in range(pad.count(1, 4)):
            x, y = pad.between(-0.35, 0.35) * width, top + long * pad.between(0.1, 0.8)
            pad.line(polyline((x, y), (x, y + long * 0.15)), "trunk")
