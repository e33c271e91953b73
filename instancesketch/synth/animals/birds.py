"""Birds in profile: of separate forms, wading, as outlines in few strokes, upright on a twig.

A bird's legs and feet are `back`; wings are `body`, beaks and eyes `head`.
"""

from __future__ import annotations

import numpy as np

from instancesketch.synth.animals.bird_parts import beak, bird_head, legs, tail, wing
from instancesketch.synth.animals.bird_poses import flying, front, gulls, head_alone, one_line
from instancesketch.synth.animals.features import eye, eye_style, strokes_of
from instancesketch.synth.canvas import Pad, Piece
from instancesketch.synth.primitives import (
    Path,
    curve,
    ellipse,
    placed,
    polyline,
    turned,
)


def two_legged(pad: Pad) -> None:
    """Draws a bird that looks to the right (the hand may mirror it)."""
    poses = {
        _standing: 3.2, _contour: 5.0, _wading: 1.3, front: 2.0, flying: 0.9, gulls: 0.3,
        head_alone: 0.3, one_line: 1.2, _perched: 1.0,
    }  # fmt: skip
    pad.pick(poses)(pad)


def _standing(pad: Pad) -> None:
    high, tilt = pad.between(0.15, 0.32), pad.between(-0.12, 0.02)
    r = pad.between(0.11, 0.24)
    x, y = pad.between(0.32, 0.5), -high - r * pad.between(-0.2, 0.7)
    swims = pad.chance(0.12)
    pad.feature()
    body = pad.pick({"ring": 4.0, "drop": 2.0, "half": 0.8, "bowl": 1.0 + swims})
    if body == "ring":
        pad.ring(0, 0, 0.45, high, "body", tilt=tilt)
    elif body == "drop":
        tip = (-0.6, pad.between(-0.4, 0.3) * high)
        breast = [(0.4, -0.6 * high), (0.38, 0.5 * high), (0, high)]
        shape = curve(*breast, tip, (0, -0.6 * high), closed=True)
        pad.loop(turned(shape, tilt / 2), "body")
    elif body == "half":  # flat above, round below
        low = ellipse(0, -0.5 * high, 0.5, 1.5 * high, start=0, turns=0.5)
        pad.loop(np.concatenate([low, low[:1]]), "body")
    else:
        bowl = [(-0.4, 0.6 * high), (0.1, high), (0.45, 0.2 * high)]
        pad.line(curve((-0.5, -high), *bowl, (0.4, -high)), "body")
        pad.line(curve((-0.5, -high), (-0.1, -0.5 * high), (0.25, -high * 0.9)), "body")
    pad.feature()
    bird_head(pad, x, y, r)
    if pad.chance(0.1):
        pad.feature()
        for dx in (-0.5, 0.6):
            pad.line(polyline((x + dx * r, y + r * 0.8), (0.3 + 0.1 * dx, -high * 0.5)), "neck")
    if pad.care(0.75):
        pad.feature()
        wing(pad, pad.between(0.05, 0.2), pad.between(-0.2, 0.1) * high, pad.between(0.3, 0.5))
    if pad.chance(0.42):
        pad.feature()
        x, y = turned(polyline((-0.42, -0.2 * high)), tilt)[0]
        tail(pad, x, y, pad.between(0.15, 0.35))
    if not swims and pad.chance(0.93):
        legs(pad, pad.between(-0.05, 0.15), high * 0.95, pad.between(0.12, 0.4))


def _wading(pad: Pad) -> None:
    """A long neck, and often long legs: flamingo, swan, ostrich."""
    high, r = pad.between(0.14, 0.25), pad.between(0.06, 0.1)
    x, y = pad.between(0.4, 0.7), -high - pad.between(0.4, 0.8)
    swims = pad.chance(0.35)
    pad.feature()
    pad.ring(0, 0, 0.42, high, "body", tilt=pad.between(-0.04, 0.02))
    pad.feature()
    bend = pad.between(-0.2, 0.2)
    bows = (0.5 + bend / 2, y * 0.45), (x - 0.15 - bend / 2, y * 0.8)
    way = curve((0.36, -0.3 * high), *bows, (x - r, y))
    pad.line(way, "neck")
    if pad.chance(0.5):
        pad.line(placed(way, -0.07, -0.03), "neck")
    pad.feature()
    bird_head(pad, x, y, r)
    if pad.care(0.6):
        pad.feature()
        wing(pad, 0.15, -0.05, pad.between(0.3, 0.45))
    if pad.chance(0.3):
        pad.feature()
        tail(pad, -0.4, 0, pad.between(0.1, 0.25))
    if not swims:
        legs(pad, pad.between(-0.1, 0.1), high, pad.between(0.35, 0.8))


