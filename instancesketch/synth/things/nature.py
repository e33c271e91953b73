"""What is out of doors and no corpus of drawings has: ground, roads, water, stones, grass."""

from __future__ import annotations

import numpy as np

from instancesketch.core.taxonomy import UNLABELED
from instancesketch.synth.canvas import Pad
from instancesketch.synth.primitives import (
    Path,
    at,
    curve,
    ellipse,
    placed,
    polyline,
    scallops,
    spiral,
    zigzag,
)


def line(pad: Pad, path: Path) -> None:
    """Draws a line that is part of nothing."""
    pad.line(path, UNLABELED)


def _wavy(pad: Pad, y: float, swing: float, left: float = 0.0, right: float = 1.0) -> Path:
    """A line from left to right that rises and falls a little."""
    x = np.linspace(left, right, pad.count(3, 6))
    y_of = y + swing * np.clip(pad.rng.normal(size=len(x)), -1.5, 1.5)
    return curve(*zip(x.tolist(), y_of.tolist(), strict=True))


def ground(pad: Pad) -> None:
    """A line from left to right."""
    line(pad, _wavy(pad, 0, pad.pick({0.004: 2.0, 0.02: 1.5, 0.06: 1.0})))


def road(pad: Pad) -> None:
    """Two lines across, or into the depth; sometimes dashes in between."""
    gap = pad.between(0.08, 0.3)
    if pad.chance(0.25):  # into the depth
        far = gap * pad.between(0.2, 0.8)
        line(pad, curve((-gap, 1), (-far, 0.4), (-far / 2, 0)))
        line(pad, curve((gap, 1), (far, 0.4), (far / 2, 0)))
        dashes = polyline((0, 0.1), (0, 0.95))
    else:
        middle = _wavy(pad, 0, pad.pick({0.0: 2.0, 0.05: 1.0, 0.12: 1.0}))
        slope = np.linspace(0, pad.rng.normal(0, 0.15), len(middle))[:, None] * (0, 1)
        middle = middle + slope
        for side in (-1, 1):
            line(pad, placed(middle, 0, side * gap / 2))
        dashes = middle
    if pad.chance(0.35):
        for share in pad.cuts(pad.count(2, 7), 0.05, 0.9)[:-1]:
            line(pad, at(dashes, [share, share + 0.04]))


def river(pad: Pad) -> None:
    """Two banks, with waves in between."""
    gap, middle = pad.between(0.12, 0.35), _wavy(pad, 0, pad.between(0.05, 0.15))
    for low in (-gap / 2, gap / 2 * pad.between(0.8, 1.4)):
        line(pad, placed(middle, 0, low))
    for _ in range(pad.count(0, 5)):
        x, y = at(middle, pad.between(0.05, 0.85)).tolist()
        _ripple(pad, x, y + gap * pad.between(-0.3, 0.3), pad.between(0.04, 0.12), 2)


def _ripple(pad: Pad, x: float, y: float, wide: float, count: int) -> None:
    steps = np.linspace(0, wide, 2 * count + 1)
    high = wide / count * pad.between(0.1, 0.3)
    nodes = [(x + step, y + (high if i % 2 else -high)) for i, step in enumerate(steps.tolist())]
    line(pad, curve(*nodes))


def ocean(pad: Pad) -> None:
    """Rows of waves, the first from one side to the other."""
    rows, low = pad.count(1, 4), pad.between(0.08, 0.2)
    _ripple(pad, 0, 0, 1, pad.count(4, 12))
    for row in range(1, rows):
        left = pad.between(0, 0.5)
        _ripple(pad, left, row * low, pad.between(0.2, 1 - left), pad.count(2, 7))


def mountain(pad: Pad) -> None:
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
        line(pad, curve(*nodes) if pad.chance(0.3) else polyline(*nodes))
    else:
        for left, right, top in peaks:
            line(pad, polyline((left - 0.05, 0), ((left + right) / 2, -top), (right + 0.05, 0)))
    if pad.chance(0.3):
        for left, right, top in peaks:
            middle, half = (left + right) / 2, (right - left) / 8
            ends = (middle - half, -0.75 * top), (middle + half, -0.75 * top)
            line(pad, zigzag(*ends, pad.count(3, 5), 0.06))
    if pad.chance(0.25):
        line(pad, polyline((0, 0), (1, 0)))


