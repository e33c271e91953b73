"""Heads of four-legged animals, from the side and from the front. All of it is `head`."""

from __future__ import annotations

from instancesketch.synth.animals.features import eye, eye_style
from instancesketch.synth.canvas import Pad
from instancesketch.synth.primitives import (
    curve,
    drop,
    ellipse,
    joined,
    placed,
    polyline,
    rectangle,
    scallops,
    spikes,
    turned,
)


def ears(pad: Pad, x: float, y: float, r: float, style: str, sides: tuple[int, ...]) -> None:
    """Ears on a head of radius r about (x, y); `sides` are -1 for left, 1 for right."""
    long = pad.between(0.5, 0.9) * (2.2 if style == "long" else 1)
    if style == "mane":
        _mane(pad, x, y, r)
    elif style == "flap":  # one large ear on the side of the head
        pad.line(
            placed(curve((-0.1, -0.8), (-1.4, -0.4), (-1.0, 1.1), (-0.1, 0.8)), x, y, r), "head"
        )
    for side in sides if style not in ("", "mane", "flap") else ():
        bx, by = x + side * 0.6 * r, y - 0.75 * r
        if style == "pointed":
            tip = (bx + side * 0.15 * r, by - long * r)
            outer, inner = (x + side * 0.85 * r, y - 0.45 * r), (x + side * 0.25 * r, y - 0.95 * r)
            pad.line(polyline(outer, tip, inner), "head")
            if pad.care(0.12):
                low = (tip[0], tip[1] + 0.25 * r)
                pad.line(polyline((bx + 0.1 * r, by), low, (bx - 0.1 * r, by)), "head")
        elif style == "horns":
            top = (x + side * pad.between(0.4, 1.1) * r, y - (1 + long) * r)
            pad.line(curve((bx, by), (x + side * 0.9 * r, by - 0.2 * r), top), "head")
        elif style == "antlers":
            top = (bx + side * 0.5 * r, by - 1.6 * long * r)
            pad.line(polyline((bx, by), top), "head")
            for share in (0.4, 0.75):
                fork = (bx + side * share * 0.5 * r, by - share * 1.6 * long * r)
                pad.line(polyline(fork, (fork[0] + side * 0.4 * r, fork[1] - 0.25 * r)), "head")
        elif style == "knobs":
            pad.line(
                polyline((x + side * 0.3 * r, by), (x + side * 0.4 * r, by - long * r)), "head"
            )
            if pad.care(0.6):
                pad.ring(x + side * 0.4 * r, by - (long + 0.15) * r, 0.15 * r, 0.15 * r, "head")
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


def _mane(pad: Pad, x: float, y: float, r: float) -> None:
    around = ellipse(x, y, 1.1 * r, 1.1 * r)
    cuts = pad.cuts(pad.count(7, 20))
    depth = pad.between(0.25, 0.7)
    teeth = spikes(around, cuts, depth * r)
    pad.line(teeth if pad.chance(0.5) else scallops(around, cuts, 1.3 * depth), "head")


def ear_style(pad: Pad) -> str:
    """How this drawing's ears look."""
    return pad.pick(
        {"pointed": 4.0, "round": 1.5, "bow": 1.5, "floppy": 1.5, "long": 1.2, "mane": 0.6}
    )


