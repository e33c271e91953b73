"""Clouds and suns."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from instancesketch.synth.canvas import Pad
from instancesketch.synth.primitives import (
    Path,
    at,
    curve,
    drop,
    ellipse,
    joined,
    polyline,
    scallops,
    spikes,
    spiral,
    zigzag,
)

_CLOUDS = {
    "bulges": 6.0, "flat": 1.6, "arcs": 0.8, "blob": 4.0, "scribble": 0.2, "wave": 0.9,
    "halves": 0.8, "curls": 0.4, "corners": 1.0,
}  # fmt: skip
_RAYS = {
    "line": 9.0, "bent": 2.5, "wave": 0.4, "drop": 0.4, "teeth": 1.0, "tooth": 0.8, "fork": 0.3,
    "bulges": 0.3,
}  # fmt: skip


def cloud(pad: Pad) -> None:
    """One cloud, seldom two or three, of bulges, as an oval, a few lines or a scribble."""
    x = 0.0
    flat = pad.pick({pad.between(0.15, 0.4): 4.0, pad.between(0.05, 0.15): 1.0})
    for _ in range(pad.pick({1: 14.0, 2: 1.5, 3: 0.5})):
        pad.feature()
        _one_cloud(pad, x, pad.between(-0.1, 0.1), pad.near(flat, 0.2))
        x += pad.between(1.05, 1.3)


def _one_cloud(pad: Pad, x: float, y: float, ry: float) -> None:
    base = pad.blob(x, y, 0.5, ry, uneven=pad.between(0.02, 0.16))
    pinch = pad.between(0, 0.8)
    style = pad.pick(_CLOUDS)
    if style == "bulges":
        cuts = pad.cuts(pad.count(4, 15), 0, pad.between(0.85, 1.06))
        pad.line(scallops(base, cuts, pad.depths(len(cuts) - 1, 0.1, 0.7), pinch), "body")
    elif style == "flat":
        _flat_cloud(pad, x, y, ry, pinch)
    elif style == "arcs":  # each bulge a stroke of its own
        for a, b in pairwise(pad.cuts(pad.count(3, 8))):
            pad.line(scallops(base, [a, b], pad.between(0.2, 0.7), pinch), "body")
    elif style == "blob":
        pad.loop(pad.blob(x, y, 0.5, ry, uneven=pad.between(0.02, 0.2)), "body")
    elif style == "corners":
        shares = pad.cuts(pad.count(5, 11), 0, pad.between(0.85, 1.05)) % 1
        corners = at(base, shares) + pad.rng.normal(0, 0.1 * ry, (len(shares), 2))
        pad.line(corners, "body")
    elif style == "wave":  # one line or two, open
        for level in (0.0, 0.25)[: pad.count(1, 2)]:
            edge = polyline((x - 0.5, y + level), (x + pad.between(0, 0.5), y + level))
            cuts = pad.cuts(pad.count(2, 7))
            depths = pad.depths(len(cuts) - 1, 0.1, 0.6) * pad.pick({1: 2.0, -1: 1.0})
            pad.line(scallops(edge, cuts, depths, pinch / 2), "body")
    elif style == "halves":  # top and bottom apart
        cut = pad.between(0.35, 0.65)
        for a, b in ((0.0, cut), (cut, 1.0)):
            cuts = pad.cuts(pad.count(2, 6), a, b)
            pad.line(scallops(base, cuts, pad.depths(len(cuts) - 1, 0.1, 0.6), pinch), "body")
    elif style == "curls":  # coils one after the other along the edge
        coils = pad.count(5, 10)
        phase = np.linspace(0, 2 * np.pi * coils, 12 * coils)
        way = at(base, np.linspace(0, 1, len(phase)))
        pad.line(way + 0.09 * np.stack([np.cos(phase), np.sin(phase)], 1), "body")
    else:
        pad.scribble(x, y, 0.5, ry, "body")
    for _ in range(pad.count(1, 3) if pad.care(0.1) else 0):  # curls inside
        r = pad.between(0.06, 0.14)
        start, turns = pad.rng.random(), pad.between(0.4, 0.8)
        pad.line(ellipse(x + pad.between(-0.3, 0.3), y, r, r, start=start, turns=turns), "body")


def _flat_cloud(pad: Pad, x: float, y: float, ry: float, pinch: float) -> None:
    """Bulges over a straight base, in one line or two, or without the base."""
    top = ellipse(x, y, 0.5, ry * 1.4, start=0.5, turns=0.5)
    cuts = pad.cuts(pad.count(3, 6))
    puffs = scallops(top, cuts, pad.depths(len(cuts) - 1, 0.3, 0.7), pinch)
    if pad.chance(0.6):
        pad.line(joined([puffs, top[:1]]), "body")
        return
    pad.line(puffs, "body")
    if pad.chance(0.8):
        pad.line(polyline((x - 0.5, y), (x + 0.5, y)), "body")


def sun(pad: Pad) -> None:
    """A disc of radius 1 with rays, or a part of one at the edge of the page."""
    # Where the arc of the disc begins and how long it is: whole, in a corner, at the top.
    start, sweep = pad.pick({(0.0, 1.0): 8.0, (0.0, 0.25): 1.0, (-0.01, 0.5): 0.25})
    pad.feature()
    if sweep < 1:
        bow = pad.between(-0.04, 0.06)
        arc = ellipse(0, 0, 1, pad.near(1, 0.15), start=start - bow, turns=sweep + 2 * bow)
        pad.line(arc, "center")
    else:
        start = pad.rng.random()
        _disc(pad)
    if pad.chance(0.98):
        rays = pad.pick(_RAYS)
        share = pad.pick({1.0: 9.0, pad.between(0.4, 0.9): 1.0})  # some leave a side without
        _rays(pad, rays, start, sweep * share, pad.pick({1: 10.0, 2: 0.6}))
    if sweep == 1 and pad.care(0.17):
        pad.feature()
        _smile(pad)


def _disc(pad: Pad) -> None:
    style = pad.pick({"ring": 9.0, "spiral": 0.6, "filled": 0.6, "twice": 0.6, "coil": 0.2})
    if style == "spiral":
        pad.line(spiral(0, 0, 1, pad.between(1.5, 4)), "center")
        return
    if style == "coil":
        pad.scribble(0, 0, 1, 1, "center")
        return
    pad.ring(0, 0, 1, 1, "center")
    if style == "filled":
        pad.scribble(0, 0, 0.9, 0.9, "center")
    elif style == "twice":
        r = pad.between(0.6, 1.1)
        pad.ring(0, 0, r, r, "center")


def _smile(pad: Pad) -> None:
    """A face: eyes as rings, dots or dark glasses, and a mouth."""
    look = pad.pick({"ring": 3.0, "dot": 2.0, "glasses": 0.7})
    for x in (-0.3, 0.3):
        if look == "dot":
            pad.dot(x, -0.2, 0.07, "center")
        elif look == "ring":
            pad.ring(x, -0.2, 0.08, 0.11, "center")
        else:
            (pad.ring if pad.chance(0.5) else pad.scribble)(x, -0.15, 0.25, 0.17, "center")
    if look == "glasses":
        pad.line(polyline((-0.6, -0.2), (0.6, -0.2)), "center")
    if pad.chance(0.9):
        wide = pad.between(0.25, 0.55)
        pad.line(ellipse(0, 0.15, wide, 0.35, start=0.05, turns=0.4), "center")


def _rays(pad: Pad, style: str, start: float, sweep: float, rows: int) -> None:
    """Rays round an arc of the disc.

    Args:
        pad: where to.
        style: how a ray looks.
        start: where the arc begins, in turns.
        sweep: how long it is.
        rows: 2 for short rays between the long ones.
    """
    number = pad.count(3, 6) if sweep < 0.6 else pad.count(4, pad.pick({9: 2.0, 14: 2.0, 24: 0.5}))
    gap = pad.pick({0.0: 1.5, pad.between(0, 0.45): 3.0, -0.15: 0.3})
    reach, turn = pad.between(0.2, 1.2), pad.pick({0.0: 4.0, pad.between(-0.8, 0.8): 1.0})
    around = ellipse(0, 0, 1 + gap, 1 + gap, start=start, turns=sweep)
    if style in ("teeth", "bulges"):  # all in one stroke, so none is an instance
        cuts = pad.cuts(max(number, 5))
        teeth = style == "teeth"
        pad.feature()
        pad.line(spikes(around, cuts, reach * 0.7) if teeth else scallops(around, cuts, 0.6), "ray")
        return
    shares = pad.cuts(number)[: -1 if sweep == 1 else None]
    if pad.hand.order == "any":
        pad.rng.shuffle(shares)
    half, spread = 0.3 / number * sweep, pad.between(0.02, 0.2)
    for i, share in enumerate(shares):
        foot = at(around, share)
        away = foot / np.hypot(*foot) + pad.rng.normal(0, spread, 2) + turn * foot[::-1] * (-1, 1)
        long = reach * pad.between(0.6, 1.3) * (0.55 if i % 2 and rows == 2 else 1)
        _ray(pad, style, foot, foot + long * away, at(around, [share - half, share + half]), i)


def _ray(pad: Pad, style: str, foot: Path, tip: Path, sides: Path, number: int) -> None:
    unit = f"ray {number}"
    pad.feature()
    (x, y), (u, v) = foot.tolist(), tip.tolist()
    bow = pad.between(-0.25, 0.25)
    if style == "line":
        pad.line(np.stack([foot, tip]), "ray", unit)
    elif style == "bent":  # curved, or with a hook at its end
        pad.line(
            curve((x, y), ((x + u) / 2 - bow * (v - y), (y + v) / 2 + bow * (u - x)), (u, v)),
            "ray",
            unit,
        )
    elif style == "wave":
        pad.line(curve(*map(tuple, zigzag((x, y), (u, v), pad.count(3, 5), 0.15))), "ray", unit)
    elif style == "drop":
        pad.line(drop((x, y), (u, v), pad.between(0.2, 0.5)), "ray", unit)
    elif style == "fork":  # two lines that meet, each a stroke
        for side in sides:
            pad.line(np.stack([side, tip]), "ray", unit)
    else:
        pad.line(np.stack([sides[0], tip, sides[1]]), "ray", unit)
