"""CVAT for images 1.1, and the labels and images of a task to correct it in.

`readers.cvat` describes the form.
"""

from __future__ import annotations

import io
import json
import math
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from xml.sax.saxutils import escape, quoteattr

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from instancesketch.core.errors import UserError
from instancesketch.core.sketch import Sketch
from instancesketch.core.storage import safe_file_name
from instancesketch.core.taxonomy import UNLABELED
from instancesketch.formats import json_values
from instancesketch.formats.readers.cvat import OPTIONAL_FIELDS, image_stem
from instancesketch.formats.readers.cvat_parser import TAG
from instancesketch.formats.writers.cvat_images import Placement, draw, place
from instancesketch.formats.writers.files import SingleFile
from instancesketch.render.colours import label_colours
from instancesketch.render.svg import writable

_MAX_IMAGE_SIDE = 8_192  # pixels
_INK = 120
_TAG_FIELDS = (
    "category", "word", "source", "split", "object_category", "placement", "sketch_id",
)  # fmt: skip
# XML parsers turn a bare carriage return into a line feed.
_CARRIAGE_RETURN = {"\r": "&#13;"}


def dump(sketches: Iterable[Sketch], on_images: bool = False) -> Iterator[bytes]:
    """Yield the parts of one file with all sketches, in order.

    Args:
        sketches: the drawings.
        on_images: place them in the images of `dump_placed_image`, and not in their own unit.
    """
    yield b'<?xml version="1.0" encoding="utf-8"?>\n<annotations>\n  <version>1.1</version>\n'
    for number, sketch in enumerate(sketches):
        # XML has no way to write most control characters.
        placement = place(sketch) if on_images else None
        yield writable(_to_image(number, sketch, placement)).encode()
    yield b"</annotations>\n"


def _to_image(number: int, sketch: Sketch, placement: Placement | None) -> str:
    name = image_name(sketch)
    width, height = extent(sketch) if placement is None else placement[3:]
    fields = {k: getattr(sketch, k) for k in ("category", "word", "source", "split")}
    if sketch.object_category is not None:
        fields["object_category"] = json_values.dump(sketch.object_category)
    if placement is not None:
        own = (*placement[:3], sketch.width, sketch.height)
        fields["placement"] = json_values.dump(own)
    # The name is percent-encoded and may be cut.
    if image_stem(name) != sketch.sketch_id:
        fields["sketch_id"] = json_values.dump(sketch.sketch_id)
    # Empty attributes and columns that are null look the same otherwise.
    columns = " ".join(k for k in OPTIONAL_FIELDS if getattr(sketch, k) is not None)
    size = f'width="{_format_side(width)}" height="{_format_side(height)}"'
    head = f'  <image id="{number}" name={_quote(name)} {size}>\n'
    known = "".join(_attribute(k, v) for k, v in fields.items() if v is not None)
    tag = f'    <tag label="{TAG}" source="manual">{known}</tag>\n' if known else ""
    strokes = "".join(
        _polyline(sketch, i, _points(p) if placement is None else _pixels(placement.to_pixels(p)))
        for i, p in enumerate(sketch.to_strokes())
    )
    return f"{head}    {_attribute('columns', columns)}\n{tag}{strokes}  </image>\n"


def dump_labels(labels: Sequence[str], categories: Sequence[str], scenes: bool) -> bytes:
    """Return the labels of a task in CVAT, for the raw view of its label constructor."""

    def attribute(name: str, default: str = "") -> dict[str, object]:
        spec = {"input_type": "text", "default_value": default, "values": [default]}
        return {"name": name, "mutable": False} | spec

    of_strokes = [attribute("object", "-1")] if scenes else []
    colours = label_colours(labels)
    spec: list[dict[str, object]] = [
        {"name": name, "type": "polyline", "color": colours[name], "attributes": of_strokes}
        for name in labels
    ]
    # CVAT keeps only the attributes that its task declares.
    spec.append({"name": TAG, "type": "tag", "attributes": [attribute(k) for k in _TAG_FIELDS]})
    return json.dumps(spec, indent=1).encode()


def dump_placed_image(sketch: Sketch) -> tuple[str, bytes]:
    """Return the name of a sketch's image, and its strokes as a PNG of 1,000 pixels.

    CVAT can correct labels only in tasks that have their images.
    """
    return image_name(sketch), draw(sketch, place(sketch))


def dump_image(sketch: Sketch) -> tuple[str, bytes]:
    """Return the name of a sketch's image, and its strokes as a PNG, a pixel per unit.

    Raises:
        UserError: the image would be too large.
    """
    width, height = (max(1, math.ceil(side)) for side in extent(sketch))
    if max(width, height) > _MAX_IMAGE_SIDE:
        raise UserError(
            f"{sketch.sketch_id}: an image of {width} × {height} pixels is too large; "
            f"{_MAX_IMAGE_SIDE} are allowed"
        )
    picture = Image.new("L", (width, height), 255)
    pen = ImageDraw.Draw(picture)
    for points in sketch.to_strokes():
        line = [(float(x), float(y)) for x, y in points]
        if len(line) == 1:  # a line of one point would draw nothing
            pen.circle(line[0], 1, fill=_INK)
        else:
            pen.line(line, fill=_INK, width=2, joint="curve")
    stream = io.BytesIO()
    picture.save(stream, "PNG")
    return image_name(sketch), stream.getvalue()


def image_name(sketch: Sketch) -> str:
    """Return the name of a sketch's image."""
    return f"{safe_file_name(sketch.sketch_id)}.png"


def extent(sketch: Sketch) -> tuple[float, float]:
    """Return the width and height, or where they are unknown the extent of the strokes."""
    return (
        sketch.width if sketch.width is not None else _reach(sketch.x),
        sketch.height if sketch.height is not None else _reach(sketch.y),
    )


def _reach(values_P: npt.NDArray[np.float32]) -> float:
    # An image has at least one pixel, also for strokes left of or above the origin.
    return max(1.0, float(np.ceil(values_P.max())))


def _format_side(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(value)


def _points(points_K2: npt.NDArray[np.float32]) -> str:
    # As text float32 has the fewest digits that read back exactly.
    return ";".join(f"{x},{y}" for x, y in points_K2.astype("U32"))


def _pixels(points_K2: npt.NDArray[np.float64]) -> str:
    # CVAT itself keeps two decimals.
    return ";".join(f"{x:.4f},{y:.4f}" for x, y in points_K2.tolist())


def _polyline(sketch: Sketch, stroke: int, text: str) -> str:
    label = sketch.label[stroke] if sketch.label is not None else UNLABELED
    group = sketch.instance[stroke] if sketch.instance is not None else None
    group_id = "" if group is None else f' group_id="{group}"'
    inside = "" if sketch.object is None else _attribute("object", str(sketch.object[stroke]))
    return (
        f'    <polyline label={_quote(label)} source="manual" occluded="0" points="{text}"'
        f' z_order="0"{group_id}>{inside}</polyline>\n'
    )


def _attribute(name: str, text: str) -> str:
    return f'<attribute name="{name}">{escape(text, _CARRIAGE_RETURN)}</attribute>'


def _quote(text: str) -> str:
    return quoteattr(text, _CARRIAGE_RETURN)


WRITER = SingleFile(
    "annotations.xml",
    dump,
    labels_name="cvat-labels.json",
    dump_labels=dump_labels,
    dump_image=dump_placed_image,
    dump_on_images=partial(dump, on_images=True),
)
