"""Sweeps on Ray: outcomes of trials, and sweeps that are refused or tried again."""

import csv
import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from defusedxml import ElementTree

from instancesketch.core.errors import UserError
from instancesketch.distributed.train.config import TrainConfig
from instancesketch.distributed.tune.config import TuneConfig
from instancesketch.distributed.tune.tuner import tune
from instancesketch.inference.segmenter import Segmenter
from instancesketch.tracking import metrics_log
from instancesketch.tracking.sweep import Sweep
from instancesketch.training.search_space import Dimension, Space
from tests.drawings import corpus as write_drawings
from tests.drawings import drawn

pytestmark = pytest.mark.ray

TINY = (
    "average=0.5", "batch_size=16", "epochs=2", "passes=1", "model.samples=8",
    "model.channels=[16]", "model.layers=1", "model.feedforward=32",
)  # fmt: skip
SPACE = Space(
    model_kind="segmenter",
    recipe="default",
    changes=(*TINY, "learning_rate=0.02", "model.width=16", "model.heads=2"),
    dimensions=(
        Dimension(key="learning_rate", low=0.0, high=0.1),
        Dimension(key="model.width", choices=(16, 18)),
        Dimension(key="model.heads", choices=(2, 8)),
    ),
)
FILES = {
    "config.json", "trials.json", "trials.csv", "best.toml", "curves.svg", "parameters.svg",
    "summary.json",
}  # fmt: skip


IMPOSSIBLE = SPACE.base() | {"model.width": 18, "model.heads": 8}


def write_corpus(folder: Path) -> str:
    """Write 40 drawings to train on and 20 to select on."""
    sketches = [
        s.replace(split="valid" if i % 3 == 0 else "train") for i, s in enumerate(drawn(60))
    ]
    return write_drawings(folder, sketches, rows_per_group=15)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> str:
    return write_corpus(tmp_path_factory.mktemp("tuning") / "corpus")


def config_of(corpus: str, storage: Path, **values: Any) -> TuneConfig:
    run = TrainConfig(
        data=(corpus,),
        run="sweep",
        recipe=SPACE.trial(SPACE.base()),
        storage=str(storage),
        taxonomy="doodle7",
        selection="valid",
        quiet=True,
    )
    return TuneConfig(
        **{"train": run, "space": SPACE, "trials": 3, "concurrent": 1, "reduction": 2} | values
    )


def free_cpus() -> float:
    import ray  # here, because plain tests are collected without Ray

    return ray.available_resources().get("CPU", 0)


class Swept(NamedTuple):
    """A sweep of three trials that the same command was given for twice."""

    location: Path
    config: TuneConfig
    first: dict[str, Any]  # the summary of the first command
    finished_at_first: bool  # whether that one wrote a summary
    summary: dict[str, Any]  # of the second
    free_cpus: float  # before it began


@pytest.fixture(scope="module")
def swept(ray_cluster: None, corpus: str, tmp_path_factory: pytest.TempPathFactory) -> Swept:
    """Run a sweep: the second trial is impossible, the third can't be written at first.

    The third learns nothing, so it is stopped early when it runs at last.
    """
    config = config_of(corpus, tmp_path_factory.mktemp("runs"), concurrent=2)
    location = Path(config.train.storage) / "sweep"
    sweep = Sweep(location=str(location), model_kind="segmenter")
    # Simulate a sweep that was stopped after it recorded these trials.
    sweep.add_trial(1, SPACE.base())
    sweep.add_trial(2, IMPOSSIBLE)
    sweep.add_trial(3, SPACE.base() | {"learning_rate": 0.0})
    obstacle = location / "trial-03" / "config.json"
    obstacle.mkdir(parents=True)
    free = free_cpus()
    first = tune(config)
    finished_at_first = (location / "summary.json").exists()
    obstacle.rmdir()
    return Swept(location, config, first, finished_at_first, tune(config), free)


COUNTS = ("trials", "finished", "stopped_early", "failed", "again")


def test_transient_failure_of_a_trial_leaves_the_sweep_unfinished(swept: Swept) -> None:
    assert [swept.first[name] for name in COUNTS] == [3, 1, 0, 2, 1]
    assert swept.first["best"]["trial"] == "trial-01"
    assert not swept.finished_at_first


def test_same_command_retries_the_trials_with_transient_failures_alone(swept: Swept) -> None:
    assert [swept.summary[name] for name in COUNTS] == [3, 1, 1, 1, 0]
    assert swept.summary["best"] == swept.first["best"]
    log = (swept.location / "_log.txt").read_text()
    assert log.count("trial-01 finished") == log.count("trial-02 failed") == 1


