"""The lines of shapes, within a bound on the points of one file."""

from __future__ import annotations

from instancesketch.core.errors import SketchError
from instancesketch.formats.vector.basic_shapes import Geometry
from instancesketch.formats.vector.flatten import Points, flatten
from instancesketch.formats.vector.matrix import IDENTITY, Matrix
from instancesketch.formats.vector.painting.place import Leaf, bounds
from instancesketch.formats.vector.path_data import Subpath
from instancesketch.formats.vector.transforms import Box

_MOST_POINTS = 2_000_000
_BOX_SIDE = 0.02  # boxes turn and stretch drawings, and so need finer curves


class Shapes:
    """Gives the outlines of one file's shapes, as curves and as polylines."""

    def __init__(self, side: float) -> None:
        # Curves are sampled in proportion to the canvas.
        self._side = side
        self._geometry = Geometry()
        self._points = 0

    def outline(self, leaf: Leaf) -> tuple[list[Subpath], str | None]:
        """Return the subpaths of a shape, and the text where its data has an error.

        Raises:
            SketchError: the file has too many points.
        """
        attributes = leaf.element.etree_element.attrib
        found = self._geometry.outline(leaf.tag, attributes, leaf.place.style, leaf.place.viewport)
        self._spend(sum(len(s.curves) + 1 for s in found[0]))
        return found

    def flatten(self, subpath: Subpath, moved: Matrix) -> Points:
        """Return the polyline of a subpath on the canvas."""
        return self._flatten(subpath, moved, self._side)

    def flatten_alone(self, subpath: Subpath) -> Points:
        """Return the polyline of a subpath in its own units, as fine as its own size asks for."""
        return self._flatten(subpath, IDENTITY, 0.0)

    def box(self, leaf: Leaf) -> Box | None:
        """Return the box around a shape's area in its own units."""
        side = self._side * _BOX_SIDE
        return bounds([self._flatten(s, IDENTITY, side) for s in self.outline(leaf)[0]])

    def _flatten(self, subpath: Subpath, moved: Matrix, side: float) -> Points:
        points = flatten(subpath, moved, side)
        self._spend(len(points))
        return points

    def _spend(self, points: int) -> None:
        self._points += points
        if self._points > _MOST_POINTS:
            raise SketchError(f"more than {_MOST_POINTS} points")
