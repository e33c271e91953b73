"""tldraw's file (https://tldraw.dev/docs/persistence), with the strokes and outlines on its pages.

A page is a drawing. Freehand strokes are their points, which the file may hold as numbers or in
base64; lines, arrows and plain geometric shapes are the outlines that the program draws. Texts,
pictures and arrows that are bound to shapes are left out and counted.
"""

from __future__ import annotations

import base64
import binascii
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import numpy as np
from pyarrow import fs

from instancesketch.core.errors import SketchError
from instancesketch.formats import json_values
from instancesketch.formats.curves import rotate, sample_ellipse, sample_spline
from instancesketch.formats.json_values import as_object
from instancesketch.formats.ndjson import read_file
from instancesketch.formats.readers.programs.ink import Ink, Points
from instancesketch.formats.records import FileRange, RawRecord, Rejection

_RECORDS_PER_FILE = 4  # how many records of the largest size a file may have: it holds pictures
_MAX_DEPTH = 32  # groups in groups
_MAX_SHAPES = 200_000
_PEN_SIZES = {"s": 2.0, "m": 3.5, "l": 5.0, "xl": 10.0}

Json = dict[str, Any]


def read(
    file_range: FileRange, filesystem: fs.FileSystem, max_record_bytes: int
) -> Iterator[RawRecord | Rejection]:
    """Yield the pages of a file that are not blank."""
    path = file_range.path
    try:
        size = _RECORDS_PER_FILE * max_record_bytes
        document = _Document(json_values.load_object(read_file(filesystem, path, size)))
        pages = [(page, document.read_page(page)) for page in document.pages]
        drawn = [(page, ink) for page, ink in pages if not ink.is_blank]
        if not drawn:
            raise SketchError("no strokes: every page is blank")
    except SketchError as error:
        yield Rejection(file=path, position="", reason=str(error))
        return
    # By its place among all pages, so that another page doesn't change a drawing's id.
    numbers = {str(page.get("id")): n for n, page in enumerate(document.pages, 1)}
    for page, ink in drawn:
        number = numbers[str(page.get("id"))]
        position = f"page {number}" if len(document.pages) > 1 else ""
        key = f"{file_range.id}/page-{number}" if position else file_range.id
        try:
            yield ink.to_record(json_values.as_id(key, "id"), position)
        except SketchError as error:
            yield Rejection(file=path, position=position, reason=str(error))


class _Document:
    """The records of a file, by what they lie in."""

    def __init__(self, data: Json) -> None:
        if "records" not in data and "document" in data:
            raise SketchError("a file of tldraw 1: open it on tldraw.com and save it again")
        records = [
            as_object(r, f"record {i}")
            for i, r in enumerate(json_values.as_list(data.get("records"), "records"))
        ]
        self.pages = sorted((r for r in records if r.get("typeName") == "page"), key=_index)
        self._inside: dict[str, list[Json]] = defaultdict(list)
        for record in records:
            if record.get("typeName") == "shape":
                self._inside[str(record.get("parentId"))].append(record)
        self._bound = {str(r.get("fromId")) for r in records if r.get("typeName") == "binding"}
        self._seen = 0
        for shapes in self._inside.values():
            shapes.sort(key=_index)

    def read_page(self, page: Json) -> Ink:
        """Return the strokes of a page.

        Raises:
            SketchError: a shape is damaged.
        """
        ink = Ink()
        self._add_inside(ink, str(page.get("id")), [])
        return ink

    def _add_inside(self, ink: Ink, parent: str, places: list[Json]) -> None:
        if len(places) > _MAX_DEPTH:
            raise SketchError(f"shapes nested more than {_MAX_DEPTH} deep")
        for shape in self._inside.get(parent, ()):
            # Where ids stand twice, so does all that lies in them.
            self._seen += 1
            if self._seen > _MAX_SHAPES:
                raise SketchError(f"more than {_MAX_SHAPES} shapes")
            around = [*places, shape]
            self._add_shape(ink, shape, around)
            self._add_inside(ink, str(shape.get("id")), around)

    def _add_shape(self, ink: Ink, shape: Json, around: list[Json]) -> None:
        kind, props = str(shape.get("type")), as_object(shape.get("props", {}), "props")
        if kind == "group":
            return
        lines = [] if str(shape.get("id")) in self._bound else _outlines(kind, props)
        if shape.get("opacity") == 0 or not lines:
            what = f"geo {props.get('geo')}" if kind == "geo" else kind
            bound = " that is bound to a shape" if str(shape.get("id")) in self._bound else ""
            ink.leave_out(f"{what}{bound}")
        elif kind != "draw" and (props.get("text") or _has_text(props.get("richText"))):
            ink.leave_out("text on a shape")
        for line in lines if shape.get("opacity") != 0 else ():
            ink.add(_place(line, around))


