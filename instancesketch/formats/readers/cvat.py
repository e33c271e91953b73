"""CVAT for images 1.1 (https://docs.cvat.ai/docs/manual/advanced/xml_format/), polylines alone.

Each `<image>` is a drawing and each `<polyline>` a stroke, in the file's order; `group_id` is the
instance, and 0 one that is unknown. An image with a box, a polygon or another shape is rejected by
name, since a drawing without some of its strokes would be another drawing.

What CVAT has no place for stands in `<attribute>` elements. Some come back from it, if its task was
made with the labels that are written beside: those of a tag `drawing` of the image, `category`,
`source`, `split`, `object_category` (JSON) and, where the name can't hold it, `sketch_id`; and of a
polyline `object`. The image's own attribute `columns`, which names those of our columns that are
not null, does not, and need not. Coordinates come back with two decimals.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from xml.parsers import expat

import numpy as np
import numpy.typing as npt
from pyarrow import fs

from instancesketch.core.errors import SketchError
from instancesketch.core.sketch import Sketch
from instancesketch.core.taxonomy import UNLABELED
from instancesketch.formats import json_values
from instancesketch.formats.ndjson import too_large
from instancesketch.formats.readers import quickdraw
from instancesketch.formats.records import Piece, Record, Rejection

_CHUNK_BYTES = 1 << 16
_ELEMENTS_PER_RECORD = 4
_DEEPEST = 32
TAG = "drawing"
_OTHER_SHAPES = {"box", "polygon", "points", "cuboid", "skeleton", "mask", "ellipse"}
OPTIONAL = ("width", "height", "label", "instance")
_POINTS = re.compile(r"[-+0-9.eE,;\s]*")
_GROUP = re.compile(r"[0-9]{1,9}")


def read(
    piece: Piece, filesystem: fs.FileSystem, max_record_bytes: int
) -> Iterator[Record | Rejection]:
    """Yields the images of a file, in memory that doesn't grow with it."""
    parser = _Parser(piece.path, max_record_bytes)
    with filesystem.open_input_stream(piece.path, compression=None) as stream:
        try:
            size = _CHUNK_BYTES
            while chunk := stream.read(size):
                # Expat goes over an unfinished element again with each chunk: read more at once.
                size = max(_CHUNK_BYTES, parser.feed(chunk))
                yield from parser.take()
            parser.close()
            yield from parser.take()
        except SketchError as error:
            yield from parser.take()
            yield Rejection(file=piece.path, position=parser.position, reason=str(error))


