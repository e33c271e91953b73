"""Animals on four legs: from the side, as one outline, sitting, or the face alone."""

from __future__ import annotations

import numpy as np

from instancesketch.synth.features import Legs, eye, eye_style, strokes_of
from instancesketch.synth.heads import ear_style, ears, face, side_head
from instancesketch.synth.pad import Pad, Piece
from instancesketch.synth.primitives import (
    Path,
    Point,
    curve,
    drop,
    ellipse,
    hatching,
    joined,
    placed,
    polyline,
    rectangle,
    zigzag,
)

_LEG_STYLES = {
    "stick": 3.5, "tube": 4.0, "two": 0.7, "bent": 1.0, "box": 0.8, "wedge": 0.8, "oval": 0.7,
    "hook": 0.7,
}  # fmt: skip


def four_legged(pad: Pad) -> None:
    """Draws an animal that looks to the right (the hand may mirror it)."""
    pose = pad.pick({_side: 6.0, _contour: 2.2, _face_alone: 2.2, _sitting: 0.7})
    pose(pad)


def _face_alone(pad: Pad) -> None:
    pad.feature()
    if pad.chance(0.85):
        face(pad, 0, 0, 0.5)
    else:
        side_head(pad, 0, 0, 0.5)


def _side(pad: Pad) -> None:
    high = pad.between(0.12, 0.3)
    far = pad.chance(0.28)  # the head on a long neck
    r = pad.between(0.11, 0.26) * (0.7 if far else 1)
    x = pad.between(0.42, 0.62) + (0.12 if far else 0)
    y = -high * pad.between(0.3, 1.1) - (pad.between(0.25, 0.8) if far else 0)
    pad.feature()
    _body(pad, high)
    if far and pad.chance(0.85):
        pad.feature()
        _neck(pad, high, x, y, r)
    pad.feature()
    (face if not far and pad.chance(0.33) else side_head)(pad, x, y, r)
    if pad.chance(0.75):
        pad.feature()
        _tail(pad, -0.48, -high * pad.between(0.1, 0.6))
    if pad.chance(0.93):
        _legs(pad, high)
    if pad.care(0.25):
        pad.feature()
        _coat(pad, high)


def _body(pad: Pad, high: float) -> None:
    style = pad.pick({"ring": 5.0, "bean": 2.0, "box": 1.0, "lines": 1.5, "hump": 0.6})
    if style == "ring":
        pad.ring(0, 0, 0.5, high, "body", tilt=pad.between(-0.02, 0.02))
    elif style == "bean":
        sway = pad.between(-0.3, 0.4) * high
        back = [(-0.5, 0), (-0.3, -high), (0, -high + sway), (0.35, -high), (0.5, 0)]
        belly = [(0.3, high), (0, high - sway / 2), (-0.35, high)]
        pad.loop(curve(*back, *belly, closed=True), "body")
    elif style == "box":
        pad.loop(rectangle(-0.5, -high, 0.5, high), "body")
    else:
        sag = -high * pad.between(0.7, 1.0)
        back = [(-0.5, -high * 0.3), (-0.3, -high), (0.1, sag), (0.4, -high)]
        if style == "hump":
            humps = [(-0.2, -2 * high), (-0.05, -high), (0.1, -2 * high)]
            back = [(-0.5, 0), (-0.35, -high), *humps, (0.3, -high)]
        pad.line(curve(*back), "body")
        pad.line(curve((-0.45, high * 0.6), (0, high), (0.4, high * 0.7)), "body")
        if pad.chance(0.4):
            pad.line(curve((-0.5, -high * 0.3), (-0.52, 0.1 * high), (-0.45, high * 0.6)), "body")


def _neck(pad: Pad, high: float, x: float, y: float, r: float) -> None:
    back, chest = (0.25, -high * 0.85), (0.46, -high * 0.3)
    if pad.chance(0.2):
        pad.line(polyline((0.36, -high * 0.6), (x - r * 0.3, y + r * 0.8)), "neck")
        return
    bend = pad.between(-0.05, 0.05)
    for foot, top in ((back, (x - r * 0.8, y + r * 0.2)), (chest, (x + r * 0.1, y + r))):
        middle = ((foot[0] + top[0]) / 2 + bend, (foot[1] + top[1]) / 2)
        pad.line(curve(foot, middle, top), "neck")


