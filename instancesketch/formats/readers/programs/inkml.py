"""InkML (https://www.w3.org/TR/InkML/): each trace is a stroke, in the file's order.

X and Y are found by the channels of the trace's format, wherever they stand. Values may be
differences from the one before (`'`) or from its difference (`"`). Traces in `<definitions>` are
not drawn, those with the pen up are left out and counted, and one that continues another is joined
to it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree import ElementTree

import numpy as np
from pyarrow import fs

from instancesketch.core.errors import SketchError
from instancesketch.formats import json_values
from instancesketch.formats.ndjson import read_file
from instancesketch.formats.readers.programs.ink import Ink, Points
from instancesketch.formats.records import FileRange, RawRecord, Rejection
from instancesketch.formats.xml_trees import parse_tree, walk

_ID = "{http://www.w3.org/XML/1998/namespace}id"
_VALUE = re.compile(r"([!'\"]?)\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d{1,3})?|\*|\?|[TF])")
_NOT_VALUES = re.compile(r"[^\s]")
_ORDER = {"!": 0, "'": 1, '"': 2}


def read(
    file_range: FileRange, filesystem: fs.FileSystem, max_record_bytes: int
) -> Iterator[RawRecord | Rejection]:
    """Yield the drawing of a file."""
    try:
        root = parse_tree(read_file(filesystem, file_range.path, max_record_bytes), "ink", "InkML")
        yield _read_ink(root).to_record(json_values.as_id(file_range.id, "id"), "")
    except SketchError as error:
        yield Rejection(file=file_range.path, position="", reason=str(error))


def _read_ink(root: ElementTree.Element) -> Ink:
    formats = _find_formats(root)
    ink, by_id = Ink(), dict[str, int]()
    for number, trace in enumerate(
        e for e in walk(root, frozenset({"definitions"})) if _is_trace(e)
    ):
        if trace.get("type", "penDown") != "penDown":
            ink.leave_out("trace with the pen up")
            continue
        context = (trace.get("contextRef") or "").lstrip("#")
        channels = formats.get(context, formats[""])
        points = _parse_trace(trace.text or "", channels, number)
        before = by_id.get((trace.get("priorRef") or "").lstrip("#"))
        if trace.get("continuation") in ("middle", "end") and before is not None:
            ink.strokes[before] = np.concatenate([ink.strokes[before], points])
            place = before
        else:
            ink.add(points)
            place = len(ink.strokes) - 1
        for name in (_ID, "id"):
            if name in trace.attrib:
                by_id[trace.attrib[name]] = place
    return ink


def _is_trace(element: ElementTree.Element) -> bool:
    return element.tag == "trace"


def _find_formats(root: ElementTree.Element) -> dict[str, list[str]]:
    """Return the names of the channels by the id of context and format; "" is the default."""
    formats: dict[str, list[str]] = {}
    for element in root.iter("traceFormat"):
        formats.setdefault(element.get(_ID, ""), _channels(element))
    first = next(iter(formats.values()), ["X", "Y"])
    for context in root.iter("context"):
        inside = next(context.iter("traceFormat"), None)
        reference = (context.get("traceFormatRef") or "").lstrip("#")
        source = (context.get("inkSourceRef") or "").lstrip("#")
        own = [] if inside is None else _channels(inside)
        if not own and source:
            own = _channels_of_source(root, source)
        formats[context.get(_ID, "")] = own or formats.get(reference) or first
    formats[""] = formats.get("") or first
    return formats


def _channels(trace_format: ElementTree.Element) -> list[str]:
    # Channels that come only now and then stand after the others.
    paths = ("channel", "intermittentChannels/channel")
    return [c.get("name", "") for path in paths for c in trace_format.findall(path)]


def _channels_of_source(root: ElementTree.Element, source: str) -> list[str]:
    for element in root.iter("inkSource"):
        found = element.find("traceFormat")
        if element.get(_ID) == source and found is not None:
            return _channels(found)
    return []


def _parse_trace(text: str, channels: list[str], number: int) -> Points:
    """Return the points of a trace, (n, 2)."""
    if not {"X", "Y"} <= set(channels):
        raise SketchError(f"trace {number} has no channels X and Y")
    wanted = [channels.index("X"), channels.index("Y")]
    order, last, speed = [0, 0], [0.0, 0.0], [0.0, 0.0]
    points = []
    for sample in text.split(","):
        values = _VALUE.findall(sample)
        if _NOT_VALUES.search(_VALUE.sub("", sample)):
            raise SketchError(f"trace {number} is not numbers by {', '.join(channels)[:80]}")
        if not values:
            continue
        if len(values) <= max(wanted):
            raise SketchError(f"a point of trace {number} has not X and Y")
        for axis, place in enumerate(wanted):
            prefix, value = values[place]
            # A prefix holds for all later values of its channel.
            order[axis] = _ORDER.get(prefix, order[axis])
            last[axis], speed[axis] = _add_value(value, order[axis], last[axis], speed[axis])
        points.append(tuple(last))
    return np.array(points, np.float64).reshape(-1, 2)


def _add_value(value: str, order: int, last: float, speed: float) -> tuple[float, float]:
    """Return a channel's next value and its difference from the last."""
    if value in ("*", "?"):  # no new value
        return last, 0.0
    if value in "TF":
        raise SketchError("X or Y is true or false")
    number = float(value)
    if order == 0:
        return number, number - last
    change = number if order == 1 else speed + number
    return last + change, change
