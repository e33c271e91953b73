"""Birds: standing, wading, swimming, flying, from the front, or the head alone.

A bird's legs and feet are `back`; wings are `body`, beaks and eyes `head`.
"""

from __future__ import annotations

from instancesketch.synth.bird_parts import bird_head, legs, tail, wing
from instancesketch.synth.features import Legs, eye, eye_style, strokes_of
from instancesketch.synth.pad import Pad, Piece
from instancesketch.synth.primitives import (
    Path,
    curve,
    drop,
    ellipse,
    hatching,
    joined,
    placed,
    polyline,
    turned,
)


def two_legged(pad: Pad) -> None:
    """Draws a bird that looks to the right (the hand may mirror it)."""
    poses = {
        _standing: 4.0, _contour: 5.0, _wading: 1.2, _front: 1.0, _flying: 0.8, _gulls: 0.2,
        _head_alone: 0.2,
    }  # fmt: skip
    pad.pick(poses)(pad)


def _standing(pad: Pad) -> None:
    high, tilt = pad.between(0.15, 0.32), pad.between(-0.12, 0.02)
    r = pad.between(0.11, 0.24)
    x, y = pad.between(0.32, 0.5), -high - r * pad.between(-0.2, 0.7)
    swims = pad.chance(0.12)
    pad.feature()
    body = pad.pick({"ring": 4.0, "drop": 2.0, "bowl": 1.0 + swims})
    if body == "ring":
        pad.ring(0, 0, 0.45, high, "body", tilt=tilt)
    elif body == "drop":
        tip = (-0.6, pad.between(-0.4, 0.3) * high)
        breast = [(0.4, -0.6 * high), (0.38, 0.5 * high), (0, high)]
        shape = curve(*breast, tip, (0, -0.6 * high), closed=True)
        pad.loop(turned(shape, tilt / 2), "body")
    else:
        bowl = [(-0.4, 0.6 * high), (0.1, high), (0.45, 0.2 * high)]
        pad.line(curve((-0.5, -high), *bowl, (0.4, -high)), "body")
        pad.line(curve((-0.5, -high), (-0.1, -0.5 * high), (0.25, -high * 0.9)), "body")
    pad.feature()
    bird_head(pad, x, y, r)
    if pad.chance(0.1):
        pad.feature()
        for dx in (-0.5, 0.6):
            pad.line(polyline((x + dx * r, y + r * 0.8), (0.3 + 0.1 * dx, -high * 0.5)), "neck")
    if pad.care(0.75):
        pad.feature()
        wing(pad, pad.between(0.05, 0.2), pad.between(-0.2, 0.1) * high, pad.between(0.3, 0.5))
    if pad.chance(0.42):
        pad.feature()
        x, y = turned(polyline((-0.42, -0.2 * high)), tilt)[0]
        tail(pad, x, y, pad.between(0.15, 0.35))
    if not swims and pad.chance(0.93):
        legs(pad, pad.between(-0.05, 0.15), high * 0.95, pad.between(0.12, 0.4))


def _wading(pad: Pad) -> None:
    """A long neck, and often long legs: flamingo, swan, ostrich."""
    high, r = pad.between(0.14, 0.25), pad.between(0.06, 0.1)
    x, y = pad.between(0.4, 0.7), -high - pad.between(0.4, 0.8)
    swims = pad.chance(0.35)
    pad.feature()
    pad.ring(0, 0, 0.42, high, "body", tilt=pad.between(-0.04, 0.02))
    pad.feature()
    bend = pad.between(-0.2, 0.2)
    bows = (0.5 + bend / 2, y * 0.45), (x - 0.15 - bend / 2, y * 0.8)
    way = curve((0.36, -0.3 * high), *bows, (x - r, y))
    pad.line(way, "neck")
    if pad.chance(0.5):
        pad.line(placed(way, -0.07, -0.03), "neck")
    pad.feature()
    bird_head(pad, x, y, r)
    if pad.care(0.6):
        pad.feature()
        wing(pad, 0.15, -0.05, pad.between(0.3, 0.45))
    if pad.chance(0.3):
        pad.feature()
        tail(pad, -0.4, 0, pad.between(0.1, 0.25))
    if not swims:
        legs(pad, pad.between(-0.1, 0.1), high, pad.between(0.35, 0.8))


def _front(pad: Pad) -> None:
    """Owls and penguins: upright, two eyes."""
    w, own_head = pad.between(0.2, 0.38), pad.chance(0.4)
    pad.feature()
    y = -0.25
    if own_head:
        y = -0.6
        pad.ring(0, y, w * 0.85, w * 0.8, "head")
        pad.feature()
    pad.ring(0, 0, w, 0.5, "body")
    if pad.care(0.4):
        pad.line(ellipse(0, 0.08, w * 0.65, 0.34, start=0.6, turns=pad.between(0.8, 1)), "body")
    pad.feature()
    look = eye_style(pad)
    for side in (-1, 1):
        eye(pad, side * w * 0.4, y - 0.05, w * pad.between(0.15, 0.4), look)
    bill = polyline((-0.05, 0.06), (0, 0.16), (0.05, 0.06), (-0.05, 0.06))
    pad.line(placed(bill, 0, y, pad.between(0.7, 1.5)), "head")
    if pad.care(0.35):
        for side in (-1, 1):
            ear = (side * w * 0.7, y - 0.34)
            root = (side * w * 0.75, y - 0.12), (side * w * 0.3, y - 0.24)
            pad.line(polyline(root[0], ear, root[1]), "head")
    if pad.chance(0.7):
        pad.feature()
        for side in (-1, 1):
            shoulder, tip = (side * w * 0.85, -0.15), (side * w * pad.between(0.9, 1.6), 0.3)
            open_wing = curve(shoulder, (side * w * 1.2, 0.1), tip)
            pad.line(drop(shoulder, tip, 0.35) if pad.chance(0.5) else open_wing, "body")
    if pad.chance(0.85):
        if pad.chance(0.6):
            pad.feature()
            kind = pad.pick({"oval": 2.0, "vee": 1.0, "toes": 1.0})
            feet = Legs(style="stick", long=0.0, width=0.12, bend=0, foot=kind)
            for side in (-1, 1):
                feet.draw_foot(pad, (side * w * 0.45, 0.52), "back-foot", f"leg {side}")
        else:
            legs(pad, 0, 0.49, pad.between(0.08, 0.25))


