"""Walk an SVG as a browser paints it, and collect the outlines that it paints."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from xml.etree import ElementTree

import numpy as np

from instancesketch.core.errors import SketchError
from instancesketch.formats.vector import matrix, paints, transforms
from instancesketch.formats.vector.basic_shapes import SHAPES, Geometry, Viewport
from instancesketch.formats.vector.cascade import ROOT, Style
from instancesketch.formats.vector.clipping import Area, Clip, ClipTest
from instancesketch.formats.vector.document import MAX_DEPTH, MAX_ELEMENTS
from instancesketch.formats.vector.flatten import Points, flatten
from instancesketch.formats.vector.lengths import Length, Unsupported
from instancesketch.formats.vector.matrix import IDENTITY, Matrix
from instancesketch.formats.vector.path_data import Subpath
from instancesketch.formats.vector.properties import AUTO
from instancesketch.formats.vector.stylesheets import Element
from instancesketch.formats.vector.transforms import Box
from instancesketch.formats.vector.tree import Tree, is_chosen

_MOST_POINTS = 2_000_000
_COPY = 5  # elements that one in a copy counts as
_BOX_SIDE = 0.02  # boxes turn and stretch drawings, and so need finer curves
_GROUPS = {"g", "a", "svg", "switch", "use"}
_OTHER = {"text": "text", "image": "image", "foreignObject": "embedded page"}
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
    """What an SVG paints: its canvas, its outlines in order, and what else is in it."""

    width: float | None
    height: float | None
    outlines: list[Outline] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Place:
    """Where an element is painted: all that comes from its ancestors."""

    matrix: Matrix
    style: Style
    viewport: Viewport
    alpha: float = 1.0
    clips: tuple[Clip, ...] = ()
    data: Mapping[str, str] = field(default_factory=dict)
    depth: int = 0
    uses: tuple[Element, ...] = ()  # whose copy this is part of, the innermost last
    hidden: bool = False
    size: tuple[Length | str, Length | str] = (AUTO, AUTO)  # that a `<use>` gives its target

    @property
    def in_copy(self) -> bool:
        """Return whether it is part of a copy for a `<use>`."""
        return bool(self.uses)


@dataclass(frozen=True)
class Leaf:
    """A shape, or something else without children, with its final place and own style."""

    tag: str
    element: Element
    place: Place


def draw(root: ElementTree.Element, exact: bool = False) -> Drawing:
    """Return what an SVG paints.

    Args:
        root: its root, from `document.parse_xml`.
        exact: leave out nothing that lies outside of the page.

    Raises:
        SketchError: it would take too long, or uses something that isn't followed.
    """
    try:
        return _Painter(root).draw(exact)
    except RecursionError:  # boxes of boxes of …
        raise SketchError("SVG nested too deep") from None


class _Painter:
    """The walk through one document."""

    def __init__(self, root: ElementTree.Element) -> None:
        self._tree = Tree(root)
        self._geometry = Geometry()
        self._clip_test = ClipTest()
        self._clips: dict[tuple[int, Matrix], Clip | None] = {}
        self._elements = self._points = 0
        self._side = 0.0

    def draw(self, exact: bool) -> Drawing:
        root = self._tree.root
        canvas, place = self._page(root, exact)
        drawing = Drawing(*canvas)
        # Curves are sampled in proportion to the canvas.
        self._side = max(canvas[0] or 0.0, canvas[1] or 0.0)
        for leaf in self._leaves([(root, place)], drawing.left_out):
            if leaf.tag in SHAPES:
                self._paint(leaf, drawing)
            elif self._is_visible(leaf.place):
                drawing.left_out[_OTHER[leaf.tag]] += 1
        return drawing

    # The page

    def _page(self, root: Element, exact: bool) -> tuple[tuple[float | None, float | None], Place]:
        """Return the size of the canvas, and the place of the root on it."""
        style = self._tree.style(root)
        attributes = root.etree_element.attrib
        box = transforms.parse_view_box(attributes.get("viewBox"))
        sides = [
            None if side == AUTO or side.percent else max(side.px, 0.0)
            for side in (style["width"], style["height"])
        ]
        width, height = (box[2], box[3]) if box else sides
        canvas = (width or None, height or None)
        viewport = Viewport(width, height)
        place = Place(IDENTITY, ROOT, viewport)
        if box and not box[2] * box[3]:
            return canvas, replace(place, hidden=True)
        if sides[0] is None or sides[1] is None:
            return canvas, place
        if not sides[0] * sides[1]:
            return canvas, replace(place, hidden=True)
        to_page = IDENTITY
        if box:
            to_page = transforms.fit(box, sides[0], sides[1], attributes.get("preserveAspectRatio"))
        back = matrix.inverse(to_page)
        # On the page the root turns about its middle.
        turned = self._transform(root, style, Viewport(*sides), None, is_root=True)
        moved = matrix.multiply(matrix.multiply(back, turned), to_page)
        if turned == IDENTITY:
            moved = IDENTITY  # not nearly
        clips: tuple[Clip, ...] = ()
        if not exact:
            frame = matrix.multiply(moved, back)
            clips = ((Area((_rectangle(0, 0, sides[0], sides[1], frame),)),),)
        return canvas, replace(place, matrix=moved, clips=clips)

    # The walk

    def _leaves(
        self, stack: list[tuple[Element, Place]], left_out: Counter[str] | None
    ) -> Iterator[Leaf]:
        """Yield what is painted from elements with their places, in order.

        Without `left_out` only the geometry matters: clips are not looked at.
        """
        while stack:
            element, place = stack.pop()
            self._count(place)
            tag = self._tree.tag(element)
            if not _is_rendered(element, tag, place):
                continue
            inside = self._enter(element, tag, place, left_out is not None)
            if tag in SHAPES or tag in _OTHER:
                yield Leaf(tag, element, inside)
            elif tag == "use":
                stack += self._copy(element, inside, left_out)
            else:
                stack += self._children(element, tag, inside)

    def _count(self, place: Place, boxed: bool = False) -> None:
        # Copies and boxes can be far more than the file is long.
        self._elements += _COPY if place.in_copy or boxed else 1
        if self._elements > MAX_ELEMENTS:
            raise SketchError(f"more than {MAX_ELEMENTS} SVG elements")
        if place.depth > MAX_DEPTH:
            raise SketchError(f"SVG nested more than {MAX_DEPTH} deep")

    def _enter(self, element: Element, tag: str, place: Place, clipped: bool) -> Place:
        """Return the place inside of an element: its style, its transform, its clip."""
        is_root = element is self._tree.root
        style = self._tree.cascade.style(element, place.style, tag, place.in_copy)
        own = {k[5:]: v for k, v in element.etree_element.attrib.items() if k[:5] == "data-"}
        inside = replace(
            place,
            style=style,
            data={**place.data, **own} if own else place.data,
            depth=place.depth + 1,
            # The root is shown whatever its display is.
            hidden=place.hidden
            or not is_chosen(element)
            or self._is_link_in_link(element, tag)
            or (style["display"] == "none" and not is_root),
        )
        if style["display"] == "contents" and not is_root:
            # It is as if its children stood in its place.
            return replace(inside, hidden=inside.hidden or tag in SHAPES)
        turned = IDENTITY
        if not is_root:
            turned = self._transform(element, style, place.viewport, inside)
        moved = matrix.multiply(place.matrix, turned)
        inside = replace(inside, matrix=moved, alpha=place.alpha * style["opacity"])
        if clipped and style["clip-path"] and not inside.hidden:
            inside = replace(inside, clips=inside.clips + self._clip_path(element, tag, inside))
        if tag in ("svg", "symbol") and not is_root:
            return self._nested(element, inside, place)
        return inside

    def _is_link_in_link(self, element: Element, tag: str) -> bool:
        """Return whether browsers don't show an element for its being a link right in a link."""
        return tag == "a" and element.parent is not None and self._tree.tag(element.parent) == "a"

    def _children(self, element: Element, tag: str, inside: Place) -> list[tuple[Element, Place]]:
        children = [c for c in element.iter_children() if self._tree.tag(c)]
        if tag == "switch":
            children = [c for c in children if is_chosen(c)][:1]
        return [(child, inside) for child in reversed(children)]

    def _copy(
        self, element: Element, inside: Place, left_out: Counter[str] | None = None
    ) -> list[tuple[Element, Place]]:
        """Return the target of a `<use>` at its place."""
        target = self._tree.target(element)
        if target is None:
            if left_out is not None:
                left_out[_DANGLING] += 1
            return []
        if target in inside.uses:
            raise SketchError(f"a <use> that contains itself: '#{target.id[:40]}'")
        if inside.hidden:
            return []
        size = (inside.style["width"], inside.style["height"])
        place = replace(
            inside,
            matrix=matrix.multiply(inside.matrix, _shift(inside)),
            uses=(*inside.uses, target),
            size=size,
        )
        # To selectors the copy is a tree of its own.
        return [(Element.from_xml_root(target.etree_element), place)]

    def _nested(self, element: Element, inside: Place, outside: Place) -> Place:
        """Return the place inside of a nested `<svg>`, or of a `<symbol>`."""
        style, viewport = inside.style, outside.viewport
        given = outside.size if element.parent is None else (AUTO, AUTO)
        whole = Length(percent=100.0)
        sides: list[Length] = [
            next(side for side in (used, own, whole) if isinstance(side, Length))
            for used, own in zip(given, (style["width"], style["height"]), strict=True)
        ]
        width, height = sides[0].of(viewport.width), sides[1].of(viewport.height)
        x, y = style["x"].of(viewport.width), style["y"].of(viewport.height)
        moved = matrix.multiply(inside.matrix, matrix.translate(x, y))
        clips = inside.clips
        if style["overflow"] in (None, "hidden", "scroll"):
            clips = (*clips, (Area((_rectangle(0, 0, width, height, moved),)),))
        box = transforms.parse_view_box(element.etree_element.attrib.get("viewBox"))
        within = replace(inside, matrix=moved, clips=clips, size=(AUTO, AUTO))
        if box is None:
            return replace(within, viewport=Viewport(width, height))
        if min(box[2], box[3], width, height) <= 0:
            return replace(within, hidden=True)
        align = element.etree_element.attrib.get("preserveAspectRatio")
        fitted = matrix.multiply(moved, transforms.fit(box, width, height, align))
        return replace(within, matrix=fitted, viewport=Viewport(box[2], box[3]))

    # Transforms and boxes

    def _transform(
        self,
        element: Element,
        style: Style,
        viewport: Viewport,
        inside: Place | None,
        is_root: bool = False,
    ) -> Matrix:
        """Return the transform of an element itself."""
        by_css = "transform" in style.values
        attribute = None if by_css else element.etree_element.attrib.get("transform")
        singles = [style[name] for name in ("translate", "rotate", "scale")]
        if not (attribute or (by_css and style["transform"]) or any(singles)):
            return IDENTITY
        left, top, width, height = 0.0, 0.0, viewport.width, viewport.height
        if style["transform-box"] != "view-box" and inside is not None:
            if style["transform-box"] not in ("fill-box", "content-box"):
                raise Unsupported(f"the transform-box {style['transform-box']!r} isn't read")
            left, top, width, height = self._box(element, inside) or (0.0, 0.0, 0.0, 0.0)
        result = IDENTITY
        for functions in singles:
            result = matrix.multiply(result, transforms.to_matrix(functions, width, height))
        if by_css:
            result = matrix.multiply(
                result, transforms.to_matrix(style["transform"], width, height)
            )
        elif attribute:
            result = matrix.multiply(result, transforms.parse_attribute(attribute))
        middle = Length(percent=50.0)
        origin = style["transform-origin"] or ((middle, middle) if is_root else None)
        if origin is None:
            return result if not left and not top else matrix.about(result, left, top)
        return matrix.about(result, left + origin[0].of(width), top + origin[1].of(height))

    def _box(self, element: Element, inside: Place) -> Box | None:
        """Return the bounding box of an element in its own units: of areas, not of strokes.

        That of a group is of its children's boxes, not of what is in them, as in browsers.
        """
        self._count(inside, boxed=True)
        tag = self._tree.tag(element)
        start = replace(inside, matrix=IDENTITY, hidden=False)
        if tag in SHAPES:
            subpaths = self._outline(Leaf(tag, element, start))[0]
            points = [flatten(subpath, side=self._side * _BOX_SIDE) for subpath in subpaths]
            self._spend(sum(map(len, points)))
            return _bounds(points)
        if tag == "use":
            # The shift by `x` and `y` counts as part of its transform.
            children = [(c, replace(p, matrix=IDENTITY)) for c, p in self._copy(element, start)]
        else:
            children = self._children(element, tag, start)
        boxes: list[Points] = []
        for child, place in children:
            tag = self._tree.tag(child)
            if not _is_rendered(child, tag, place):
                continue
            within = self._enter(child, tag, place, clipped=False)
            box = None if within.hidden else self._box(child, within)
            if box is not None:
                moved = within.matrix
                if tag == "use":
                    moved = matrix.multiply(moved, _shift(within))
                boxes.append(_rectangle(*box, moved))
        return _bounds(boxes)

    def _outline(self, leaf: Leaf) -> tuple[list[Subpath], str | None]:
        attributes = leaf.element.etree_element.attrib
        found = self._geometry.outline(leaf.tag, attributes, leaf.place.style, leaf.place.viewport)
        self._spend(sum(len(s.curves) + 1 for s in found[0]))
        return found

    def _spend(self, points: int) -> None:
        self._points += points
        if self._points > _MOST_POINTS:
            raise SketchError(f"more than {_MOST_POINTS} points")

    # Clips

    def _clip_path(self, element: Element, tag: str, inside: Place) -> tuple[Clip, ...]:
        """Return the clips that an element's `clip-path` means; none where it means nothing."""
        clips: list[Clip] = []
        found = self._tree.find(inside.style["clip-path"])
        # A clip may itself be clipped.
        for _ in range(8):
            if found is None or self._tree.tag(found) != "clipPath":
                break
            by_box = found.etree_element.attrib.get("clipPathUnits") == "objectBoundingBox"
            key = (id(found.etree_element), inside.matrix)
            if by_box:
                clip = self._make_clip(found, inside, self._box(element, inside) or (0, 0, 0, 0))
            elif key in self._clips:
                clip = self._clips[key]
            else:
                clip = self._clips[key] = self._make_clip(found, inside, None)
            if clip is not None:
                clips.append(clip)
            found = self._tree.find(self._tree.style(found)["clip-path"])
        return tuple(clips)

    def _make_clip(self, clip: Element, inside: Place, box: Box | None) -> Clip | None:
        """Return the areas of a `<clipPath>`; None where text is among them."""
        style = self._tree.style(clip)
        moved = matrix.multiply(inside.matrix, self._transform(clip, style, inside.viewport, None))
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
            for leaf in self._leaves([(child, place)], None):
                if leaf.tag == "text":
                    return None
                if leaf.tag in SHAPES and self._is_visible(leaf.place):
                    lines = [self._flatten(s, leaf.place.matrix) for s in self._outline(leaf)[0]]
                    areas.append(Area(tuple(lines), leaf.place.style["clip-rule"] == "evenodd"))
        return tuple(areas)

    def _flatten(self, subpath: Subpath, moved: Matrix) -> Points:
        points = flatten(subpath, moved, self._side)
        self._spend(len(points))
        return points

    # Painting

    def _is_visible(self, place: Place) -> bool:
        return not place.hidden and place.style["visibility"] == "visible"

    def _paint(self, leaf: Leaf, drawing: Drawing) -> None:
        """Add a shape to the outlines, or to what is left out."""
        place, style = leaf.place, leaf.place.style
        subpaths, error = self._outline(leaf)
        visible = self._is_visible(place) and matrix.determinant(place.matrix) != 0
        if visible and error is not None:
            drawing.left_out[_damage(error, drawing.left_out)] += 1
        if not subpaths:
            return
        width = style["stroke-width"].of(place.viewport.diagonal)
        stroked = visible and width > 0 and self._alpha("stroke", leaf, subpaths) > paints.FAINTEST
        filled = visible and self._alpha("fill", leaf, subpaths) > paints.FAINTEST
        lines = [(s, self._flatten(s, place.matrix)) for s in subpaths]
        if filled:
            filled = any(_has_area(points) for _, points in lines)
        reach = width * matrix.stretch(place.matrix)
        drawn = [line for line in lines if stroked and self._is_drawn(line[0], leaf)]
        kept = [p for _, p in drawn if self._clip_test.reaches_in(p, reach, place.clips)]
        if len(kept) < len(drawn):
            drawing.left_out[_CLIPPED] += len(drawn) - len(kept)
        elif not drawn:
            drawing.left_out[WITHOUT_STROKE if filled else _INVISIBLE] += 1
        if kept or (filled and not drawn):
            points = tuple(kept or (p for _, p in lines))
            outline = Outline(leaf.tag, points, bool(kept), filled, reach, style, place.data)
            drawing.outlines.append(outline)

    def _alpha(self, name: str, leaf: Leaf, subpaths: list[Subpath]) -> float:
        """Return how opaque a shape's stroke or fill is in the end."""
        style = leaf.place.style
        paint: paints.Paint = style[name]
        alpha = style.alpha(name)
        if paint.url is not None:
            server = self._server_alpha(paint.url, leaf, subpaths)
            alpha = alpha if server is None else server
        return float(alpha * style[f"{name}-opacity"] * leaf.place.alpha)

    def _server_alpha(self, url: str, leaf: Leaf, subpaths: list[Subpath]) -> float | None:
        """Return how opaque a gradient or pattern is; None where the fallback is painted."""
        server = self._tree.find(url)
        tag = "" if server is None else self._tree.tag(server)
        if server is None or tag not in ("linearGradient", "radialGradient", "pattern"):
            return None
        chain = self._tree.chain(server)
        is_pattern = tag == "pattern"
        units = "patternUnits" if is_pattern else "gradientUnits"
        named = (one.etree_element.attrib.get(units) for one in chain)
        alpha = 1.0
        if is_pattern:
            # It is drawn by what it holds.
            if not any(len(one.etree_element) for one in chain):
                return 0.0
        else:
            stops = next((s for s in map(self._stops, chain) if s), [])
            alpha = max(stops, default=0.0)
        if alpha and next(filter(None, named), None) != "userSpaceOnUse":
            every = np.concatenate([flatten(s) for s in subpaths])
            # It spans the shape's box, which a straight line doesn't have.
            if not np.ptp(every, axis=0).all():
                return None
        return alpha

    def _stops(self, gradient: Element) -> list[float]:
        alphas = []
        for child in gradient.iter_children():
            if self._tree.tag(child) == "stop":
                style = self._tree.style(child)
                colour = style["stop-color"]
                alpha = style["color"] if colour == paints.CURRENT else colour
                alphas.append(alpha * style["stop-opacity"])
        return alphas

    def _is_drawn(self, subpath: Subpath, leaf: Leaf) -> bool:
        """Return whether the stroke of a subpath leaves ink: a lone move doesn't."""
        if not subpath.curves and not subpath.closed:
            return False
        style = leaf.place.style
        has_caps = style["stroke-linecap"] != "butt"
        ends = {(c[i], c[i + 1]) for c in subpath.curves for i in range(0, len(c), 2)}
        if ends <= {subpath.start}:
            return has_caps  # a dot
        dashes: tuple[Length, ...] = style["stroke-dasharray"]
        if not dashes:
            return True
        points = flatten(subpath)
        self._spend(len(points))
        length = float(np.hypot(*np.diff(points, axis=0).T).sum())
        diagonal = leaf.place.viewport.diagonal
        sizes = [dash.of(diagonal) for dash in dashes]
        offset = style["stroke-dashoffset"].of(diagonal)
        factor = self._path_scale(leaf, length)
        return _has_dash([s * factor for s in sizes], offset * factor, length, has_caps)

    def _path_scale(self, leaf: Leaf, length: float) -> float:
        """Return the length over the `pathLength` that dashes are in, of a single subpath."""
        try:
            known = float(leaf.element.etree_element.attrib.get("pathLength", "0"))
        except ValueError:
            return 1.0
        return length / known if 0 < known < math.inf else 1.0


