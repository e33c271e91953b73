"""Training on Ray: one worker beside a plain process, two workers, what a cluster can't hold."""

import json
import os
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from instancesketch.cli.main import main
from instancesketch.core.errors import UserError
from instancesketch.core.usage import MEASURED_FIELDS
from instancesketch.distributed.train import resolve as resolve_module
from instancesketch.distributed.train import run_training
from instancesketch.distributed.train.config import TrainConfig
from instancesketch.distributed.train.in_process import train_in_process
from instancesketch.distributed.train.run_training import train
from instancesketch.inference.segmenter import Segmenter
from instancesketch.metrics.formatting import PERCENT
from instancesketch.models.packing import pack
from instancesketch.tracking import metrics_log
from instancesketch.training import fit_segmenter
from tests.distributed.train.runs import (
    FILES,
    RECIPE,
    config_of,
    equal,
    weights_of,
    write_corpus,
    write_files,
)
from tests.drawings import DOODLE7, drawn

pytestmark = pytest.mark.ray

Run = tuple[Path, TrainConfig, dict[str, Any]]  # folder, config and summary


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> str:
    return write_corpus(tmp_path_factory.mktemp("training") / "corpus")


@pytest.fixture(scope="module")
def one(ray_cluster: None, corpus: str, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Return a finished run of one worker, lost after its first epoch, and of another in its place.

    The loss is one more than an attempt allows, so the run was attempted again.
    """
    storage = tmp_path_factory.mktemp("one")
    config = config_of(corpus, storage, "run")

    def work(values: Any) -> None:
        from instancesketch.distributed.train import train_loop
        from instancesketch.tracking import checkpoints

        save = checkpoints.save

        def save_and_die(run: str, state: dict[str, Any]) -> None:
            save(run, state)
            if state["epoch"] == 1:
                os._exit(1)

        checkpoints.save = save_and_die
        train_loop.run_loop(values)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run_training, "run_loop", work)
        patch.setattr(run_training, "MAX_FAILURES", 0)
        return storage / "run", config, train(config)


@pytest.fixture(scope="module")
def two(ray_cluster: None, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Return a finished run of two workers."""
    storage = tmp_path_factory.mktemp("two")
    # More than sixteen row groups to train on for each worker, so that they read whole ones.
    config = config_of(write_corpus(storage / "corpus", (5, 1)), storage, "run", workers=(1, 2))
    return storage / "run", config, train(config)


def test_run_that_lost_its_worker_goes_on_and_lacks_no_epoch(one: Run) -> None:
    run, _, summary = one
    starts = [(start["epoch"], start["workers"]) for start in summary["starts"]]
    assert starts == [(0, 1), (1, 1)]
    # The epoch that the lost worker saved but didn't report is reported by the next one.
    assert [line["epoch"] for line in metrics_log.read(str(run))] == [1, 2]


def test_one_worker_and_a_plain_process_reach_the_same_weights(
    one: Run, corpus: str, tmp_path: Path
) -> None:
    run, config, summary = one
    plain = train_in_process(replace(config, storage=str(tmp_path)))
    assert equal(weights_of(run), weights_of(tmp_path / "run"))
    figures = [
        [{k: v for k, v in line.items() if k not in MEASURED_FIELDS} for line in lines]
        for lines in (metrics_log.read(str(run)), metrics_log.read(str(tmp_path / "run")))
    ]
    assert figures[0] == figures[1]
    assert summary["best_epoch"] == plain["best_epoch"]
    settings = [(folder / "config.json").read_text() for folder in (run, tmp_path / "run")]
    assert settings[0] == settings[1]
    # Either finds the other's run, and finished.
    assert train_in_process(config) == summary | {"finished_before": True}


def test_run_of_two_workers_writes_the_files_of_a_run(two: Run) -> None:
    run, _, summary = two
    written = {f.name for f in run.iterdir() if f.name[0] != "_"}
    assert written == FILES | {"segmenter", "confusion.png"}
    settings = json.loads((run / "config.json").read_text())
    assert settings["workers"] == [1, 2]
    assert settings["drawings"] == {"train": 100, "select": 40}
    lines = metrics_log.read(str(run))
    assert [line["epoch"] for line in lines] == [1, 2]
    assert [line["workers"] for line in lines] == [2, 2]
    # Seven steps of 16, the last of 4, hold the 100 drawings; one worker has all of these four.
    assert [line["all_drawings"] for line in lines] == [100] * 2
    assert [line["drawings"] for line in lines] == [6 * 8 + 4] * 2
    assert json.loads((run / "summary.json").read_text()) == summary
    assert summary["best"] == max(lines, key=lambda line: line["macro_f1"])
    assert summary["starts"] == [{"epoch": 0, "workers": 2, "damaged": []}]
    assert summary["speed"]["drawings"] == 200
    assert json.loads((run / "segmenter" / "config.json").read_text())["metrics"] == summary["best"]


def test_two_workers_count_every_drawing_of_the_selection_split_once(two: Run) -> None:
    """Compare their metrics with those of one process for the same weights."""
    run, config, summary = two
    tables = [pq.read_table(path) for path in sorted(Path(config.data[0]).glob("*.parquet"))]
    batches = [pack(t.filter([s == "valid" for s in t["split"].to_pylist()]), DOODLE7)
               for t in tables]  # fmt: skip
    assert sum(map(len, batches)) == 40
    net = Segmenter.load(str(run)).net
    figures = fit_segmenter.evaluate(net, batches, DOODLE7, given=True).figures()
    measured = [key for key in PERCENT if key in summary["best"]]
    assert len(measured) == 4
    for key in measured:
        assert summary["best"][key] == figures[key] is not None


def test_row_groups_are_counted_alike_here_and_by_the_cluster(
    ray_cluster: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawings = [s.replace(split="valid" if i % 2 else "train") for i, s in enumerate(drawn(9))]
    config = config_of(write_files(tmp_path / "corpus", drawings, rows=(6, 3)), tmp_path, "run")
    here = resolve_module.resolve(config)
    (tmp_path / "corpus/_state/groups.parquet").unlink()
    monkeypatch.setattr(resolve_module, "FEW_FILES", 0)
    assert resolve_module.resolve(config) == here


def test_finished_run_is_reported_and_another_number_of_workers_refused(two: Run) -> None:
    run, config, summary = two
    before = {f: f.stat().st_mtime_ns for f in run.rglob("*")}
    assert train(config) == summary | {"finished_before": True}
    with pytest.raises(UserError, match=r"workers was \[1, 2\], is 1"):
        train(replace(config, workers=1))
    assert {f: f.stat().st_mtime_ns for f in run.rglob("*")} == before


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"workers": 64, "recipe": replace(RECIPE, batch_size=64)}, "room for"),
        ({"gpus_per_worker": 1.0, "workers": 8}, "1 GPU each"),
        ({"gpus_per_worker": 8.0}, "a training worker uses one GPU"),
        ({"gpus_per_worker": 0.5, "workers": 2}, "can't share a GPU"),
        ({"workers": (8, 16), "recipe": replace(RECIPE, batch_size=720720)}, "8 workers with"),
    ],
    ids=str,
)
def test_cluster_too_small_for_a_run_is_named_before_anything_is_written(
    ray_cluster: None, corpus: str, tmp_path: Path, values: dict[str, Any], message: str
) -> None:
    config = config_of(corpus, tmp_path / "runs", "r", **values)
    with pytest.raises(UserError, match=message) as error:
        train(config)
    assert "\n" not in str(error.value)
    assert not (tmp_path / "runs").exists()


