from collections.abc import Callable
from pathlib import Path

import pytest

from instancesketch.cli.main import main, parse
from instancesketch.distributed.tune.config import TuneConfig
from tests.drawings import corpus, drawn


def test_sweep_has_the_options_of_a_run() -> None:
    command = "tune refiner --data a b --run r --set seed=2 --workers 1-2 --concurrent 2"
    args = parse(command.split())
    assert (args.model, args.data, args.run) == ("refiner", ["a", "b"], "r")
    assert (args.set, args.workers, args.concurrent) == (["seed=2"], (1, 2), 2)


@pytest.mark.parametrize(
    ("command", "error"),
    [
        ("detector --data c --run r", "invalid choice: 'detector'"),
        ("segmenter --run r", "required: --data"),
        ("segmenter --data c --run a/b", "a run needs a plain name"),
        ("segmenter --data c --run r --recipe best", "no recipe 'best'"),
        ("segmenter --data c --run r --set model.width=90", "can't be shared by 4 heads"),
        ("segmenter --data c --run r --space no.toml", "--space no.toml: No such file"),
        ("segmenter --data c --run r --trials 0", "at least one trial"),
        ("segmenter --data c --run r --concurrent 0", "at least one trial at a time"),
        ("segmenter --data c --run r --epochs 4 --grace 5", "--grace 5: from 1 to all 4 epochs"),
        ("segmenter --data c --run r --reduction 1", "R is at least 2"),
        ("segmenter --data c --run r --select none", "trials are compared by"),
        ("segmenter --data c --run r --workers 99", "can't be shared by 99 workers"),
    ],
)
def test_impossible_sweep_is_refused_before_anything_is_written(
    command: str,
    error: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    refuse: Callable[[str], str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert error in refuse(f"tune {command}")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("again", "text"),
    [(2, "3 failed (the same command tries 2 again); best"), (0, "3 failed; best")],
)
def test_last_line_counts_the_trials_to_retry(
    again: int, text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    def tune(config: TuneConfig) -> dict[str, object]:
        return {
            "sweep": str(tmp_path), "trials": 5, "finished": 1, "stopped_early": 1, "failed": 3,
            "again": again, "figure": "macro_f1", "best": {"trial": "trial-01", "macro_f1": 61.5},
            "first": 61.5, "drawings": {"select": 10}, "selection": "valid",
        }  # fmt: skip

    monkeypatch.setattr("instancesketch.distributed.tune.tuner.tune", tune)
    data = corpus(tmp_path / "c", drawn(1))
    assert main(["tune", "segmenter", "--data", data, "--run", "r", "--quiet"]) == 0
    assert text in capsys.readouterr().out.splitlines()[-1]
