"""Things of a scene that corpora of drawings lack: ground, roads, water, stones, stick persons."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from instancesketch.synth.hand import BOX, Hand
from instancesketch.synth.pad import Pad
from instancesketch.synth.primitives import (
    Path,
    at,
    curve,
    ellipse,
    placed,
    polyline,
    rectangle,
    scallops,
    spiral,
    zigzag,
)
from instancesketch.taxonomy import UNLABELED


def prop(word: str, rng: np.random.Generator) -> list[Path]:
    """Draws a thing by its word (of `PROPS`): one path (n, 2) per stroke, 255 its longer side."""
    pad = Pad(rng=rng, hand=Hand.sample(rng))
    PROPS[word](pad)
    points = np.concatenate([mark.path for mark in pad.marks])
    scale = BOX / max(float(np.ptp(points, axis=0).max()), 1e-9)
    low = points.min(axis=0)
    return [pad.hand.ink((mark.path - low) * scale, rng) for mark in pad.marks]


def _line(pad: Pad, path: Path) -> None:
    pad.line(path, UNLABELED)


def _wavy(pad: Pad, y: float, swing: float, left: float = 0.0, right: float = 1.0) -> Path:
    """A line from left to right that rises and falls a little."""
    x = np.linspace(left, right, pad.count(3, 6))
    y_of = y + swing * np.clip(pad.rng.normal(size=len(x)), -1.5, 1.5)
    return curve(*zip(x.tolist(), y_of.tolist(), strict=True))


def _ground(pad: Pad) -> None:
    _line(pad, _wavy(pad, 0, pad.pick({0.004: 2.0, 0.02: 1.5, 0.06: 1.0})))


def _road(pad: Pad) -> None:
    """Two lines across, or into the depth; sometimes dashes in between."""
    gap = pad.between(0.08, 0.3)
    if pad.chance(0.25):  # into the depth
        far = gap * pad.between(0.2, 0.8)
        _line(pad, curve((-gap, 1), (-far, 0.4), (-far / 2, 0)))
        _line(pad, curve((gap, 1), (far, 0.4), (far / 2, 0)))
        dashes = polyline((0, 0.1), (0, 0.95))
    else:
        middle = _wavy(pad, 0, pad.pick({0.0: 2.0, 0.05: 1.0, 0.12: 1.0}))
        slope = np.linspace(0, pad.rng.normal(0, 0.15), len(middle))[:, None] * (0, 1)
        middle = middle + slope
        for side in (-1, 1):
            _line(pad, placed(middle, 0, side * gap / 2))
        dashes = middle
    if pad.chance(0.35):
        for share in pad.cuts(pad.count(2, 7), 0.05, 0.9)[:-1]:
            _line(pad, at(dashes, [share, share + 0.04]))


def _river(pad: Pad) -> None:
    gap, middle = pad.between(0.12, 0.35), _wavy(pad, 0, pad.between(0.05, 0.15))
    for low in (-gap / 2, gap / 2 * pad.between(0.8, 1.4)):
        _line(pad, placed(middle, 0, low))
    for _ in range(pad.count(0, 5)):
        x, y = at(middle, pad.between(0.05, 0.85)).tolist()
        _ripple(pad, x, y + gap * pad.between(-0.3, 0.3), pad.between(0.04, 0.12), 2)


def _ripple(pad: Pad, x: float, y: float, wide: float, count: int) -> None:
    steps = np.linspace(0, wide, 2 * count + 1)
    high = wide / count * pad.between(0.1, 0.3)
    nodes = [(x + step, y + (high if i % 2 else -high)) for i, step in enumerate(steps.tolist())]
    _line(pad, curve(*nodes))


def _ocean(pad: Pad) -> None:
    """Rows of waves, the first from one side to the other."""
    rows, low = pad.count(1, 4), pad.between(0.08, 0.2)
    _ripple(pad, 0, 0, 1, pad.count(4, 12))
    for row in range(1, rows):
        left = pad.between(0, 0.5)
        _ripple(pad, left, row * low, pad.between(0.2, 1 - left), pad.count(2, 7))


def _mountain(pad: Pad) -> None:
    """Peaks in one line, or overlapping ones of their own; snow on some."""
    number = pad.count(1, 4)
    cuts, high = pad.cuts(number), pad.between(0.25, 0.6)
    tops = [high * pad.between(0.6, 1.1) for _ in range(number)]
    peaks = list(zip(cuts[:-1].tolist(), cuts[1:].tolist(), tops, strict=True))
    if pad.chance(0.5):
        nodes = [(0.0, 0.0)]
        for i, (left, right, top) in enumerate(peaks):
            nodes += [((left + right) / 2, -top)]
            nodes += [(right, -top * pad.between(0.2, 0.6) if i < number - 1 else 0.0)]
        _line(pad, curve(*nodes) if pad.chance(0.3) else polyline(*nodes))
    else:
        for left, right, top in peaks:
            _line(pad, polyline((left - 0.05, 0), ((left + right) / 2, -top), (right + 0.05, 0)))
    if pad.chance(0.3):
        for left, right, top in peaks:
            middle, half = (left + right) / 2, (right - left) / 8
            ends = (middle - half, -0.75 * top), (middle + half, -0.75 * top)
            _line(pad, zigzag(*ends, pad.count(3, 5), 0.06))
    if pad.chance(0.25):
        _line(pad, polyline((0, 0), (1, 0)))


def _hill(pad: Pad) -> None:
    for left in pad.cuts(pad.count(1, 3), 0, 0.7)[:-1].tolist():
        wide = pad.between(0.3, 1.0)
        _line(
            pad,
            ellipse(left + wide / 2, 0, wide / 2, pad.between(0.08, 0.25), start=0.5, turns=0.5),
        )


def _stone(pad: Pad) -> None:
    outline = pad.blob(0, 0, 1, pad.between(0.45, 1.0), uneven=0.12)
    if pad.chance(0.3):  # flat on the ground
        outline = ellipse(0, 0, 1, pad.between(0.5, 0.9), start=0.5, turns=0.5)
        _line(pad, np.concatenate([outline, outline[:1]]) if pad.chance(0.6) else outline)
    else:
        pad.loop(outline, UNLABELED)
    if pad.care(0.15):
        _line(pad, polyline((-0.2, -0.2), (0.1, pad.between(-0.1, 0.2)), (0.3, 0.1)))


def _blades(pad: Pad, wide: float) -> None:
    for x in pad.cuts(pad.count(2, 6), 0, wide)[:-1].tolist():
        lean = pad.between(-0.1, 0.1)
        _line(pad, polyline((x, 0), (x + lean, -pad.between(0.2, 0.5))))


def _tuft(pad: Pad) -> None:
    if pad.chance(0.5):
        _line(pad, zigzag((0, 0), (pad.between(0.5, 1), 0), pad.count(3, 9), pad.between(0.3, 0.6)))
    else:
        _blades(pad, 0.6)


def _grass(pad: Pad) -> None:
    """One long zigzag, or a row of tufts or blades."""
    style = pad.pick({"zigzag": 2.0, "tufts": 1.5, "blades": 1.0})
    if style == "zigzag":
        _line(pad, zigzag((0, 0), (1, 0), pad.count(15, 60), pad.between(0.03, 0.1)))
        return
    for x in pad.cuts(pad.count(3, 10), 0, 1)[:-1].tolist():
        y, wide = pad.rng.normal(0, 0.02), pad.between(0.02, 0.08)
        if style == "tufts":
            _line(pad, zigzag((x, y), (x + wide, y), pad.count(3, 6), wide))
        else:
            _line(pad, polyline((x, y), (x + pad.rng.normal(0, 0.01), y - wide)))


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
        _line(pad, curve(ends[0], (0, shoulder), ends[1]))
    else:
        for end in ends:
            knee = (end[0] * 0.5, (shoulder + end[1]) / 2 + pad.rng.normal(0, 0.02))
            _line(pad, curve((lean / 2, shoulder), knee, end))
    _stance(pad, low, lean)
    if pad.care(0.35):
        _look(pad, head)


def _torso(pad: Pad, head: float, top: float, low: float, lean: float) -> None:
    style = pad.pick({"line": 4.0, "box": 1.0, "oval": 1.0, "dress": 0.7})
    if style == "line":
        _line(pad, polyline((0, top - head * pad.between(0, 0.4)), (lean, low)))
    elif style == "box":
        half = pad.between(0.06, 0.12)
        _line(pad, rectangle(-half, top, half, low))
    elif style == "oval":
        pad.ring(0, (top + low) / 2, pad.between(0.07, 0.13), (low - top) / 2, UNLABELED)
    else:
        half = pad.between(0.1, 0.2)
        _line(pad, polyline((0, top), (half, low), (-half, low), (0, top)))


def _stance(pad: Pad, low: float, lean: float) -> None:
    long, pose = pad.between(0.3, 0.45), pad.pick({"stand": 4.0, "walk": 1.5, "sit": 1.5})
    spread = pad.between(0.04, 0.18)
    for side in (-1, 1):
        if pose == "sit":
            knee = (long / 2, low + side * 0.02)
            _line(pad, polyline((lean, low), knee, (knee[0] + side * 0.03, low + long / 2)))
        elif pose == "walk":
            knee = (side * spread + 0.03, low + long / 2)
            _line(pad, polyline((lean, low), knee, (side * spread * 1.5, low + long)))
        else:
            _line(pad, polyline((lean, low), (side * spread, low + long)))
        if pad.care(0.2) and pose != "sit":
            x = side * spread * (1.5 if pose == "walk" else 1)
            _line(pad, polyline((x, low + long), (x + side * 0.05, low + long)))


def _look(pad: Pad, head: float) -> None:
    for side in (-1, 1):
        pad.dot(side * head * 0.35, -1.1 * head, head * 0.1, UNLABELED)
    if pad.chance(0.7):
        low = -head * pad.between(0.35, 0.7)
        _line(pad, curve((-head * 0.35, low), (0, low + head * 0.15), (head * 0.35, low)))
    if pad.care(0.3):
        pad.scribble(0, -1.7 * head, head * 0.8, head * 0.35, UNLABELED)


def _table(pad: Pad) -> None:
    """From the side, or with its top seen at a slant."""
    high, legs = pad.between(0.35, 0.7), pad.pick({2: 2.0, 4: 1.5})
    style = pad.pick({"line": 1.5, "board": 1.5, "slant": 3.0, "round": 0.7})
    deep = 0.0
    if style == "line":
        _line(pad, polyline((0, 0), (1, 0)))
    elif style == "board":
        deep = pad.between(0.04, 0.1)
        _line(pad, rectangle(0, 0, 1, deep))
    elif style == "slant":
        deep, shift = pad.between(0.15, 0.4), pad.between(-0.25, 0.25)
        _line(pad, polyline((shift, 0), (1 + shift, 0), (1, deep), (0, deep), (shift, 0)))
    else:
        deep = pad.between(0.15, 0.35)
        pad.ring(0.5, deep / 2, 0.5, deep / 2, UNLABELED)
    inset = pad.between(0, 0.12) if style != "round" else 0.15
    for x in (inset, 1 - inset):
        foot = x + pad.rng.normal(0, 0.03)
        _line(pad, polyline((x, deep), (foot, deep + high)))
        if legs == 4:
            back = foot + (0.12 if x < 0.5 else -0.12)
            _line(pad, polyline((back, deep), (back, deep + high * pad.between(0.6, 0.9))))


def _shelf(pad: Pad) -> None:
    wide, boards = pad.between(0.5, 1.5), pad.count(0, 3)
    _line(pad, rectangle(0, 0, wide, 1))
    for y in pad.cuts(boards + 1)[1:-1].tolist():
        _line(pad, polyline((0, y), (wide, y)))


def _box(pad: Pad) -> None:
    wide, deep = pad.between(0.7, 1.6), pad.between(0.15, 0.4)
    _line(pad, rectangle(0, 0, wide, 1))
    if pad.chance(0.4):
        _line(pad, polyline((0, 0), (deep, -deep), (wide + deep, -deep), (wide, 0)))
        _line(pad, polyline((wide + deep, -deep), (wide + deep, 1 - deep), (wide, 1)))


def _window(pad: Pad) -> None:
    wide = pad.between(0.7, 1.3)
    _line(pad, rectangle(0, 0, wide, 1))
    if pad.chance(0.8):
        _line(pad, polyline((wide / 2, 0), (wide / 2, 1)))
        _line(pad, polyline((0, 0.5), (wide, 0.5)))


def _paper(pad: Pad) -> None:
    high = pad.between(0.7, 1.4)
    slant = pad.rng.normal(0, 0.2)
    _line(pad, polyline((0, 0), (1, 0), (1 + slant, high), (slant, high), (0, 0)))
    for y in pad.cuts(pad.count(1, 5))[1:-1].tolist():
        _line(pad, polyline((0.15, high * y), (pad.between(0.5, 0.9), high * y)))


def _plate(pad: Pad) -> None:
    flat = pad.between(0.2, 1.0)
    pad.ring(0, 0, 1, flat, UNLABELED)
    if pad.chance(0.5):
        pad.ring(0, 0, 0.65, 0.65 * flat, UNLABELED)


def _bush(pad: Pad) -> None:
    outline = ellipse(0, 0, 1, pad.between(0.5, 0.9), start=0.5, turns=pad.pick({1.0: 2, 0.5: 1}))
    _line(pad, scallops(outline, pad.cuts(pad.count(5, 11)), pad.between(0.25, 0.55)))


def _fence(pad: Pad) -> None:
    high, posts = pad.between(0.1, 0.25), pad.count(3, 12)
    for y in (0.3 * high, 0.7 * high)[: pad.count(1, 2)]:
        _line(pad, polyline((0, y), (1, y + pad.rng.normal(0, 0.01))))
    wide = pad.pick({0.0: 2.0, 0.02: 1.0})
    for x in np.linspace(0.02, 0.96, posts).tolist():
        if wide:
            tip = polyline((x, high), (x, 0), (x + wide, -wide), (x + 2 * wide, 0))
            _line(pad, np.concatenate([tip, polyline((x + 2 * wide, high))]))
        else:
            _line(pad, polyline((x, 0), (x + pad.rng.normal(0, 0.01), high)))


def _wall(pad: Pad) -> None:
    """A room's or a field's outline: a box round other things."""
    high, slant = pad.between(0.4, 0.8), pad.pick({0.0: 2.0, pad.between(-0.3, 0.3): 1.0})
    _line(pad, polyline((slant, 0), (1 + slant / 2, 0), (1, high), (0, high), (slant, 0)))
    if pad.chance(0.3):
        low = high * pad.between(0.5, 0.8)
        _line(pad, polyline((slant * 0.5, low), (1, low)))


def _smoke(pad: Pad) -> None:
    for i in range(pad.count(1, 3)):
        if pad.chance(0.6):
            _ripple_up(pad, 0.3 * i)
        else:
            _line(pad, spiral(0.3 * i, -0.5, pad.between(0.2, 0.5), pad.between(1.5, 3)))


def _ripple_up(pad: Pad, x: float) -> None:
    swing = pad.between(0.05, 0.2)
    nodes = [(x + (swing if i % 2 else -swing), -i / 4) for i in range(pad.count(3, 6))]
    _line(pad, curve(*nodes))


PROPS: dict[str, Callable[[Pad], None]] = {
    "ground": _ground,
    "road": _road,
    "path": _road,
    "river": _river,
    "ocean": _ocean,
    "mountain": _mountain,
    "hill": _hill,
    "stone": _stone,
    "tuft": _tuft,
    "grass": _grass,
    "person": _person,
    "table": _table,
    "shelf": _shelf,
    "box": _box,
    "window": _window,
    "paper": _paper,
    "plate": _plate,
    "bush": _bush,
    "fence": _fence,
    "wall": _wall,
    "smoke": _smoke,
}
