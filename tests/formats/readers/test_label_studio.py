"""Tasks of Label Studio: written, corrected as in its web page, and read again."""

import json
from typing import Any

import pytest
from hypothesis import given

from instancesketch.formats import Record, Rejection
from tests.formats.conftest import read_file
from tests.formats.strategies import DOODLE7, PRINTABLE, sketches
from tests.formats.tasks import LEGS, SCENE, write_tasks


def annotated(task: dict[str, Any]) -> dict[str, Any]:
    """Return a task as exported after a person accepted the prediction: regions have other ids."""
    text = json.dumps(task["predictions"][0]["result"])
    for stroke in range(9):
        text = text.replace(f'"id": "{stroke}",', f'"id": "r{stroke}xT",')
    annotation = {"id": 7, "completed_by": 1, "was_cancelled": False, "result": json.loads(text)}
    return {"id": 3, "annotations": [annotation], "predictions": [5], "data": task["data"]}


def reread(read_bytes, *tasks: Any) -> list[Record | Rejection]:
    return read_bytes(json.dumps(tasks).encode(), "project-1.json", taxonomy=DOODLE7)


def entries(task: dict[str, Any], name: str) -> list[dict[str, Any]]:
    """Return the entries of the annotation that one control of the interface made."""
    return [e for e in task["annotations"][0]["result"] if e["from_name"] == name]


@given(sketch=sketches(PRINTABLE))
def test_an_accepted_prediction_reads_back_as_the_sketch(tmp_path_factory, sketch) -> None:
    folder = tmp_path_factory.mktemp("out")
    (task,) = write_tasks(folder, sketch)
    (folder / "tasks.json").write_text(json.dumps([annotated(task)]))
    (record,) = read_file(folder / "tasks.json", taxonomy=DOODLE7)
    assert isinstance(record, Record), record
    if sketch.label is None:  # a task accepted without labels reads back as unlabeled strokes
        nothing = ("unlabeled",) * len(sketch)
        sketch = sketch.replace(part=nothing, label=nothing)
        allowed = [None, (None,) * len(sketch)]
        assert record.sketch.instance in allowed
    assert record.sketch.replace(instance=sketch.instance) == sketch


def test_corrected_labels_and_numbers_are_read(tmp_path, read_bytes) -> None:
    (task,) = map(annotated, write_tasks(tmp_path, LEGS))
    entries(task, "part")[3]["value"]["vectorlabels"] = ["tail"]
    entries(task, "part")[1]["value"]["vertices"][0]["x"] += 5  # coordinates are not read
    entries(task, "instance")[1]["value"]["number"] = 3
    (record,) = reread(read_bytes, task)
    assert record.sketch == LEGS.replace(
        part=("body", "front-leg", "front-leg", "tail"),
        label=("body", "front-left-leg", "front-right-leg", "tail"),
        instance=(None, 1, 3, None),
    )
    entries(task, "category")[0]["value"]["choices"] = ["2leg"]
    (record,) = reread(read_bytes, task)
    assert record.sketch.category == "2leg"


def test_a_stroke_without_a_path_is_unlabeled(tmp_path, read_bytes) -> None:
    (task,) = map(annotated, write_tasks(tmp_path, LEGS))
    gone = entries(task, "part")[1]["id"]
    result = task["annotations"][0]["result"]
    task["annotations"][0]["result"] = [e for e in result if e["id"] != gone]
    (record,) = reread(read_bytes, task)
    assert record.sketch.part == ("body", "unlabeled", "front-leg", "unlabeled")
    assert record.sketch.instance == (None, None, 2, None)


def test_corrected_objects_are_read(tmp_path, read_bytes) -> None:
    (task,) = map(annotated, write_tasks(tmp_path, SCENE))
    (record,) = reread(read_bytes, task)
    assert record.sketch == SCENE
    entries(task, "object")[0]["value"]["number"] = 1
    entries(task, "part")[0]["value"]["vectorlabels"] = ["unlabeled"]
    (record,) = reread(read_bytes, task)
    assert record.sketch.object == (1, 0, 0, -1)


