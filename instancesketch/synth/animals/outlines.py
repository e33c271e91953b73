"""Four-legged animals as outlines in a few strokes, each labelled as the part it draws most of."""

from __future__ import annotations

from dataclasses import dataclass

from instancesketch.synth.animals.features import draw_eye, pick_eye_style
from instancesketch.synth.animals.heads import (
    draw_ears,
    draw_face,
    draw_head_from_side,
    pick_ear_style,
)
from instancesketch.synth.canvas import Canvas, Segment
from instancesketch.synth.primitives import Path, Point, curve, join, place, polyline


@dataclass(frozen=True, kw_only=True)
class _Proportions:
    """Heights and places of an outline; the body reaches from x = -0.48 to about 0.44."""

    back: float
    belly: float
    floor: float  # where the feet stand
    x: float  # centre of the head
    y: float
    r: float
    stride: float  # how far the legs are apart
    round: bool  # legs are curves

    @classmethod
    def sample(cls, canvas: Canvas) -> _Proportions:
        r = canvas.uniform(0.08, 0.17)
        # Short necks mostly, and long ones as of giraffes.
        rise = canvas.pick({canvas.uniform(-0.1, 0.35): 5.0, canvas.uniform(0.4, 0.9): 1.0})
        return cls(
            back=-canvas.uniform(0.12, 0.28),
            belly=canvas.uniform(0.02, 0.15),
            floor=canvas.uniform(0.25, 0.6),
            x=canvas.uniform(0.48, 0.62),
            y=-0.18 - rise,
            r=r,
            stride=canvas.pick({0.0: 2.0, canvas.uniform(0, 0.2): 2.0}),
            round=canvas.chance(0.4),
        )

    @property
    def rump(self) -> Point:
        return (-0.48, self.back + 0.06)

    @property
    def nape(self) -> Point:
        return (self.x - 0.8 * self.r, self.y + 0.3 * self.r)

    @property
    def throat(self) -> Point:
        return (self.x, self.y + self.r)


def draw_animal_outline(canvas: Canvas) -> None:
    """Draw an outline: from the head along the back, round tail and legs, and up the chest."""
    animal = _Proportions.sample(canvas)
    lower = _lower_segments(canvas, animal)
    separate_head = canvas.chance(0.4)
    # A neck in one line with the body is labelled as either.
    neck = canvas.pick({"body": 2.0, "neck": 1.0})
    chest = (0.47, animal.belly / 2 + animal.back / 2)
    up = Segment(path=curve((0.44, animal.belly), chest, animal.throat), part=neck)
    withers, loin = (0.34, animal.back), (-0.35, animal.back)
    middle = (0, animal.back * canvas.jitter(0.9))
    down = Segment(path=curve(animal.nape, withers, middle, loin, animal.rump), part="body")
    head = [] if separate_head else _head_segments(canvas, animal)
    canvas.begin_feature()
    segments = [*head[:1], down, *lower, up, *head[1:]]
    # A closed outline may be begun anywhere, but most begin at the head.
    anywhere = separate_head or canvas.chance(0.3)
    start = canvas.integer(0, len(segments) - 1) if anywhere else 0
    lift = canvas.pick({0.0: 2.0, 0.15: 2.0, 0.5: 2.0})
    canvas.outline(segments[start:] + segments[:start], lift=lift)
    canvas.begin_feature()
    if separate_head:
        draw_head = draw_face if canvas.chance(0.35) else draw_head_from_side
        draw_head(canvas, animal.x, animal.y, 1.2 * animal.r)
    elif canvas.chance(0.75):
        _draw_head_details(canvas, animal)
    for part, x in (("back-leg", -0.2), ("front-leg", 0.2)):  # the far legs
        if canvas.chance(0.35):
            canvas.begin_feature()
            _draw_far_leg(canvas, animal, x, part)


def _lower_segments(canvas: Canvas, animal: _Proportions) -> list[Segment]:
    """Return tail, legs and belly, from the rump to the chest; some drawings have no tail."""
    segments = []
    if canvas.chance(0.6):
        segments.append(Segment(path=_tail_path(canvas, animal.rump), part="tail"))
    legs_per_pair = canvas.pick({1: 3.0, 2: 1.2})
    if canvas.chance(0.12):  # lying, or cut off at the belly
        belly = curve((-0.48, 0), (-0.4, animal.belly), (0.44, animal.belly))
        return [*segments, Segment(path=belly, part="body")]
    for part, left, right in (("back-leg", -0.48, -0.15), ("front-leg", 0.12, 0.44)):
        width = (right - left) / legs_per_pair
        for i in range(legs_per_pair):
            path = _leg_path(canvas, left + i * width, left + (i + 0.9) * width, animal)
            segments.append(Segment(path=path, part=part, instance=f"{part} {i}"))
        if part == "back-leg":
            path = curve((-0.15, animal.belly), (0, animal.belly + 0.02), (0.12, animal.belly))
            segments.append(Segment(path=path, part="body"))
    return segments


