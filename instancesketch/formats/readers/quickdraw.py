"""Quick, Draw! ndjson, simplified and raw (https://github.com/googlecreativelab/quickdraw-dataset).

One object a line: `key_id`, `word`, `drawing` as [[x…], [y…]] per stroke. The raw form has a third
list, the time of each point in milliseconds, which is not kept. Beside these, all fields of a
corpus are read, and `user`. Scenes have `scene_id` in place of `key_id`, per stroke an index into
`object_category` in `object`, or -1.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from pyarrow import fs

from instancesketch.core.sketch import join_strokes
from instancesketch.formats import json_values
from instancesketch.formats.json_fields import parse_fields, parse_user
from instancesketch.formats.ndjson import read_objects
from instancesketch.formats.records import FileRange, RawRecord, Rejection


def read(
    file_range: FileRange, filesystem: fs.FileSystem, max_record_bytes: int
) -> Iterator[RawRecord | Rejection]:
    """Yield the drawings of a file."""
    return read_objects(file_range, filesystem, max_record_bytes, parse)


def read_scenes(
    file_range: FileRange, filesystem: fs.FileSystem, max_record_bytes: int
) -> Iterator[RawRecord | Rejection]:
    """Yield the scenes of a file."""
    parse_scene = partial(parse, key="scene_id")
    return read_objects(file_range, filesystem, max_record_bytes, parse_scene)


def parse(data: dict[str, Any], position: str, key: str = "key_id") -> RawRecord:
    """Return the record of one line's object, whose id is in the field `key`.

    Raises:
        SketchError: the object is not a drawing.
    """
    # The third list of the raw form is the time.
    strokes, _ = json_values.as_columns(data.get("drawing"))
    fields = {"sketch_id": json_values.as_id(data.get(key), key)} | parse_fields(data)
    # The word is the category of files that have no other; the taxonomy resolves it.
    return RawRecord(
        fields=fields | join_strokes(strokes),
        position=position,
        word=json_values.as_text(data.get("word"), "word"),
        user=parse_user(data),
    )
