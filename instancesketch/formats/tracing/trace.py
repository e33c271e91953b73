"""From the bytes of a picture to strokes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from instancesketch.core.errors import SketchError
from instancesketch.formats.tracing import skeleton
from instancesketch.formats.tracing.follow import follow
from instancesketch.formats.tracing.pixels import Floats, decode
from instancesketch.formats.tracing.threshold import NO_LINES, find_ink

_MOST_STROKES = 500
# Of widths, the 90th percentile to the median: in photographs 2 to 14. Scribbles have few lines.
_MOST_SPREAD, _SPREAD_OF_MANY, _MANY = 3.0, 2.0, 60
_WIDEST = 1 / 16  # of the larger side: what is wider is an area


class Traced(NamedTuple):
    """The strokes of a picture, in its own pixels, and its size."""

    strokes: list[npt.NDArray[np.float64]]
    width: int
    height: int


def trace(data: bytes) -> Traced:
    """Return the strokes that a picture shows.

    Raises:
        SketchError: it is damaged or too large, or shows no lines.
    """
    gray, width, height = decode(data)
    scale = np.array([width / gray.shape[1], height / gray.shape[0]])
    strokes = [(line + 0.5) * scale for line in trace_lines(gray)]
    return Traced(strokes, width, height)


def trace_lines(gray: Floats) -> list[npt.NDArray[np.float64]]:
    """Return the lines of dark ink on bright paper, each (points, 2), from the top down.

    Raises:
        SketchError: there are none.
    """
    ink = find_ink(gray)
    _, _, width = skeleton.thin(ink)
    middle, half, width = skeleton.thin(skeleton.clean(ink, width))
    if not middle.any():
        raise SketchError(f"{NO_LINES}: there are specks alone")
    spread = float(np.percentile(half[middle], 90) / np.median(half[middle]))
    if spread >= _MOST_SPREAD or width > _WIDEST * max(gray.shape):
        raise SketchError(f"{NO_LINES}: the dark areas are no lines, as in a photograph")
    lines = follow(skeleton.build_graph(middle, half, width))
    if len(lines) > (_MANY if spread >= _SPREAD_OF_MANY else _MOST_STROKES):
        raise SketchError(f"{NO_LINES}: it is covered with fine detail, as in a photograph")
    return lines
