"""Quick, Draw! ndjson, with the fields of a corpus beside its own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from instancesketch.core.sketch import Sketch
from instancesketch.formats import json_values
from instancesketch.formats.json_fields import to_columns, to_fields
from instancesketch.formats.writers.files import SingleFile


def dump(sketches: Iterable[Sketch]) -> Iterator[bytes]:
    """Yield one line per sketch."""
    for sketch in sketches:
        head = {"key_id": sketch.sketch_id}
        if sketch.category is not None:
            # Other readers of Quick, Draw! expect a word.
            head["word"] = sketch.category
        data = head | to_fields(sketch) | {"drawing": to_columns(sketch)}
        yield json_values.dump(data).encode() + b"\n"


WRITER = SingleFile("sketches.ndjson", dump)
