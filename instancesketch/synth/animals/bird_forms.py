"""Birds of one plain form: blobs with a beak in the line, penguins, flamingos, birds in flight."""

from __future__ import annotations

from instancesketch.synth.animals.bird_parts import draw_beak, draw_bird_legs, draw_bird_tail
from instancesketch.synth.animals.features import Legs, draw_eye, pick_eye_style
from instancesketch.synth.canvas import Canvas, Segment
from instancesketch.synth.primitives import (
    Path,
    Point,
    curve,
    ellipse,
    join,
    place,
    polyline,
    scallops,
    teardrop,
)


def draw_beaked_blob(canvas: Canvas) -> None:
    """Draw body, head and a beak like a V in one closed line: a chick, duck or pigeon."""
    half, r = canvas.uniform(0.22, 0.4), canvas.uniform(0.12, 0.22)
    x, y = canvas.uniform(0.15, 0.35), -half - r * canvas.uniform(0.2, 1.0)
    bill = (x + r + canvas.uniform(0.08, 0.3), y + canvas.uniform(-0.02, 0.1))
    brow, chin = (x + 0.9 * r, y - 0.35 * r), (x + 0.9 * r, y + 0.45 * r)
    tail = (-0.5 - canvas.uniform(0, 0.15), -half * canvas.uniform(-0.1, 0.9))
    belly = curve(chin, (0.42, -0.1 * half), (0.15, half), (-0.3, 0.8 * half), tail)
    back = curve(tail, (-0.2, -0.5 * half), (x - r, y + 0.7 * r), (x - 0.9 * r, y - 0.4 * r))
    crown = curve((x - 0.9 * r, y - 0.4 * r), (x, y - r), brow)
    segments = [
        Segment(path=polyline(brow, bill, chin), part="head"),
        Segment(path=belly, part="body"),
        Segment(path=back, part="body"),
        Segment(path=crown, part="head"),
    ]
    canvas.begin_feature()
    start = canvas.integer(0, 3)
    canvas.outline(segments[start:] + segments[:start], lift=canvas.pick({0.0: 5.0, 0.2: 1.0}))
    canvas.begin_feature()
    if canvas.chance(0.75):
        draw_eye(canvas, x + 0.2 * r, y - 0.2 * r, 0.15 * r, pick_eye_style(canvas))
    if canvas.detail(0.7):
        canvas.begin_feature()
        fold = (0.05, 0.3 * half), (-0.15, 0.45 * half), (-0.3, 0)
        canvas.line(curve((0.1, -0.1 * half), *fold), "body")
    if canvas.chance(0.6):
        draw_bird_legs(canvas, canvas.uniform(-0.1, 0.1), 0.9 * half, canvas.uniform(0.1, 0.35))


def draw_round_bird(canvas: Canvas) -> None:
    """Draw one ring with a beak, an eye and legs at it, and perhaps wings and a tuft."""
    rx, ry = canvas.uniform(0.32, 0.48), canvas.uniform(0.3, 0.45)
    canvas.begin_feature()
    canvas.ring(0, 0, rx, ry, "body")
    canvas.begin_feature()
    eyes, y = pick_eye_style(canvas), -0.35 * ry
    size = canvas.uniform(0.03, 0.07)
    if canvas.chance(0.5):  # from the side
        draw_beak(canvas, 0.92 * rx, y + 0.08, 0.16)
        draw_eye(canvas, 0.5 * rx, y, size, eyes)
        if canvas.detail(0.8):
            canvas.begin_feature()
            canvas.line(teardrop((0.1, 0.05), (-0.3, 0.1), canvas.uniform(0.5, 0.9)), "body")
        if canvas.chance(0.4):
            canvas.begin_feature()
            draw_bird_tail(canvas, -0.95 * rx, 0, canvas.uniform(0.1, 0.25))
    else:
        for side in (-1, 1):
            draw_eye(canvas, side * 0.35 * rx, y, size, eyes)
        bill = polyline((-0.05, 0), (0, 0.08), (0.05, 0), (-0.05, 0))
        canvas.line(place(bill, 0, y + 0.1), "head")
        if canvas.chance(0.7):
            canvas.begin_feature()
            for side in (-1, 1):
                tip = (side * rx * canvas.uniform(1.15, 1.5), canvas.uniform(-0.2, 0.15))
                wing = curve((side * 0.9 * rx, -0.1), tip, (side * 0.93 * rx, 0.15))
                canvas.line(wing, "body")
    if canvas.detail(0.3):  # a tuft
        for dx in (-0.05, 0.0, 0.05):
            canvas.line(polyline((0, -ry), (dx, -ry - canvas.uniform(0.06, 0.14))), "head")
    if canvas.chance(0.85):
        draw_bird_legs(canvas, 0, 0.95 * ry, canvas.uniform(0.08, 0.25))


