"""Walk an SVG as a browser paints it, and collect the outlines that it paints."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from xml.etree import ElementTree

import numpy as np

from instancesketch.core.errors import SketchError
from instancesketch.formats.vector import matrix
from instancesketch.formats.vector.cascade import Style
from instancesketch.formats.vector.flatten import Points
from instancesketch.formats.vector.painting.clip_paths import ClipPaths
from instancesketch.formats.vector.painting.clip_test import ClipTest
from instancesketch.formats.vector.painting.copies import check_copies
from instancesketch.formats.vector.painting.dashes import is_drawn
from instancesketch.formats.vector.painting.opacity import is_painted
from instancesketch.formats.vector.painting.page import place_root
from instancesketch.formats.vector.painting.place import NO_SHAPES, Leaf
from instancesketch.formats.vector.painting.shapes import Shapes
from instancesketch.formats.vector.painting.walk import Walk
from instancesketch.formats.vector.tree import Tree

WITHOUT_STROKE = "shape without a stroke"
_INVISIBLE = "invisible shape"
_CLIPPED = "stroke outside its clip"
_MOST_DAMAGES = 5  # that are named one by one
_DANGLING = "<use> of nothing in the file"


@dataclass(frozen=True)
class Outline:
    """A shape that is painted, in the units of the `viewBox`."""

    tag: str
    lines: tuple[Points, ...]  # one a subpath; those of a closed one end where they began
    stroked: bool  # `lines` are those whose stroke is seen; otherwise all, of a filled shape
    filled: bool
    width: float  # of the stroke, where it is widest
    style: Style
    data: Mapping[str, str]  # `data-` attributes of the shape and its groups, without that prefix


@dataclass
class Drawing:
    """The painting of an SVG: its canvas, its outlines in order, and what else is in it."""

    width: float | None
    height: float | None
    outlines: list[Outline] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)


def draw(root: ElementTree.Element, exact: bool = False) -> Drawing:
    """Return what an SVG paints.

    Args:
        root: its root, from `document.parse_xml`.
        exact: leave out nothing that lies outside of the page.

    Raises:
        SketchError: it would take too long, or uses something that isn't followed.
    """
    try:
        return _draw(root, exact)
    except RecursionError:  # boxes of boxes of …
        raise SketchError("SVG nested too deep") from None


def _draw(root: ElementTree.Element, exact: bool) -> Drawing:
    tree = Tree(root)
    check_copies(tree)
    canvas, place = place_root(tree, exact)
    shapes = Shapes(side=max(canvas[0] or 0.0, canvas[1] or 0.0))
    walk = Walk(tree, shapes)
    clip_paths = ClipPaths(tree, shapes, walk)
    painter = _Painter(tree, shapes, Drawing(*canvas))
    for leaf in walk.leaves([(tree.root, place)], clip_paths.find):
        painter.add(leaf)
    drawing = painter.drawing
    if walk.dangling:
        drawing.left_out[_DANGLING] = walk.dangling
    return drawing


class _Painter:
    """Sorts what the walk passes into outlines and what is left out."""

    def __init__(self, tree: Tree, shapes: Shapes, drawing: Drawing) -> None:
        self.drawing = drawing
        self._tree = tree
        self._shapes = shapes
        self._clip_test = ClipTest()

    def add(self, leaf: Leaf) -> None:
        """Add a shape to the outlines, or to what is left out."""
        left_out = self.drawing.left_out
        place = leaf.place
        if leaf.tag in NO_SHAPES:
            if place.is_visible:
                left_out[NO_SHAPES[leaf.tag]] += 1
            return
        subpaths, error = self._shapes.outline(leaf)
        visible = place.is_visible and matrix.determinant(place.matrix) != 0
        if visible and error is not None:
            left_out[_damage(error, left_out)] += 1
        if not subpaths:
            return
        width = place.style["stroke-width"].of(place.viewport.diagonal)
        stroked = visible and width > 0 and is_painted("stroke", leaf, subpaths, self._tree)
        lines = [(s, self._shapes.flatten(s, place.matrix)) for s in subpaths]
        filled = visible and is_painted("fill", leaf, subpaths, self._tree)
        filled = filled and any(_has_area(points) for _, points in lines)
        reach = width * matrix.stretch(place.matrix)
        drawn = [p for s, p in lines if stroked and is_drawn(s, leaf, self._shapes)]
        kept = [p for p in drawn if self._clip_test.reaches_in(p, reach, place.clips)]
        if len(kept) < len(drawn):
            left_out[_CLIPPED] += len(drawn) - len(kept)
        elif not drawn:
            left_out[WITHOUT_STROKE if filled else _INVISIBLE] += 1
        if kept or (filled and not drawn):
            found = tuple(kept or (points for _, points in lines))
            outline = Outline(leaf.tag, found, bool(kept), filled, reach, place.style, place.data)
            self.drawing.outlines.append(outline)


def _damage(error: str, known: Counter[str]) -> str:
    """Return the name of what is cut off a shape by an error in its data."""
    name = f"shape cut off at {error!r}, where its data is wrong"
    number = sum(kind.startswith("shape cut off") for kind in known)
    return name if name in known or number < _MOST_DAMAGES else "shape cut off at an error"


def _has_area(points: Points) -> bool:
    if len(points) < 3:
        return False
    x, y = points.T
    # Twice the area by the shoelace formula; figures of eight may cancel out, hence the ranges.
    area = abs(float(np.sum(x * np.roll(y, -1) - y * np.roll(x, -1))))
    return area > 0 or bool(np.ptp(x) > 0 and np.ptp(y) > 0 and len(points) > 3)
