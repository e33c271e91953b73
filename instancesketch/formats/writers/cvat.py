"""CVAT for images 1.1, written: what `cvat` reads, and the labels of a task to correct it in."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Iterable, Iterator, Sequence
from xml.sax.saxutils import escape, quoteattr

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from instancesketch.core.errors import UserError
from instancesketch.core.sketch import Sketch
from instancesketch.core.storage import safe_file_name
from instancesketch.core.taxonomy import UNLABELED
from instancesketch.formats import json_values
from instancesketch.formats.readers.cvat import OPTIONAL, TAG, stem
from instancesketch.render.svg import writable

_LARGEST_IMAGE = 8_192  # pixels of a side
_INK = 120
_KEPT = ("category", "source", "split", "object_category", "sketch_id")


def lines(sketches: Iterable[Sketch]) -> Iterator[bytes]:
    """Yields the parts of one file with all sketches in it, in order."""
    yield b'<?xml version="1.0" encoding="utf-8"?>\n<annotations>\n  <version>1.1</version>\n'
    for number, sketch in enumerate(sketches):
        yield writable(_image(number, sketch)).encode()
    yield b"</annotations>\n"


def _image(number: int, sketch: Sketch) -> str:
    name = image_name(sketch)
    width, height = _extent(sketch)
    about = {k: getattr(sketch, k) for k in ("category", "source", "split")}
    if sketch.object_category is not None:
        about["object_category"] = json_values.dump(sketch.object_category)
    if stem(name) != sketch.sketch_id:
        about["sketch_id"] = json_values.dump(sketch.sketch_id)
    columns = " ".join(k for k in OPTIONAL if getattr(sketch, k) is not None)
    size = f'width="{_size(width)}" height="{_size(height)}"'
    head = f'  <image id="{number}" name={_quoted(name)} {size}>\n'
    known = "".join(_attribute(k, v) for k, v in about.items() if v is not None)
    tag = f'    <tag label="{TAG}" source="manual">{known}</tag>\n' if known else ""
    strokes = "".join(_polyline(sketch, i, p) for i, p in enumerate(sketch.to_strokes()))
    return f"{head}    {_attribute('columns', columns)}\n{tag}{strokes}  </image>\n"


def label_spec(labels: Sequence[str], categories: Sequence[str], scenes: bool) -> bytes:
    """The labels of a task in CVAT, for the raw view of its label constructor."""

    def attribute(name: str, default: str = "") -> dict[str, object]:
        kind = {"input_type": "text", "default_value": default, "values": [default]}
        return {"name": name, "mutable": False} | kind

    inside = [attribute("object", "-1")] if scenes else []
    spec: list[dict[str, object]] = [
        {"name": name, "type": "polyline", "attributes": inside} for name in labels
    ]
    spec.append({"name": TAG, "type": "tag", "attributes": [attribute(k) for k in _KEPT]})
    return json.dumps(spec, indent=1).encode()


def image_name(sketch: Sketch) -> str:
    """The name of the image that a sketch is drawn on."""
    return f"{safe_file_name(sketch.sketch_id)}.png"


def image(sketch: Sketch) -> bytes:
    """The strokes as a PNG, for CVAT, which corrects nothing without an image.

    Raises:
        UserError: it would be too large.
    """
    width, height = (max(1, math.ceil(side)) for side in _extent(sketch))
    if max(width, height) > _LARGEST_IMAGE:
        raise UserError(
            f"{sketch.sketch_id}: an image of {width} × {height} pixels is too large; "
            f"{_LARGEST_IMAGE} are allowed"
        )
    picture = Image.new("L", (width, height), 255)
    pen = ImageDraw.Draw(picture)
    for points in sketch.to_strokes():
        line = [(float(x), float(y)) for x, y in points]
        if len(line) == 1:
            pen.circle(line[0], 1, fill=_INK)
        else:
            pen.line(line, fill=_INK, width=2, joint="curve")
    stream = io.BytesIO()
    picture.save(stream, "PNG")
    return stream.getvalue()


def _extent(sketch: Sketch) -> tuple[float, float]:
    """Width and height, and what CVAT can use for them where they are not known."""
    return (
        sketch.width if sketch.width is not None else _reach(sketch.x),
        sketch.height if sketch.height is not None else _reach(sketch.y),
    )


def _size(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(value)


def _reach(values_P: npt.NDArray[np.float32]) -> float:
    """A size for CVAT, which wants one, where none is known."""
    return max(1.0, float(np.ceil(values_P.max())))


def _polyline(sketch: Sketch, stroke: int, points: npt.NDArray[np.float32]) -> str:
    label = sketch.label[stroke] if sketch.label is not None else UNLABELED
    group = sketch.instance[stroke] if sketch.instance is not None else None
    text = ";".join(f"{x},{y}" for x, y in points.astype("U32"))
    group_id = "" if group is None else f' group_id="{group}"'
    inside = "" if sketch.object is None else _attribute("object", str(sketch.object[stroke]))
    return (
        f'    <polyline label={_quoted(label)} source="manual" occluded="0" points="{text}"'
        f' z_order="0"{group_id}>{inside}</polyline>\n'
    )


def _attribute(name: str, text: str) -> str:
    return f'<attribute name="{name}">{escape(text, {chr(13): "&#13;"})}</attribute>'


def _quoted(text: str) -> str:
    return quoteattr(text, {chr(13): "&#13;"})
