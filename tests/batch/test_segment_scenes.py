"""Scenes through detector, grouper and segmenter, with real, untrained models."""

import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch

from instancesketch.batch import shards
from instancesketch.batch.config import ObjectsConfig, SegmentConfig
from instancesketch.batch.in_process import InProcessRunner
from instancesketch.batch.segment import segment
from instancesketch.batch.segment_scenes import BOXES_SCHEMA, boxes_in, scene_stages, with_boxes
from instancesketch.cli.main import main
from instancesketch.core.errors import UserError
from instancesketch.core.schema import RESULT_SCHEMA, to_table
from instancesketch.core.sketch import Sketch
from instancesketch.core.taxonomy import Taxonomy
from instancesketch.distributed.ray_runner import RayRunner
from instancesketch.inference.detector import Boxes
from instancesketch.models import weights
from instancesketch.models.segmenter import SegmenterNet
from tests.conftest import save_untrained
from tests.drawings import TINY, composed, corpus, drawn, sketch_of

DOODLE7 = Taxonomy.load("doodle7")


def dots(number: int) -> pa.Table:
    sketches = [Sketch.from_strokes([[[0, i]]], sketch_id=f"k{i}") for i in range(number)]
    return to_table([s.replace(part=("wheel",), label=("wheel",)) for s in sketches])


def boxes(numbers: list[int]) -> Boxes:
    total, rng = sum(numbers), np.random.default_rng(3)
    return Boxes(
        corners_B4=torch.from_numpy(rng.normal(size=(total, 4)).astype(np.float32)),
        score_B=torch.from_numpy(rng.random(total, np.float32)),
        category_B=torch.from_numpy(rng.integers(-1, 7, total)),
        boxes_N=torch.tensor(numbers),
    )


@pytest.mark.parametrize("numbers", [[2, 0, 1], [0, 0], [5], [0, 1]])
def test_boxes_stay_with_their_rows(numbers: list[int]) -> None:
    want = boxes(numbers)
    table = with_boxes(dots(len(numbers)), want)
    assert table.schema.equals(BOXES_SCHEMA)
    assert table["part"].null_count == len(numbers)
    result = boxes_in(table)
    assert result is not None
    assert result.category_B.tolist() == [-1] * len(want.category_B)  # left with the detector
    for name in ("corners_B4", "score_B", "boxes_N"):
        assert torch.equal(getattr(result, name), getattr(want, name)), name
        assert getattr(result, name).dtype == getattr(want, name).dtype, name
    for row, number in enumerate(numbers):  # slicing rows must slice their boxes
        some = boxes_in(table.slice(row, 1))
        assert some is not None
        start = sum(numbers[:row])
        assert torch.equal(some.corners_B4, want.corners_B4[start : start + number])


def test_without_a_detector_there_are_no_boxes() -> None:
    assert boxes_in(dots(2)) is None


def test_incompatible_weights_are_refused(scene_weights: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="spg20 holds no grouper"):
        scene_stages(("spg20",))
    with pytest.raises(UserError, match=r"the grouper of .* knows the categories of doodle7, and"):
        scene_stages((str(scene_weights), "spg20"))
    with pytest.raises(UserError, match="no detector in spg20"):
        scene_stages((str(scene_weights),), "spg20")


def test_a_segmenter_that_predicts_no_category_labels_what_its_grouper_names(
    scene_weights: Path, tmp_path: Path
) -> None:
    shutil.copytree(scene_weights, tmp_path / "weights")
    published = replace(TINY, sketch_token=False, pair_bias=False)
    save_untrained(tmp_path / "weights", "segmenter", published, SegmenterNet)
    labelling = scene_stages((str(tmp_path / "weights"),))
    assert labelling.taxonomy == DOODLE7
    assert labelling.stages[-1].load("cpu")(to_table(composed(2))).num_rows == 2


@pytest.mark.parametrize("given_objects", [True, False])
def test_strokes_of_objects_are_cut_where_the_job_says_so(given_objects: bool) -> None:
    dog = np.concatenate(drawn(1, category="4leg")[0].to_strokes())
    scene = sketch_of(dog, dog + 1e3, object=(0, 1), object_category=("4leg",) * 2)
    found = []
    for cut in (False, True):
        labelling = scene_stages(("default",), given_objects=given_objects, cut_strokes=cut)
        table = to_table([scene])
        for stage in labelling.stages:
            table = stage.load("cpu")(table)
        (row,) = table["pieces"].to_pylist()
        found.append(row)
    assert found[0] is None
    # Objects that are found may be of no category that has parts.
    assert [pieces is not None for pieces in found[1]] == [given_objects] * 2


def rows(folder: Path) -> list[dict[str, Any]]:
    return [r for f in sorted(folder.glob("part-*")) for r in pq.read_table(f).to_pylist()]


