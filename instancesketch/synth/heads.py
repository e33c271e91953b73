"""Heads of four-legged animals, from the side and from the front. All of it is `head`."""

from __future__ import annotations

from instancesketch.synth.features import eye, eye_style
from instancesketch.synth.pad import Pad
from instancesketch.synth.primitives import (
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
    turned,
    zigzag,
)


def ears(pad: Pad, x: float, y: float, r: float, style: str, sides: tuple[int, ...]) -> None:
    """Ears on a head of radius r about (x, y); `sides` are -1 for left, 1 for right."""
    long = pad.between(0.5, 0.9) * (2.2 if style == "long" else 1)
    for side in sides:
        bx, by = x + side * 0.6 * r, y - 0.75 * r
        if style == "pointed":
            tip = (bx + side * 0.15 * r, by - long * r)
            outer, inner = (x + side * 0.85 * r, y - 0.45 * r), (x + side * 0.25 * r, y - 0.95 * r)
            pad.line(polyline(outer, tip, inner), "head")
            if pad.care(0.12):
                low = (tip[0], tip[1] + 0.25 * r)
                pad.line(polyline((bx + 0.1 * r, by), low, (bx - 0.1 * r, by)), "head")
        elif style == "round":
            pad.ring(x + side * 0.8 * r, y - 0.8 * r, 0.32 * r, 0.32 * r, "head")
        elif style == "bow":  # an open arc on the head
            pad.line(
                ellipse(x + side * 0.75 * r, y - 0.8 * r, 0.35 * r, 0.35 * r, start=0.4, turns=0.7),
                "head",
            )
        elif style == "floppy":
            tip = (x + side * 1.15 * r, y + pad.between(0.1, 0.7) * r)
            pad.line(drop((x + side * 0.6 * r, y - 0.7 * r), tip, 0.45), "head")
        else:
            tip = (x + side * pad.between(0.3, 0.9) * r, y - (1 + long) * r)
            pad.line(drop((x + side * 0.4 * r, y - 0.85 * r), tip, 0.35), "head")


def ear_style(pad: Pad) -> str:
    """How this drawing's ears look."""
    return pad.pick({"pointed": 4.0, "round": 1.5, "bow": 1.5, "floppy": 1.5, "long": 1.2})


def face(pad: Pad, x: float, y: float, r: float) -> None:
    """A head from the front, radius about r."""
    shape = pad.pick({"ring": 6.0, "box": 0.6, "shield": 1.5, "cat": 1.5, "wide": 1.0})
    style = ear_style(pad)
    if shape == "cat":  # ears and head in one line
        right = [(0.4, -0.9), (1, -1.6), (1.05, 0), (0.5, 0.85)]
        left = [(-px, py) for px, py in reversed(right)]
        pad.loop(placed(polyline(*right, *left, right[0]), x, y, r), "head")
    elif shape == "box":
        pad.loop(rectangle(x - r, y - r, x + r, y + 0.9 * r), "head")
    elif shape == "shield":
        shield = curve((-1, -0.5), (0, -1), (1, -0.5), (0, pad.between(0.9, 1.5)), closed=True)
        pad.loop(placed(shield, x, y, r), "head")
    else:
        pad.ring(x, y, r * (1.25 if shape == "wide" else 1), r, "head")
    if shape != "cat" and pad.chance(0.9):
        ears(pad, x, y, r, style, (-1, 1))
    if pad.chance(0.1):  # a mane
        around = ellipse(x, y, 1.1 * r, 1.1 * r)
        cuts = pad.cuts(pad.count(9, 18))
        teeth = spikes(around, cuts, 0.45 * r)
        pad.line(teeth if pad.chance(0.5) else scallops(around, cuts, 0.6), "head")
    look, size = eye_style(pad), r * pad.between(0.1, 0.22)
    if pad.chance(0.9):
        for side in (-1, 1):
            eye(pad, x + side * 0.42 * r, y - 0.2 * r, size, look)
    _muzzle(pad, x, y + 0.3 * r, r)
    if pad.care(0.32):
        for side in (-1, 1):
            for i in range(pad.count(2, 3)):
                rise = (i - 1) * 0.18 * r
                start = (x + side * 0.35 * r, y + 0.35 * r + rise / 2)
                end = (x + side * pad.between(0.8, 1.4) * r, y + 0.3 * r + rise)
                pad.line(polyline(start, end), "head")
    if pad.care(0.12):  # stripes on the forehead
        for i in (-1, 0, 1):
            stripe = polyline((0.15 * i, -0.95), (0.12 * i, -0.65))
            pad.line(placed(stripe, x, y, r), "head")


