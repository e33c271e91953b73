"""Training a detector on Ray: the files of a run, its continuation, and errors."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import safetensors.torch
import torch

from instancesketch.cli.main import main
from instancesketch.core.errors import UserError
from instancesketch.core.schema import to_table
from instancesketch.distributed.train.config import TrainDetectorConfig
from instancesketch.distributed.train.train_detector import NOTICE, assign_roles, train_detector
from instancesketch.inference import detector
from instancesketch.models import yolo
from instancesketch.tracking import metrics_log
from instancesketch.training.config import DetectorConfig
from tests.drawings import DOODLE7, drawn, packed

RECIPE = DetectorConfig(image_size=64, epochs=3, batch_size=4, confidence=0.0)


def scenes(splits, **values):
    """Return a table with a scene of one object for each split."""
    return to_table(
        [
            s.replace(split=split, object=(0,) * len(s), object_category=(s.category,), **values)
            for s, split in zip(drawn(len(splits)), splits, strict=True)
        ]
    )


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    folder = tmp_path_factory.mktemp("detecting") / "corpus"
    folder.mkdir()
    pq.write_table(scenes(["train"] * 8 + ["valid"] * 3 + ["test"] * 2), folder / "part-0.parquet")
    return str(folder)


def config_of(corpus, storage, run="boxes", **values):
    values = {"recipe": RECIPE, "quiet": True} | values
    return TrainDetectorConfig(data=(corpus,), run=run, storage=str(storage), **values)


def test_scenes_train_or_select_by_their_split():
    table = scenes(["train", "valid", "test", None, "train"])
    assert assign_roles(table, "valid", DOODLE7)["split"].to_pylist() == [
        "train",
        "valid",
        "train",
        "train",
    ]
    many = scenes(["train"] * 40 + ["test"] * 5)
    split = assign_roles(many, "tenth", DOODLE7)["split"].to_pylist()
    assert len(split) == 40
    assert 0 < split.count("valid") < 12
    without = scenes(["train", "valid"], ).set_column(
        table.column_names.index("object"), "object", [[None, [0]]]
    )  # fmt: skip
    assert len(assign_roles(without, "valid", DOODLE7)) == 1


@pytest.mark.ray
@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"workers": 2}, "--workers 2: a detector is trained by one worker"),
        ({"run": "a/b"}, "a run needs a plain name"),
        ({"gpus_per_worker": 2.0}, "a detector is trained on one GPU"),
        ({"taxonomy": "doodle8"}, "no taxonomy 'doodle8'"),
    ],
)
def test_impossible_configs_are_refused(corpus, tmp_path, values, reason):
    with pytest.raises(UserError) as told:
        train_detector(config_of(corpus, tmp_path, **values))
    assert reason in str(told.value)
    assert "\n" not in str(told.value)
    assert not list(tmp_path.iterdir())


@pytest.mark.ray
@pytest.mark.parametrize(
    ("splits", "reason"),
    [
        (None, "no scene to train on"),
        (["test", "test"], "no scene to train on"),
        (["train"], "no scene to select on"),
    ],
)
def test_corpora_without_scenes_are_refused(tmp_path, splits, reason):
    table = scenes(splits) if splits else to_table(drawn(3))
    (tmp_path / "corpus").mkdir()
    pq.write_table(table, tmp_path / "corpus" / "part-0.parquet")
    with pytest.raises(UserError, match=reason):
        train_detector(config_of(str(tmp_path / "corpus"), tmp_path))
    assert not (tmp_path / "boxes").exists()


@pytest.mark.parametrize("option", [["--weights", "doodle7"], ["--select", "valid"]])
def test_options_of_other_models_are_refused(corpus, capsys, option):
    assert main(["train", "detector", "--data", corpus, "--run", "boxes", *option]) == 2
    assert "trained from scratch and selects by itself" in capsys.readouterr().err


@pytest.fixture(scope="module")
def done(ray_cluster, corpus, tmp_path_factory):
    pytest.importorskip("ultralytics", reason="detectors need the extra `yolo`")
    config = config_of(corpus, tmp_path_factory.mktemp("runs"))
    return config, train_detector(config)


@pytest.mark.ray
def test_run_writes_its_config_metrics_and_weights(done, corpus):
    config, summary = done
    run = os.path.join(config.storage, config.run)
    kept = {f for f in os.listdir(run) if f[0] != "_"}
    assert kept == {
        "config.json", "metrics.jsonl", "curves.svg", "tensorboard", "summary.json", "detector",
    }  # fmt: skip
    assert set(os.listdir(os.path.join(run, "detector"))) == {
        "model.safetensors", "config.json", "NOTICE",
    }  # fmt: skip
    with open(os.path.join(run, "detector", "config.json")) as file:
        about = json.load(file)
    lines = metrics_log.read(run)
    assert [line["epoch"] for line in lines] == [1, 2, 3]
    assert about["metrics"] == summary["best"] == max(lines, key=lambda line: line["map"])
    assert about["taxonomy"] == DOODLE7.to_dict()
    assert about["scenes"] == {"train": 8, "select": 3}
    assert about["data"] == [corpus]
    assert about["recipe"]["image_size"] == 64
    assert about["made_with"].startswith("ultralytics 8.")
    with open(os.path.join(run, "detector", "NOTICE")) as file:
        assert file.read() == NOTICE
    found = detector.load(run)
    assert found.taxonomy == DOODLE7
    assert found.detect(packed(drawn(3), labels=False)).boxes_N.min() > 0


@pytest.mark.ray
def test_finished_run_is_reported_and_another_config_refused(done):
    config, summary = done
    assert train_detector(config) == summary | {"finished_before": True}
    with pytest.raises(UserError, match="epochs was 3, is 2"):
        train_detector(replace(config, recipe=replace(RECIPE, epochs=2)))


MISSING = "needs Ultralytics (not here): pip install 'instancesketch[yolo]'"


@pytest.mark.ray
def test_error_without_the_extra_names_the_command_that_installs_it(
    corpus, tmp_path, capsys, monkeypatch
):
    """Hide Ultralytics behind a package that fails to import."""
    (tmp_path / "ultralytics").mkdir()
    (tmp_path / "ultralytics" / "__init__.py").write_text("raise ImportError('not here')")
    monkeypatch.syspath_prepend(tmp_path)
    for name in [name for name in sys.modules if name.split(".")[0] == "ultralytics"]:
        monkeypatch.delitem(sys.modules, name)
    run = ["--run", "boxes", "--storage", str(tmp_path / "runs"), "--dry-run"]
    assert main(["train", "detector", "--data", corpus, *run]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith(MISSING)


@pytest.mark.ray
def test_cluster_without_the_extra_is_refused_before_anything_is_written(
    ray_cluster, corpus, tmp_path, monkeypatch
):
    def version():
        raise UserError(f"the detector {MISSING}")

    monkeypatch.setattr(yolo, "version", version)
    with pytest.raises(UserError, match=r"needs Ultralytics \(not here\)"):
        train_detector(config_of(corpus, tmp_path))
    assert not list(tmp_path.iterdir())


@pytest.mark.nightly
@pytest.mark.timeout(600)
def test_a_killed_run_continues_to_the_same_weights(done, corpus, tmp_path):
    """Kill the driver and its children after an epoch, then train with the same config."""
    whole, _ = done
    command = [
        sys.executable, "-m", "instancesketch", "train", "detector", "--data", corpus,
        "--run", "killed", "--storage", str(tmp_path), "--epochs", "3", "--batch-size", "4",
        "--set", "image_size=64", "--set", "confidence=0.0",
    ]  # fmt: skip
    process = subprocess.Popen(
        command, env={k: v for k, v in os.environ.items() if k != "RAY_ADDRESS"},
        start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        while not (tmp_path / "killed" / "_checkpoints" / "detector.pt").exists():
            assert process.poll() is None, "it ended before its first epoch did"
            time.sleep(0.02)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    assert not (tmp_path / "killed" / "summary.json").exists()
    first = metrics_log.read(str(tmp_path / "killed"))

    train_detector(config_of(corpus, tmp_path, "killed"))
    runs = (tmp_path / "killed", Path(whole.storage) / whole.run)
    lines = [metrics_log.read(str(run)) for run in runs]
    assert [line["epoch"] for line in lines[0]] == [1, 2, 3]
    assert [line["loss"] for line in lines[0]] == [line["loss"] for line in lines[1]]
    assert lines[0][0]["seconds"] == first[0]["seconds"]  # the first epoch was not trained again
    killed, unbroken = (
        safetensors.torch.load_file(run / "detector" / "model.safetensors") for run in runs
    )
    assert all(torch.equal(killed[k], unbroken[k]) for k in unbroken)
