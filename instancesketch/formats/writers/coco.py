"""COCO's JSON (https://cocodataset.org/#format-data): an annotation for each object.

A drawing is an image with one annotation, a scene has one for each object and one for the strokes
of none. `segmentation` holds each stroke as a line x, y, x, y, …, not as an area; `parts`, `labels`
and `instances`, which COCO doesn't know, have an entry for each.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from instancesketch.core.sketch import FloatArray, Sketch
from instancesketch.formats import json_values
from instancesketch.formats.json_values import to_shortest_floats
from instancesketch.formats.writers import cvat
from instancesketch.formats.writers.files import SingleFile

_NOTHING = "other"  # the category of what has none
_LEAST_POINTS = 3  # readers take a list of four numbers for a box
_CHUNK_BYTES = 1 << 20


def dump(sketches: Iterable[Sketch]) -> Iterator[bytes]:
    """Yield the parts of one file with all sketches, in order."""
    categories: dict[str, int] = {}
    number = 0
    # Images stand before annotations, of which there may be more than memory holds.
    with tempfile.TemporaryFile() as annotations:
        yield b'{"info":{"description":"instancesketch"},"images":[\n'
        for image, sketch in enumerate(sketches, 1):
            head = b"" if image == 1 else b",\n"
            yield head + json_values.dump(_image(image, sketch)).encode()
            for entry in _annotations(sketch, categories):
                number += 1
                text = json_values.dump({"id": number, "image_id": image} | entry)
                annotations.write((",\n" if number > 1 else "").encode() + text.encode())
        yield b'\n],"annotations":[\n'
        annotations.seek(0)
        while data := annotations.read(_CHUNK_BYTES):
            yield data
    names = [
        {"id": key, "name": name, "supercategory": "sketch"} for name, key in categories.items()
    ]
    yield f'\n],"categories":{json_values.dump(names)}}}\n'.encode()


def _image(number: int, sketch: Sketch) -> dict[str, Any]:
    width, height = cvat.extent(sketch)
    size = {"width": round(width), "height": round(height)}
    name = cvat.image_name(sketch)
    return {"id": number, "file_name": name, **size, "sketch_id": sketch.sketch_id}


def _annotations(sketch: Sketch, categories: dict[str, int]) -> Iterator[dict[str, Any]]:
    """Yield an annotation for each object that has strokes; `categories` are numbered from 1."""
    strokes = sketch.to_strokes()
    objects = sketch.object or (0,) * len(sketch)
    names: tuple[str | None, ...] = sketch.object_category or (sketch.category,)
    for index in sorted(set(objects)):
        own = [i for i, other in enumerate(objects) if other == index]
        name = (names[index] if index >= 0 else None) or _NOTHING
        points = np.concatenate([strokes[i] for i in own]).astype(np.float64)
        low, high = points.min(axis=0), points.max(axis=0)
        width, height = high - low
        entry: dict[str, Any] = {
            "category_id": categories.setdefault(name, len(categories) + 1),
            "bbox": [float(v) for v in (*low, width, height)],
            "area": float(width * height),
            "iscrowd": 0,
            "segmentation": [_to_numbers(strokes[i]) for i in own],
        }
        columns = {"parts": sketch.part, "labels": sketch.label, "instances": sketch.instance}
        entry |= {
            k: [column[i] for i in own] for k, column in columns.items() if column is not None
        }
        yield entry


def _to_numbers(points_K2: FloatArray) -> list[float]:
    missing = max(0, _LEAST_POINTS - len(points_K2))
    return to_shortest_floats(np.concatenate([points_K2, *[points_K2[-1:]] * missing]).ravel())


WRITER = SingleFile("coco.json", dump, dump_image=cvat.dump_image)
