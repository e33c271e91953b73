"""Flowers: one or several, from above, at a slant or from the side, with stems, leaves and pots."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from instancesketch.core.taxonomy import UNLABELED
from instancesketch.synth.animals.features import strokes_of
from instancesketch.synth.canvas import Pad, Piece
from instancesketch.synth.primitives import (
    Path,
    Point,
    at,
    curve,
    drop,
    ellipse,
    joined,
    placed,
    polyline,
    scallops,
    spikes,
    spiral,
    zigzag,
)

_PETALS = {
    "curl": 11.0, "loops": 2.5, "arcs": 1.5, "some": 1.8, "teeth": 0.7, "rose": 0.6, "lines": 0.4,
    "through": 0.6, "rings": 0.7, "blob": 0.4,
}  # fmt: skip
_SIDE_VIEWS = {"cup": 4.0, "bud": 1.0, "bell": 0.5, "fan": 1.5, "ice": 0.5}


@dataclass(frozen=True, kw_only=True)
class _Blossoms:
    """How all blossoms of one drawing look: people repeat themselves."""

    kind: str
    number: int  # of petals
    inner: float  # radius of the middle
    flat: float  # height for width
    centre: str  # empty: none

    @classmethod
    def sample(cls, pad: Pad) -> _Blossoms:
        side = pad.chance(0.12)
        centres = {"ring": 8.0, "spiral": 0.8, "filled": 0.6, "dots": 0.3, "net": 0.15, "dot": 0.5}
        return cls(
            kind=pad.pick(_SIDE_VIEWS if side else _PETALS),
            number=pad.count(4, pad.pick({8: 3.0, 14: 1.0})),
            inner=pad.between(0.2, 0.6),
            flat=pad.pick({1.0: 4.0, pad.between(0.35, 0.9): 1.5}),
            centre=pad.pick(centres) if not side and pad.chance(0.62) else "",
        )


def flower(pad: Pad) -> None:
    """A blossom with radius about 1 on a stem, or several; now and then in a pot."""
    number = pad.pick({1: 9.0, 2: 0.8, 3: 1.0, 5: 0.4})
    stems = pad.chance(0.84) or number > 1
    foot = (pad.rng.normal(0, 0.5), pad.between(1.8, 4.5))
    pot, fan = stems and pad.chance(0.07), pad.chance(0.75)
    look = _Blossoms.sample(pad)
    for i in range(number):
        x = (i - (number - 1) / 2) * pad.between(2.2, 3.2)
        y = pad.between(-0.8, 0.8) if number > 1 else 0.0
        pad.feature()
        below = _blossom(pad, look, x, y, f"{i}")
        if stems:
            pad.feature()
            end = foot if fan else (x + pad.between(-0.3, 0.3), foot[1])
            _stem(pad, (x, y + below), end, f"{i}", leafy=not pot or pad.chance(0.5))
        if pad.chance(0.2):
            look = _Blossoms.sample(pad)
    if pot:
        pad.feature()
        _pot(pad, foot)


def _pot(pad: Pad, foot: Point) -> None:
    """A pot, a vase or a bunch's wrapping, which is no part of a flower."""
    wide, long = pad.between(0.7, 1.4), pad.between(1.0, 2.2)
    style = pad.pick({"pot": 3.0, "vase": 1.5, "wrap": 0.7})
    x, y = foot[0], foot[1] - 0.2
    if style == "vase":
        left = curve((-0.3, 0), (-0.25, 0.3 * long), (-wide, 0.7 * long), (-0.5, long))
        pad.line(placed(joined([left, left[::-1] * (-1, 1)]), x, y), UNLABELED)
    elif style == "wrap":
        pad.line(polyline((x - wide, y - 1), (x, y + long), (x + wide, y - 1)), UNLABELED)
        return
    else:
        sides = polyline((-1, 0), (-0.7, long), (0.7, long), (1, 0))
        pad.line(sides * (wide, 1) + (x, y), UNLABELED)
    if pad.chance(0.7):
        pad.ring(x, y, wide if style == "pot" else 0.3, 0.15, UNLABELED)


def _blossom(pad: Pad, look: _Blossoms, x: float, y: float, name: str) -> float:
    """Draws a blossom; returns where the stem begins, below its middle."""
    if look.kind in _SIDE_VIEWS:
        return _from_side(pad, look.kind, x, y)
    inner = look.inner
    begin = pad.pick({pad.rng.random(): 2, 0.25: 1})  # where the stem goes on, or anywhere
    core = ellipse(0, 0, inner, inner, start=begin, turns=pad.pick({1: 1, -1: 1}))
    if look.centre:
        _centre(pad, look.centre, x, y, inner * pad.between(0.6, 1.0), look.flat)
        pad.feature()
    for path, unit in _petals(pad, look, core, name):
        if look.kind == "curl" and pad.chance(0.08):  # the middle and the petals in one line
            path = joined([core, path])
        pad.line(path * (1, look.flat) + (x, y), "petal", unit)
    return pad.pick({inner: 2.0, pad.near(0.95, 0.1): 3.0, 0.0: 0.4}) * look.flat