def hill(pad: Pad) -> None:
    """Arcs side by side."""
    for left in pad.cuts(pad.count(1, 3), 0, 0.7)[:-1].tolist():
        wide = pad.between(0.3, 1.0)
        line(
            pad,
            ellipse(left + wide / 2, 0, wide / 2, pad.between(0.08, 0.25), start=0.5, turns=0.5),
        )


def stone(pad: Pad) -> None:
    """A loop, or half of one."""
    outline = pad.blob(0, 0, 1, pad.between(0.45, 1.0), uneven=0.12)
    if pad.chance(0.3):  # flat on the ground
        outline = ellipse(0, 0, 1, pad.between(0.5, 0.9), start=0.5, turns=0.5)
        line(pad, np.concatenate([outline, outline[:1]]) if pad.chance(0.6) else outline)
    else:
        pad.loop(outline, UNLABELED)
    if pad.care(0.15):
        line(pad, polyline((-0.2, -0.2), (0.1, pad.between(-0.1, 0.2)), (0.3, 0.1)))


def _blades(pad: Pad, wide: float) -> None:
    for x in pad.cuts(pad.count(2, 6), 0, wide)[:-1].tolist():
        lean = pad.between(-0.1, 0.1)
        line(pad, polyline((x, 0), (x + lean, -pad.between(0.2, 0.5))))


def tuft(pad: Pad) -> None:
    """A few blades, or a zigzag."""
    if pad.chance(0.5):
        line(pad, zigzag((0, 0), (pad.between(0.5, 1), 0), pad.count(3, 9), pad.between(0.3, 0.6)))
    else:
        _blades(pad, 0.6)


def grass(pad: Pad) -> None:
    """One long zigzag, or a row of tufts or blades."""
    style = pad.pick({"zigzag": 2.0, "tufts": 1.5, "blades": 1.0})
    if style == "zigzag":
        line(pad, zigzag((0, 0), (1, 0), pad.count(15, 60), pad.between(0.03, 0.1)))
        return
    for x in pad.cuts(pad.count(3, 10), 0, 1)[:-1].tolist():
        y, wide = pad.rng.normal(0, 0.02), pad.between(0.02, 0.08)
        if style == "tufts":
            line(pad, zigzag((x, y), (x + wide, y), pad.count(3, 6), wide))
        else:
            line(pad, polyline((x, y), (x + pad.rng.normal(0, 0.01), y - wide)))


def bush(pad: Pad) -> None:
    """Bulges round, or over a line."""
    outline = ellipse(0, 0, 1, pad.between(0.5, 0.9), start=0.5, turns=pad.pick({1.0: 2, 0.5: 1}))
    line(pad, scallops(outline, pad.cuts(pad.count(5, 11)), pad.between(0.25, 0.55)))


def fence(pad: Pad) -> None:
    """Posts and boards."""
    high, posts = pad.between(0.1, 0.25), pad.count(3, 12)
    for y in (0.3 * high, 0.7 * high)[: pad.count(1, 2)]:
        line(pad, polyline((0, y), (1, y + pad.rng.normal(0, 0.01))))
    wide = pad.pick({0.0: 2.0, 0.02: 1.0})
    for x in np.linspace(0.02, 0.96, posts).tolist():
        if wide:
            tip = polyline((x, high), (x, 0), (x + wide, -wide), (x + 2 * wide, 0))
            line(pad, np.concatenate([tip, polyline((x + 2 * wide, high))]))
        else:
            line(pad, polyline((x, 0), (x + pad.rng.normal(0, 0.01), high)))


def smoke(pad: Pad) -> None:
    """Wavy lines upwards, or curls."""
    for i in range(pad.count(1, 3)):
        if pad.chance(0.6):
            _ripple_up(pad, 0.3 * i)
        else:
            line(pad, spiral(0.3 * i, -0.5, pad.between(0.2, 0.5), pad.between(1.5, 3)))


def _ripple_up(pad: Pad, x: float) -> None:
    swing = pad.between(0.05, 0.2)
    nodes = [(x + (swing if i % 2 else -swing), -i / 4) for i in range(pad.count(3, 6))]
    line(pad, curve(*nodes))
