"""Flowers: one or several, from above, at a slant or from the side, with stems, leaves and pots."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from instancesketch.core.taxonomy import UNLABELED
from instancesketch.synth.canvas import Canvas, Segment
from instancesketch.synth.primitives import (
    Path,
    Point,
    curve,
    ellipse,
    join,
    place,
    points_at,
    polyline,
    scallops,
    spikes,
    spiral,
    teardrop,
    zigzag,
)

_PETALS = {
    "curl": 11.0, "loops": 2.5, "arcs": 1.5, "some": 1.8, "teeth": 0.7, "rose": 0.6, "lines": 0.4,
    "through": 0.6, "rings": 0.7, "blob": 0.4,
}  # fmt: skip
_SIDE_VIEWS = {"cup": 4.0, "bud": 1.0, "bell": 0.5, "fan": 1.5, "ice": 0.5}


@dataclass(frozen=True, kw_only=True)
class _BlossomStyle:
    """How all blossoms of one drawing look: people repeat themselves."""

    kind: str
    number: int  # of petals
    inner: float  # radius of the middle
    flat: float  # height for width
    centre: str  # empty: none

    @classmethod
    def sample(cls, canvas: Canvas) -> _BlossomStyle:
        side = canvas.chance(0.12)
        centres = {"ring": 8.0, "spiral": 0.8, "filled": 0.6, "dots": 0.3, "net": 0.15, "dot": 0.5}
        return cls(
            kind=canvas.pick(_SIDE_VIEWS if side else _PETALS),
            number=canvas.integer(4, canvas.pick({8: 3.0, 14: 1.0})),
            inner=canvas.uniform(0.2, 0.6),
            flat=canvas.pick({1.0: 4.0, canvas.uniform(0.35, 0.9): 1.5}),
            centre=canvas.pick(centres) if not side and canvas.chance(0.62) else "",
        )


def draw_flower(canvas: Canvas) -> None:
    """A blossom with radius about 1 on a stem, or several; now and then in a pot."""
    number = canvas.pick({1: 9.0, 2: 0.8, 3: 1.0, 5: 0.4})
    stems = canvas.chance(0.84) or number > 1
    foot = (canvas.rng.normal(0, 0.5), canvas.uniform(1.8, 4.5))
    pot, fan = stems and canvas.chance(0.07), canvas.chance(0.75)
    look = _BlossomStyle.sample(canvas)
    for i in range(number):
        x = (i - (number - 1) / 2) * canvas.uniform(2.2, 3.2)
        y = canvas.uniform(-0.8, 0.8) if number > 1 else 0.0
        canvas.begin_feature()
        below = _draw_blossom(canvas, look, x, y, f"{i}")
        if stems:
            canvas.begin_feature()
            end = foot if fan else (x + canvas.uniform(-0.3, 0.3), foot[1])
            _draw_stem(canvas, (x, y + below), end, f"{i}", leafy=not pot or canvas.chance(0.5))
        if canvas.chance(0.2):
            look = _BlossomStyle.sample(canvas)
    if pot:
        canvas.begin_feature()
        _draw_pot(canvas, foot)


def _draw_pot(canvas: Canvas, foot: Point) -> None:
    """A pot, a vase or a bunch's wrapping, which is no part of a flower."""
    width, length = canvas.uniform(0.7, 1.4), canvas.uniform(1.0, 2.2)
    style = canvas.pick({"pot": 3.0, "vase": 1.5, "wrap": 0.7})
    x, y = foot[0], foot[1] - 0.2
    if style == "vase":
        left = curve((-0.3, 0), (-0.25, 0.3 * length), (-width, 0.7 * length), (-0.5, length))
        canvas.line(place(join([left, left[::-1] * (-1, 1)]), x, y), UNLABELED)
    elif style == "wrap":
        canvas.line(polyline((x - width, y - 1), (x, y + length), (x + width, y - 1)), UNLABELED)
        return
    else:
        sides = polyline((-1, 0), (-0.7, length), (0.7, length), (1, 0))
        canvas.line(sides * (width, 1) + (x, y), UNLABELED)
    if canvas.chance(0.7):
        canvas.ring(x, y, width if style == "pot" else 0.3, 0.15, UNLABELED)


def _draw_blossom(canvas: Canvas, look: _BlossomStyle, x: float, y: float, name: str) -> float:
    """Draws a blossom; returns where the stem begins, below its middle."""
    if look.kind in _SIDE_VIEWS:
        return _draw_blossom_from_side(canvas, look.kind, x, y)
    inner = look.inner
    begin = canvas.pick({canvas.rng.random(): 2, 0.25: 1})  # where the stem goes on, or anywhere
    core = ellipse(0, 0, inner, inner, start=begin, turns=canvas.pick({1: 1, -1: 1}))
    if look.centre:
        _draw_centre(canvas, look.centre, x, y, inner * canvas.uniform(0.6, 1.0), look.flat)
        canvas.begin_feature()
    for path, instance in _petal_paths(canvas, look, core, name):
        if look.kind == "curl" and canvas.chance(0.08):  # the middle and the petals in one line
            path = join([core, path])
        canvas.line(path * (1, look.flat) + (x, y), "petal", instance)
    return canvas.pick({inner: 2.0, canvas.jitter(0.95, 0.1): 3.0, 0.0: 0.4}) * look.flat


