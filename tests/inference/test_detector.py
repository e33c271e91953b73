"""Detectors are saved, loaded and applied; the network is a real one, untrained."""

import json
import sys
from dataclasses import asdict

import pytest
import torch

from instancesketch.core.errors import UserError
from instancesketch.inference import detector, letterbox
from instancesketch.models import weights, yolo
from instancesketch.training.recipes import recipe
from tests.drawings import DOODLE7, drawn, packed


@pytest.fixture(scope="module")
def saved(tiny, tmp_path_factory):
    """Return a folder of weights, and the tensors and configuration saved in it."""
    yolo.prepare()
    torch.manual_seed(1)
    definition = yolo.definition("yolo26n", len(detector.class_names(DOODLE7)))
    tensors = yolo.network(definition, len(detector.class_names(DOODLE7))).state_dict()
    about = {
        "kind": "detector",
        "model": definition,
        "taxonomy": DOODLE7.to_dict(),
        "recipe": asdict(tiny),
    }
    folder = tmp_path_factory.mktemp("detector")
    weights.save(str(folder / "detector"), tensors, about)
    return folder, tensors, about


@pytest.fixture(scope="module")
def batch():
    return packed(drawn(5), labels=False)


def test_boxes_are_sorted_by_score_and_overlap_little_within_each_scene(saved, batch):
    from torchvision.ops import box_iou  # takes over a second to import

    found = detector.load(str(saved[0]))
    found.overlap = 0.3
    boxes = found.detect(batch)
    assert boxes.corners_B4.dtype == boxes.score_B.dtype == torch.float32
    assert boxes.category_B.dtype == boxes.boxes_N.dtype == torch.int64
    assert len(boxes.boxes_N) == len(batch)
    assert len(boxes.corners_B4) == len(boxes.score_B) == len(boxes.category_B)
    assert boxes.boxes_N.sum() == len(boxes.score_B)
    assert boxes.boxes_N.min() > 0
    assert set(boxes.category_B.tolist()) <= set(range(-1, len(DOODLE7.category_names)))
    assert 0 <= boxes.score_B.min() <= boxes.score_B.max() <= 1
    parts = boxes.boxes_N.tolist()
    for corners, score in zip(
        boxes.corners_B4.split(parts), boxes.score_B.split(parts), strict=True
    ):
        assert score.tolist() == sorted(score.tolist(), reverse=True)
        overlap = box_iou(corners, corners) - torch.eye(len(corners))
        assert overlap.max() <= 0.3 + 1e-4


def test_boxes_of_a_scene_do_not_depend_on_its_batch(saved, batch, monkeypatch):
    monkeypatch.setattr(detector, "SCENES_AT_ONCE", 2)
    found = detector.load(str(saved[0]))
    together = found.detect(batch)
    ends = together.boxes_N.cumsum(0).tolist()
    for i in range(len(batch)):
        alone = found.detect(batch.select(torch.tensor([i])))
        mine = slice(ends[i] - int(together.boxes_N[i]), ends[i])
        assert torch.allclose(alone.corners_B4, together.corners_B4[mine], atol=1e-2)
        assert torch.allclose(alone.score_B, together.score_B[mine], atol=1e-5)


def test_no_scenes_or_an_unreachable_confidence_give_no_boxes(saved, batch):
    found = detector.load(str(saved[0]))
    empty = found.detect(batch.select(torch.zeros(0, dtype=torch.long)))
    assert (empty.corners_B4.shape, len(empty.boxes_N)) == ((0, 4), 0)
    found.confidence = 1.1
    nothing = found.detect(batch)
    assert nothing.corners_B4.shape == (0, 4)
    assert nothing.boxes_N.tolist() == [0] * len(batch)


def test_a_saved_detector_loads_with_equal_boxes(saved, batch, tmp_path):
    folder, _, _ = saved
    loaded = weights.load([str(folder)], "detector")
    weights.save(str(tmp_path / "detector"), loaded.tensors, loaded.config)
    before, after = (detector.load(str(f)).detect(batch) for f in (folder, tmp_path))
    for name in ("corners_B4", "score_B", "category_B", "boxes_N"):
        assert torch.equal(getattr(before, name), getattr(after, name))


def test_half_precision_is_under_8_mb_and_moves_boxes_by_less_than_a_pixel(saved, batch, tmp_path):
    folder, tensors, about = saved
    weights.save(str(tmp_path / "detector"), tensors, about, half=True)
    assert (tmp_path / "detector" / "model.safetensors").stat().st_size < 8_000_000
    full, half = detector.load(str(folder)), detector.load(str(tmp_path))
    paper = letterbox.draw(batch, letterbox.letterbox(batch, full.size))
    with torch.no_grad():
        change = (full.net(paper)[0] - half.net(paper)[0]).abs()
    assert change[:, :4].max() < 0.5
    assert change[:, 4:].max() < 1e-3


def one_line(told):
    assert "\n" not in str(told.value)
    return str(told.value)


def test_missing_weights_raise_one_line(tmp_path):
    with pytest.raises(UserError) as told:
        detector.load(str(tmp_path / "nowhere"))
    assert "no weights" in one_line(told)
    with pytest.raises(UserError) as told:
        detector.load(str(tmp_path))
    assert "no detector in" in one_line(told)


def test_without_ultralytics_the_error_names_the_install_command(saved, monkeypatch):
    for name in [n for n in sys.modules if n.split(".")[0] == "ultralytics"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "ultralytics", None)
    with pytest.raises(UserError) as told:
        detector.load(str(saved[0]))
    assert "pip install 'instancesketch[yolo]'" in one_line(told)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda c: c["model"].update(activation="__import__('os').abort()"), "activation"),
        (lambda c: c["model"]["head"].append([-1, 1, "load_checkpoint", ["x"]]), "unknown layer"),
        (lambda c: c["model"]["head"].insert(0, [-1, 1, ["Conv"], []]), "no detector"),
        (lambda c: c["model"].pop("backbone"), "no detector"),
        (lambda c: c.update(model="yolo26n"), "no detector"),
        (lambda c: c.pop("taxonomy"), "no detector"),
        (lambda c: c["recipe"].update(image_size="wide"), "no detector"),
        (lambda c: c["model"].update(scale="s"), "don't fit"),
        (lambda c: c["taxonomy"]["categories"].pop("car"), "don't fit"),
    ],
)  # fmt: skip
def test_invalid_detector_configurations_are_refused(saved, tmp_path, change, reason):
    """Refuse, among others, names of layers or activations that would run code."""
    _, tensors, about = saved
    about = json.loads(json.dumps(about))
    change(about)
    weights.save(str(tmp_path / "detector"), tensors, about)
    with pytest.raises(UserError) as told:
        detector.load(str(tmp_path))
    assert reason in one_line(told)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("epochs=0", "at least one epoch"),
        ("batch_size=0", "at least one epoch"),
        ("image_size=100", "multiple of 32"),
        ("image_size=32", "multiple of 32"),
        ("confidence=2", "confidence 2.0: give a number from 0 to 1"),
        ("learning_rate=3", "from 0 to 1"),
        ("model=yolov5x", "one of yolo26n"),
        ("learning_rate=fast", "must be like 0.002"),
    ],
)
def test_invalid_recipes_raise_one_line(change, reason):
    with pytest.raises(UserError) as told:
        recipe("detector", "default", [change])
    assert reason in one_line(told)
