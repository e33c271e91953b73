"""SVG: every outline is a stroke, curves become fine polylines; `to_svg` reads back exactly.

Shapes with a `stroke` colour are read, or, in a file without any, the outlines of all shapes. Each
subpath is a stroke. Coordinates are those of the `viewBox`, which is the canvas.
"""

from __future__ import annotations

import io
import math
import re
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

import numpy as np
import numpy.typing as npt
import svgelements
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring
from pyarrow import fs

from instancesketch.core.errors import SketchError
from instancesketch.core.sketch import join_strokes
from instancesketch.core.taxonomy import UNLABELED
from instancesketch.formats import json_values
from instancesketch.formats.json_fields import parse_objects
from instancesketch.formats.ndjson import read_file
from instancesketch.formats.records import FileRange, RawRecord, Rejection

_MAX_DEPTH = 64
_MAX_ELEMENTS = 200_000
_TOLERANCE = 1e-3  # of the drawing's larger side: how far a polyline may be from its curve
_MAX_SEGMENTS = 256
_POINTS = re.compile(r"[-+0-9.eE,\s]*")
_CANVAS = ("viewBox", "width", "height", "x", "y", "preserveAspectRatio")


def read(
    file_range: FileRange, filesystem: fs.FileSystem, max_record_bytes: int
) -> Iterator[RawRecord | Rejection]:
    """Yield the drawing of a file."""
    try:
        data = read_file(filesystem, file_range.path, max_record_bytes)
        yield parse(data, file_range.id)
    except SketchError as error:
        yield Rejection(file=file_range.path, position="", reason=str(error))


def parse(data: bytes, stem: str) -> RawRecord:
    """Return the record of an SVG; `stem` is the id if the SVG has none.

    Raises:
        SketchError: the data is not an SVG, or has no strokes.
    """
    root = _parse_xml(data)
    width, height = _take_canvas(root)
    known = _data_attributes(root.attrib)
    if "id" in known:  # `to_svg` wrote it, with a viewBox even where no size is known
        width, height = (_to_float(known.get(k)) for k in ("width", "height"))
    # Curves are sampled in proportion to the canvas.
    strokes, labels = _find_strokes(root, max(width or 0.0, height or 0.0))
    fields: dict[str, Any] = {k: known.get(k) for k in ("source", "category", "split")}
    fields["sketch_id"] = json_values.as_id(known.get("id", stem), "id")
    fields["width"] = json_values.as_size(width, "width")
    fields["height"] = json_values.as_size(height, "height")
    fields |= _label_fields(labels, known.get("object-category"))
    return RawRecord(fields=fields | join_strokes(strokes), position="")


def _data_attributes(attributes: Any) -> dict[str, str]:
    """Return the `data-` attributes of an element, without that prefix."""
    return {k[5:]: v for k, v in attributes.items() if str(k).startswith("data-")}


def _parse_xml(data: bytes) -> ElementTree.Element:
    try:
        # A document type is common in older files, and harmless without entities.
        root: ElementTree.Element = fromstring(data)
    except DefusedXmlException as error:
        raise SketchError(f"XML with entities is not read: {type(error).__name__}") from None
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise SketchError(f"not well-formed XML: {error}") from None
    # Tags have their namespace in braces before them.
    if root.tag.rpartition("}")[2] != "svg":
        raise SketchError(f"not an SVG: its root is <{root.tag[:80]}>")
    _check(root)
    return root


def _check(root: ElementTree.Element) -> None:
    """Refuse what svgelements would unfold without end, and points that it would leave out."""
    by_id = {e.attrib["id"]: e for e in root.iter() if "id" in e.attrib}
    # A loop instead of recursion, whose depth the file would decide.
    waiting, seen = [(root, 1)], 0
    while waiting:
        element, depth = waiting.pop()
        seen += 1
        if depth > _MAX_DEPTH:
            raise SketchError(f"SVG nested more than {_MAX_DEPTH} deep")
        if seen > _MAX_ELEMENTS:
            raise SketchError(f"more than {_MAX_ELEMENTS} SVG elements")
        if not _POINTS.fullmatch(element.attrib.get("points", "")):
            raise SketchError(f"not points: {element.attrib['points'][:40]!r}")
        waiting += [(child, depth + 1) for child in element]
        # A <use> counts as a copy of the element that it refers to.
        if element.tag.rpartition("}")[2] == "use":
            links = [v for k, v in element.attrib.items() if k.rpartition("}")[2] == "href"]
            waiting += [(by_id[v[1:]], depth + 1) for v in links if v[1:] in by_id]


