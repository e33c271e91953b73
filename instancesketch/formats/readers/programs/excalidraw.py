"""Excalidraw's file (https://docs.excalidraw.com/docs/codebase/json-schema), as it is drawn.

Freehand strokes are their points; lines, arrows, rectangles, diamonds and ellipses the outlines
that the program draws, without the roughness that it adds to them. An arrow's head is strokes of
its own. Texts, pictures and frames are left out and counted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from pyarrow import fs

from instancesketch.core.errors import SketchError
from instancesketch.formats import json_values
from instancesketch.formats.curves import rotate, sample_cubic, sample_ellipse, sample_spline
from instancesketch.formats.json_values import as_object
from instancesketch.formats.ndjson import read_drawing
from instancesketch.formats.readers.programs.ink import Ink, Points
from instancesketch.formats.records import FileRange, RawRecord, Rejection

_RECORDS_PER_FILE = 4  # how many records of the largest size a file may have: it holds pictures
_CORNER = 32.0  # the largest radius of a corner
_HEAD_SIZES = {"arrow": 25.0, "bar": 15.0, "triangle": 15.0, "triangle_outline": 15.0}
_HEAD_ANGLES = {"arrow": 20.0, "bar": 90.0, "triangle": 25.0, "triangle_outline": 25.0}


def read(
    file_range: FileRange, filesystem: fs.FileSystem, max_record_bytes: int
) -> Iterator[RawRecord | Rejection]:
    """Yield the drawing of a file."""
    yield from read_drawing(
        lambda data, stem: parse(json_values.load_object(data), stem),
        file_range,
        filesystem,
        _RECORDS_PER_FILE * max_record_bytes,
    )


def parse(data: dict[str, Any], name: str) -> RawRecord:
    """Return the record of a file's object, whose id is `name`.

    Raises:
        SketchError: it is not Excalidraw's, or has no strokes.
    """
    if data.get("type") == "excalidrawlib":
        raise SketchError("a library of Excalidraw: put its shapes into a drawing, and save that")
    ink = Ink()
    for number, given in enumerate(json_values.as_list(data.get("elements"), "elements")):
        element = as_object(given, f"element {number}")
        if not element.get("isDeleted"):
            _add_element(ink, element)
    return ink.to_record(json_values.as_id(name, "id"), "")


def _add_element(ink: Ink, element: dict[str, Any]) -> None:
    kind = str(element.get("type"))
    outline = _OUTLINES.get(kind)
    if outline is None:
        ink.leave_out(kind)
    elif element.get("strokeColor") == "transparent" or element.get("opacity") == 0:
        ink.leave_out(f"{kind} without a visible stroke")
    else:
        lines = outline(element, ink)
        if not lines:
            ink.leave_out(f"{kind} without points")
            return
        # Turned around the middle of what is drawn, heads of arrows left aside.
        middle = (lines[0].min(axis=0) + lines[0].max(axis=0)) / 2
        angle = _number(element, "angle")
        corner = np.array([_number(element, "x"), _number(element, "y")])
        for line in lines:
            ink.add(rotate(line, angle, middle) + corner)


def _number(element: dict[str, Any], name: str) -> float:
    return float(json_values.as_numbers([element.get(name, 0)], name)[0])


def _points(element: dict[str, Any]) -> Points:
    points = json_values.as_list(element.get("points"), "points")
    # In old files a point may hold its pressure, too.
    pairs = [json_values.as_numbers(point, "a point")[:2] for point in points]
    if any(len(pair) != 2 for pair in pairs):
        raise SketchError("a point has not x and y")
    return np.array(pairs, np.float64).reshape(-1, 2)


def _freehand(element: dict[str, Any], ink: Ink) -> list[Points]:
    points = _points(element)
    return [points] if len(points) else []


def _is_curved(element: dict[str, Any]) -> bool:
    # `strokeSharpness` is what versions before 2023 wrote.
    round_now = element.get("roundness") is not None
    return (round_now or element.get("strokeSharpness") == "round") and not element.get("elbowed")


def _line(element: dict[str, Any], ink: Ink) -> list[Points]:
    points = _points(element)
    if not len(points):
        return []
    drawn = sample_spline(points) if _is_curved(element) else points
    lines = [drawn]
    for name, tip_first in (("startArrowhead", True), ("endArrowhead", False)):
        head = element.get(name)
        if head is not None and len(points) > 1:
            lines += _arrowhead(str(head), points, _is_curved(element), tip_first, ink)
    return lines


def _arrowhead(head: str, points: Points, curved: bool, tip_first: bool, ink: Ink) -> list[Points]:
    """Return the strokes of an arrow's head."""
    if head not in _HEAD_SIZES:
        ink.leave_out(f"arrowhead {head}")
        return []
    ordered = points[::-1] if tip_first else points
    tip, before = ordered[-1], ordered[-2]
    if curved and len(points) > 2:
        # The head points as the last piece of the curve does, three tenths before its end.
        control = [before, before + (tip - ordered[-3]) / 6, tip - (tip - before) / 6, tip]
        a, b, c, d = control
        before = 0.027 * a + 0.189 * b + 0.441 * c + 0.343 * d
    steps = np.hypot(*np.diff(points, axis=0).T)
    length = float(np.hypot(*(tip - ordered[-2]))) if head == "arrow" else float(steps.sum())
    distance = float(np.hypot(*(tip - before)))
    if distance == 0:
        return []
    back = tip - (tip - before) / distance * min(_HEAD_SIZES[head], length / 2)
    angle = np.radians(_HEAD_ANGLES[head])
    wings = [rotate(back[None], sign * angle, tip)[0] for sign in (-1, 1)]
    if head == "arrow":
        return [np.array([wing, tip]) for wing in wings]
    if head == "bar":
        return [np.array(wings)]
    return [np.array([tip, *wings, tip])]