def test_table_lists_each_trial_once_with_the_metrics_of_its_run(swept: Swept) -> None:
    location, summary = swept.location, swept.summary
    files = {f.name for f in location.iterdir() if f.name[0] != "_"}
    assert files == FILES | {"trial-01", "trial-03"}
    table = {row["trial"]: row for row in json.loads((location / "trials.json").read_text())}
    assert sorted(table) == ["trial-01", "trial-02", "trial-03"]
    with (location / "trials.csv").open() as file:
        assert [row["trial"] for row in csv.DictReader(file)] == list(table)
    for name, row in table.items():
        lines = metrics_log.read(str(location / name))
        assert row["epochs"] == len(lines)
        assert row["macro_f1"] == max((line["macro_f1"] for line in lines), default=None)
    assert table["trial-01"]["values"] == SPACE.base()
    assert table["trial-01"]["outcome"] == "finished"
    assert table["trial-01"]["epochs"] == 2
    assert table["trial-02"]["outcome"] == "failed"
    assert table["trial-02"]["reason"] == "a width 18 can't be shared by 8 heads"
    assert table["trial-03"]["outcome"] == "stopped early"
    assert table["trial-03"]["epochs"] == 1
    assert not (location / "trial-03" / "summary.json").exists()
    assert summary["best"] == table["trial-01"]
    assert summary["first"] == table["trial-01"]["macro_f1"]
    assert "trial-03 stopped early" in (location / "_log.txt").read_text()
    for picture in ("curves.svg", "parameters.svg"):
        ElementTree.parse(location / picture)


def test_stopped_trial_releases_its_cpus(swept: Swept) -> None:
    for _ in range(100):
        if free_cpus() == swept.free_cpus:
            break
        time.sleep(0.2)
    assert free_cpus() == swept.free_cpus


def test_run_of_a_trial_has_weights_and_a_config(swept: Swept) -> None:
    location, summary = swept.location, swept.summary
    model = Segmenter.load(str(location / summary["best"]["trial"]))
    assert model.net.config.samples == 8
    settings = json.loads((location / "trial-01" / "config.json").read_text())
    assert settings["recipe"]["learning_rate"] == 0.02
    assert settings["recipe"]["model"]["width"] == 16


def test_finished_sweep_returns_its_summary_and_refuses_another_config(swept: Swept) -> None:
    location, config, summary = swept.location, swept.config, swept.summary
    before = {f: f.stat().st_mtime_ns for f in location.rglob("*")}
    assert tune(config) == summary | {"finished_before": True}
    others = [
        (replace(config, trials=4), "trials was 3, is 4"),
        (replace(config, train=replace(config.train, selection="tenth")), "selection was valid"),
    ]
    for other, message in others:
        with pytest.raises(UserError, match=message) as error:
            tune(other)
        assert "\n" not in str(error.value)
    assert {f: f.stat().st_mtime_ns for f in location.rglob("*")} == before


@pytest.mark.parametrize(
    ("values", "run", "message"),
    [
        ({"concurrent": 3}, {}, "--concurrent 3: the cluster has room for 2 at once"),
        ({"concurrent": None}, {"workers": 4}, "room for 4"),
        ({}, {"gpus_per_worker": 1.0}, "1 GPU"),
        ({}, {"data": ("/nowhere",)}, "is not a corpus"),
        ({}, {"taxonomy": "spg20"}, "no labelled drawing"),
    ],
    ids=str,
)
def test_impossible_sweep_is_refused_before_anything_is_written(
    ray_cluster: None,
    corpus: str,
    tmp_path: Path,
    values: dict[str, Any],
    run: dict[str, Any],
    message: str,
) -> None:
    config = config_of(corpus, tmp_path / "runs", **values)
    with pytest.raises(UserError, match=message) as error:
        tune(replace(config, train=replace(config.train, **run)))
    assert "\n" not in str(error.value)
    assert not (tmp_path / "runs").exists()


def test_sweep_without_a_finished_trial_raises_a_reason_and_says_what_is_retried(
    ray_cluster: None, corpus: str, tmp_path: Path
) -> None:
    config = config_of(corpus, tmp_path, trials=2)
    sweep = Sweep(location=str(tmp_path / "sweep"), model_kind="segmenter")
    sweep.add_trial(1, IMPOSSIBLE)
    sweep.end_trial(1, "failed", "a width 18 can't be shared by 8 heads")
    sweep.add_trial(2, SPACE.base())
    (tmp_path / "sweep" / "trial-02" / "config.json").mkdir(parents=True)
    message = "failed, such as by: a width 18 can't .*; the same command tries 1 of them again"
    with pytest.raises(UserError, match=message):
        tune(config)
