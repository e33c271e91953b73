"""Animals on four legs from the side: standing, running or lying, of separate forms."""

from __future__ import annotations

import numpy as np

from instancesketch.synth.animals.features import Legs
from instancesketch.synth.animals.heads import face, side_head
from instancesketch.synth.animals.outlines import contour
from instancesketch.synth.animals.poses import (
    face_alone,
    head_and_body,
    seen_from_front,
    sitting,
    upright,
)
from instancesketch.synth.animals.species import Animal
from instancesketch.synth.canvas import Pad, Piece
from instancesketch.synth.primitives import (
    Path,
    curve,
    drop,
    ellipse,
    joined,
    polyline,
    rectangle,
    scallops,
    spikes,
    zigzag,
)

_LEG_STYLES = {
    "stick": 4.5, "tube": 4.0, "two": 0.7, "bent": 1.5, "box": 0.6, "wedge": 0.8, "oval": 0.7,
    "hook": 0.7,
}  # fmt: skip


def four_legged(pad: Pad) -> None:
    """Draws an animal that looks to the right (the hand may mirror it)."""
    poses = {
        _side: 6.0, contour: 3.2, face_alone: 1.9, sitting: 0.5, upright: 0.6, seen_from_front: 0.3,
        head_and_body: 0.4,
    }  # fmt: skip
    pad.pick(poses)(pad)


def _side(pad: Pad) -> None:
    animal = Animal.sample(pad)
    pad.feature()
    _body(pad, animal)
    if animal.neck:
        pad.feature()
        _neck(pad, animal)
    pad.feature()
    if animal.faces:
        face(pad, animal.x, animal.y, animal.r, animal.ears)
    else:
        side_head(pad, animal.x, animal.y, animal.r, animal.shape, animal.ears)
    if animal.tail:
        pad.feature()
        tail(pad, -0.48, -animal.high * pad.between(0.1, 0.6), animal.tail)
    pose = pad.pick({"stand": 8.0, "run": 2.0, "lie": 0.7, "none": 0.5})
    if pose == "lie":
        _lying_legs(pad, animal.high)
    elif pose != "none":
        _legs(pad, animal, pose == "run")
    if animal.coat and pad.care(0.85):
        pad.feature()
        _coat(pad, animal)


def _body(pad: Pad, animal: Animal) -> None:
    high = animal.high
    style = animal.body
    if style == "ring":
        pad.ring(0, 0, 0.5, high, "body", tilt=pad.between(-0.02, 0.02))
    elif style == "box":
        pad.loop(rectangle(-0.5, -high, 0.5, high), "body")
    elif style == "spine":  # the back alone
        pad.line(curve((-0.5, -high), (0, -high * pad.between(0.7, 1.1)), (0.5, -high)), "body")
    elif style == "arch":  # a high back over a flat belly, in one line or two
        back = ellipse(0, high, 0.5, 2 * high, start=0.5, turns=0.5)
        if pad.chance(0.6):
            pad.line(joined([back, back[:1]]), "body")
        else:
            pad.line(back, "body")
            pad.line(back[[0, -1]], "body")
    elif style in ("wool", "spiky", "curls"):
        _shaggy(pad, high, style)
    else:
        _drawn_body(pad, high, style)


def _shaggy(pad: Pad, high: float, style: str) -> None:
    around = pad.blob(0, 0, 0.5, high, uneven=0.04)
    cuts = pad.cuts(pad.count(7, 18), 0, pad.near(1, 0.03))
    if style == "spiky":
        pad.line(spikes(around, cuts, pad.between(0.05, 0.12)), "body")
    elif style == "wool":
        depths = pad.depths(len(cuts) - 1, 0.25, 0.6)
        pad.line(scallops(around, cuts, depths, pad.between(0, 0.8)), "body")
    else:
        pad.scribble(0, 0, 0.5, high, "body")


