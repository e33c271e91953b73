"""Trees: leafy, fir, palm, bare, or crown and trunk in one line; a crown is about 1 wide."""

from __future__ import annotations

import numpy as np

from instancesketch.synth.canvas import Canvas, Segment
from instancesketch.synth.plants.firs import draw_fir
from instancesketch.synth.plants.tree_forms import (
    draw_apple_tree,
    draw_boxy_tree,
    draw_fir_in_one_line,
    draw_lollipop_tree,
    draw_willow,
)
from instancesketch.synth.plants.trunks import draw_trunk
from instancesketch.synth.primitives import (
    Path,
    curve,
    ellipse,
    polyline,
    scallops,
    spikes,
    teardrop,
)

_CROWNS = {
    "bulges": 6.0, "blob": 3.0, "scribble": 0.6, "puffs": 0.8, "teeth": 0.7, "sides": 0.8,
    "corners": 0.6,
}  # fmt: skip
_PLAIN_TREES = {
    draw_lollipop_tree: 1.4, draw_apple_tree: 0.6, draw_boxy_tree: 0.7, draw_fir_in_one_line: 0.5,
    draw_willow: 0.2,
}  # fmt: skip


def draw_tree(canvas: Canvas) -> None:
    """Draw a crown on a trunk, or a trunk that is all branches."""
    form = canvas.pick(
        {"leafy": 7.5, "fir": 3.5, "bare": 0.9, "palm": 0.5, "whole": 0.8, "plain": 3.6}
    )
    if form == "plain":
        canvas.pick(_PLAIN_TREES)(canvas)
        return
    width = canvas.pick({canvas.uniform(0.05, 0.3): 4.0, canvas.uniform(0.3, 0.55): 1.0})
    if form == "whole":
        _draw_tree_in_one_line(canvas, width)
        return
    if form == "palm":
        _draw_palm(canvas)
        return
    if form == "fir":
        top = draw_fir(canvas)
    elif form == "bare":
        width = canvas.uniform(0.04, 0.2)
        top = _draw_bare_branches(canvas, width)
    else:
        top = _draw_leafy_crown(canvas, width)
    canvas.begin_feature()
    # Both are drawn for every form: seeded drawings depend on the number of draws.
    lengths = {"leafy": canvas.uniform(0.3, 1.4), "fir": canvas.uniform(0.1, 0.5), "bare": 1.0}
    draw_trunk(canvas, top, width, lengths[form])


def _draw_leafy_crown(canvas: Canvas, width: float) -> float:
    """Draw a crown about (0, 0) over a trunk of a width; return the trunk's upper end."""
    canvas.begin_feature()
    normal, flat, tall = (canvas.uniform(*r) for r in ((0.3, 0.65), (0.12, 0.3), (0.65, 1.0)))
    ry = canvas.pick({normal: 5.0, flat: 1.0, tall: 1.0})
    gap = width / 2.5 if canvas.chance(0.4) else 0.0  # left open where the trunk goes in
    if canvas.chance(0.08):
        gap = canvas.uniform(0.3, 0.5)  # a roof over the trunk
    edge = ellipse(0, 0, 0.5, ry, start=0.25 + gap / 2, turns=1 - gap)
    edge = canvas.roughen(edge, canvas.uniform(0.0, 0.14))
    _draw_crown(canvas, canvas.pick(_CROWNS), edge, ry)
    _draw_inside_crown(canvas, ry)
    # Some trunks reach far up into the crown; under a roof all do.
    return ry * canvas.uniform(0.2, 1.05) if gap < 0.3 else -0.2 * ry


def _draw_crown(canvas: Canvas, style: str, edge: Path, ry: float) -> None:
    if style in ("bulges", "sides"):
        # Few large bulges or many small ones; each is about as deep for its width.
        cuts = canvas.divide(canvas.integer(4, 16))
        depths = canvas.bulge_depths(len(cuts) - 1, 0.1, 0.7)
        whole = scallops(edge, cuts, depths, canvas.uniform(0, 0.8))
        # Up one side, then up the other.
        for line in np.array_split(whole, 2) if style == "sides" else [whole]:
            canvas.line(line, "leaves")
    elif style == "blob":
        canvas.line(edge, "leaves")
    elif style == "corners":
        canvas.line(edge[:: canvas.integer(4, 7)], "leaves")
    elif style == "teeth":
        cuts = canvas.divide(canvas.integer(8, 18))
        canvas.line(spikes(edge, cuts, canvas.uniform(0.05, 0.2)), "leaves")
    elif style == "scribble":
        for _ in range(canvas.integer(1, 4)):
            x, y = canvas.uniform(-0.15, 0.15), canvas.uniform(-0.15, 0.15)
            r = canvas.uniform(0.2, 0.45)
            canvas.scribble(x, y * 2 * ry, r, r * 2 * ry, "leaves")
    else:
        for x, y in ((-0.3, 0.1), (0.3, 0.1), (0, -0.25))[: canvas.integer(2, 3)]:
            r = canvas.uniform(0.2, 0.35)
            puff = ellipse(x, y, r, r, start=canvas.rng.random())
            bulges = scallops(puff, canvas.divide(canvas.integer(4, 7)), 0.3)
            canvas.line(bulges if canvas.chance(0.6) else puff, "leaves")


