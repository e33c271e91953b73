"""Four-legged animals from the side: standing, running or lying, of separate forms."""

from __future__ import annotations

import numpy as np

from instancesketch.synth.animals.heads import draw_face, draw_head_from_side
from instancesketch.synth.animals.outlines import draw_animal_outline
from instancesketch.synth.animals.poses import (
    draw_animal_from_front,
    draw_face_alone,
    draw_head_and_body,
    draw_sitting_animal,
    draw_upright_animal,
)
from instancesketch.synth.animals.postures import (
    draw_animal_in_one_line,
    draw_animal_sitting_in_front,
    draw_bust,
    draw_curled_animal,
)
from instancesketch.synth.animals.quadruped_legs import draw_legs, draw_lying_legs
from instancesketch.synth.animals.species import Animal
from instancesketch.synth.canvas import Canvas
from instancesketch.synth.primitives import (
    Path,
    curve,
    ellipse,
    join,
    polyline,
    rectangle,
    scallops,
    spikes,
    teardrop,
    zigzag,
)


def draw_quadruped(canvas: Canvas) -> None:
    """Draw an animal that looks to the right (the style may mirror it)."""
    # Weights are about the shares among animals that people drew.
    poses = {
        _draw_from_side: 6.0,
        draw_animal_outline: 3.2,
        draw_face_alone: 2.5,
        draw_sitting_animal: 0.5,
        draw_upright_animal: 0.6,
        draw_animal_from_front: 0.3,
        draw_head_and_body: 0.4,
        draw_animal_in_one_line: 0.9,
        draw_animal_sitting_in_front: 0.8,
        draw_curled_animal: 0.6,
        draw_bust: 0.35,
    }
    canvas.pick(poses)(canvas)


def _draw_from_side(canvas: Canvas) -> None:
    animal = Animal.sample(canvas)
    x, y, r = animal.head_x, animal.head_y, animal.head_radius
    canvas.begin_feature()
    draw_body(canvas, animal)
    if animal.has_neck:
        canvas.begin_feature()
        _draw_neck(canvas, animal)
    canvas.begin_feature()
    # The head may look at the viewer while the body is in profile.
    if animal.facing:
        draw_face(canvas, x, y, r, animal.ears)
    else:
        draw_head_from_side(canvas, x, y, r, animal.head_shape, animal.ears)
    if animal.tail:
        canvas.begin_feature()
        draw_tail(canvas, -0.48, -animal.half_height * canvas.uniform(0.1, 0.6), animal.tail)
    # An animal without legs was left unfinished.
    pose = canvas.pick({"stand": 8.0, "run": 2.0, "lie": 0.7, "none": 0.5})
    if pose == "lie":
        draw_lying_legs(canvas, animal.half_height)
    elif pose != "none":
        draw_legs(canvas, animal, running=pose == "run")
    if animal.coat and canvas.detail(0.85):
        canvas.begin_feature()
        draw_coat(canvas, animal)


def draw_body(canvas: Canvas, animal: Animal) -> None:
    """Draw a body about (0, 0), from x = -0.5 to 0.5."""
    half, style = animal.half_height, animal.body
    if style == "ring":
        canvas.ring(0, 0, 0.5, half, "body", tilt=canvas.uniform(-0.02, 0.02))
    elif style == "box":
        canvas.loop(rectangle(-0.5, -half, 0.5, half), "body")
    elif style == "spine":  # the back alone, as of stick figures
        middle = (0, -half * canvas.uniform(0.7, 1.1))
        canvas.line(curve((-0.5, -half), middle, (0.5, -half)), "body")
    elif style == "arch":  # a high back over a flat belly, in one line or two
        back = ellipse(0, half, 0.5, 2 * half, start=0.5, turns=0.5)
        if canvas.chance(0.6):
            canvas.line(join([back, back[:1]]), "body")
        else:
            canvas.line(back, "body")
            canvas.line(back[[0, -1]], "body")
    elif style in ("wool", "spiky", "curls"):
        _draw_shaggy_body(canvas, half, style)
    else:
        _draw_curved_body(canvas, half, style)


