"""The JSON form of the published InstanceSketch system: one drawing a file.

`lines` is [[x, y], …] per stroke and `segments` a list of labels per stroke; a stroke gets the most
frequent of its labels (the first among equals; `unlabeled` if it has none). `instances`, `word`,
`key_id` and the fields of a corpus (`source`, `category`, `split`, `width`, `height`, `object`,
`object_category`) may be absent. Without `key_id` the id is that of the file.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from pyarrow import fs

from instancesketch.core.errors import SketchError
from instancesketch.core.sketch import join_strokes
from instancesketch.core.taxonomy import UNLABELED
from instancesketch.formats import json_values
from instancesketch.formats.json_fields import parse_fields, parse_user
from instancesketch.formats.ndjson import read_drawing
from instancesketch.formats.records import FileRange, RawRecord, Rejection


def read(
    file_range: FileRange, filesystem: fs.FileSystem, max_record_bytes: int
) -> Iterator[RawRecord | Rejection]:
    """Yield the drawing of a file."""
    yield from read_drawing(
        lambda data, stem: parse(json_values.load_object(data), stem),
        file_range,
        filesystem,
        max_record_bytes,
    )


def parse(data: dict[str, Any], name: str) -> RawRecord:
    """Return the record of a file's object; `name` is the id if the object has none.

    Raises:
        SketchError: the object is not a drawing.
    """
    if "lines" not in data:
        raise SketchError("not a drawing: no field 'lines'")
    strokes = json_values.as_pairs(data["lines"])
    fields = {"sketch_id": json_values.as_id(data.get("key_id", name), "key_id")}
    # Labels and instances have names of their own here.
    fields |= parse_fields(data | {"label": None, "instance": data.get("instances")})
    return RawRecord(
        fields=fields | join_strokes(strokes) | {"label": _labels(data.get("segments"))},
        position="",
        word=json_values.as_text(data.get("word"), "word"),
        user=parse_user(data),
    )


def _labels(segments: Any) -> tuple[str, ...] | None:
    if segments is None:
        return None
    labels = []
    for i, segment in enumerate(json_values.as_list(segments, "segments")):
        name = f"segment {i}"
        names = json_values.as_texts(json_values.as_list(segment, name), name) or ()
        # `most_common` keeps the order of equals.
        labels.append(Counter(names).most_common(1)[0][0] if names else UNLABELED)
    return tuple(labels)
