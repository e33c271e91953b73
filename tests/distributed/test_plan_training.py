"""What a run or a sweep would do: told without training, and with nothing written."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from instancesketch.cli.main import main
from instancesketch.core import parquet, run_folder, storage
from instancesketch.distributed import plan_training
from instancesketch.distributed.train.config import TrainConfig
from instancesketch.distributed.train.resolve import resolve
from instancesketch.models import weights
from instancesketch.models.segmenter import SegmenterNet
from instancesketch.tracking.sweep import Sweep
from instancesketch.training.config import SegmenterFitConfig
from tests.drawings import DOODLE7, TINY, composed, corpus, drawn

SMALL = [
    "samples=8",
    "channels=[16]",
    "width=16",
    "layers=1",
    "heads=2",
    "feedforward=32",
    "pair_order=false",
]
SET = [f"--set=model.{value}" for value in SMALL]


@pytest.fixture(scope="module")
def drawings(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Ninety drawings to train on and ten to select on, in twenty row groups."""
    splits = [*["train"] * 9, "valid"]
    made = [s.replace(split=splits[i % 10]) for i, s in enumerate(drawn(100))]
    return corpus(tmp_path_factory.mktemp("drawings"), made, rows_per_group=10, files=2)


def asked(data: str, folder: Path, *options: str, verb: str = "train") -> list[str]:
    where = ["--data", data, "--run", "r", "--storage", str(folder / "runs"), "--dry-run"]
    return [verb, "segmenter", *where, *SET, "--select", "valid", *options]


