"""Birds in profile: of separate forms, wading, as outlines in few strokes, upright on a twig.

A bird's legs and feet are `back`; wings are `body`, beaks and eyes `head`.
"""

from __future__ import annotations

import numpy as np

from instancesketch.synth.animals.bird_forms import (
    draw_beaked_blob,
    draw_bird_in_flight,
    draw_far_bird,
    draw_flamingo,
    draw_penguin,
    draw_round_bird,
)
from instancesketch.synth.animals.bird_parts import (
    draw_beak,
    draw_bird_head,
    draw_bird_legs,
    draw_bird_tail,
    draw_wing,
)
from instancesketch.synth.animals.bird_poses import (
    draw_bird_from_front,
    draw_bird_head_alone,
    draw_flying_bird,
    draw_gulls,
    draw_swimming_bird,
)
from instancesketch.synth.animals.features import draw_eye, pick_eye_style
from instancesketch.synth.canvas import Canvas, Segment
from instancesketch.synth.primitives import (
    Path,
    curve,
    ellipse,
    place,
    polyline,
    rotate,
)


def draw_bird(canvas: Canvas) -> None:
    """Draw a bird that looks to the right (the style may mirror it)."""
    # Weights are about the shares among birds that people drew.
    poses = {
        _draw_standing_bird: 3.2,
        _draw_bird_outline: 5.0,
        _draw_wading_bird: 1.3,
        draw_bird_from_front: 2.0,
        draw_flying_bird: 0.9,
        draw_gulls: 0.3,
        draw_bird_head_alone: 0.3,
        draw_swimming_bird: 1.2,
        _draw_perched_bird: 1.0,
        draw_beaked_blob: 1.2,
        draw_round_bird: 0.8,
        draw_penguin: 0.9,
        draw_flamingo: 0.5,
        draw_bird_in_flight: 0.7,
        draw_far_bird: 0.25,
    }
    canvas.pick(poses)(canvas)


def _draw_standing_bird(canvas: Canvas) -> None:
    """Draw a bird of separate forms, on legs or swimming."""
    half, tilt = canvas.uniform(0.15, 0.32), canvas.uniform(-0.12, 0.02)
    r = canvas.uniform(0.11, 0.24)
    # The head overlaps the body or floats above it: many people draw no neck.
    x, y = canvas.uniform(0.32, 0.5), -half - r * canvas.uniform(-0.2, 0.7)
    swims = canvas.chance(0.12)
    canvas.begin_feature()
    _draw_standing_body(canvas, half, tilt, swims)
    canvas.begin_feature()
    draw_bird_head(canvas, x, y, r)
    if canvas.chance(0.1):
        canvas.begin_feature()
        for dx in (-0.5, 0.6):
            shoulder = (0.3 + 0.1 * dx, -half * 0.5)
            canvas.line(polyline((x + dx * r, y + r * 0.8), shoulder), "neck")
    if canvas.detail(0.75):
        _draw_folded_wing(canvas, canvas.uniform(0.05, 0.2), canvas.uniform(-0.2, 0.1) * half)
    if canvas.chance(0.42):
        canvas.begin_feature()
        # The tail starts where the tilted body ends.
        rump_x, rump_y = rotate(polyline((-0.42, -0.2 * half)), tilt)[0]
        draw_bird_tail(canvas, rump_x, rump_y, canvas.uniform(0.15, 0.35))
    if not swims and canvas.chance(0.93):
        draw_bird_legs(canvas, canvas.uniform(-0.05, 0.15), half * 0.95, canvas.uniform(0.12, 0.4))


