"""The areas of `<clipPath>` elements."""

from __future__ import annotations

from instancesketch.formats.vector import matrix
from instancesketch.formats.vector.basic_shapes import SHAPES, Viewport
from instancesketch.formats.vector.matrix import Matrix
from instancesketch.formats.vector.painting.clip_test import Area, Clip
from instancesketch.formats.vector.painting.own_transform import own_transform
from instancesketch.formats.vector.painting.place import Place
from instancesketch.formats.vector.painting.shapes import Shapes
from instancesketch.formats.vector.painting.walk import Walk
from instancesketch.formats.vector.stylesheets import Element
from instancesketch.formats.vector.transforms import Box
from instancesketch.formats.vector.tree import Tree

_MOST_LINKS = 8  # from clip to clip


class ClipPaths:
    """Finds the clips of one file; those that many elements have in one place are made once."""

    def __init__(self, tree: Tree, shapes: Shapes, walk: Walk) -> None:
        self._tree = tree
        self._shapes = shapes
        self._walk = walk
        self._known: dict[tuple[int, Matrix], Clip | None] = {}

    def find(self, element: Element, tag: str, inside: Place) -> tuple[Clip, ...]:
        """Return the clips that an element's `clip-path` means; none where it means nothing."""
        clips: list[Clip] = []
        found = self._tree.find(inside.style["clip-path"])
        # A clip may itself be clipped.
        for _ in range(_MOST_LINKS):
            if found is None or self._tree.tag(found) != "clipPath":
                break
            by_box = found.etree_element.attrib.get("clipPathUnits") == "objectBoundingBox"
            key = (id(found.etree_element), inside.matrix)
            if by_box:
                box = self._walk.box(element, inside) or (0, 0, 0, 0)
                clip = self._make(found, inside, box)
            elif key in self._known:
                clip = self._known[key]
            else:
                clip = self._known[key] = self._make(found, inside, None)
            if clip is not None:
                clips.append(clip)
            found = self._tree.find(self._tree.style(found)["clip-path"])
        return tuple(clips)

    def _make(self, clip: Element, inside: Place, box: Box | None) -> Clip | None:
        """Return the areas of a `<clipPath>`; None where text is among them."""
        style = self._tree.style(clip)
        moved = matrix.multiply(inside.matrix, own_transform(clip, style, inside.viewport))
        viewport = inside.viewport
        if box is not None:
            fitted = matrix.multiply(matrix.translate(box[0], box[1]), matrix.scale(box[2], box[3]))
            moved, viewport = matrix.multiply(moved, fitted), Viewport(1.0, 1.0)
        place = Place(moved, style, viewport)
        areas: list[Area] = []
        for child in clip.iter_children():
            tag = self._tree.tag(child)
            if tag == "text":
                return None
            if tag not in SHAPES and tag != "use":
                continue  # groups don't clip
            for leaf in self._walk.leaves([(child, place)]):
                if leaf.tag == "text":
                    return None
                if leaf.tag in SHAPES and leaf.place.is_visible:
                    subpaths = self._shapes.outline(leaf)[0]
                    lines = tuple(self._shapes.flatten(s, leaf.place.matrix) for s in subpaths)
                    areas.append(Area(lines, leaf.place.style["clip-rule"] == "evenodd"))
        return tuple(areas)
