from collections.abc import Callable
from pathlib import Path

import pytest

from instancesketch.cli.main import parse
from instancesketch.cli.train import recipe_changes
from instancesketch.core.model_kinds import MODEL_KINDS


@pytest.mark.parametrize("model", MODEL_KINDS)
def test_every_model_kind_can_be_trained(model: str) -> None:
    args = parse(["train", model, "--data", "a", "b", "--run", "r"])
    assert (args.model, args.data, args.run) == (model, ["a", "b"], "r")


def test_options_of_the_recipe_override_set() -> None:
    command = "train segmenter --data a --run r --epochs 4 --set epochs=3 --set model.width=8"
    changes = recipe_changes(parse(command.split()))
    assert changes == ["epochs=3", "model.width=8", "epochs=4"]


@pytest.mark.parametrize(
    ("options", "workers"), [("", None), ("--workers 2", 2), ("--workers 2-8", (2, 8))]
)
def test_workers_are_a_number_or_a_range_or_not_given(options: str, workers: object) -> None:
    command = f"train segmenter --data a --run r {options}"
    assert parse(command.split()).workers == workers


@pytest.mark.parametrize(
    ("command", "error"),
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
def test_impossible_training_is_refused_before_anything_is_written(
    command: str,
    error: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    refuse: Callable[[str], str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert error in refuse(f"train {command}")
    assert not list(tmp_path.iterdir())
