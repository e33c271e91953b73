"""Ink of drawing programs among the outlines of an SVG, turned back into pen strokes.

The ways of programs to paint a pen stroke are undone, and what is no stroke is passed over:

- a filled outline around the stroke (perfect-freehand: Excalidraw, tldraw) becomes its middle;
- pieces that each begin where the last one ended (signature_pad) become one stroke;
- an outline that is drawn twice to look sketched (rough.js: Excalidraw's shapes) is taken once;
- the lines that shade an area (`hatches`) are left out and counted;
- a filled shape as large as the page is no stroke, and nothing that is missed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np

from instancesketch.formats.vector.doubles import drawn_once
from instancesketch.formats.vector.flatten import Points
from instancesketch.formats.vector.hatches import without_hatches
from instancesketch.formats.vector.middle_line import (
    Ribbon,
    find_middle,
    size_of,
)
from instancesketch.formats.vector.painted import WITHOUT_STROKE, Drawing, Outline

_PAGE_SHARE = 0.98  # of both sides of the page: what covers more is a background
_LEAST_RATIO = 5.0  # of length to width: what is more compact is an area
_DOT_SIZE = 2.5  # widths of the pen: what is no larger was a touch of it
_LEAST_INK_SHARE = 1 / 3  # of the shapes of a file without any stroke
_LEAST_CORNERS = 8  # of a freehand outline; bars and triangles have fewer
_JOINT = 1e-4  # of the drawing's side: how far a piece may begin from the end of the last
_LEAST_JOINTS = 3  # in a file whose pieces are joined
_LEAST_JOINT_SHARE = 0.3
_LEAST_SMOOTH_SHARE = 0.6
_MOST_BANDS = 50  # of an outline
_MEETING = 2.0  # widths of the pen: how far apart bands of one stroke may end
_MOST_OUTLINES = 5_000  # that are looked at


def find_ink(drawing: Drawing) -> Drawing:
    """Return a drawing with the ink in it as strokes, in the order of painting."""
    side = _side(drawing)
    drawing.outlines = without_hatches(drawing)
    outlines = _without_backgrounds(drawing)
    strokes = _single_strokes(outlines)
    in_pieces = _are_pieces(strokes, side)
    pen = float(np.median([stroke.width for stroke in strokes])) if in_pieces else None
    outlines = _with_middles(outlines, drawing, pen)
    first, rest = outlines[:_MOST_OUTLINES], outlines[_MOST_OUTLINES:]
    outlines = [*drawn_once(first), *rest]
    drawing.outlines = _join_pieces(outlines, side) if in_pieces else outlines
    return drawing


def _side(drawing: Drawing) -> float:
    sides = [side for side in (drawing.width, drawing.height) if side]
    if sides:
        return max(sides)
    lines = [line for outline in drawing.outlines for line in outline.lines]
    return float(np.ptp(np.concatenate(lines), axis=0).max()) if lines else 0.0


# Backgrounds


def _without_backgrounds(drawing: Drawing) -> list[Outline]:
    kept: list[Outline] = []
    for outline in drawing.outlines:
        # With a stroke of its own only what lies below everything else is a background.
        may_be = outline.filled and (not outline.stroked or not kept)
        if may_be and _covers_page(outline, drawing):
            if not outline.stroked:
                _found(drawing)
        else:
            kept.append(outline)
    return kept


def _covers_page(outline: Outline, drawing: Drawing) -> bool:
    if not drawing.width or not drawing.height or len(outline.lines) != 1:
        return False
    points = outline.lines[0]
    page = np.array([drawing.width, drawing.height])
    low, high = points.min(axis=0), points.max(axis=0)
    covered = np.minimum(high, page) - np.maximum(low, 0)
    # A filled circle that touches all edges is a drawing.
    area = abs(_signed_area(points)) / max(float(np.prod(high - low)), 1e-12)
    return bool((covered >= _PAGE_SHARE * page).all() and area > _PAGE_SHARE)


def _signed_area(points: Points) -> float:
    x, y = points.T
    return float((x * np.roll(y, -1) - y * np.roll(x, -1)).sum() / 2)


def _found(drawing: Drawing) -> None:
    """Take a shape out of the count of those without a stroke."""
    drawing.left_out[WITHOUT_STROKE] -= 1
    if drawing.left_out[WITHOUT_STROKE] <= 0:
        del drawing.left_out[WITHOUT_STROKE]


# Outlines around strokes


def _with_middles(
    outlines: Sequence[Outline], drawing: Drawing, pen: float | None
) -> list[Outline]:
    """Replace filled outlines around pen strokes by strokes along their middle.

    `pen` is the width of the pen where it is known from other strokes.
    """
    filled = [o for o in outlines if _may_be_ink(o)][:_MOST_OUTLINES]
    ribbons = {id(o): [find_middle(line) for line in o.lines] for o in filled}
    every = [r for found in ribbons.values() for r in found if r is not None]
    widths = [r.width for r in every if r.ratio >= _LEAST_RATIO]
    # A picture of areas alone has slender ones, too.
    is_ink = any(o.stroked for o in outlines) or len(widths) >= _LEAST_INK_SHARE * len(filled)
    if widths and is_ink:
        pen = float(np.median(widths))
    if pen is None:
        return list(outlines)
    found = []
    for outline in outlines:
        stroke = _to_stroke(outline, ribbons[id(outline)], pen) if id(outline) in ribbons else None
        if stroke is not None:
            _found(drawing)
        found.append(outline if stroke is None else stroke)
    return found


def _may_be_ink(outline: Outline) -> bool:
    if outline.stroked or not outline.filled or len(outline.lines) > _MOST_BANDS:
        return False
    return all(len(line) > _LEAST_CORNERS for line in outline.lines)


def _to_stroke(outline: Outline, ribbons: Sequence[Ribbon | None], pen: float) -> Outline | None:
    """Return the pen stroke that an outline is around; None where there is none."""
    lines = [_line(p, r, pen) for p, r in zip(outline.lines, ribbons, strict=True)]
    known = [line for line in lines if line is not None]
    if len(known) < len(lines):
        return None
    # tldraw breaks a stroke at sharp turns into bands that meet there.
    for before, after in pairwise(known):
        if float(np.hypot(*(after[0] - before[-1]))) > _MEETING * pen:
            return None
    return replace(outline, lines=(np.concatenate(known),), stroked=True, width=pen)


def _line(outline: Points, ribbon: Ribbon | None, pen: float) -> Points | None:
    if ribbon is not None and ribbon.ratio >= _LEAST_RATIO:
        return ribbon.middle
    # Beside ink a blot of the pen's size is a touch of it, and a longer one a short stroke.
    if size_of(outline) <= _DOT_SIZE * pen:
        return ((outline.min(axis=0) + outline.max(axis=0)) / 2)[None]
    if ribbon is not None and ribbon.ratio >= 2 and ribbon.width <= 1.5 * pen:
        return ribbon.middle
    return None


# Pieces of strokes


def _single_strokes(outlines: Sequence[Outline]) -> list[Outline]:
    return [replace(o, lines=(line,)) for o in outlines if o.stroked for line in o.lines]


def _are_pieces(strokes: Sequence[Outline], side: float) -> bool:
    """Return whether many strokes begin where the last one ended, and go on from there."""
    pairs = list(pairwise(strokes))
    joints = [pair for pair in pairs if _is_joint(*pair, side)]
    if len(joints) < max(_LEAST_JOINTS, _LEAST_JOINT_SHARE * len(pairs)):
        return False
    # Petals and walls may begin where the last one ended, but the pen turns there.
    return sum(_is_smooth(*pair) for pair in joints) >= _LEAST_SMOOTH_SHARE * len(joints)


def _join_pieces(outlines: Sequence[Outline], side: float) -> list[Outline]:
    """Join strokes that each begin where the last one ended."""
    first, *others = _single_strokes(outlines)
    runs = [[first]]
    for stroke in others:
        if _is_joint(runs[-1][-1], stroke, side):
            runs[-1].append(stroke)
        else:
            runs.append([stroke])
    # Only the outlines that are no strokes are not in the runs, and nothing reads those.
    return [_join(run) for run in runs]


def _is_joint(a: Outline, b: Outline, side: float) -> bool:
    first, second = a.lines[0], b.lines[0]
    if len(first) < 2 or len(second) < 2 or a.data != b.data:
        return False
    paints = (a.style["stroke"], b.style["stroke"])
    if paints[0] != paints[1] or paints[0].name != paints[1].name:
        return False
    if any(a.style[n] != b.style[n] for n in ("stroke-opacity", "stroke-linecap")):
        return False
    near = _JOINT * side
    # A closed line has no end from which a pen could go on.
    if any(float(np.hypot(*(line[0] - line[-1]))) <= near for line in (first, second)):
        return False
    return float(np.hypot(*(second[0] - first[-1]))) <= near


def _is_smooth(a: Outline, b: Outline) -> bool:
    """Return whether the pen goes on by and large in the direction in which it came."""
    came, goes = (line[1:] - line[:-1] for line in (a.lines[0][-2:], b.lines[0][:2]))
    along = float((came * goes).sum())
    return along > 0.5 * float(np.hypot(*came[0]) * np.hypot(*goes[0]))


def _join(run: Sequence[Outline]) -> Outline:
    if len(run) == 1:
        return run[0]
    lines = [run[0].lines[0], *(stroke.lines[0][1:] for stroke in run[1:])]
    return replace(run[0], lines=(np.concatenate(lines),))
