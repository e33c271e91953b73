"""The walk from an SVG's root to all that is painted, and the boxes of what lies on the way."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from instancesketch.core.errors import SketchError
from instancesketch.formats.vector import matrix, transforms
from instancesketch.formats.vector.basic_shapes import SHAPES, Viewport
from instancesketch.formats.vector.cascade import Style
from instancesketch.formats.vector.document import MAX_DEPTH
from instancesketch.formats.vector.flatten import Points
from instancesketch.formats.vector.lengths import Length
from instancesketch.formats.vector.matrix import IDENTITY
from instancesketch.formats.vector.painting.clip_test import Area, Clip
from instancesketch.formats.vector.painting.copies import COPY, check_number
from instancesketch.formats.vector.painting.own_transform import own_transform
from instancesketch.formats.vector.painting.place import (
    NO_SHAPES,
    Leaf,
    Place,
    bounds,
    is_rendered,
    rectangle,
)
from instancesketch.formats.vector.painting.shapes import Shapes
from instancesketch.formats.vector.properties import AUTO
from instancesketch.formats.vector.stylesheets import Element
from instancesketch.formats.vector.transforms import Box
from instancesketch.formats.vector.tree import Tree, is_chosen

_WHOLE = Length(percent=100.0)

# Returns the clips of an element of a tag in its place.
ClipFinder = Callable[[Element, str, Place], tuple[Clip, ...]]


class Walk:
    """Walks through one file, within a bound on the elements that it passes."""

    def __init__(self, tree: Tree, shapes: Shapes) -> None:
        self._tree = tree
        self._shapes = shapes
        self._elements = 0
        self._roots: dict[int, Element] = {}  # of copies, by what they are copies of
        self.dangling = 0  # copies of nothing in the file that were met so far

    def leaves(
        self, stack: list[tuple[Element, Place]], clips_of: ClipFinder | None = None
    ) -> Iterator[Leaf]:
        """Yield what is painted from elements with their places, in order.

        Without `clips_of` only the geometry matters.

        Raises:
            SketchError: the file has too many elements, or they are nested too deep.
        """
        while stack:
            element, place = stack.pop()
            self._count(place)
            tag = self._tree.tag(element)
            if not is_rendered(element, tag, place):
                continue
            inside = self._enter(element, tag, place, clips_of)
            if tag in SHAPES or tag in NO_SHAPES:
                yield Leaf(tag, element, inside)
            elif tag == "use":
                copies = self._copy(element, inside)
                if copies is None and clips_of is not None:
                    self.dangling += 1
                stack += copies or []
            else:
                stack += self._children(element, tag, inside)

    def box(self, element: Element, inside: Place) -> Box | None:
        """Return the bounding box of an element in its own units: of areas, not of strokes.

        That of a group is of its children's boxes, not of what is in them, as in browsers.
        """
        self._count(inside, boxed=True)
        tag = self._tree.tag(element)
        start = inside._replace(matrix=IDENTITY, hidden=False)
        if tag in SHAPES:
            return self._shapes.box(Leaf(tag, element, start))
        if tag == "use":
            # The shift by `x` and `y` counts as part of its transform.
            copies = self._copy(element, start) or []
            children = [(child, place._replace(matrix=IDENTITY)) for child, place in copies]
        else:
            children = self._children(element, tag, start)
        boxes: list[Points] = []
        for child, place in children:
            tag = self._tree.tag(child)
            if not is_rendered(child, tag, place):
                continue
            within = self._enter(child, tag, place)
            box = None if within.hidden else self.box(child, within)
            if box is not None:
                moved = within.matrix
                if tag == "use":
                    moved = matrix.multiply(moved, within.shift)
                boxes.append(rectangle(*box, moved))
        return bounds(boxes)

    def _count(self, place: Place, boxed: bool = False) -> None:
        # Copies and boxes can be far more than the file is long.
        self._elements += COPY if place.in_copy or boxed else 1
        check_number(self._elements)
        if place.depth > MAX_DEPTH:
            raise SketchError(f"SVG nested more than {MAX_DEPTH} deep")

    def _enter(
        self, element: Element, tag: str, place: Place, clips_of: ClipFinder | None = None
    ) -> Place:
        """Return the place inside of an element: its style, its transform, its clip."""
        is_root = element is self._tree.root
        style = self._tree.cascade.style(element, place.style, tag, place.in_copy)
        own = {k[5:]: v for k, v in element.etree_element.attrib.items() if k[:5] == "data-"}
        inside = place._replace(
            style=style,
            data={**place.data, **own} if own else place.data,
            depth=place.depth + 1,
            hidden=place.hidden or self._is_hidden(element, tag, style),
        )
        if style["display"] == "contents" and not is_root:
            # It is as if its children stood in its place.
            return inside._replace(hidden=inside.hidden or tag in SHAPES)
        turned = IDENTITY
        if not is_root:
            styled = inside  # its box is that before it is turned
            turned = own_transform(
                element, style, place.viewport, lambda: self.box(element, styled)
            )
        moved = matrix.multiply(place.matrix, turned)
        inside = inside._replace(matrix=moved, alpha=place.alpha * style["opacity"])
        if clips_of is not None and style["clip-path"] and not inside.hidden:
            inside = inside._replace(clips=inside.clips + clips_of(element, tag, inside))
        if tag in ("svg", "symbol") and not is_root:
            return _enter_nested(element, inside, place)
        return inside

    def _is_hidden(self, element: Element, tag: str, style: Style) -> bool:
        """Return whether an element isn't shown, for all that is said of itself."""
        # The root is shown whatever its display is.
        if style["display"] == "none" and element is not self._tree.root:
            return True
        # Browsers don't show a link right in a link.
        in_link = element.parent is not None and self._tree.tag(element.parent) == "a"
        return not is_chosen(element) or (tag == "a" and in_link)

    def _children(self, element: Element, tag: str, inside: Place) -> list[tuple[Element, Place]]:
        # Those of a copy are walked again for the next one; others would only fill memory.
        children = element.children if inside.in_copy else element.iter_children()
        found = [c for c in children if self._tree.tag(c)]
        if tag == "switch":
            found = [c for c in found if is_chosen(c)][:1]
        return [(child, inside) for child in reversed(found)]

    def _copy(self, element: Element, inside: Place) -> list[tuple[Element, Place]] | None:
        """Return the target of a `<use>` at its place; None where it isn't in the file."""
        target = self._tree.target(element)
        if target is None:
            return None
        if target in inside.uses:
            raise SketchError(f"a <use> that contains itself: '#{target.id[:40]}'")
        if inside.hidden:
            return []
        place = inside._replace(
            matrix=matrix.multiply(inside.matrix, inside.shift),
            uses=(*inside.uses, target),
            size=(inside.style["width"], inside.style["height"]),
        )
        # To selectors the copy is a tree of its own.
        root = self._roots.get(id(target.etree_element))
        if root is None:
            root = Element.from_xml_root(target.etree_element)
            self._roots[id(target.etree_element)] = root
        return [(root, place)]


