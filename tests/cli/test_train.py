"""What can't be asked of `train` gets one line, before anything is started."""

from pathlib import Path

import pytest

from instancesketch.cli.main import main, parse


@pytest.mark.parametrize("model", ["segmenter", "refiner", "grouper", "detector"])
def test_every_model_can_be_asked_for(model: str) -> None:
    args = parse(["train", model, "--data", "a", "b", "--run", "r", "--set", "epochs=3"])
    assert (args.model, args.data, args.run, args.set) == (
        model,
        ["a", "b"],
        "r",
        ["epochs=3"],
    )


@pytest.mark.parametrize(
    ("given", "workers"), [("", 1), ("2", 2), ("2-8", (2, 8)), ("config", (1, 2))]
)
def test_workers_are_a_number_or_a_range(given: str, workers: object, tmp_path: Path) -> None:
    asked = ["--workers", given] if given else []
    if given == "config":
        (tmp_path / "c.toml").write_text('workers = "1-2"\n')
        asked = ["--config", str(tmp_path / "c.toml")]
    assert parse(["train", "segmenter", "--data", "a", "--run", "r", *asked]).workers == workers


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("painter --data c --run r", "invalid choice: 'painter'"),
        ("grouper --run r", "required: --data"),
        ("grouper --data c", "required: --run"),
        ("grouper --data c --run r --recipe seed", "no recipe 'seed'; there are default"),
        ("grouper --data c --run r --set model.boxes=2", "no 'boxes' in a recipe; there are"),
        ("grouper --data c --run r --set model.edges=many", "it must be like 8"),
        ("grouper --data c --run r --set model.heads=3", "width 128 can't be shared by 3 heads"),
        ("grouper --data c --run r --epochs 0", "at least one epoch"),
        ("grouper --data c --run a/b", "a run needs a plain name"),
        ("grouper --data c --run r --workers 99", "can't be shared by 99 workers"),
        ("grouper --data c --run r --workers few", "'few' is neither a number, such as 2, nor"),
        ("grouper --data c --run r --workers 1-", "'1-' is neither a number"),
        ("grouper --data c --run r --workers 2-1", "--workers 2-1: the least comes first"),
        ("grouper --data c --run r --workers 1-99", "can't be shared by 99 workers"),
        ("detector --data c --run r --workers 1-2", "a detector is trained by one worker"),
        ("detector --data c --run r --select none", "no --weights, --select"),
    ],
)
def test_a_mistake_gets_one_line(
    command: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    assert main(["train", *command.split()]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("instancesketch: error: ")
    assert said in printed.err
    assert printed.err.count("\n") == 1
    assert not list(tmp_path.iterdir())
