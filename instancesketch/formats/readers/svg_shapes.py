"""SVG: every outline is a stroke, curves as fine polylines; `to_svg` reads back exactly.

Shapes with a `stroke` colour are read, or, in a file that has none, the outlines of all shapes.
Each subpath is a stroke. Coordinates are those of the `viewBox`, which is the canvas.
"""

from __future__ import annotations

import io
import math
import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any
from xml.etree import ElementTree

import numpy as np
import numpy.typing as npt
import svgelements
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring
from pyarrow import fs

from instancesketch.core.errors import SketchError
from instancesketch.core.sketch import Sketch
from instancesketch.core.taxonomy import UNLABELED
from instancesketch.formats import json_values
from instancesketch.formats.ndjson import read_whole
from instancesketch.formats.readers import quickdraw
from instancesketch.formats.records import Piece, Record, Rejection

_DEEPEST = 64
_MOST_ELEMENTS = 200_000
_TOLERANCE = 1e-3  # of the drawing's larger side: how far a polyline may be from its curve
_MOST_PIECES = 256
_POINTS = re.compile(r"[-+0-9.eE,\s]*")
_CANVAS = ("viewBox", "width", "height", "x", "y", "preserveAspectRatio")


def read(
    piece: Piece, filesystem: fs.FileSystem, max_record_bytes: int
) -> Iterator[Record | Rejection]:
    """Yields the one drawing of a file."""
    try:
        data = read_whole(filesystem, piece.path, max_record_bytes)
        yield Record(sketch=parse(data, PurePosixPath(piece.path).stem), position="")
    except SketchError as error:
        yield Rejection(file=piece.path, position="", reason=str(error))


def parse(data: bytes, name: str) -> Sketch:
    """The drawing of an SVG, whose id is the name where the SVG says none.

    Raises:
        SketchError: it is no SVG, or has no strokes.
    """
    return _sketch(_tree(data), name)


def _tree(data: bytes) -> ElementTree.Element:
    try:
        # A document type is common in older files and harmless without entities.
        root: ElementTree.Element = fromstring(data)
    except DefusedXmlException as error:
        raise SketchError(f"XML with entities is not read: {type(error).__name__}") from None
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise SketchError(f"not well-formed XML: {error}") from None
    if root.tag.rpartition("}")[2] != "svg":
        raise SketchError(f"not an SVG: its root is <{root.tag[:80]}>")
    _check(root)
    return root


def _check(root: ElementTree.Element) -> None:
    """Refuses what svgelements would unfold without end, and points that it would pass over."""
    by_id = {e.attrib["id"]: e for e in root.iter() if "id" in e.attrib}
    waiting, seen = [(root, 1)], 0
    while waiting:
        element, depth = waiting.pop()
        seen += 1
        if depth > _DEEPEST:
            raise SketchError(f"SVG nested more than {_DEEPEST} deep")
        if seen > _MOST_ELEMENTS:
            raise SketchError(f"more than {_MOST_ELEMENTS} SVG elements")
        if not _POINTS.fullmatch(element.attrib.get("points", "")):
            raise SketchError(f"not points: {element.attrib['points'][:40]!r}")
        waiting += [(child, depth + 1) for child in element]
        if element.tag.rpartition("}")[2] == "use":
            links = [v for k, v in element.attrib.items() if k.rpartition("}")[2] == "href"]
            waiting += [(by_id[v[1:]], depth + 1) for v in links if v[1:] in by_id]


def _sketch(root: ElementTree.Element, stem: str) -> Sketch:
    known = {k[5:]: v for k, v in root.attrib.items() if k.startswith("data-")}
    width, height = _canvas(root)
    if "id" in known:  # written by to_svg, which says what is known of the canvas
        width, height = (_number(known.get(k)) for k in ("width", "height"))
    strokes, labels = _strokes(root, max(width or 0.0, height or 0.0))
    found = {k: known.get(k) for k in ("source", "category", "split")}
    return Sketch.from_strokes(
        strokes,
        sketch_id=json_values.identifier(known.get("id", stem), "id"),
        width=json_values.extent(width, "width"),
        height=json_values.extent(height, "height"),
        **found,
        **_label_columns(labels, known.get("object-category")),
    )


