import json
import xml.etree.ElementTree as ET
from base64 import b64decode

import pytest

from tests.formats.strategies import DOODLE7
from tests.formats.tasks import LEGS, SCENE, write_tasks


def test_a_task_has_the_picture_and_the_strokes_as_open_paths(tmp_path) -> None:
    sure = LEGS.replace(part_score=(1.0, 0.5, 0.5, 1.0), category_score=0.8)
    (task,) = write_tasks(tmp_path, sure)
    media_type, _, picture = task["data"]["image"].partition(",")
    assert media_type == "data:image/svg+xml;base64"
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


def test_the_interface_offers_all_labels_of_the_taxonomy(tmp_path) -> None:
    write_tasks(tmp_path, SCENE, taxonomy=DOODLE7)
    view = ET.parse(tmp_path / "label-studio.xml").getroot()
    labels = [e.attrib["value"] for e in view.iter("Label")]
    assert len(labels) == len(set(labels))
    assert {"unlabeled", "wheel", "front-leg", "front-left-leg", "ray"} <= set(labels)
    assert {e.attrib["value"] for e in view.iter("Choice")} == set(DOODLE7.category_names)
    assert [e.attrib["name"] for e in view.iter("Number")] == ["instance", "object"]
    controls = {e.attrib["name"] for e in view if e.tag != "Image"}
    tasks = json.loads((tmp_path / "tasks.json").read_text())
    assert {e["from_name"] for e in tasks[0]["predictions"][0]["result"]} <= controls