def test_more_workers_than_drawings_are_refused(ray_cluster: None, tmp_path: Path) -> None:
    corpus = write_files(tmp_path / "corpus", [drawn(1)[0].replace(split="train")])
    with pytest.raises(UserError, match="2 workers for 1 labelled drawings; lower --workers"):
        train(config_of(corpus, tmp_path, "run", workers=2, selection="none"))
    assert not (tmp_path / "run").exists()


def test_verb_prints_the_figures_and_the_folder_of_a_finished_run(
    one: Run, corpus: str, capsys: pytest.CaptureFixture[str]
) -> None:
    run, _, summary = one
    options = ["--select", "valid", "--taxonomy", "doodle7", "--epochs", "2", "--batch-size", "16"]
    changes = {"learning_rate": 0.02, "average": 0.5} | {
        f"model.{name}": list(value) if isinstance(value, tuple) else value
        for name, value in asdict(RECIPE.model).items()
    }
    sets = [f"--set={name}={json.dumps(value).strip(chr(34))}" for name, value in changes.items()]
    place = ["--data", corpus, "--run", "run", "--storage", str(run.parent)]
    assert main(["train", "segmenter", *place, "--quiet", *options, *sets]) == 0
    best = summary["best"]
    assert capsys.readouterr().out == (
        f"train: finished before: epoch {summary['best_epoch']} of 2, "
        f"macro-F1 {best['macro_f1']:.2f}, C {best['C']:.2f} on 40 drawings -> {run}\n"
    )
