"""Test strokes against their clips, which don't cut strokes but hide whole ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from instancesketch.core.errors import SketchError
from instancesketch.formats.vector.flatten import Points

# Places on each piece of a line that are looked at, and steps from there across its width.
_ALONG = np.array([0.001, 0.1, 0.25, 0.5, 0.75, 0.9, 0.999])
_ACROSS = np.array([0.0, -0.98, 0.98, -0.5, 0.5])
_CHUNK = 1 << 20
_MOST_TESTS = 1 << 31  # of a point against an edge, in one file


@dataclass(frozen=True)
class Area:
    """The inside of a shape: its closed polygons, and the rule for where they overlap."""

    polygons: tuple[Points, ...]
    evenodd: bool = False


# The union of areas; of several clips only what is in all of them is seen.
Clip = tuple[Area, ...]


class ClipTest:
    """Tests strokes of one file, within a bound on the work."""

    def __init__(self) -> None:
        self._left = _MOST_TESTS

    def reaches_in(self, points: Points, width: float, clips: Sequence[Clip]) -> bool:
        """Return whether any part of a stroke is in all clips.

        Args:
            points: its middle line, (points, 2).
            width: how wide it is painted.
            clips: of its ancestors and its own.

        Raises:
            SketchError: the file has had too many tests.
        """
        if not clips:
            return True
        places = _places(points, width / 2)
        # Most strokes are inside everywhere: a few places decide.
        few = places[:: max(len(places) // 16, 1)]
        return self._any_inside(few, clips) or self._any_inside(places, clips)

    def _any_inside(self, places: Points, clips: Sequence[Clip]) -> bool:
        for clip in clips:
            inside = np.zeros(len(places), bool)
            for area in clip:
                inside |= self._inside(places, area)
            places = places[inside]
            if not len(places):
                return False
        return True

    def _inside(self, places: Points, area: Area) -> np.ndarray:
        edges = [np.stack([p, np.roll(p, -1, axis=0)], axis=1) for p in area.polygons if len(p) > 1]
        if not edges:
            return np.zeros(len(places), bool)
        edge_E22 = np.concatenate(edges)
        self._left -= len(places) * len(edge_E22)
        if self._left < 0:
            raise SketchError("clips of too many points")
        winding = np.zeros(len(places), np.int64)
        step = max(_CHUNK // len(edge_E22), 1)
        for start in range(0, len(places), step):
            winding[start : start + step] = _winding(places[start : start + step], edge_E22)
        return winding % 2 == 1 if area.evenodd else winding != 0


def _winding(places: Points, edge_E22: np.ndarray) -> np.ndarray:
    """Return how often edges go round each place: crossings of a ray to the right, by direction."""
    x, y = places[:, :1], places[:, 1:]
    (x1, y1), (x2, y2) = edge_E22[:, 0].T, edge_E22[:, 1].T
    up, down = (y1 <= y) & (y2 > y), (y1 > y) & (y2 <= y)
    with np.errstate(all="ignore"):
        cross = (x2 - x1) * (y - y1) - (x - x1) * (y2 - y1)
    return (up & (cross > 0)).sum(1) - (down & (cross < 0)).sum(1)


def _places(points: Points, reach: float) -> Points:
    """Return places on a stroke, across its width too."""
    if len(points) == 1:
        points = np.repeat(points, 2, axis=0)
    start, step = points[:-1], np.diff(points, axis=0)
    middle = start[:, None] + step[:, None] * _ALONG[:, None]
    length = np.hypot(*step.T)[:, None]
    normal = np.stack([-step[:, 1], step[:, 0]], axis=1) / np.where(length, length, 1)
    # A dot has no direction.
    normal = np.where(length, normal, [[0.0, 1.0]])
    places = middle[:, :, None] + (normal * reach)[:, None, None] * _ACROSS[:, None]
    flat: Points = places.reshape(-1, 2)
    return flat
