"""Plans of sweeps: their values, their errors, and that they write nothing."""

from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest

from instancesketch.cli.main import main
from instancesketch.core import parquet
from instancesketch.core.errors import UserError
from instancesketch.distributed.cluster import Capacity
from instancesketch.distributed.train.config import TrainConfig
from instancesketch.distributed.tune.config import TuneConfig
from instancesketch.tracking.sweep import Sweep
from instancesketch.training.search_space import load
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


@pytest.mark.parametrize(
    ("workers", "gpus", "asked", "found"),
    [(1, 0.0, None, 12), (1, 0.0, 20, 20), (1, 1.0, None, 8), (2, 0.5, None, 8), (4, 1.0, None, 2)],
)
def test_sweep_uses_what_a_cluster_at_rest_grows_to(
    workers: int, gpus: float, asked: int | None, found: int
) -> None:
    from instancesketch.distributed.cluster import capacity_of
    from instancesketch.distributed.tune.tuner import choose_concurrency

    def ask(*, workers: int, cpus: float, gpus: float = 0.0) -> Capacity:
        return capacity_of([{"CPU": 0.0}], workers, cpus, gpus, {"CPU": 64.0, "GPU": 8.0})

    space = load("segmenter", None, "default", [])
    train = TrainConfig(
        data=("c",),
        run="r",
        workers=workers,
        gpus_per_worker=gpus,
        recipe=space.trial(space.base()),
    )
    config = TuneConfig(train=train, space=space, trials=12, concurrent=asked)
    assert choose_concurrency(config, ask)[0] == found
    with pytest.raises(UserError, match="--concurrent 33: the cluster has room for"):
        choose_concurrency(replace(config, concurrent=33), ask)


def test_refuses_rows_that_are_not_a_corpus(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "other"
    parquet.write_table(str(data / "a.parquet"), pa.table({"a": [1]}))
    argv = ["tune", "refiner", "--data", str(data), "--run", "r", "--storage", str(tmp_path)]
    assert main([*argv, "--dry-run"]) == 2
    assert "a.parquet: no column 'sketch_id': not a corpus" in capsys.readouterr().err
