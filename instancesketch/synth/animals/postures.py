"""Four-legged animals that sit, lie or are cut off: from the front, from behind, curled up."""

from __future__ import annotations

from instancesketch.synth.animals.heads import (
    draw_ears,
    draw_face,
    draw_head_from_side,
    pick_ear_style,
)
from instancesketch.synth.canvas import Canvas, Segment
from instancesketch.synth.primitives import Point, curve, ellipse, join, polyline, teardrop


def draw_animal_sitting_in_front(canvas: Canvas) -> None:
    """Draw a pear of a body below a face, forelegs as lines on it, and haunches."""
    r, w = canvas.uniform(0.2, 0.32), canvas.uniform(0.28, 0.42)
    canvas.begin_feature()
    behind = canvas.chance(0.12)
    if behind:  # the back of a head: no face
        canvas.ring(0, -0.4 - 0.7 * r, r, 0.9 * r, "head")
        draw_ears(canvas, 0, -0.4 - 0.7 * r, r, pick_ear_style(canvas), (-1, 1))
    else:
        draw_face(canvas, 0, -0.4 - 0.7 * r, r)
    canvas.begin_feature()
    left = [(-0.5 * r, -0.45), (-0.8 * w, -0.1), (-w, 0.35), (-0.6 * w, 0.5)]
    right = [(-x, y) for x, y in reversed(left)]
    base = canvas.chance(0.6)
    whole = curve(*left, *right)
    if base:
        canvas.line(whole, "body")
    else:
        for outline in (left, right):
            canvas.line(curve(*outline), "body")
    if not behind and canvas.chance(0.85):
        _draw_forelegs_on_body(canvas, w)
    if canvas.chance(0.5):
        for side in (-1, 1):
            canvas.begin_feature()
            haunch = ellipse(side * 0.85 * w, 0.4, 0.15, 0.12, start=0.6, turns=0.8)
            canvas.line(haunch, "back-leg", f"back {side}")
    if canvas.chance(0.95 if behind else 0.6):
        canvas.begin_feature()
        x = 0.0 if behind else -0.95 * w
        tip = (x - canvas.uniform(0.15, 0.35), canvas.uniform(-0.3, 0.4))
        canvas.line(curve((x, 0.42), (x - 0.2, 0.5), tip), "tail")


def _draw_forelegs_on_body(canvas: Canvas, w: float) -> None:
    """Draw two forelegs down the middle of a body, as lines or as narrow loops."""
    style, x = canvas.pick({"line": 2.0, "tube": 2.0}), w * canvas.uniform(0.2, 0.4)
    half, top = canvas.uniform(0.03, 0.07), canvas.uniform(-0.15, 0.1)
    for side in (-1, 1):
        canvas.begin_feature()
        middle = side * x
        leg = polyline((middle, top), (middle, 0.5))
        if style == "tube":
            sole = [(middle - half, 0.5), (middle + half, 0.5)]
            leg = curve((middle - half, top), *sole, (middle + half, top))
        canvas.line(leg, "front-leg", f"front {side}")
        if canvas.detail(0.25):
            canvas.ring(middle, 0.53, 0.08, 0.05, "front-foot", f"front {side}")


def draw_curled_animal(canvas: Canvas) -> None:
    """Draw an animal that lies: an arch or an oval, a head at its end, a tail round it."""
    rx, ry, r = canvas.uniform(0.4, 0.55), canvas.uniform(0.2, 0.35), canvas.uniform(0.14, 0.24)
    canvas.begin_feature()
    arch = canvas.chance(0.6)
    if arch:  # flat on the ground
        back = ellipse(0, 0, rx, 1.5 * ry, start=0.5, turns=0.5)
        canvas.line(join([back, back[:1]]) if canvas.chance(0.6) else back, "body")
    else:
        canvas.ring(0, -ry, rx, ry, "body")
    canvas.begin_feature()
    x, y = canvas.uniform(0.7, 1.05) * rx, -r * canvas.uniform(0.8, 1.4)
    draw_head = draw_face if canvas.chance(0.6) else draw_head_from_side
    draw_head(canvas, x, y, r)
    if canvas.chance(0.8):
        canvas.begin_feature()
        tip = (canvas.uniform(-0.1, 0.3), -canvas.uniform(0.0, 0.12))
        ends = [(-0.95 * rx, -0.1), (-1.15 * rx, 0.05), tip]
        if canvas.chance(0.4):  # away from the body
            ends = [(-0.95 * rx, -0.1), (-1.2 * rx, -0.1), (-1.4 * rx, -canvas.uniform(0, 0.4))]
        canvas.line(curve(*ends), "tail")
    if canvas.chance(0.5):
        canvas.begin_feature()
        for i in range(canvas.integer(1, 2)):
            paw = teardrop((0.45 * rx, -0.03), (x + 0.1 + 0.08 * i, 0.02 * i), 0.3)
            canvas.line(paw, "front-leg", f"front {i}")
    if canvas.detail(0.6):  # the thigh
        canvas.begin_feature()
        thigh = ellipse(-0.5 * rx, -0.4 * ry, 0.35 * rx, 0.6 * ry, start=0.45, turns=0.6)
        canvas.line(thigh, "back-leg", "back 0")


