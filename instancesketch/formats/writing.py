"""Sketches into files of the formats that can be written."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from urllib.parse import quote

from pyarrow import fs

from instancesketch.formats import cvat, published_json, quickdraw
from instancesketch.sketch import Sketch
from instancesketch.svg import to_svg

_LONGEST_NAME = 200  # bytes; file systems take 255

# Formats that put all sketches into one file, and those with a file per sketch.
_IN_ONE: dict[str, tuple[str, Callable[[Iterable[Sketch]], Iterator[bytes]]]] = {
    "cvat": ("annotations.xml", cvat.lines),
    "quickdraw": ("sketches.ndjson", quickdraw.lines),
}
_EACH: dict[str, tuple[str, Callable[[Sketch], bytes]]] = {
    "json": (".json", published_json.dump),
    "svg": (".svg", lambda sketch: to_svg(sketch).encode()),
}
WRITERS = (*_IN_ONE, *_EACH)


def write(
    sketches: Iterable[Sketch], format: str, out: str, filesystem: fs.FileSystem | None = None
) -> int:
    """Writes sketches into a folder, and returns how many.

    CVAT is `annotations.xml` and Quick, Draw! `sketches.ndjson`; JSON and SVG are a file per sketch
    in a folder per category, named by the sketch's id with `%` escapes.

    Args:
        sketches: what to write; ids must be unique.
        format: one of `WRITERS`.
        out: the folder; made if it isn't there.
        filesystem: where it lies; the local one by default.

    Raises:
        KeyError: the format can't be written.
    """
    filesystem = filesystem or fs.LocalFileSystem()
    filesystem.create_dir(out, recursive=True)
    if format in _IN_ONE:
        name, lines = _IN_ONE[format]
        return _write_one(sketches, f"{out}/{name}", lines, filesystem)
    suffix, dump = _EACH[format]
    return _write_each(sketches, out, suffix, dump, filesystem)


def _write_one(
    sketches: Iterable[Sketch],
    path: str,
    lines: Callable[[Iterable[Sketch]], Iterator[bytes]],
    filesystem: fs.FileSystem,
) -> int:
    number = 0

    def counted() -> Iterator[Sketch]:
        nonlocal number
        for number, sketch in enumerate(sketches, 1):  # noqa: B007
            yield sketch

    # Under another name until it is whole.
    with filesystem.open_output_stream(f"{path}.part", compression=None) as stream:
        for line in lines(counted()):
            stream.write(line)
    filesystem.move(f"{path}.part", path)
    return number


def _write_each(
    sketches: Iterable[Sketch],
    out: str,
    suffix: str,
    dump: Callable[[Sketch], bytes],
    filesystem: fs.FileSystem,
) -> int:
    made, number = {out}, 0
    for sketch in sketches:
        folder = f"{out}/{file_name(sketch.category)}" if sketch.category else out
        if folder not in made:
            filesystem.create_dir(folder, recursive=True)
            made.add(folder)
        path = f"{folder}/{file_name(sketch.sketch_id)}{suffix}"
        with filesystem.open_output_stream(path, compression=None) as stream:
            stream.write(dump(sketch))
        number += 1
    return number


def file_name(text: str) -> str:
    """A name that any file system takes: reversible by `urllib.parse.unquote`, unless very long."""
    name = quote(text, safe=" ")
    if name[0] in "._ ":  # hidden, private, or the way up
        name = f"%{ord(name[0]):02X}{name[1:]}"
    if len(name) > _LONGEST_NAME:
        digest = hashlib.blake2b(text.encode(), digest_size=8).hexdigest()
        name = f"{name[: _LONGEST_NAME - 20]}-{digest}"
    return name
