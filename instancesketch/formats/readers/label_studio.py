"""Label Studio's JSON (https://labelstud.io/guide/task_format): strokes as open paths to relabel.

Label Studio has no polylines but `VectorLabels` (https://labelstud.io/tags/vectorlabels), whose
paths stay open. A task's `data` holds the drawing itself, under the names of Quick, Draw! ndjson,
and its picture; each path of its prediction is a stroke, with its label and, as numbers of its own,
instance and object. The strokes are not the annotator's to change: of what comes back only labels
and numbers are read, and paths are told by the ids of their points. A stroke whose path was removed
is `unlabeled`; another shape, or a path that was drawn anew, rejects the task.

Of several annotations the last one that was not skipped counts; without any, the prediction.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from xml.sax.saxutils import quoteattr

import numpy as np
import numpy.typing as npt
from pyarrow import fs

from instancesketch.core.errors import SketchError
from instancesketch.core.sketch import Sketch
from instancesketch.core.taxonomy import UNLABELED
from instancesketch.formats import json_values
from instancesketch.formats.ndjson import read_whole
from instancesketch.formats.readers import quickdraw
from instancesketch.formats.records import Piece, Record, Rejection
from instancesketch.render.colours import palette
from instancesketch.render.svg import to_svg, view_box, writable

_FILE_IN_RECORDS = 4
_PICTURE = 800  # pixels of its larger side
_RESOLUTION = 2_000
_NUMBERS = ("instance", "object")
# What a prediction says, and `data` does not.
_LABELS = ("part", "label", *_NUMBERS)
_POINT = re.compile(r"([0-9]{1,9})\.[0-9]+")


def read(
    piece: Piece, filesystem: fs.FileSystem, max_record_bytes: int
) -> Iterator[Record | Rejection]:
    """Yields the drawings of a file of tasks."""
    try:
        data = read_whole(filesystem, piece.path, _FILE_IN_RECORDS * max_record_bytes)
        tasks = json_values.array(json_values.load(data), "the file")
        if not tasks:
            raise SketchError("the file holds no task")
    except SketchError as error:
        yield Rejection(file=piece.path, position="", reason=str(error))
        return
    for number, task in enumerate(tasks):
        position = f"task {number}"
        try:
            yield Record(sketch=_sketch(_object(task, "the task")), position=position)
        except SketchError as error:
            yield Rejection(file=piece.path, position=position, reason=str(error))


def _sketch(task: dict[str, Any]) -> Sketch:
    data = _object(task.get("data"), "data")
    if "drawing" not in data:
        raise SketchError("data has no drawing: tasks are read that `export` has written")
    strokes, _ = json_values.columns(data["drawing"])
    fields = quickdraw.fields({k: v for k, v in data.items() if k not in _LABELS})
    result, corrected = _result(task)
    said = _Said(len(strokes))
    for entry in result:
        said.take(_object(entry, "an entry of the result"))
    known = json_values.texts(data.get("known", []), "known") or ()
    if said.category is not None:
        fields["category"] = said.category
    if corrected or "label" in known:
        fields["label"] = tuple(said.labels.get(i, UNLABELED) for i in range(len(strokes)))
    numbers = {name: said.numbers(name) for name in _NUMBERS}
    if numbers["instance"] or "instance" in known:
        fields["instance"] = tuple(numbers["instance"].get(i) for i in range(len(strokes)))
    if fields.get("object_category") is not None:
        fields["object"] = tuple(numbers["object"].get(i, -1) for i in range(len(strokes)))
    name = json_values.identifier(data.get("sketch_id"), "sketch_id")
    return Sketch.from_strokes(strokes, sketch_id=name, **fields)


def _result(task: dict[str, Any]) -> tuple[list[Any], bool]:
    """What counts of a task, and whether a person has said it."""
    for name in ("annotations", "predictions"):
        given = json_values.array(task.get(name) or [], name)
        # Exports may name predictions by their numbers alone.
        counting = [g for g in given if isinstance(g, dict) and not g.get("was_cancelled")]
        if counting:
            return json_values.array(counting[-1].get("result"), "result"), name == "annotations"
    return [], False


class _Said:
    """What the entries of a result say of the strokes."""

    def __init__(self, strokes: int) -> None:
        self.strokes = strokes
        self.labels: dict[int, str] = {}
        self.category: str | None = None
        self._stroke_of: dict[Any, int] = {}  # by the id of the path
        self._numbers: dict[str, list[tuple[Any, Any]]] = {name: [] for name in _NUMBERS}

    def take(self, entry: dict[str, Any]) -> None:
        """Takes an entry: a path, a number of a path, the category, or what isn't looked at."""
        value = _object(entry.get("value", {}), "value")
        name, key = entry.get("from_name"), str(entry.get("id"))
        if "vertices" in value:
            self._path(value, key)
        elif entry.get("type") == "number" and name in _NUMBERS:
            self._numbers[name].append((key, value.get("number")))
        elif name == "category":
            chosen = json_values.texts(value.get("choices"), "choices") or ()
            self.category = chosen[0] if chosen else None
        elif {"x", "points", "rle"} & set(value):
            raise SketchError(f"a region of type {str(entry.get('type'))[:40]!r} is no stroke")

    def _path(self, value: dict[str, Any], key: str) -> None:
        vertices = json_values.array(value["vertices"], "vertices")
        ids = [str(_object(v, "a vertex").get("id")) for v in vertices]
        found = {int(m[1]) for m in map(_POINT.fullmatch, ids) if m}
        if len(found) != 1 or not (stroke := found.pop()) < self.strokes:
            raise SketchError("a path is none of the drawing's strokes, which stay as they are")
        if stroke in self.labels:
            raise SketchError(f"stroke {stroke} has two paths")
        names = json_values.texts(value.get("vectorlabels"), "vectorlabels") or ()
        if len(names) > 1:
            raise SketchError(f"stroke {stroke} has {len(names)} labels")
        self.labels[stroke] = names[0] if names else UNLABELED
        self._stroke_of[key] = stroke

    def numbers(self, name: str) -> dict[int, int]:
        """The numbers of that name by stroke."""
        found: dict[int, int] = {}
        for key, number in self._numbers[name]:
            if key not in self._stroke_of:
                raise SketchError(f"a number {name!r} belongs to no path")
            (checked,) = json_values.integers([number], name, 0) or (None,)
            if checked is None:
                raise SketchError(f"{name} holds null")
            found[self._stroke_of[key]] = checked
        return found