def _size(element: dict[str, Any]) -> tuple[float, float]:
    return _number(element, "width"), _number(element, "height")


def _radius(element: dict[str, Any], side: float) -> float:
    """Return the radius of a corner between sides of which the shorter is `side`."""
    roundness = element.get("roundness")
    if roundness is None:
        return 0.25 * side if element.get("strokeSharpness") == "round" else 0.0
    # Type 3 has a fixed radius where there is room for it; the others a share of the side.
    largest = _number(as_object(roundness, "roundness"), "value") or _CORNER
    if as_object(roundness, "roundness").get("type") != 3:
        return 0.25 * side
    return min(0.25 * side, largest)


def _rectangle(element: dict[str, Any], ink: Ink) -> list[Points]:
    w, h = _size(element)
    corners = np.array([[0, 0], [w, 0], [w, h], [0, h]])
    return [_round_corners(corners, _radius(element, min(abs(w), abs(h))))]


def _diamond(element: dict[str, Any], ink: Ink) -> list[Points]:
    w, h = _size(element)
    corners = np.array([[w / 2, 0], [w, h / 2], [w / 2, h], [0, h / 2]])
    return [_round_corners(corners, _radius(element, min(abs(w), abs(h)) / 2))]


def _round_corners(corners_42: Points, radius: float) -> Points:
    """Return the closed outline of a polygon whose corners are curves from `radius` before."""
    if radius <= 0:
        return np.concatenate([corners_42, corners_42[:1]])
    pieces: list[Points] = []
    for i, corner in enumerate(corners_42):
        into, out = corners_42[i - 1] - corner, corners_42[(i + 1) % 4] - corner
        start, end = (
            corner + side * (radius / max(float(np.hypot(*side)), radius)) for side in (into, out)
        )
        # A quadratic curve with the corner as its control point.
        control = [start, start + (corner - start) * 2 / 3, end + (corner - end) * 2 / 3, end]
        pieces += [start[None], sample_cubic(control)]
    return np.concatenate([*pieces, pieces[0]])


def _ellipse(element: dict[str, Any], ink: Ink) -> list[Points]:
    return [sample_ellipse(*_size(element))]


_OUTLINES: dict[str, Callable[[dict[str, Any], Ink], list[Points]]] = {
    "freedraw": _freehand,
    "draw": _freehand,  # its name until 2021
    "line": _line,
    "arrow": _line,
    "rectangle": _rectangle,
    "diamond": _diamond,
    "ellipse": _ellipse,
}
