"""Birds not in profile: from the front, flying, swimming in one line, the head alone."""

from __future__ import annotations

from instancesketch.synth.animals.bird_parts import (
    draw_beak,
    draw_bird_head,
    draw_bird_legs,
    draw_bird_tail,
)
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


def draw_bird_from_front(canvas: Canvas) -> None:
    """Draw an owl, a penguin or a chick: upright, with two eyes."""
    w, separate_head = canvas.uniform(0.2, 0.42), canvas.chance(0.4)
    canvas.begin_feature()
    y = -0.25  # of the face, which without a head of its own lies on the body
    if separate_head:
        y = -0.6
        canvas.ring(0, y, w * canvas.uniform(0.7, 1.0), w * canvas.uniform(0.7, 0.9), "head")
        canvas.begin_feature()
    _draw_upright_body(canvas, w, y, separate_head)
    canvas.begin_feature()
    if canvas.chance(0.85):
        _draw_owl_face(canvas, w, y)
    if canvas.chance(0.7):
        canvas.begin_feature()
        _draw_wings_at_sides(canvas, w)
    if canvas.chance(0.8):
        _draw_standing_feet(canvas, w)


def _draw_upright_body(canvas: Canvas, w: float, y: float, separate_head: bool) -> None:
    """Draw a body, 2 w wide, with belly, feathers and ears on a head about y."""
    style = canvas.pick(
        {"ring": 3.0, "drop": 1.0, "box": 0.5, "eared": 0.0 if separate_head else 1.0}
    )
    if style == "ring":
        canvas.ring(0, 0, w, 0.5, "body")
    elif style == "eared":  # ears and body in one line
        ears = (-w, -0.6), (-0.5 * w, -0.4), (0.5 * w, -0.4), (w, -0.6)
        outline = curve(*ears, (1.05 * w, 0.1), (0, 0.5), (-1.05 * w, 0.1), closed=True)
        canvas.loop(outline, "body")
    elif style == "box":
        canvas.loop(polyline((-w, -0.45), (w, -0.45), (w, 0.5), (-w, 0.5), (-w, -0.45)), "body")
    else:
        canvas.loop(teardrop((0, -0.6), (0, 0.5), canvas.uniform(0.6, 1.0)), "body")
    if canvas.detail(0.4):
        belly = ellipse(0, 0.08, w * 0.65, 0.34, start=0.6, turns=canvas.uniform(0.8, 1))
        canvas.line(belly, "body")
    if canvas.detail(0.2):  # feathers on the breast
        for _ in range(canvas.integer(2, 6)):
            fx, fy = canvas.uniform(-0.5, 0.5) * w, canvas.uniform(0, 0.35)
            canvas.line(ellipse(fx, fy, 0.05, 0.05, start=0, turns=0.5), "body")
    if style != "eared" and canvas.detail(0.3):
        for side in (-1, 1):
            tip = (side * w * 0.7, y - 0.34)
            ear = polyline((side * w * 0.75, y - 0.12), tip, (side * w * 0.3, y - 0.24))
            canvas.line(ear, "head")


def _draw_owl_face(canvas: Canvas, w: float, y: float) -> None:
    # Both eyes alike, and often huge, as of owls.
    style = pick_eye_style(canvas)
    size = w * canvas.uniform(0.12, 0.42)
    for side in (-1, 1):
        draw_eye(canvas, side * w * 0.4, y - 0.05, size, style)
    if canvas.chance(0.9):
        low, half = canvas.uniform(0.12, 0.2), canvas.uniform(0.03, 0.07)
        bill = polyline((-half, 0.06), (0, low), (half, 0.06), (-half, 0.06))
        # Three points are a bill open above, four a closed one.
        canvas.line(place(bill[: canvas.integer(3, 4)], 0, y), "head")