def _canvas(root: ElementTree.Element) -> tuple[float | None, float | None]:
    """Takes the canvas off the root, so that no scale from it to pixels applies, and returns it."""
    given = {k: root.attrib.pop(k, None) for k in _CANVAS}
    box = [_number(v) for v in (given["viewBox"] or "").replace(",", " ").split()]
    sides = box[2:] if len(box) == 4 else [_number(given["width"]), _number(given["height"])]
    width, height = (s if s is not None and 0 < s < math.inf else None for s in sides)
    # Percentages in shapes are of these.
    if width and height:
        size = {"width": repr(width), "height": repr(height)}
        root.attrib.update(size, viewBox=f"0 0 {width!r} {height!r}")
    return width, height


def _number(text: str | None) -> float | None:
    try:
        return None if text is None else float(text.strip().removesuffix("px"))
    except ValueError:
        return None


def _strokes(
    root: ElementTree.Element, side: float
) -> tuple[list[npt.NDArray[np.float64]], list[dict[str, str]]]:
    """The strokes as (points, 2) arrays, and the `data-` attributes of each."""
    try:
        # Parsed again from the checked tree, so that both see the same document.
        document = svgelements.SVG.parse(io.BytesIO(ElementTree.tostring(root)), on_error="raise")
        shapes = [e for e in document.elements() if isinstance(e, svgelements.Shape)]
        painted = [s for s in shapes if s.stroke is not None and s.stroke.value is not None]
        pieces: list[npt.NDArray[np.float64]] = []
        about: list[dict[str, str]] = []
        for shape in painted or shapes:
            known = {k[5:]: v for k, v in shape.values.items() if str(k).startswith("data-")}
            for subpath in svgelements.Path(shape).as_subpaths():
                points = _sample(list(subpath), side)
                if len(points) > 1:  # a lone move draws nothing
                    pieces.append(points[:1] if "dot" in known else points)
                    about.append(known)
    except Exception as error:  # svgelements lets any error of its arithmetic through
        raise SketchError(f"not drawable SVG: {str(error)[:200] or type(error).__name__}") from None
    return pieces, about


def _sample(segments: list[Any], side: float) -> npt.NDArray[np.float64]:
    points: list[tuple[float, float]] = []
    for segment in segments:
        if isinstance(segment, svgelements.Arc):
            curves = list(segment.as_cubic_curves())
        else:
            curves = [segment]
        for curve in curves:
            if isinstance(curve, svgelements.QuadraticBezier | svgelements.CubicBezier):
                points += _curve(curve, side)
            elif curve.end is not None:
                points.append((curve.end.x, curve.end.y))
    return np.array(points, np.float64).reshape(-1, 2)


def _curve(curve: Any, side: float) -> list[tuple[float, float]]:
    """Points on a Bézier curve after its start, as many as keep the polyline close to it.

    The number is Wang's bound (G. Wang, "The subdivision method for finding the intersection
    between two Bézier curves or surfaces", 1984): sqrt(d (d - 1) / 8 * m / tolerance) for degree d,
    where m is the largest second difference of the control points.
    """
    control = np.array([(p.x, p.y) for p in curve], np.float64)
    degree = len(control) - 1
    bend = np.hypot(*np.diff(control, 2, axis=0).T).max()
    size = max(side, float(np.ptp(control, axis=0).max()))
    pieces = degree * (degree - 1) / 8 * bend / (_TOLERANCE * size) if size else 0.0
    number = min(max(math.ceil(math.sqrt(pieces)), 1), _MOST_PIECES)
    at = np.linspace(0, 1, number + 1)[1:, None]
    for _ in range(degree):  # de Casteljau
        control = control[..., :-1, :] * (1 - at[..., None]) + control[..., 1:, :] * at[..., None]
    points: list[tuple[float, float]] = [(float(x), float(y)) for x, y in control[:, 0]]
    return points


def _label_columns(labels: list[dict[str, str]], categories: str | None) -> dict[str, Any]:
    """The label columns; one that no stroke has is not known."""
    found: dict[str, Any] = {}
    for name in ("part", "label"):
        if any(name in s for s in labels):
            found[name] = tuple(s.get(name, UNLABELED) for s in labels)
    if any("instance" in s for s in labels):
        numbers = [_integer(s.get("instance")) for s in labels]
        found["instance"] = json_values.integers(numbers, "instance", 0)
    if categories is not None:
        objects = [_integer(s.get("object", "-1")) for s in labels]
        names = json_values.load(categories.encode())
        found |= quickdraw.objects({"object": objects, "object_category": names})
    return found


def _integer(text: str | None) -> int | None:
    if text is None:
        return None
    try:
        return int(text[:20])
    except ValueError:
        raise SketchError(f"{text[:20]!r} is not a whole number") from None