def _head_segments(canvas: Canvas, animal: _Proportions) -> list[Segment]:
    """Return the profile from nose to nape and from throat to nose, with an ear or without."""
    x, y, r = animal.x, animal.y, animal.r
    nose = (x + r * canvas.uniform(0.8, 2.4), y + r * canvas.uniform(0.0, 0.7))
    brow = (x + 0.6 * r, y - 0.5 * r)
    crown = [(x + 0.1 * r, y - r), (x - 0.5 * r, y - 0.7 * r)]
    if canvas.chance(0.3):
        ear = (x - 0.2 * r, y - r * canvas.uniform(1.6, 3.0))
        crown = [(x + 0.1 * r, y - r), ear, (x - 0.5 * r, y - 0.7 * r)]
    above = [(nose[0], nose[1] - 0.2 * r), brow, *crown, animal.nape]
    chin = (nose[0] - 0.1 * r, nose[1] + 0.4 * r)
    below = [animal.throat, (x + 0.6 * r, y + 0.8 * r), chin, nose]
    path_through = polyline if canvas.chance(0.35) else curve
    return [
        Segment(path=path_through(*above), part="head"),
        Segment(path=path_through(*below), part="head"),
    ]


def _draw_head_details(canvas: Canvas, animal: _Proportions) -> None:
    x, y, r = animal.x, animal.y, animal.r
    if canvas.chance(0.6):
        style = pick_ear_style(canvas)
        sides = canvas.pick({(1,): 1.0, (-1, 1): 1.0})
        draw_ears(canvas, x - 0.4 * r, y + 0.2 * r, r, style, sides)
    if canvas.chance(0.75):
        size = r * canvas.uniform(0.1, 0.2)
        draw_eye(canvas, x + 0.3 * r, y - 0.1 * r, size, pick_eye_style(canvas))
    if canvas.detail(0.5):
        canvas.line(polyline((x + 1.5 * r, y + 0.6 * r), (x + 0.7 * r, y + 0.65 * r)), "head")
    if canvas.detail(0.2):
        canvas.dot(x + 1.6 * r, y + 0.2 * r, 0.12 * r, "head")


def _tail_path(canvas: Canvas, root: Point) -> Path:
    """Return a tail as a loop to the left, so that the outline goes on where it left the body."""
    length, rise = canvas.uniform(0.1, 0.4), canvas.uniform(-0.3, 0.35)
    half = (-length / 2, -rise / 2)
    path = curve((0, 0), half, (-length, -rise), (half[0], half[1] + 0.06), (0, 0.08))
    return place(path, *root)


def _leg_path(canvas: Canvas, left: float, right: float, animal: _Proportions) -> Path:
    """Return a leg in an outline that goes to the right along the belly."""
    foot = canvas.jitter(animal.floor, 0.06)
    # Narrower below than where it leaves the belly: thighs are broad.
    width = canvas.uniform(0.25, 0.7) * (right - left)
    middle = (left + right) / 2 + canvas.uniform(-0.04, 0.04)
    middle = middle + canvas.uniform(-1, 1) * animal.stride
    knee_x, knee_y = ((left + right) / 2 + middle) / 2, (animal.belly + foot) / 2
    down = [(left, animal.belly), (knee_x - width / 2, knee_y), (middle - width / 2, foot)]
    up = [(middle + width / 2, foot), (knee_x + width / 2, knee_y), (right, animal.belly)]
    if canvas.chance(0.15):  # pointed
        return polyline(down[0], (middle, foot), up[-1])
    return curve(*down, *up) if animal.round else polyline(*down, *up)


def _draw_far_leg(canvas: Canvas, animal: _Proportions, x: float, part: str) -> None:
    # Ends a little higher, as what stands farther away does.
    foot = canvas.jitter(animal.floor, 0.05) - 0.02
    shift = canvas.uniform(-1, 1) * (animal.stride + 0.04)
    down = polyline((-0.05, animal.belly), (-0.03 + shift, foot))
    leg = join([down, polyline((0.04 + shift, foot), (0.05, animal.belly))])
    canvas.line(place(leg if canvas.chance(0.7) else down, x, 0), part, f"{part} far")