def face(pad: Pad, x: float, y: float, r: float, style: str | None = None) -> None:
    """A head from the front, radius about r, with ears of a style; any if None."""
    shape = pad.pick({"ring": 6.0, "box": 0.6, "shield": 1.5, "cat": 1.5, "wide": 1.0, "egg": 1.0})
    style = ear_style(pad) if style is None else style
    if style != "pointed" and shape == "cat":
        shape = "ring"
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
        pad.ring(x, y, r * {"wide": 1.25, "egg": 0.8}.get(shape, 1), r, "head")
    if shape != "cat" and pad.chance(0.9):
        ears(pad, x, y, r, style, (-1, 1))
    if pad.chance(0.2 if r < 0.4 else 0.04):
        return  # no features at all
    look, size = eye_style(pad), r * pad.between(0.1, 0.22)
    if pad.chance(0.9):
        for side in (-1, 1):
            eye(pad, x + side * 0.42 * r, y - 0.2 * r, size, look)
    _muzzle(pad, x, y + 0.3 * r, r)
    if pad.care(0.26):
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
        {"ring": 2.0, "triangle": 2.0, "dot": 1.0, "filled": 1.0, "snout": 0.7, "": 3.5}
    )
    if nose == "ring":
        pad.ring(x, y, 0.13 * r, 0.1 * r, "head")
    elif nose == "triangle":
        tip = polyline((-0.13, -0.08), (0.13, -0.08), (0, 0.1), (-0.13, -0.08))
        pad.loop(placed(tip, x, y, r), "head")
    elif nose == "dot":
        pad.dot(x, y, 0.06 * r, "head")
    elif nose == "filled":
        pad.scribble(x, y, 0.14 * r, 0.1 * r, "head")
    elif nose == "snout":  # a pig's
        pad.ring(x, y, 0.35 * r, 0.25 * r, "head")
        for side in (-1, 1):
            pad.ring(x + side * 0.14 * r, y, 0.04 * r, 0.07 * r, "head")
    mouth = pad.pick({"smile": 3.0, "double": 2.0, "line": 1.0, "tongue": 0.6, "": 3.5})
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


_SHAPES = {"ring": 3.0, "muzzle": 4.0, "wedge": 1.5, "box": 0.6, "trunk": 0.8, "snout": 0.5}


def side_head(
    pad: Pad, x: float, y: float, r: float, shape: str | None = None, style: str | None = None
) -> None:
    """A head that looks to the right, radius about r; shape and style of ears any if None."""
    shape = pad.pick(_SHAPES) if shape is None else shape
    style = ear_style(pad) if style is None else style
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
        _trunk(pad, x, y, r)
    elif shape == "snout":
        pad.ring(x + 1.1 * r, y + 0.15 * r, 0.2 * r, 0.3 * r, "head")
    elif shape == "horn":
        pad.line(placed(polyline((0.6, -0.7), (1.3, -1.7), (1.0, -0.4)), x, y, r), "head")
    if style and pad.chance(0.75):
        shift = -0.45 * r if style in ("floppy", "long") else -0.2 * r
        ears(pad, x + shift, y, r, style, pad.pick({(-1, 1): 1.5, (1,): 2.5}))
    if pad.chance(0.62):
        eye(pad, x + 0.2 * r, y - 0.25 * r, r * pad.between(0.1, 0.2), eye_style(pad))
    if pad.care(0.4):
        low = nose[1] + 0.1 * r
        corner, bow = (x + 0.3 * r, low - 0.05 * r), ((x + nose[0]) / 2, low + 0.15 * r)
        mouth = curve((nose[0] - 0.1 * r, low), bow, corner)
        pad.line(placed(mouth, -0.6 * r if shape in ("ring", "box") else 0, 0), "head")
    if shape in ("muzzle", "wedge") and pad.care(0.35):
        (pad.ring if pad.chance(0.5) else pad.scribble)(
            nose[0], nose[1] - 0.1 * r, 0.15 * r, 0.12 * r, "head"
        )


def _trunk(pad: Pad, x: float, y: float, r: float) -> None:
    """An elephant's, hanging or raised: two lines, one that turns back, or one alone."""
    tip = (pad.between(1.2, 2.6), pad.pick({pad.between(1.4, 2.8): 3.0, -1.2: 1.0}))
    way = placed(curve((0.8, 0), (1.6, 0.45 * tip[1]), tip), x, y, r)
    under = placed(way, -0.35 * r, 0.15 * r)
    style = pad.pick({"two": 2.0, "back": 4.0, "one": 1.0})
    if style == "back":
        pad.line(joined([way, under[::-1]]), "head")
        return
    pad.line(way, "head")
    if style == "two":
        pad.line(under, "head")
