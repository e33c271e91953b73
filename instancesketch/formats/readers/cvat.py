"""CVAT's XML (https://docs.cvat.ai/docs/manual/advanced/xml_format/) and its zip, polylines alone.

Each `<image>` is a drawing and each `<polyline>` a stroke, in the file's order; `group_id` is the
instance, and 0 an unknown one. An image with a box, a polygon or another shape is rejected by name,
since a drawing without some of its strokes would be another drawing. Of a video each frame with a
keyframe is a drawing, of all tracks that it shows.

A `<tag>` and the folders in an image's name may name the category. `subset` is the split. Images of
a project have the name of their task before their own.

Fields of a sketch that CVAT has no place for are in `<attribute>` elements: in a polyline `object`;
in a tag `drawing` of the image `category`, `word`, `source`, `split`, `object_category` (JSON), if
it can't be the image's name `sketch_id`, and where the points are pixels of an image `placement`, a
JSON list of the drawing's scale, left and top there, and its own width and height. CVAT keeps these
if its task was made with the labels that are written beside the file. The image's own attribute
`columns` names the fields that are not null; CVAT drops it, and reading doesn't need it. CVAT
rounds coordinates to two decimals.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyarrow import fs

from instancesketch.core.errors import SketchError
from instancesketch.core.sketch import join_strokes
from instancesketch.core.taxonomy import UNLABELED
from instancesketch.formats import json_values
from instancesketch.formats.archives import Archive
from instancesketch.formats.json_fields import parse_objects
from instancesketch.formats.readers.cvat_parser import ByteStream, ImageParser
from instancesketch.formats.readers.cvat_tracks import Image
from instancesketch.formats.records import FileRange, RawRecord, Rejection

# Fields that are null where no stroke has them, unless `columns` lists them.
OPTIONAL_FIELDS = ("width", "height", "label", "instance")
_POINTS = re.compile(r"[-+0-9.eE,;\s]*")
# Nine digits always fit in 32 bits.
_WHOLE_NUMBER = re.compile(r"[0-9]{1,9}")
_SPLITS = {
    "train": "train",
    "training": "train",
    "val": "valid",
    "valid": "valid",
    "validation": "valid",
    "test": "test",
    "testing": "test",
}


def read(
    file_range: FileRange, filesystem: fs.FileSystem, max_record_bytes: int
) -> Iterator[RawRecord | Rejection]:
    """Yield the images of a file, in memory that doesn't grow with the file."""
    with filesystem.open_input_file(file_range.path) as stream:
        is_zip = stream.read(2) == b"PK"
        stream.seek(0)
        if is_zip:
            yield from _read_zip(stream, file_range, max_record_bytes)
        else:
            yield from _Reader(file_range).read(stream, max_record_bytes)


def _read_zip(
    stream: pa.NativeFile, file_range: FileRange, max_record_bytes: int
) -> Iterator[RawRecord | Rejection]:
    try:
        archive = Archive(stream, max_record_bytes)
        members = [m for m in archive.members if m.filename.lower().endswith(".xml")]
        if not members:
            raise SketchError(
                "a zip without annotations.xml: in CVAT choose the format `CVAT for images 1.1`, "
                "and unpack any other zip first"
            )
        for member in members:
            place = f"{member.filename[:80]}: " if len(members) > 1 else ""
            reader = _Reader(file_range, place)
            yield from reader.read(archive.open(member), max_record_bytes)
    except SketchError as error:
        yield Rejection(file=file_range.path, position="", reason=str(error))


