"""Label Studio's JSON (https://labelstud.io/guide/task_format), for tasks that this package wrote.

Label Studio has no polylines but `VectorLabels` (https://labelstud.io/tags/vectorlabels), whose
paths stay open. A task's `data` holds the drawing itself, with the field names of Quick, Draw!
ndjson, and its picture; each path of its prediction is a stroke, with its label and, as numbers of
their own, instance and object.

Only labels and numbers are read back, since the strokes are not the annotator's to change. A path
is assigned to its stroke by the ids of its points. A stroke whose path was removed is `unlabeled`;
a new path or another shape rejects the task. Of several annotations the last that is marked as the
ground truth counts, else the last that was not skipped; without any, the prediction does. Where an
export lists predictions by their numbers alone, the labels of untouched tasks are unknown.

Tasks of other projects are read by `label_studio_vectors`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NoReturn

from pyarrow import fs

from instancesketch.core.errors import SketchError
from instancesketch.core.sketch import join_strokes
from instancesketch.core.taxonomy import UNLABELED
from instancesketch.formats import json_values
from instancesketch.formats.json_fields import parse_fields
from instancesketch.formats.json_values import as_object
from instancesketch.formats.ndjson import read_file
from instancesketch.formats.readers.label_studio_vectors import is_foreign, parse_vectors
from instancesketch.formats.records import LOST_LABELS, FileRange, RawRecord, Rejection

NUMBERS = ("instance", "object")
# Fields that are in a task's prediction, not in its `data`.
LABELS = ("part", "label", *NUMBERS)
_UNKNOWN = (
    f"{LOST_LABELS} (nobody has annotated the task, and the export has its prediction by number "
    "alone: export predictions in full)"
)
_RECORDS_PER_FILE = 4  # how many records of the largest size a file may have
_POINT_ID = re.compile(r"([0-9]{1,9})\.[0-9]+")


def read(
    file_range: FileRange, filesystem: fs.FileSystem, max_record_bytes: int
) -> Iterator[RawRecord | Rejection]:
    """Yield the drawings of a file of tasks."""
    path = file_range.path
    try:
        data = read_file(filesystem, path, _RECORDS_PER_FILE * max_record_bytes)
        tasks = json_values.as_list(json_values.load(data), "the file")
        if not tasks:
            raise SketchError("the file holds no task")
        if isinstance(tasks[0], dict) and "data" not in tasks[0]:
            _refuse_other_export(tasks[0])
    except SketchError as error:
        yield Rejection(file=path, position="", reason=str(error))
        return
    taken: set[str] = set()
    for number, task in enumerate(tasks):
        position = f"task {number}"
        try:
            record = _parse_task(task, position)
            key = record.fields["sketch_id"]
            if key in taken and is_foreign(task["data"]):
                # Another task on the same image.
                record.fields["sketch_id"] = f"{key}-{task.get('id', number)}"
            taken.add(record.fields["sketch_id"])
            yield record
        except SketchError as error:
            # The tasks are independent: one that can't be read leaves the others.
            yield Rejection(file=path, position=position, reason=str(error))


def _refuse_other_export(first: dict[str, Any]) -> NoReturn:
    if {"annotation_id", "annotator", "lead_time"} & first.keys():
        raise SketchError(
            "this is Label Studio's JSON-MIN, which loses what belongs to which stroke: "
            "export again and choose JSON"
        )
    raise SketchError("tasks without data: in Label Studio choose JSON for the export")


def _parse_task(task: Any, position: str) -> RawRecord:
    """Return the record of a task."""
    task = as_object(task, "the task")
    data = as_object(task.get("data"), "data")
    result = _find_result(task)
    if is_foreign(data):
        fields = parse_vectors(data, result[0] if result else [], task.get("id"))
        return RawRecord(fields=fields, position=position)
    # The strokes come from `data`, exact, and not from the paths, which are rounded.
    strokes, _ = json_values.as_columns(data["drawing"])
    fields = parse_fields({k: v for k, v in data.items() if k not in LABELS})
    fields["sketch_id"] = json_values.as_id(data.get("sketch_id"), "sketch_id")
    known = json_values.as_texts(data.get("known", []), "known") or ()
    word = json_values.as_text(data.get("word"), "word")
    if result is None:
        # No result says where the objects are.
        fields |= {"object": None, "object_category": None}
        # A drawing that had labels was exported with its prediction: this file lacks it.
        lost = {_UNKNOWN: len(strokes)} if known or task.get("predictions") else {}
        fields |= join_strokes(strokes)
        return RawRecord(fields=fields, position=position, word=word, left_out=lost)
    entries, is_annotation = result
    labels = _Labels(len(strokes))
    for entry in entries:
        labels.add(as_object(entry, "an entry of the result"))
    fields |= labels.to_fields(known, is_annotation, fields.get("object_category") is not None)
    return RawRecord(fields=fields | join_strokes(strokes), position=position, word=word)


def _find_result(task: dict[str, Any]) -> tuple[list[Any], bool] | None:
    """Return the entries of the result that counts, and whether a person made it.

    None where the file has no result of the task.
    """
    for name in ("annotations", "predictions"):
        results = json_values.as_list(task.get(name) or [], name)
        # Some exports have only the numbers of predictions here.
        valid = [r for r in results if isinstance(r, dict) and not r.get("was_cancelled")]
        if valid:
            chosen = [r for r in valid if r.get("ground_truth")] or valid
            entries = json_values.as_list(chosen[-1].get("result"), "result")
            return entries, name == "annotations"
    return None


class _Labels:
    """The labels of a task's strokes, gathered from the entries of its result."""

    def __init__(self, strokes: int) -> None:
        self._strokes = strokes
        self._label_of: dict[int, str] = {}
        self._category: str | None = None
        self._stroke_of_path: dict[str, int] = {}
        self._numbers: dict[str, list[tuple[str, Any]]] = {name: [] for name in NUMBERS}

    def add(self, entry: dict[str, Any]) -> None:
        """Add an entry: a path, a number of a path, or the category; others are left out.

        Raises:
            SketchError: the entry is a shape that is not a stroke of the drawing.
        """
        value = as_object(entry.get("value", {}), "value")
        name, path = entry.get("from_name"), str(entry.get("id"))
        if "vertices" in value:
            self._add_path(value, path)
        elif entry.get("type") == "number" and name in NUMBERS:
            self._numbers[name].append((path, value.get("number")))
        elif name == "category":
            chosen = json_values.as_texts(value.get("choices"), "choices") or ()
            self._category = chosen[0] if chosen else None
        # Boxes, polygons and brush masks; entries without a shape are relations or texts.
        elif {"x", "points", "rle"} & set(value):
            raise SketchError(f"a region of type {str(entry.get('type'))[:40]!r} is not a stroke")

    def _add_path(self, value: dict[str, Any], path: str) -> None:
        vertices = json_values.as_list(value["vertices"], "vertices")
        ids = [str(as_object(v, "a vertex").get("id")) for v in vertices]
        # The ids of a path's points survive the program; that of the path does not.
        strokes = {int(m[1]) for m in map(_POINT_ID.fullmatch, ids) if m}
        if len(strokes) != 1 or not (stroke := strokes.pop()) < self._strokes:
            raise SketchError(
                "a path is not a stroke of the drawing, whose strokes can't be changed"
            )
        if stroke in self._label_of:
            raise SketchError(f"stroke {stroke} has two paths")
        names = json_values.as_texts(value.get("vectorlabels"), "vectorlabels") or ()
        if len(names) > 1:
            raise SketchError(f"stroke {stroke} has {len(names)} labels")
        self._label_of[stroke] = names[0] if names else UNLABELED
        self._stroke_of_path[path] = stroke

    def to_fields(self, known: tuple[str, ...], labelled: bool, is_scene: bool) -> dict[str, Any]:
        """Return the fields of the sketch that the result decides.

        Args:
            known: label fields that the sketch had when the task was written.
            labelled: whether a person has labelled the strokes.
            is_scene: whether the sketch has objects.

        Raises:
            SketchError: a number belongs to no path, or is not a whole number from 0.
        """
        strokes = range(self._strokes)
        fields: dict[str, Any] = {}
        numbers = {name: self._number_of(name) for name in NUMBERS}
        if self._category is not None:
            fields["category"] = self._category
        # An annotation without labels is a person's decision that the strokes are unlabeled.
        if labelled or "label" in known:
            fields["label"] = tuple(self._label_of.get(i, UNLABELED) for i in strokes)
        if numbers["instance"] or "instance" in known:
            fields["instance"] = tuple(numbers["instance"].get(i) for i in strokes)
        if is_scene:
            # Removing a stroke's number is how an annotator takes it out of its object.
            fields["object"] = tuple(numbers["object"].get(i, -1) for i in strokes)
        return fields

    def _number_of(self, name: str) -> dict[int, int]:
        """Return the number of each stroke that has one."""
        numbers: dict[int, int] = {}
        for path, number in self._numbers[name]:
            if path not in self._stroke_of_path:
                raise SketchError(f"a number {name!r} belongs to no path")
            (checked,) = json_values.as_integers([number], name, 0) or (None,)
            if checked is None:
                raise SketchError(f"{name} holds null")
            numbers[self._stroke_of_path[path]] = checked
        return numbers