def _flying(pad: Pad) -> None:
    """Wings spread, above and below the body or both above it; no legs."""
    high = pad.between(0.06, 0.14)
    pad.feature()
    pad.ring(0, 0, 0.4, high, "body")
    pad.feature()
    bird_head(pad, 0.45, -0.05, pad.between(0.08, 0.15))
    pad.feature()
    below = pad.pick({1: 2.0, -1: 1.0})
    for i, (side, x) in enumerate(((-1, 0.1), (below, -0.05))):
        reach = pad.between(0.35, 0.7)
        tip = (x - pad.between(0.05, 0.4) - 0.1 * i, side * reach)
        back = (x - pad.between(0.1, 0.3), side * high * 0.8)
        if pad.chance(0.6):
            pad.line(polyline((x + 0.1, side * high * 0.9), tip, back), "body")
        else:
            lead = (x + 0.12, side * high), (x + 0.15, side * reach * 0.7)
            pad.line(curve(*lead, tip, back), "body")
    if pad.chance(0.6):
        pad.feature()
        tail(pad, -0.38, 0, pad.between(0.15, 0.3))


def _gulls(pad: Pad) -> None:
    """Two wings and nothing else, as far away birds are drawn."""
    pad.feature()
    sag = pad.between(0.1, 0.4)
    wings = [
        curve((-0.5, 0), (-0.25, -sag), (0, 0.05)),
        curve((0, 0.05), (0.25, -sag), (0.5, 0)),
    ]
    if pad.chance(0.6):
        pad.line(joined(wings), "body")
    else:
        for wing in wings:
            pad.line(wing, "body")


def _head_alone(pad: Pad) -> None:
    pad.feature()
    bird_head(pad, 0, 0, 0.5)


def _contour(pad: Pad) -> None:
    """The bird as an outline in a few strokes, each named for what it draws most of."""
    high, r = pad.between(0.2, 0.34), pad.between(0.1, 0.17)
    x, y = pad.between(0.26, 0.4), -high - r * pad.between(0.1, 0.9)
    end = (-0.5 - pad.between(0.05, 0.3), pad.between(-0.2, 0.35))
    notch = (end[0] + 0.02, end[1] + pad.between(0.04, 0.12))
    bill = (x + r + pad.between(0.06, 0.25), y + pad.between(-0.02, 0.08))
    pad.feature()
    brow, chin = (x + 0.9 * r, y - 0.4 * r), (x + 0.9 * r, y + 0.3 * r)
    nape, rump, vent = (x - r, y + 0.6 * r), (-0.3, -high * 0.1), (-0.35, high * 0.4)
    belly = [(x + 0.6 * r, y + r), (x + r, 0), (0.2, high), (-0.1, high)]
    lines: list[tuple[str, Path]] = [
        ("head", polyline(brow, bill, chin)),
        ("body", curve(chin, *belly, vent)),
        ("tail", polyline(vent, notch, end, rump)),
        ("body", curve(rump, (0, -high * 0.7), nape)),
        ("head", curve(nape, (x - r, y - 0.3 * r), (x, y - r), brow)),
    ]
    pieces = [Piece(path=path, part=part) for part, path in lines]
    start = pad.count(0, 4)
    strokes_of(pad, pieces[start:] + pieces[:start], lift=pad.pick({0.0: 2.0, 0.25: 3.0, 0.6: 1.5}))
    pad.feature()
    if pad.chance(0.75):
        eye(pad, x + 0.25 * r, y - 0.2 * r, r * pad.between(0.1, 0.2), eye_style(pad))
    if pad.care(0.25):  # the mask, or the line behind the beak
        if pad.chance(0.5):
            pad.line(placed(curve((0.6, -0.7), (0.5, 0), (0.6, 0.6)), x, y, r), "head")
        else:
            pad.line(hatching(x, y, r * 0.7, r * 0.7, pad.count(8, 25), pad.rng.random()), "head")
    if pad.care(0.2):
        pad.feature()
        pad.line(curve((x - r, y + 0.6 * r), (x, y + 1.3 * r), (x + 0.9 * r, y + r)), "neck")
    if pad.care(0.85):
        pad.feature()
        wing(pad, pad.between(0.05, 0.2), pad.between(-0.3, 0.1) * high, pad.between(0.3, 0.5))
    if pad.chance(0.88):
        legs(pad, pad.between(-0.05, 0.15), high * 0.95, pad.between(0.12, 0.4))