def _draw_inside_crown(canvas: Canvas, ry: float) -> None:
    """Draw fruit, leaves or the edges of more bulges within the crown."""
    if not canvas.detail(0.16):
        return
    style = canvas.pick({"fruit": 2.0, "arcs": 2.0, "edge": 1.0})
    if style == "edge":
        middle = (-0.1, canvas.uniform(-0.5, 0.2) * ry)
        edge = curve((-0.3, 0.2 * ry), middle, (0.25, 0.3 * ry))
        canvas.line(scallops(edge, canvas.divide(canvas.integer(3, 6)), 0.4), "leaves")
        return
    for _ in range(canvas.integer(1, 6)):
        x, y = canvas.uniform(-0.3, 0.3), canvas.uniform(-0.6, 0.5) * ry
        r = canvas.uniform(0.03, 0.08)
        if style == "fruit":
            canvas.ring(x, y, r, r, "leaves")
        else:
            turns = canvas.uniform(0.3, 0.6)
            canvas.line(ellipse(x, y, r, r, start=canvas.rng.random(), turns=turns), "leaves")


def _draw_bare_branches(canvas: Canvas, width: float) -> float:
    """Draw branches, some forked, some with a leaf; return the trunk's upper end."""
    canvas.begin_feature()
    leafy = canvas.chance(0.3)
    for _ in range(canvas.integer(2, 8)):
        y, side = canvas.uniform(-0.4, 0.2), canvas.pick({-1: 1, 1: 1})
        end = (side * canvas.uniform(0.1, 0.5), y - canvas.uniform(0.1, 0.5))
        bend = (end[0] * 0.6, (y + end[1]) / 2 + canvas.uniform(-0.05, 0.1))
        # Branches are all that such a tree has in place of a crown, so they are its leaves.
        canvas.line(curve((side * width / 3, y), bend, end), "leaves")
        if canvas.chance(0.4):
            fork = (end[0] + canvas.uniform(-0.1, 0.1), bend[1] - canvas.uniform(-0.1, 0.2))
            canvas.line(polyline(bend, fork), "leaves")
        if leafy:
            r = canvas.uniform(0.03, 0.08)
            canvas.ring(end[0], end[1] - r, r, r, "leaves")
    return -0.4


def _draw_palm(canvas: Canvas) -> None:
    """Draw fronds, nuts and a bent trunk below them."""
    lean = canvas.uniform(-0.3, 0.3)
    canvas.begin_feature()
    droop, style = canvas.uniform(0.0, 0.4), canvas.pick({"arc": 3.0, "drop": 2.0})
    for share in np.linspace(0, 1, canvas.integer(4, 8)):
        # From the left over the top to the right, in radians.
        angle = np.pi * (1.1 + 0.8 * share) + canvas.uniform(-0.1, 0.1)
        length = canvas.uniform(0.35, 0.55)
        x, y = length * np.cos(angle), length * np.sin(angle)
        if style == "arc":
            canvas.line(curve((0, 0), (0.6 * x, y), (x, 0.3 * y + droop)), "leaves")
        else:
            canvas.line(teardrop((0, 0), (x, y + droop), 0.35), "leaves")
    if canvas.detail(0.3):  # nuts
        for x in (-0.06, 0.06):
            canvas.ring(x, 0.05, 0.05, 0.05, "leaves")
    canvas.begin_feature()
    length, width = canvas.uniform(0.8, 1.3), canvas.uniform(0.04, 0.15)
    for x in (0.0, width)[: canvas.integer(1, 2)]:
        foot = (x * 1.6 + lean, length)
        canvas.line(curve((x, 0.02), (x + lean / 4, length / 2), foot), "trunk")


def _draw_tree_in_one_line(canvas: Canvas, width: float) -> None:
    """Draw a tree in one line: up one side of the trunk, round the crown, down the other."""
    half, ry = width / 2, canvas.uniform(0.3, 0.6)
    length, gap = canvas.uniform(0.3, 0.9), min(0.3, 0.4 * width)
    # The gap below is as wide as the trunk, which closes it.
    crown = ellipse(0, 0, 0.5, ry, start=0.25 + gap / 2, turns=1 - gap)
    if canvas.chance(0.6):
        cuts = canvas.divide(canvas.integer(5, 12))
        crown = scallops(crown, cuts, canvas.uniform(0.2, 0.6))
    foot = half * canvas.uniform(1, 2)
    left, right = crown[0], crown[-1]
    segments = [
        Segment(path=polyline((-foot, ry + length), (left[0], left[1])), part="trunk"),
        Segment(path=crown, part="leaves"),
        Segment(path=polyline((right[0], right[1]), (foot, ry + length)), part="trunk"),
    ]
    canvas.begin_feature()
    canvas.outline(segments, lift=canvas.pick({0.0: 2.0, 0.3: 1.0}))
