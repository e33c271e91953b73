"""Four-legged animals not in profile: faces, sitting, upright, from the front."""

from __future__ import annotations

from instancesketch.synth.animals.heads import draw_face, draw_head_from_side
from instancesketch.synth.canvas import Canvas
from instancesketch.synth.primitives import Point, curve, ellipse, join, polyline, teardrop


def draw_face_alone(canvas: Canvas) -> None:
    """Draw a head and nothing else."""
    canvas.begin_feature()
    draw_head = draw_face if canvas.chance(0.87) else draw_head_from_side
    draw_head(canvas, 0, 0, 0.5)


def draw_head_and_body(canvas: Canvas) -> None:
    """Draw a head beside or over a body, and perhaps a tail: all that some people draw."""
    r = canvas.uniform(0.25, 0.4)
    rx, ry = canvas.uniform(0.3, 0.6), canvas.uniform(0.3, 0.5)
    # The head above, as of sitting toys, or to the right, as of standing animals.
    x, y = canvas.pick({(0.0, -ry - 0.7 * r): 2.0, (rx + 0.5 * r, -0.3 * ry): 2.0})
    canvas.begin_feature()
    draw_head = draw_face if canvas.chance(0.8) else draw_head_from_side
    draw_head(canvas, x, y, r)
    canvas.begin_feature()
    canvas.ring(0, 0, rx, ry, "body")
    if canvas.detail(0.5):
        canvas.begin_feature()
        tip = (-rx - canvas.uniform(0.2, 0.5), canvas.uniform(-0.5, 0.3))
        canvas.line(curve((-rx * 0.9, 0.1), (-rx - 0.2, 0.15), tip), "tail")


def draw_sitting_animal(canvas: Canvas) -> None:
    """Draw an animal from the side: a slanting body, a thigh, forelegs straight down."""
    lean, r = canvas.uniform(0.1, 0.3), canvas.uniform(0.16, 0.28)
    canvas.begin_feature()
    if canvas.chance(0.5):
        canvas.line(teardrop((lean, -0.45), (-0.15, 0.55), canvas.uniform(0.5, 0.75)), "body")
    else:  # back and breast apart
        canvas.line(curve((lean - 0.1, -0.4), (-0.25, 0.0), (-0.4, 0.5)), "body")
        if canvas.chance(0.7):
            breast = curve((lean + 0.15, -0.35), (lean + 0.2, -0.1), (lean + 0.15, 0.1))
            canvas.line(breast, "body")
    canvas.begin_feature()
    draw_head = draw_face if canvas.chance(0.4) else draw_head_from_side
    draw_head(canvas, lean + canvas.uniform(0, 0.15), -0.45 - 0.7 * r, r)
    canvas.begin_feature()
    # Forelegs reach the ground in front of the thigh.
    _draw_sitting_legs(canvas, lean)
    if canvas.chance(0.7):
        canvas.begin_feature()
        tip = (-0.6 - canvas.uniform(0, 0.2), canvas.uniform(-0.1, 0.5))
        canvas.line(curve((-0.35, 0.5), (-0.55, 0.55), tip), "tail")


def _draw_sitting_legs(canvas: Canvas, lean: float) -> None:
    for i in range(canvas.integer(1, 2)):
        x = lean + 0.12 * i
        leg = polyline((x, 0.0), (x + 0.02, 0.5), (x + 0.12, 0.5))
        if canvas.chance(0.4):
            leg = join([leg, polyline((x + 0.1, 0.4), (x + 0.1, 0.0))])
        canvas.line(leg, "front-leg", f"front {i}")
    canvas.begin_feature()
    if canvas.chance(0.85):
        thigh = ellipse(-0.12, 0.33, 0.2, 0.2, start=0.45, turns=canvas.uniform(0.5, 1.0))
        canvas.line(thigh, "back-leg", "back 0")
        if canvas.chance(0.4):
            canvas.ring(0.02, 0.52, 0.13, 0.05, "back-foot", "back 0")