def _draw_wings_at_sides(canvas: Canvas, w: float) -> None:
    """Draw wings at both sides of an upright body: closed, open, or spread."""
    style = canvas.pick({"drop": 2.0, "open": 2.0, "stub": 1.0})
    # From wings that hang down to wings spread upwards.
    reach, low = canvas.uniform(0.9, 1.9), canvas.uniform(-0.2, 0.35)
    for side in (-1, 1):
        shoulder, tip = (side * w * 0.85, -0.2), (side * w * reach, low)
        if style == "drop":
            canvas.line(teardrop(shoulder, tip, 0.35), "body")
        elif style == "open":
            canvas.line(curve(shoulder, (side * w * 1.2, 0.1), tip), "body")
        else:
            canvas.line(polyline(shoulder, tip, (side * w * 0.9, 0.15)), "body")


def _draw_standing_feet(canvas: Canvas, w: float) -> None:
    """Draw short legs, or feet right at the body."""
    if canvas.chance(0.35):
        draw_bird_legs(canvas, 0, 0.49, canvas.uniform(0.08, 0.25))
        return
    canvas.begin_feature()
    foot = canvas.pick({"oval": 2.0, "vee": 1.0, "toes": 1.5, "fork": 1.0, "web": 1.0})
    legs = Legs(style="stick", length=0.0, width=canvas.uniform(0.08, 0.2), bend=0, foot=foot)
    for side in (-1, 1):
        legs.draw_foot(canvas, (side * w * 0.45, 0.52), "back-foot", f"leg {side}")


def draw_flying_bird(canvas: Canvas) -> None:
    """Draw a bird with spread wings, one above and one below the body or both above; no legs."""
    half = canvas.uniform(0.06, 0.16)
    canvas.begin_feature()
    if canvas.chance(0.3):
        canvas.loop(teardrop((-0.5, 0), (0.45, -0.05), half * 3), "body")
    else:
        canvas.ring(0, 0, 0.4, half, "body")
    if canvas.chance(0.9):
        canvas.begin_feature()
        draw_bird_head(canvas, 0.45, -0.05, canvas.uniform(0.08, 0.18))
    canvas.begin_feature()
    # Seen from above one wing is below the body; from the side both are above it.
    other_side = canvas.pick({1: 2.0, -1: 1.5})
    style = canvas.pick({"lines": 3.0, "curve": 2.0, "drop": 1.0, "feathers": 0.7})
    for i, (side, x) in enumerate(((-1, 0.1), (other_side, -0.05))):
        reach = canvas.uniform(0.3, 0.7)
        tip = (x - canvas.uniform(-0.2, 0.45) - 0.1 * i, side * reach)
        _draw_spread_wing(canvas, x, side * half, tip, style)
    if canvas.chance(0.6):
        canvas.begin_feature()
        draw_bird_tail(canvas, -0.38, 0, canvas.uniform(0.15, 0.3))


def _draw_spread_wing(canvas: Canvas, x: float, y: float, tip: Point, style: str) -> None:
    root, back = (x + 0.1, 0.9 * y), (x - canvas.uniform(0.1, 0.3), 0.8 * y)
    if style == "lines":
        canvas.line(polyline(root, tip, back), "body")
    elif style == "drop":
        canvas.line(teardrop((x, y), tip, canvas.uniform(0.3, 0.6)), "body")
    elif style == "feathers":
        edge = scallops(polyline(tip, back), canvas.divide(canvas.integer(3, 5)), 0.4)
        canvas.line(join([polyline(root), edge]), "body")
    else:
        canvas.line(curve(root, (x + 0.15, 0.7 * tip[1]), tip, back), "body")


def draw_gulls(canvas: Canvas) -> None:
    """Draw wings and nothing else, as far away birds are drawn: one, or a few."""
    # All gulls of a drawing have one shape.
    sag, curved = canvas.uniform(0.1, 0.4), canvas.chance(0.75)
    for _ in range(canvas.pick({1: 3.0, 2: 1.0, 3: 1.0, 5: 0.5})):
        canvas.begin_feature()
        x, y = canvas.rng.normal(0, 1, 2)
        if curved:
            wings = [
                curve((-0.5, 0), (-0.25, -sag), (0, 0.05)),
                curve((0, 0.05), (0.25, -sag), (0.5, 0)),
            ]
        else:
            wings = [polyline((-0.5, -sag), (0, 0)), polyline((0, 0), (0.5, -sag))]
        if canvas.chance(0.7):  # both wings without lifting the pen
            wings = [join(wings)]
        for wing in wings:
            canvas.line(place(wing, x, y, canvas.jitter(1, 0.2)), "body")


