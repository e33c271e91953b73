"""Xournal++'s `.xopp` and Xournal's `.xoj`: XML in gzip, or plain.

A page is a drawing, of all strokes by pen and highlighter on all its layers. Texts, pictures and
strokes of the eraser, which paint over others in white, are left out and counted.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from xml.etree import ElementTree

import numpy as np
from pyarrow import fs

from instancesketch.core.errors import SketchError
from instancesketch.formats import json_values
from instancesketch.formats.ndjson import describe_excess, read_file
from instancesketch.formats.readers.programs.ink import Ink
from instancesketch.formats.records import FileRange, RawRecord, Rejection
from instancesketch.formats.xml_trees import parse_tree

GZIP = b"\x1f\x8b"
_RECORDS_PER_FILE = 4  # how many records of the largest size a file may have: it holds pictures


def read(
    file_range: FileRange, filesystem: fs.FileSystem, max_record_bytes: int
) -> Iterator[RawRecord | Rejection]:
    """Yield the pages of a file that are not blank."""
    path, size = file_range.path, _RECORDS_PER_FILE * max_record_bytes
    try:
        data = unpack(read_file(filesystem, path, size), size)
        pages = parse_tree(data, "xournal", "Xournal").findall("page")
    except SketchError as error:
        yield Rejection(file=path, position="", reason=str(error))
        return
    blank = True
    for number, page in enumerate(pages, 1):
        position = f"page {number}" if len(pages) > 1 else ""
        key = f"{file_range.id}/page-{number}" if position else file_range.id
        try:
            ink = _read_page(page)
            if ink.is_blank:
                continue
            blank = False
            sides = {name: _side(page, name) for name in ("width", "height")}
            yield ink.to_record(json_values.as_id(key, "id"), position, **sides)
        except SketchError as error:
            blank = False
            yield Rejection(file=path, position=position, reason=str(error))
    if blank:
        yield Rejection(file=path, position="", reason="no strokes: every page is blank")


def unpack(data: bytes, max_bytes: int) -> bytes:
    """Return what is in gzip, or data that isn't as it is.

    Raises:
        SketchError: the data is damaged, or unfolds to more than `max_bytes`.
    """
    if not data.startswith(GZIP):
        return data
    unzip = zlib.decompressobj(31)
    try:
        text = unzip.decompress(data, max_bytes + 1)
    except zlib.error as error:
        raise SketchError(f"damaged gzip: {error}") from None
    if len(text) > max_bytes:
        raise SketchError(describe_excess("the unpacked file", len(text), max_bytes))
    if not unzip.eof:
        raise SketchError("damaged gzip: the file is cut off")
    return text


def _side(page: ElementTree.Element, name: str) -> float | None:
    text = page.get(name)
    return None if text is None else json_values.as_size(_to_numbers(text)[0], name)


def _read_page(page: ElementTree.Element) -> Ink:
    ink = Ink()
    for layer in page.findall("layer"):
        for element in layer:
            tool = element.get("tool", "pen")
            if element.tag == "stroke" and tool != "eraser":
                ink.add(np.array(_to_numbers(element.text or "", even=True)).reshape(-1, 2))
            elif isinstance(element.tag, str):
                is_stroke = element.tag == "stroke"
                ink.leave_out("stroke of the eraser" if is_stroke else element.tag)
    return ink


def _to_numbers(text: str, even: bool = False) -> list[float]:
    try:
        # Python's float would also take underscores and digits of other scripts.
        if not text.isascii() or "_" in text:
            raise ValueError
        numbers = [float(value) for value in text.split()]
    except ValueError:
        raise SketchError(f"{text.strip()[:20]!r} is not numbers") from None
    if even and len(numbers) % 2:
        raise SketchError("a stroke has an x without a y")
    if not even and len(numbers) != 1:
        raise SketchError(f"{text[:20]!r} is not a number")
    return numbers
