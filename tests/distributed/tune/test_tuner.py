"""Sweeps on Ray: outcomes of trials, and sweeps that are stopped and continued."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import psutil
import pytest
import ray
from defusedxml import ElementTree

from instancesketch.core.errors import UserError
from instancesketch.distributed.train.config import TrainConfig
from instancesketch.distributed.tune.config import TuneConfig
from instancesketch.distributed.tune.tuner import tune
from instancesketch.inference.segmenter import Segmenter
from instancesketch.tracking import metrics_log
from instancesketch.tracking.sweep import Sweep
from instancesketch.training.search_space import Dimension, Space
from tests.distributed.train.test_run_training import write_corpus

TINY = (
    "average=0.5", "batch_size=16", "epochs=2", "model.samples=8", "model.channels=[16]",
    "model.layers=1", "model.feedforward=32",
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
    return ray.available_resources().get("CPU", 0)


class Finished(NamedTuple):
    """A sweep that has ended."""

    location: Path
    config: TuneConfig
    summary: dict[str, Any]
    free_cpus: float  # before it began


@pytest.fixture(scope="module")
def finished(ray_cluster: None, corpus: str, tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """Run a sweep of three trials: the second is impossible, the third learns nothing."""
    config = config_of(corpus, tmp_path_factory.mktemp("runs"))
    location = Path(config.train.storage) / "sweep"
    sweep = Sweep(location=str(location), model_kind="segmenter")
    # Simulate a sweep that was stopped after it recorded these trials.
    sweep.add_trial(1, SPACE.base())
    sweep.add_trial(2, SPACE.base() | {"model.width": 18, "model.heads": 8})
    sweep.add_trial(3, SPACE.base() | {"learning_rate": 0.0})
    free = free_cpus()
    summary = tune(config)
    return Finished(location, config, summary, free)


@pytest.mark.ray
def test_table_lists_each_trial_once_with_the_metrics_of_its_run(finished: Finished) -> None:
    location, summary = finished.location, finished.summary
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
    assert table["trial-02"]["outcome"] == "failed"
    assert table["trial-02"]["reason"] == "a width 18 can't be shared by 8 heads"
    assert table["trial-03"]["outcome"] == "stopped early"
    assert table["trial-03"]["epochs"] == 1
    assert not (location / "trial-03" / "summary.json").exists()
    counts = {name: summary[name] for name in ("trials", "finished", "stopped_early", "failed")}
    assert counts == {"trials": 3, "finished": 1, "stopped_early": 1, "failed": 1}
    assert summary["best"] == table["trial-01"]
    assert summary["first"] == table["trial-01"]["macro_f1"]
    assert "trial-03 stopped early" in (location / "_log.txt").read_text()
    for picture in ("curves.svg", "parameters.svg"):
        ElementTree.parse(location / picture)


@pytest.mark.ray
def test_stopped_trial_releases_its_cpus(finished: Finished) -> None:
    for _ in range(100):
        if free_cpus() == finished.free_cpus:
            break
        time.sleep(0.2)
    assert free_cpus() == finished.free_cpus


@pytest.mark.ray
def test_run_of_a_trial_has_weights_and_a_config(finished: Finished) -> None:
    location, summary = finished.location, finished.summary
    model = Segmenter.load(str(location / summary["best"]["trial"]))
    assert model.net.config.samples == 8
    settings = json.loads((location / "trial-01" / "config.json").read_text())
    assert settings["recipe"]["learning_rate"] == 0.02
    assert settings["recipe"]["model"]["width"] == 16


@pytest.mark.ray
def test_finished_sweep_returns_its_summary_and_refuses_another_config(finished: Finished) -> None:
    location, config, summary, _ = finished
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


@pytest.mark.ray
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


@pytest.mark.ray
def test_sweep_without_a_finished_trial_raises_the_reason_of_a_trial(
    ray_cluster: None, corpus: str, tmp_path: Path
) -> None:
    config = config_of(corpus, tmp_path, trials=1)
    sweep = Sweep(location=str(tmp_path / "sweep"), model_kind="segmenter")
    sweep.add_trial(1, SPACE.base() | {"model.width": 18, "model.heads": 8})
    with pytest.raises(UserError, match="failed, such as by: a width 18 can't"):
        tune(config)


@pytest.mark.ray
def test_same_command_retries_trials_with_transient_failures(
    ray_cluster: None, corpus: str, tmp_path: Path
) -> None:
    config = config_of(corpus, tmp_path, trials=2)
    location = tmp_path / "sweep"
    sweep = Sweep(location=str(location), model_kind="segmenter")
    sweep.add_trial(1, SPACE.base())
    sweep.add_trial(2, SPACE.base() | {"learning_rate": 0.01})
    obstacles = [location / f"trial-0{i}" / "config.json" for i in (1, 2)]
    for folder in obstacles:
        folder.mkdir(parents=True)
    with pytest.raises(UserError, match=r"can't be read: .*; the same command tries 2 of them"):
        tune(config)
    obstacles[0].rmdir()
    summary = tune(config)
    assert [summary[name] for name in ("trials", "finished", "failed", "again")] == [2, 1, 1, 1]
    assert summary["best"]["trial"] == "trial-01"
    assert not (location / "summary.json").exists()
    obstacles[1].rmdir()
    summary = tune(config)
    assert [summary[name] for name in ("trials", "failed", "again")] == [2, 0, 0]
    assert tune(config) == summary | {"finished_before": True}


def ray_workers(process: subprocess.Popen[str]) -> list[psutil.Process]:
    """Return the descendants of a process that run Ray's tasks or actors.

    Ray's own agents are left out, as they take longer to exit.
    """
    workers = []
    for child in psutil.Process(process.pid).children(recursive=True):
        with suppress(psutil.Error):  # the process has just ended
            name = " ".join(child.cmdline())
            if name.startswith("ray::") and "Agent" not in name:
                workers.append(child)
    return workers


def wait_for(
    event: Callable[[], bool], process: subprocess.Popen[str], seconds: float = 240
) -> None:
    until = time.monotonic() + seconds
    while not event():
        assert process.poll() is None, process.stderr and process.stderr.read()
        assert time.monotonic() < until
        time.sleep(0.05)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_stopped_and_killed_sweep_continues_without_repeating_epochs(tmp_path: Path) -> None:
    """Send SIGTERM during a trial and SIGKILL after one, then run the same command again."""
    write_corpus(tmp_path / "corpus")
    (tmp_path / "space.toml").write_text("learning_rate = { range = [1e-3, 0.1], log = true }")
    command = [
        sys.executable, "-m", "instancesketch", "tune", "segmenter", "--data", "corpus",
        "--run", "sweep", "--space", "space.toml", "--taxonomy", "doodle7", "--select", "valid",
        "--trials", "3", "--reduction", "3", "--set", "model.width=16", "--set", "model.heads=2",
    ]  # fmt: skip
    command += [word for change in TINY for word in ("--set", change)]
    environment = {k: v for k, v in os.environ.items() if k != "RAY_ADDRESS"}
    environment["PYTHONPATH"] = str(Path(__file__).parents[3])
    sweep = Sweep(location=str(tmp_path / "runs" / "sweep"), model_kind="segmenter")

    def start() -> subprocess.Popen[str]:
        return subprocess.Popen(
            command, cwd=tmp_path, env=environment, start_new_session=True, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    for signal_number in (signal.SIGTERM, signal.SIGKILL):
        process = start()
        # SIGTERM in the middle of a trial, SIGKILL once a trial has ended.
        ready = (
            (lambda: any(t.epochs for t in sweep.trials()))
            if signal_number == signal.SIGTERM
            else (lambda: any(t.outcome for t in sweep.trials()))
        )
        try:
            wait_for(ready, process)
            workers = ray_workers(process)
            assert workers
            process.send_signal(signal_number)
            process.communicate(timeout=60)
            _, alive = psutil.wait_procs(workers, timeout=60)
            assert not alive
        finally:
            with suppress(ProcessLookupError):  # Ray's own processes may outlive the driver
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        assert not (tmp_path / "runs" / "sweep" / "summary.json").exists()

    before = {
        t.name: (t, [line["loss"] for line in metrics_log.read(sweep.run_folder(t.number))])
        for t in sweep.trials()
    }
    process = start()
    output, errors = process.communicate(timeout=400)
    assert process.returncode == 0, errors
    table = json.loads((tmp_path / "runs" / "sweep" / "trials.json").read_text())
    assert sorted(row["trial"] for row in table) == [f"trial-0{i}" for i in (1, 2, 3)]
    for row in table:
        lines = metrics_log.read(str(tmp_path / "runs" / "sweep" / row["trial"]))
        assert [line["epoch"] for line in lines] == list(range(1, row["epochs"] + 1))
        assert row["macro_f1"] == max(line["macro_f1"] for line in lines)
        if row["outcome"] == "finished":
            assert row["epochs"] == 2
        if row["trial"] in before:  # no epoch was trained twice
            trial, losses = before[row["trial"]]
            assert row["values"] == trial.values
            assert [line["loss"] for line in lines][: len(losses)] == losses
    assert all(output.count(row["trial"]) >= 1 for row in table)
    assert len({json.dumps(row["values"]) for row in table}) == 3
    assert "best.toml" in output.splitlines()[-1]