def _tail(pad: Pad, x: float, y: float) -> None:
    style = pad.pick(
        {"line": 4.0, "curl": 1.5, "loop": 2.0, "bushy": 1.0, "tuft": 1.0, "puff": 0.6}
    )
    long, rise = pad.between(0.12, 0.4), pad.between(-1.0, 1.0)
    end = (x - long * np.cos(rise), y - long * np.sin(rise))
    bow = ((x + end[0]) / 2, (y + end[1]) / 2 + pad.between(-0.12, 0.12))
    if style in ("line", "tuft"):
        pad.line(curve((x, y), bow, end), "tail")
    if style == "tuft":
        pad.line(drop(end, (end[0] - 0.08, end[1] + 0.06), 0.6), "tail")
    elif style == "curl":
        r = long / 4
        curl = ellipse(x - 2 * r, y, r, r, turns=pad.between(1, 2))
        pad.line(joined([polyline((x, y)), curl]), "tail")
    elif style == "loop":
        pad.line(drop((x, y), end, pad.between(0.2, 0.5)), "tail")
    elif style == "bushy":
        pad.line(zigzag((x, y), end, pad.count(5, 14), 0.1), "tail")
    elif style == "puff":
        pad.ring(x - 0.04, y, 0.06, 0.06, "tail")


def _legs(pad: Pad, high: float) -> None:
    """Two pairs; seldom only the near legs, or one of them forgotten."""
    legs = Legs(
        style=pad.pick(_LEG_STYLES),
        long=pad.between(0.15, 0.5),
        width=pad.between(0.05, 0.13),
        bend=pad.between(-0.05, 0.05),
        foot=pad.pick({"": 20.0, "oval": 1.0, "line": 0.3}),
    )
    near_only, gap = pad.chance(0.14), pad.between(0.06, 0.18)
    inset = pad.between(0.22, 0.4)
    for part, middle in (("front-leg", inset), ("back-leg", -inset)):
        pad.feature()
        offsets = (0.0,) if near_only or pad.chance(0.06) else (-gap / 2, gap / 2)
        if len(offsets) == 2 and pad.chance(0.05):  # both in one line
            _both_legs(pad, legs, middle, gap, high, part)
            continue
        for i, offset in enumerate(offsets):
            x = middle + offset
            y = high * np.sqrt(max(0, 1 - (x / 0.5) ** 2)) * pad.between(0.8, 1.0)
            legs.draw(pad, x, y, part, f"{part} {i}")


def _both_legs(pad: Pad, legs: Legs, x: float, gap: float, high: float, part: str) -> None:
    y, low, w = high * 0.8, high * 0.8 + legs.long, gap * 0.8
    pad.line(polyline((x - w, y), (x - w / 2, low), (x, y), (x + w / 2, low), (x + w, y)), part)


def _coat(pad: Pad, high: float) -> None:
    """Spots, stripes, or fur scribbled on the body."""
    style = pad.pick({"spots": 2.0, "stripes": 2.0, "fur": 1.0, "dark": 0.7})
    if style == "spots":
        for _ in range(pad.count(2, 6)):
            x, y = pad.between(-0.35, 0.35), pad.between(-0.5, 0.5) * high
            r = pad.between(0.02, 0.07)
            pad.ring(x, y, r, r, "body")
            if pad.chance(0.25):
                pad.line(hatching(x, y, r, r, pad.count(5, 10), pad.rng.random()), "body")
    elif style == "stripes":
        for x in pad.cuts(pad.count(3, 7), -0.4, 0.4):
            reach = high * np.sqrt(1 - (x / 0.5) ** 2)
            low = pad.between(0.0, 0.9) * reach
            pad.line(polyline((x, -reach), (x + pad.between(-0.04, 0.04), low)), "body")
    elif style == "fur":
        wide = high * pad.between(0.4, 1.4)
        pad.line(zigzag((-0.4, 0), (0.4, 0), pad.count(8, 30), wide), "body")
    else:
        x = pad.between(-0.2, 0.2)
        pad.line(hatching(x, 0, 0.2, high * 0.8, pad.count(8, 25), 0.1), "body")


def _sitting(pad: Pad) -> None:
    """From the front: head above a body, arms at its sides, feet below."""
    r = pad.between(0.2, 0.35)
    pad.feature()
    face(pad, 0, -0.4 - r * 0.8, r)
    pad.feature()
    w = pad.between(0.2, 0.35)
    pad.ring(0, 0, w, 0.42, "body")
    if pad.care(0.3):
        pad.ring(0, 0.05, w * 0.6, 0.25, "body")
    arms, feet = pad.chance(0.8), pad.pick({"back-foot": 2.0, "back-leg": 2.0, "": 1.0})
    for side in (-1, 1):
        pad.feature()
        if arms:
            shoulder, hand = (side * w * 0.8, -0.22), (side * (w + pad.between(0.05, 0.2)), 0.1)
            pad.line(drop(shoulder, hand, pad.between(0.25, 0.5)), "front-leg", f"arm {side}")
            if pad.care(0.15):
                pad.ring(*hand, 0.06, 0.06, "front-foot", f"arm {side}")
        if feet:
            pad.ring(side * w * 0.7, 0.42, 0.13, pad.between(0.07, 0.14), feet, f"foot {side}")
    if pad.care(0.4):
        pad.feature()
        start = (-w * 0.9, 0.3)
        pad.line(curve(start, (-w - 0.25, 0.25), (-w - 0.2, pad.between(-0.2, 0.1))), "tail")


