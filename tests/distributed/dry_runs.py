"""Dry runs of `train` and `tune`, for tests of their plans."""

import json
from pathlib import Path
from typing import Any

import pytest

from instancesketch.cli.main import main

# The network `tests.drawings.TINY`.
TINY_MODEL = [
    f"--set=model.{value}"
    for value in (
        "encoder=points", "samples=8", "channels=[16]", "width=16", "layers=1", "heads=2",
        "feedforward=32", "pair_order=false",
    )
]  # fmt: skip


def dry_run_args(verb: str, data: str, folder: Path, *options: str) -> list[str]:
    """Return the command line of a dry run `r` in the folder `runs`."""
    run = ["--data", data, "--run", "r", "--storage", str(folder / "runs"), "--dry-run"]
    return [verb, "segmenter", *run, *TINY_MODEL, "--select", "valid", *options]


def read_plan(argv: list[str], capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """Run a dry run with `--json` and return its plan."""
    assert main([*argv, "--json"]) == 0
    plan: dict[str, Any] = json.loads(capsys.readouterr().out)
    return plan


def assert_refused(
    argv: list[str], message: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Assert that a command prints one line of error, and writes nothing."""
    assert main(argv) == 2
    printed = capsys.readouterr()
    assert printed.err.count("\n") == 1
    assert message in printed.err
    assert not printed.out
    assert not list(folder.iterdir())