def _draw_standing_body(canvas: Canvas, half: float, tilt: float, swims: bool) -> None:
    """Draw a body about 1 long and 2 `half` high; one that swims is more often a bowl."""
    style = canvas.pick({"ring": 4.0, "drop": 2.0, "half": 0.8, "bowl": 1.0 + swims})
    if style == "ring":
        canvas.ring(0, 0, 0.45, half, "body", tilt=tilt)
    elif style == "drop":
        tail = (-0.6, canvas.uniform(-0.4, 0.3) * half)
        breast = [(0.4, -0.6 * half), (0.38, 0.5 * half), (0, half)]
        outline = curve(*breast, tail, (0, -0.6 * half), closed=True)
        canvas.loop(rotate(outline, tilt / 2), "body")
    elif style == "half":  # flat above, round below
        below = ellipse(0, -0.5 * half, 0.5, 1.5 * half, start=0, turns=0.5)
        canvas.loop(np.concatenate([below, below[:1]]), "body")
    else:
        belly = [(-0.4, 0.6 * half), (0.1, half), (0.45, 0.2 * half)]
        canvas.line(curve((-0.5, -half), *belly, (0.4, -half)), "body")
        canvas.line(curve((-0.5, -half), (-0.1, -0.5 * half), (0.25, -half * 0.9)), "body")


def _draw_folded_wing(canvas: Canvas, x: float, y: float) -> None:
    canvas.begin_feature()
    draw_wing(canvas, x, y, canvas.uniform(0.3, 0.5))


def _draw_wading_bird(canvas: Canvas) -> None:
    """Draw a bird with a long neck and often long legs: a flamingo, swan or ostrich."""
    half, r = canvas.uniform(0.14, 0.25), canvas.uniform(0.06, 0.1)
    x, y = canvas.uniform(0.4, 0.7), -half - canvas.uniform(0.4, 0.8)
    swims = canvas.chance(0.35)
    canvas.begin_feature()
    canvas.ring(0, 0, 0.42, half, "body", tilt=canvas.uniform(-0.04, 0.02))
    canvas.begin_feature()
    bend = canvas.uniform(-0.2, 0.2)
    # An S: the lower part of the neck bows forwards, the upper one back.
    bows = (0.5 + bend / 2, y * 0.45), (x - 0.15 - bend / 2, y * 0.8)
    neck = curve((0.36, -0.3 * half), *bows, (x - r, y))
    canvas.line(neck, "neck")
    if canvas.chance(0.5):
        # The other side of the neck, as the same line moved.
        canvas.line(place(neck, -0.07, -0.03), "neck")
    canvas.begin_feature()
    draw_bird_head(canvas, x, y, r)
    if canvas.detail(0.6):
        canvas.begin_feature()
        draw_wing(canvas, 0.15, -0.05, canvas.uniform(0.3, 0.45))
    if canvas.chance(0.3):
        canvas.begin_feature()
        draw_bird_tail(canvas, -0.4, 0, canvas.uniform(0.1, 0.25))
    if not swims:
        draw_bird_legs(canvas, canvas.uniform(-0.1, 0.1), half, canvas.uniform(0.35, 0.8))


def _draw_perched_bird(canvas: Canvas) -> None:
    """Draw a slim, steep body with its tail hanging down: a parrot, woodpecker or robin."""
    steepness, half = canvas.uniform(0.1, 0.2), canvas.uniform(0.14, 0.28)
    r = canvas.uniform(0.13, 0.2)
    canvas.begin_feature()
    # Everything is drawn lying and then turned up.
    top = rotate(polyline((0.45, 0)), -steepness)[0]
    if canvas.chance(0.5):
        canvas.ring(0, 0, 0.42, half, "body", tilt=-steepness)
    else:  # back and breast from the head to the tail
        rump = (-0.42, canvas.uniform(-0.06, 0.06))
        for side in (-1, 1):
            edge = curve((0.4, side * 0.12), (0.1, side * half), rump)
            canvas.line(rotate(edge, -steepness), "body")
    canvas.begin_feature()
    draw_bird_head(canvas, top[0] + 0.05, top[1] - 0.5 * r, r)
    if canvas.detail(0.7):
        canvas.begin_feature()
        middle = (-0.1, canvas.uniform(-0.1, 0.15))
        fold = [(0.15, 0.0), middle, (-0.45, canvas.uniform(-0.05, 0.1))]
        wing = curve(*fold, (-0.2, -0.1), fold[0]) if canvas.chance(0.5) else curve(*fold)
        canvas.line(rotate(wing, -steepness), "body")
    if canvas.chance(0.6):
        canvas.begin_feature()
        x, y = rotate(polyline((-0.4, 0)), -steepness)[0]
        draw_bird_tail(canvas, x, y, canvas.uniform(0.2, 0.45), -steepness)
    if canvas.chance(0.85):
        draw_bird_legs(canvas, canvas.uniform(-0.05, 0.1), half * 0.9, canvas.uniform(0.08, 0.3))


