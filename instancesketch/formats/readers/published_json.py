"""The published JSON form, one drawing a file: `lines`, `segments`, and what else is known.

`lines` is [[x, y], …] per stroke and `segments` a list of labels per stroke, of which the commonest
is the stroke's (the first among equals; none at all is `unlabeled`). `instances`, `word`, `key_id`,
and the fields of a corpus (`source`, `category`, `split`, `width`, `height`, `object`,
`object_category`) may be absent. Without `key_id` the file's stem is the id.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

from pyarrow import fs

from instancesketch.core.errors import SketchError
from instancesketch.core.sketch import Sketch
from instancesketch.core.taxonomy import UNLABELED
from instancesketch.formats import json_values
from instancesketch.formats.ndjson import read_whole
from instancesketch.formats.readers import quickdraw
from instancesketch.formats.records import Piece, Record, Rejection


def read(
    piece: Piece, filesystem: fs.FileSystem, max_record_bytes: int
) -> Iterator[Record | Rejection]:
    """Yields the one drawing of a file."""
    try:
        data = json_values.load_object(read_whole(filesystem, piece.path, max_record_bytes))
        yield _parse(data, PurePosixPath(piece.path).stem)
    except SketchError as error:
        yield Rejection(file=piece.path, position="", reason=str(error))


def _parse(data: dict[str, Any], stem: str) -> Record:
    if "lines" not in data:
        raise SketchError("not a drawing: no field 'lines'")
    known = {name: value for name, value in data.items() if name not in ("label", "instance")}
    fields = quickdraw.fields(known | {"instance": data.get("instances")})
    user = data.get("user")
    return Record(
        sketch=Sketch.from_strokes(
            json_values.pairs(data["lines"]),
            sketch_id=json_values.identifier(data.get("key_id", stem), "key_id"),
            **fields | {"label": _labels(data.get("segments"))},
        ),
        position="",
        word=json_values.text(data.get("word"), "word"),
        user=None if user is None else json_values.identifier(user, "user"),
    )


def _labels(segments: Any) -> tuple[str, ...] | None:
    if segments is None:
        return None
    labels = []
    for i, segment in enumerate(json_values.array(segments, "segments")):
        names = json_values.texts(json_values.array(segment, f"segment {i}"), f"segment {i}") or ()
        labels.append(Counter(names).most_common(1)[0][0] if names else UNLABELED)
    return tuple(labels)


def dump(sketch: Sketch) -> bytes:
    """One drawing as the contents of its file."""
    fields = quickdraw.to_fields(sketch)
    labels, instances = fields.pop("label", None), fields.pop("instance", None)
    fields.pop("part", None)  # a label says its part
    data = {"key_id": sketch.sketch_id} | fields
    data["lines"] = [
        [
            [x, y]
            for x, y in zip(
                json_values.shortest(p[:, 0]), json_values.shortest(p[:, 1]), strict=True
            )
        ]
        for p in sketch.to_strokes()
    ]
    if labels is not None:
        data["segments"] = [[label] for label in labels]
    if instances is not None:
        data["instances"] = instances
    return json_values.dump(data).encode()