def _draw_shaggy_body(canvas: Canvas, half: float, style: str) -> None:
    # Wool and spikes go round a body that is hardly uneven itself.
    around = canvas.blob(0, 0, 0.5, half, uneven=0.04)
    cuts = canvas.divide(canvas.integer(7, 18), 0, canvas.jitter(1, 0.03))
    if style == "spiky":
        canvas.line(spikes(around, cuts, canvas.uniform(0.05, 0.12)), "body")
    elif style == "wool":
        depths = canvas.bulge_depths(len(cuts) - 1, 0.25, 0.6)
        canvas.line(scallops(around, cuts, depths, canvas.uniform(0, 0.8)), "body")
    else:
        canvas.scribble(0, 0, 0.5, half, "body")


def _draw_curved_body(canvas: Canvas, half: float, style: str) -> None:
    """Draw back and belly as curves, in one line or apart, with humps or without."""
    sway = canvas.uniform(-0.3, 0.4) * half
    back = [(-0.5, 0.0), (-0.3, -half), (0.0, -half + sway), (0.35, -half), (0.5, 0.0)]
    if style == "hump":
        humps = {
            1: [(-0.2, -half), (0.0, -2.2 * half), (0.2, -half)],
            2: [(-0.2, -2 * half), (-0.05, -half), (0.1, -2 * half)],
        }[canvas.integer(1, 2)]
        back[2:3] = humps
    belly = [(0.3, half), (0.0, half - sway / 2), (-0.35, half)]
    if style == "bean" or (style == "hump" and canvas.chance(0.5)):
        canvas.loop(curve(*back, *belly, closed=True), "body")
        return
    canvas.line(curve(*back), "body")
    canvas.line(curve((-0.45, half * 0.6), (0, half), (0.4, half * 0.7)), "body")
    if canvas.chance(0.4):  # the rump, which closes the body behind
        canvas.line(curve((-0.5, 0.0), (-0.52, 0.3 * half), (-0.45, half * 0.6)), "body")


def _draw_neck(canvas: Canvas, animal: Animal) -> None:
    """Draw a neck as one line or two, with its mane, spots or stripes."""
    half, x, y, r = animal.half_height, animal.head_x, animal.head_y, animal.head_radius
    if canvas.chance(0.2):
        canvas.line(polyline((0.36, -half * 0.6), (x - r * 0.3, y + r * 0.8)), "neck")
        return
    bend, sides = canvas.uniform(-0.05, 0.05), []
    back, chest = (0.25, -half * 0.85), (0.46, -half * 0.3)
    for foot, top in ((back, (x - r * 0.8, y + r * 0.2)), (chest, (x + r * 0.1, y + r))):
        middle = ((foot[0] + top[0]) / 2 + bend, (foot[1] + top[1]) / 2)
        sides.append(curve(foot, middle, top))
    if canvas.chance(0.15):  # up and down again, round where the head will be
        canvas.line(join([sides[0], sides[1][::-1]]), "neck")
        return
    for side in sides:
        canvas.line(side, "neck")
    if animal.coat == "mane" and canvas.detail(0.8):
        (x0, y0), (x1, y1) = sides[0][[0, -1]]
        # A little behind the neck, which a mane covers but doesn't cross.
        ends = (x0 - 0.03, y0), (x1 - 0.03, y1)
        mane = zigzag(*ends, canvas.integer(6, 16), canvas.uniform(0.06, 0.12))
        canvas.line(mane, canvas.pick({"neck": 2.0, "head": 1.0}))
    elif animal.coat in ("spots", "stripes") and canvas.detail(0.5):
        _draw_neck_pattern(canvas, sides[0], sides[1], animal.coat)


