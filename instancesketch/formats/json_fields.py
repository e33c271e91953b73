"""Fields of a sketch in JSON, by their names in a corpus; several formats have them in common."""

from __future__ import annotations

from typing import Any

from instancesketch.core.errors import SketchError
from instancesketch.core.schema import LABEL_COLUMNS
from instancesketch.core.sketch import Sketch
from instancesketch.formats import json_values


def parse_fields(data: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of a sketch that a JSON object has beside its id and its strokes.

    Raises:
        SketchError: a field has the wrong type.
    """
    fields: dict[str, Any] = {}
    for name in ("source", "category", "split"):
        fields[name] = json_values.as_text(data.get(name), name)
    for name in ("width", "height"):
        fields[name] = json_values.as_size(data.get(name), name)
    for name in ("part", "label"):
        fields[name] = json_values.as_texts(data.get(name), name)
    # 0 is an unknown instance, so numbers begin with it.
    fields["instance"] = json_values.as_integers(data.get("instance"), "instance", 0)
    return fields | parse_objects(data.get("object"), data.get("object_category"))


def parse_objects(objects: Any, categories: Any) -> dict[str, Any]:
    """Return the fields `object` and `object_category` of a scene.

    Raises:
        SketchError: a field has the wrong type.
    """
    fields: dict[str, Any] = {"object": json_values.as_integers(objects, "object", -1)}
    # A stroke without an object has -1.
    if None in (fields["object"] or ()):
        raise SketchError("object holds null")
    if categories is not None:
        names = json_values.as_list(categories, "object_category")
        fields["object_category"] = tuple(json_values.as_text(n, "object_category") for n in names)
    return fields


def parse_user(data: dict[str, Any]) -> str | None:
    """Return the id of the user who drew a sketch, or None.

    Raises:
        SketchError: the field `user` has the wrong type.
    """
    user = data.get("user")
    return None if user is None else json_values.as_id(user, "user")


def to_fields(sketch: Sketch) -> dict[str, Any]:
    """Return the JSON fields that `parse_fields` reads, without those that are null."""
    fields: dict[str, Any] = {}
    names = ("source", "category", "word", "split", "width", "height", *LABEL_COLUMNS)
    for name in names:
        value = getattr(sketch, name)
        # A missing field reads as null, so nulls need not be written.
        if value is not None:
            fields[name] = list(value) if isinstance(value, tuple) else value
    return fields


def to_columns(sketch: Sketch) -> list[list[list[float]]]:
    """Return the strokes of a sketch as [[x…], [y…]] each, with exact coordinates."""
    return [
        [json_values.to_shortest_floats(points_K2[:, i]) for i in range(2)]
        for points_K2 in sketch.to_strokes()
    ]
