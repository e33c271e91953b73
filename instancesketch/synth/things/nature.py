"""Outdoor things that no corpus of drawings has: ground, roads, water, stones, grass."""

from __future__ import annotations

import numpy as np

from instancesketch.core.taxonomy import UNLABELED
from instancesketch.synth.canvas import Canvas
from instancesketch.synth.primitives import (
    Path,
    curve,
    ellipse,
    place,
    points_at,
    polyline,
    scallops,
    spiral,
    zigzag,
)


def draw_line(canvas: Canvas, path: Path) -> None:
    """Draw a line that belongs to no part."""
    canvas.line(path, UNLABELED)


def _wavy_path(
    canvas: Canvas, y: float, swing: float, left: float = 0.0, right: float = 1.0
) -> Path:
    """Return a line from left to right that rises and falls by about `swing`."""
    # A spline through few heights: a drawn ground has no corners.
    x = np.linspace(left, right, canvas.integer(3, 6))
    heights = y + swing * np.clip(canvas.rng.normal(size=len(x)), -1.5, 1.5)
    return curve(*zip(x.tolist(), heights.tolist(), strict=True))


def draw_ground(canvas: Canvas) -> None:
    """Draw a line from left to right."""
    draw_line(canvas, _wavy_path(canvas, 0, canvas.pick({0.004: 2.0, 0.02: 1.5, 0.06: 1.0})))


def draw_road(canvas: Canvas) -> None:
    """Draw two lines across, or into the depth; sometimes dashes in between."""
    # The width of the road, for a length of 1.
    gap = canvas.uniform(0.08, 0.3)
    if canvas.chance(0.25):  # into the depth
        far = gap * canvas.uniform(0.2, 0.8)
        draw_line(canvas, curve((-gap, 1), (-far, 0.4), (-far / 2, 0)))
        draw_line(canvas, curve((gap, 1), (far, 0.4), (far / 2, 0)))
        middle = polyline((0, 0.1), (0, 0.95))
    else:
        middle = _wavy_path(canvas, 0, canvas.pick({0.0: 2.0, 0.05: 1.0, 0.12: 1.0}))
        slope = np.linspace(0, canvas.rng.normal(0, 0.15), len(middle))[:, None] * (0, 1)
        middle = middle + slope
        for side in (-1, 1):
            draw_line(canvas, place(middle, 0, side * gap / 2))
    if canvas.chance(0.35):
        for share in canvas.divide(canvas.integer(2, 7), 0.05, 0.9)[:-1]:
            draw_line(canvas, points_at(middle, [share, share + 0.04]))


def draw_river(canvas: Canvas) -> None:
    """Draw two banks, with waves in between."""
    gap, middle = canvas.uniform(0.12, 0.35), _wavy_path(canvas, 0, canvas.uniform(0.05, 0.15))
    for offset in (-gap / 2, gap / 2 * canvas.uniform(0.8, 1.4)):
        draw_line(canvas, place(middle, 0, offset))
    for _ in range(canvas.integer(0, 5)):
        # Waves lie between the banks, wherever these wind.
        x, y = points_at(middle, canvas.uniform(0.05, 0.85)).tolist()
        y_wave = y + gap * canvas.uniform(-0.3, 0.3)
        _draw_waves(canvas, x, y_wave, canvas.uniform(0.04, 0.12), 2)


def _draw_waves(canvas: Canvas, x: float, y: float, width: float, count: int) -> None:
    """Draw `count` waves in one line to the right from x."""
    steps = np.linspace(0, width, 2 * count + 1)
    height = width / count * canvas.uniform(0.1, 0.3)
    nodes = [
        (x + step, y + (height if i % 2 else -height)) for i, step in enumerate(steps.tolist())
    ]
    draw_line(canvas, curve(*nodes))


def draw_ocean(canvas: Canvas) -> None:
    """Draw rows of waves, the first from one side to the other."""
    rows, gap = canvas.integer(1, 4), canvas.uniform(0.08, 0.2)
    _draw_waves(canvas, 0, 0, 1, canvas.integer(4, 12))
    # Nearer rows are short: nobody fills a sea with waves.
    for row in range(1, rows):
        left = canvas.uniform(0, 0.5)
        width = canvas.uniform(0.2, 1 - left)
        _draw_waves(canvas, left, row * gap, width, canvas.integer(2, 7))


def draw_mountain(canvas: Canvas) -> None:
    """Draw peaks in one line, or overlapping ones of their own; snow on some."""
    count = canvas.integer(1, 4)
    # Peaks differ in width and height, about one mean height.
    cuts, height = canvas.divide(count), canvas.uniform(0.25, 0.6)
    tops = [height * canvas.uniform(0.6, 1.1) for _ in range(count)]
    peaks = list(zip(cuts[:-1].tolist(), cuts[1:].tolist(), tops, strict=True))
    if canvas.chance(0.5):
        nodes = [(0.0, 0.0)]
        for i, (left, right, top) in enumerate(peaks):
            nodes += [((left + right) / 2, -top)]
            # The line comes down to the ground after the last peak alone.
            nodes += [(right, -top * canvas.uniform(0.2, 0.6) if i < count - 1 else 0.0)]
        draw_line(canvas, curve(*nodes) if canvas.chance(0.3) else polyline(*nodes))
    else:
        for left, right, top in peaks:
            peak = polyline((left - 0.05, 0), ((left + right) / 2, -top), (right + 0.05, 0))
            draw_line(canvas, peak)
    if canvas.chance(0.3):  # snow
        for left, right, top in peaks:
            middle, half = (left + right) / 2, (right - left) / 8
            ends = (middle - half, -0.75 * top), (middle + half, -0.75 * top)
            draw_line(canvas, zigzag(*ends, canvas.integer(3, 5), 0.06))
    if canvas.chance(0.25):
        draw_line(canvas, polyline((0, 0), (1, 0)))


