"""Plans of training runs: their values, their errors, and that they write nothing."""

import shutil
from pathlib import Path

import pyarrow as pa
import pytest

from instancesketch.cli.main import main
from instancesketch.core import parquet, run_folder, storage
from instancesketch.distributed.train import plan as train_plan
from instancesketch.distributed.train.config import TrainConfig
from instancesketch.distributed.train.resolve import resolve
from instancesketch.models import weights
from instancesketch.models.segmenter import SegmenterNet
from instancesketch.training.config import SegmenterFitConfig
from tests.distributed.dry_runs import TINY_MODEL, assert_refused, dry_run_args, read_plan
from tests.drawings import DOODLE7, TINY, composed, corpus

pytestmark = pytest.mark.ray  # of Ray's package; no cluster is used


def test_plans_a_new_run(
    split_corpus: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--epochs", "3", "--batch-size", "32", "--workers", "1-2"]
    argv = dry_run_args("train", split_corpus, tmp_path, *options)
    plan = read_plan(argv, capsys)
    expected = {
        "run": str(tmp_path / "runs" / "r"),
        "finished": False,
        "epochs_done": 0,
        "taxonomy": "doodle7",
        "splits": {"train": 90, "valid": 10},
        "drawings": {"train": 90, "select": 10},
        "estimated": False,
        "parameters": sum(p.numel() for p in SegmenterNet(TINY, DOODLE7).parameters()),
        "epochs": 3,
        "steps_per_epoch": 3,
        "workers": [1, 2],
        "cpus": 2,
        "recipe": "default",
    }
    assert plan.items() >= expected.items()
    assert plan["cluster"]["cpus"] >= 1
    assert 500 < plan["worker_mb"] < 2000
    assert main(argv) == 0
    printed = capsys.readouterr().out
    assert "100 rows (90 train, 10 valid); 90 drawings of doodle7 to train on, 10 of" in printed
    assert "epochs:  3, 3 steps of 32 (16 a worker) in each\n" in printed
    assert "workers: 1 to 2; needs 2 CPUs and 0 GPUs, of " in printed
    strokes = plan["strokes_per_worker"]
    assert 16 < strokes < 256
    assert f"about {strokes} strokes a worker and step, fewer than 256: the batch" in printed
    assert printed.endswith("train: dry run, nothing was done\n")
    assert not list(tmp_path.iterdir())


def test_plans_the_rest_of_an_earlier_run(
    split_corpus: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = str(tmp_path / "runs")
    config = TrainConfig(
        data=(split_corpus,),
        run="r",
        recipe=SegmenterFitConfig(model=TINY),
        storage=runs,
        selection="valid",
    )
    run = storage.join(runs, "r")
    run_folder.claim(run, resolve(config)[0], run_folder.RUN)
    storage.write_text(storage.join(run, "metrics.jsonl"), '{"epoch": 1}\n{"epoch": 2}\n')
    argv = dry_run_args("train", split_corpus, tmp_path)
    plan = read_plan(argv, capsys)
    assert (plan["epochs_done"], plan["finished"]) == (2, False)
    assert main(argv) == 0
    assert "; 2 done before" in capsys.readouterr().out
    assert main([*argv, "--epochs", "5"]) == 2
    assert "made with another config (epochs was 20, is 5)" in capsys.readouterr().err
    storage.write_json(storage.join(run, "summary.json"), {})
    assert main(argv) == 0
    assert f"nothing to do: {run} is finished\n" in capsys.readouterr().out


def test_plan_takes_the_network_shape_from_initial_weights(
    split_corpus: str, parts_alone: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    argv = ["train", "segmenter", "--data", split_corpus, "--run", "r", "--storage", str(tmp_path)]
    argv += ["--weights", str(parts_alone), "--dry-run"]
    net, _ = weights.build(weights.load([str(parts_alone)], "segmenter"))
    assert read_plan(argv, capsys)["parameters"] == sum(p.numel() for p in net.parameters())
    assert main([*argv, "--set", "model.layers=3"]) == 2
    assert "another shape than the recipe" in capsys.readouterr().err


def test_estimates_large_corpora_from_a_sample(
    split_corpus: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch
) -> None:
    monkeypatch.setattr(train_plan, "MAX_ROW_GROUPS", 4)
    # What an earlier training counted is known and not estimated.
    shutil.rmtree(Path(split_corpus) / "_state", ignore_errors=True)
    argv = dry_run_args("train", split_corpus, tmp_path)
    plan = read_plan(argv, capsys)
    assert plan["estimated"]
    assert sum(plan["splits"].values()) == 100
    assert sum(plan["drawings"].values()) == 100
    assert main(argv) == 0
    assert "about 100 rows" in capsys.readouterr().out


def test_plans_a_grouper(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "scenes").mkdir()
    scenes = [s.replace(split="train") for s in composed(20)]
    data = corpus(tmp_path / "scenes", scenes, rows_per_group=10)
    argv = ["train", "grouper", "--data", data, "--run", "r", "--storage", str(tmp_path)]
    tiny = [value for value in TINY_MODEL if "encoder" not in value]  # a grouper has one alone
    assert main([*argv, "--select", "none", "--workers", "2", "--dry-run", *tiny]) == 0
    printed = capsys.readouterr().out
    assert "8 scenes a worker and step, whose strokes are unknown: the batch norms" in printed
    assert "20 scenes of doodle7 to train on, the last epoch is kept\n" in printed


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--gpus-per-worker", "1", "--workers", "64"], "64 workers with 1 CPU and 1 GPU"),
        (["--taxonomy", "no.toml"], "no.toml"),
        (["--weights", "doodle7"], "has another shape than the recipe"),
    ],
)
def test_refuses_impossible_training_in_one_line(
    options: list[str], message: str, split_corpus: str, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    assert_refused(
        dry_run_args("train", split_corpus, tmp_path, *options), message, tmp_path, capsys
    )


@pytest.mark.parametrize("model", ["segmenter", "detector"])
def test_refuses_rows_that_are_not_a_corpus(
    model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "other"
    parquet.write_table(str(data / "a.parquet"), pa.table({"a": [1]}))
    argv = ["train", model, "--data", str(data), "--run", "r", "--storage", str(tmp_path / "runs")]
    assert main([*argv, "--dry-run"]) == 2
    assert "a.parquet: no column 'sketch_id': not a corpus" in capsys.readouterr().err