def _petal_paths(
    canvas: Canvas, look: _BlossomStyle, core: Path, name: str
) -> list[tuple[Path, str | None]]:
    """Petals about (0, 0), each line with its petal, or None where it draws several."""
    number, inner = look.number, look.inner
    cuts = canvas.divide(
        number, 0, canvas.pick({canvas.jitter(1, 0.03): 5.0, canvas.uniform(0.6, 0.9): 1.0})
    )
    pinch = canvas.uniform(0, 1.0)
    if look.kind == "curl":
        depth = (1 - inner) / (2 * np.pi * inner / number)
        depths = np.minimum(depth, 1.6) * canvas.bulge_depths(number, 1, 1)
        return [(scallops(core, cuts, depths, pinch), None)]
    if look.kind == "teeth":
        return [(spikes(core, cuts, 1 - inner), None)]
    if look.kind == "blob":
        return [(canvas.blob(0, 0, 1, 1, uneven=0.12), None)]
    if look.kind == "rose":  # a coil, as roses are drawn
        coil = spiral(0, 0, 1, canvas.uniform(2, 4))
        return [(coil * (1 + 0.1 * canvas.rng.normal(size=(len(coil), 1))), None)]
    if look.kind == "through":  # loops through the middle without lifting the pen
        angle = np.linspace(0, 2 * np.pi, 24 * number)
        reach = np.abs(np.cos(number / 2 * angle)) * (1 + canvas.rng.normal(0, 0.02, len(angle)))
        return [(np.stack([reach * np.cos(angle), reach * np.sin(angle)], 1), None)]
    if look.kind == "some":  # a few petals at a time
        out: list[tuple[Path, str | None]] = []
        step = canvas.integer(2, 4)
        for i in range(0, number, step):
            few = cuts[i : i + step + 1]
            path = scallops(core, few, canvas.uniform(0.8, 1.4), 0.5)
            out.append((path, f"petal {name} {i}" if len(few) == 2 else None))
        return out
    shapes = _single_petal_paths(canvas, look, core, cuts, pinch)
    return [(path, f"petal {name} {i}") for i, path in enumerate(shapes)]


def _single_petal_paths(
    canvas: Canvas, look: _BlossomStyle, core: Path, cuts: Path, pinch: float
) -> list[Path]:
    """One line for each petal: arcs on the middle, drops, rings or mere lines."""
    width, depth, size = (
        canvas.uniform(0.3, 0.8),
        canvas.uniform(0.8, 1.5),
        canvas.uniform(0.2, 0.4),
    )
    shapes = []
    for a, b in pairwise(cuts):
        foot = points_at(core, (a + b) / 2)
        reach = (look.inner + canvas.jitter(0.7, 0.12)) / look.inner
        if look.kind == "arcs":
            shapes.append(scallops(core, [a, b], depth, pinch))
        elif look.kind == "lines":
            shapes.append(np.stack([foot, foot * reach]))
        elif look.kind == "rings":
            x, y = foot * (1 + size / look.inner)
            rx, ry = canvas.jitter(size, 0.15), canvas.jitter(size, 0.15)
            shapes.append(
                ellipse(x, y, rx, ry, start=canvas.rng.random(), turns=canvas.jitter(1, 0.05))
            )
        else:
            tip = foot * reach
            shapes.append(
                teardrop((foot[0], foot[1]), (tip[0], tip[1]), canvas.jitter(width, 0.15))
            )
    return shapes


def _draw_centre(canvas: Canvas, style: str, x: float, y: float, r: float, flat: float) -> None:
    if style == "spiral":
        canvas.line(place(spiral(0, 0, r, canvas.uniform(1.5, 3)) * (1, flat), x, y), "center")
        return
    if style == "dot":
        canvas.scribble(x, y, 0.3 * r, 0.3 * r, "center")
        return
    canvas.ring(x, y, r, r * flat, "center")
    if style == "filled":
        canvas.scribble(x, y, r * 0.9, r * 0.9 * flat, "center")
    elif style == "dots":
        for px, py in canvas.rng.uniform(-0.55, 0.55, (canvas.integer(3, 8), 2)) * r:
            canvas.dot(x + px, y + py * flat, 0.06 * r, "center")
    elif style == "net":
        for t in (-0.4, 0.0, 0.4):
            length = r * np.sqrt(1 - t * t)
            canvas.line(polyline((x - length, y + t * r), (x + length, y + t * r)), "center")
            canvas.line(polyline((x + t * r, y - length), (x + t * r, y + length)), "center")