def _index(record: Json) -> str:
    # Fractional indices, which sort as texts.
    return str(record.get("index", ""))


def _has_text(rich: Any) -> bool:
    return isinstance(rich, dict) and '"text":' in json_values.dump(rich)


def _place(points_K2: Points, around: list[Json]) -> Points:
    """Return points of a shape on its page, through all groups and frames around it."""
    for shape in reversed(around):
        corner = json_values.as_numbers([shape.get("x", 0), shape.get("y", 0)], "a place")
        angle = float(json_values.as_numbers([shape.get("rotation", 0)], "rotation")[0])
        points_K2 = rotate(points_K2, angle) + corner
    return points_K2


def _outlines(kind: str, props: Json) -> list[Points]:
    """Return the strokes of a shape in its own coordinates; none where it has none."""
    if kind in ("draw", "highlight"):
        return _freehand(props)
    if kind == "line":
        points = _handles(props)
        return [sample_spline(points, 1.25, True) if props.get("spline") == "cubic" else points]
    if kind == "arrow":
        return _arrow(props)
    return _geo(props) if kind == "geo" else []


def _freehand(props: Json) -> list[Points]:
    # One pen stroke: its segments differ in that some were drawn with a ruler.
    segments = [
        _decode_segment(as_object(s, "a segment"))
        for s in json_values.as_list(props.get("segments"), "segments")
    ]
    points = np.concatenate([np.zeros((0, 2)), *segments])
    if not len(points):
        return []
    points = points * json_values.as_numbers(
        [props.get("scaleX", 1), props.get("scaleY", 1)], "scale"
    )
    # A segment begins where the last one ended.
    new = np.concatenate([[True], (np.diff(points, axis=0) != 0).any(axis=1)])
    points = points[new]
    if props.get("isClosed") and len(points) > 2:
        points = np.concatenate([points, points[:1]])
    return [points]


def _decode_segment(segment: Json) -> Points:
    if "path" in segment:  # since version 4.3
        return _decode_deltas(str(segment["path"]), 2 if segment.get("dim") == 2 else 3)
    points = segment.get("points")
    if isinstance(points, str):  # for some weeks before
        return _from_base64(points, "<f2").reshape(-1, 3)[:, :2]
    pairs = [as_object(p, "a point") for p in json_values.as_list(points, "points")]
    flat = json_values.as_numbers([p.get(k) for p in pairs for k in ("x", "y")], "a point")
    return flat.reshape(-1, 2)


def _decode_deltas(text: str, dimensions: int) -> Points:
    """Decode a first point in 32 bits and the steps after it in 16 each."""
    data, first = _to_bytes(text), 4 * dimensions
    if len(data) < first or (len(data) - first) % (2 * dimensions):
        raise SketchError("a path in base64 is cut off")
    start = np.frombuffer(data[:first], "<f4").astype(np.float64)
    steps = np.frombuffer(data[first:], "<f2").astype(np.float64).reshape(-1, dimensions)
    with np.errstate(invalid="ignore"):  # a sketch rejects what isn't finite
        return np.cumsum(np.concatenate([start[None], steps]), axis=0)[:, :2]


