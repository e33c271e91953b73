"""The outlines of basic shapes, drawn as SVG 2 says, with the same start and direction."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

import tinycss2

from instancesketch.formats.vector.cascade import Style
from instancesketch.formats.vector.lengths import Length, meaningful, parse_length
from instancesketch.formats.vector.path_data import Pen, Subpath, parse_path
from instancesketch.formats.vector.properties import AUTO

_POINTS = re.compile(r"[ \t\n\r\f]*,?[ \t\n\r\f]*([+-]?(?:\d*\.\d+|\d++(?!\.))(?:[eE][+-]?\d+)?)")


class Viewport:
    """The width and height that percentages are of; None where the file doesn't say."""

    # What browsers take for a picture without a size.
    _DEFAULT = (300.0, 150.0)

    def __init__(self, width: float | None, height: float | None) -> None:
        self.width = self._DEFAULT[0] if width is None else width
        self.height = self._DEFAULT[1] if height is None else height

    @property
    def diagonal(self) -> float:
        """Return what percentages of radii and line widths are of."""
        return math.hypot(self.width, self.height) / math.sqrt(2)


class Geometry:
    """Gives the subpaths of shapes in their own units; path data is parsed once for all copies."""

    def __init__(self) -> None:
        self._paths: dict[str, tuple[list[Subpath], str | None]] = {}

    def outline(
        self, tag: str, attributes: Mapping[str, str], style: Style, viewport: Viewport
    ) -> tuple[list[Subpath], str | None]:
        """Return the subpaths of a shape, and the text where its data has an error.

        Raises:
            SketchError: a path of too many curves.
        """
        if tag == "path":
            return self._path(attributes.get("d", ""), style)
        if tag in ("polyline", "polygon"):
            return _points(attributes.get("points", ""), tag == "polygon")
        pen = Pen()
        _DRAWN[tag](pen, attributes, style, viewport)
        return pen.subpaths, None

    def _path(self, data: str, style: Style) -> tuple[list[Subpath], str | None]:
        # Set by a style sheet, if only to nothing by `all: unset`.
        if "d" in style.values:
            return list(style["d"] or ()), None
        if data == "none":
            return [], None
        if data not in self._paths:
            self._paths[data] = parse_path(data)
        return self._paths[data]


def _points(text: str, closed: bool) -> tuple[list[Subpath], str | None]:
    numbers, at, stripped = [], 0, text.rstrip(" \t\n\r\f")
    while at < len(stripped):
        found = _POINTS.match(stripped, at)
        if found is None or (not at and "," in found[0][: -len(found[1])]):
            return [], stripped[at : at + 20]  # browsers draw nothing of it
        numbers.append(float(found[1]))
        at = found.end()
    if len(numbers) < 2:
        return [], None
    pairs = list(zip(numbers[::2], numbers[1::2], strict=False))
    # A number without its partner is left out.
    error = f"{numbers[-1]:g}" if len(numbers) % 2 else None
    return [Subpath(pairs[0], list(pairs[1:]), closed)], error


def _attribute(attributes: Mapping[str, str], name: str, style: Style) -> Length:
    tokens = meaningful(tinycss2.parse_component_value_list(attributes.get(name, "")))
    length = parse_length(tokens[0], True) if len(tokens) == 1 else None
    return style.resolve(length or Length())


def _line(pen: Pen, attributes: Mapping[str, str], style: Style, viewport: Viewport) -> None:
    x1, y1, x2, y2 = (_attribute(attributes, n, style) for n in ("x1", "y1", "x2", "y2"))
    pen.move(x1.of(viewport.width), y1.of(viewport.height))
    pen.add((x2.of(viewport.width), y2.of(viewport.height)))


def _circle(pen: Pen, attributes: Mapping[str, str], style: Style, viewport: Viewport) -> None:
    radius = style["r"].of(viewport.diagonal)
    _round(pen, style, viewport, radius, radius)


def _ellipse(pen: Pen, attributes: Mapping[str, str], style: Style, viewport: Viewport) -> None:
    _round(pen, style, viewport, *_radii(style, viewport))


def _round(pen: Pen, style: Style, viewport: Viewport, rx: float, ry: float) -> None:
    if rx <= 0 or ry <= 0:
        return
    x, y = style["cx"].of(viewport.width), style["cy"].of(viewport.height)
    pen.move(x + rx, y)
    for end in ((x, y + ry), (x - rx, y), (x, y - ry), (x + rx, y)):
        pen.arc(rx, ry, 0, False, True, *end)
    pen.close()


def _radii(style: Style, viewport: Viewport) -> tuple[float, float]:
    """Return `rx` and `ry`, of which one is the other where it is `auto`."""
    rx, ry = style["rx"], style["ry"]
    x = None if rx == AUTO else rx.of(viewport.width)
    y = None if ry == AUTO else ry.of(viewport.height)
    return (y or 0.0 if x is None else x), (x or 0.0 if y is None else y)


def _rect(pen: Pen, attributes: Mapping[str, str], style: Style, viewport: Viewport) -> None:
    sides = (style["width"], style["height"])
    if AUTO in sides:
        return
    width, height = sides[0].of(viewport.width), sides[1].of(viewport.height)
    if width <= 0 or height <= 0:
        return
    x, y = style["x"].of(viewport.width), style["y"].of(viewport.height)
    rx, ry = _radii(style, viewport)
    rx, ry = min(rx, width / 2), min(ry, height / 2)
    right, bottom = x + width, y + height
    if rx <= 0 or ry <= 0:
        pen.move(x, y)
        for corner in ((right, y), (right, bottom), (x, bottom)):
            pen.add(corner)
    else:
        pen.move(x + rx, y)
        pen.add((right - rx, y))
        pen.arc(rx, ry, 0, False, True, right, y + ry)
        pen.add((right, bottom - ry))
        pen.arc(rx, ry, 0, False, True, right - rx, bottom)
        pen.add((x + rx, bottom))
        pen.arc(rx, ry, 0, False, True, x, bottom - ry)
        pen.add((x, y + ry))
        pen.arc(rx, ry, 0, False, True, x + rx, y)
    pen.close()


_DRAWN: dict[str, Callable[[Pen, Mapping[str, Any], Style, Viewport], None]] = {
    "line": _line,
    "circle": _circle,
    "ellipse": _ellipse,
    "rect": _rect,
}
SHAPES = frozenset({"path", "polyline", "polygon", *_DRAWN})