def _drawn_body(pad: Pad, high: float, style: str) -> None:
    """Back and belly as curves, in one line or apart, with humps or without."""
    sway = pad.between(-0.3, 0.4) * high
    back = [(-0.5, 0.0), (-0.3, -high), (0.0, -high + sway), (0.35, -high), (0.5, 0.0)]
    if style == "hump":
        humps = {
            1: [(-0.2, -high), (0.0, -2.2 * high), (0.2, -high)],
            2: [(-0.2, -2 * high), (-0.05, -high), (0.1, -2 * high)],
        }[pad.count(1, 2)]
        back[2:3] = humps
    belly = [(0.3, high), (0.0, high - sway / 2), (-0.35, high)]
    if style == "bean" or (style == "hump" and pad.chance(0.5)):
        pad.loop(curve(*back, *belly, closed=True), "body")
        return
    pad.line(curve(*back), "body")
    pad.line(curve((-0.45, high * 0.6), (0, high), (0.4, high * 0.7)), "body")
    if pad.chance(0.4):
        pad.line(curve((-0.5, 0.0), (-0.52, 0.3 * high), (-0.45, high * 0.6)), "body")


def _neck(pad: Pad, animal: Animal) -> None:
    high, x, y, r = animal.high, animal.x, animal.y, animal.r
    if pad.chance(0.2):
        pad.line(polyline((0.36, -high * 0.6), (x - r * 0.3, y + r * 0.8)), "neck")
        return
    bend, ways = pad.between(-0.05, 0.05), []
    back, chest = (0.25, -high * 0.85), (0.46, -high * 0.3)
    for foot, top in ((back, (x - r * 0.8, y + r * 0.2)), (chest, (x + r * 0.1, y + r))):
        ways.append(curve(foot, ((foot[0] + top[0]) / 2 + bend, (foot[1] + top[1]) / 2), top))
    if pad.chance(0.15):  # up and down again, round where the head will be
        pad.line(joined([ways[0], ways[1][::-1]]), "neck")
        return
    for way in ways:
        pad.line(way, "neck")
    if animal.coat == "mane" and pad.care(0.8):
        (x0, y0), (x1, y1) = ways[0][[0, -1]]
        mane = zigzag((x0 - 0.03, y0), (x1 - 0.03, y1), pad.count(6, 16), pad.between(0.06, 0.12))
        pad.line(mane, pad.pick({"neck": 2.0, "head": 1.0}))
    elif animal.coat in ("spots", "stripes") and pad.care(0.5):
        for share in pad.cuts(pad.count(2, 5), 0.1, 0.9):
            i = int(share * (len(ways[0]) - 1))
            (px, py), (qx, qy) = ways[0][i], ways[1][i]
            if animal.coat == "stripes":
                pad.line(polyline((px, py), (qx, qy)), "neck")
            else:
                pad.ring((px + qx) / 2, (py + qy) / 2, 0.03, 0.03, "neck")


def tail(pad: Pad, x: float, y: float, style: str) -> None:
    """A tail to the left from (x, y)."""
    long, rise = pad.between(0.12, 0.45), pad.pick({0.0: 0.6, pad.between(-1.2, 1.2): 3.0})
    end = (x - long * np.cos(rise), y - long * np.sin(rise))
    bow = ((x + end[0]) / 2, (y + end[1]) / 2 + pad.between(-0.12, 0.12))
    if style in ("line", "tuft"):
        pad.line(polyline((x, y), end) if pad.chance(0.35) else curve((x, y), bow, end), "tail")
    if style == "tuft":
        pad.line(drop(end, (end[0] - 0.08, end[1] + 0.06), 0.6), "tail")
    elif style == "curl":
        r = long / 4
        curl = ellipse(x - 2 * r, y, r, r, turns=pad.between(1, 2))
        pad.line(joined([polyline((x, y)), curl]), "tail")
    elif style == "loop":
        pad.line(drop((x, y), end, pad.between(0.2, 0.5)), "tail")
    elif style == "tube":
        under = (bow[0], bow[1] + 0.07)
        pad.line(curve((x, y), bow, end, (end[0], end[1] + 0.05), under, (x, y + 0.08)), "tail")
    elif style == "brush":  # a squirrel's
        tip = (x - pad.between(-0.1, 0.15), y - pad.between(0.4, 0.8))
        back = (x - pad.between(0.2, 0.35), (y + tip[1]) / 2)
        pad.line(curve((x, y), back, tip, (x + 0.12, tip[1] + 0.1), (x + 0.02, y - 0.15)), "tail")
    elif style == "bushy":
        pad.line(zigzag((x, y), end, pad.count(5, 14), 0.1), "tail")
    elif style == "puff":
        (pad.ring if pad.chance(0.7) else pad.scribble)(x - 0.04, y, 0.06, 0.06, "tail")


