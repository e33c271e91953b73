"""SPG ndjson (K. Li et al., "Universal Sketch Perceptual Grouping", ECCV 2018).

Files are named `<class>_train.ndjson`, `_valid` or `_test`, which is the official split, or just
`<class>.ndjson`, and stand beside `<class>.txt`, whose lines name the parts. Each stroke has a
third list, the part of each of its points as an index into those lines; the commonest one is the
stroke's.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from pyarrow import fs

from instancesketch.core.errors import SketchError
from instancesketch.core.sketch import Sketch
from instancesketch.formats import json_values
from instancesketch.formats.ndjson import read_records, read_whole
from instancesketch.formats.records import Piece, Record, Rejection

_NAME = re.compile(r"(?P<folder>.*/)?(?P<category>[^/]+?)(_(?P<split>train|valid|test))?\.[^./]+")
_PART_FILE_BYTES = 1 << 16


def is_named_so(path: str, filesystem: fs.FileSystem) -> bool:
    """Whether a file is named for a split, or stands beside a `.txt` of its name."""
    name = _NAME.fullmatch(path)
    if name is None:
        return False
    return name["split"] is not None or filesystem.get_file_info(_parts_file(name)).is_file


def _parts_file(name: re.Match[str]) -> str:
    return f"{name['folder'] or ''}{name['category']}.txt"


def read(
    piece: Piece, filesystem: fs.FileSystem, max_record_bytes: int
) -> Iterator[Record | Rejection]:
    """Yields the drawings of an SPG file."""
    try:
        category, split, names = _beside(piece.path, filesystem)
    except SketchError as error:
        yield Rejection(file=piece.path, position="", reason=str(error))
        return

    def parse(data: dict[str, Any], position: str) -> Record:
        strokes, rest = json_values.columns(data.get("drawing"))
        sketch = Sketch.from_strokes(
            strokes,
            sketch_id=json_values.identifier(data.get("key_id"), "key_id"),
            source=json_values.text(data.get("source"), "source"),
            category=category,
            split=split,
            label=tuple(_label(i, lists, names) for i, lists in enumerate(rest)),
        )
        return Record(sketch=sketch, position=position)

    yield from read_records(piece, filesystem, max_record_bytes, parse)


def _beside(path: str, filesystem: fs.FileSystem) -> tuple[str, str | None, list[str]]:
    """The category, the split and the names of the parts, which stand beside the drawings."""
    name = _NAME.fullmatch(path)
    if name is None:
        raise SketchError("not named <class>_train.ndjson, _valid or _test, as SPG's files are")
    beside = _parts_file(name)
    try:
        lines = read_whole(filesystem, beside, _PART_FILE_BYTES).decode().splitlines()
    except FileNotFoundError:
        raise SketchError(f"no {name['category']}.txt beside it to name the parts") from None
    except UnicodeDecodeError:
        raise SketchError(f"{beside}, which names the parts, is not UTF-8") from None
    return name["category"], name["split"], [line.strip() for line in lines if line.strip()]


def _label(stroke: int, lists: list[Any], names: list[str]) -> str:
    if not lists:
        raise SketchError(f"stroke {stroke} has no third list, of parts")
    indices = json_values.integers(lists[0], f"the parts of stroke {stroke}", 0)
    if not indices:
        raise SketchError(f"stroke {stroke} has no points")
    index, _ = Counter(indices).most_common(1)[0]
    highest = max((i for i in indices if i is not None), default=-1)
    if index is None or highest >= len(names):
        raise SketchError(f"stroke {stroke} has part {highest}; the .txt names {len(names)}")
    return names[index]
