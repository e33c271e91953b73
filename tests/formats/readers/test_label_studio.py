"""Tasks of Label Studio: written, corrected as its page does it, and read again."""

import json
import xml.etree.ElementTree as ET
from base64 import b64decode
from typing import Any

import pytest
from hypothesis import given, settings

from instancesketch.core.sketch import Sketch
from instancesketch.formats import Record, Rejection, write
from tests.formats.conftest import read_file
from tests.formats.strategies import DOODLE7, PRINTABLE, sketches

LEGS = Sketch.from_strokes(
    [[(0, 0), (10, 0)], [(2, 0), (2, 9)], [(8, 0), (8, 9)], [(5, 5)]],
    sketch_id="a/b",
    category="4leg",
    source="mine",
    part=("body", "front-leg", "front-leg", "unlabeled"),
    label=("body", "front-left-leg", "front-right-leg", "unlabeled"),
    instance=(None, 1, 2, None),
)
SCENE = LEGS.replace(category=None, object=(0, 0, 0, -1), object_category=("4leg", None))


def written(folder, *drawings: Sketch, **options) -> list[dict[str, Any]]:
    write(drawings, "labelstudio", str(folder), **options)
    return json.loads((folder / "tasks.json").read_text())


def annotated(task: dict[str, Any]) -> dict[str, Any]:
    """The task as exported after a person took the prediction over: regions have other ids."""
    text = json.dumps(task["predictions"][0]["result"])
    for stroke in range(9):
        text = text.replace(f'"id": "{stroke}",', f'"id": "r{stroke}xT",')
    annotation = {"id": 7, "completed_by": 1, "was_cancelled": False, "result": json.loads(text)}
    return {"id": 3, "annotations": [annotation], "predictions": [5], "data": task["data"]}


def reread(read_bytes, *tasks: Any) -> list[Record | Rejection]:
    return read_bytes(json.dumps(tasks).encode(), "project-1.json", taxonomy=DOODLE7)


def entries(task: dict[str, Any], name: str) -> list[dict[str, Any]]:
    """Those of a kind in what a person has said."""
    return [e for e in task["annotations"][0]["result"] if e["from_name"] == name]


def test_a_task_shows_the_drawing_and_its_strokes_as_open_paths(tmp_path) -> None:
    sure = LEGS.replace(part_score=(1.0, 0.5, 0.5, 1.0), category_score=0.8)
    (task,) = written(tmp_path, sure)
    kind, _, picture = task["data"]["image"].partition(",")
    assert kind == "data:image/svg+xml;base64"
    root = ET.fromstring(b64decode(picture))
    assert max(float(root.attrib[side]) for side in ("width", "height")) == 800
    assert b"front" not in b64decode(picture)
    (prediction,) = task["predictions"]
    assert prediction["score"] == pytest.approx(0.6)
    paths = [e for e in prediction["result"] if e["type"] == "vectorlabels"]
    assert [e["value"]["vectorlabels"] for e in paths] == [[label] for label in LEGS.label or ()]
    for path, points in zip(paths, LEGS.to_strokes(), strict=True):
        assert path["value"]["closed"] is False
        assert path["original_width"] == round(float(root.attrib["width"]))
        assert [v["prevPointId"] for v in path["value"]["vertices"]][:1] == [None]
        assert len(path["value"]["vertices"]) == len(points)
        assert all(0 <= v[axis] <= 100 for v in path["value"]["vertices"] for axis in "xy")


def test_the_page_has_all_labels_that_there_are_to_choose(tmp_path) -> None:
    written(tmp_path, SCENE, taxonomy=DOODLE7)
    view = ET.parse(tmp_path / "label-studio.xml").getroot()
    labels = [e.attrib["value"] for e in view.iter("Label")]
    assert len(labels) == len(set(labels))
    assert {"unlabeled", "wheel", "front-leg", "front-left-leg", "ray"} <= set(labels)
    assert {e.attrib["value"] for e in view.iter("Choice")} == set(DOODLE7.category_names)
    assert [e.attrib["name"] for e in view.iter("Number")] == ["instance", "object"]
    controls = {e.attrib["name"] for e in view if e.tag != "Image"}
    tasks = json.loads((tmp_path / "tasks.json").read_text())
    assert {e["from_name"] for e in tasks[0]["predictions"][0]["result"]} <= controls


