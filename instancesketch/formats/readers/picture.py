"""A picture of a drawing (PNG, JPEG, WebP, GIF, BMP): its lines, where they are asked for.

Coordinates are pixels of the picture. `formats/tracing` finds the lines, with the extra `trace`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pyarrow import fs

from instancesketch.core.errors import UserError
from instancesketch.core.sketch import join_strokes
from instancesketch.formats import json_values
from instancesketch.formats.ndjson import read_drawing
from instancesketch.formats.records import FileRange, RawRecord, Rejection

_PICTURE = re.compile(rb"\x89PNG\r\n|\xff\xd8\xff|RIFF....WEBP|GIF8[79]a|BM....\0\0\0\0", re.S)
NOT_ASKED = "a picture: with --trace its lines are read as strokes"


def is_picture(head: bytes) -> bool:
    """Return whether a file that begins so is a picture of a kind that is read."""
    return _PICTURE.match(head) is not None


def check_installed() -> None:
    """Check that pictures can be traced.

    Raises:
        UserError: the extra `trace` is not installed.
    """
    try:
        import skimage  # noqa: F401
    except ImportError:
        raise UserError(
            "--trace needs the extra `trace`: pip install 'instancesketch[trace]'"
        ) from None


def read(
    file_range: FileRange, filesystem: fs.FileSystem, max_record_bytes: int
) -> Iterator[RawRecord | Rejection]:
    """Yield the drawing that a picture shows."""
    yield from read_drawing(parse, file_range, filesystem, max_record_bytes)


def parse(data: bytes, stem: str) -> RawRecord:
    """Return the record of a picture.

    Raises:
        SketchError: it is damaged or too large, or shows no lines.
        UserError: the extra `trace` is not installed.
    """
    check_installed()
    # Here, since most jobs have no pictures, and the library takes a second to import.
    from instancesketch.formats.tracing.trace import trace

    traced = trace(data)
    fields = {
        "sketch_id": json_values.as_id(stem, "id"),
        "width": float(traced.width),
        "height": float(traced.height),
        **join_strokes(traced.strokes),
    }
    return RawRecord(fields=fields, position="")