def _enter_nested(element: Element, inside: Place, outside: Place) -> Place:
    """Return the place inside of a nested `<svg>`, or of a `<symbol>`."""
    style, viewport = inside.style, outside.viewport
    given = outside.size if element.parent is None else (AUTO, AUTO)
    sides: list[Length] = [
        next(side for side in (used, own, _WHOLE) if isinstance(side, Length))
        for used, own in zip(given, (style["width"], style["height"]), strict=True)
    ]
    width, height = sides[0].of(viewport.width), sides[1].of(viewport.height)
    x, y = style["x"].of(viewport.width), style["y"].of(viewport.height)
    moved = matrix.multiply(inside.matrix, matrix.translate(x, y))
    clips = inside.clips
    if style["overflow"] in (None, "hidden", "scroll"):
        clips = (*clips, (Area((rectangle(0, 0, width, height, moved),)),))
    box = transforms.parse_view_box(element.etree_element.attrib.get("viewBox"))
    within = inside._replace(matrix=moved, clips=clips, size=(AUTO, AUTO))
    if box is None:
        return within._replace(viewport=Viewport(width, height))
    if min(box[2], box[3], width, height) <= 0:
        return within._replace(hidden=True)
    align = element.etree_element.attrib.get("preserveAspectRatio")
    fitted = matrix.multiply(moved, transforms.fit(box, width, height, align))
    return within._replace(matrix=fitted, viewport=Viewport(box[2], box[3]))