def draw_penguin(canvas: Canvas) -> None:
    """Draw an upright bird: a bullet or egg, its white belly, flippers and feet."""
    w = canvas.uniform(0.22, 0.34)
    sides = [(-w, 0.45), (-1.1 * w, 0), (-0.6 * w, -0.35)]
    head = [(-0.55 * w, -0.6), (0, -0.72), (0.55 * w, -0.6)]
    right = [(-x, y) for x, y in reversed(sides)]
    canvas.begin_feature()
    if canvas.chance(0.3):  # the head apart
        canvas.ring(0, -0.5, 0.6 * w, 0.55 * w, "head")
        canvas.begin_feature()
        canvas.ring(0, 0.05, w, 0.42, "body")
    else:
        segments = [
            Segment(path=curve(*sides), part="body"),
            Segment(path=curve(sides[-1], *head, right[0]), part="head"),
            Segment(path=curve(*right), part="body"),
        ]
        if canvas.chance(0.8):  # closed below
            base = curve(right[-1], (0, 0.52), sides[0])
            segments.append(Segment(path=base, part="body"))
        canvas.outline(segments, lift=canvas.pick({0.0: 5.0, 0.3: 1.0}))
    canvas.begin_feature()
    _draw_penguin_face(canvas, w)
    if canvas.chance(0.6):
        canvas.begin_feature()
        belly = ellipse(0, 0.1, 0.65 * w, 0.33, start=0.6, turns=canvas.uniform(0.8, 1.0))
        canvas.line(belly, "body")
    if canvas.chance(0.8):
        canvas.begin_feature()
        reach, low = canvas.uniform(1.3, 2.2), canvas.uniform(-0.1, 0.25)
        closed = canvas.chance(0.5)
        for side in (-1, 1):
            shoulder, tip = (side * 0.85 * w, -0.25), (side * reach * w, low)
            flipper = teardrop(shoulder, tip, 0.35) if closed else polyline(shoulder, tip)
            canvas.line(flipper, "body")
    if canvas.chance(0.8):
        foot = canvas.pick({"oval": 3.0, "web": 1.0, "vee": 1.0})
        legs = Legs(style="stick", length=0.0, width=canvas.uniform(0.1, 0.2), bend=0, foot=foot)
        canvas.begin_feature()
        for side in (-1, 1):
            legs.draw_foot(canvas, (side * 0.5 * w, 0.52), "back-foot", f"leg {side}")


def _draw_penguin_face(canvas: Canvas, w: float) -> None:
    eyes, size = pick_eye_style(canvas), w * canvas.uniform(0.08, 0.15)
    if canvas.chance(0.4):  # looking to the right
        draw_beak(canvas, 0.55 * w, -0.52, 0.4 * w)
        draw_eye(canvas, 0.15 * w, -0.58, size, eyes)
        return
    for side in (-1, 1):
        draw_eye(canvas, side * 0.25 * w, -0.56, size, eyes)
    bill = polyline((-0.15 * w, -0.48), (0.15 * w, -0.48), (0, -0.4), (-0.15 * w, -0.48))
    canvas.line(bill, "head")


def draw_flamingo(canvas: Canvas) -> None:
    """Draw a high body, a neck like an S with head and beak in its line, and very long legs."""
    rx, ry = canvas.uniform(0.22, 0.38), canvas.uniform(0.14, 0.22)
    length, high = canvas.uniform(0.7, 1.2), -canvas.uniform(0.6, 1.0)
    bow = canvas.uniform(0.1, 0.3)
    neck = curve(
        (0.8 * rx, -0.4 * ry), (rx + bow, 0.4 * high), (rx - bow / 2, 0.75 * high), (rx, high)
    )
    end = (float(neck[-1, 0]), float(neck[-1, 1]))
    bill = (end[0] + canvas.uniform(0.18, 0.35), end[1] + canvas.uniform(0.08, 0.25))
    head = curve(end, (end[0] + 0.1, end[1] - 0.06), (bill[0] - 0.03, bill[1] - 0.12), bill)
    canvas.begin_feature()
    if canvas.chance(0.7):
        canvas.ring(0, 0, rx, ry, "body", tilt=canvas.uniform(-0.04, 0.04))
    else:
        canvas.loop(teardrop((0.9 * rx, 0), (-1.3 * rx, 0.05), canvas.uniform(0.5, 0.8)), "body")
    canvas.begin_feature()
    parts = [Segment(path=neck, part="neck"), Segment(path=head, part="head")]
    canvas.outline(parts, lift=canvas.pick({0.0: 2.0, 1.0: 1.0}))
    if canvas.chance(0.5):
        draw_eye(canvas, end[0] + 0.08, end[1] + 0.02, 0.03, pick_eye_style(canvas))
    canvas.begin_feature()
    x = canvas.uniform(-0.08, 0.08)
    canvas.line(polyline((x, 0.9 * ry), (x, ry + length)), "back-leg", "leg 0")
    if canvas.chance(0.4):  # the other one drawn up
        knee = (x + canvas.uniform(0.12, 0.25), ry + 0.3 * length)
        canvas.line(polyline((x, ry), knee, (x, ry + 0.5 * length)), "back-leg", "leg 1")
    else:
        step = canvas.uniform(0.05, 0.2)
        canvas.line(polyline((x + 0.05, 0.9 * ry), (x + step, ry + length)), "back-leg", "leg 1")
        if canvas.chance(0.5):
            toe = polyline((x + step, ry + length), (x + step + 0.1, ry + length))
            canvas.line(toe, "back-foot", "leg 1")
    if canvas.chance(0.4):
        toe = polyline((x, ry + length), (x + 0.1, ry + length))
        canvas.line(toe, "back-foot", "leg 0")