def _draw_blossom_from_side(canvas: Canvas, style: str, x: float, y: float) -> float:
    """Tulips, buds and bells, all petals at once, so that none is an instance; fans, one by one."""
    w, h = canvas.uniform(0.4, 0.9), canvas.uniform(0.6, 1.2)
    if style == "bud":
        canvas.loop(teardrop((x, y + 0.6), (x, y - h), canvas.uniform(0.5, 0.9)), "petal")
        if canvas.chance(0.5):
            canvas.line(curve((x - 0.2, y - 0.3), (x + 0.1, y), (x, y + 0.5)), "petal")
        return 0.6
    if style == "fan":  # three or more petals that rise from one point
        number = canvas.integer(3, 6)
        for i, angle in enumerate(np.linspace(-0.2, 0.2, number) - 0.25):
            tip = (x + np.cos(2 * np.pi * angle), y + 0.5 + 1.4 * np.sin(2 * np.pi * angle))
            canvas.line(
                teardrop((x, y + 0.6), tip, canvas.uniform(0.3, 0.5)), "petal", f"petal {x} {i}"
            )
        return 0.6
    if style == "bell":
        segments = [
            (-0.3 * w, -h),
            (-0.9 * w, 0.1),
            (-1.2 * w, 0.5),
            (1.2 * w, 0.5),
            (0.9 * w, 0.1),
        ]
        canvas.line(place(curve(*segments, (0.3 * w, -h), (-0.3 * w, -h)), x, y), "petal")
        return 0.5
    teeth = zigzag(
        (x - w, y - h), (x + w, y - h), canvas.integer(2, 3) * 2, canvas.uniform(0.3, 0.7)
    )
    cup = ellipse(x, y - h, w, h + 0.6, start=0, turns=0.5)
    if style == "ice":  # round above
        teeth = scallops(
            polyline((x - w, y - h), (x + w, y - h)), canvas.divide(canvas.integer(2, 3)), 0.4
        )
    lift = canvas.pick({0.0: 2.0, 1.0: 1.0})
    canvas.outline([Segment(path=teeth, part="petal"), Segment(path=cup, part="petal")], lift=lift)
    return 0.6


def _draw_stem(canvas: Canvas, top: Point, foot: Point, name: str, leafy: bool) -> None:
    bend = canvas.uniform(-0.5, 0.5)
    middle = ((top[0] + foot[0]) / 2 + bend, (top[1] + foot[1]) / 2)
    way = polyline(top, foot) if canvas.chance(0.3) else curve(top, middle, foot)
    style = canvas.pick({"line": 8.0, "two": 1.2, "loop": 0.3})
    beside = place(way, canvas.uniform(0.12, 0.3), 0)
    if style == "loop":
        canvas.line(join([way, beside[::-1]]), "stem")
    else:
        canvas.line(way, "stem")
        if style == "two":
            canvas.line(beside, "stem")
    if leafy and canvas.detail(0.45):
        _draw_leaves(canvas, way, name)


def _draw_leaves(canvas: Canvas, way: Path, name: str) -> None:
    """Leaves along a stem: one by one, in pairs, or as blades from the ground."""
    style = canvas.pick({"drop": 5.0, "arc": 1.5, "line": 1.0, "blade": 1.0, "both": 0.5})
    share, length = canvas.uniform(0.35, 0.9), canvas.uniform(0.6, 1.6)
    opposite, rise = canvas.chance(0.5), canvas.uniform(-0.3, 1.0)
    if style == "both":  # a pair in one line, so neither is an instance
        base = points_at(way, share)
        sides = [teardrop((0, 0), (s * length, -rise), 0.5) for s in (-1, 1)]
        canvas.begin_feature()
        canvas.line(join(sides) + base, "leaf")
        return
    for i in range(canvas.pick({1: 3.0, 2: 6.0, 3: 1.0, 4: 1.0})):
        canvas.begin_feature()
        if not (opposite and i % 2):
            share = 0.97 if style == "blade" else canvas.uniform(0.35, 0.95)
        side = 1 if (i + canvas.style.mirror) % 2 else -1
        base = points_at(way, share)
        tip = base + np.array([side * canvas.jitter(length, 0.2), -canvas.jitter(rise, 0.3)])
        _draw_leaf(canvas, style, base, tip, f"leaf {name} {i}")


def _draw_leaf(canvas: Canvas, style: str, base: Path, tip: Path, instance: str) -> None:
    (x, y), (u, v) = base.tolist(), tip.tolist()
    if style == "drop":
        canvas.line(teardrop((x, y), (u, v), canvas.uniform(0.3, 0.7)), "leaf", instance)
        if canvas.detail(0.2):
            canvas.line(np.stack([base, base + 0.8 * (tip - base)]), "leaf", instance)
    elif style == "blade":  # long, nearly upright
        height = (x + 0.5 * (u - x), y - canvas.uniform(1.0, 2.5))
        canvas.line(teardrop((x, y), height, canvas.uniform(0.15, 0.35)), "leaf", instance)
    elif style == "arc":
        canvas.line(
            curve((x, y), ((x + u) / 2, (y + v) / 2 + canvas.uniform(-0.3, 0.4)), (u, v)),
            "leaf",
            instance,
        )
    else:
        canvas.line(np.stack([base, tip]), "leaf", instance)
