"""Heads, wings, tails and legs of birds."""

from __future__ import annotations

import numpy as np

from instancesketch.synth.animals.features import Legs, eye, eye_style
from instancesketch.synth.canvas import Pad
from instancesketch.synth.primitives import (
    curve,
    drop,
    ellipse,
    joined,
    placed,
    polyline,
    scallops,
    turned,
    zigzag,
)

_FEET = {
    "": 5.0, "toes": 4.0, "vee": 2.0, "fork": 1.5, "oval": 0.8, "line": 0.7, "web": 0.7,
}  # fmt: skip


def beak(pad: Pad, x: float, y: float, r: float) -> None:
    """A beak to the right from (x, y) on a head of radius r."""
    long, high = r * pad.between(0.4, 1.6), r * pad.between(0.15, 0.4)
    tip = (x + long, y + pad.between(-0.1, 0.3) * r)
    style = pad.pick({"wedge": 5.0, "closed": 2.0, "open": 1.0, "hook": 1.0, "line": 0.4})
    if style == "wedge":
        pad.line(polyline((x, y - high), tip, (x, y + high)), "head")
    elif style == "closed":
        pad.loop(polyline((x, y - high), tip, (x, y + high), (x, y - high)), "head")
    elif style == "open":
        pad.line(polyline((x, y - high), (tip[0], tip[1] - high), (x, y)), "head")
        pad.line(polyline((x, y), (tip[0], tip[1] + high), (x, y + high)), "head")
    elif style == "hook":
        point = (x + long * 0.8, y + 2 * high)
        pad.line(curve((x, y - high), (x + long, y), point, (x, y + high)), "head")
    else:
        pad.line(polyline((x, y), tip), "head")
    if style in ("wedge", "closed", "hook") and pad.care(0.35):
        pad.line(polyline((x, y), tip), "head")


def wing(pad: Pad, x: float, y: float, long: float) -> None:
    """A folded wing about (x, y), that points to the left."""
    style = pad.pick({"drop": 3.0, "arc": 3.0, "curl": 1.5, "filled": 1.0, "oval": 1.0})
    back = (x - long, y + pad.between(-0.1, 0.15))
    if style == "drop":
        pad.loop(drop((x, y), back, pad.between(0.4, 0.7)), "body")
    elif style == "arc":
        pad.line(curve((x, y - 0.05), (x - long * 0.3, y + 0.14), back), "body")
    elif style == "curl":
        belly = curve((x, y), (x - long / 2, y + 0.12), back)
        pad.line(joined([scallops(belly, pad.cuts(pad.count(3, 5)), 0.4), belly[:1]]), "body")
    elif style == "oval":
        pad.ring(x - long / 2, y, long / 2, 0.1, "body", tilt=-0.04)
    else:
        pad.scribble(x - long / 2, y, long / 2, 0.1, "body")
    for _ in range(pad.count(1, 4) if pad.care(0.35) else 0):  # feathers
        fx, fy = x - long * pad.between(0.2, 0.8), y + pad.between(-0.05, 0.1)
        pad.line(curve((fx, fy), (fx - 0.06, fy + 0.03), (fx - 0.12, fy)), "body")


def tail(pad: Pad, x: float, y: float, size: float, tilt: float = 0.0) -> None:
    """A tail to the left from (x, y), more or less turned by `tilt`."""
    style = pad.pick({"lines": 2.0, "wedge": 3.0, "fan": 1.0, "zigzag": 1.0, "drop": 1.0})
    tilt += pad.between(-0.12, 0.1)
    if style == "lines":
        for angle in np.linspace(-0.05, 0.05, pad.count(2, 4)):
            feather = turned(polyline((0, 0), (-1, 0)), float(angle) + tilt)
            pad.line(placed(feather, x, y, size), "tail")
        return
    root, teeth = polyline((0, 0)), zigzag((-1, -0.5), (-1, 0.5), pad.count(3, 6), 0.3)
    shapes = {
        "wedge": polyline((0, -0.15), (-1, -0.4), (-1, 0.3), (0, 0.15)),
        "fan": joined([root, ellipse(0, 0, 1, 1, start=0.4, turns=0.2), root]),
        "zigzag": joined([root, teeth, root]),
        "drop": drop((0, 0), (-1, 0), 0.4),
    }
    pad.line(placed(turned(shapes[style], tilt), x, y, size), "tail")


def legs(pad: Pad, middle: float, y: float, long: float) -> None:
    """Two legs, seldom one, with feet drawn in the same line or on their own."""
    style = pad.pick({"stick": 6.0, "bent": 2.0, "two": 1.0, "tube": 1.0, "hook": 1.0})
    pair = Legs(
        style=style,
        long=long,
        width=pad.between(0.03, 0.07),
        bend=pad.between(-0.08, 0.08),
        foot="" if style == "hook" else pad.pick(_FEET),
    )
    pad.feature()
    gap, lean = pad.between(0.03, 0.25), pad.pick({0.0: 3.0, pad.between(-0.15, 0.15): 2.0})
    splay = pad.pick({0.0: 3.0, pad.between(-0.1, 0.2): 1.0})
    if pad.chance(0.04):  # one of them bent, as flamingos stand
        knee = (middle + pad.between(0.1, 0.2), y + 0.4 * long)
        tuck = polyline((middle, y), knee, (middle + 0.02, y + 0.55 * long))
        pad.line(tuck, "back-leg", "leg 0")
        pair.draw(pad, middle, y, "back-leg", "leg 1")
        return
    for i, offset in enumerate((0.0,) if pad.chance(0.1) else (-gap / 2, gap / 2)):
        step, top = lean + (2 * i - 1) * splay, y + pad.between(-0.02, 0.02)
        pair.draw(pad, middle + offset, top, "back-leg", f"leg {i}", step)


def bird_head(pad: Pad, x: float, y: float, r: float) -> None:
    """A round head that looks to the right, radius r."""
    pad.ring(x, y, r, r * pad.between(0.85, 1.1), "head")
    if pad.chance(0.9):
        beak(pad, x + r * 0.95, y + r * 0.1, r)
    if pad.chance(0.75):
        eye(pad, x + 0.3 * r, y - 0.2 * r, r * pad.between(0.1, 0.22), eye_style(pad))
    if pad.care(0.12):  # a comb
        for dx in (-0.3, 0, 0.3):
            pad.line(placed(curve((dx, -1), (dx - 0.3, -1.3), (dx - 0.6, -1.5)), x, y, r), "head")
