"""Birds not in profile: from the front, flying, swimming in one line, the head alone."""

from __future__ import annotations

from instancesketch.synth.animals.bird_parts import beak, bird_head, legs, tail
from instancesketch.synth.animals.features import Legs, eye, eye_style, strokes_of
from instancesketch.synth.canvas import Pad, Piece
from instancesketch.synth.primitives import (
    Path,
    curve,
    drop,
    ellipse,
    joined,
    placed,
    polyline,
    scallops,
)


def front(pad: Pad) -> None:
    """Owls, penguins and chicks: upright, two eyes."""
    w, own_head = pad.between(0.2, 0.42), pad.chance(0.4)
    pad.feature()
    y = -0.25
    if own_head:
        y = -0.6
        pad.ring(0, y, w * pad.between(0.7, 1.0), w * pad.between(0.7, 0.9), "head")
        pad.feature()
    _upright_body(pad, w, y, own_head)
    pad.feature()
    if pad.chance(0.85):
        _owl_face(pad, w, y)
    if pad.chance(0.7):
        pad.feature()
        _sides(pad, w)
    if pad.chance(0.8):
        _standing_feet(pad, w)


def _upright_body(pad: Pad, w: float, y: float, own_head: bool) -> None:
    style = pad.pick({"ring": 3.0, "drop": 1.0, "box": 0.5, "eared": 0.0 if own_head else 1.0})
    if style == "ring":
        pad.ring(0, 0, w, 0.5, "body")
    elif style == "eared":  # ears and body in one line
        tops = (-w, -0.6), (-0.5 * w, -0.4), (0.5 * w, -0.4), (w, -0.6)
        pad.loop(curve(*tops, (1.05 * w, 0.1), (0, 0.5), (-1.05 * w, 0.1), closed=True), "body")
    elif style == "box":
        pad.loop(polyline((-w, -0.45), (w, -0.45), (w, 0.5), (-w, 0.5), (-w, -0.45)), "body")
    else:
        pad.loop(drop((0, -0.6), (0, 0.5), pad.between(0.6, 1.0)), "body")
    if pad.care(0.4):
        pad.line(ellipse(0, 0.08, w * 0.65, 0.34, start=0.6, turns=pad.between(0.8, 1)), "body")
    if pad.care(0.2):  # feathers on the breast
        for _ in range(pad.count(2, 6)):
            x, low = pad.between(-0.5, 0.5) * w, pad.between(0, 0.35)
            pad.line(ellipse(x, low, 0.05, 0.05, start=0, turns=0.5), "body")
    if style != "eared" and pad.care(0.3):
        for side in (-1, 1):
            root = (side * w * 0.75, y - 0.12), (side * w * 0.3, y - 0.24)
            pad.line(polyline(root[0], (side * w * 0.7, y - 0.34), root[1]), "head")


def _owl_face(pad: Pad, w: float, y: float) -> None:
    look = eye_style(pad)
    size = w * pad.between(0.12, 0.42)
    for side in (-1, 1):
        eye(pad, side * w * 0.4, y - 0.05, size, look)
    if pad.chance(0.9):
        low, half = pad.between(0.12, 0.2), pad.between(0.03, 0.07)
        bill = polyline((-half, 0.06), (0, low), (half, 0.06), (-half, 0.06))
        pad.line(placed(bill[: pad.count(3, 4)], 0, y), "head")


def _sides(pad: Pad, w: float) -> None:
    """Wings at both sides: closed, open, or spread."""
    style = pad.pick({"drop": 2.0, "open": 2.0, "stub": 1.0})
    reach, low = pad.between(0.9, 1.9), pad.between(-0.2, 0.35)
    for side in (-1, 1):
        shoulder, tip = (side * w * 0.85, -0.2), (side * w * reach, low)
        if style == "drop":
            pad.line(drop(shoulder, tip, 0.35), "body")
        elif style == "open":
            pad.line(curve(shoulder, (side * w * 1.2, 0.1), tip), "body")
        else:
            pad.line(polyline(shoulder, tip, (side * w * 0.9, 0.15)), "body")


def _standing_feet(pad: Pad, w: float) -> None:
    if pad.chance(0.35):
        legs(pad, 0, 0.49, pad.between(0.08, 0.25))
        return
    pad.feature()
    kind = pad.pick({"oval": 2.0, "vee": 1.0, "toes": 1.5, "fork": 1.0, "web": 1.0})
    feet = Legs(style="stick", long=0.0, width=pad.between(0.08, 0.2), bend=0, foot=kind)
    for side in (-1, 1):
        feet.draw_foot(pad, (side * w * 0.45, 0.52), "back-foot", f"leg {side}")


