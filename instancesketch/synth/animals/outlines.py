"""Animals on four legs as an outline in a few strokes, each named for what it draws most of."""

from __future__ import annotations

from dataclasses import dataclass

from instancesketch.synth.animals.features import eye, eye_style, strokes_of
from instancesketch.synth.animals.heads import ear_style, ears, face, side_head
from instancesketch.synth.canvas import Pad, Piece
from instancesketch.synth.primitives import Path, Point, curve, joined, placed, polyline


@dataclass(frozen=True, kw_only=True)
class _Build:
    """Heights and places of an outline; the body reaches from -0.48 to about 0.44."""

    back: float
    belly: float
    low: float  # where the feet stand
    x: float  # the head's middle
    y: float
    r: float
    stride: float  # how far the legs stand apart
    round: bool  # legs are curves


def contour(pad: Pad) -> None:
    """From the head along the back, round tail and legs, and up the chest again."""
    r, rise = (
        pad.between(0.08, 0.17),
        pad.pick({pad.between(-0.1, 0.35): 5.0, pad.between(0.4, 0.9): 1.0}),
    )
    build = _Build(
        back=-pad.between(0.12, 0.28),
        belly=pad.between(0.02, 0.15),
        low=pad.between(0.25, 0.6),
        x=pad.between(0.48, 0.62),
        y=-0.18 - rise,
        r=r,
        stride=pad.pick({0.0: 2.0, pad.between(0, 0.2): 2.0}),
        round=pad.chance(0.4),
    )
    body = _below(pad, build)
    own_head = pad.chance(0.4)
    neck = pad.pick({"body": 2.0, "neck": 1.0})
    nape, throat = (build.x - 0.8 * r, build.y + 0.3 * r), (build.x, build.y + r)
    up = Piece(
        path=curve((0.44, build.belly), (0.47, build.belly / 2 + build.back / 2), throat), part=neck
    )
    down = Piece(
        path=curve(
            nape,
            (0.34, build.back),
            (0, build.back * pad.near(0.9)),
            (-0.35, build.back),
            (-0.48, build.back + 0.06),
        ),
        part="body",
    )
    head = [] if own_head else _head(pad, build, nape, throat)
    pad.feature()
    pieces = [*head[:1], down, *body, up, *head[1:]]
    start = pad.count(0, len(pieces) - 1) if own_head or pad.chance(0.3) else 0
    strokes_of(pad, pieces[start:] + pieces[:start], lift=pad.pick({0.0: 2.0, 0.15: 2.0, 0.5: 2.0}))
    pad.feature()
    if own_head:
        (face if pad.chance(0.35) else side_head)(pad, build.x, build.y, 1.2 * r)
    elif pad.chance(0.75):
        _features(pad, build)
    for part, x in (("back-leg", -0.2), ("front-leg", 0.2)):  # the far legs
        if pad.chance(0.35):
            pad.feature()
            _far_leg(pad, build, x, part)


def _below(pad: Pad, build: _Build) -> list[Piece]:
    """Tail, legs and belly, from the rump to the chest; some leave the tail out."""
    pieces = []
    if pad.chance(0.6):
        pieces.append(Piece(path=_tail(pad, (-0.48, build.back + 0.06)), part="tail"))
    legs = pad.pick({1: 3.0, 2: 1.2})  # of each pair
    if pad.chance(0.12):
        return [
            *pieces,
            Piece(path=curve((-0.48, 0), (-0.4, build.belly), (0.44, build.belly)), part="body"),
        ]
    for part, left, right in (("back-leg", -0.48, -0.15), ("front-leg", 0.12, 0.44)):
        wide = (right - left) / legs
        for i in range(legs):
            path = _leg(pad, left + i * wide, left + (i + 0.9) * wide, build)
            pieces.append(Piece(path=path, part=part, unit=f"{part} {i}"))
        if part == "back-leg":
            path = curve((-0.15, build.belly), (0, build.belly + 0.02), (0.12, build.belly))
            pieces.append(Piece(path=path, part="body"))
    return pieces


def _head(pad: Pad, build: _Build, nape: Point, throat: Point) -> list[Piece]:
    """The profile from nose to nape, and from throat to nose, with ears in the line or not."""
    x, y, r = build.x, build.y, build.r
    nose = (x + r * pad.between(0.8, 2.4), y + r * pad.between(0.0, 0.7))
    brow = (x + 0.6 * r, y - 0.5 * r)
    crown = [(x + 0.1 * r, y - r), (x - 0.5 * r, y - 0.7 * r)]
    if pad.chance(0.3):
        high = r * pad.between(1.6, 3.0)
        crown = [(x + 0.1 * r, y - r), (x - 0.2 * r, y - high), (x - 0.5 * r, y - 0.7 * r)]
    above = [(nose[0], nose[1] - 0.2 * r), brow, *crown, nape]
    chin = (nose[0] - 0.1 * r, nose[1] + 0.4 * r)
    below = [throat, (x + 0.6 * r, y + 0.8 * r), chin, nose]
    draw = polyline if pad.chance(0.35) else curve
    return [Piece(path=draw(*above), part="head"), Piece(path=draw(*below), part="head")]


def _features(pad: Pad, build: _Build) -> None:
    x, y, r = build.x, build.y, build.r
    if pad.chance(0.6):
        ears(pad, x - 0.4 * r, y + 0.2 * r, r, ear_style(pad), pad.pick({(1,): 1.0, (-1, 1): 1.0}))
    if pad.chance(0.75):
        eye(pad, x + 0.3 * r, y - 0.1 * r, r * pad.between(0.1, 0.2), eye_style(pad))
    if pad.care(0.5):
        pad.line(polyline((x + 1.5 * r, y + 0.6 * r), (x + 0.7 * r, y + 0.65 * r)), "head")
    if pad.care(0.2):
        pad.dot(x + 1.6 * r, y + 0.2 * r, 0.12 * r, "head")


def _tail(pad: Pad, root: Point) -> Path:
    long, rise = pad.between(0.1, 0.4), pad.between(-0.3, 0.35)
    half = (-long / 2, -rise / 2)
    path = curve((0, 0), half, (-long, -rise), (half[0], half[1] + 0.06), (0, 0.08))
    return placed(path, *root)


def _leg(pad: Pad, left: float, right: float, build: _Build) -> Path:
    """A leg in an outline that goes to the right along the belly; broad above, as thighs are."""
    foot, thin = pad.near(build.low, 0.06), pad.between(0.25, 0.7) * (right - left)
    middle = (left + right) / 2 + pad.between(-0.04, 0.04) + pad.between(-1, 1) * build.stride
    knee = (build.belly + foot) / 2
    bent = ((left + right) / 2 + middle) / 2
    down = [(left, build.belly), (bent - thin / 2, knee), (middle - thin / 2, foot)]
    up = [(middle + thin / 2, foot), (bent + thin / 2, knee), (right, build.belly)]
    if pad.chance(0.15):  # pointed
        return polyline(down[0], (middle, foot), up[-1])
    return curve(*down, *up) if build.round else polyline(*down, *up)


def _far_leg(pad: Pad, build: _Build, x: float, part: str) -> None:
    foot = pad.near(build.low, 0.05) - 0.02
    shift = pad.between(-1, 1) * (build.stride + 0.04)
    down = polyline((-0.05, build.belly), (-0.03 + shift, foot))
    leg = joined([down, polyline((0.04 + shift, foot), (0.05, build.belly))])
    pad.line(placed(leg if pad.chance(0.7) else down, x, 0), part, f"{part} far")