def draw_bird_head_alone(canvas: Canvas) -> None:
    """Draw a head, perhaps with the lines of a neck below it."""
    canvas.begin_feature()
    draw_bird_head(canvas, 0, 0, 0.5)
    if canvas.chance(0.4):
        canvas.begin_feature()
        part = canvas.pick({"neck": 2.0, "body": 1.0})
        for x in (-0.35, 0.2):
            canvas.line(curve((x, 0.4), (x * 0.9, 0.8), (x * 1.4, 1.3)), part)


def draw_swimming_bird(canvas: Canvas) -> None:
    """Draw a swan, duck or goose: neck and body in one line, or in two or three."""
    half, rise = canvas.uniform(0.15, 0.28), canvas.uniform(0.15, 0.9)
    x, bend = canvas.uniform(0.3, 0.6), canvas.uniform(-0.1, 0.25)
    crown = (x, -half - rise)
    chin = (x + 0.12, crown[1] + 0.1)
    segments = _swan_segments(canvas, half, rise, bend, crown, chin)
    canvas.begin_feature()
    # A closed outline may be begun anywhere.
    start = canvas.integer(0, len(segments) - 1)
    lift = canvas.pick({0.0: 3.0, 0.25: 2.0})
    canvas.outline(segments[start:] + segments[:start], lift=lift)
    canvas.begin_feature()
    if canvas.chance(0.85):
        draw_beak(canvas, chin[0], chin[1] - 0.06, 0.1)
    if canvas.chance(0.5):
        draw_eye(canvas, x, crown[1] + 0.08, 0.025, pick_eye_style(canvas))
    if canvas.detail(0.6):
        canvas.begin_feature()
        wing = curve((0.1, 0), (-0.15, -0.5 * half), (-0.4, -0.2 * half), (-0.1, 0.4 * half))
        canvas.line(wing if canvas.chance(0.5) else wing[:12], "body")
    # Some draw the legs under water too.
    if canvas.chance(0.3):
        draw_bird_legs(canvas, 0, half * 0.95, canvas.uniform(0.12, 0.5))


def _swan_segments(
    canvas: Canvas, half: float, rise: float, bend: float, crown: Point, chin: Point
) -> list[Segment]:
    """Return the outline from the breast up the neck, round the head, and along back and belly."""
    x, nape = crown[0], (crown[0] - 0.12, crown[1] + 0.15)
    shoulder = (0.15, -half * 0.7)
    neck_lines: list[Path] = [
        curve((0.4, 0.1), (0.35 + bend, -half - 0.2 * rise), (x - 0.05, -half - 0.6 * rise), chin),
        curve(chin, (x + 0.08, crown[1]), (x - 0.08, crown[1] + 0.02), nape),
        curve(nape, (0.2 + bend, -half - 0.2 * rise), shoulder),
    ]
    tail = (-0.5 - canvas.uniform(0, 0.2), -half * canvas.uniform(0.2, 1.4))
    # A neck in one line with the body is labelled as either.
    neck = canvas.pick({"neck": 3.0, "body": 1.0})
    belly = curve(tail, (-0.35, half * 0.8), (0, half), (0.3, 0.7 * half), (0.4, 0.1))
    segments = [
        Segment(path=neck_lines[0], part=neck),
        Segment(path=neck_lines[1], part="head" if canvas.chance(0.6) else neck),
        Segment(path=neck_lines[2], part=neck),
        Segment(path=curve(shoulder, (-0.2, -half * 0.6), tail), part="body"),
        Segment(path=belly, part="body"),
    ]
    return segments[2:] if canvas.chance(0.35) else segments  # the neck as one line