def _from_base64(text: str, dtype: str) -> Points:
    data = _to_bytes(text)
    if len(data) % (3 * np.dtype(dtype).itemsize):
        raise SketchError("points in base64 are cut off")
    return np.frombuffer(data, dtype).astype(np.float64)


def _to_bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise SketchError("points that are not base64") from None


def _handles(props: Json) -> Points:
    given = props.get("points", props.get("handles"))
    # Lists were pairs before points had names.
    values = list(given.values()) if isinstance(given, dict) else given
    points = [as_object(p, "a point") for p in json_values.as_list(values, "points")]
    points.sort(key=_index)
    if not points:
        return np.zeros((0, 2))
    return np.array([json_values.as_numbers([p.get("x"), p.get("y")], "a point") for p in points])


def _arrow(props: Json) -> list[Points]:
    ends = []
    for name in ("start", "end"):
        given = as_object(props.get(name, {}), name)
        # Before version 2.3 a bound end had no place of its own.
        if given.get("type") == "binding":
            return []
        ends.append(json_values.as_numbers([given.get("x"), given.get("y")], name))
    start, end = ends
    bend = float(json_values.as_numbers([props.get("bend", 0)], "bend")[0])
    line = _bend(start, end, bend)
    heads = [
        _head(line if at_end else line[::-1], props)
        for name, at_end in (("arrowheadStart", False), ("arrowheadEnd", True))
        if props.get(name, "none") != "none"
    ]
    return [line, *heads]


def _bend(start: Points, end: Points, bend: float) -> Points:
    """Return the arc between two points whose middle lies `bend` off the straight line."""
    chord = end - start
    length = float(np.hypot(*chord))
    if length == 0 or abs(bend) < 1e-3:
        return np.array([start, end])
    across = np.array([chord[1], -chord[0]]) / length
    radius = (length**2 / 4 + bend**2) / (2 * abs(bend))
    middle = (start + end) / 2 - across * bend
    centre = middle + across * np.copysign(radius, bend)
    first, last, via = (
        float(np.arctan2(*(point - centre)[::-1])) for point in (start, end, middle)
    )
    # Whichever way around passes the middle.
    turn = (last - first) % (2 * np.pi)
    if (via - first) % (2 * np.pi) > turn:
        turn -= 2 * np.pi
    angle = first + np.linspace(0, 1, 33)[:, None] * turn
    arc = centre + radius * np.concatenate([np.cos(angle), np.sin(angle)], axis=1)
    arc[0], arc[-1] = start, end
    return arc


def _head(line: Points, props: Json) -> Points:
    """Return the head at the end of a line, a stroke from wing to tip to wing."""
    tip = line[-1]
    pen = _PEN_SIZES.get(str(props.get("size")), 3.5)
    length = float(np.hypot(*np.diff(line, axis=0).T).sum())
    size = min(max(length / 5, pen), 3 * pen)
    distance = max(float(np.hypot(*(tip - line[-2]))), 1e-9)
    back = (tip + (line[-2] - tip) / distance * size)[None]
    wings = [rotate(back, sign * np.pi / 6, tip) for sign in (1, -1)]
    return np.concatenate([wings[0], tip[None], wings[1]])


def _geo(props: Json) -> list[Points]:
    w, h, more = json_values.as_numbers(
        [props.get("w"), props.get("h"), props.get("growY", 0)], "a size"
    )
    h += more
    corners = {
        "rectangle": [(0, 0), (w, 0), (w, h), (0, h)],
        "diamond": [(w / 2, 0), (w, h / 2), (w / 2, h), (0, h / 2)],
        "triangle": [(w / 2, 0), (w, h), (0, h)],
    }.get(str(props.get("geo")))
    if props.get("geo") == "ellipse":
        return [sample_ellipse(float(w), float(h))]
    return [] if corners is None else [np.array([*corners, corners[0]], np.float64)]
