"""Cars, clouds and suns."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from instancesketch.synth.pad import Pad
from instancesketch.synth.primitives import (
    Path,
    at,
    curve,
    drop,
    ellipse,
    hatching,
    joined,
    polyline,
    rectangle,
    scallops,
    spikes,
    spiral,
    zigzag,
)


def car(pad: Pad) -> None:
    """A car from the side, facing left or right, 1 long; now and then from the front."""
    if pad.chance(0.05):
        _car_front(pad)
        return
    bottom = 0.0
    high, hood = pad.between(0.26, 0.5), pad.between(0.1, 0.24)
    front, back = pad.between(0.1, 0.38), pad.pick({0.0: 2.0, pad.between(0.05, 0.3): 3.0})
    roof = polyline(
        (0, bottom - hood), (back, bottom - hood * pad.near(1, 0.05)),
        (back + pad.between(0, 0.12), bottom - high),
        (1 - front - pad.between(0.04, 0.18), bottom - high * pad.near(1, 0.04)),
        (1 - front, bottom - hood * 1.05), (1, bottom - hood * pad.between(0.6, 1)),
    )  # fmt: skip
    wheels = [pad.between(0.13, 0.26), 1 - pad.between(0.13, 0.26)]
    if pad.chance(0.08):
        wheels.insert(1, pad.between(0.4, 0.55))
    radius = pad.between(0.055, 0.13)
    pad.feature()
    _car_body(pad, roof, wheels, radius)
    _wheels(pad, wheels, radius, bottom)
    pad.feature()
    _car_details(pad, roof, hood, high, back, front)


def _car_body(pad: Pad, roof: Path, wheels: list[float], radius: float) -> None:
    style = pad.pick({"outline": 4.0, "round": 2.0, "arches": 2.0, "boxes": 1.5, "lines": 1.5})
    if style == "boxes":  # the cabin stands on a box
        hood = roof[0][1]
        pad.loop(rectangle(0, hood, 1, 0), "frame")
        pad.line(roof[1:5], "frame")
        return
    top = curve(*map(tuple, roof)) if style == "round" or pad.chance(0.3) else roof
    floor = polyline((1, 0), (0, 0))
    if style == "arches":
        arc = radius * pad.between(1.1, 1.5)
        floor = joined(
            [polyline((1, 0))]
            + [ellipse(x, 0, arc, arc, start=0, turns=-0.5) for x in wheels[::-1]]
            + [polyline((0, 0))]
        )
    if style == "lines":
        pad.line(top, "frame")
        pad.line(floor, "frame")
        for x in (0.0, 1.0):
            if pad.chance(0.7):
                pad.line(polyline((x, roof[0 if x == 0 else -1][1]), (x, 0)), "frame")
    else:
        pad.loop(joined([top, floor, roof[:1]]), "frame")


def _wheels(pad: Pad, wheels: list[float], radius: float, bottom: float) -> None:
    """Wheels as rings, as arcs below the car or as small boxes, with what is inside."""
    style = pad.pick({"ring": 7.0, "arc": 2.0, "box": 0.5})
    inner = pad.pick({"": 8.0, "ring": 2.0, "dot": 1.0, "spokes": 0.7, "filled": 0.6})
    low = bottom + radius * pad.between(-0.3, 1.0)
    for i, x in enumerate(wheels):
        pad.feature()
        unit, r = f"wheel {i}", pad.near(radius)
        if style == "arc":
            pad.line(ellipse(x, bottom, r, r * 1.2, start=0.5, turns=-0.5), "wheel", unit)
        elif style == "box":
            pad.line(rectangle(x - r, low - r, x + r, low + r), "wheel", unit)
        else:
            pad.ring(x, low, r, r, "wheel", unit)
        if style == "arc" or (inner and pad.chance(0.1)):
            continue  # forgotten for this one
        if inner == "ring":
            pad.ring(x, low, r * 0.5, r * 0.5, "wheel", unit)
        elif inner == "dot":
            pad.ring(x, low, r * 0.12, r * 0.12, "wheel", unit)
        elif inner == "spokes":
            for angle in pad.cuts(pad.count(2, 4), 0, 0.5)[:-1]:
                pad.line(
                    ellipse(x, low, r * 0.9, r * 0.9, start=angle, turns=0.5)[[0, -1]],
                    "wheel",
                    unit,
                )
        elif inner == "filled":
            pad.line(
                hatching(x, low, r * 0.9, r * 0.9, pad.count(8, 18), pad.rng.random()),
                "wheel", unit,
            )  # fmt: skip


def _car_details(pad: Pad, roof: Path, hood: float, high: float, back: float, front: float) -> None:
    left, right = roof[2][0], roof[3][0]
    top, sill = -high + 0.04, -hood + pad.between(-0.02, 0.03)
    if pad.care(0.25):  # the line below the windows
        pad.line(polyline((back * pad.between(0, 1), -hood), (1 - front, -hood)), "frame")
    if pad.care(0.75) and right - left > 0.15:
        panes = pad.count(1, 3)
        edges = pad.cuts(panes, left + 0.02, right - 0.02)
        for a, b in pairwise(edges):
            pane = polyline((a, top), (b, top), (b, sill), (a - 0.02, sill), (a, top))
            pad.loop(pane if pad.chance(0.7) else curve(*map(tuple, pane)), "frame")
    if pad.care(0.35):
        for x in pad.cuts(pad.count(1, 2), left, right)[1:]:
            pad.line(polyline((x, sill), (x * pad.near(1, 0.02), -0.02)), "frame")
            if pad.care(0.6):
                pad.line(polyline((x + 0.03, -hood * 0.75), (x + 0.08, -hood * 0.75)), "frame")
    if pad.care(0.4):
        y = -hood * pad.between(0.4, 0.8)
        pad.ring(1 - 0.03, y, 0.025, 0.03, "frame")
    if pad.care(0.2):
        pad.line(rectangle(0, -hood * 0.7, 0.05, -hood * 0.45), "frame")
    if pad.care(0.15):
        pad.line(polyline((0.98, -0.05), (1.06, -0.05), (1.06, 0), (0.98, 0)), "frame")
    if pad.care(0.12):
        pad.line(polyline((left, -high), (left - 0.05, -high - 0.15)), "frame")
    if pad.care(0.12):  # somebody sits in it
        x, r = (left + right) / 2, (high - hood) / 4
        pad.ring(x, sill - r * 1.6, r, r, "frame")
        pad.line(polyline((x, sill - r * 0.6), (x, sill + r)), "frame")
    if pad.care(0.06):
        x = pad.between(0.3, 0.7)
        pad.line(hatching(x, -hood / 2, 0.2, hood / 3, pad.count(8, 25), pad.rng.random()), "frame")


def _car_front(pad: Pad) -> None:
    """Body, screen, lamps and two wheels that show from below."""
    high = pad.between(0.6, 0.9)
    pad.feature()
    pad.loop(rectangle(0, -high * 0.55, 1, 0), "frame")
    shoulder = -high * 0.55
    screen = polyline((0.1, shoulder), (0.25, -high), (0.75, -high), (0.9, shoulder))
    pad.line(screen, "frame")
    for i, x in enumerate((0.1, 0.9)):
        pad.feature()
        pad.line(rectangle(x - 0.08, 0, x + 0.08, pad.near(0.15)), "wheel", f"wheel {i}")
    pad.feature()
    for x in (0.2, 0.8):
        pad.ring(x, -high * 0.3, 0.08, 0.08, "frame")
    if pad.care(0.6):
        pad.line(rectangle(0.38, -high * 0.35, 0.62, -high * 0.2), "frame")


def cloud(pad: Pad) -> None:
    """One cloud, seldom two or three, of bulges, as an oval or as a scribble."""
    x = 0.0
    for _ in range(pad.pick({1: 12.0, 2: 1.5, 3: 0.5})):
        pad.feature()
        _one_cloud(pad, x, pad.between(-0.1, 0.1), pad.between(0.15, 0.35))
        x += pad.between(1.05, 1.3)


def _one_cloud(pad: Pad, x: float, y: float, ry: float) -> None:
    base = pad.blob(x, y, 0.5, ry, uneven=pad.between(0.02, 0.14))
    style = pad.pick({"bulges": 6.0, "flat": 2.0, "arcs": 1.0, "blob": 2.0, "scribble": 0.2})
    pinch = pad.between(0, 0.8)
    if style == "bulges":
        cuts = pad.cuts(pad.count(4, 13), 0, pad.between(0.92, 1.04))
        pad.line(scallops(base, cuts, pad.depths(len(cuts) - 1, 0.2, 0.7), pinch), "body")
    elif style == "flat":
        top = ellipse(x, y, 0.5, ry * 1.4, start=0.5, turns=0.5)
        cuts = pad.cuts(pad.count(3, 6))
        puffs = scallops(top, cuts, pad.depths(len(cuts) - 1, 0.3, 0.7), pinch)
        if pad.chance(0.6):
            pad.line(joined([puffs, top[:1]]), "body")
        else:
            pad.line(puffs, "body")
            pad.line(polyline((x - 0.5, y), (x + 0.5, y)), "body")
    elif style == "arcs":  # each bulge a stroke of its own
        cuts = pad.cuts(pad.count(4, 8))
        for a, b in pairwise(cuts):
            pad.line(scallops(base, [a, b], pad.between(0.2, 0.7), pinch), "body")
    elif style == "blob":
        pad.loop(pad.blob(x, y, 0.5, ry, uneven=0.15), "body")
    else:
        pad.line(hatching(x, y, 0.5, ry, pad.count(15, 40), pad.rng.random()), "body")
    for _ in range(pad.count(1, 3) if pad.care(0.15) else 0):  # curls inside
        r = pad.between(0.06, 0.14)
        pad.line(
            ellipse(x + pad.between(-0.3, 0.3), y, r, r, start=0.5, turns=pad.between(0.4, 0.8)),
            "body",
        )


def sun(pad: Pad) -> None:
    """A disc of radius 1 with rays, or a quarter of one in the corner of the page."""
    corner = pad.chance(0.07)
    start, sweep = (0.02, 0.22) if corner else (pad.rng.random(), 1.0)
    pad.feature()
    if corner:
        pad.line(ellipse(0, 0, 1, 1, start=0, turns=0.25), "center")
    else:
        style = pad.pick({"ring": 9.0, "spiral": 0.6, "filled": 0.5, "twice": 0.6})
        if style == "spiral":
            pad.line(spiral(0, 0, 1, pad.between(2, 4)), "center")
        else:
            pad.ring(0, 0, 1, 1, "center")
        if style == "filled":
            pad.line(hatching(0, 0, 0.9, 0.9, pad.count(10, 25), pad.rng.random()), "center")
        elif style == "twice":
            pad.ring(0, 0, 0.85, 0.85, "center")
    pad.feature()
    _rays(pad, start, sweep)
    if not corner and pad.care(0.15):
        pad.feature()
        for x in (-0.3, 0.3):
            pad.ring(x, -0.2, 0.06, 0.1, "center")
        pad.line(ellipse(0, 0.1, 0.45, 0.4, start=0.05, turns=0.4), "center")


def _rays(pad: Pad, start: float, sweep: float) -> None:
    number = pad.count(3, 5) if sweep < 1 else pad.count(5, 13)
    gap, reach = pad.pick({0.0: 1.0, pad.between(0, 0.4): 3.0}), pad.between(0.25, 1.1)
    around = ellipse(0, 0, 1 + gap, 1 + gap, start=start, turns=sweep)
    style = pad.pick({"line": 12.0, "wave": 0.4, "drop": 0.4, "teeth": 1.2, "tooth": 0.8})
    if style == "teeth":  # all in one stroke, so none is an instance
        pad.line(spikes(around, pad.cuts(number), reach * 0.7), "ray")
        return
    if pad.hand.order == "any":
        pad.rng.shuffle(shares := pad.cuts(number)[:-1])
    else:
        shares = pad.cuts(number)[:-1]
    half = 0.3 / number * sweep
    for i, share in enumerate(shares):
        foot = at(around, share)
        away = foot / np.hypot(*foot)
        away = away + pad.rng.normal(0, 0.12, 2)
        long = reach * pad.between(0.6, 1.3) * (0.6 if i % 2 and pad.hand.patience > 0.8 else 1)
        tip = foot + long * away
        unit = f"ray {i}"
        if style == "line":
            pad.line(np.stack([foot, tip]), "ray", unit)
        elif style == "wave":
            pad.line(curve(*map(tuple, zigzag(tuple(foot), tuple(tip), 4, 0.15))), "ray", unit)
        elif style == "drop":
            pad.line(drop(tuple(foot), tuple(tip), 0.3), "ray", unit)
        else:
            sides = at(around, [share - half, share + half])
            pad.line(np.stack([sides[0], tip, sides[1]]), "ray", unit)