def test_the_last_annotation_that_was_not_skipped_is_read(tmp_path, read_bytes) -> None:
    (task,) = map(annotated, write_tasks(tmp_path, LEGS))
    one, two, skipped = (json.loads(json.dumps(task["annotations"][0])) for _ in range(3))
    two["result"][0]["value"]["vectorlabels"] = ["tail"]
    skipped["was_cancelled"] = True
    skipped["result"][0]["value"]["vectorlabels"] = ["head"]
    (record,) = reread(read_bytes, task | {"annotations": [one, two, skipped]})
    assert record.sketch.part[0] == "tail"


BOX = {"id": "b", "type": "rectanglelabels", "value": {"x": 1, "y": 1, "rectanglelabels": ["head"]}}
NEW = {"id": "n", "type": "vectorlabels", "value": {"vertices": [{"id": "q1", "x": 1, "y": 1}]}}
AGAIN = {"id": "d", "type": "vectorlabels", "value": {"vertices": [{"id": "0.0"}]}}


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        (BOX, "type 'rectanglelabels' is not a stroke"),
        (NEW, "not a stroke of the drawing"),
        (AGAIN, "stroke 0 has two paths"),
        ({"value": {"vertices": [{"id": "9.0"}]}}, "not a stroke of the drawing"),
        ({"value": {"vertices": []}}, "not a stroke of the drawing"),
        ({"value": {"vertices": 3}}, "vertices is a number, not a list"),
        ({"value": 3}, "value is not a JSON object"),
        (3, "an entry of the result is not a JSON object"),
        (
            {"id": "z", "from_name": "instance", "type": "number", "value": {"number": 1}},
            "a number 'instance' belongs to no path",
        ),
        (
            {"id": "r1xT", "from_name": "instance", "type": "number", "value": {"number": 1.5}},
            "instance holds 1.5",
        ),
        (
            {"id": "r1xT", "from_name": "object", "type": "number", "value": {}},
            "object holds null",
        ),
    ],
)
def test_an_invalid_task_is_rejected_by_name_between_valid_ones(
    tmp_path, read_bytes, more, reason
) -> None:
    good, bad, last = (
        annotated(task)
        for task in write_tasks(tmp_path, *(LEGS.replace(sketch_id=name) for name in "abc"))
    )
    bad["annotations"][0]["result"].append(more)
    first, wrong, third = reread(read_bytes, good, bad, last)
    assert [first.sketch.sketch_id, third.sketch.sketch_id] == ["a", "c"]
    assert isinstance(wrong, Rejection)
    assert wrong.position == "task 1"
    assert reason in wrong.reason


def test_two_labels_on_one_stroke_are_rejected(tmp_path, read_bytes) -> None:
    (task,) = map(annotated, write_tasks(tmp_path, LEGS))
    entries(task, "part")[0]["value"]["vectorlabels"] = ["body", "head"]
    (wrong,) = reread(read_bytes, task)
    assert "stroke 0 has 2 labels" in wrong.reason


@pytest.mark.parametrize(
    ("task", "reason"),
    [
        ({"data": {"image": "cat.png"}, "annotations": []}, "data has no drawing"),
        ({"data": 3}, "data is not a JSON object"),
        ({"data": {"drawing": [[[1], [1]]]}}, "no sketch_id"),
        ({"data": {"drawing": [], "sketch_id": "a"}}, "no strokes"),
        ({"data": {"drawing": [[[1], [1]]], "sketch_id": "a", "known": [1]}}, "known is a number"),
        (
            {"data": {"drawing": [[[1], [1]]], "sketch_id": "a"}, "annotations": 3},
            "annotations is a number",
        ),
        ([], "the task is not a JSON object"),
    ],
)
def test_tasks_not_written_by_the_package_are_rejected(read_bytes, task, reason) -> None:
    (wrong,) = read_bytes(json.dumps([task]).encode(), "a.json", "labelstudio")
    assert reason in wrong.reason


def test_an_oversized_file_is_rejected(tmp_path) -> None:
    write_tasks(tmp_path, *(LEGS.replace(sketch_id=str(i)) for i in range(50)))
    (wrong,) = read_file(tmp_path / "tasks.json", max_record_bytes=1_000)
    assert "MB of a record" in wrong.reason
