"""Parse CVAT's XML image by image with Expat, without entities and in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol
from xml.parsers import expat

from instancesketch.core.errors import SketchError
from instancesketch.formats.ndjson import describe_excess
from instancesketch.formats.readers.cvat_tracks import Element, Image, Meta, Tracks

TAG = "drawing"  # the label of the tag whose attributes are fields of the sketch
_CHUNK_BYTES = 1 << 16
_ELEMENTS_PER_RECORD = 4  # how many elements of the largest size a record may have
_MAX_DEPTH = 32
_TRACKS_PER_RECORD = 4  # of how many records of the largest size tracks may be
_OTHER_SHAPES = {"box", "polygon", "points", "cuboid", "skeleton", "mask", "ellipse"}


class ByteStream(Protocol):
    """A stream of bytes: a file, or a member of a zip."""

    def read(self, size: int) -> bytes:
        """Return up to `size` bytes, empty at the end."""


class ImageParser:
    """An Expat parser that gathers one image at a time, and all frames of a video."""

    def __init__(self, max_image_bytes: int) -> None:
        self.position = ""  # of the image that is open
        self._max_bytes = max_image_bytes
        self._images = self._depth = self._fed = self._image_start = 0
        self._complete: list[Image] = []
        self._image: Image | None = None
        self._values: dict[str, str] = {}  # where the value of the next <attribute> goes
        self._key: str | None = None  # of the <attribute> that is open
        self._text: list[str] = []
        self._open: list[str] = []  # the names of the elements that are open
        self.meta = Meta()
        self._tracks = Tracks()
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

    def parse(self, stream: ByteStream) -> Iterator[Image]:
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
        yield from self.take_complete()
        for image in self._tracks.take_frames(self.meta):
            self._images += 1
            yield image
        if not self._images:
            raise SketchError("the file holds no <image>, and no track of a video")

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
        self._open.append(name)
        if self._depth > _MAX_DEPTH:
            raise SketchError(f"XML nested more than {_MAX_DEPTH} deep")
        if self._depth == 1 and name != "annotations":
            raise SketchError(f"not CVAT: its root is <{name[:40]}>, not <annotations>")
        if self._open[1:2] in (["meta"], ["track"]):
            self._start_beside(self._open[1], name, attributes)
        elif self._image is not None:
            self._start_inside(self._image, name, attributes)
        elif name == "image" and self._depth == 2:
            self._open_image(attributes)

    def _start_beside(self, around: str, name: str, attributes: dict[str, str]) -> None:
        """Enter `<meta>`, a `<track>`, or an element within."""
        most = _TRACKS_PER_RECORD * self._max_bytes
        # Unlike images they are kept to the end of the file.
        if self._expat.CurrentByteIndex > most:
            raise SketchError(describe_excess(f"<{around}>", self._expat.CurrentByteIndex, most))
        if around == "meta":
            self._key, self._text = name, []
            self.meta.start(name)
        elif self._depth == 2:
            self._tracks.open(attributes)
        elif self._depth == 3:
            self._values = self._tracks.add(name, attributes).values
        elif name == "attribute":
            self._key, self._text = attributes.get("name", ""), []

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
            is_own = attributes.get("label") == TAG
            # The attributes of other tags are dropped.
            self._values = image.values if is_own else {}
            if not is_own:
                image.tags.append(attributes.get("label", ""))
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
        if self._key is None or (self._image is not None and self._image.error):
            return
        self._text.append(text)
        if self._image is not None:
            self._check_size(self._image)
        elif self._expat.CurrentByteIndex > _TRACKS_PER_RECORD * self._max_bytes:
            raise SketchError("text without end in <meta> or a <track>")

    def _end(self, name: str) -> None:
        self._depth -= 1
        self._open.pop()
        image = self._image
        if image is None:
            self._end_beside(name)
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

    def _end_beside(self, name: str) -> None:
        """Leave an element of `<meta>` or of a `<track>`."""
        text, self._text = "".join(self._text), []
        if self._key is not None and self._open[1:2] == ["meta"]:
            self.meta.end(self._open, name, text)
        elif self._key is not None and text:
            self._values[self._key] = text
        self._key = None
