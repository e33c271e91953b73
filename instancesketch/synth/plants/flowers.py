"""Flowers: one or several, with petals, stems and pots."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from instancesketch.core.taxonomy import UNLABELED
from instancesketch.synth.canvas import Canvas
from instancesketch.synth.plants.blossoms import SIDE_VIEWS, BlossomStyle, draw_blossom_from_side
from instancesketch.synth.plants.flower_forms import (
    draw_daisy,
    draw_flower_in_one_line,
    draw_flower_spike,
    draw_round_head,
    draw_side_daisy,
    draw_simple_pot,
    draw_tulip,
)
from instancesketch.synth.plants.leaves import draw_leaves
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
)

_PLAIN_FLOWERS = {
    draw_flower_in_one_line: 1.0, draw_daisy: 1.0, draw_tulip: 0.8, draw_round_head: 0.6,
    draw_side_daisy: 0.35, draw_flower_spike: 0.2,
}  # fmt: skip


def draw_flower(canvas: Canvas) -> None:
    """Draw a blossom with radius about 1 on a stem, or several; now and then in a pot."""
    if canvas.chance(0.22):
        canvas.pick(_PLAIN_FLOWERS)(canvas)
        return
    count = canvas.pick({1: 9.0, 2: 0.8, 3: 1.0, 5: 0.4})
    # Several without stems would be no flower but a pattern.
    stems = canvas.chance(0.84) or count > 1
    foot = (canvas.rng.normal(0, 0.5), canvas.uniform(1.8, 4.5))
    pot, fan = stems and canvas.chance(0.1), canvas.chance(0.75)
    style = BlossomStyle.sample(canvas)
    for i in range(count):
        x = (i - (count - 1) / 2) * canvas.uniform(2.2, 3.2)
        y = canvas.uniform(-0.8, 0.8) if count > 1 else 0.0
        canvas.begin_feature()
        below = _draw_blossom(canvas, style, x, y, f"{i}")
        if stems:
            canvas.begin_feature()
            # Stems of a bunch meet in one point, as a fan; others stand side by side.
            end = foot if fan else (x + canvas.uniform(-0.3, 0.3), foot[1])
            leafy = not pot or canvas.chance(0.5)
            _draw_stem(canvas, (x, y + below), end, f"{i}", leafy)
        if canvas.chance(0.2):
            style = BlossomStyle.sample(canvas)
    if pot:
        canvas.begin_feature()
        _draw_pot(canvas, foot)


def _draw_pot(canvas: Canvas, foot: Point) -> None:
    """Draw a pot, a vase or a bunch's wrapping, which is no part of a flower."""
    half, height = canvas.uniform(0.7, 1.4), canvas.uniform(1.0, 2.2)
    style = canvas.pick({"pot": 3.0, "vase": 1.5, "wrap": 0.7, "simple": 3.0})
    if style == "simple":
        draw_simple_pot(canvas, foot[0], foot[1], half)
        return
    x, y = foot[0], foot[1] - 0.2  # the stems end inside it
    if style == "vase":
        left = curve((-0.3, 0), (-0.25, 0.3 * height), (-half, 0.7 * height), (-0.5, height))
        canvas.line(place(join([left, left[::-1] * (-1, 1)]), x, y), UNLABELED)
    elif style == "wrap":
        canvas.line(polyline((x - half, y - 1), (x, y + height), (x + half, y - 1)), UNLABELED)
        return
    else:
        sides = polyline((-1, 0), (-0.7, height), (0.7, height), (1, 0))
        canvas.line(sides * (half, 1) + (x, y), UNLABELED)
    if canvas.chance(0.7):  # the rim
        canvas.ring(x, y, half if style == "pot" else 0.3, 0.15, UNLABELED)


def _draw_blossom(canvas: Canvas, style: BlossomStyle, x: float, y: float, name: str) -> float:
    """Draw a blossom about (x, y); return the stem's upper end below its centre."""
    if style.petals in SIDE_VIEWS:
        return draw_blossom_from_side(canvas, style.petals, x, y)
    inner = style.inner
    start = canvas.pick({canvas.rng.random(): 2, 0.25: 1})  # anywhere, or where the stem begins
    core = ellipse(0, 0, inner, inner, start=start, turns=canvas.pick({1: 1, -1: 1}))
    if style.centre:
        r = inner * canvas.uniform(0.6, 1.0)
        _draw_centre(canvas, style.centre, x, y, r, style.flatness)
        canvas.begin_feature()
    for path, instance in _petal_paths(canvas, style, core, name):
        # The middle and the petals in one line.
        whole = style.petals == "curl" and canvas.chance(0.08)
        line = join([core, path]) if whole else path
        canvas.line(line * (1, style.flatness) + (x, y), "petal", instance)
    below = canvas.pick({inner: 2.0, canvas.jitter(0.95, 0.1): 3.0, 0.0: 0.4})
    return below * style.flatness


