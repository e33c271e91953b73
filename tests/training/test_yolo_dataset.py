"""The data set for a detector: boxes of objects, file names, and writing it again."""

import itertools
import json
import string

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from pyarrow.fs import LocalFileSystem

from instancesketch.core.schema import from_table, to_table
from instancesketch.formats import read
from instancesketch.formats.records import FileRange
from instancesketch.inference import letterbox
from instancesketch.models.packing import pack
from instancesketch.training import yolo_dataset
from tests.drawings import DOODLE7, sketch_of

SIZE = 128


def scene(sketch_id="a", split="train", **values):
    """Return a scene: a bear of two strokes, a cup, a dot for a sun, an undrawn moon."""
    strokes = [
        [[0, 0], [40, 30]],
        [[100, 100], [180, 90]],
        [[20, 60], [10, 50]],
        [[150, 20]],
        [[200, 0], [200, 100]],
    ]
    labels = {"object": (0, 2, 0, 3, -1), "object_category": ("bear", "moon", "cup", "Sun")}
    return sketch_of(*strokes, sketch_id=sketch_id, split=split, **(labels | values))


def files(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def boxes(path):
    return [(int(k), *map(float, rest)) for k, *rest in map(str.split, path.open())]


def test_every_object_with_a_stroke_gets_a_box(tmp_path):
    assert yolo_dataset.add(to_table([scene()]), DOODLE7, str(tmp_path), SIZE) == 1
    names = yolo_dataset.class_names(DOODLE7)
    assert names == (*DOODLE7.category_names, "object")
    found = boxes(tmp_path / "labels" / "train" / "a.txt")
    assert [names[k] for k, *_ in found] == ["4leg", "object", "sun"]
    # 200 wide and 100 high, in the middle of the image.
    scale = (1 - 2 * letterbox.MARGIN) / 200
    corners = [(0, 0, 40, 60), (100, 90, 180, 100), (150, 20, 150, 20)]
    for (_, x, y, width, height), (left, top, right, bottom) in zip(found, corners, strict=True):
        assert x == pytest.approx(0.5 + ((left + right) / 2 - 100) * scale, abs=1e-5)
        assert y == pytest.approx(0.5 + ((top + bottom) / 2 - 50) * scale, abs=1e-5)
        least = yolo_dataset.SMALLEST_BOX / SIZE
        assert width == pytest.approx(max((right - left) * scale, least), abs=1e-5)
        assert height == pytest.approx(max((bottom - top) * scale, least), abs=1e-5)
    image = Image.open(tmp_path / "images" / "train" / "a.png")
    assert (image.mode, image.size) == ("L", (SIZE, SIZE))
    assert set(np.unique(np.asarray(image))) == {0, 255}


def test_splits_choose_the_folder_and_rows_without_objects_are_left_out(tmp_path):
    rows = [scene("a"), scene("b", "valid"), scene("c", "test"), scene("d", None),
            scene("e", object=None, object_category=None)]  # fmt: skip
    assert yolo_dataset.add(to_table(rows), DOODLE7, str(tmp_path), SIZE) == 4
    assert {p.name for p in (tmp_path / "images" / "train").iterdir()} == {"a.png"}
    assert {p.stem for p in (tmp_path / "labels" / "val").iterdir()} == {"b", "c", "d"}


def test_writing_again_gives_the_same_files(tmp_path):
    table = to_table([scene(f"s{i}") for i in range(3)])
    yolo_dataset.add(table, DOODLE7, str(tmp_path), SIZE)
    before = files(tmp_path)
    yolo_dataset.add(table, DOODLE7, str(tmp_path), SIZE)
    assert files(tmp_path) == before
    assert len(before) == 6


def test_chunks_of_scenes_do_not_change_the_files(tmp_path, monkeypatch):
    rows = [scene(f"s{i}", object_category=("bear", "x", "cat", None)) for i in range(5)]
    yolo_dataset.add(to_table(rows), DOODLE7, str(tmp_path / "one"), SIZE)
    monkeypatch.setattr(yolo_dataset, "CHUNK", 2)
    yolo_dataset.add(to_table(rows), DOODLE7, str(tmp_path / "two"), SIZE)
    assert files(tmp_path / "one") == files(tmp_path / "two")


def test_empty_table_adds_no_scene(tmp_path):
    assert yolo_dataset.add(to_table([]), DOODLE7, str(tmp_path), SIZE) == 0


@given(st.text(min_size=1) | st.text(string.printable, min_size=1, max_size=300))
def test_any_id_names_a_file(sketch_id):
    name = yolo_dataset.file_name(sketch_id)
    assert set(name) <= set(string.ascii_letters + string.digits + "._-")
    assert name[0] not in "._-"
    assert len(name) <= 80
    assert yolo_dataset.file_name(sketch_id) == name


@given(st.lists(st.text("a/\\. _-é\n", min_size=1, max_size=8), unique=True, max_size=20))
def test_different_ids_name_different_files(ids):
    assert len({yolo_dataset.file_name(i) for i in ids}) == len(ids)


def test_data_yaml_lists_the_classes(tmp_path):
    yolo_dataset.describe(str(tmp_path), DOODLE7)
    lines = (tmp_path / "data.yaml").read_text().splitlines()
    assert lines[:3] == ["train: images/train", "val: images/val", "channels: 1"]
    names = dict(line.strip().split(": ") for line in lines[4:])
    assert [json.loads(n) for n in names.values()] == list(yolo_dataset.class_names(DOODLE7))
    assert list(names) == [str(i) for i in range(len(names))]


def test_boxes_of_real_scenes_enclose_their_objects(data_dir, tmp_path):
    """Compare the box of every object in CBSC scenes with a loop over its strokes."""
    piece = FileRange(path=str(data_dir / "scenes" / "cbsc_dev.ndjson"), format="scenes")
    sketches = list(itertools.islice(read(piece, LocalFileSystem()), 25))
    table = to_table([r.sketch.replace(split="train") for r in sketches])
    assert yolo_dataset.add(table, DOODLE7, str(tmp_path), SIZE) == len(sketches)
    box = letterbox.letterbox(pack(table, DOODLE7, labels=False), SIZE)
    for i, sketch in enumerate(from_table(table)):
        got = boxes(
            tmp_path / "labels" / "train" / f"{yolo_dataset.file_name(sketch.sketch_id)}.txt"
        )
        strokes = sketch.to_strokes()
        used = sorted({o for o in sketch.object if o >= 0})
        assert len(got) == len(used)
        for number, (_, x, y, width, height) in zip(used, got, strict=True):
            points = np.concatenate(
                [s for s, o in zip(strokes, sketch.object, strict=True) if o == number]
            )
            middle = torch.tensor([[x, y]]) * SIZE
            (centre,) = box.to_scene(middle, torch.tensor([i])).numpy()
            assert np.abs(centre - (points.max(0) + points.min(0)) / 2).max() < 0.02 * 800 / SIZE
            side = np.array([width, height]) * SIZE / float(box.scale_N[i])
            least = yolo_dataset.SMALLEST_BOX / float(box.scale_N[i])
            assert np.allclose(side, np.maximum(np.ptp(points, axis=0), least), atol=0.02)
