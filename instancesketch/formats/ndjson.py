"""Lines of a file, or of a range of it, in memory that doesn't grow with the length of a line."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from pyarrow import fs

from instancesketch.core.errors import SketchError
from instancesketch.formats.json_values import load_object
from instancesketch.formats.records import FileRange, RawRecord, Rejection

_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Line:
    """A line without its end; `start` is the byte of the file at which it begins."""

    start: int
    size: int
    data: bytes | None  # None if it is longer than allowed


def read_lines(
    stream: pa.NativeFile, start: int, end: int | None, max_bytes: int
) -> Iterator[Line]:
    """Yield the lines that begin in [start, end), without the data of lines over `max_bytes`."""
    # Reading begins one byte early: a line begins at `start` only if a line end is before it.
    offset = max(start - 1, 0)
    stream.seek(offset)
    lines = _split_lines(stream, offset, end, max_bytes)
    if start > 0:
        # The end of a line that began in the range before, and is read there.
        next(lines, None)
    return lines


def _split_lines(
    stream: pa.NativeFile, offset: int, end: int | None, max_bytes: int
) -> Iterator[Line]:
    start, size = offset, 0  # of the line that is being read
    chunks: list[bytes] = []
    while chunk := stream.read(_CHUNK_BYTES):
        at = 0
        # A line may begin in one chunk and end in another.
        while (stop := chunk.find(b"\n", at)) >= 0:
            size += stop - at
            chunks.append(chunk[at:stop])
            yield _line(start, size, chunks, max_bytes)
            at = stop + 1
            start, size, chunks = offset + at, 0, []
            # The next line belongs to the next file range.
            if end is not None and start >= end:
                return
        size += len(chunk) - at
        chunks.append(chunk[at:])
        if size > max_bytes:
            chunks = []  # a line that is too long is counted to its end, but not kept
        offset += len(chunk)
    if size:
        yield _line(start, size, chunks, max_bytes)


def _line(start: int, size: int, chunks: list[bytes], max_bytes: int) -> Line:
    return Line(start=start, size=size, data=b"".join(chunks) if size <= max_bytes else None)


def read_objects(
    file_range: FileRange,
    filesystem: fs.FileSystem,
    max_record_bytes: int,
    parse: Callable[[dict[str, Any], str], RawRecord],
) -> Iterator[RawRecord | Rejection]:
    """Yield the records of a file with one JSON object a line.

    Args:
        file_range: the lines to read.
        filesystem: the filesystem that the file is on.
        max_record_bytes: longer lines are rejected.
        parse: makes a record of an object and its position, or raises a SketchError.
    """
    return read_records(
        file_range,
        filesystem,
        max_record_bytes,
        lambda line, position: parse(load_object(line), position),
    )


def read_records(
    file_range: FileRange,
    filesystem: fs.FileSystem,
    max_record_bytes: int,
    parse: Callable[[bytes, str], RawRecord],
    *,
    skip_header: bool = False,
) -> Iterator[RawRecord | Rejection]:
    """Yield the records of a file with one a line, as `parse` makes them of line and position.

    With `skip_header` the first line of the file is none.
    """
    path, start, empty = file_range.path, file_range.start, True
    with filesystem.open_input_file(path) as stream:
        lines = read_lines(stream, start, file_range.end, max_record_bytes)
        for number, line in enumerate(lines, 1):
            # Empty lines are common at the end of files.
            if line.data is not None and not line.data.strip():
                continue
            if skip_header and line.start == 0:
                continue
            empty = False
            # Within a file the number of the line is unknown, so its byte is the position.
            position = f"byte {line.start}" if start else f"line {number}"
            try:
                if line.data is None:
                    raise SketchError(describe_excess("the line", line.size, max_record_bytes))
                yield parse(line.data, position)
            except SketchError as error:
                yield Rejection(file=path, position=position, reason=str(error))
    # By the first range alone, or each range of a file would report it.
    if empty and start == 0:
        yield Rejection(file=path, position="", reason="the file holds no drawing")


def describe_excess(what: str, size: int, limit: int) -> str:
    """Return the reason for rejecting something larger than `limit` bytes."""
    return f"{what} has {size / 2**20:.1f} MB, more than the {limit / 2**20:g} MB of a record"


def read_file(filesystem: fs.FileSystem, path: str, max_bytes: int) -> bytes:
    """Return the contents of a file.

    Raises:
        SketchError: the file is larger than `max_bytes`.
    """
    # Reading one byte too many is safer than the size that a filesystem reports.
    with filesystem.open_input_stream(path, compression=None) as stream:
        data: bytes = stream.read(max_bytes + 1)
    if len(data) > max_bytes:
        # The file may be far larger than what was read of it.
        size = filesystem.get_file_info(path).size or len(data)
        raise SketchError(describe_excess("the file", size, max_bytes))
    return data


def read_drawing(
    parse: Callable[[bytes, str], RawRecord],
    file_range: FileRange,
    filesystem: fs.FileSystem,
    max_record_bytes: int,
) -> Iterator[RawRecord | Rejection]:
    """Yield the drawing of a file that is one, or why it isn't.

    Args:
        parse: takes the contents and the id of a file; raises a SketchError for what is no drawing.
        file_range: the whole file.
        filesystem: that it is on.
        max_record_bytes: a larger file is rejected.
    """
    try:
        yield parse(read_file(filesystem, file_range.path, max_record_bytes), file_range.id)
    except SketchError as error:
        yield Rejection(file=file_range.path, position="", reason=str(error))
