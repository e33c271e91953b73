"""Cut a stroke that may run over several parts: at corners, touches and returns.

Shape letters: D points along a stroke, E ends of other strokes.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from instancesketch.synth.primitives import mark_bends

# Where the longer side of a sketch is 2.
STEP = 0.02  # between points along a stroke that is cut
MOST_POINTS = 600
SHORTEST = 0.16  # of a piece
BEND = np.pi / 3  # by which a corner turns at least
STRAIGHT = 0.04  # a line may be this far from its chord
TOUCH = 0.05  # from another stroke's end
RETURN, BETWEEN = 0.025, 0.4  # how near a stroke comes to itself, after going at least how far
Points = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


class Cuts(NamedTuple):
    """A stroke in pieces, in order."""

    pieces: list[Points]  # each begins where the one before ends
    starts: list[int]  # the stroke's own point that is nearest to where each begins


def cut_stroke(line: Points, ends_E2: Points) -> Cuts:
    """Cut a stroke at its corners, where others end on it, and where it comes back to itself.

    Args:
        line: its points, of a normalised sketch.
        ends_E2: the first and last points of the other strokes.
    """
    run = np.concatenate([[0.0], np.hypot(*np.diff(line, axis=0).T).cumsum()])
    number = int(min(np.ceil(run[-1] / STEP) + 1, MOST_POINTS))
    along, step = np.linspace(0, run[-1], number, retstep=True)
    points = np.stack([np.interp(along, run, line[:, axis]) for axis in (0, 1)], axis=1)
    least = max(1, round(SHORTEST / step))
    cuts = [0]
    for at in sorted({*_corners(points), *_touches(points, ends_E2), *_returns(points, step)}):
        if at - cuts[-1] >= least and number - 1 - at >= least:
            cuts.append(int(at))
    starts = np.searchsorted((run[1:] + run[:-1]) / 2, along[cuts[1:]])
    pieces = [points[a : b + 1] for a, b in pairwise([*cuts, number - 1])]
    return Cuts(pieces, [0, *starts.tolist()])


def _corners(points_D2: Points) -> Ints:
    """Return the points at which the stroke bends, seen coarsely."""
    (at,) = mark_bends(points_D2, STRAIGHT).nonzero()
    ahead = np.diff(points_D2[at], axis=0)
    turn = np.diff(np.arctan2(ahead[:, 1], ahead[:, 0]))
    turn = np.abs((turn + np.pi) % (2 * np.pi) - np.pi)
    bends: Ints = at[1:-1][turn > BEND]
    return bends


def _touches(points_D2: Points, ends_E2: Points) -> list[int]:
    """Return the points at which other strokes begin or end on the stroke."""
    if not len(ends_E2):
        return []
    away_ED = _squares(ends_E2, points_D2)
    nearest: list[int] = away_ED.argmin(1)[away_ED.min(1) < TOUCH**2].tolist()
    return nearest


def _returns(points_D2: Points, step: float) -> list[int]:
    """Return the points at which the stroke comes back to itself."""
    at, near = (_squares(points_D2, points_D2) < RETURN**2).nonzero()
    back = np.unique(at[np.abs(at - near) * step > BETWEEN])
    # Of points next to each other, the first.
    return [int(b) for a, b in zip([-len(points_D2), *back], back, strict=False) if b - a > 1]


def _squares(from_E2: Points, to_D2: Points) -> Points:
    """Return the squares of all distances, (E, D), in less time than the distances take."""
    x_ED = from_E2[:, :1] - to_D2[:, 0]
    y_ED = from_E2[:, 1:] - to_D2[:, 1]
    x_ED *= x_ED
    y_ED *= y_ED
    x_ED += y_ED
    return x_ED