def draw_upright_animal(canvas: Canvas) -> None:
    """Draw an animal from the front: head above a body, arms at its sides, feet below."""
    r, w = canvas.uniform(0.2, 0.35), canvas.uniform(0.18, 0.36)
    canvas.begin_feature()
    draw_face(canvas, 0, -0.4 - r * 0.8, r)
    canvas.begin_feature()
    canvas.ring(0, 0, w, 0.42, "body")
    if canvas.detail(0.3):  # the belly
        canvas.ring(0, 0.05, w * 0.6, 0.25, "body")
    arms = canvas.pick({"drop": 2.0, "line": 1.0, "stub": 1.0, "": 1.0})
    feet = canvas.pick({"ring": 2.0, "line": 1.0, "drop": 1.0, "": 1.0})
    # A paw right at the body is a leg; one that somebody thinks of as a shoe is a foot.
    lower_part = canvas.pick({"back-foot": 1.0, "back-leg": 2.0})
    # Both arms make the same gesture.
    reach, rise = canvas.uniform(0.08, 0.35), canvas.uniform(-0.4, 0.2)
    for side in (-1, 1):
        canvas.begin_feature()
        shoulder, hand = (side * w * 0.8, -0.18), (side * (w + reach), rise)
        _draw_limb(canvas, shoulder, hand, arms, "front-leg", f"arm {side}")
        if arms and canvas.detail(0.12):
            canvas.ring(*hand, 0.06, 0.06, "front-foot", f"arm {side}")
        hip, toe = (side * w * 0.6, 0.36), (side * w * 0.9, 0.62)
        _draw_limb(canvas, hip, toe, feet, lower_part, f"foot {side}")
    if canvas.detail(0.5):
        canvas.begin_feature()
        bend = (-w - 0.25, canvas.uniform(0.2, 0.35))
        tail = curve((-w * 0.9, 0.3), bend, (-w - 0.2, canvas.uniform(-0.3, 0.1)))
        canvas.line(tail, "tail")


def _draw_limb(
    canvas: Canvas, root: Point, end: Point, style: str, part: str, instance: str
) -> None:
    if style == "drop":
        canvas.line(teardrop(root, end, canvas.uniform(0.25, 0.6)), part, instance)
    elif style == "line":
        canvas.line(polyline(root, end), part, instance)
    elif style == "stub":
        canvas.line(curve(root, end, (root[0], root[1] + 0.15)), part, instance)
    elif style == "ring":
        x, y = (root[0] + end[0]) / 2, (root[1] + end[1]) / 2
        canvas.ring(x, y, 0.13, canvas.uniform(0.07, 0.14), part, instance)


def draw_animal_from_front(canvas: Canvas) -> None:
    """Draw a head over two forelegs, the body an arch behind them."""
    r, rx = canvas.uniform(0.22, 0.32), canvas.uniform(0.3, 0.45)
    canvas.begin_feature()
    draw_face(canvas, 0, -0.3, r)
    canvas.begin_feature()
    # Half a turn is the arch that shows behind the head; some draw the whole body.
    turns = canvas.pick({0.5: 2.0, 1.0: 1.0})
    canvas.line(ellipse(0, 0.1, rx, 0.45, start=0.5, turns=turns), "body")
    for part, x, low in (("front-leg", 0.45, 0.6), ("back-leg", 0.95, 0.5)):
        if part == "back-leg" and canvas.chance(0.5):
            continue
        canvas.begin_feature()
        for side in (-1, 1):
            middle = side * rx * x
            sides = polyline((middle - 0.06, 0.1), (middle - 0.06, low), (middle + 0.06, low))
            leg = sides[:2]  # one line alone
            if canvas.chance(0.7):
                leg = join([sides, polyline((middle + 0.06, 0.1))])
            canvas.line(leg, part, f"{part} {side}")
