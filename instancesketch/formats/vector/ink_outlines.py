"""Ink of drawing programs among the outlines of an SVG, turned back into pen strokes.

Three ways of programs to paint a pen stroke are undone, and a background is taken out:

- a filled outline around the stroke (perfect-freehand: Excalidraw, tldraw) becomes its middle;
- pieces that each begin where the last one ended (signature_pad) become one stroke;
- an outline that is drawn twice to look sketched (rough.js: Excalidraw's shapes) is taken once;
- a filled shape as large as the page is no stroke.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np

from instancesketch.formats.vector.flatten import Points
from instancesketch.formats.vector.middle_line import Ribbon, find_middle, resample, size_of
from instancesketch.formats.vector.painted import WITHOUT_STROKE, Drawing, Outline

_BACKGROUND = "background"
_PAGE_SHARE = 0.98  # of both sides of the page: what covers more is a background
_LEAST_RATIO = 5.0  # of length to width: what is more compact is an area
_DOT_SIZE = 2.5  # widths of the pen: what is no larger was a touch of it
_LEAST_CORNERS = 8  # of a freehand outline; bars and triangles have fewer
_JOINT = 1e-4  # of the drawing's side: how far a piece may begin from the end of the last
_LEAST_JOINTS = 3  # in a file whose pieces are joined
_LEAST_JOINT_SHARE = 0.3
_MOST_OUTLINES = 5_000  # filled ones that are looked at


def find_ink(drawing: Drawing) -> Drawing:
    """Return a drawing with the ink in it as strokes, in the order of painting."""
    side = _side(drawing)
    outlines = _without_backgrounds(drawing)
    outlines = _with_middles(outlines, drawing)
    outlines = [_without_doubles(o) for o in outlines]
    drawing.outlines = _join_pieces(outlines, side)
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
            drawing.left_out[_BACKGROUND] += 1
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


def _with_middles(outlines: Sequence[Outline], drawing: Drawing) -> list[Outline]:
    """Replace filled outlines around pen strokes by strokes along their middle."""
    filled = [o for o in outlines if _may_be_ink(o)][:_MOST_OUTLINES]
    ribbons = {id(o): find_middle(o.lines[0]) for o in filled}
    widths = [r.width for r in ribbons.values() if r is not None and r.ratio >= _LEAST_RATIO]
    if not widths:
        return list(outlines)
    pen = float(np.median(widths))
    found = []
    for outline in outlines:
        stroke = _to_stroke(outline, ribbons[id(outline)], pen) if id(outline) in ribbons else None
        if stroke is not None:
            _found(drawing)
        found.append(outline if stroke is None else stroke)
    return found


def _may_be_ink(outline: Outline) -> bool:
    if outline.stroked or not outline.filled or len(outline.lines) != 1:
        return False
    return len(outline.lines[0]) > _LEAST_CORNERS


def _to_stroke(outline: Outline, ribbon: Ribbon | None, pen: float) -> Outline | None:
    points = outline.lines[0]
    if ribbon is not None and ribbon.ratio >= _LEAST_RATIO:
        return replace(outline, lines=(ribbon.middle,), stroked=True, width=ribbon.width)
    # Beside ink a blot of the pen's size is a touch of it, and a longer one a short stroke.
    if size_of(points) <= _DOT_SIZE * pen:
        dot = ((points.min(axis=0) + points.max(axis=0)) / 2)[None]
        return replace(outline, lines=(dot,), stroked=True, width=pen)
    if ribbon is not None and ribbon.ratio >= 2 and ribbon.width <= 1.5 * pen:
        return replace(outline, lines=(ribbon.middle,), stroked=True, width=ribbon.width)
    return None


# Outlines that are drawn twice


def _without_doubles(outline: Outline) -> Outline:
    """Return a shape of which each line is followed by another along it with the first alone."""
    lines = outline.lines
    if not outline.stroked or len(lines) < 2 or len(lines) % 2 or min(map(len, lines)) < 2:
        return outline
    pairs = list(zip(lines[::2], lines[1::2], strict=True))
    if not all(_runs_along(a, b, outline.width) for a, b in pairs):
        return outline
    joined = [pairs[0][0]]
    for (line, _), (before, _) in zip(pairs[1:], pairs[:-1], strict=True):
        # The sides of a shape are lines of their own, which nearly meet.
        gap = float(np.hypot(*(line[0] - before[-1])))
        if gap <= _roughness(line, outline.width):
            joined[-1] = np.concatenate([joined[-1], line])
        else:
            joined.append(line)
    return replace(outline, lines=tuple(joined))


def _length(points: Points) -> float:
    return float(np.hypot(*np.diff(points, axis=0).T).sum())


def _roughness(line: Points, width: float) -> float:
    # rough.js moves points by up to 2 pixels a degree of roughness, and bends lines by a share.
    return 2.5 * width + 0.02 * _length(line)


def _runs_along(a: Points, b: Points, width: float) -> bool:
    if (a == b).all() if a.shape == b.shape else False:
        return True
    # Of short lines any two would be near each other.
    near = min(_roughness(a, width), 0.15 * _length(a))
    return bool(np.hypot(*(resample(a, 24) - resample(b, 24)).T).max() <= near)


# Pieces of strokes


def _join_pieces(outlines: Sequence[Outline], side: float) -> list[Outline]:
    """Join strokes that each begin where the last one ended, if a file has many such."""
    strokes = [replace(o, lines=(line,)) for o in outlines if o.stroked for line in o.lines]
    joints = [_is_joint(a, b, side) for a, b in pairwise(strokes)]
    if sum(joints) < max(_LEAST_JOINTS, _LEAST_JOINT_SHARE * len(joints)):
        return list(outlines)
    runs = [[strokes[0]]]
    for stroke, joint in zip(strokes[1:], joints, strict=True):
        if joint:
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


def _join(run: Sequence[Outline]) -> Outline:
    if len(run) == 1:
        return run[0]
    lines = [run[0].lines[0], *(stroke.lines[0][1:] for stroke in run[1:])]
    return replace(run[0], lines=(np.concatenate(lines),))
