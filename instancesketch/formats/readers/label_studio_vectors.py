"""Tasks of other people's Label Studio projects: paths of `VectorLabels` on an image of known size.

Each path is a stroke, in the result's order, with its label. The canvas is the image, and its name
the id.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import numpy as np
import numpy.typing as npt

from instancesketch.core.errors import SketchError
from instancesketch.core.sketch import join_strokes
from instancesketch.core.taxonomy import UNLABELED
from instancesketch.formats import json_values
from instancesketch.formats.curves import sample_cubic
from instancesketch.formats.json_values import as_object

Points = npt.NDArray[np.float64]
_PICTURES = {".png", ".jpg", ".jpeg", ".gif", ".bmp", ".webp", ".svg", ".tif", ".tiff"}


def is_foreign(data: dict[str, Any]) -> bool:
    """Return whether the `data` of a task is that of another project."""
    return "drawing" not in data


def parse_vectors(data: dict[str, Any], entries: Sequence[Any], task_id: Any) -> dict[str, Any]:
    """Return the fields of a task's sketch.

    Args:
        data: of the task.
        entries: of the result that counts.
        task_id: Label Studio's number of the task.

    Raises:
        SketchError: a region is no path, or the size of the image isn't known.
    """
    strokes: list[Points] = []
    labels: list[str] = []
    fields: dict[str, Any] = {}
    for given in entries:
        entry = as_object(given, "an entry of the result")
        value = as_object(entry.get("value", {}), "value")
        if "vertices" in value:
            size = _read_size(entry)
            fields |= dict(zip(("width", "height"), size, strict=True))
            for line in _parse_path(value):
                # Label Studio's unit is percent of the image.
                strokes.append(line * size / 100)
                labels.append(_label(value))
        elif "choices" in value:
            chosen = json_values.as_texts(value["choices"], "choices") or ()
            fields["category"] = chosen[0] if chosen else None
        # Boxes, polygons and brush masks; entries without a shape are relations or texts.
        elif {"x", "points", "rle"} & set(value):
            kind = str(entry.get("type"))[:40]
            raise SketchError(f"a region of type {kind!r} is not a stroke: use VectorLabels")
    if not strokes:
        raise SketchError(
            "data has no drawing and the result no path: tasks are read that `export` has "
            "written, and paths of VectorLabels"
        )
    if any(label != UNLABELED for label in labels):
        fields["label"] = tuple(labels)
    fields["sketch_id"] = _find_id(data, task_id)
    return fields | join_strokes(strokes)


def _read_size(entry: dict[str, Any]) -> tuple[float, float]:
    sides = [
        json_values.as_size(entry.get(name), name) for name in ("original_width", "original_height")
    ]
    if not sides[0] or not sides[1]:
        raise SketchError("a path without original_width and original_height, the image's size")
    if entry.get("image_rotation"):
        raise SketchError("the image is rotated: turn it back in Label Studio")
    return sides[0], sides[1]


def _label(value: dict[str, Any]) -> str:
    names = json_values.as_texts(value.get("vectorlabels"), "vectorlabels") or ()
    if len(names) > 1:
        raise SketchError(f"a path has {len(names)} labels")
    return names[0] if names else UNLABELED


def _parse_path(value: dict[str, Any]) -> list[Points]:
    """Return the lines of a path: one, or several where it branches."""
    vertices = [as_object(v, "a vertex") for v in json_values.as_list(value["vertices"], "path")]
    if not vertices:
        raise SketchError("a path has no points")
    by_id = {str(v.get("id")): v for v in vertices}
    lines: list[list[Points]] = []
    before: dict[str, Any] | None = None
    for vertex in vertices:
        previous = before
        if "prevPointId" in vertex:
            parent = vertex["prevPointId"]
            previous = None if parent is None else by_id.get(str(parent))
        if previous is None:
            lines.append([_point(vertex)[None]])
        else:
            if previous is not before:
                lines.append([_point(previous)[None]])
            lines[-1].append(_segment(previous, vertex))
        before = vertex
    if value.get("closed") and len(lines) == 1 and len(vertices) > 2:
        lines[0].append(_segment(vertices[-1], vertices[0]))
    return [np.concatenate(line) for line in lines]


def _segment(start: dict[str, Any], end: dict[str, Any]) -> Points:
    """Return the points of the curve between two vertices, after its start."""
    first, last = _point(start), _point(end)
    leaving = _control(start, "controlPoint2")
    arriving = _control(end, "controlPoint1")
    if leaving is None and arriving is None:
        return last[None]
    return sample_cubic(
        [
            first,
            first if leaving is None else leaving,
            last if arriving is None else arriving,
            last,
        ]
    )


def _control(vertex: dict[str, Any], name: str) -> Points | None:
    if not vertex.get("isBezier") or vertex.get(name) is None:
        return None
    return _point(as_object(vertex[name], name))


def _point(value: dict[str, Any]) -> Points:
    return json_values.as_numbers([value.get("x"), value.get("y")], "a vertex")


def _find_id(data: dict[str, Any], task_id: Any) -> str:
    """Return the name of the task's image without extension, or else the number of the task."""
    for value in data.values():
        if not isinstance(value, str) or value.startswith("data:"):
            continue
        try:
            address = urlsplit(value)
        except ValueError:  # text that only looks like an address
            continue
        # Local files are served as `/data/local-files/?d=folder/name.png`.
        place = parse_qs(address.query).get("d", [unquote(address.path)])[0]
        name = PurePosixPath(place.replace("\\", "/"))
        if name.suffix.lower() in _PICTURES:
            return json_values.as_id(name.stem, "name of the image")
    return f"task-{json_values.as_id(task_id, 'id of the task')}"