def _petals(pad: Pad, look: _Blossoms, core: Path, name: str) -> list[tuple[Path, str | None]]:
    """Petals about (0, 0), each line with its petal, or None where it draws several."""
    number, inner = look.number, look.inner
    cuts = pad.cuts(number, 0, pad.pick({pad.near(1, 0.03): 5.0, pad.between(0.6, 0.9): 1.0}))
    pinch = pad.between(0, 1.0)
    if look.kind == "curl":
        depth = (1 - inner) / (2 * np.pi * inner / number)
        depths = np.minimum(depth, 1.6) * pad.depths(number, 1, 1)
        return [(scallops(core, cuts, depths, pinch), None)]
    if look.kind == "teeth":
        return [(spikes(core, cuts, 1 - inner), None)]
    if look.kind == "blob":
        return [(pad.blob(0, 0, 1, 1, uneven=0.12), None)]
    if look.kind == "rose":  # a coil, as roses are drawn
        coil = spiral(0, 0, 1, pad.between(2, 4))
        return [(coil * (1 + 0.1 * pad.rng.normal(size=(len(coil), 1))), None)]
    if look.kind == "through":  # loops through the middle without lifting the pen
        angle = np.linspace(0, 2 * np.pi, 24 * number)
        reach = np.abs(np.cos(number / 2 * angle)) * (1 + pad.rng.normal(0, 0.02, len(angle)))
        return [(np.stack([reach * np.cos(angle), reach * np.sin(angle)], 1), None)]
    if look.kind == "some":  # a few petals at a time
        out: list[tuple[Path, str | None]] = []
        step = pad.count(2, 4)
        for i in range(0, number, step):
            few = cuts[i : i + step + 1]
            path = scallops(core, few, pad.between(0.8, 1.4), 0.5)
            out.append((path, f"petal {name} {i}" if len(few) == 2 else None))
        return out
    shapes = _petal_shapes(pad, look, core, cuts, pinch)
    return [(path, f"petal {name} {i}") for i, path in enumerate(shapes)]


def _petal_shapes(pad: Pad, look: _Blossoms, core: Path, cuts: Path, pinch: float) -> list[Path]:
    """One line for each petal: arcs on the middle, drops, rings or mere lines."""
    width, deep, size = pad.between(0.3, 0.8), pad.between(0.8, 1.5), pad.between(0.2, 0.4)
    shapes = []
    for a, b in pairwise(cuts):
        foot = at(core, (a + b) / 2)
        reach = (look.inner + pad.near(0.7, 0.12)) / look.inner
        if look.kind == "arcs":
            shapes.append(scallops(core, [a, b], deep, pinch))
        elif look.kind == "lines":
            shapes.append(np.stack([foot, foot * reach]))
        elif look.kind == "rings":
            x, y = foot * (1 + size / look.inner)
            rx, ry = pad.near(size, 0.15), pad.near(size, 0.15)
            shapes.append(ellipse(x, y, rx, ry, start=pad.rng.random(), turns=pad.near(1, 0.05)))
        else:
            tip = foot * reach
            shapes.append(drop((foot[0], foot[1]), (tip[0], tip[1]), pad.near(width, 0.15)))
    return shapes


def _centre(pad: Pad, style: str, x: float, y: float, r: float, flat: float) -> None:
    if style == "spiral":
        pad.line(placed(spiral(0, 0, r, pad.between(1.5, 3)) * (1, flat), x, y), "center")
        return
    if style == "dot":
        pad.scribble(x, y, 0.3 * r, 0.3 * r, "center")
        return
    pad.ring(x, y, r, r * flat, "center")
    if style == "filled":
        pad.scribble(x, y, r * 0.9, r * 0.9 * flat, "center")
    elif style == "dots":
        for px, py in pad.rng.uniform(-0.55, 0.55, (pad.count(3, 8), 2)) * r:
            pad.dot(x + px, y + py * flat, 0.06 * r, "center")
    elif style == "net":
        for t in (-0.4, 0.0, 0.4):
            long = r * np.sqrt(1 - t * t)
            pad.line(polyline((x - long, y + t * r), (x + long, y + t * r)), "center")
            pad.line(polyline((x + t * r, y - long), (x + t * r, y + long)), "center")


