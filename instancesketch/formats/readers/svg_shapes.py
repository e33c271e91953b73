"""SVG: every outline whose stroke a browser paints is a stroke; `to_svg` reads back exactly.

Each subpath is a stroke; curves become fine polylines. Coordinates are those of the `viewBox`,
which is the canvas. What else is painted (areas without a stroke, text, pictures), and shapes that
are not seen, are left out and counted. `formats/vector` knows what a browser paints.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from pyarrow import fs

from instancesketch.core.errors import SketchError
from instancesketch.core.sketch import join_strokes
from instancesketch.core.taxonomy import UNLABELED
from instancesketch.formats import json_values
from instancesketch.formats.json_fields import parse_objects
from instancesketch.formats.ndjson import read_drawing
from instancesketch.formats.records import FileRange, RawRecord, Rejection
from instancesketch.formats.vector.document import parse_xml
from instancesketch.formats.vector.flatten import Points
from instancesketch.formats.vector.ink_outlines import find_ink
from instancesketch.formats.vector.painted import Drawing, draw


def read(
    file_range: FileRange, filesystem: fs.FileSystem, max_record_bytes: int
) -> Iterator[RawRecord | Rejection]:
    """Yield the drawing of a file."""
    yield from read_drawing(parse, file_range, filesystem, max_record_bytes)


def parse(data: bytes, stem: str) -> RawRecord:
    """Return the record of an SVG; `stem` is the id if the SVG has none.

    Raises:
        SketchError: the data is not an SVG, or has no strokes.
    """
    root = parse_xml(data)
    known = {k[5:]: v for k, v in root.attrib.items() if k.startswith("data-")}
    is_own = "id" in known  # `to_svg` wrote it
    # What this package wrote has no ink to be found.
    drawing = draw(root, exact=True) if is_own else find_ink(draw(root))
    width, height = drawing.width, drawing.height
    if is_own:  # with a viewBox even where no size is known
        width, height = (_to_float(known.get(k)) for k in ("width", "height"))
    strokes, labels = _find_strokes(drawing, is_own)
    if not strokes and drawing.left_out:
        raise SketchError(f"no strokes are painted: {_list(drawing.left_out)}")
    fields: dict[str, Any] = {k: known.get(k) for k in ("source", "category", "split")}
    fields["sketch_id"] = json_values.as_id(known.get("id", stem), "id")
    fields["width"] = json_values.as_size(width, "width")
    fields["height"] = json_values.as_size(height, "height")
    fields |= _label_fields(labels, known.get("object-category"))
    joined = join_strokes(strokes)
    return RawRecord(
        fields=fields | joined,
        position="",
        word=known.get("word"),
        left_out=dict(drawing.left_out),
    )


def _find_strokes(drawing: Drawing, is_own: bool) -> tuple[list[Points], list[Mapping[str, str]]]:
    """Return the strokes as (points, 2) arrays, and the `data-` attributes of each."""
    strokes: list[Points] = []
    labels: list[Mapping[str, str]] = []
    for outline in drawing.outlines:
        if not outline.stroked:
            continue
        for line in outline.lines:
            # `to_svg` writes a stroke of several parts as a line for each of its pieces.
            if is_own and strokes and _continues(strokes[-1], line, outline.data.get("start")):
                strokes[-1] = np.concatenate([strokes[-1], line[1:]])
                continue
            # `to_svg` writes a dot as a line without length.
            strokes.append(line[:1] if "dot" in outline.data else line)
            labels.append(outline.data)
    return strokes, labels


def _continues(before: Points, line: Points, start: str | None) -> bool:
    """Return whether a line is a further piece of a stroke, from its point `start`."""
    at = _to_integer(start)
    return bool(at and at == len(before) - 1 and (before[-1] == line[0]).all())


def _list(left_out: Counter[str]) -> str:
    return ", ".join(f"{number} {kind}" for kind, number in left_out.items())


def _to_float(text: str | None) -> float | None:
    try:
        return None if text is None else float(text)
    except ValueError:
        return None


def _label_fields(labels: list[Mapping[str, str]], categories: str | None) -> dict[str, Any]:
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