def _perched(pad: Pad) -> None:
    """A slim body that stands steeply, its tail hanging down; parrots, woodpeckers, robins."""
    steep, wide = pad.between(0.1, 0.2), pad.between(0.14, 0.28)
    r = pad.between(0.13, 0.2)
    pad.feature()
    top = turned(polyline((0.45, 0)), -steep)[0]
    if pad.chance(0.5):
        pad.ring(0, 0, 0.42, wide, "body", tilt=-steep)
    else:  # back and breast from the head to the tail
        rump = (-0.42, pad.between(-0.06, 0.06))
        for side in (-1, 1):
            edge = curve((0.4, side * 0.12), (0.1, side * wide), rump)
            pad.line(turned(edge, -steep), "body")
    pad.feature()
    bird_head(pad, top[0] + 0.05, top[1] - 0.5 * r, r)
    if pad.care(0.7):
        pad.feature()
        bow = [(0.15, 0.0), (-0.1, pad.between(-0.1, 0.15)), (-0.45, pad.between(-0.05, 0.1))]
        fold = curve(*bow, (-0.2, -0.1), bow[0]) if pad.chance(0.5) else curve(*bow)
        pad.line(turned(fold, -steep), "body")
    if pad.chance(0.6):
        pad.feature()
        x, y = turned(polyline((-0.4, 0)), -steep)[0]
        tail(pad, x, y, pad.between(0.2, 0.45), -steep)
    if pad.chance(0.85):
        legs(pad, pad.between(-0.05, 0.1), wide * 0.9, pad.between(0.08, 0.3))


def _contour(pad: Pad) -> None:
    """The bird as an outline in a few strokes, each named for what it draws most of."""
    high, r = pad.between(0.17, 0.36), pad.between(0.09, 0.2)
    x, y = pad.between(0.2, 0.42), -high - r * pad.between(-0.4, 1.0)
    end = (-0.5 - pad.between(-0.05, 0.4), pad.between(-0.25, 0.4))
    notch = (end[0] + 0.02, end[1] + pad.between(0.04, 0.12))
    bill = (x + r + pad.between(0.06, 0.25), y + pad.between(-0.02, 0.08))
    pad.feature()
    brow, chin = (x + 0.9 * r, y - 0.4 * r), (x + 0.9 * r, y + 0.3 * r)
    nape, rump, vent = (x - r, y + 0.6 * r), (-0.3, -high * 0.1), (-0.35, high * 0.4)
    belly = [(x + 0.6 * r, y + r), (x + r, 0), (0.2, high), (-0.1, high)]
    lines: list[tuple[str, Path]] = [
        ("head", polyline(brow, bill, chin)),
        ("body", curve(chin, *belly, vent)),
        ("tail", polyline(vent, notch, end, rump)),
        ("body", curve(rump, (0, -high * 0.7), nape)),
        ("head", curve(nape, (x - r, y - 0.3 * r), (x, y - r), brow)),
    ]
    pieces = [Piece(path=path, part=part) for part, path in lines]
    if pad.chance(0.2):  # a head of its own
        pieces = [piece for piece in pieces if piece.part != "head"]
        bird_head(pad, x, y, 1.2 * r)
    elif pad.chance(0.25):  # no beak in the line
        chord = polyline(brow, chin)
        pieces[0] = Piece(path=chord, part="head")
        beak(pad, x + 0.9 * r, y, r)
    if pad.chance(0.35):  # nor a tail
        pieces = [piece for piece in pieces if piece.part != "tail"]
    start = pad.count(0, len(pieces) - 1)
    strokes_of(pad, pieces[start:] + pieces[:start], lift=pad.pick({0.0: 4.0, 0.25: 2.0, 0.6: 1.0}))
    pad.feature()
    if pad.chance(0.62):
        eye(pad, x + 0.25 * r, y - 0.2 * r, r * pad.between(0.1, 0.2), eye_style(pad))
    if pad.care(0.25):  # the mask, or the line behind the beak
        if pad.chance(0.5):
            pad.line(placed(curve((0.6, -0.7), (0.5, 0), (0.6, 0.6)), x, y, r), "head")
        else:
            pad.scribble(x, y, r * 0.8, r * 0.8, "head")
    if pad.care(0.2):
        pad.feature()
        pad.line(curve((x - r, y + 0.6 * r), (x, y + 1.3 * r), (x + 0.9 * r, y + r)), "neck")
    if pad.care(0.85):
        pad.feature()
        wing(pad, pad.between(0.05, 0.2), pad.between(-0.3, 0.1) * high, pad.between(0.3, 0.5))
    if pad.care(0.12):
        pad.scribble(0, 0, 0.35, high * 0.6, "body")
    if pad.chance(0.85):
        legs(pad, pad.between(-0.05, 0.15), high * 0.95, pad.between(0.12, 0.4))
