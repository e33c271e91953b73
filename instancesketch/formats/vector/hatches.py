"""Find hatched fills: the many lines with which rough.js (Excalidraw) shades an area.

Each is one path of many short subpaths beside the outline of what it fills. They lie in one or two
directions (`hachure`, `cross-hatch`, `zigzag`, `dashed`), go to and fro (`zigzag-line`) or are tiny
rings (`dots`); mostly each is drawn twice, a little off, which no hand does in this order.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from instancesketch.formats.vector.flatten import Points
from instancesketch.formats.vector.middle_line import offsets
from instancesketch.formats.vector.painted import Drawing, Outline

HATCH = "hatched fill"
_LEAST_LINES = 4  # that are each drawn twice
_LEAST_SINGLE_LINES = 6
_MANY_LINES = 12  # that need not go from edge to edge
_LEAST_PIECES = 8  # of a line to and fro, or rings
# Of the mean of directions as unit vectors, of their angles times four: 1 for a cross-hatch.
_SQUARE = 0.9
_DOUBLED_SQUARE = 0.6  # with the sharp angles of a small zigzag
_UPRIGHT = 0.1  # radians
_SHAKE = 7.0  # pixels: how far rough.js puts a line's end from where it belongs, at most
_STRAIGHT = 0.9  # of a line's length: the distance of its ends

Floats = npt.NDArray[np.float64]


def without_hatches(drawing: Drawing) -> list[Outline]:
    """Return the outlines of a drawing without hatched fills, which are counted as left out."""
    outlines, kept = drawing.outlines, []
    for i, outline in enumerate(outlines):
        # A fill is painted right before the outline of its shape.
        if _is_hatch(outline, outlines[i + 1 : i + 2]):
            drawing.left_out[HATCH] += 1
        else:
            kept.append(outline)
    return kept


def _is_hatch(outline: Outline, following: Sequence[Outline]) -> bool:
    lines = outline.lines
    if not outline.stroked or outline.filled or len(lines) < _LEAST_SINGLE_LINES:
        return False
    if min(map(len, lines)) < 2:
        return False
    length_L = np.array([np.hypot(*np.diff(line, axis=0).T).sum() for line in lines])
    end_L22 = np.array([(line[0], line[-1]) for line in lines])
    chord_L2 = end_L22[:, 1] - end_L22[:, 0]
    first_L = _find_doubles(lines)
    if _are_rings(lines, outline.width):
        return first_L is not None or any(_is_around(end_L22, other) for other in following)
    if np.hypot(*chord_L2.T).sum() < _STRAIGHT * length_L.sum():
        return False
    if first_L is None:
        # Shelves and bars lie like that, too, but upright.
        inside = _is_around if len(lines) >= _MANY_LINES else _reach_edge
        return _are_aslant(chord_L2) and any(inside(end_L22, other) for other in following)
    if first_L.sum() < _LEAST_LINES or _common_direction(chord_L2, 4) < _DOUBLED_SQUARE:
        return False
    first_L22 = end_L22[first_L]
    gap_L = np.hypot(*(first_L22[1:, 0] - first_L22[:-1, 1]).T)
    # The sides of a shape begin where the last one ended; rows of a line to and fro, too.
    is_chain = float((gap_L < _SHAKE).mean()) > 0.5
    return not is_chain or bool((gap_L > 2 * _SHAKE).any() and _are_alike(length_L[first_L]))


def _find_doubles(lines: Sequence[Points]) -> npt.NDArray[np.bool_] | None:
    """Return which lines are the first of a pair; None where they are not drawn twice.

    Each is followed by one close to it then, and both are far from the next.
    """
    middle_L2 = np.array([line.mean(axis=0) for line in lines])
    step = np.hypot(*np.diff(middle_L2, axis=0).T)
    before, after = np.append(np.inf, step), np.append(step, np.inf)
    near = float(np.median(np.minimum(before, after)))
    far = float(np.median(np.maximum(before, after)))
    if near > _SHAKE / 2 or near > far / 2:
        return None
    first: npt.NDArray[np.bool_] = before > (near + min(far, 4 * _SHAKE)) / 2
    return first


def _are_rings(lines: Sequence[Points], width: float) -> bool:
    if len(lines) < _LEAST_PIECES:
        return False
    sizes = np.array([np.ptp(line, axis=0).max() for line in lines])
    gaps = np.array([np.hypot(*(line[0] - line[-1])) for line in lines])
    return bool((sizes < 4 * width + _SHAKE).all() and np.median(gaps) < 0.7 * np.median(sizes))


def _are_aslant(chord_L2: Floats) -> bool:
    """Return whether lines have one or two directions, and none is upright or level."""
    angle = np.arctan2(chord_L2[:, 1], chord_L2[:, 0]) % (np.pi / 2)
    upright = np.minimum(angle, np.pi / 2 - angle) < _UPRIGHT
    return not upright.any() and _common_direction(chord_L2, 4) > _SQUARE


def _common_direction(chord_L2: Floats, times: int) -> float:
    """Return how far lines share a direction, from 0 to 1: weighed by length."""
    vector_L = chord_L2[:, 0] + 1j * chord_L2[:, 1]
    weight_L = abs(vector_L)
    if not weight_L.sum():
        return 0.0
    return float(abs((weight_L * np.exp(1j * times * np.angle(vector_L))).sum()) / weight_L.sum())


def _are_alike(length_L: Floats) -> bool:
    return len(length_L) >= _LEAST_PIECES and float(length_L.std()) < 0.25 * float(length_L.mean())


def _is_around(end_L22: Floats, shape: Outline) -> bool:
    every = np.concatenate(shape.lines)
    low, high = every.min(axis=0) - _SHAKE, every.max(axis=0) + _SHAKE
    return bool(((end_L22 >= low) & (end_L22 <= high)).all())


def _reach_edge(end_L22: Floats, shape: Outline) -> bool:
    """Return whether lines go from edge to edge of a shape."""
    nearest = np.full(2 * len(end_L22), np.inf)
    for line in shape.lines:
        nearest = np.minimum(nearest, abs(offsets(end_L22.reshape(-1, 2), line)))
    return float((nearest < _SHAKE).mean()) > 0.9
