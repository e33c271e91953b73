"""ClearML in offline mode: the record of a real training, and faults that must not end a run."""

import json
import os
import sys
import zipfile
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from instancesketch.cli.main import main
from instancesketch.core import storage
from instancesketch.core.schema import to_table
from instancesketch.distributed import clearml_actor
from instancesketch.distributed.train.config import TrainConfig
from instancesketch.distributed.train.run_training import train
from instancesketch.tracking import clearml, metrics_log
from instancesketch.tracking.metrics_log import MetricsLog
from instancesketch.tracking.reporter import Reporter
from instancesketch.tracking.tensorboard import TensorBoard
from instancesketch.training.config import SegmenterFitConfig
from tests.drawings import TINY, corpus, drawn


@pytest.fixture
def no_clearml(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "clearml", None)  # as if it weren't installed


def test_missing_package_is_reported_in_one_line_before_anything_starts(
    no_clearml: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, runs = corpus(tmp_path / "c", drawn(4)), tmp_path / "runs"
    command = ["train", "segmenter", "--data", data, "--run", "r", "--storage", str(runs)]
    assert main([*command, "--track", "clearml"]) == 2
    line = capsys.readouterr().err
    assert "pip install 'instancesketch[clearml]'" in line
    assert line.count("\n") == 1
    assert not runs.exists()


@pytest.fixture
def environment(tmp_path, monkeypatch):
    """Remove the ClearML configuration of the user that runs the tests."""
    pytest.importorskip("clearml", reason="needs the extra `clearml`")
    for name in [name for name in os.environ if name.startswith("CLEARML_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("CLEARML_CONFIG_FILE", str(tmp_path / "clearml.conf"))
    monkeypatch.setenv("CLEARML_CACHE_DIR", str(tmp_path / "cache"))
    return monkeypatch


@pytest.mark.ray
@pytest.mark.parametrize(
    ("variables", "reason"),
    [
        ({}, "no ClearML server is configured here"),
        (
            {"CLEARML_API_HOST": "http://127.0.0.1:9", "CLEARML_API_ACCESS_KEY": "a",
             "CLEARML_API_SECRET_KEY": "b"},
            "its server doesn't answer",
        ),
    ],
    ids=["configuration", "server"],
)  # fmt: skip
def test_run_without_a_clearml_server_continues_with_one_warning(
    ray_cluster, environment, tmp_path, caplog, variables, reason
):
    for name, value in variables.items():
        environment.setenv(name, value)
    if variables:  # nothing listens at the port, so no answer ever comes
        environment.setattr(clearml_actor, "SECONDS_TO_START", 1.0)
    run = str(tmp_path / "run")
    others = clearml_actor.remote_trackers("clearml", run, "run")
    reporter = Reporter.of(run, {"kind": "segmenter"}, *others)
    (record,) = caplog.records
    assert (record.levelname, reason in record.message) == ("WARNING", True)
    assert "\n" not in record.message
    assert [type(t) for t in reporter.trackers] == [MetricsLog, TensorBoard]
    with reporter:
        reporter.log({"epoch": 1, "loss": 1.0})
    assert len(metrics_log.read(str(tmp_path / "run"))) == 1


@pytest.mark.slow
def test_training_is_tracked_offline(ray_cluster, environment, tmp_path, capsys, caplog):
    environment.setenv("CLEARML_OFFLINE_MODE", "1")
    (tmp_path / "corpus").mkdir()
    sketches = [s.replace(split="valid" if i < 12 else "train") for i, s in enumerate(drawn(40))]
    pq.write_table(to_table(sketches), tmp_path / "corpus" / "part-0.parquet")
    config = TrainConfig(
        data=(str(tmp_path / "corpus"),),
        run="tracked",
        recipe=SegmenterFitConfig(model=TINY, epochs=2, batch_size=16),
        storage=str(tmp_path),
        taxonomy="doodle7",
        selection="valid",
        track="clearml",
        quiet=True,
    )
    summary = train(config)
    assert capsys.readouterr() == ("", "")  # what ClearML prints stays in its process
    assert not [r for r in caplog.records if r.levelname == "WARNING"]
    (session,) = (tmp_path / "cache" / "offline").glob("*.zip")
    with zipfile.ZipFile(session) as whole:
        task = json.loads(whole.read("task.json"))
        events = [e for line in whole.read("metrics.jsonl").splitlines() for e in json.loads(line)]
        pictures = [name for name in whole.namelist() if name.endswith(".png")]

    run = str(tmp_path / "tracked")
    assert task["id"] == storage.read_json(f"{run}/_state/clearml.json")["task"]
    assert (task["name"], task["project_name"]) == ("tracked", clearml.PROJECT)
    assert task["comment"] == f"weights: {run}/segmenter"
    parameters = task["hyperparams"]["settings"]
    assert parameters["recipe/epochs"]["value"] == "2"
    assert parameters["recipe/model/width"]["value"] == str(TINY.width)
    assert "doodle7" in task["configuration"]["settings"]["value"]

    lines = metrics_log.read(run)
    scalars = [e for e in events if e["type"] == "training_stats_scalar"]
    for name, panel in (("loss", "loss"), ("macro_f1", "percent"), ("C", "percent")):
        logged = {
            e["iter"]: e["value"] for e in scalars if (e["metric"], e["variant"]) == (panel, name)
        }
        assert logged == pytest.approx({line["epoch"]: line[name] for line in lines})
    matrix = [e for e in events if e["type"] == "plot" and e["metric"] == "confusion"][-1]
    (cells,) = json.loads(matrix["plot_str"])["data"]
    assert matrix["iter"] == summary["best_epoch"]
    strokes = sum(len(s) for s in sketches[:12])
    assert sum(map(sum, cells["z"])) == strokes
    shown = [e for e in events if e["type"] == "training_debug_image"]
    assert {e["metric"] for e in shown} == {"confusion", "examples"}
    assert summary["best_epoch"] in {e["iter"] for e in shown}
    assert len(pictures) == len(shown)