def _legs(pad: Pad, animal: Animal, running: bool) -> None:
    """Two pairs; seldom only the near legs, one of them forgotten, or all in one zigzag."""
    high = animal.high
    legs = Legs(
        style=pad.pick(_LEG_STYLES),
        long=animal.legs + (2 * high if animal.body == "spine" else 0),
        width=pad.between(0.05, 0.13),
        bend=pad.between(-0.05, 0.05),
        foot=pad.pick({"": 22.0, "oval": 1.0, "line": 0.3}),
    )
    near_only, gap = pad.chance(0.14), pad.between(0.05, 0.2)
    inset, spread = pad.between(0.2, 0.42), pad.between(0.1, 0.4) if running else 0.0
    if pad.chance(0.03):
        _all_legs(pad, inset, gap, high, legs.long)
        return
    top = -high if animal.body == "spine" else high
    for part, middle in (("front-leg", inset), ("back-leg", -inset)):
        pad.feature()
        offsets = (0.0,) if near_only or pad.chance(0.06) else (-gap / 2, gap / 2)
        if len(offsets) == 2 and pad.chance(0.04):  # both in one line
            points = _comb(middle, gap, top * 0.8, legs.long, pad.count(0, 1))
            pad.line(points, part)
            continue
        lean = spread * pad.pick({1: 1.0, -1: 1.0})
        for i, offset in enumerate(offsets):
            x = middle + offset
            y = top * (np.sqrt(max(0, 1 - (x / 0.5) ** 2)) * pad.between(0.8, 1.0))
            step = lean * pad.near(1, 0.3) * (1 if pad.chance(0.6) else 1 - 2 * i)
            legs.draw(pad, x, top if top < 0 else y, part, f"{part} {i}", step)


def _comb(x: float, gap: float, y: float, long: float, square: int) -> Path:
    """Two legs beside each other in one line, pointed or square."""
    w, low = gap * 0.8, y + long
    if square:
        low_in = (x - w / 2, low), (x - w / 2, y), (x + w / 2, y), (x + w / 2, low)
        return polyline((x - w, y), (x - w, low), *low_in, (x + w, low), (x + w, y))
    return polyline((x - w, y), (x - w / 2, low), (x, y), (x + w / 2, low), (x + w, y))


def _all_legs(pad: Pad, inset: float, gap: float, high: float, long: float) -> None:
    pad.feature()
    square = pad.count(0, 1)
    pairs = [
        Piece(path=_comb(x, gap, high * 0.8, long * pad.near(1), square), part=part)
        for part, x in (("back-leg", -inset), ("front-leg", inset))
    ]
    pad.outline(pairs)


def _lying_legs(pad: Pad, high: float) -> None:
    """Forelegs stretched out and a thigh, as of an animal that lies."""
    pad.feature()
    reach = pad.between(0.15, 0.4)
    for i in range(pad.count(1, 2)):
        y = high * (0.8 + 0.25 * i)
        pad.line(drop((0.3, y), (0.35 + reach, y + 0.04), 0.3), "front-leg", f"front {i}")
    pad.feature()
    if pad.chance(0.8):
        pad.ring(-0.3, high * 0.6, 0.17, high * 0.6, "back-leg", "back 0")
        if pad.care(0.3):
            pad.ring(-0.15, high * 1.1, 0.1, 0.05, "back-foot", "back 0")


def _coat(pad: Pad, animal: Animal) -> None:
    """Spots, stripes, or fur scribbled on the body."""
    high, style = animal.high, animal.coat
    if style == "spots":
        filled = pad.chance(0.25)
        for _ in range(pad.count(2, 7)):
            x, y = pad.between(-0.35, 0.35), pad.between(-0.6, 0.6) * high
            r = pad.between(0.02, 0.08)
            (pad.scribble if filled else pad.ring)(x, y, r, pad.near(r, 0.3), "body")
    elif style == "stripes":
        for x in pad.cuts(pad.count(3, 7), -0.4, 0.4):
            reach = high * np.sqrt(1 - (x / 0.5) ** 2)
            low = pad.between(0.0, 0.9) * reach
            pad.line(polyline((x, -reach), (x + pad.between(-0.04, 0.04), low)), "body")
    elif style == "fur":
        wide = high * pad.between(0.4, 1.4)
        pad.line(zigzag((-0.4, 0), (0.4, 0), pad.count(8, 30), wide), "body")
    elif style == "dark":
        pad.scribble(pad.between(-0.2, 0.2), 0, 0.25, high * 0.8, "body")
