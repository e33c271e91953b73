"""Things of a scene that corpora of drawings lack: ground, water, furniture, stick persons."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from instancesketch.core.taxonomy import UNLABELED
from instancesketch.synth.canvas import Canvas
from instancesketch.synth.inking import fit_to_box
from instancesketch.synth.primitives import Path, polyline, rectangle
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
from instancesketch.synth.things.person import draw_person


def draw_scenery(word: str, rng: np.random.Generator) -> list[Path]:
    """Draw a thing by its word, a key of `SCENERY`.

    Returns:
        A path (n, 2) per stroke, in a box with a longer side of `BOX`.
    """
    # A style of its own: in a scene every object may be by another hand.
    canvas = Canvas(rng=rng, style=DrawingStyle.sample(rng))
    SCENERY[word](canvas)
    return [canvas.style.ink(stroke.path, rng) for stroke in fit_to_box(canvas.strokes)]


def _draw_table(canvas: Canvas) -> None:
    """Draw a table from the side, or with its top seen at a slant."""
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
        top = polyline((shift, 0), (1 + shift, 0), (1, depth), (0, depth), (shift, 0))
        draw_line(canvas, top)
    else:
        depth = canvas.uniform(0.15, 0.35)
        canvas.ring(0.5, depth / 2, 0.5, depth / 2, UNLABELED)
    # The lower edge of a round top lies far in from its sides.
    inset = canvas.uniform(0, 0.12) if style != "round" else 0.15
    for x in (inset, 1 - inset):
        foot = x + canvas.rng.normal(0, 0.03)
        draw_line(canvas, polyline((x, depth), (foot, depth + height)))
        if legs == 4:  # a back leg, inwards and shorter, as it stands farther away
            back = foot + (0.12 if x < 0.5 else -0.12)
            end = (back, depth + height * canvas.uniform(0.6, 0.9))
            draw_line(canvas, polyline((back, depth), end))


def _draw_shelf(canvas: Canvas) -> None:
    width, boards = canvas.uniform(0.5, 1.5), canvas.integer(0, 3)
    draw_line(canvas, rectangle(0, 0, width, 1))
    for y in canvas.divide(boards + 1)[1:-1].tolist():
        draw_line(canvas, polyline((0, y), (width, y)))


def _draw_box(canvas: Canvas) -> None:
    """Draw a box, flat or with a top and a side in parallel perspective."""
    width, depth = canvas.uniform(0.7, 1.6), canvas.uniform(0.15, 0.4)
    draw_line(canvas, rectangle(0, 0, width, 1))
    if canvas.chance(0.4):
        corner = (width + depth, -depth)
        draw_line(canvas, polyline((0, 0), (depth, -depth), corner, (width, 0)))
        draw_line(canvas, polyline(corner, (width + depth, 1 - depth), (width, 1)))


def _draw_window(canvas: Canvas) -> None:
    width = canvas.uniform(0.7, 1.3)
    draw_line(canvas, rectangle(0, 0, width, 1))
    if canvas.chance(0.8):  # the cross
        draw_line(canvas, polyline((width / 2, 0), (width / 2, 1)))
        draw_line(canvas, polyline((0, 0.5), (width, 0.5)))


def _draw_paper(canvas: Canvas) -> None:
    """Draw a sheet with lines of writing."""
    height = canvas.uniform(0.7, 1.4)
    slant = canvas.rng.normal(0, 0.2)
    sheet = polyline((0, 0), (1, 0), (1 + slant, height), (slant, height), (0, 0))
    draw_line(canvas, sheet)
    for y in canvas.divide(canvas.integer(1, 5))[1:-1].tolist():
        # Lines end anywhere, as words do.
        end = (canvas.uniform(0.5, 0.9), height * y)
        draw_line(canvas, polyline((0.15, height * y), end))


def _draw_plate(canvas: Canvas) -> None:
    flatness = canvas.uniform(0.2, 1.0)
    canvas.ring(0, 0, 1, flatness, UNLABELED)
    if canvas.chance(0.5):  # the rim
        canvas.ring(0, 0, 0.65, 0.65 * flatness, UNLABELED)


def _draw_wall(canvas: Canvas) -> None:
    """Draw a room's or a field's outline: a box round other things."""
    height = canvas.uniform(0.4, 0.8)
    slant = canvas.pick({0.0: 2.0, canvas.uniform(-0.3, 0.3): 1.0})
    outline = polyline((slant, 0), (1 + slant / 2, 0), (1, height), (0, height), (slant, 0))
    draw_line(canvas, outline)
    if canvas.chance(0.3):  # the edge of the floor
        y = height * canvas.uniform(0.5, 0.8)
        draw_line(canvas, polyline((slant * 0.5, y), (1, y)))


# Words as Quick, Draw! and sketched scenes have them.
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
    "person": draw_person,
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
