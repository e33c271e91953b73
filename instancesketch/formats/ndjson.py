"""Lines of a file, or of a piece of one, in memory that doesn't grow with the line."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from pyarrow import fs

from instancesketch.core.errors import SketchError
from instancesketch.formats.json_values import load_object
from instancesketch.formats.records import Piece, Record, Rejection

CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line without its end, and the byte of the file at which it begins."""

    start: int
    size: int
    data: bytes | None  # None where it is longer than allowed


def read_lines(stream: pa.NativeFile, start: int, end: int | None, limit: int) -> Iterator[Line]:
    """Yields the lines that begin in [start, end); longer ones than `limit` bytes without data."""
    # A line that begins at `start` is known by the end of line in front of it.
    stream.seek(max(start - 1, 0))
    lines = _lines(stream, max(start - 1, 0), end, limit)
    if start > 0:
        next(lines, None)
    return lines


def _lines(stream: pa.NativeFile, offset: int, end: int | None, limit: int) -> Iterator[Line]:
    begin, size = offset, 0
    held: list[bytes] = []
    while chunk := stream.read(CHUNK_BYTES):
        at = 0
        while (stop := chunk.find(b"\n", at)) >= 0:
            size += stop - at
            held.append(chunk[at:stop])
            yield Line(start=begin, size=size, data=b"".join(held) if size <= limit else None)
            at = stop + 1
            begin, size, held = offset + at, 0, []
            if end is not None and begin >= end:
                return
        size += len(chunk) - at
        held.append(chunk[at:])
        if size > limit:
            held = []
        offset += len(chunk)
    if size:
        yield Line(start=begin, size=size, data=b"".join(held) if size <= limit else None)


def read_records(
    piece: Piece,
    filesystem: fs.FileSystem,
    limit: int,
    parse: Callable[[dict[str, Any], str], Record],
) -> Iterator[Record | Rejection]:
    """Reads a file with one JSON object a line; `parse` is given the object and its position.

    A position is the line, or, in a piece that doesn't begin with the file, the byte.
    """
    found = False
    with filesystem.open_input_file(piece.path) as stream:
        for number, line in enumerate(read_lines(stream, piece.start, piece.end, limit), 1):
            if line.data is not None and not line.data.strip():
                continue
            found = True
            position = f"byte {line.start}" if piece.start else f"line {number}"
            try:
                if line.data is None:
                    raise SketchError(too_large("the line", line.size, limit))
                yield parse(load_object(line.data), position)
            except SketchError as error:
                yield Rejection(file=piece.path, position=position, reason=str(error))
    if not found and piece.start == 0:
        yield Rejection(file=piece.path, position="", reason="the file holds no drawing")


def too_large(what: str, size: int, limit: int) -> str:
    """Says that a record is larger than allowed."""
    return f"{what} has {size / 2**20:.1f} MB, more than the {limit / 2**20:g} MB of a record"


def read_whole(filesystem: fs.FileSystem, path: str, limit: int) -> bytes:
    """Reads a file that is one record.

    Raises:
        SketchError: it is larger than `limit` bytes.
    """
    with filesystem.open_input_stream(path, compression=None) as stream:
        data: bytes = stream.read(limit + 1)
    if len(data) > limit:
        size = filesystem.get_file_info(path).size or len(data)
        raise SketchError(too_large("the file", size, limit))
    return data
