"""Persons of sticks, or with a body: standing, walking, sitting or reaching out."""

from __future__ import annotations

from instancesketch.core.taxonomy import UNLABELED
from instancesketch.synth.canvas import Canvas
from instancesketch.synth.primitives import curve, polyline, rectangle
from instancesketch.synth.things.nature import draw_line


def draw_person(canvas: Canvas) -> None:
    """Draw a person about 1 tall, the chin at (0, 0)."""
    head, neck = canvas.uniform(0.09, 0.16), canvas.uniform(0.0, 0.05)
    torso = canvas.uniform(0.3, 0.4)
    # The hip is hardly ever right below the chin; everything below the neck follows it.
    lean = canvas.rng.normal(0, 0.03)
    canvas.ring(0, -head, head * canvas.uniform(0.75, 1.0), head, UNLABELED)
    hip = neck + torso
    _draw_torso(canvas, head, neck, hip, lean)
    _draw_arms(canvas, neck + torso * canvas.uniform(0.05, 0.3), lean)
    _draw_legs(canvas, hip, lean)
    if canvas.detail(0.35):
        _draw_face_and_hair(canvas, head)


def _draw_torso(canvas: Canvas, head: float, top: float, low: float, lean: float) -> None:
    style = canvas.pick({"line": 4.0, "box": 1.0, "oval": 1.0, "dress": 0.7})
    if style == "line":
        # Often begun inside the head.
        draw_line(canvas, polyline((0, top - head * canvas.uniform(0, 0.4)), (lean, low)))
    elif style == "box":
        half = canvas.uniform(0.06, 0.12)
        draw_line(canvas, rectangle(-half, top, half, low))
    elif style == "oval":
        canvas.ring(0, (top + low) / 2, canvas.uniform(0.07, 0.13), (low - top) / 2, UNLABELED)
    else:
        half = canvas.uniform(0.1, 0.2)
        draw_line(canvas, polyline((0, top), (half, low), (-half, low), (0, top)))


def _draw_arms(canvas: Canvas, shoulder: float, lean: float) -> None:
    """Draw arms from the height of the shoulder, in one line or two."""
    reach = canvas.uniform(0.18, 0.32)
    pose = canvas.pick({"down": 2.0, "out": 2.0, "up": 1.0, "ahead": 1.5})
    fall = {"down": 0.25, "out": 0.02, "up": -0.2, "ahead": 0.05}[pose]
    # Both hands are at about one height.
    hands = [(side * reach, shoulder + fall + canvas.rng.normal(0, 0.04)) for side in (-1, 1)]
    if pose == "ahead":
        hands = [(reach, shoulder + fall + canvas.rng.normal(0, 0.04)) for _ in hands]
    if canvas.chance(0.35) and pose != "ahead":
        draw_line(canvas, curve(hands[0], (0, shoulder), hands[1]))
        return
    for hand in hands:
        elbow = (hand[0] * 0.5, (shoulder + hand[1]) / 2 + canvas.rng.normal(0, 0.02))
        draw_line(canvas, curve((lean / 2, shoulder), elbow, hand))


def _draw_legs(canvas: Canvas, hip: float, lean: float) -> None:
    length = canvas.uniform(0.3, 0.45)
    pose = canvas.pick({"stand": 4.0, "walk": 1.5, "sit": 1.5})
    spread = canvas.uniform(0.04, 0.18)
    # Sitting persons look to the right; scenes mirror half of them.
    for side in (-1, 1):
        if pose == "sit":
            knee = (length / 2, hip + side * 0.02)
            foot = (knee[0] + side * 0.03, hip + length / 2)
            draw_line(canvas, polyline((lean, hip), knee, foot))
        elif pose == "walk":
            knee = (side * spread + 0.03, hip + length / 2)
            draw_line(canvas, polyline((lean, hip), knee, (side * spread * 1.5, hip + length)))
        else:
            draw_line(canvas, polyline((lean, hip), (side * spread, hip + length)))
        if canvas.detail(0.2) and pose != "sit":  # a foot
            x = side * spread * (1.5 if pose == "walk" else 1)
            draw_line(canvas, polyline((x, hip + length), (x + side * 0.05, hip + length)))


def _draw_face_and_hair(canvas: Canvas, head: float) -> None:
    for side in (-1, 1):
        canvas.dot(side * head * 0.35, -1.1 * head, head * 0.1, UNLABELED)
    if canvas.chance(0.7):
        y = -head * canvas.uniform(0.35, 0.7)
        draw_line(canvas, curve((-head * 0.35, y), (0, y + head * 0.15), (head * 0.35, y)))
    if canvas.detail(0.3):
        canvas.scribble(0, -1.7 * head, head * 0.8, head * 0.35, UNLABELED)
