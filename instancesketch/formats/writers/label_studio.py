"""Label Studio's JSON: tasks with strokes as open paths, and the labelling interface for them.

`readers.label_studio` describes the form.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from xml.sax.saxutils import quoteattr

import numpy as np
import numpy.typing as npt

from instancesketch.core.sketch import Sketch
from instancesketch.core.taxonomy import UNLABELED
from instancesketch.formats import json_values
from instancesketch.formats.json_fields import to_columns, to_fields
from instancesketch.formats.readers.label_studio import LABELS, NUMBERS
from instancesketch.formats.writers.files import SingleFile
from instancesketch.render.colours import label_colours
from instancesketch.render.svg import to_svg, view_box, writable

_PICTURE_SIDE = 800  # pixels of the larger side
_RESOLUTION = 2_000


def dump(sketches: Iterable[Sketch]) -> Iterator[bytes]:
    """Yield the parts of one file with a task per sketch, in order."""
    yield b"["
    for number, sketch in enumerate(sketches):
        yield (b",\n" if number else b"\n") + json_values.dump(_to_task(sketch)).encode()
    yield b"\n]\n"


def _to_task(sketch: Sketch) -> dict[str, Any]:
    fields = to_fields(sketch)
    # When read back, a null column must differ from strokes that were left unlabelled.
    known = [name for name in ("label", "instance") if name in fields]
    data: dict[str, Any] = {"sketch_id": sketch.sketch_id, "known": known}
    data |= {name: value for name, value in fields.items() if name not in LABELS}
    data["drawing"] = to_columns(sketch)
    # The picture has no colours, which would show the prediction under the annotator's labels.
    bare = sketch.replace(
        part=None, label=None, instance=None, object=None, object_category=None, part_score=None,
        part_2=None, pieces=None,
    )  # fmt: skip
    picture = to_svg(bare, size=_PICTURE_SIDE, resolution=_RESOLUTION)
    data["image"] = f"data:image/svg+xml;base64,{b64encode(picture.encode()).decode()}"
    prediction: dict[str, Any] = {
        "model_version": "instancesketch",
        "result": list(_to_entries(sketch, bare)),
    }
    if sketch.confidence is not None:
        prediction["score"] = sketch.confidence
    return {"data": data, "predictions": [prediction]}


def _to_entries(sketch: Sketch, bare: Sketch) -> Iterator[dict[str, Any]]:
    """Yield the entries of a prediction: per stroke its path and its numbers; the category."""
    left, top, width, height = view_box(bare)
    scale = _PICTURE_SIDE / max(width, height)
    common = {
        "to_name": "drawing",
        "image_rotation": 0,
        "original_width": round(scale * width),
        "original_height": round(scale * height),
    }
    labels = sketch.label or sketch.part or (UNLABELED,) * len(sketch)
    numbers = {"instance": sketch.instance, "object": sketch.object}
    for stroke, points in enumerate(sketch.to_strokes()):
        # Paths are placed in percent of the picture.
        share_K2 = (points.astype(np.float64) - (left, top)) / (width, height)
        entry = common | {"id": str(stroke)}
        path = {
            "vertices": _to_vertices(stroke, share_K2),
            "closed": False,
            "vectorlabels": [labels[stroke]],
        }
        yield entry | {"from_name": "part", "type": "vectorlabels", "value": path}
        for name, column in numbers.items():
            number = None if column is None else column[stroke]
            if number is not None and number >= 0:
                yield entry | {"from_name": name, "type": "number", "value": {"number": number}}
    if sketch.category is not None:
        entry = common | {"id": "category", "from_name": "category"}
        yield entry | {"type": "choices", "value": {"choices": [sketch.category]}}


def _to_vertices(stroke: int, share_K2: npt.NDArray[np.float64]) -> list[dict[str, Any]]:
    return [
        {
            # The ids lead back to the stroke, in any order of the paths.
            "id": f"{stroke}.{i}",
            "prevPointId": f"{stroke}.{i - 1}" if i else None,
            "x": round(100 * x, 4),  # Label Studio's unit is percent of the picture
            "y": round(100 * y, 4),
            "isBezier": False,
        }
        for i, (x, y) in enumerate(share_K2.tolist())
    ]


def dump_labels(labels: Sequence[str], categories: Sequence[str], scenes: bool) -> bytes:
    """Return the labelling interface that the tasks are for, as XML."""
    colours = label_colours(labels)
    # Only scenes need a field for the number of the object.
    numbers = NUMBERS if scenes else NUMBERS[:1]
    rows = [
        "<View>",
        '  <Image name="drawing" value="$image" zoom="true"/>',
        '  <VectorLabels name="part" toName="drawing" closable="false">',
        *(f'    <Label value={quoteattr(n)} background="{colours[n]}"/>' for n in labels),
        "  </VectorLabels>",
        *(f'  <Number name="{n}" toName="drawing" perRegion="true" min="0"/>' for n in numbers),
        '  <Choices name="category" toName="drawing">',
        *(f"    <Choice value={quoteattr(name)}/>" for name in categories),
        "  </Choices>",
        "</View>\n",
    ]
    return writable("\n".join(rows)).encode()


WRITER = SingleFile("tasks.json", dump, labels_name="label-studio.xml", dump_labels=dump_labels)