def _petal_paths(
    canvas: Canvas, style: BlossomStyle, core: Path, name: str
) -> list[tuple[Path, str | None]]:
    """Return petals about (0, 0), each line with its petal, or None where it draws several."""
    count, inner = style.count, style.inner
    sweep = canvas.pick({canvas.jitter(1, 0.03): 5.0, canvas.uniform(0.6, 0.9): 1.0})
    # Petals go once round, or leave a gap that somebody didn't care to fill.
    cuts = canvas.divide(count, 0, sweep)
    pinch = canvas.uniform(0, 1.0)
    if style.petals == "curl":
        # So deep that the blossom has radius 1: depth counts in widths of a petal.
        depth = (1 - inner) / (2 * np.pi * inner / count)
        depths = np.minimum(depth, 1.6) * canvas.bulge_depths(count, 1, 1)
        return [(scallops(core, cuts, depths, pinch), None)]
    if style.petals == "teeth":
        return [(spikes(core, cuts, 1 - inner), None)]
    if style.petals == "blob":
        return [(canvas.blob(0, 0, 1, 1, uneven=0.12), None)]
    if style.petals == "rose":  # a coil
        coil = spiral(0, 0, 1, canvas.uniform(2, 4))
        return [(coil * (1 + 0.1 * canvas.rng.normal(size=(len(coil), 1))), None)]
    if style.petals == "through":  # loops through the middle without lifting the pen
        angle = np.linspace(0, 2 * np.pi, 24 * count)
        reach = np.abs(np.cos(count / 2 * angle)) * (1 + canvas.rng.normal(0, 0.02, len(angle)))
        return [(np.stack([reach * np.cos(angle), reach * np.sin(angle)], 1), None)]
    if style.petals == "some":
        return _petals_a_few_at_a_time(canvas, core, cuts, name)
    shapes = _single_petal_paths(canvas, style, core, cuts, pinch)
    return [(path, f"petal {name} {i}") for i, path in enumerate(shapes)]


def _petals_a_few_at_a_time(
    canvas: Canvas, core: Path, cuts: Path, name: str
) -> list[tuple[Path, str | None]]:
    paths: list[tuple[Path, str | None]] = []
    step = canvas.integer(2, 4)
    for i in range(0, len(cuts) - 1, step):
        run = cuts[i : i + step + 1]
        path = scallops(core, run, canvas.uniform(0.8, 1.4), 0.5)
        # The last run may be one petal, which then is an instance.
        paths.append((path, f"petal {name} {i}" if len(run) == 2 else None))
    return paths


def _single_petal_paths(
    canvas: Canvas, style: BlossomStyle, core: Path, cuts: Path, pinch: float
) -> list[Path]:
    """Return one line per petal: arcs on the middle, drops, rings or mere lines."""
    width, depth, size = (
        canvas.uniform(0.3, 0.8),
        canvas.uniform(0.8, 1.5),
        canvas.uniform(0.2, 0.4),
    )
    paths = []
    for a, b in pairwise(cuts):
        foot = points_at(core, (a + b) / 2)
        reach = (style.inner + canvas.jitter(0.7, 0.12)) / style.inner
        if style.petals == "arcs":
            paths.append(scallops(core, [a, b], depth, pinch))
        elif style.petals == "lines":
            paths.append(np.stack([foot, foot * reach]))
        elif style.petals == "rings":
            x, y = foot * (1 + size / style.inner)
            rx, ry = canvas.jitter(size, 0.15), canvas.jitter(size, 0.15)
            start, turns = canvas.rng.random(), canvas.jitter(1, 0.05)
            paths.append(ellipse(x, y, rx, ry, start=start, turns=turns))
        else:
            tip = foot * reach
            petal_width = canvas.jitter(width, 0.15)
            paths.append(teardrop((foot[0], foot[1]), (tip[0], tip[1]), petal_width))
    return paths


def _draw_centre(canvas: Canvas, style: str, x: float, y: float, r: float, flatness: float) -> None:
    if style == "spiral":
        coil = spiral(0, 0, r, canvas.uniform(1.5, 3)) * (1, flatness)
        canvas.line(place(coil, x, y), "center")
        return
    if style == "dot":
        canvas.scribble(x, y, 0.3 * r, 0.3 * r, "center")
        return
    canvas.ring(x, y, r, r * flatness, "center")
    if style == "filled":
        canvas.scribble(x, y, r * 0.9, r * 0.9 * flatness, "center")
    elif style == "dots":
        for dx, dy in canvas.rng.uniform(-0.55, 0.55, (canvas.integer(3, 8), 2)) * r:
            canvas.dot(x + dx, y + dy * flatness, 0.06 * r, "center")
    elif style == "net":
        for t in (-0.4, 0.0, 0.4):
            # Half the chord of the circle at this height.
            half = r * np.sqrt(1 - t * t)
            canvas.line(polyline((x - half, y + t * r), (x + half, y + t * r)), "center")
            canvas.line(polyline((x + t * r, y - half), (x + t * r, y + half)), "center")


def _draw_stem(canvas: Canvas, top: Point, foot: Point, name: str, leafy: bool) -> None:
    bend = canvas.uniform(-0.5, 0.5)
    middle = ((top[0] + foot[0]) / 2 + bend, (top[1] + foot[1]) / 2)
    # The bend is drawn even for a straight stem, to keep seeded drawings as they are.
    stem = polyline(top, foot) if canvas.chance(0.3) else curve(top, middle, foot)
    style = canvas.pick({"line": 8.0, "two": 1.2, "loop": 0.3})
    beside = place(stem, canvas.uniform(0.12, 0.3), 0)
    if style == "loop":
        canvas.line(join([stem, beside[::-1]]), "stem")
    else:
        canvas.line(stem, "stem")
        if style == "two":
            canvas.line(beside, "stem")
    if leafy and canvas.detail(0.45):
        draw_leaves(canvas, stem, name)
