"""CVAT for images 1.1 (https://docs.cvat.ai/docs/manual/advanced/xml_format/), polylines alone.

Each `<image>` is a drawing and each `<polyline>` a stroke, in the file's order; `group_id` is the
instance, and 0 an unknown one. An image with a box, a polygon or another shape is rejected by name,
since a drawing without some of its strokes would be another drawing.

Fields of a sketch that CVAT has no place for are in `<attribute>` elements: in a tag `drawing` of
the image `category`, `source`, `split`, `object_category` (JSON) and, if it can't be the image's
name, `sketch_id`; in a polyline `object`. CVAT keeps these if its task was made with the labels
that are written beside the file. The image's own attribute `columns` names the fields that are not
null; CVAT drops it, and reading doesn't need it. CVAT rounds coordinates to two decimals.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
from pyarrow import fs

from instancesketch.core.errors import SketchError
from instancesketch.core.sketch import join_strokes
from instancesketch.core.taxonomy import UNLABELED
from instancesketch.formats import json_values
from instancesketch.formats.json_fields import parse_objects
from instancesketch.formats.readers.cvat_parser import Image, ImageParser
from instancesketch.formats.records import FileRange, RawRecord, Rejection

# Fields that are null where no stroke has them, unless `columns` lists them.
OPTIONAL_FIELDS = ("width", "height", "label", "instance")
_POINTS = re.compile(r"[-+0-9.eE,;\s]*")
# Nine digits always fit in 32 bits.
_WHOLE_NUMBER = re.compile(r"[0-9]{1,9}")


def read(
    file_range: FileRange, filesystem: fs.FileSystem, max_record_bytes: int
) -> Iterator[RawRecord | Rejection]:
    """Yield the images of a file, in memory that doesn't grow with the file."""
    path, parser = file_range.path, ImageParser(max_record_bytes)
    with filesystem.open_input_stream(path, compression=None) as stream:
        try:
            for image in parser.parse(stream):
                yield _to_record(image, path)
        except SketchError as error:
            # What came before the error is sound: only the rest of the file is lost.
            for image in parser.take_complete():
                yield _to_record(image, path)
            yield Rejection(file=path, position=parser.position, reason=str(error))


def _to_record(image: Image, path: str) -> RawRecord | Rejection:
    try:
        if image.error:
            raise SketchError(image.error)
        return RawRecord(fields=_parse_fields(image), position=image.position)
    except SketchError as error:
        return Rejection(file=path, position=image.position, reason=str(error))


def _parse_fields(image: Image) -> dict[str, Any]:
    """Return the fields of an image's sketch."""
    strokes, values = image.strokes, image.values
    known = values["columns"].split() if "columns" in values else _guess_columns(image)
    fields: dict[str, Any] = {name: values.get(name) for name in ("category", "source", "split")}
    for name in ("width", "height"):
        # The writer has to invent a size where none is known.
        if name in known and name in image.xml:
            number = _to_float(image.xml[name], name)
            fields[name] = json_values.as_size(number, name)
    if "label" in known:
        fields["label"] = tuple(s.xml.get("label", UNLABELED) for s in strokes)
    if "instance" in known:
        fields["instance"] = tuple(_to_instance(s.xml.get("group_id")) for s in strokes)
    if "object_category" in values:
        objects = [_to_object(s.values.get("object", "-1")) for s in strokes]
        categories = json_values.load(values["object_category"].encode())
        fields |= parse_objects(objects, categories)
    fields["sketch_id"] = _find_id(image)
    points = [_to_points(i, s.xml.get("points", "")) for i, s in enumerate(strokes)]
    return fields | join_strokes(points)


def _guess_columns(image: Image) -> list[str]:
    """Return the optional fields of a drawing from another program, which doesn't list them."""
    # A column is null where no stroke has it, not a list of unknown values.
    attributes = {name for stroke in image.strokes for name in stroke.xml}
    of_strokes = {"label": "label", "instance": "group_id"}
    return ["width", "height", *(n for n, key in of_strokes.items() if key in attributes)]


def _find_id(image: Image) -> str:
    # File names can't hold every id, so this one takes precedence over the image's name.
    if "sketch_id" in image.values:
        return json_values.as_id(json_values.load(image.values["sketch_id"].encode()), "sketch_id")
    return json_values.as_id(image_stem(image.xml.get("name", "")), "name of the image")


def image_stem(name: str) -> str:
    """Return the name of an image without folders and extension."""
    # CVAT keeps the paths of uploaded images, of Windows too.
    last = name.replace("\\", "/").rpartition("/")[2]
    return last.rpartition(".")[0] or last


def _to_points(stroke: int, text: str) -> npt.NDArray[np.float64]:
    pairs = [pair.split(",") for pair in text.split(";")] if text.strip() else []
    # Python's float would also take underscores, "nan" and digits of other scripts.
    if not _POINTS.fullmatch(text) or not all(len(pair) == 2 for pair in pairs):
        raise SketchError(f"the points of stroke {stroke} are not x,y;x,y;…")
    try:
        # Without points the array would have one dimension.
        return np.array(pairs, np.float64).reshape(-1, 2)
    except ValueError:
        raise SketchError(f"the points of stroke {stroke} are not all numbers") from None


def _to_instance(text: str | None) -> int | None:
    if text is None:
        return None
    if not _WHOLE_NUMBER.fullmatch(text):
        raise SketchError(f"group_id {text[:20]!r} is not a whole number from 0")
    return int(text)


def _to_object(text: str) -> int:
    if text != "-1" and not _WHOLE_NUMBER.fullmatch(text):
        raise SketchError(f"object {text[:20]!r} is not a whole number from -1")
    return int(text)


def _to_float(text: str, name: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise SketchError(f"{name} {text[:20]!r} is not a number") from None