class _Parser:
    """Expat with its doors shut, gathering one image at a time."""

    def __init__(self, file: str, limit: int) -> None:
        self.file, self.limit = file, limit
        self.position = ""  # of the image that is open
        self.images = 0
        self._fed = self._depth = self._began = 0
        self._done: list[Record | Rejection] = []
        self._image: dict[str, str] | None = None
        self._about: dict[
            str, str
        ] = {}  # the image's <attribute>s; "@" keeps them apart from XML's
        self._owner = self._about  # what the next <attribute> belongs to
        self._strokes: list[dict[str, str]] = []
        self._key: str | None = None  # of the <attribute> that is open
        self._text: list[str] = []
        self._wrong: str | None = None  # why the open image is rejected
        # CVAT writes UTF-8; other encodings would let the file choose Python codecs.
        self._expat = expat.ParserCreate("utf-8")
        self._expat.buffer_text = True
        self._expat.StartElementHandler = self._start
        self._expat.EndElementHandler = self._end
        self._expat.CharacterDataHandler = self._characters
        self._expat.StartDoctypeDeclHandler = self._refuse
        self._expat.EntityDeclHandler = self._refuse
        self._expat.ExternalEntityRefHandler = self._refuse

    def feed(self, chunk: bytes) -> int:
        """Parses more, and returns how many bytes wait for the end of their element."""
        self._fed += len(chunk)
        self._parse(chunk, False)
        waiting = self._fed - max(self._expat.CurrentByteIndex, 0)
        # Expat takes no more than 1 MB at once, so that the time for one element grows as a square.
        if waiting > (most := self.limit // _ELEMENTS_PER_RECORD) + _CHUNK_BYTES:
            raise SketchError(too_large("one XML element", waiting, most))
        return waiting

    def close(self) -> None:
        """Checks that the document has ended, and had an image."""
        self._parse(b"", True)
        if not self.images:
            raise SketchError("the file holds no <image>")

    def take(self) -> list[Record | Rejection]:
        """Hands over the images that are complete."""
        done, self._done = self._done, []
        return done

    def _parse(self, chunk: bytes, last: bool) -> None:
        try:
            self._expat.Parse(chunk, last)
        except expat.ExpatError as error:
            raise SketchError(f"not well-formed XML: {error}") from None

    def _refuse(self, *_: Any) -> int:
        raise SketchError("XML with a document type or entities is not read")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise SketchError(f"XML nested more than {_DEEPEST} deep")
        if self._depth == 1 and name != "annotations":
            raise SketchError(f"not CVAT: its root is <{name[:40]}>, not <annotations>")
        if name == "track":
            raise SketchError("tracks of a video are not drawings")
        if self._image is None:
            if name == "image" and self._depth == 2:
                self._open(attributes)
            return
        self._check_size()
        if self._wrong:
            return
        if name == "polyline":
            self._strokes.append(attributes)
            self._owner = attributes
        elif name == "tag":
            self._owner = self._about if attributes.get("label") == TAG else {}
        elif name in _OTHER_SHAPES:
            self._wrong = f"the image has a <{name}>; only polylines are strokes"
        elif name == "attribute":
            self._key, self._text = attributes.get("name", ""), []
        elif name == "image":
            self._wrong = "an image within the image"

    def _open(self, attributes: dict[str, str]) -> None:
        self.images += 1
        self.position = f"image {self.images} {attributes.get('name', '')[:120]!r}"
        self._began = self._expat.CurrentByteIndex
        self._image, self._about, self._strokes, self._wrong = attributes, {}, [], None
        self._owner = self._about

    def _check_size(self) -> None:
        size = self._expat.CurrentByteIndex - self._began
        if size > self.limit:
            self._wrong = too_large("the image", size, self.limit)
            self._strokes, self._about, self._text = [], {}, []

    def _characters(self, text: str) -> None:
        if self._key is not None and not self._wrong:
            self._text.append(text)
            self._check_size()

    def _end(self, name: str) -> None:
        self._depth -= 1
        if self._image is None:
            return
        if name == "attribute" and self._key is not None:
            text = "".join(self._text)
            if text or self._key == "columns":  # CVAT leaves what is not known empty
                self._owner["@" + self._key] = text
            self._key = None
        elif self._depth == 2:
            self._owner = self._about
        elif name == "image" and self._depth == 1:
            self._finish(self._image)
            self._image = None
            self.position = ""

    def _finish(self, image: dict[str, str]) -> None:
        self._check_size()
        try:
            if self._wrong:
                raise SketchError(self._wrong)
            sketch = _sketch(image, self._about, self._strokes)
            self._done.append(Record(sketch=sketch, position=self.position))
        except SketchError as error:
            rejection = Rejection(file=self.file, position=self.position, reason=str(error))
            self._done.append(rejection)


def _sketch(image: dict[str, str], about: dict[str, str], strokes: list[dict[str, str]]) -> Sketch:
    # Ours says which columns there are; in another's file they are there where any stroke has them.
    columns = about["@columns"].split() if "@columns" in about else None

    def has(column: str, attribute: str) -> bool:
        return column in columns if columns is not None else any(attribute in s for s in strokes)

    found: dict[str, Any] = {k: about.get("@" + k) for k in ("category", "source", "split")}
    for name in ("width", "height"):
        if name in image and (columns is None or name in columns):
            found[name] = json_values.extent(_number(image[name], name), name)
    if has("label", "label"):
        found["label"] = tuple(s.get("label", UNLABELED) for s in strokes)
    if has("instance", "group_id"):
        found["instance"] = tuple(_group(s.get("group_id")) for s in strokes)
    if "@object_category" in about:
        objects = [_object(s.get("@object", "-1")) for s in strokes]
        names = json_values.load(about["@object_category"].encode())
        found |= quickdraw.objects({"object": objects, "object_category": names})
    points = [_points(i, s.get("points", "")) for i, s in enumerate(strokes)]
    return Sketch.from_strokes(points, sketch_id=_id(image, about), **found)


def _id(image: dict[str, str], about: dict[str, str]) -> str:
    if "@sketch_id" in about:
        return json_values.identifier(json_values.load(about["@sketch_id"].encode()), "sketch_id")
    return json_values.identifier(stem(image.get("name", "")), "name of the image")


def stem(name: str) -> str:
    """The name of an image without folders and extension."""
    last = name.replace("\\", "/").rpartition("/")[2]
    return last.rpartition(".")[0] or last


def _points(stroke: int, text: str) -> npt.NDArray[np.float64]:
    pairs = [pair.split(",") for pair in text.split(";")] if text.strip() else []
    if not _POINTS.fullmatch(text) or not all(len(pair) == 2 for pair in pairs):
        raise SketchError(f"the points of stroke {stroke} are not x,y;x,y;…")
    try:
        return np.array(pairs, np.float64).reshape(-1, 2)
    except ValueError:
        raise SketchError(f"the points of stroke {stroke} are not all numbers") from None


def _group(text: str | None) -> int | None:
    if text is None:
        return None
    if not _GROUP.fullmatch(text):
        raise SketchError(f"group_id {text[:20]!r} is not a whole number from 0")
    return int(text)


def _object(text: str) -> int:
    if text != "-1" and not _GROUP.fullmatch(text):
        raise SketchError(f"object {text[:20]!r} is not a whole number from -1")
    return int(text)


def _number(text: str, what: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise SketchError(f"{what} {text[:20]!r} is not a number") from None