def plan_of(argv: list[str], capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    assert main([*argv, "--json"]) == 0
    plan: dict[str, Any] = json.loads(capsys.readouterr().out)
    return plan


def test_the_plan_of_a_new_run(
    drawings: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ask = asked(drawings, tmp_path, "--epochs", "3", "--batch-size", "32", "--workers", "1-2")
    plan = plan_of(ask, capsys)
    told = {
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
    assert plan.items() >= told.items()
    assert plan["cluster"]["cpus"] >= 1
    assert 500 < plan["worker_mb"] < 2000
    assert main(ask) == 0
    printed = capsys.readouterr().out
    assert "100 rows (90 train, 10 valid); 90 drawings of doodle7 to train on, 10 of" in printed
    assert "epochs:  3, 3 steps of 32 in each\n" in printed
    assert printed.endswith("train: dry run, nothing was done\n")
    assert not list(tmp_path.iterdir())


def test_the_plan_of_a_run_that_is_there(
    drawings: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe = SegmenterFitConfig(model=TINY)
    where = str(tmp_path / "runs")
    config = TrainConfig(data=(drawings,), run="r", recipe=recipe, storage=where, selection="valid")
    run = storage.join(where, "r")
    run_folder.claim(run, resolve(config)[0], run_folder.RUN)
    storage.write_text(storage.join(run, "metrics.jsonl"), '{"epoch": 1}\n{"epoch": 2}\n')
    ask = asked(drawings, tmp_path)
    plan = plan_of(ask, capsys)
    assert (plan["epochs_done"], plan["finished"]) == (2, False)
    assert main(ask) == 0
    assert "; 2 done before" in capsys.readouterr().out
    assert main([*ask, "--epochs", "5"]) == 2
    assert "made with another config (epochs was 20, is 5)" in capsys.readouterr().err
    storage.write_json(storage.join(run, "summary.json"), {})
    assert main(ask) == 0
    assert f"nothing to do: {run} is finished\n" in capsys.readouterr().out


def test_the_shape_of_weights_to_start_from_is_theirs(
    drawings: str, parts_alone: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ask = ["train", "segmenter", "--data", drawings, "--run", "r", "--storage", str(tmp_path)]
    ask += ["--weights", str(parts_alone), "--dry-run"]
    net, _ = weights.build(weights.load([str(parts_alone)], "segmenter"))
    assert plan_of(ask, capsys)["parameters"] == sum(p.numel() for p in net.parameters())
    assert main([*ask, "--set", "model.layers=3"]) == 2
    assert "another shape than the recipe" in capsys.readouterr().err


def test_large_corpora_are_counted_in_part(
    drawings: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch
) -> None:
    monkeypatch.setattr(plan_training, "MOST_GROUPS", 4)
    ask = asked(drawings, tmp_path)
    plan = plan_of(ask, capsys)
    assert plan["estimated"]
    assert sum(plan["splits"].values()) == 100
    assert sum(plan["drawings"].values()) == 100
    assert main(ask) == 0
    assert "about 100 rows" in capsys.readouterr().out


def test_the_plan_of_a_sweep(
    drawings: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ask = asked(drawings, tmp_path, "--trials", "5", "--epochs", "8", verb="tune")
    Sweep(location=str(tmp_path / "runs" / "r"), model_kind="segmenter").add_trial(1, {})
    Sweep(location=str(tmp_path / "runs" / "r"), model_kind="segmenter").end_trial(
        1, "stopped early"
    )
    plan = plan_of([*ask, "--concurrent", "1"], capsys)
    told = {"trials": 5, "trials_done": 1, "grace": 2, "reduction": 3, "concurrent": 1, "cpus": 2}
    assert plan.items() >= told.items()
    assert plan["space"]["model.encoder"] == {"choices": ["points", "raster", "both"]}
    assert "model.width" not in plan["space"]
    assert main(ask) == 0
    printed = capsys.readouterr().out
    assert "each of 2 epochs at least; then of 3 that have come as far, one goes on; 1 done" in (
        printed
    )
    assert "learning_rate from 0.0004 to 0.006, by orders of magnitude\n" in printed
    assert printed.endswith("tune: dry run, nothing was done\n")


def test_the_plan_of_a_grouper(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "scenes").mkdir()
    made = [s.replace(split="train") for s in composed(20)]
    data = corpus(tmp_path / "scenes", made, rows_per_group=10)
    ask = ["train", "grouper", "--data", data, "--run", "r", "--storage", str(tmp_path)]
    assert main([*ask, "--select", "none", "--dry-run", *SET]) == 0
    printed = capsys.readouterr().out
    assert "20 scenes of doodle7 to train on, the last epoch is taken\n" in printed


@pytest.mark.parametrize(
    ("verb", "options", "said"),
    [
        ("train", ["--gpus-per-worker", "64", "--workers", "2"], "2 workers with 1 CPU and 64 GPU"),
        ("train", ["--taxonomy", "no.toml"], "no.toml"),
        ("train", ["--weights", "doodle7"], "has another shape than the recipe"),
        ("tune", ["--concurrent", "10000"], "--concurrent 10000: the cluster has room for"),
    ],
)
def test_a_mistake_is_the_same_line_as_without(
    verb: str, options: list[str], said: str, drawings: str, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    assert main(asked(drawings, tmp_path, *options, verb=verb)) == 2
    printed = capsys.readouterr()
    assert printed.err.count("\n") == 1
    assert said in printed.err
    assert not printed.out
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("verb", ["train segmenter", "train detector", "tune refiner"])
def test_rows_of_something_else_are_one_line(
    verb: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    parquet.write_table(str(tmp_path / "mine" / "a.parquet"), pa.table({"a": [1]}))
    ask = ["--data", str(tmp_path / "mine"), "--run", "r", "--storage", str(tmp_path / "runs")]
    assert main([*verb.split(), *ask, "--dry-run"]) == 2
    assert "a.parquet: no column 'sketch_id': not a corpus" in capsys.readouterr().err


@pytest.mark.parametrize("verb", ["train", "tune"])
def test_it_starts_no_ray(verb: str, drawings: str, tmp_path: Path) -> None:
    code = (
        "import sys; from instancesketch.cli.main import main; "
        f"assert main({asked(drawings, tmp_path, verb=verb)!r}) == 0; "
        "assert not sys.modules['ray'].is_initialized()"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
    assert not list(tmp_path.iterdir())