def draw_bird_in_flight(canvas: Canvas) -> None:
    """Draw a flying bird as an outline: beak, wing, tail, and a wing or the belly below."""
    neck, half = canvas.uniform(0.0, 0.3), canvas.uniform(0.06, 0.12)
    bill, tail = (0.55 + neck, 0.02), (-0.5, canvas.uniform(-0.1, 0.1))
    lift = canvas.uniform(0.4, 0.8)
    above = _raised_wing(canvas, (0.2, -half), (-0.2, -half), -lift)
    if canvas.chance(0.6):  # seen from above or below
        below = _raised_wing(canvas, (-0.2, half), (0.2, half), lift)
    else:
        below = curve((-0.2, half), (0.05, 1.5 * half), (0.2, half))
    fork = (tail[0] + 0.06, tail[1])
    outline: list[tuple[str, Path]] = [
        ("head", curve((0.2, half), (0.38 + neck, half), (0.4 + neck, 0.5 * half))),
        ("head", polyline((0.4 + neck, 0.5 * half), bill, (0.38 + neck, -0.5 * half))),
        ("head", curve((0.38 + neck, -0.5 * half), (0.32 + neck, -1.2 * half), (0.2, -half))),
        ("body", above),
        ("tail", polyline((-0.2, -half), (tail[0], tail[1] - 0.08), fork)),
        ("tail", polyline(fork, (tail[0], tail[1] + 0.08), (-0.2, half))),
        ("body", below),
    ]
    segments = [Segment(path=path, part=part) for part, path in outline]
    canvas.begin_feature()
    start = canvas.integer(0, len(segments) - 1)
    rotated = segments[start:] + segments[:start]
    canvas.outline(rotated, lift=canvas.pick({0.0: 3.0, 0.3: 1.0}))
    if canvas.chance(0.5):
        draw_eye(canvas, 0.33 + neck, -0.2 * half, 0.02, pick_eye_style(canvas))


def _raised_wing(canvas: Canvas, root: Point, back: Point, height: float) -> Path:
    """Return a wing from its root to its tip at y about `height`, and back along its feathers."""
    tip = (canvas.uniform(-0.45, 0.25), height)
    style = canvas.pick({"round": 2.0, "pointed": 2.0, "feathers": 1.0})
    if style == "pointed":
        return polyline(root, tip, back)
    if style == "round":
        bow = (root[0] + back[0]) / 2 + tip[0]
        return curve(root, (root[0] + 0.1, 0.6 * height), tip, (bow - 0.1, 0.6 * height), back)
    feathers = scallops(polyline(tip, back), canvas.divide(canvas.integer(3, 5)), 0.35)
    return join([polyline(root), feathers])


def draw_far_bird(canvas: Canvas) -> None:
    """Draw two lines of wings on a body that is hardly more than a line."""
    half = canvas.pick({0.0: 1.0, canvas.uniform(0.03, 0.08): 2.0})
    canvas.begin_feature()
    if half:
        canvas.line(teardrop((-0.5, 0), (0.5, -0.05), 3 * half), "body")
    else:
        canvas.line(curve((-0.5, 0), (0, 0.05), (0.5, -0.03)), "body")
    canvas.begin_feature()
    rise, lean = canvas.uniform(0.3, 0.7), canvas.uniform(-0.3, 0.2)
    for side in (-1, 1):
        tip = (lean + side * canvas.uniform(0.3, 0.6), -rise)
        bend = (side * 0.12, -0.7 * rise)
        wing = curve((0, -half), bend, tip) if canvas.chance(0.6) else polyline((0, -half), tip)
        canvas.line(wing, "body")
    if canvas.chance(0.5):
        canvas.begin_feature()
        draw_beak(canvas, 0.5, -0.04, 0.1)
        if canvas.chance(0.5):
            draw_eye(canvas, 0.42, -0.05, 0.02, pick_eye_style(canvas))