def write_scenes(data_dir: Path, file: Path, number: int) -> list[dict[str, Any]]:
    """Write the first `number` scenes, padded with blanks so that they fill several shards."""
    lines = (data_dir / "scenes" / "cbsc_dev.ndjson").read_text("utf-8").splitlines()[:number]
    bare = json.dumps({"scene_id": "bare", "drawing": [[[0, 4], [0, 4]]]})
    file.write_text("\n".join(line.ljust(3_000_000 // number) for line in [*lines, bare]), "utf-8")
    return [json.loads(line) for line in lines]


def check(result: list[dict[str, Any]], truth: list[dict[str, Any]]) -> None:
    assert [r["sketch_id"] for r in result] == [*(t["scene_id"] for t in truth), "bare"]
    for row in result:
        strokes, objects = len(row["stroke_len"]), len(row["object_category"])
        assert row["error"] is None
        assert len(row["object"]) == len(row["part"]) == len(row["instance"]) == strokes
        assert all(-1 <= o < objects for o in row["object"])


def segmented(out: Path, source: Path, weights: Path, **options: Any) -> Mapping[str, Any]:
    """Segment scenes in this process, and return the summary's counts."""
    scenes = ObjectsConfig(given_objects=options.pop("given_objects", False))
    config = SegmentConfig(
        sources=(str(source),), out=str(out), weights=(str(weights),), scenes=scenes, **options
    )
    return segment(config, InProcessRunner()).counts


def test_every_row_of_real_scenes_gets_objects_and_parts(
    data_dir: Path, scene_weights: Path, tmp_path: Path
) -> None:
    truth = write_scenes(data_dir, tmp_path / "scenes.ndjson", 40)
    out = tmp_path / "out"
    counts = segmented(out, tmp_path / "scenes.ndjson", scene_weights, shuffle_strokes=1)
    result = rows(out)
    check(result, truth)
    assert pq.read_schema(out / "part-000000.parquet").equals(RESULT_SCHEMA)
    assert counts["detector"] is None
    assert (counts["rows"], counts["failed"]) == (41, 0)
    assert list(counts["stages"]) == ["reading", "grouping", "labelling", "writing"]


@pytest.fixture(scope="session")
def boxes_alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return weights of an untrained detector for small images that accepts every box."""
    pytest.importorskip("ultralytics", reason="detectors need the extra `yolo`")
    from instancesketch.inference import detector
    from instancesketch.models import yolo
    from instancesketch.training import config

    yolo.prepare()
    torch.manual_seed(1)
    folder, classes = tmp_path_factory.mktemp("boxes"), len(detector.class_names(DOODLE7))
    layers = yolo.definition("yolo26n", classes)
    recipe = asdict(config.DetectorConfig(image_size=64, confidence=0.0))
    config = {"taxonomy": DOODLE7.to_dict(), "model": layers, "recipe": recipe}
    weights.save(str(folder / "detector"), yolo.network(layers, classes).state_dict(), config)
    return folder


@pytest.mark.ray
def test_scenes_pass_through_detector_grouper_and_segmenter_on_ray(
    ray_cluster: None, data_dir: Path, scene_weights: Path, boxes_alone: Path, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    truth = write_scenes(data_dir, tmp_path / "scenes.ndjson", 10)
    ask = ["segment", str(tmp_path / "scenes.ndjson"), "--scenes", "--quiet"]
    ask += ["--weights", str(scene_weights), "--out", str(tmp_path / "out")]
    assert main([*ask, "--detector", str(boxes_alone)]) == 0
    counts = json.loads((tmp_path / "out" / "summary.json").read_text("utf-8"))
    result = rows(tmp_path / "out")
    check(result, truth)
    last_line = capsys.readouterr().out.splitlines()[-1]
    assert last_line.startswith("segment: 11 scenes, ")
    assert f"{counts['objects']:,} objects found, 0 failed, " in last_line
    assert counts["objects"] == sum(len(r["object_category"]) for r in result)
    assert (counts["rows"], counts["failed"]) == (11, 0)
    assert counts["detector"]["weights"] == str(boxes_alone)
    assert len(counts["detector"]["digest"]) == 32
    stages = ["reading", "detecting", "grouping", "labelling", "writing"]
    assert list(counts["stages"]) == stages
    assert set(counts["peak_memory_mb"]) == {"driver", *stages}
    assert pq.read_schema(tmp_path / "out" / "part-000000.parquet").equals(RESULT_SCHEMA)
    assert main(ask) == 2  # another config without the detector


@pytest.mark.ray
@pytest.mark.parametrize("workers", [None, 2])
def test_stages_of_scenes_share_the_cores_of_a_machine_of_their_own(
    own_machine: None, scene_weights: Path, tmp_path: Path, workers: int | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(shards, "MIN_BYTES", 1)
    source = corpus(tmp_path / "in", composed(12), rows_per_group=2)
    config = SegmentConfig(
        sources=(source,), out="", weights=(str(scene_weights),), scenes=ObjectsConfig(),
        workers=workers, quiet=True,
    )  # fmt: skip
    segment(replace(config, out=str(tmp_path / "here")), InProcessRunner())
    segment(replace(config, out=str(tmp_path / "ray")), RayRunner())
    assert len(rows(tmp_path / "ray")) == 12
    assert rows(tmp_path / "ray") == rows(tmp_path / "here")


def test_given_objects_are_kept(data_dir: Path, parts_alone: Path, tmp_path: Path) -> None:
    truth = write_scenes(data_dir, tmp_path / "scenes.ndjson", 40)
    segmented(tmp_path / "out", tmp_path / "scenes.ndjson", parts_alone, given_objects=True)
    result = {r["sketch_id"]: r for r in rows(tmp_path / "out")}
    assert result.pop("bare")["error"] == "the scene doesn't say which objects it has"
    assert list(result) == [t["scene_id"] for t in truth]
    for scene in truth:
        row = result[scene["scene_id"]]
        assert row["object"] == scene["object"]
        assert row["object_category"] == [DOODLE7.category_of(w) for w in scene["object_category"]]
        for part, index in zip(row["part"], row["object"], strict=True):
            category = None if index < 0 else row["object_category"][index]
            known = ("unlabeled",) if category is None else DOODLE7.categories[category].parts
            assert part in known
