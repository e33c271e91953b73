"""Quick, Draw! ndjson, simplified and raw (https://github.com/googlecreativelab/quickdraw-dataset).

One object a line: `key_id`, `word`, `drawing` as [[x…], [y…]] per stroke; the raw form has a third
list, the time of each point in milliseconds, which is not kept. To hold everything that is known of
a drawing the fields of the corpus are read and written beside these: `category`, `source`, `split`,
`user`, `width`, `height`, and `part`, `label`, `instance`, `object`, `object_category`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from pyarrow import fs

from instancesketch.core.errors import SketchError
from instancesketch.core.schema import LABEL_COLUMNS
from instancesketch.core.sketch import Sketch
from instancesketch.formats import json_values
from instancesketch.formats.ndjson import read_records
from instancesketch.formats.records import Piece, Record, Rejection


def read(
    piece: Piece, filesystem: fs.FileSystem, max_record_bytes: int
) -> Iterator[Record | Rejection]:
    """Yields the drawings of an ndjson file."""
    return read_records(piece, filesystem, max_record_bytes, parse)


def parse(data: dict[str, Any], position: str, key: str = "key_id") -> Record:
    """Makes a record of one line's object, whose id is the field `key`.

    Raises:
        SketchError: it is no drawing.
    """
    strokes, _ = json_values.columns(data.get("drawing"))
    user = data.get("user")
    return Record(
        sketch=Sketch.from_strokes(
            strokes, sketch_id=json_values.identifier(data.get(key), key), **fields(data)
        ),
        position=position,
        word=json_values.text(data.get("word"), "word"),
        user=None if user is None else json_values.identifier(user, "user"),
    )


def fields(data: dict[str, Any]) -> dict[str, Any]:
    """What is known beside id and strokes, by the names that a corpus has for it.

    Raises:
        SketchError: a field is not of its type.
    """
    found: dict[str, Any] = {}
    for name in ("source", "category", "split"):
        found[name] = json_values.text(data.get(name), name)
    for name in ("width", "height"):
        found[name] = json_values.extent(data.get(name), name)
    for name in ("part", "label"):
        found[name] = json_values.texts(data.get(name), name)
    found["instance"] = json_values.integers(data.get("instance"), "instance", 0)
    return found | objects(data)


def objects(data: dict[str, Any]) -> dict[str, Any]:
    """The fields `object` and `object_category` of a scene.

    Raises:
        SketchError: a field is not of its type.
    """
    found: dict[str, Any] = {"object": json_values.integers(data.get("object"), "object", -1)}
    if found["object"] is not None and None in found["object"]:
        raise SketchError("object holds null")
    if (categories := data.get("object_category")) is not None:
        names = json_values.array(categories, "object_category")
        found["object_category"] = tuple(json_values.text(n, "object_category") for n in names)
    return found


def to_fields(sketch: Sketch) -> dict[str, Any]:
    """What `fields` reads, without what is not known."""
    found: dict[str, Any] = {}
    for name in ("source", "category", "split", "width", "height", *LABEL_COLUMNS):
        value = getattr(sketch, name)
        if value is not None:
            found[name] = list(value) if isinstance(value, tuple) else value
    return found


def lines(sketches: Iterable[Sketch]) -> Iterator[bytes]:
    """Yields one line per sketch. `word` is the category, as readers of Quick, Draw! expect it."""
    for sketch in sketches:
        drawing = [
            [json_values.shortest(points[:, 0]), json_values.shortest(points[:, 1])]
            for points in sketch.to_strokes()
        ]
        head = {"key_id": sketch.sketch_id, "word": sketch.category}
        if sketch.category is None:
            del head["word"]
        yield json_values.dump(head | to_fields(sketch) | {"drawing": drawing}).encode() + b"\n"
