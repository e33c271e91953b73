"""Heads of four-legged animals, from the side and from the front; all of it is part `head`."""

from __future__ import annotations

from instancesketch.synth.animals.features import draw_eye, pick_eye_style
from instancesketch.synth.canvas import Canvas
from instancesketch.synth.primitives import (
    Path,
    Point,
    curve,
    ellipse,
    join,
    place,
    polyline,
    rectangle,
    rotate,
    scallops,
    spikes,
    teardrop,
)

_EARS = {"pointed": 4.0, "round": 1.5, "bow": 1.5, "floppy": 1.5, "long": 1.2, "mane": 0.6}
_FACES = {"ring": 6.0, "box": 0.6, "shield": 1.5, "cat": 1.5, "wide": 1.0, "egg": 1.0}
# Outlines with the ears in their line: for each style of ears one.
_FACES_WITH_EARS = {"pointed": "cat", "round": "bear", "long": "rabbit", "floppy": "hound"}
_HEAD_SHAPES = {"ring": 3.0, "muzzle": 4.0, "wedge": 1.5, "box": 0.6, "trunk": 0.8, "snout": 0.5}
_NOSES = {"ring": 2.0, "triangle": 2.0, "dot": 1.0, "filled": 1.0, "snout": 0.7, "": 3.5}
_MOUTHS = {"smile": 3.0, "double": 2.0, "line": 1.0, "tongue": 0.6, "": 3.5}


def pick_ear_style(canvas: Canvas) -> str:
    """Pick a style for the ears of one drawing."""
    return canvas.pick(_EARS)


def draw_ears(
    canvas: Canvas, x: float, y: float, r: float, style: str, sides: tuple[int, ...]
) -> None:
    """Draw ears, horns or a mane on a head of radius r about (x, y).

    Args:
        canvas: to draw on.
        x: centre of the head.
        y: centre of the head.
        r: radius of the head.
        style: of `pick_ear_style`, or a species' own; empty draws none.
        sides: -1 for the left ear, 1 for the right one.
    """
    # One length for both ears.
    length = canvas.uniform(0.5, 0.9) * (2.2 if style == "long" else 1)
    if style == "mane":
        _draw_mane(canvas, x, y, r)
    elif style == "flap":  # one large ear on the side of the head, as elephants have
        ear = curve((-0.1, -0.8), (-1.4, -0.4), (-1.0, 1.1), (-0.1, 0.8))
        canvas.line(place(ear, x, y, r), "head")
    elif style:
        for side in sides:
            _draw_ear(canvas, x, y, r, style, side, length)


def _draw_ear(
    canvas: Canvas, x: float, y: float, r: float, style: str, side: int, length: float
) -> None:
    root_x, root_y = x + side * 0.6 * r, y - 0.75 * r
    if style == "pointed":
        _draw_pointed_ear(canvas, x, y, r, side, length)
    elif style == "horns":
        top = (x + side * canvas.uniform(0.4, 1.1) * r, y - (1 + length) * r)
        horn = curve((root_x, root_y), (x + side * 0.9 * r, root_y - 0.2 * r), top)
        canvas.line(horn, "head")
    elif style == "antlers":
        _draw_antler(canvas, (root_x, root_y), r, side, length)
    elif style == "knobs":
        stalk_x = x + side * 0.4 * r
        canvas.line(polyline((x + side * 0.3 * r, root_y), (stalk_x, root_y - length * r)), "head")
        if canvas.detail(0.6):
            canvas.ring(stalk_x, root_y - (length + 0.15) * r, 0.15 * r, 0.15 * r, "head")
    elif style == "round":
        canvas.ring(x + side * 0.8 * r, y - 0.8 * r, 0.32 * r, 0.32 * r, "head")
    elif style == "bow":  # an open arc on the head
        arc = ellipse(x + side * 0.75 * r, y - 0.8 * r, 0.35 * r, 0.35 * r, start=0.4, turns=0.7)
        canvas.line(arc, "head")
    elif style == "floppy":
        tip = (x + side * 1.15 * r, y + canvas.uniform(0.1, 0.7) * r)
        canvas.line(teardrop((x + side * 0.6 * r, y - 0.7 * r), tip, 0.45), "head")
    else:
        tip = (x + side * canvas.uniform(0.3, 0.9) * r, y - (1 + length) * r)
        canvas.line(teardrop((x + side * 0.4 * r, y - 0.85 * r), tip, 0.35), "head")