def _is_rendered(element: Element, tag: str, place: Place) -> bool:
    """Return whether an element can be painted at all; a symbol is only as a copy."""
    if tag == "symbol":
        return place.in_copy and element.parent is None
    return tag in _GROUPS or tag in SHAPES or tag in _OTHER


def _shift(inside: Place) -> Matrix:
    """Return the shift by the `x` and `y` of a `<use>`."""
    style, viewport = inside.style, inside.viewport
    return matrix.translate(style["x"].of(viewport.width), style["y"].of(viewport.height))


def _bounds(points: list[Points]) -> Box | None:
    if not points:
        return None
    every = np.concatenate(points)
    (left, top), (right, bottom) = every.min(0).tolist(), every.max(0).tolist()
    return left, top, right - left, bottom - top


def _damage(error: str, known: Counter[str]) -> str:
    """Return the name of what is cut off a shape by an error in its data."""
    name = f"shape cut off at {error!r}, where its data is wrong"
    number = sum(kind.startswith("shape cut off") for kind in known)
    return name if name in known or number < _MOST_DAMAGES else "shape cut off at an error"


def _has_dash(sizes: list[float], offset: float, length: float, has_caps: bool) -> bool:
    """Return whether any dash lies on a line."""
    if len(sizes) % 2:
        sizes = sizes * 2
    total = sum(sizes)
    if not total or not math.isfinite(total) or not math.isfinite(offset):
        return True  # drawn without dashes
    at = -(offset % total)
    # A dash is seen within one turn of the pattern, or never.
    for start in (at, at + total):
        for dash, gap in zip(sizes[::2], sizes[1::2], strict=True):
            end = start + dash
            if (dash > 0 or has_caps) and start < length and (end > 0 or (has_caps and end == 0)):
                return True
            start = end + gap
    return False


def _has_area(points: Points) -> bool:
    if len(points) < 3:
        return False
    x, y = points.T
    # Twice the area by the shoelace formula; figures of eight may cancel out, hence the ranges.
    area = abs(float(np.sum(x * np.roll(y, -1) - y * np.roll(x, -1))))
    return area > 0 or bool(np.ptp(x) > 0 and np.ptp(y) > 0 and len(points) > 3)


def _rectangle(left: float, top: float, width: float, height: float, moved: Matrix) -> Points:
    right, bottom = left + max(width, 0.0), top + max(height, 0.0)
    corners = [(left, top), (right, top), (right, bottom), (left, bottom)]
    return np.array([matrix.apply(moved, *corner) for corner in corners])
