"""Plans of sweeps: their values, their errors, and that they write nothing."""

from pathlib import Path

import pyarrow as pa
import pytest

from instancesketch.cli.main import main
from instancesketch.core import parquet
from instancesketch.tracking.sweep import Sweep
from tests.distributed.dry_runs import assert_refused, dry_run_args, read_plan

pytestmark = pytest.mark.ray  # of Ray's package; no cluster is used


def test_plans_the_rest_of_an_earlier_sweep(
    split_corpus: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    argv = dry_run_args("tune", split_corpus, tmp_path, "--trials", "5", "--epochs", "8")
    sweep = Sweep(location=str(tmp_path / "runs" / "r"), model_kind="segmenter")
    sweep.add_trial(1, {})
    sweep.end_trial(1, "stopped early")
    plan = read_plan([*argv, "--concurrent", "1"], capsys)
    expected = {
        "trials": 5,
        "trials_done": 1,
        "grace": 2,
        "reduction": 3,
        "concurrent": 1,
        "cpus": 2,
    }
    assert plan.items() >= expected.items()
    assert plan["space"]["class_weights"] == {"choices": [False, True]}
    assert "model.width" not in plan["space"]
    assert main(argv) == 0
    printed = capsys.readouterr().out
    trials = "each of at least 2 epochs; ASHA keeps the top 1/3 at each rung; 1 done before\n"
    assert trials in printed
    assert "learning_rate from 0.0004 to 0.006 on a log scale\n" in printed
    assert "workers: 1 a trial; needs " in printed
    assert printed.endswith("tune: dry run, nothing was done\n")


def test_refuses_an_impossible_sweep_in_one_line(
    split_corpus: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    argv = dry_run_args("tune", split_corpus, tmp_path, "--concurrent", "10000")
    message = "--concurrent 10000: the cluster has room for"
    assert_refused(argv, message, tmp_path, capsys)


def test_refuses_rows_that_are_not_a_corpus(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "other"
    parquet.write_table(str(data / "a.parquet"), pa.table({"a": [1]}))
    argv = ["tune", "refiner", "--data", str(data), "--run", "r", "--storage", str(tmp_path)]
    assert main([*argv, "--dry-run"]) == 2
    assert "a.parquet: no column 'sketch_id': not a corpus" in capsys.readouterr().err