def _draw_pointed_ear(
    canvas: Canvas, x: float, y: float, r: float, side: int, length: float
) -> None:
    root_x, root_y = x + side * 0.6 * r, y - 0.75 * r
    tip = (root_x + side * 0.15 * r, root_y - length * r)
    outer, inner = (x + side * 0.85 * r, y - 0.45 * r), (x + side * 0.25 * r, y - 0.95 * r)
    canvas.line(polyline(outer, tip, inner), "head")
    if canvas.detail(0.12):  # the ear's inside
        low = (tip[0], tip[1] + 0.25 * r)
        inside = polyline((root_x + 0.1 * r, root_y), low, (root_x - 0.1 * r, root_y))
        canvas.line(inside, "head")


def _draw_antler(canvas: Canvas, root: Point, r: float, side: int, length: float) -> None:
    top = (root[0] + side * 0.5 * r, root[1] - 1.6 * length * r)
    canvas.line(polyline(root, top), "head")
    for share in (0.4, 0.75):
        fork = (root[0] + side * share * 0.5 * r, root[1] - share * 1.6 * length * r)
        canvas.line(polyline(fork, (fork[0] + side * 0.4 * r, fork[1] - 0.25 * r)), "head")


def _draw_mane(canvas: Canvas, x: float, y: float, r: float) -> None:
    around = ellipse(x, y, 1.1 * r, 1.1 * r)
    cuts = canvas.divide(canvas.integer(7, 20))
    depth = canvas.uniform(0.25, 0.7)
    teeth = spikes(around, cuts, depth * r)
    canvas.line(teeth if canvas.chance(0.5) else scallops(around, cuts, 1.3 * depth), "head")


def draw_face(canvas: Canvas, x: float, y: float, r: float, ear_style: str | None = None) -> None:
    """Draw a head from the front, radius about r; `ear_style` None picks one."""
    shape = canvas.pick(_FACES)
    ear_style = pick_ear_style(canvas) if ear_style is None else ear_style
    # An outline has ears of one style in it, which would contradict any other.
    if shape == "cat":
        shape = _FACES_WITH_EARS.get(ear_style, "ring")
    _draw_face_outline(canvas, x, y, r, shape)
    if shape not in _FACES_WITH_EARS.values() and canvas.chance(0.9):
        draw_ears(canvas, x, y, r, ear_style, (-1, 1))
    # In a small head, features are often left out.
    if canvas.chance(0.2 if r < 0.4 else 0.04):
        return
    # Both eyes alike.
    eyes, size = pick_eye_style(canvas), r * canvas.uniform(0.1, 0.22)
    if canvas.chance(0.9):
        for side in (-1, 1):
            draw_eye(canvas, x + side * 0.42 * r, y - 0.2 * r, size, eyes)
    _draw_nose_and_mouth(canvas, x, y + 0.3 * r, r)
    if canvas.detail(0.26):
        _draw_whiskers(canvas, x, y, r)
    if canvas.detail(0.12):  # stripes on the forehead
        for i in (-1, 0, 1):
            stripe = polyline((0.15 * i, -0.95), (0.12 * i, -0.65))
            canvas.line(place(stripe, x, y, r), "head")