def _contour(pad: Pad) -> None:
    """The animal as an outline in a few strokes, each named for what it draws most of."""
    back, low = -pad.between(0.12, 0.22), pad.between(0.35, 0.55)
    belly = pad.between(0.05, 0.12)
    head_y, r = back - pad.between(0.0, 0.35), pad.between(0.09, 0.15)
    nose_x = 0.5 + pad.between(0.15, 0.3)
    pad.feature()
    nape, rump, nose = (0.4, head_y), (-0.48, back + 0.06), (nose_x, head_y + r)
    throat, chest = (0.5, head_y + 1.3 * r), (0.45, (head_y + belly) / 2 + 0.05)
    lines: list[tuple[str, Path]] = [
        ("head", curve(nose, (nose_x - 0.02, head_y), (0.5, head_y - r), nape)),
        ("body", curve(nape, (0.34, back - 0.02), (0, back + 0.03), (-0.35, back), rump)),
        ("tail", _tail_outline(pad, rump)),
        ("back-leg", _leg_outline(pad, -0.48, -0.22, belly, low)),
        ("body", curve((-0.22, belly), (0, belly + 0.02), (0.18, belly))),
        ("front-leg", _leg_outline(pad, 0.18, 0.44, belly, low)),
        (pad.pick({"body": 2, "neck": 1}), curve((0.44, belly), chest, throat)),
        ("head", curve(throat, (nose_x - 0.05, head_y + 1.4 * r), nose)),
    ]
    near = {"back-leg": "near back", "front-leg": "near front"}
    pieces = [Piece(path=path, part=part, unit=near.get(part)) for part, path in lines]
    if pad.chance(0.4):  # no tail in the outline
        pieces = [piece for piece in pieces if piece.part != "tail"]
    strokes_of(pad, pieces, lift=pad.pick({0.0: 1.0, 0.3: 3.0, 0.7: 2.0}))
    pad.feature()
    if pad.chance(0.75):  # else an outline without a face
        _contour_face(pad, head_y, r, nose_x)
    for part, x in (("back-leg", -0.22), ("front-leg", 0.22)):  # the far legs
        if pad.chance(0.5):
            pad.feature()
            foot = pad.near(low, 0.05) - 0.02
            leg = polyline((-0.05, belly), (-0.03, foot), (0.04, foot), (0.05, belly))
            pad.line(placed(leg, x, 0), part, "far")


def _contour_face(pad: Pad, y: float, r: float, nose: float) -> None:
    if pad.chance(0.8):
        ears(pad, 0.47, y + 0.3 * r, r, ear_style(pad), pad.pick({(1,): 1.0, (-1,): 1.0}))
    if pad.chance(0.8):
        eye(pad, 0.55, y, r * pad.between(0.1, 0.2), eye_style(pad))
    if pad.care(0.6):
        corner = (0.56, y + pad.between(0.9, 1.2) * r)
        pad.line(polyline((nose - 0.01, y + 1.1 * r), corner), "head")


def _tail_outline(pad: Pad, root: Point) -> Path:
    long, rise = pad.between(0.1, 0.35), pad.between(-0.25, 0.25)
    half = (-long / 2, -rise / 2)
    path = curve((0, 0), half, (-long, -rise), (half[0], half[1] + 0.06), (0, 0.08))
    return placed(path, *root)


def _leg_outline(pad: Pad, left: float, right: float, belly: float, low: float) -> Path:
    """A leg in an outline that goes to the right along the belly; broad, as thighs are."""
    foot, thin = pad.near(low, 0.06), pad.between(0.3, 0.6) * (right - left)
    middle = (left + right) / 2 + pad.between(-0.06, 0.06)
    knee = (belly + foot) / 2
    down = [(left, belly), (middle - thin / 2, knee), (middle - thin / 2, foot)]
    up = [(middle + thin / 2, foot), (middle + thin / 2, knee), (right, belly)]
    return curve(*down, *up) if pad.chance(0.4) else polyline(*down, *up)
