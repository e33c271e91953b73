"""Flowers and trees."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from instancesketch.synth.pad import Pad
from instancesketch.synth.primitives import (
    at,
    curve,
    drop,
    ellipse,
    hatching,
    joined,
    placed,
    polyline,
    rectangle,
    scallops,
    spikes,
    spiral,
    zigzag,
)
from instancesketch.taxonomy import UNLABELED


def flower(pad: Pad) -> None:
    """A blossom with radius about 1, on a stem; now and then two or three, or one in a pot."""
    number = pad.pick({1: 9.0, 2: 1.0, 3: 1.0})
    stems = pad.chance(0.82) or number > 1
    foot = (0.0, pad.between(2.0, 4.0))
    pot = stems and pad.chance(0.06)
    for i in range(number):
        x = (i - (number - 1) / 2) * pad.between(2.6, 3.2)
        y = pad.between(-0.6, 0.6) if number > 1 else 0.0
        pad.feature()
        below = _tulip(pad, x, y) if pad.chance(0.1) else _blossom(pad, x, y, f"{i}")
        if stems:
            pad.feature()
            _stem(pad, (x, y + below), foot, f"{i}", leafy=not pot or pad.chance(0.5))
    if pot:
        pad.feature()
        sides = polyline((-1, 0), (-0.7, 1.5), (0.7, 1.5), (1, 0))
        wide = pad.between(0.7, 1.3)
        pad.line(placed(sides, foot[0], foot[1] - 0.2, wide), UNLABELED)
        pad.ring(foot[0], foot[1] - 0.2, wide, 0.15, UNLABELED)


def _blossom(pad: Pad, x: float, y: float, name: str) -> float:
    """Draws a blossom seen from above; returns where the stem begins, below its middle."""
    inner, number = pad.between(0.2, 0.6), pad.count(4, 10)
    start = pad.rng.random()
    core = ellipse(x, y, inner, inner, start=start, turns=pad.pick({1: 1, -1: 1}))
    style = pad.pick({"curl": 7.0, "loops": 2.5, "arcs": 1.5, "some": 1.0, "teeth": 0.7})
    if pad.chance(0.62):
        _centre(pad, x, y, inner * pad.between(0.6, 1.0))
        pad.feature()
    if style == "curl":
        cuts = pad.cuts(number, 0, pad.near(1, 0.03))
        depth = (1 - inner) / (2 * np.pi * inner / number)
        depths = np.minimum(depth, 1.6) * pad.depths(number, 1, 1)
        pad.line(scallops(core, cuts, depths, pad.between(0, 1.0)), "petal")
    elif style == "teeth":
        pad.line(spikes(core, pad.cuts(number), 1 - inner), "petal")
    elif style == "some":  # a few petals at a time
        cuts = pad.cuts(number)
        at_once = pad.count(2, 4)
        for i in range(0, number, at_once):
            few = cuts[i : i + at_once + 1]
            unit = f"petal {name} {i}" if len(few) == 2 else None
            pad.line(scallops(core, few, pad.between(0.8, 1.4), 0.5), "petal", unit)
    else:
        width, pinch = pad.between(0.35, 0.75), pad.between(0, 0.9)
        cuts = pad.cuts(number)
        for i, (a, b) in enumerate(pairwise(cuts)):
            unit = f"petal {name} {i}"
            if style == "arcs":
                pad.line(scallops(core, [a, b], pad.between(0.8, 1.5), pinch), "petal", unit)
                continue
            foot = at(core, (a + b) / 2)
            reach = (inner + pad.near(0.7, 0.1)) / inner
            tip = (x + (foot[0] - x) * reach, y + (foot[1] - y) * reach)
            pad.line(drop(tuple(foot), tip, width), "petal", unit)
    return pad.pick({inner: 2.0, pad.near(0.95, 0.1): 3.0})


def _centre(pad: Pad, x: float, y: float, r: float) -> None:
    style = pad.pick({"ring": 8.0, "spiral": 0.8, "filled": 0.8, "dots": 0.5})
    if style == "spiral":
        pad.line(spiral(x, y, r, pad.between(1.5, 3)), "center")
        return
    pad.ring(x, y, r, r, "center")
    if style == "filled":
        pad.line(hatching(x, y, r * 0.9, r * 0.9, pad.count(6, 16), pad.rng.random()), "center")
    elif style == "dots":
        for px, py in pad.rng.uniform(-0.55, 0.55, (pad.count(3, 8), 2)) * r:
            pad.line(polyline((x + px, y + py)), "center")


def _tulip(pad: Pad, x: float, y: float) -> float:
    """Draws a tulip from the side: all its petals at once, so none is an instance."""
    w, h = pad.between(0.5, 0.9), pad.between(0.6, 1.2)
    teeth = zigzag((x - w, y - h), (x + w, y - h), pad.count(2, 3) * 2, pad.between(0.3, 0.7))
    cup = ellipse(x, y - h, w, h + 0.6, start=0, turns=0.5)
    if pad.chance(0.7):
        pad.line(joined([teeth, cup]), "petal")
    else:
        pad.line(teeth, "petal")
        pad.line(cup, "petal")
    return 0.6


def _stem(
    pad: Pad, top: tuple[float, float], foot: tuple[float, float], name: str, leafy: bool
) -> None:
    bend = pad.between(-0.4, 0.4)
    middle = ((top[0] + foot[0]) / 2 + bend, (top[1] + foot[1]) / 2)
    way = curve(top, middle, foot)
    if pad.chance(0.15):  # two lines
        for dx in (-0.1, 0.1):
            pad.line(placed(way, dx, 0), "stem")
    else:
        pad.line(way, "stem")
    if not leafy or not pad.care(0.42):
        return
    style = pad.pick({"drop": 5.0, "arc": 1.5, "line": 1.0})
    for i in range(pad.pick({1: 3.0, 2: 5.0, 3: 1.0, 4: 1.0})):
        pad.feature()
        base = at(way, pad.between(0.35, 0.9))
        side = 1 if (i + (pad.hand.mirror)) % 2 else -1
        tip = base + np.array([side * pad.between(0.7, 1.6), -pad.between(-0.2, 1.0)])
        unit = f"leaf {name} {i}"
        if style == "drop":
            pad.line(drop(tuple(base), tuple(tip), pad.between(0.35, 0.7)), "leaf", unit)
            if pad.care(0.2):
                pad.line(np.stack([base, base + 0.8 * (tip - base)]), "leaf", unit)
        elif style == "arc":
            sag = (base + tip) / 2 + (0, pad.between(-0.3, 0.4))
            pad.line(curve(tuple(base), tuple(sag), tuple(tip)), "leaf", unit)
        else:
            pad.line(np.stack([base, tip]), "leaf", unit)


def tree(pad: Pad) -> None:
    """A crown about 1 wide on a trunk: leafy, fir, bare or scribbled."""
    kind = pad.pick({"leafy": 7.0, "fir": 3.5, "bare": 0.8})
    width = pad.between(0.06, 0.35)
    if kind == "fir":
        base = _fir(pad)
    elif kind == "bare":
        width = pad.between(0.04, 0.15)
        base = _bare(pad, width)
    else:
        base = _leafy(pad, width)
    pad.feature()
    long = {"leafy": pad.between(0.2, 0.9), "fir": pad.between(0.1, 0.5), "bare": 1.0}[kind]
    _trunk(pad, base, width, long)


def _leafy(pad: Pad, width: float) -> float:
    """Draws a crown about (0, 0); returns where the trunk begins."""
    pad.feature()
    ry = pad.between(0.3, 0.65)
    gap = width / 2.5 if pad.chance(0.4) else 0.0  # left open where the trunk goes in
    round_crown = ellipse(0, 0, 0.5, ry, start=0.25 + gap / 2, turns=1 - gap)
    open_crown = pad.uneven(round_crown, pad.between(0.0, 0.12))
    style = pad.pick({"bulges": 6.0, "blob": 3.0, "scribble": 0.7, "puffs": 0.8, "teeth": 0.6})
    if style == "bulges":
        cuts = pad.cuts(pad.count(4, 14))
        depths = pad.depths(len(cuts) - 1, 0.2, 0.7)
        pad.line(scallops(open_crown, cuts, depths, pad.between(0, 0.8)), "leaves")
    elif style == "blob":
        pad.line(open_crown, "leaves")
    elif style == "teeth":
        pad.line(spikes(open_crown, pad.cuts(pad.count(8, 18)), 0.1), "leaves")
    elif style == "scribble":
        for _ in range(pad.count(1, 5)):
            r, x, y = pad.between(0.2, 0.45), pad.between(-0.15, 0.15), pad.between(-0.15, 0.15)
            pad.line(ellipse(x, y, r, r, turns=pad.between(2, 5)) * (1, ry * 2), "leaves")
    else:
        for x, y in ((-0.3, 0.1), (0.3, 0.1), (0, -0.25)):
            puff = ellipse(x, y, 0.3, 0.28)
            pad.line(scallops(puff, pad.cuts(pad.count(4, 7)), 0.3), "leaves")
    if pad.care(0.15):
        for _ in range(pad.count(1, 6)):
            x, y, r = pad.between(-0.3, 0.3), pad.between(-0.6, 0.5) * ry, pad.between(0.03, 0.07)
            if pad.chance(0.6):
                pad.ring(x, y, r, r, "leaves")
            else:
                pad.line(ellipse(x, y, r, r, start=0.5, turns=0.5), "leaves")
    return ry * pad.between(0.3, 1.0)


def _fir(pad: Pad) -> float:
    pad.feature()
    style = pad.pick({"triangle": 3.0, "tiers": 3.0, "teeth": 2.0, "twigs": 1.0})
    half, high = pad.between(0.25, 0.5), pad.between(0.9, 1.4)
    if style == "triangle":
        pad.loop(polyline((0, -high), (half, 0), (-half, 0), (0, -high)), "leaves")
    elif style == "tiers":
        number = pad.count(2, 4)
        for i in range(number):
            y, w = -high * (number - 1 - i) / number, half * (i + 1.5) / (number + 0.5)
            tip = (0, y - high / number * 1.3)
            if pad.chance(0.7):
                pad.line(polyline((-w, y), tip, (w, y), (-w, y)), "leaves")
            else:
                pad.line(polyline((-w, y), tip, (w, y)), "leaves")
    elif style == "teeth":
        number = pad.count(3, 5)
        steps = []
        for i in range(number):
            w, y = half * (i + 1) / number, -high * (1 - (i + 1) / number)
            steps += [(w, y), (w * 0.5, y)] if i < number - 1 else [(w, y)]
        right = np.array([(0, -high), *steps])
        left = right * (-1, 1)
        if pad.chance(0.5):
            pad.line(joined([left[::-1], right, left[-1:]]), "leaves")
        else:
            for side in (left, right):
                pad.line(side, "leaves")
            pad.line(np.stack([left[-1], right[-1]]), "leaves")
    else:
        for i in range(pad.count(2, 4)):
            wide, level = half * (0.4 + 0.2 * i), -high * 0.9 + 0.3 * i
            for reach in (-wide, wide):
                twig = curve((0, 0), (reach * 0.6, 0.1), (reach, 0.22))
                pad.line(placed(twig, 0, level), "leaves")
        pad.line(polyline((0, -high), (0, 0)), "trunk")
    return 0.0


def _bare(pad: Pad, width: float) -> float:
    pad.feature()
    for _ in range(pad.count(3, 8)):
        y, side = pad.between(-0.4, 0.2), pad.pick({-1: 1, 1: 1})
        end = (side * pad.between(0.2, 0.5), y - pad.between(0.1, 0.4))
        pad.line(curve((side * width / 3, y), (end[0] * 0.6, end[1] + 0.1), end), "leaves")
        if pad.chance(0.4):
            pad.line(polyline((end[0] * 0.6, end[1] + 0.1), (end[0], end[1] + 0.15)), "leaves")
    return -0.4


def _trunk(pad: Pad, top: float, width: float, long: float) -> None:
    half, foot = width / 2, width / 2 * pad.pick({1.0: 2, 1.4: 2, pad.between(1.5, 4): 1.5})
    low = top + long
    left = curve((-half, top), (-half * pad.near(1), top + 0.6 * long), (-foot, low))
    right = left * (-1, 1)
    style = pad.pick({"lines": 6.0, "box": 2.0, "line": 2.0, "filled": 0.5})
    if style == "line":
        pad.line(polyline((0, top), (pad.between(-0.03, 0.03), low)), "trunk")
    elif style == "filled":
        y = top + long / 2
        pad.line(zigzag((-half, y), (half, y), pad.count(7, 15), long), "trunk")
    elif style == "box":
        closing = (
            rectangle(-half, top, half, low) if pad.chance(0.4) else joined([left, right[::-1]])
        )
        pad.line(closing, "trunk")
    else:
        pad.line(left, "trunk")
        pad.line(right, "trunk")
        if pad.chance(0.2):
            pad.line(polyline((-foot, low), (foot, low)), "trunk")
    if style != "line" and width > 0.15 and pad.care(0.15):
        pad.ring(0, top + 0.55 * long, width * 0.15, width * 0.22, "trunk")
    if width > 0.12 and pad.care(0.12):
        for _ in range(pad.count(1, 4)):  # bark
            x, y = pad.between(-half, half) * 0.7, top + long * pad.between(0.1, 0.8)
            pad.line(polyline((x, y), (x, y + long * 0.15)), "trunk")