def _draw_face_outline(canvas: Canvas, x: float, y: float, r: float, shape: str) -> None:
    if shape == "cat":  # ears and head in one line
        # The right half, and its mirror image from below.
        right = [(0.4, -0.9), (1, -1.6), (1.05, 0), (0.5, 0.85)]
        left = [(-px, py) for px, py in reversed(right)]
        canvas.loop(place(polyline(*right, *left, right[0]), x, y, r), "head")
    elif shape in ("bear", "rabbit", "hound"):
        ear = {
            "bear": [(0.45, -0.95), (0.55, -1.4), (1.05, -1.2), (0.95, -0.6)],
            "rabbit": [(0.15, -1), (0.3, -2.4), (0.65, -2.3), (0.65, -0.8)],
            "hound": [(0.4, -1), (1.1, -1), (1.5, 0.3), (1.15, 0.5), (1, -0.3)],
        }[shape]
        right = [*ear, (1, 0.2), (0.5, 0.95)]
        left = [(-px, py) for px, py in reversed(right)]
        canvas.loop(place(curve(*right, *left, closed=True), x, y, r), "head")
    elif shape == "box":
        canvas.loop(rectangle(x - r, y - r, x + r, y + 0.9 * r), "head")
    elif shape == "shield":
        chin = (0, canvas.uniform(0.9, 1.5))
        shield = curve((-1, -0.5), (0, -1), (1, -0.5), chin, closed=True)
        canvas.loop(place(shield, x, y, r), "head")
    else:
        canvas.ring(x, y, r * {"wide": 1.25, "egg": 0.8}.get(shape, 1), r, "head")


def _draw_whiskers(canvas: Canvas, x: float, y: float, r: float) -> None:
    for side in (-1, 1):
        for i in range(canvas.integer(2, 3)):
            rise = (i - 1) * 0.18 * r
            start = (x + side * 0.35 * r, y + 0.35 * r + rise / 2)
            end = (x + side * canvas.uniform(0.8, 1.4) * r, y + 0.3 * r + rise)
            canvas.line(polyline(start, end), "head")


def _draw_nose_and_mouth(canvas: Canvas, x: float, y: float, r: float) -> None:
    nose = canvas.pick(_NOSES)
    if nose == "ring":
        canvas.ring(x, y, 0.13 * r, 0.1 * r, "head")
    elif nose == "triangle":
        tip = polyline((-0.13, -0.08), (0.13, -0.08), (0, 0.1), (-0.13, -0.08))
        canvas.loop(place(tip, x, y, r), "head")
    elif nose == "dot":
        canvas.dot(x, y, 0.06 * r, "head")
    elif nose == "filled":
        canvas.scribble(x, y, 0.14 * r, 0.1 * r, "head")
    elif nose == "snout":  # a pig's
        canvas.ring(x, y, 0.35 * r, 0.25 * r, "head")
        for side in (-1, 1):
            canvas.ring(x + side * 0.14 * r, y, 0.04 * r, 0.07 * r, "head")
    _draw_mouth(canvas, x, y, r)


def _draw_mouth(canvas: Canvas, x: float, y: float, r: float) -> None:
    """Draw a mouth below a nose at (x, y), or none."""
    mouth = canvas.pick(_MOUTHS)
    low = y + 0.15 * r
    # A mouth belongs below the nose even where no nose is drawn.
    if mouth == "smile":
        width = canvas.uniform(0.15, 0.45) * r
        canvas.line(ellipse(x, low, width, 0.25 * r, turns=0.5), "head")
    elif mouth == "double":  # two arcs below the nose, as cats have
        half = 0.15 * r
        arcs = [ellipse(x + s * half, low, half, half, start=0.5, turns=-0.5) for s in (-1, 1)]
        for arc in [join(arcs)] if canvas.chance(0.6) else arcs:
            canvas.line(arc, "head")
        if canvas.chance(0.4):
            canvas.line(polyline((x, y), (x, low)), "head")
    elif mouth == "line":
        y_line = low + 0.1 * r
        canvas.line(polyline((x - 0.2 * r, y_line), (x + 0.2 * r, y_line)), "head")
    elif mouth == "tongue":
        canvas.line(ellipse(x, low, 0.3 * r, 0.2 * r, start=0, turns=0.5), "head")
        tongue = ellipse(x, low + 0.2 * r, 0.12 * r, 0.3 * r, start=0, turns=0.5)
        canvas.line(tongue, "head")


