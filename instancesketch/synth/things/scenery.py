"""Things of a scene that corpora of drawings lack: ground, roads, water, stones, stick persons."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from instancesketch.core.taxonomy import UNLABELED
from instancesketch.synth.canvas import Canvas
from instancesketch.synth.inking import fit_to_box
from instancesketch.synth.primitives import (
    Path,
    curve,
    polyline,
    rectangle,
)
from instancesketch.synth.style import DrawingStyle
from instancesketch.synth.things.nature import (
    draw_bush,
    draw_fence,
    draw_grass,
    draw_ground,
    draw_hill,
    draw_line,
    draw_mountain,
    draw_ocean,
    draw_river,
    draw_road,
    draw_smoke,
    draw_stone,
    draw_tuft,
)


def draw_scenery(word: str, rng: np.random.Generator) -> list[Path]:
    """Draw a thing by its word, a key of `SCENERY`.

    Returns:
        A path (n, 2) per stroke, in a box with a longer side of `BOX`.
    """
    canvas = Canvas(rng=rng, style=DrawingStyle.sample(rng))
    SCENERY[word](canvas)
    return [canvas.style.ink(stroke.path, rng) for stroke in fit_to_box(canvas.strokes)]


def _draw_person(canvas: Canvas) -> None:
    """A person of sticks, or with a body; standing, walking, sitting or reaching out."""
    head, neck, hip = (
        canvas.uniform(0.09, 0.16),
        canvas.uniform(0.0, 0.05),
        canvas.uniform(0.3, 0.4),
    )
    lean = canvas.rng.normal(0, 0.03)
    canvas.ring(0, -head, head * canvas.uniform(0.75, 1.0), head, UNLABELED)
    top, low = neck, neck + hip
    _draw_torso(canvas, head, top, low, lean)
    shoulder = top + hip * canvas.uniform(0.05, 0.3)
    reach = canvas.uniform(0.18, 0.32)
    pose = canvas.pick({"down": 2.0, "out": 2.0, "up": 1.0, "ahead": 1.5})
    drop = {"down": 0.25, "out": 0.02, "up": -0.2, "ahead": 0.05}[pose]
    ends = [(side * reach, shoulder + drop + canvas.rng.normal(0, 0.04)) for side in (-1, 1)]
    if pose == "ahead":
        ends = [(reach, shoulder + drop + canvas.rng.normal(0, 0.04)) for _ in ends]
    if canvas.chance(0.35) and pose != "ahead":
        draw_line(canvas, curve(ends[0], (0, shoulder), ends[1]))
    else:
        for end in ends:
            knee = (end[0] * 0.5, (shoulder + end[1]) / 2 + canvas.rng.normal(0, 0.02))
            draw_line(canvas, curve((lean / 2, shoulder), knee, end))
    _draw_person_legs(canvas, low, lean)
    if canvas.detail(0.35):
        _draw_person_face(canvas, head)


def _draw_torso(canvas: Canvas, head: float, top: float, low: float, lean: float) -> None:
    style = canvas.pick({"line": 4.0, "box": 1.0, "oval": 1.0, "dress": 0.7})
    if style == "line":
        draw_line(canvas, polyline((0, top - head * canvas.uniform(0, 0.4)), (lean, low)))
    elif style == "box":
        half = canvas.uniform(0.06, 0.12)
        draw_line(canvas, rectangle(-half, top, half, low))
    elif style == "oval":
        canvas.ring(0, (top + low) / 2, canvas.uniform(0.07, 0.13), (low - top) / 2, UNLABELED)
    else:
        half = canvas.uniform(0.1, 0.2)
        draw_line(canvas, polyline((0, top), (half, low), (-half, low), (0, top)))


def _draw_person_legs(canvas: Canvas, low: float, lean: float) -> None:
    length, pose = canvas.uniform(0.3, 0.45), canvas.pick({"stand": 4.0, "walk": 1.5, "sit": 1.5})
    spread = canvas.uniform(0.04, 0.18)
    for side in (-1, 1):
        if pose == "sit":
            knee = (length / 2, low + side * 0.02)
            draw_line(
                canvas, polyline((lean, low), knee, (knee[0] + side * 0.03, low + length / 2))
            )
        elif pose == "walk":
            knee = (side * spread + 0.03, low + length / 2)
            draw_line(canvas, polyline((lean, low), knee, (side * spread * 1.5, low + length)))
        else:
            draw_line(canvas, polyline((lean, low), (side * spread, low + length)))
        if canvas.detail(0.2) and pose != "sit":
            x = side * spread * (1.5 if pose == "walk" else 1)
            draw_line(canvas, polyline((x, low + length), (x + side * 0.05, low + length)))


def _draw_person_face(canvas: Canvas, head: float) -> None:
    for side in (-1, 1):
        canvas.dot(side * head * 0.35, -1.1 * head, head * 0.1, UNLABELED)
    if canvas.chance(0.7):
        low = -head * canvas.uniform(0.35, 0.7)
        draw_line(canvas, curve((-head * 0.35, low), (0, low + head * 0.15), (head * 0.35, low)))
    if canvas.detail(0.3):
        canvas.scribble(0, -1.7 * head, head * 0.8, head * 0.35, UNLABELED)


def _draw_table(canvas: Canvas) -> None:
    """From the side, or with its top seen at a slant."""
    height, legs = canvas.uniform(0.35, 0.7), canvas.pick({2: 2.0, 4: 1.5})
    style = canvas.pick({"line": 1.5, "board": 1.5, "slant": 3.0, "round": 0.7})
    depth = 0.0
    if style == "line":
        draw_line(canvas, polyline((0, 0), (1, 0)))
    elif style == "board":
        depth = canvas.uniform(0.04, 0.1)
        draw_line(canvas, rectangle(0, 0, 1, depth))
    elif style == "slant":
        depth, shift = canvas.uniform(0.15, 0.4), canvas.uniform(-0.25, 0.25)
        draw_line(canvas, polyline((shift, 0), (1 + shift, 0), (1, depth), (0, depth), (shift, 0)))
    else:
        depth = canvas.uniform(0.15, 0.35)
        canvas.ring(0.5, depth / 2, 0.5, depth / 2, UNLABELED)
    inset = canvas.uniform(0, 0.12) if style != "round" else 0.15
    for x in (inset, 1 - inset):
        foot = x + canvas.rng.normal(0, 0.03)
        draw_line(canvas, polyline((x, depth), (foot, depth + height)))
        if legs == 4:
            back = foot + (0.12 if x < 0.5 else -0.12)
            draw_line(
                canvas, polyline((back, depth), (back, depth + height * canvas.uniform(0.6, 0.9)))
            )


def _draw_shelf(canvas: Canvas) -> None:
    width, boards = canvas.uniform(0.5, 1.5), canvas.integer(0, 3)
    draw_line(canvas, rectangle(0, 0, width, 1))
    for y in canvas.divide(boards + 1)[1:-1].tolist():
        draw_line(canvas, polyline((0, y), (width, y)))


def _draw_box(canvas: Canvas) -> None:
    width, depth = canvas.uniform(0.7, 1.6), canvas.uniform(0.15, 0.4)
    draw_line(canvas, rectangle(0, 0, width, 1))
    if canvas.chance(0.4):
        draw_line(canvas, polyline((0, 0), (depth, -depth), (width + depth, -depth), (width, 0)))
        draw_line(canvas, polyline((width + depth, -depth), (width + depth, 1 - depth), (width, 1)))


def _draw_window(canvas: Canvas) -> None:
    width = canvas.uniform(0.7, 1.3)
    draw_line(canvas, rectangle(0, 0, width, 1))
    if canvas.chance(0.8):
        draw_line(canvas, polyline((width / 2, 0), (width / 2, 1)))
        draw_line(canvas, polyline((0, 0.5), (width, 0.5)))


def _draw_paper(canvas: Canvas) -> None:
    height = canvas.uniform(0.7, 1.4)
    slant = canvas.rng.normal(0, 0.2)
    draw_line(canvas, polyline((0, 0), (1, 0), (1 + slant, height), (slant, height), (0, 0)))
    for y in canvas.divide(canvas.integer(1, 5))[1:-1].tolist():
        draw_line(canvas, polyline((0.15, height * y), (canvas.uniform(0.5, 0.9), height * y)))


def _draw_plate(canvas: Canvas) -> None:
    flat = canvas.uniform(0.2, 1.0)
    canvas.ring(0, 0, 1, flat, UNLABELED)
    if canvas.chance(0.5):
        canvas.ring(0, 0, 0.65, 0.65 * flat, UNLABELED)


def _draw_wall(canvas: Canvas) -> None:
    """A room's or a field's outline: a box round other things."""
    height, slant = (
        canvas.uniform(0.4, 0.8),
        canvas.pick({0.0: 2.0, canvas.uniform(-0.3, 0.3): 1.0}),
    )
    draw_line(
        canvas, polyline((slant, 0), (1 + slant / 2, 0), (1, height), (0, height), (slant, 0))
    )
    if canvas.chance(0.3):
        low = height * canvas.uniform(0.5, 0.8)
        draw_line(canvas, polyline((slant * 0.5, low), (1, low)))


SCENERY: dict[str, Callable[[Canvas], None]] = {
    "ground": draw_ground,
    "road": draw_road,
    "path": draw_road,
    "river": draw_river,
    "ocean": draw_ocean,
    "mountain": draw_mountain,
    "hill": draw_hill,
    "stone": draw_stone,
    "tuft": draw_tuft,
    "grass": draw_grass,
    "person": _draw_person,
    "table": _draw_table,
    "shelf": _draw_shelf,
    "box": _draw_box,
    "window": _draw_window,
    "paper": _draw_paper,
    "plate": _draw_plate,
    "bush": draw_bush,
    "fence": draw_fence,
    "wall": _draw_wall,
    "smoke": draw_smoke,
}
