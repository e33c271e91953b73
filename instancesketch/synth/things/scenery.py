"""Things of a scene that corpora of drawings lack: ground, roads, water, stones, stick persons."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from instancesketch.core.taxonomy import UNLABELED
from instancesketch.synth.canvas import Pad
from instancesketch.synth.primitives import (
    Path,
    curve,
    polyline,
    rectangle,
)
from instancesketch.synth.style import BOX, Hand
from instancesketch.synth.things.nature import (
    bush,
    fence,
    grass,
    ground,
    hill,
    line,
    mountain,
    ocean,
    river,
    road,
    smoke,
    stone,
    tuft,
)


def prop(word: str, rng: np.random.Generator) -> list[Path]:
    """Draws a thing by its word (of `PROPS`): one path (n, 2) per stroke, 255 its longer side."""
    pad = Pad(rng=rng, hand=Hand.sample(rng))
    PROPS[word](pad)
    points = np.concatenate([mark.path for mark in pad.marks])
    scale = BOX / max(float(np.ptp(points, axis=0).max()), 1e-9)
    low = points.min(axis=0)
    return [pad.hand.ink((mark.path - low) * scale, rng) for mark in pad.marks]


def _person(pad: Pad) -> None:
    """A person of sticks, or with a body; standing, walking, sitting or reaching out."""
    head, neck, hip = pad.between(0.09, 0.16), pad.between(0.0, 0.05), pad.between(0.3, 0.4)
    lean = pad.rng.normal(0, 0.03)
    pad.ring(0, -head, head * pad.between(0.75, 1.0), head, UNLABELED)
    top, low = neck, neck + hip
    _torso(pad, head, top, low, lean)
    shoulder = top + hip * pad.between(0.05, 0.3)
    reach = pad.between(0.18, 0.32)
    pose = pad.pick({"down": 2.0, "out": 2.0, "up": 1.0, "ahead": 1.5})
    drop = {"down": 0.25, "out": 0.02, "up": -0.2, "ahead": 0.05}[pose]
    ends = [(side * reach, shoulder + drop + pad.rng.normal(0, 0.04)) for side in (-1, 1)]
    if pose == "ahead":
        ends = [(reach, shoulder + drop + pad.rng.normal(0, 0.04)) for _ in ends]
    if pad.chance(0.35) and pose != "ahead":
        line(pad, curve(ends[0], (0, shoulder), ends[1]))
    else:
        for end in ends:
            knee = (end[0] * 0.5, (shoulder + end[1]) / 2 + pad.rng.normal(0, 0.02))
            line(pad, curve((lean / 2, shoulder), knee, end))
    _stance(pad, low, lean)
    if pad.care(0.35):
        _look(pad, head)


def _torso(pad: Pad, head: float, top: float, low: float, lean: float) -> None:
    style = pad.pick({"line": 4.0, "box": 1.0, "oval": 1.0, "dress": 0.7})
    if style == "line":
        line(pad, polyline((0, top - head * pad.between(0, 0.4)), (lean, low)))
    elif style == "box":
        half = pad.between(0.06, 0.12)
        line(pad, rectangle(-half, top, half, low))
    elif style == "oval":
        pad.ring(0, (top + low) / 2, pad.between(0.07, 0.13), (low - top) / 2, UNLABELED)
    else:
        half = pad.between(0.1, 0.2)
        line(pad, polyline((0, top), (half, low), (-half, low), (0, top)))


def _stance(pad: Pad, low: float, lean: float) -> None:
    long, pose = pad.between(0.3, 0.45), pad.pick({"stand": 4.0, "walk": 1.5, "sit": 1.5})
    spread = pad.between(0.04, 0.18)
    for side in (-1, 1):
        if pose == "sit":
            knee = (long / 2, low + side * 0.02)
            line(pad, polyline((lean, low), knee, (knee[0] + side * 0.03, low + long / 2)))
        elif pose == "walk":
            knee = (side * spread + 0.03, low + long / 2)
            line(pad, polyline((lean, low), knee, (side * spread * 1.5, low + long)))
        else:
            line(pad, polyline((lean, low), (side * spread, low + long)))
        if pad.care(0.2) and pose != "sit":
            x = side * spread * (1.5 if pose == "walk" else 1)
            line(pad, polyline((x, low + long), (x + side * 0.05, low + long)))


def _look(pad: Pad, head: float) -> None:
    for side in (-1, 1):
        pad.dot(side * head * 0.35, -1.1 * head, head * 0.1, UNLABELED)
    if pad.chance(0.7):
        low = -head * pad.between(0.35, 0.7)
        line(pad, curve((-head * 0.35, low), (0, low + head * 0.15), (head * 0.35, low)))
    if pad.care(0.3):
        pad.scribble(0, -1.7 * head, head * 0.8, head * 0.35, UNLABELED)


def _table(pad: Pad) -> None:
    """From the side, or with its top seen at a slant."""
    high, legs = pad.between(0.35, 0.7), pad.pick({2: 2.0, 4: 1.5})
    style = pad.pick({"line": 1.5, "board": 1.5, "slant": 3.0, "round": 0.7})
    deep = 0.0
    if style == "line":
        line(pad, polyline((0, 0), (1, 0)))
    elif style == "board":
        deep = pad.between(0.04, 0.1)
        line(pad, rectangle(0, 0, 1, deep))
    elif style == "slant":
        deep, shift = pad.between(0.15, 0.4), pad.between(-0.25, 0.25)
        line(pad, polyline((shift, 0), (1 + shift, 0), (1, deep), (0, deep), (shift, 0)))
    else:
        deep = pad.between(0.15, 0.35)
        pad.ring(0.5, deep / 2, 0.5, deep / 2, UNLABELED)
    inset = pad.between(0, 0.12) if style != "round" else 0.15
    for x in (inset, 1 - inset):
        foot = x + pad.rng.normal(0, 0.03)
        line(pad, polyline((x, deep), (foot, deep + high)))
        if legs == 4:
            back = foot + (0.12 if x < 0.5 else -0.12)
            line(pad, polyline((back, deep), (back, deep + high * pad.between(0.6, 0.9))))


def _shelf(pad: Pad) -> None:
    wide, boards = pad.between(0.5, 1.5), pad.count(0, 3)
    line(pad, rectangle(0, 0, wide, 1))
    for y in pad.cuts(boards + 1)[1:-1].tolist():
        line(pad, polyline((0, y), (wide, y)))


def _box(pad: Pad) -> None:
    wide, deep = pad.between(0.7, 1.6), pad.between(0.15, 0.4)
    line(pad, rectangle(0, 0, wide, 1))
    if pad.chance(0.4):
        line(pad, polyline((0, 0), (deep, -deep), (wide + deep, -deep), (wide, 0)))
        line(pad, polyline((wide + deep, -deep), (wide + deep, 1 - deep), (wide, 1)))


def _window(pad: Pad) -> None:
    wide = pad.between(0.7, 1.3)
    line(pad, rectangle(0, 0, wide, 1))
    if pad.chance(0.8):
        line(pad, polyline((wide / 2, 0), (wide / 2, 1)))
        line(pad, polyline((0, 0.5), (wide, 0.5)))


def _paper(pad: Pad) -> None:
    high = pad.between(0.7, 1.4)
    slant = pad.rng.normal(0, 0.2)
    line(pad, polyline((0, 0), (1, 0), (1 + slant, high), (slant, high), (0, 0)))
    for y in pad.cuts(pad.count(1, 5))[1:-1].tolist():
        line(pad, polyline((0.15, high * y), (pad.between(0.5, 0.9), high * y)))


def _plate(pad: Pad) -> None:
    flat = pad.between(0.2, 1.0)
    pad.ring(0, 0, 1, flat, UNLABELED)
    if pad.chance(0.5):
        pad.ring(0, 0, 0.65, 0.65 * flat, UNLABELED)


def _wall(pad: Pad) -> None:
    """A room's or a field's outline: a box round other things."""
    high, slant = pad.between(0.4, 0.8), pad.pick({0.0: 2.0, pad.between(-0.3, 0.3): 1.0})
    line(pad, polyline((slant, 0), (1 + slant / 2, 0), (1, high), (0, high), (slant, 0)))
    if pad.chance(0.3):
        low = high * pad.between(0.5, 0.8)
        line(pad, polyline((slant * 0.5, low), (1, low)))


PROPS: dict[str, Callable[[Pad], None]] = {
    "ground": ground,
    "road": road,
    "path": road,
    "river": river,
    "ocean": ocean,
    "mountain": mountain,
    "hill": hill,
    "stone": stone,
    "tuft": tuft,
    "grass": grass,
    "person": _person,
    "table": _table,
    "shelf": _shelf,
    "box": _box,
    "window": _window,
    "paper": _paper,
    "plate": _plate,
    "bush": bush,
    "fence": fence,
    "wall": _wall,
    "smoke": smoke,
}