@dataclass
class _Reader:
    """A reader of one XML."""

    file_range: FileRange
    place: str = ""  # of the XML within the file, for positions
    taken: set[str] = field(default_factory=set)  # ids

    def read(self, stream: ByteStream, max_record_bytes: int) -> Iterator[RawRecord | Rejection]:
        """Yield the images of the XML."""
        parser = ImageParser(max_record_bytes)
        try:
            for image in parser.parse(stream):
                yield self._to_record(image, parser)
        except SketchError as error:
            # What came before the error is sound: only the rest of the file is lost.
            for image in parser.take_complete():
                yield self._to_record(image, parser)
            yield self._reject(parser.position, str(error))

    def _reject(self, position: str, reason: str) -> Rejection:
        return Rejection(
            file=self.file_range.path, position=f"{self.place}{position}", reason=reason
        )

    def _to_record(self, image: Image, parser: ImageParser) -> RawRecord | Rejection:
        try:
            if image.error:
                raise SketchError(image.error)
            fields = {"sketch_id": self._find_id(image, parser)} | _parse_fields(image)
        except SketchError as error:
            return self._reject(image.position, str(error))
        folders = image_path(image.xml.get("name", "")).split("/")[:-1]
        return RawRecord(
            fields=fields,
            position=f"{self.place}{image.position}",
            word=image.values.get("word"),
            folders=(*image.tags, *reversed(folders)),
            left_out=image.left_out,
        )

    def _find_id(self, image: Image, parser: ImageParser) -> str:
        # File names can't hold every id, so this one takes precedence over the image's name.
        if "sketch_id" in image.values:
            own = json_values.load(image.values["sketch_id"].encode())
            return json_values.as_id(own, "sketch_id")
        name, task = image.xml.get("name", ""), image.xml.get("task_id")
        # Frames have the same names in every video.
        folder = self.file_range.id if image.is_frame else None
        if task is not None:
            folder = parser.meta.folder(task)
        inside = f"{folder}/" if folder else ""
        stem = json_values.as_id(image_stem(name), "name of the image")
        # `a.png` beside `a.jpg`: the later one keeps its extension.
        key = f"{inside}{image_path(name) if f'{inside}{stem}' in self.taken else stem}"
        self.taken.add(key)
        return key


def _parse_fields(image: Image) -> dict[str, Any]:
    """Return the fields of an image's sketch but its id."""
    strokes, values = image.strokes, image.values
    known = values["columns"].split() if "columns" in values else _guess_columns(image)
    fields: dict[str, Any] = {name: values.get(name) for name in ("category", "source", "split")}
    if fields["split"] is None:
        fields["split"] = _SPLITS.get(image.xml.get("subset", "").lower())
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
    points = [_to_points(i, s.xml.get("points", "")) for i, s in enumerate(strokes)]
    if values.get("placement"):
        scale, left, top, *size = _to_placement(values["placement"])
        points = [pixels_K2 / scale + (left, top) for pixels_K2 in points]
        fields |= dict(zip(("width", "height"), size, strict=True))
    return fields | join_strokes(points)


def _to_placement(text: str) -> list[Any]:
    """Return the scale, left and top of a drawing in its image, and its own width and height."""
    values = json_values.as_list(json_values.load(text.encode()), "placement")
    numbers = [isinstance(v, int | float) and not isinstance(v, bool) for v in values]
    if len(values) != 5 or not all(numbers[:3]) or not 0 < values[0] < math.inf:
        raise SketchError(f"placement {text[:60]!r} is not the place of a drawing in an image")
    width, height = (
        None if value is None else json_values.as_size(value, name)
        for name, value in zip(("width", "height"), values[3:], strict=True)
    )
    return [*values[:3], width, height]


def _guess_columns(image: Image) -> list[str]:
    """Return the optional fields of a drawing from another program, which doesn't list them."""
    # A column is null where no stroke has it, not a list of unknown values.
    attributes = {name for stroke in image.strokes for name in stroke.xml}
    of_strokes = {"label": "label", "instance": "group_id"}
    return ["width", "height", *(n for n, key in of_strokes.items() if key in attributes)]


def image_path(name: str) -> str:
    """Return the name of an image with its folders, separated by `/`."""
    # CVAT keeps the paths of uploaded images, of Windows too.
    return name.replace("\\", "/").lstrip("/")


def image_stem(name: str) -> str:
    """Return the name of an image with its folders and without extension."""
    path = image_path(name)
    folder, slash, last = path.rpartition("/")
    return f"{folder}{slash}{last.rpartition('.')[0] or last}"


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
