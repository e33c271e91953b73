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


def test_an_annotation_marked_as_ground_truth_counts_before_later_ones(tmp_path, read_bytes):
    (task,) = map(annotated, write_tasks(tmp_path, LEGS))
    truth, later = (json.loads(json.dumps(task["annotations"][0])) for _ in range(2))
    truth["result"][0]["value"]["vectorlabels"] = ["tail"]
    truth["ground_truth"] = True
    (record,) = reread(read_bytes, task | {"annotations": [truth, later]})
    assert record.sketch.part[0] == "tail"


@pytest.mark.parametrize("sketch", [LEGS, SCENE])
def test_an_untouched_task_with_its_prediction_by_number_has_unknown_labels(
    tmp_path, read_bytes, sketch
):
    (task,) = write_tasks(tmp_path, sketch)
    (record,) = reread(read_bytes, task | {"annotations": [], "predictions": [7]})
    unknown = (record.sketch.part, record.sketch.label, record.sketch.instance)
    assert unknown == (None, None, None)
    assert (record.sketch.object, record.sketch.object_category) == (None, None)
    ((kind, number),) = record.left_out.items()
    assert (number, "export predictions in full" in kind) == (4, True)
    # Where no labels are read, none are missed.
    text = json.dumps([task | {"annotations": [], "predictions": [7]}]).encode()
    (record,) = read_bytes(text, "project-1.json", labels=False)
    assert record.left_out == {}


def test_a_drawing_that_never_had_labels_leaves_nothing_out(tmp_path, read_bytes):
    bare = LEGS.replace(part=None, label=None, instance=None)
    (task,) = write_tasks(tmp_path, bare)
    (record,) = reread(read_bytes, {"data": task["data"], "annotations": []})
    assert record.sketch == bare
    assert record.left_out == {}


def test_json_min_is_named_once_with_what_to_export(tmp_path, read_bytes):
    (task,) = write_tasks(tmp_path, LEGS)
    path = {"vertices": [{"id": "0.0", "x": 1, "y": 2}], "vectorlabels": ["body"]}
    flat = task["data"] | {"id": 7, "part": [path], "annotator": 1, "annotation_id": 1}
    (wrong,) = read_bytes(json.dumps([flat, flat]).encode(), "project-1.json")
    assert "JSON-MIN" in wrong.reason
    assert "choose JSON" in wrong.reason
    (wrong,) = read_bytes(json.dumps([{"image": "a.png", "id": 1, "lead_time": 3}]).encode(), "b")
    assert "JSON-MIN" in wrong.reason


def vector(*points: Any, label: str = "body", closed: bool = False, **value: Any) -> dict[str, Any]:
    """Return a region of a project that this package didn't make, on an image of 200 × 50."""
    vertices = [
        {"id": f"v{i}", "prevPointId": f"v{i - 1}" if i else None, "x": x, "y": y, **more}
        for i, (x, y, more) in enumerate(points)
    ]
    shape = {"vertices": vertices, "closed": closed, "vectorlabels": [label]} | value
    size = {"original_width": 200, "original_height": 50, "image_rotation": 0}
    return {"id": "r", "type": "vectorlabels", "from_name": "v", "value": shape} | size


def foreign(*regions: Any, image: str = "/data/upload/3/1f-dog%20one.png", number: int = 9) -> Any:
    result = [{"id": 1, "result": list(regions), "was_cancelled": False}]
    return {"id": number, "annotations": result, "data": {"id": "x.y", "image": image}}


def test_paths_of_other_projects_are_strokes_on_their_image(read_bytes):
    line = vector((0, 0, {}), (50, 100, {}))
    ring = vector((10, 10, {}), (20, 10, {}), (20, 20, {}), closed=True, label="tail")
    kind = {"type": "choices", "from_name": "kind", "value": {"choices": ["dog"]}}
    local = "http://host/data/local-files/?d=dogs/two.jpg"
    found = reread(
        read_bytes,
        foreign(line, ring, kind),
        foreign(line, kind, number=10),
        foreign(line, kind, image=local),
        foreign(line, kind, image="data:image/png;base64,xx"),
    )
    ids = ["1f-dog one", "1f-dog one-10", "two", "task-9"]
    assert [r.sketch.sketch_id for r in found] == ids
    sketch = found[0].sketch
    assert (sketch.category, sketch.width, sketch.height) == ("4leg", 200, 50)
    assert sketch.label == ("body", "tail")
    assert [s.tolist() for s in sketch.to_strokes()] == [
        [[0, 0], [100, 50]],
        [[20, 5], [40, 5], [40, 10], [20, 5]],
    ]


def test_curved_and_branching_paths_are_followed(read_bytes):
    out = {"isBezier": True, "controlPoint2": {"x": 0, "y": 40}}
    into = {"isBezier": True, "controlPoint1": {"x": 40, "y": 40}}
    curve = vector((0, 0, out), (40, 0, into))
    branch = vector((0, 0, {}), (10, 0, {}), (20, 0, {}), (10, 8, {"prevPointId": "v1"}))
    kind = {"type": "choices", "value": {"choices": ["dog"]}}
    (record,) = reread(read_bytes, foreign(curve, branch, kind))
    arch, trunk, twig = record.sketch.to_strokes()
    plain = vector((0, 0, {}), (50, 100, {}))
    for vertex in plain["value"]["vertices"]:
        del vertex["id"], vertex["prevPointId"]
    (without_ids,) = reread(read_bytes, foreign(plain, kind))
    assert [s.tolist() for s in without_ids.sketch.to_strokes()] == [[[0, 0], [100, 50]]]
    # The middle of the curve is at three quarters of its control points' height.
    assert max(arch[:, 1]) == pytest.approx(15, abs=0.1)
    assert arch[-1].tolist() == [80, 0]
    assert (trunk.tolist(), twig.tolist()) == ([[0, 0], [20, 0], [40, 0]], [[20, 0], [20, 4]])


@pytest.mark.parametrize(
    ("region", "reason"),
    [
        (BOX, "use VectorLabels"),
        (vector((0, 0, {})) | {"original_width": None}, "original_width"),
        (vector((0, 0, {})) | {"image_rotation": 90}, "rotated"),
        (vector(), "no points"),
        (vector((0, "1", {})), "a string, not a number"),
        (vector((0, 1, {}), vectorlabels=["body", "tail"]), "2 labels"),
    ],
)
def test_other_regions_of_other_projects_are_rejected(read_bytes, region, reason):
    (wrong,) = reread(read_bytes, foreign(region))
    assert reason in wrong.reason