def flying(pad: Pad) -> None:
    """Wings spread, above and below the body or both above it; no legs."""
    high = pad.between(0.06, 0.16)
    pad.feature()
    if pad.chance(0.3):
        pad.loop(drop((-0.5, 0), (0.45, -0.05), high * 3), "body")
    else:
        pad.ring(0, 0, 0.4, high, "body")
    if pad.chance(0.9):
        pad.feature()
        bird_head(pad, 0.45, -0.05, pad.between(0.08, 0.18))
    pad.feature()
    below = pad.pick({1: 2.0, -1: 1.5})
    style = pad.pick({"lines": 3.0, "curve": 2.0, "drop": 1.0, "feathers": 0.7})
    for i, (side, x) in enumerate(((-1, 0.1), (below, -0.05))):
        reach = pad.between(0.3, 0.7)
        tip = (x - pad.between(-0.2, 0.45) - 0.1 * i, side * reach)
        _spread(pad, x, side * high, tip, style)
    if pad.chance(0.6):
        pad.feature()
        tail(pad, -0.38, 0, pad.between(0.15, 0.3))


def _spread(pad: Pad, x: float, y: float, tip: tuple[float, float], style: str) -> None:
    root, back = (x + 0.1, 0.9 * y), (x - pad.between(0.1, 0.3), 0.8 * y)
    if style == "lines":
        pad.line(polyline(root, tip, back), "body")
    elif style == "drop":
        pad.line(drop((x, y), tip, pad.between(0.3, 0.6)), "body")
    elif style == "feathers":
        edge = scallops(polyline(tip, back), pad.cuts(pad.count(3, 5)), 0.4)
        pad.line(joined([polyline(root), edge]), "body")
    else:
        pad.line(curve(root, (x + 0.15, 0.7 * tip[1]), tip, back), "body")


def gulls(pad: Pad) -> None:
    """Wings and nothing else, as far away birds are drawn: one, or a few."""
    sag, bow = pad.between(0.1, 0.4), pad.chance(0.75)
    for _ in range(pad.pick({1: 3.0, 2: 1.0, 3: 1.0, 5: 0.5})):
        pad.feature()
        x, y = pad.rng.normal(0, 1, 2)
        wings = [
            curve((-0.5, 0), (-0.25, -sag), (0, 0.05)) if bow else polyline((-0.5, -sag), (0, 0)),
            curve((0, 0.05), (0.25, -sag), (0.5, 0)) if bow else polyline((0, 0), (0.5, -sag)),
        ]
        if pad.chance(0.7):
            wings = [joined(wings)]
        for wing in wings:
            pad.line(placed(wing, x, y, pad.near(1, 0.2)), "body")


def head_alone(pad: Pad) -> None:
    """A head, perhaps with the lines of a neck below it."""
    pad.feature()
    bird_head(pad, 0, 0, 0.5)
    if pad.chance(0.4):
        pad.feature()
        part = pad.pick({"neck": 2.0, "body": 1.0})
        for x in (-0.35, 0.2):
            pad.line(curve((x, 0.4), (x * 0.9, 0.8), (x * 1.4, 1.3)), part)


def one_line(pad: Pad) -> None:
    """Swans, ducks and geese: neck and body in one line, or in two or three."""
    high, rise = pad.between(0.15, 0.28), pad.between(0.15, 0.9)
    x, bend = pad.between(0.3, 0.6), pad.between(-0.1, 0.25)
    crown = (x, -high - rise)
    chin = (x + 0.12, crown[1] + 0.1)
    up: list[Path] = [
        curve((0.4, 0.1), (0.35 + bend, -high - 0.2 * rise), (x - 0.05, -high - 0.6 * rise), chin),
        curve(chin, (x + 0.08, crown[1]), (x - 0.08, crown[1] + 0.02), (x - 0.12, crown[1] + 0.15)),
        curve((x - 0.12, crown[1] + 0.15), (0.2 + bend, -high - 0.2 * rise), (0.15, -high * 0.7)),
    ]
    end = (-0.5 - pad.between(0, 0.2), -high * pad.between(0.2, 1.4))
    neck = pad.pick({"neck": 3.0, "body": 1.0})
    pieces = [
        Piece(path=up[0], part=neck),
        Piece(path=up[1], part="head" if pad.chance(0.6) else neck),
        Piece(path=up[2], part=neck),
        Piece(path=curve((0.15, -high * 0.7), (-0.2, -high * 0.6), end), part="body"),
        Piece(
            path=curve(end, (-0.35, high * 0.8), (0, high), (0.3, 0.7 * high), (0.4, 0.1)),
            part="body",
        ),
    ]
    if pad.chance(0.35):  # the neck as one line
        pieces = pieces[2:]
    pad.feature()
    start = pad.count(0, len(pieces) - 1)
    strokes_of(pad, pieces[start:] + pieces[:start], lift=pad.pick({0.0: 3.0, 0.25: 2.0}))
    pad.feature()
    if pad.chance(0.85):
        beak(pad, chin[0], chin[1] - 0.06, 0.1)
    if pad.chance(0.5):
        eye(pad, x, crown[1] + 0.08, 0.025, eye_style(pad))
    if pad.care(0.6):
        pad.feature()
        fold = curve((0.1, 0), (-0.15, -0.5 * high), (-0.4, -0.2 * high), (-0.1, 0.4 * high))
        pad.line(fold if pad.chance(0.5) else fold[:12], "body")
    if pad.chance(0.3):
        legs(pad, 0, high * 0.95, pad.between(0.12, 0.5))