def _take_canvas(root: ElementTree.Element) -> tuple[float | None, float | None]:
    """Return the width and height of the canvas, and remove it from the root."""
    # svgelements would scale the drawing from the canvas to pixels.
    given = {k: root.attrib.pop(k, None) for k in _CANVAS}
    box = [_to_float(v) for v in (given["viewBox"] or "").replace(",", " ").split()]
    sides = box[2:] if len(box) == 4 else [_to_float(given["width"]), _to_float(given["height"])]
    width, height = (s if s is not None and 0 < s < math.inf else None for s in sides)
    # Percentages in shapes are of these.
    if width and height:
        size = {"width": repr(width), "height": repr(height)}
        root.attrib.update(size, viewBox=f"0 0 {width!r} {height!r}")
    return width, height


def _to_float(text: str | None) -> float | None:
    try:
        return None if text is None else float(text.strip().removesuffix("px"))
    except ValueError:
        return None


def _find_strokes(
    root: ElementTree.Element, side: float
) -> tuple[list[npt.NDArray[np.float64]], list[dict[str, str]]]:
    """Return the strokes as (points, 2) arrays, and the `data-` attributes of each."""
    strokes: list[npt.NDArray[np.float64]] = []
    labels: list[dict[str, str]] = []
    try:
        # Parsed again from the checked tree, so that both see the same document.
        document = svgelements.SVG.parse(io.BytesIO(ElementTree.tostring(root)), on_error="raise")
        shapes = [e for e in document.elements() if isinstance(e, svgelements.Shape)]
        painted = [s for s in shapes if s.stroke is not None and s.stroke.value is not None]
        for shape in painted or shapes:
            known = _data_attributes(shape.values)
            for subpath in svgelements.Path(shape).as_subpaths():
                points = _sample(list(subpath), side)
                if len(points) > 1:  # a lone move draws nothing
                    # `to_svg` writes a dot as a line without length.
                    strokes.append(points[:1] if "dot" in known else points)
                    labels.append(known)
    except Exception as error:  # svgelements lets any error of its arithmetic through
        raise SketchError(f"not drawable SVG: {str(error)[:200] or type(error).__name__}") from None
    return strokes, labels


def _sample(segments: list[Any], side: float) -> npt.NDArray[np.float64]:
    """Return the points of a subpath, (points, 2)."""
    points: list[tuple[float, float]] = []
    for segment in segments:
        # Cubic curves approximate an arc far more closely than the tolerance.
        if isinstance(segment, svgelements.Arc):
            curves = list(segment.as_cubic_curves())
        else:
            curves = [segment]
        for curve in curves:
            if isinstance(curve, svgelements.QuadraticBezier | svgelements.CubicBezier):
                points += _sample_bezier(curve, side)
            elif curve.end is not None:
                points.append((curve.end.x, curve.end.y))
    # A subpath without points would have one dimension.
    return np.array(points, np.float64).reshape(-1, 2)


def _sample_bezier(curve: Any, side: float) -> list[tuple[float, float]]:
    """Return points on a Bézier curve after its start, enough to keep the polyline close to it.

    The number is Wang's bound (G. Wang, "The subdivision method for finding the intersection
    between two Bézier curves or surfaces", 1984): sqrt(d (d - 1) / 8 * m / tolerance) for degree d,
    where m is the largest second difference of the control points.
    """
    control = np.array([(p.x, p.y) for p in curve], np.float64)
    degree = len(control) - 1
    # The largest second difference, m.
    bend = np.hypot(*np.diff(control, 2, axis=0).T).max()
    size = max(side, float(np.ptp(control, axis=0).max()))
    bound = degree * (degree - 1) / 8 * bend / (_TOLERANCE * size) if size else 0.0
    segments = min(max(math.ceil(math.sqrt(bound)), 1), _MAX_SEGMENTS)
    at = np.linspace(0, 1, segments + 1)[1:, None]
    for _ in range(degree):  # de Casteljau's algorithm, for all points at once
        control = control[..., :-1, :] * (1 - at[..., None]) + control[..., 1:, :] * at[..., None]
    points: list[tuple[float, float]] = [(float(x), float(y)) for x, y in control[:, 0]]
    return points


def _label_fields(labels: list[dict[str, str]], categories: str | None) -> dict[str, Any]:
    """Return the label fields of a sketch, without those that no stroke has."""
    fields: dict[str, Any] = {}
    for name in ("part", "label"):
        if any(name in s for s in labels):
            fields[name] = tuple(s.get(name, UNLABELED) for s in labels)
    if any("instance" in s for s in labels):
        numbers = [_to_integer(s.get("instance")) for s in labels]
        fields["instance"] = json_values.as_integers(numbers, "instance", 0)
    if categories is not None:
        objects = [_to_integer(s.get("object", "-1")) for s in labels]
        fields |= parse_objects(objects, json_values.load(categories.encode()))
    return fields


def _to_integer(text: str | None) -> int | None:
    if text is None:
        return None
    try:
        # Twenty digits are beyond 32 bits already, which the fields' own checks refuse.
        return int(text[:20])
    except ValueError:
        raise SketchError(f"{text[:20]!r} is not a whole number") from None