def _draw_neck_pattern(canvas: Canvas, back: Path, front: Path, coat: str) -> None:
    for share in canvas.divide(canvas.integer(2, 5), 0.1, 0.9):
        i = int(share * (len(back) - 1))
        (px, py), (qx, qy) = back[i], front[i]
        if coat == "stripes":
            canvas.line(polyline((px, py), (qx, qy)), "neck")
        else:
            canvas.ring((px + qx) / 2, (py + qy) / 2, 0.03, 0.03, "neck")


def draw_tail(canvas: Canvas, x: float, y: float, style: str) -> None:
    """Draw a tail to the left from (x, y), in a style of `Species.tail`."""
    length = canvas.uniform(0.12, 0.45)
    rise = canvas.pick({0.0: 0.6, canvas.uniform(-1.2, 1.2): 3.0})  # radians
    end = (x - length * np.cos(rise), y - length * np.sin(rise))
    bow = ((x + end[0]) / 2, (y + end[1]) / 2 + canvas.uniform(-0.12, 0.12))
    if style in ("line", "tuft"):
        straight = canvas.chance(0.35)
        canvas.line(polyline((x, y), end) if straight else curve((x, y), bow, end), "tail")
    if style == "tuft":
        canvas.line(teardrop(end, (end[0] - 0.08, end[1] + 0.06), 0.6), "tail")
    elif style == "curl":  # a pig's
        r = length / 4
        curl = ellipse(x - 2 * r, y, r, r, turns=canvas.uniform(1, 2))
        canvas.line(join([polyline((x, y)), curl]), "tail")
    elif style == "loop":
        canvas.line(teardrop((x, y), end, canvas.uniform(0.2, 0.5)), "tail")
    elif style == "tube":
        under, tip = (bow[0], bow[1] + 0.07), (end[0], end[1] + 0.05)
        canvas.line(curve((x, y), bow, end, tip, under, (x, y + 0.08)), "tail")
    elif style == "brush":  # a squirrel's
        tip = (x - canvas.uniform(-0.1, 0.15), y - canvas.uniform(0.4, 0.8))
        back = (x - canvas.uniform(0.2, 0.35), (y + tip[1]) / 2)
        brush = curve((x, y), back, tip, (x + 0.12, tip[1] + 0.1), (x + 0.02, y - 0.15))
        canvas.line(brush, "tail")
    elif style == "bushy":
        canvas.line(zigzag((x, y), end, canvas.integer(5, 14), 0.1), "tail")
    elif style == "puff":
        draw = canvas.ring if canvas.chance(0.7) else canvas.scribble
        draw(x - 0.04, y, 0.06, 0.06, "tail")


def draw_coat(canvas: Canvas, animal: Animal) -> None:
    """Draw spots, stripes, or fur scribbled on the body."""
    half, style = animal.half_height, animal.coat
    if style == "spots":
        # All rings or all filled: people repeat themselves within a drawing.
        draw = canvas.scribble if canvas.chance(0.25) else canvas.ring
        for _ in range(canvas.integer(2, 7)):
            x, y = canvas.uniform(-0.35, 0.35), canvas.uniform(-0.6, 0.6) * half
            r = canvas.uniform(0.02, 0.08)
            draw(x, y, r, canvas.jitter(r, 0.3), "body")
    elif style == "stripes":
        for x in canvas.divide(canvas.integer(3, 7), -0.4, 0.4):
            # As high as the body's ellipse is there.
            reach = half * np.sqrt(1 - (x / 0.5) ** 2)
            low = canvas.uniform(0.0, 0.9) * reach
            canvas.line(polyline((x, -reach), (x + canvas.uniform(-0.04, 0.04), low)), "body")
    elif style == "fur":
        width = half * canvas.uniform(0.4, 1.4)
        canvas.line(zigzag((-0.4, 0), (0.4, 0), canvas.integer(8, 30), width), "body")
    elif style == "dark":
        canvas.scribble(canvas.uniform(-0.2, 0.2), 0, 0.25, half * 0.8, "body")
