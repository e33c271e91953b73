"""Animals on four legs that don't stand in profile: faces, sitting, upright, from the front."""

from __future__ import annotations

from instancesketch.synth.animals.heads import face, side_head
from instancesketch.synth.canvas import Pad
from instancesketch.synth.primitives import curve, drop, ellipse, joined, polyline


def face_alone(pad: Pad) -> None:
    """A head and nothing else."""
    pad.feature()
    (face if pad.chance(0.87) else side_head)(pad, 0, 0, 0.5)


def head_and_body(pad: Pad) -> None:
    """A head beside or over a body, and perhaps ears: all that some people draw."""
    r, wide, high = pad.between(0.25, 0.4), pad.between(0.3, 0.6), pad.between(0.3, 0.5)
    x, y = pad.pick({(0.0, -high - 0.7 * r): 2.0, (wide + 0.5 * r, -0.3 * high): 2.0})
    pad.feature()
    (face if pad.chance(0.8) else side_head)(pad, x, y, r)
    pad.feature()
    pad.ring(0, 0, wide, high, "body")
    if pad.care(0.5):
        pad.feature()
        tip = (-wide - pad.between(0.2, 0.5), pad.between(-0.5, 0.3))
        pad.line(curve((-wide * 0.9, 0.1), (-wide - 0.2, 0.15), tip), "tail")


def sitting(pad: Pad) -> None:
    """From the side: a slanting body, a thigh, forelegs straight down."""
    lean, r = pad.between(0.1, 0.3), pad.between(0.16, 0.28)
    pad.feature()
    if pad.chance(0.5):
        pad.line(drop((lean, -0.45), (-0.15, 0.55), pad.between(0.5, 0.75)), "body")
    else:  # back and breast apart
        rump = (-0.4, 0.5)
        pad.line(curve((lean - 0.1, -0.4), (-0.25, 0.0), rump), "body")
        if pad.chance(0.7):
            pad.line(curve((lean + 0.15, -0.35), (lean + 0.2, -0.1), (lean + 0.15, 0.1)), "body")
    pad.feature()
    head = face if pad.chance(0.4) else side_head
    head(pad, lean + pad.between(0, 0.15), -0.45 - 0.7 * r, r)
    pad.feature()
    for i in range(pad.count(1, 2)):
        x = lean + 0.12 * i
        down = polyline((x, 0.0), (x + 0.02, 0.5), (x + 0.12, 0.5))
        if pad.chance(0.4):
            down = joined([down, polyline((x + 0.1, 0.4), (x + 0.1, 0.0))])
        pad.line(down, "front-leg", f"front {i}")
    pad.feature()
    if pad.chance(0.85):
        thigh = ellipse(-0.12, 0.33, 0.2, 0.2, start=0.45, turns=pad.between(0.5, 1.0))
        pad.line(thigh, "back-leg", "back 0")
        if pad.chance(0.4):
            pad.ring(0.02, 0.52, 0.13, 0.05, "back-foot", "back 0")
    if pad.chance(0.7):
        pad.feature()
        tip = (-0.6 - pad.between(0, 0.2), pad.between(-0.1, 0.5))
        pad.line(curve((-0.35, 0.5), (-0.55, 0.55), tip), "tail")


def upright(pad: Pad) -> None:
    """From the front: head above a body, arms at its sides, feet below."""
    r, w = pad.between(0.2, 0.35), pad.between(0.18, 0.36)
    pad.feature()
    face(pad, 0, -0.4 - r * 0.8, r)
    pad.feature()
    pad.ring(0, 0, w, 0.42, "body")
    if pad.care(0.3):
        pad.ring(0, 0.05, w * 0.6, 0.25, "body")
    arms = pad.pick({"drop": 2.0, "line": 1.0, "stub": 1.0, "": 1.0})
    feet = pad.pick({"ring": 2.0, "line": 1.0, "drop": 1.0, "": 1.0})
    # A paw right at the body is a leg; one that somebody thinks of as a shoe is a foot.
    lower = pad.pick({"back-foot": 1.0, "back-leg": 2.0})
    reach, rise = pad.between(0.08, 0.35), pad.between(-0.4, 0.2)
    for side in (-1, 1):
        pad.feature()
        shoulder, hand = (side * w * 0.8, -0.18), (side * (w + reach), rise)
        _limb(pad, shoulder, hand, arms, "front-leg", f"arm {side}")
        if arms and pad.care(0.12):
            pad.ring(*hand, 0.06, 0.06, "front-foot", f"arm {side}")
        _limb(pad, (side * w * 0.6, 0.36), (side * w * 0.9, 0.62), feet, lower, f"foot {side}")
    if pad.care(0.5):
        pad.feature()
        bend = (-w - 0.25, pad.between(0.2, 0.35))
        pad.line(curve((-w * 0.9, 0.3), bend, (-w - 0.2, pad.between(-0.3, 0.1))), "tail")


def _limb(
    pad: Pad, root: tuple[float, float], end: tuple[float, float], style: str, part: str, unit: str
) -> None:
    if style == "drop":
        pad.line(drop(root, end, pad.between(0.25, 0.6)), part, unit)
    elif style == "line":
        pad.line(polyline(root, end), part, unit)
    elif style == "stub":
        pad.line(curve(root, end, (root[0], root[1] + 0.15)), part, unit)
    elif style == "ring":
        x, y = (root[0] + end[0]) / 2, (root[1] + end[1]) / 2
        pad.ring(x, y, 0.13, pad.between(0.07, 0.14), part, unit)


def seen_from_front(pad: Pad) -> None:
    """A head over two forelegs, the body an arch behind them."""
    r, wide = pad.between(0.22, 0.32), pad.between(0.3, 0.45)
    pad.feature()
    face(pad, 0, -0.3, r)
    pad.feature()
    pad.line(ellipse(0, 0.1, wide, 0.45, start=0.5, turns=pad.pick({0.5: 2.0, 1.0: 1.0})), "body")
    for part, x, low in (("front-leg", 0.45, 0.6), ("back-leg", 0.95, 0.5)):
        if part == "back-leg" and pad.chance(0.5):
            continue
        pad.feature()
        for side in (-1, 1):
            left = side * wide * x
            sides = polyline((left - 0.06, 0.1), (left - 0.06, low), (left + 0.06, low))
            leg = joined([sides, polyline((left + 0.06, 0.1))]) if pad.chance(0.7) else sides[:2]
            pad.line(leg, part, f"{part} {side}")