def _draw_bird_outline(canvas: Canvas) -> None:
    """Draw a bird as an outline in a few strokes, each labelled as the part it draws most of."""
    half, r = canvas.uniform(0.17, 0.36), canvas.uniform(0.09, 0.2)
    x, y = canvas.uniform(0.2, 0.42), -half - r * canvas.uniform(-0.4, 1.0)
    tail = (-0.5 - canvas.uniform(-0.05, 0.4), canvas.uniform(-0.25, 0.4))
    notch = (tail[0] + 0.02, tail[1] + canvas.uniform(0.04, 0.12))
    bill = (x + r + canvas.uniform(0.06, 0.25), y + canvas.uniform(-0.02, 0.08))
    canvas.begin_feature()
    # Points that two segments share, so that the outline is closed whatever is drawn between.
    brow, chin = (x + 0.9 * r, y - 0.4 * r), (x + 0.9 * r, y + 0.3 * r)
    nape, rump, vent = (x - r, y + 0.6 * r), (-0.3, -half * 0.1), (-0.35, half * 0.4)
    belly = [(x + 0.6 * r, y + r), (x + r, 0), (0.2, half), (-0.1, half)]
    lines: list[tuple[str, Path]] = [
        ("head", polyline(brow, bill, chin)),
        ("body", curve(chin, *belly, vent)),
        ("tail", polyline(vent, notch, tail, rump)),
        ("body", curve(rump, (0, -half * 0.7), nape)),
        ("head", curve(nape, (x - r, y - 0.3 * r), (x, y - r), brow)),
    ]
    segments = [Segment(path=path, part=part) for part, path in lines]
    if canvas.chance(0.2):  # a separate head
        segments = [segment for segment in segments if segment.part != "head"]
        draw_bird_head(canvas, x, y, 1.2 * r)
    elif canvas.chance(0.25):  # a separate beak
        segments[0] = Segment(path=polyline(brow, chin), part="head")
        draw_beak(canvas, x + 0.9 * r, y, r)
    if canvas.chance(0.35):  # no tail
        segments = [segment for segment in segments if segment.part != "tail"]
    # A closed outline may be begun anywhere.
    start = canvas.integer(0, len(segments) - 1)
    lift = canvas.pick({0.0: 4.0, 0.25: 2.0, 0.6: 1.0})
    canvas.outline(segments[start:] + segments[:start], lift=lift)
    canvas.begin_feature()
    # Details come after the outline, as most people draw them.
    _draw_inside_outline(canvas, half, x, y, r)
    if canvas.chance(0.85):
        draw_bird_legs(canvas, canvas.uniform(-0.05, 0.15), half * 0.95, canvas.uniform(0.12, 0.4))


def _draw_inside_outline(canvas: Canvas, half: float, x: float, y: float, r: float) -> None:
    """Draw eye, mask, collar, wing and shading inside an outline with its head about (x, y)."""
    if canvas.chance(0.62):
        size = r * canvas.uniform(0.1, 0.2)
        draw_eye(canvas, x + 0.25 * r, y - 0.2 * r, size, pick_eye_style(canvas))
    if canvas.detail(0.25):  # the line behind the beak, or a mask
        if canvas.chance(0.5):
            canvas.line(place(curve((0.6, -0.7), (0.5, 0), (0.6, 0.6)), x, y, r), "head")
        else:
            canvas.scribble(x, y, r * 0.8, r * 0.8, "head")
    if canvas.detail(0.2):
        canvas.begin_feature()
        collar = curve((x - r, y + 0.6 * r), (x, y + 1.3 * r), (x + 0.9 * r, y + r))
        canvas.line(collar, "neck")
    if canvas.detail(0.85):
        _draw_folded_wing(canvas, canvas.uniform(0.05, 0.2), canvas.uniform(-0.3, 0.1) * half)
    if canvas.detail(0.12):
        canvas.scribble(0, 0, 0.35, half * 0.6, "body")