def _object(value: Any, what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise SketchError(f"{what} is no JSON object")
    return value


def lines(sketches: Iterable[Sketch]) -> Iterator[bytes]:
    """Yields the parts of one file with a task per sketch, in order."""
    yield b"["
    for number, sketch in enumerate(sketches):
        yield (b",\n" if number else b"\n") + json_values.dump(_task(sketch)).encode()
    yield b"\n]\n"


def _task(sketch: Sketch) -> dict[str, Any]:
    fields = quickdraw.to_fields(sketch)
    known = [name for name in ("label", "instance") if name in fields]
    data: dict[str, Any] = {"sketch_id": sketch.sketch_id, "known": known}
    data |= {name: value for name, value in fields.items() if name not in _LABELS}
    data["drawing"] = [
        [json_values.shortest(points[:, 0]), json_values.shortest(points[:, 1])]
        for points in sketch.to_strokes()
    ]
    bare = sketch.replace(part=None, label=None, instance=None, object=None, object_category=None)
    picture = to_svg(bare.replace(part_score=None), size=_PICTURE, resolution=_RESOLUTION)
    data["image"] = f"data:image/svg+xml;base64,{b64encode(picture.encode()).decode()}"
    prediction: dict[str, Any] = {
        "model_version": "instancesketch",
        "result": list(_entries(sketch, bare)),
    }
    if sketch.confidence is not None:
        prediction["score"] = sketch.confidence
    return {"data": data, "predictions": [prediction]}


def _entries(sketch: Sketch, bare: Sketch) -> Iterator[dict[str, Any]]:
    left, top, width, height = view_box(bare)
    scale = _PICTURE / max(width, height)
    common = {
        "to_name": "drawing",
        "image_rotation": 0,
        "original_width": round(scale * width),
        "original_height": round(scale * height),
    }
    labels = sketch.label or sketch.part or (UNLABELED,) * len(sketch)
    numbers = {"instance": sketch.instance, "object": sketch.object}
    for stroke, points in enumerate(sketch.to_strokes()):
        share = (points.astype(np.float64) - (left, top)) / (width, height)
        own = common | {"id": str(stroke)}
        value = {
            "vertices": _vertices(stroke, share),
            "closed": False,
            "vectorlabels": [labels[stroke]],
        }
        yield own | {"from_name": "part", "type": "vectorlabels", "value": value}
        for name, column in numbers.items():
            number = None if column is None else column[stroke]
            if number is not None and number >= 0:
                yield own | {"from_name": name, "type": "number", "value": {"number": number}}
    if sketch.category is not None:
        value = {"choices": [sketch.category]}
        own = common | {"id": "category", "from_name": "category"}
        yield own | {"type": "choices", "value": value}


def _vertices(stroke: int, share_K2: npt.NDArray[np.float64]) -> list[dict[str, Any]]:
    return [
        {
            "id": f"{stroke}.{i}",
            "prevPointId": f"{stroke}.{i - 1}" if i else None,
            "x": round(100 * x, 4),
            "y": round(100 * y, 4),
            "isBezier": False,
        }
        for i, (x, y) in enumerate(share_K2.tolist())
    ]


def view(labels: Sequence[str], categories: Sequence[str], scenes: bool) -> bytes:
    """The labelling interface that the tasks are for."""
    colours = palette(labels)
    rows = [
        "<View>",
        '  <Image name="drawing" value="$image" zoom="true"/>',
        '  <VectorLabels name="part" toName="drawing" closable="false">',
        *(f'    <Label value={quoteattr(n)} background="{colours[n]}"/>' for n in labels),
        "  </VectorLabels>",
        *(
            f'  <Number name="{name}" toName="drawing" perRegion="true" min="0"/>'
            for name in _NUMBERS[: 1 + scenes]
        ),
        '  <Choices name="category" toName="drawing">',
        *(f"    <Choice value={quoteattr(name)}/>" for name in categories),
        "  </Choices>",
        "</View>\n",
    ]
    return writable("\n".join(rows)).encode()