def draw_head_from_side(
    canvas: Canvas,
    x: float,
    y: float,
    r: float,
    shape: str | None = None,
    ear_style: str | None = None,
) -> None:
    """Draw a head that looks to the right, radius about r; None picks a shape or style."""
    shape = canvas.pick(_HEAD_SHAPES) if shape is None else shape
    ear_style = pick_ear_style(canvas) if ear_style is None else ear_style
    # The muzzle's end, from which mouth and nostril follow.
    nose = (x + r * canvas.uniform(1.3, 2.0), y + r * canvas.uniform(0.1, 0.7))
    _draw_head_outline(canvas, x, y, r, shape, nose)
    if ear_style and canvas.chance(0.75):
        shift = -0.45 * r if ear_style in ("floppy", "long") else -0.2 * r
        # From the side one ear hides the other, but many draw both.
        draw_ears(canvas, x + shift, y, r, ear_style, canvas.pick({(-1, 1): 1.5, (1,): 2.5}))
    if canvas.chance(0.62):
        size = r * canvas.uniform(0.1, 0.2)
        draw_eye(canvas, x + 0.2 * r, y - 0.25 * r, size, pick_eye_style(canvas))
    if canvas.detail(0.4):
        canvas.line(_mouth_from_side(x, r, shape, nose), "head")
    if shape in ("muzzle", "wedge") and canvas.detail(0.35):
        draw = canvas.ring if canvas.chance(0.5) else canvas.scribble
        draw(nose[0], nose[1] - 0.1 * r, 0.15 * r, 0.12 * r, "head")


def _mouth_from_side(x: float, r: float, shape: str, nose: Point) -> Path:
    low = nose[1] + 0.1 * r
    corner, bow = (x + 0.3 * r, low - 0.05 * r), ((x + nose[0]) / 2, low + 0.15 * r)
    mouth = curve((nose[0] - 0.1 * r, low), bow, corner)
    # A round head or a box ends before the nose of the others.
    return place(mouth, -0.6 * r if shape in ("ring", "box") else 0, 0)


def _draw_head_outline(
    canvas: Canvas, x: float, y: float, r: float, shape: str, nose: Point
) -> None:
    """Draw the outline of a head from the side, with its trunk, snout or horn."""
    if shape == "muzzle":
        tip = ((nose[0] - x) / r, (nose[1] - y) / r)
        above = [(-0.8, -0.3), (0, -1), (0.7, -0.4), (tip[0], tip[1] - 0.3)]
        below = [(tip[0], tip[1] + 0.3), (0.4, 0.8), (-0.6, 0.7)]
        outline = place(curve(*above, *below), x, y, r)
        if canvas.chance(0.5):
            canvas.line(outline, "head")
        else:
            canvas.loop(join([outline, outline[:1]]), "head")
    elif shape == "wedge":
        crown, jaw = (x - 0.7 * r, y - 0.8 * r), (x - 0.5 * r, y + 0.9 * r)
        canvas.loop(polyline(crown, nose, jaw, crown), "head")
    elif shape == "box":
        canvas.loop(place(rotate(rectangle(-1, -0.6, 1.1, 0.6), 0.06), x, y, r), "head")
    else:
        canvas.ring(x, y, r * canvas.uniform(0.9, 1.3), r, "head")
    if shape == "trunk":
        _draw_trunk(canvas, x, y, r)
    elif shape == "snout":
        canvas.ring(x + 1.1 * r, y + 0.15 * r, 0.2 * r, 0.3 * r, "head")
    elif shape == "horn":
        canvas.line(place(polyline((0.6, -0.7), (1.3, -1.7), (1.0, -0.4)), x, y, r), "head")


def _draw_trunk(canvas: Canvas, x: float, y: float, r: float) -> None:
    """Draw an elephant's trunk, hanging or raised: two lines, one that turns back, or one alone."""
    tip = (canvas.uniform(1.2, 2.6), canvas.pick({canvas.uniform(1.4, 2.8): 3.0, -1.2: 1.0}))
    upper = place(curve((0.8, 0), (1.6, 0.45 * tip[1]), tip), x, y, r)
    under = place(upper, -0.35 * r, 0.15 * r)
    style = canvas.pick({"two": 2.0, "back": 4.0, "one": 1.0})
    if style == "back":
        canvas.line(join([upper, under[::-1]]), "head")
        return
    canvas.line(upper, "head")
    if style == "two":
        canvas.line(under, "head")
