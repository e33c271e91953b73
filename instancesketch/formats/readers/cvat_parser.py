"""Parse CVAT's XML image by image with Expat, without entities and in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from xml.parsers import expat

import pyarrow as pa

from instancesketch.core.errors import SketchError
from instancesketch.formats.ndjson import describe_excess

TAG = "drawing"  # the label of the tag whose attributes are fields of the sketch
_CHUNK_BYTES = 1 << 16
_ELEMENTS_PER_RECORD = 4  # how many elements of the largest size a record may have
_MAX_DEPTH = 32
_OTHER_SHAPES = {"box", "polygon", "points", "cuboid", "skeleton", "mask", "ellipse"}


@dataclass
class Element:
    """An image or a polyline: the attributes in its tag, and those in `<attribute>` elements."""

    xml: dict[str, str]
    values: dict[str, str] = field(default_factory=dict)


@dataclass
class Image(Element):
    """An image with its strokes; `error` is the reason for which it is rejected, if any."""

    position: str = ""
    strokes: list[Element] = field(default_factory=list)
    error: str | None = None

    def reject(self, reason: str) -> None:
        """Set the error, and let go of everything that was gathered."""
        self.error, self.strokes, self.values = reason, [], {}


class ImageParser:
    """An Expat parser that gathers one image at a time."""

    def __init__(self, max_image_bytes: int) -> None:
        self.position = ""  # of the image that is open
        self._max_bytes = max_image_bytes
        self._images = self._depth = self._fed = self._image_start = 0
        self._complete: list[Image] = []
        self._image: Image | None = None
        self._values: dict[str, str] = {}  # where the value of the next <attribute> goes
        self._key: str | None = None  # of the <attribute> that is open
        self._text: list[str] = []
        # CVAT writes UTF-8; other encodings would let the file choose Python codecs.
        self._expat = expat.ParserCreate("utf-8")
        self._expat.buffer_text = True
        self._expat.StartElementHandler = self._start
        self._expat.EndElementHandler = self._end
        self._expat.CharacterDataHandler = self._add_text
        # A few nested entities can unfold to gigabytes, and external ones read other files.
        self._expat.StartDoctypeDeclHandler = self._refuse
        self._expat.EntityDeclHandler = self._refuse
        self._expat.ExternalEntityRefHandler = self._refuse

    def parse(self, stream: pa.NativeFile) -> Iterator[Image]:
        """Yield the images of a file.

        Raises:
            SketchError: the file as a whole can't be read; `take_complete` has the images that
                came before.
        """
        size = _CHUNK_BYTES
        while chunk := stream.read(size):
            # Expat scans an unfinished element again with each chunk: read more at once.
            size = max(_CHUNK_BYTES, self._feed(chunk))
            yield from self.take_complete()
        self._call_expat(b"", True)
        if not self._images:
            raise SketchError("the file holds no <image>")
        yield from self.take_complete()

    def take_complete(self) -> list[Image]:
        """Return the images that are complete, each once."""
        complete, self._complete = self._complete, []
        return complete

    def _feed(self, chunk: bytes) -> int:
        """Parse more, and return the number of bytes that wait for the end of their element."""
        self._fed += len(chunk)
        self._call_expat(chunk, False)
        waiting = self._fed - max(self._expat.CurrentByteIndex, 0)
        # Expat takes no more than 1 MB at once, so that the time for one element grows as a square.
        if waiting > (most := self._max_bytes // _ELEMENTS_PER_RECORD) + _CHUNK_BYTES:
            raise SketchError(describe_excess("one XML element", waiting, most))
        return waiting

    def _call_expat(self, chunk: bytes, is_last: bool) -> None:
        try:
            self._expat.Parse(chunk, is_last)
        except expat.ExpatError as error:
            raise SketchError(f"not well-formed XML: {error}") from None

    def _refuse(self, *_: Any) -> int:
        raise SketchError("XML with a document type or entities is not read")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise SketchError(f"XML nested more than {_MAX_DEPTH} deep")
        if self._depth == 1 and name != "annotations":
            raise SketchError(f"not CVAT: its root is <{name[:40]}>, not <annotations>")
        if name == "track":
            raise SketchError("tracks of a video are not drawings")
        if self._image is not None:
            self._start_inside(self._image, name, attributes)
        elif name == "image" and self._depth == 2:
            self._open_image(attributes)

    def _open_image(self, attributes: dict[str, str]) -> None:
        self._images += 1
        # Names may repeat, so the number is part of the position.
        self.position = f"image {self._images} {attributes.get('name', '')[:120]!r}"
        self._image_start = self._expat.CurrentByteIndex
        self._image = Image(attributes, position=self.position)
        self._values = self._image.values

    def _start_inside(self, image: Image, name: str, attributes: dict[str, str]) -> None:
        self._check_size(image)
        if image.error:
            return
        if name == "polyline":
            image.strokes.append(Element(attributes))
            self._values = image.strokes[-1].values
        elif name == "tag":
            # The attributes of other tags are dropped.
            self._values = image.values if attributes.get("label") == TAG else {}
        elif name in _OTHER_SHAPES:
            image.reject(f"the image has a <{name}>; only polylines are strokes")
        elif name == "attribute":
            self._key, self._text = attributes.get("name", ""), []
        elif name == "image":
            image.reject("an image within the image")

    def _check_size(self, image: Image) -> None:
        # Counted in bytes of the file, not in points: attributes can be huge as well.
        size = self._expat.CurrentByteIndex - self._image_start
        if size > self._max_bytes:
            self._text = []
            image.reject(describe_excess("the image", size, self._max_bytes))

    def _add_text(self, text: str) -> None:
        if self._image is not None and self._key is not None and not self._image.error:
            self._text.append(text)
            self._check_size(self._image)

    def _end(self, name: str) -> None:
        self._depth -= 1
        image = self._image
        if image is None:
            return
        if name == "attribute" and self._key is not None:
            text = "".join(self._text)
            # CVAT writes attributes without a value as empty, but `columns` may be empty.
            if text or self._key == "columns":
                self._values[self._key] = text
            self._key = None
        elif self._depth == 2:  # back among the image's own children
            self._values = image.values
        elif name == "image" and self._depth == 1:
            self._check_size(image)
            self._complete.append(image)
            self._image, self.position = None, ""
