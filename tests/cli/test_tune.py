"""What can't be asked of `tune` gets one line, before anything is started."""

from pathlib import Path

import pytest

from instancesketch.cli.main import main, parse
from instancesketch.distributed.tune.config import TuneConfig


def test_a_sweep_takes_what_a_run_does(tmp_path: Path) -> None:
    file = tmp_path / "c.toml"
    file.write_text('data = ["a", "b"]\nset = ["epochs=3"]\ntrials = 5')
    command = f"tune refiner --run r --config {file} --set seed=2 --concurrent 2"
    args = parse(command.split())
    assert (args.model, args.data, args.run) == ("refiner", ["a", "b"], "r")
    assert (args.set, args.trials, args.concurrent) == (["epochs=3", "seed=2"], 5, 2)


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("grouper --data c --run r", "invalid choice: 'grouper'"),
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
def test_a_mistake_gets_one_line(
    command: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    assert main(["tune", *command.split()]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("instancesketch: error: ")
    assert said in printed.err
    assert printed.err.count("\n") == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("again", "said"),
    [(2, "3 failed (the same command tries 2 again); best"), (0, "3 failed; best")],
)
def test_the_last_line_says_what_is_tried_again(
    again: int, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    def tune(config: TuneConfig) -> dict[str, object]:
        return {
            "sweep": str(tmp_path), "trials": 5, "finished": 1, "stopped_early": 1, "failed": 3,
            "again": again, "figure": "macro_f1", "best": {"trial": "trial-01", "macro_f1": 61.5},
            "first": 61.5, "drawings": {"select": 10}, "selection": "valid",
        }  # fmt: skip

    monkeypatch.setattr("instancesketch.distributed.tune.tuner.tune", tune)
    assert main(["tune", "segmenter", "--data", "c", "--run", "r", "--quiet"]) == 0
    assert said in capsys.readouterr().out.splitlines()[-1]