def draw_hill(canvas: Canvas) -> None:
    """Draw arcs side by side."""
    for left in canvas.divide(canvas.integer(1, 3), 0, 0.7)[:-1].tolist():
        width = canvas.uniform(0.3, 1.0)
        height = canvas.uniform(0.08, 0.25)
        arc = ellipse(left + width / 2, 0, width / 2, height, start=0.5, turns=0.5)
        draw_line(canvas, arc)


def draw_stone(canvas: Canvas) -> None:
    """Draw a loop, or half of one."""
    outline = canvas.blob(0, 0, 1, canvas.uniform(0.45, 1.0), uneven=0.12)
    if canvas.chance(0.3):  # flat on the ground
        outline = ellipse(0, 0, 1, canvas.uniform(0.5, 0.9), start=0.5, turns=0.5)
        closed = canvas.chance(0.6)
        draw_line(canvas, np.concatenate([outline, outline[:1]]) if closed else outline)
    else:
        canvas.loop(outline, UNLABELED)
    if canvas.detail(0.15):  # a crack
        draw_line(canvas, polyline((-0.2, -0.2), (0.1, canvas.uniform(-0.1, 0.2)), (0.3, 0.1)))


def draw_tuft(canvas: Canvas) -> None:
    """Draw a few blades, or a zigzag."""
    if canvas.chance(0.5):
        end = (canvas.uniform(0.5, 1), 0)
        draw_line(canvas, zigzag((0, 0), end, canvas.integer(3, 9), canvas.uniform(0.3, 0.6)))
        return
    for x in canvas.divide(canvas.integer(2, 6), 0, 0.6)[:-1].tolist():
        lean = canvas.uniform(-0.1, 0.1)
        draw_line(canvas, polyline((x, 0), (x + lean, -canvas.uniform(0.2, 0.5))))


def draw_grass(canvas: Canvas) -> None:
    """Draw one long zigzag, or a row of tufts or blades."""
    style = canvas.pick({"zigzag": 2.0, "tufts": 1.5, "blades": 1.0})
    if style == "zigzag":
        count = canvas.integer(15, 60)
        draw_line(canvas, zigzag((0, 0), (1, 0), count, canvas.uniform(0.03, 0.1)))
        return
    for x in canvas.divide(canvas.integer(3, 10), 0, 1)[:-1].tolist():
        y, width = canvas.rng.normal(0, 0.02), canvas.uniform(0.02, 0.08)
        if style == "tufts":
            draw_line(canvas, zigzag((x, y), (x + width, y), canvas.integer(3, 6), width))
        else:
            draw_line(canvas, polyline((x, y), (x + canvas.rng.normal(0, 0.01), y - width)))


def draw_bush(canvas: Canvas) -> None:
    """Draw bulges all round, or over a line on the ground."""
    ry = canvas.uniform(0.5, 0.9)
    outline = ellipse(0, 0, 1, ry, start=0.5, turns=canvas.pick({1.0: 2, 0.5: 1}))
    cuts = canvas.divide(canvas.integer(5, 11))
    draw_line(canvas, scallops(outline, cuts, canvas.uniform(0.25, 0.55)))


def draw_fence(canvas: Canvas) -> None:
    """Draw posts and boards."""
    height, posts = canvas.uniform(0.1, 0.25), canvas.integer(3, 12)
    for y in (0.3 * height, 0.7 * height)[: canvas.integer(1, 2)]:
        draw_line(canvas, polyline((0, y), (1, y + canvas.rng.normal(0, 0.01))))
    half = canvas.pick({0.0: 2.0, 0.02: 1.0})
    # Posts stand evenly; boards are hardly ever quite level.
    for x in np.linspace(0.02, 0.96, posts).tolist():
        if half:  # pointed pickets
            tip = polyline((x, height), (x, 0), (x + half, -half), (x + 2 * half, 0))
            draw_line(canvas, np.concatenate([tip, polyline((x + 2 * half, height))]))
        else:
            draw_line(canvas, polyline((x, 0), (x + canvas.rng.normal(0, 0.01), height)))


def draw_smoke(canvas: Canvas) -> None:
    """Draw wavy lines upwards, or curls."""
    for i in range(canvas.integer(1, 3)):
        x = 0.3 * i
        if canvas.chance(0.6):
            swing = canvas.uniform(0.05, 0.2)
            count = canvas.integer(3, 6)
            draw_line(
                canvas, curve(*((x + (swing if j % 2 else -swing), -j / 4) for j in range(count)))
            )
        else:
            radius, turns = canvas.uniform(0.2, 0.5), canvas.uniform(1.5, 3)
            draw_line(canvas, spiral(x, -0.5, radius, turns))