@given(sketch=sketches(PRINTABLE))
@settings(derandomize=True, deadline=None, max_examples=40, database=None)
def test_what_a_person_leaves_as_it_is_stays_as_it_is(tmp_path_factory, sketch) -> None:
    folder = tmp_path_factory.mktemp("out")
    (task,) = written(folder, sketch)
    (folder / "tasks.json").write_text(json.dumps([annotated(task)]))
    (record,) = read_file(folder / "tasks.json", taxonomy=DOODLE7)
    assert isinstance(record, Record), record
    if sketch.label is None:  # a person has seen that there is nothing to say
        nothing = ("unlabeled",) * len(sketch)
        sketch = sketch.replace(part=nothing, label=nothing)
        allowed = [None, (None,) * len(sketch)]
        assert record.sketch.instance in allowed
    assert record.sketch.replace(instance=sketch.instance) == sketch


def test_what_a_person_changes_is_changed(tmp_path, read_bytes) -> None:
    (task,) = map(annotated, written(tmp_path, LEGS))
    entries(task, "part")[3]["value"]["vectorlabels"] = ["tail"]
    entries(task, "part")[1]["value"]["vertices"][0]["x"] += 5  # geometry isn't theirs to change
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


def test_a_stroke_without_path_is_unlabeled(tmp_path, read_bytes) -> None:
    (task,) = map(annotated, written(tmp_path, LEGS))
    gone = entries(task, "part")[1]["id"]
    result = task["annotations"][0]["result"]
    task["annotations"][0]["result"] = [e for e in result if e["id"] != gone]
    (record,) = reread(read_bytes, task)
    assert record.sketch.part == ("body", "unlabeled", "front-leg", "unlabeled")
    assert record.sketch.instance == (None, None, 2, None)


def test_objects_come_back(tmp_path, read_bytes) -> None:
    (task,) = map(annotated, written(tmp_path, SCENE))
    (record,) = reread(read_bytes, task)
    assert record.sketch == SCENE
    entries(task, "object")[0]["value"]["number"] = 1
    entries(task, "part")[0]["value"]["vectorlabels"] = ["unlabeled"]
    (record,) = reread(read_bytes, task)
    assert record.sketch.object == (1, 0, 0, -1)


def test_the_last_annotation_that_was_not_skipped_counts(tmp_path, read_bytes) -> None:
    (task,) = map(annotated, written(tmp_path, LEGS))
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
        (BOX, "type 'rectanglelabels' is no stroke"),
        (NEW, "none of the drawing's strokes"),
        (AGAIN, "stroke 0 has two paths"),
        ({"value": {"vertices": [{"id": "9.0"}]}}, "none of the drawing's strokes"),
        ({"value": {"vertices": []}}, "none of the drawing's strokes"),
        ({"value": {"vertices": 3}}, "vertices is a number, not a list"),
        ({"value": 3}, "value is no JSON object"),
        (3, "an entry of the result is no JSON object"),
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
def test_a_bad_task_is_rejected_by_name_between_good_ones(
    tmp_path, read_bytes, more, reason
) -> None:
    good, bad, last = (
        annotated(task)
        for task in written(tmp_path, *(LEGS.replace(sketch_id=name) for name in "abc"))
    )
    bad["annotations"][0]["result"].append(more)
    first, wrong, third = reread(read_bytes, good, bad, last)
    assert [first.sketch.sketch_id, third.sketch.sketch_id] == ["a", "c"]
    assert isinstance(wrong, Rejection)
    assert wrong.position == "task 1"
    assert reason in wrong.reason


def test_two_labels_on_a_stroke(tmp_path, read_bytes) -> None:
    (task,) = map(annotated, written(tmp_path, LEGS))
    entries(task, "part")[0]["value"]["vectorlabels"] = ["body", "head"]
    (wrong,) = reread(read_bytes, task)
    assert "stroke 0 has 2 labels" in wrong.reason


@pytest.mark.parametrize(
    ("task", "reason"),
    [
        ({"data": {"image": "cat.png"}, "annotations": []}, "data has no drawing"),
        ({"data": 3}, "data is no JSON object"),
        ({"data": {"drawing": [[[1], [1]]]}}, "no sketch_id"),
        ({"data": {"drawing": [], "sketch_id": "a"}}, "no strokes"),
        ({"data": {"drawing": [[[1], [1]]], "sketch_id": "a", "known": [1]}}, "known is a number"),
        (
            {"data": {"drawing": [[[1], [1]]], "sketch_id": "a"}, "annotations": 3},
            "annotations is a number",
        ),
        ([], "the task is no JSON object"),
    ],
)
def test_what_is_no_task_of_ours(read_bytes, task, reason) -> None:
    (wrong,) = read_bytes(json.dumps([task]).encode(), "a.json", "labelstudio")
    assert reason in wrong.reason


def test_a_file_that_is_too_large(tmp_path) -> None:
    written(tmp_path, *(LEGS.replace(sketch_id=str(i)) for i in range(50)))
    (wrong,) = read_file(tmp_path / "tasks.json", max_record_bytes=1_000)
    assert "MB of a record" in wrong.reason