def _from_side(pad: Pad, style: str, x: float, y: float) -> float:
    """Tulips, buds and bells, all petals at once, so that none is an instance; fans, one by one."""
    w, h = pad.between(0.4, 0.9), pad.between(0.6, 1.2)
    if style == "bud":
        pad.loop(drop((x, y + 0.6), (x, y - h), pad.between(0.5, 0.9)), "petal")
        if pad.chance(0.5):
            pad.line(curve((x - 0.2, y - 0.3), (x + 0.1, y), (x, y + 0.5)), "petal")
        return 0.6
    if style == "fan":  # three or more petals that rise from one point
        number = pad.count(3, 6)
        for i, angle in enumerate(np.linspace(-0.2, 0.2, number) - 0.25):
            tip = (x + np.cos(2 * np.pi * angle), y + 0.5 + 1.4 * np.sin(2 * np.pi * angle))
            pad.line(drop((x, y + 0.6), tip, pad.between(0.3, 0.5)), "petal", f"petal {x} {i}")
        return 0.6
    if style == "bell":
        pieces = [(-0.3 * w, -h), (-0.9 * w, 0.1), (-1.2 * w, 0.5), (1.2 * w, 0.5), (0.9 * w, 0.1)]
        pad.line(placed(curve(*pieces, (0.3 * w, -h), (-0.3 * w, -h)), x, y), "petal")
        return 0.5
    teeth = zigzag((x - w, y - h), (x + w, y - h), pad.count(2, 3) * 2, pad.between(0.3, 0.7))
    cup = ellipse(x, y - h, w, h + 0.6, start=0, turns=0.5)
    if style == "ice":  # round above
        teeth = scallops(polyline((x - w, y - h), (x + w, y - h)), pad.cuts(pad.count(2, 3)), 0.4)
    lift = pad.pick({0.0: 2.0, 1.0: 1.0})
    strokes_of(pad, [Piece(path=teeth, part="petal"), Piece(path=cup, part="petal")], lift=lift)
    return 0.6


def _stem(pad: Pad, top: Point, foot: Point, name: str, leafy: bool) -> None:
    bend = pad.between(-0.5, 0.5)
    middle = ((top[0] + foot[0]) / 2 + bend, (top[1] + foot[1]) / 2)
    way = polyline(top, foot) if pad.chance(0.3) else curve(top, middle, foot)
    style = pad.pick({"line": 8.0, "two": 1.2, "loop": 0.3})
    beside = placed(way, pad.between(0.12, 0.3), 0)
    if style == "loop":
        pad.line(joined([way, beside[::-1]]), "stem")
    else:
        pad.line(way, "stem")
        if style == "two":
            pad.line(beside, "stem")
    if leafy and pad.care(0.45):
        _leaves(pad, way, name)


def _leaves(pad: Pad, way: Path, name: str) -> None:
    """Leaves along a stem: one by one, in pairs, or as blades from the ground."""
    style = pad.pick({"drop": 5.0, "arc": 1.5, "line": 1.0, "blade": 1.0, "both": 0.5})
    share, long = pad.between(0.35, 0.9), pad.between(0.6, 1.6)
    opposite, rise = pad.chance(0.5), pad.between(-0.3, 1.0)
    if style == "both":  # a pair in one line, so neither is an instance
        base = at(way, share)
        sides = [drop((0, 0), (s * long, -rise), 0.5) for s in (-1, 1)]
        pad.feature()
        pad.line(joined(sides) + base, "leaf")
        return
    for i in range(pad.pick({1: 3.0, 2: 6.0, 3: 1.0, 4: 1.0})):
        pad.feature()
        if not (opposite and i % 2):
            share = 0.97 if style == "blade" else pad.between(0.35, 0.95)
        side = 1 if (i + pad.hand.mirror) % 2 else -1
        base = at(way, share)
        tip = base + np.array([side * pad.near(long, 0.2), -pad.near(rise, 0.3)])
        _leaf(pad, style, base, tip, f"leaf {name} {i}")


def _leaf(pad: Pad, style: str, base: Path, tip: Path, unit: str) -> None:
    (x, y), (u, v) = base.tolist(), tip.tolist()
    if style == "drop":
        pad.line(drop((x, y), (u, v), pad.between(0.3, 0.7)), "leaf", unit)
        if pad.care(0.2):
            pad.line(np.stack([base, base + 0.8 * (tip - base)]), "leaf", unit)
    elif style == "blade":  # long, nearly upright
        high = (x + 0.5 * (u - x), y - pad.between(1.0, 2.5))
        pad.line(drop((x, y), high, pad.between(0.15, 0.35)), "leaf", unit)
    elif style == "arc":
        pad.line(
            curve((x, y), ((x + u) / 2, (y + v) / 2 + pad.between(-0.3, 0.4)), (u, v)), "leaf", unit
        )
    else:
        pad.line(np.stack([base, tip]), "leaf", unit)