def draw_bust(canvas: Canvas) -> None:
    """Draw a head with the two lines of its neck, or of its shoulders, cut off below."""
    r = canvas.uniform(0.3, 0.5)
    canvas.begin_feature()
    from_side = canvas.chance(0.6)
    (draw_head_from_side if from_side else draw_face)(canvas, 0, 0, r)
    canvas.begin_feature()
    part, low = canvas.pick({"neck": 3.0, "body": 1.0}), r * canvas.uniform(1.8, 3.2)
    spread, lean = canvas.uniform(0.7, 1.6) * r, (-0.8 * r if from_side else 0.0)
    for side in (-1, 1):
        root = (side * 0.6 * r, 0.8 * r)
        foot = (lean + side * spread, low)
        canvas.line(curve(root, ((root[0] + foot[0]) / 2, 0.55 * low), foot), part)


def draw_animal_in_one_line(canvas: Canvas) -> None:
    """Draw nose, ear, back, tail, pointed legs and belly as one stroke without a curve between."""
    back, floor = -canvas.uniform(0.1, 0.2), canvas.uniform(0.3, 0.5)
    x, y = canvas.uniform(0.5, 0.65), back - canvas.uniform(0.05, 0.3)
    nose = (x + canvas.uniform(0.1, 0.25), y + 0.08)
    ear = (x - 0.02, y - canvas.uniform(0.15, 0.3))
    nape, rump = (x - 0.12, y + 0.08), (-0.5, back)
    tip = (-0.5 - canvas.uniform(0.1, 0.3), back - canvas.uniform(-0.15, 0.3))
    smooth = curve if canvas.chance(0.4) else polyline
    segments = [
        Segment(path=polyline(nose, (x + 0.04, y - 0.06), ear, nape), part="head"),
        Segment(path=smooth(nape, (0.35, back), (0, back * 0.9), rump), part="body"),
        Segment(path=polyline(rump, tip, (-0.5, back + 0.06)), part="tail"),
        # The rump is body, so that no pair of legs is longer than the other.
        Segment(path=polyline((-0.5, back + 0.06), (-0.5, 0.08)), part="body"),
    ]
    at: Point = (-0.5, 0.08)
    for i, (name, left) in enumerate((("back-leg", -0.5), ("front-leg", 0.2))):
        for j in range(2):
            a, b = left + 0.15 * j, left + 0.15 * j + 0.13
            toe = (a + canvas.uniform(0.0, 0.1), floor * canvas.uniform(0.92, 1.05))
            leg = polyline(at, toe, (b, 0.08))
            segments.append(Segment(path=leg, part=name, instance=f"{name} {j}"))
            at = (b, 0.08)
        if i == 0:
            segments.append(Segment(path=polyline(at, (0.2, 0.1)), part="body"))
            at = (0.2, 0.1)
    chin = (x - 0.02, y + 0.18)
    segments.append(Segment(path=polyline(at, chin), part="body"))
    segments.append(Segment(path=polyline(chin, nose), part="head"))
    canvas.begin_feature()
    start = canvas.pick({0: 3.0, canvas.integer(1, len(segments) - 1): 1.0})
    canvas.outline(segments[start:] + segments[:start], lift=canvas.pick({0.0: 5.0, 0.1: 1.0}))
    if canvas.chance(0.4):
        canvas.dot(x + 0.05, y + 0.02, 0.02, "head")
