"""The JSON form of the published InstanceSketch system: one sketch a file."""

from __future__ import annotations

from instancesketch.core.sketch import Sketch
from instancesketch.formats import json_values
from instancesketch.formats.json_fields import to_columns, to_fields
from instancesketch.formats.writers.files import FilePerSketch


def dump(sketch: Sketch) -> bytes:
    """Return the contents of a sketch's file."""
    fields = to_fields(sketch)
    labels, instances = fields.pop("label", None), fields.pop("instance", None)
    fields.pop("part", None)  # follows from the label
    data = {"key_id": sketch.sketch_id} | fields
    data["lines"] = [
        [[x, y] for x, y in zip(*columns, strict=True)] for columns in to_columns(sketch)
    ]
    if labels is not None:
        # The form has a list of labels for each stroke; a sketch has one.
        data["segments"] = [[label] for label in labels]
    if instances is not None:
        data["instances"] = instances
    return json_values.dump(data).encode()


WRITER = FilePerSketch(".json", dump)