def _muzzle(pad: Pad, x: float, y: float, r: float) -> None:
    nose = pad.pick(
        {"ring": 2.0, "triangle": 2.0, "dot": 1.0, "filled": 1.0, "snout": 0.7, "": 2.0}
    )
    if nose == "ring":
        pad.ring(x, y, 0.13 * r, 0.1 * r, "head")
    elif nose == "triangle":
        tip = polyline((-0.13, -0.08), (0.13, -0.08), (0, 0.1), (-0.13, -0.08))
        pad.loop(placed(tip, x, y, r), "head")
    elif nose == "dot":
        pad.line(polyline((x, y)), "head")
    elif nose == "filled":
        pad.line(hatching(x, y, 0.14 * r, 0.1 * r, pad.count(5, 12), pad.rng.random()), "head")
    elif nose == "snout":  # a pig's
        pad.ring(x, y, 0.35 * r, 0.25 * r, "head")
        for side in (-1, 1):
            pad.ring(x + side * 0.14 * r, y, 0.04 * r, 0.07 * r, "head")
    mouth = pad.pick({"smile": 3.0, "double": 2.0, "line": 1.0, "tongue": 0.6, "": 2.5})
    low = y + 0.15 * r
    if mouth == "smile":
        pad.line(ellipse(x, low, pad.between(0.15, 0.45) * r, 0.25 * r, turns=0.5), "head")
    elif mouth == "double":
        half_r = 0.15 * r
        both = [
            ellipse(x + side * half_r, low, half_r, half_r, start=0.5, turns=-0.5)
            for side in (-1, 1)
        ]
        if pad.chance(0.6):
            pad.line(joined(both), "head")
        else:
            for half in both:
                pad.line(half, "head")
        if pad.chance(0.4):
            pad.line(polyline((x, y), (x, low)), "head")
    elif mouth == "line":
        pad.line(polyline((x - 0.2 * r, low + 0.1 * r), (x + 0.2 * r, low + 0.1 * r)), "head")
    elif mouth == "tongue":
        pad.line(ellipse(x, low, 0.3 * r, 0.2 * r, start=0, turns=0.5), "head")
        pad.line(ellipse(x, low + 0.2 * r, 0.12 * r, 0.3 * r, start=0, turns=0.5), "head")


def side_head(pad: Pad, x: float, y: float, r: float) -> None:
    """A head that looks to the right, radius about r."""
    shape = pad.pick({"ring": 3.0, "muzzle": 4.0, "wedge": 1.5, "box": 0.6, "trunk": 0.8})
    nose = (x + r * pad.between(1.3, 2.0), y + r * pad.between(0.1, 0.7))
    if shape == "muzzle":
        tip = ((nose[0] - x) / r, (nose[1] - y) / r)
        above = [(-0.8, -0.3), (0, -1), (0.7, -0.4), (tip[0], tip[1] - 0.3)]
        below = [(tip[0], tip[1] + 0.3), (0.4, 0.8), (-0.6, 0.7)]
        outline = placed(curve(*above, *below), x, y, r)
        if pad.chance(0.5):
            pad.line(outline, "head")
        else:
            pad.loop(joined([outline, outline[:1]]), "head")
    elif shape == "wedge":
        crown, jaw = (x - 0.7 * r, y - 0.8 * r), (x - 0.5 * r, y + 0.9 * r)
        pad.loop(polyline(crown, nose, jaw, crown), "head")
    elif shape == "box":
        pad.loop(placed(turned(rectangle(-1, -0.6, 1.1, 0.6), 0.06), x, y, r), "head")
    else:
        pad.ring(x, y, r * pad.between(0.9, 1.3), r, "head")
    if shape == "trunk":
        way = placed(curve((0.8, 0), (1.5, 1), (pad.between(1.2, 2.2), 2.4)), x, y, r)
        pad.line(way, "head")
        pad.line(placed(way, -0.35 * r, 0.1 * r), "head")
        pad.line(placed(curve((-0.2, -0.7), (-1.2, 0), (-0.2, 0.9)), x, y, r), "head")
    elif pad.chance(0.8):
        style = ear_style(pad)
        shift = -0.45 * r if style in ("floppy", "long") else -0.2 * r
        ears(pad, x + shift, y, r, style, pad.pick({(-1, 1): 1.5, (1,): 2.5}))
    if pad.chance(0.7):
        eye(pad, x + 0.2 * r, y - 0.25 * r, r * pad.between(0.1, 0.2), eye_style(pad))
    if pad.care(0.5):
        low = nose[1] + 0.1 * r
        corner, bow = (x + 0.3 * r, low - 0.05 * r), ((x + nose[0]) / 2, low + 0.15 * r)
        mouth = curve((nose[0] - 0.1 * r, low), bow, corner)
        pad.line(placed(mouth, -0.6 * r if shape in ("ring", "box") else 0, 0), "head")
    if shape in ("muzzle", "wedge") and pad.care(0.45):
        if pad.chance(0.5):
            pad.ring(nose[0], nose[1] - 0.1 * r, 0.15 * r, 0.12 * r, "head")
        else:
            filled = hatching(0, 0, 0.15, 0.12, pad.count(4, 9), pad.rng.random())
            pad.line(placed(filled, nose[0], nose[1] - 0.1 * r, r), "head")
    if pad.care(0.12):  # horns, or a mane along the neck
        if pad.chance(0.5):
            for dx in (-0.2, 0.2):
                horn = curve((dx, -0.9), (dx, -1.4), (dx * 2.5, -1.7))
                pad.line(placed(horn, x, y, r), "head")
        else:
            mane = zigzag((0, -1.1), (-1.2, 0.4), pad.count(6, 16), 0.3)
            pad.line(placed(mane, x, y, r), "head")
