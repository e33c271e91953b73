"""The pages of runs and sweeps, made of their folders."""

import re
from pathlib import Path

import pytest

from instancesketch.cli.main import main
from instancesketch.core import parquet, storage
from instancesketch.core.errors import UserError
from instancesketch.core.schema import to_table
from instancesketch.results import run_report
from instancesketch.tracking.metrics_log import MetricsLog
from instancesketch.tracking.run_state import RunState
from instancesketch.tracking.sweep import Sweep
from tests.drawings import drawn
from tests.tracking.snapshots import snapshot_of

SETTINGS = {
    "kind": "segmenter",
    "recipe": {"epochs": 3},
    "selection": "valid",
    "drawings": {"train": 100, "select": 40},
}


def log_epoch(run: str, epoch: int, score: float) -> None:
    line = {"epoch": epoch, "loss": 1 / epoch, "macro_f1": score, "seconds": 2.5, "score": score}
    MetricsLog(run).log(line)


@pytest.fixture
def run(tmp_path: Path) -> str:
    """Return a run that has two epochs of three, the first better than the second."""
    location = str(tmp_path / "runs" / "first")
    storage.write_json(storage.join(location, "config.json"), SETTINGS)
    RunState(location).write_snapshot(snapshot_of(drawn(2, seed=0)))
    for epoch, score in ((1, 61.5), (2, 60.0)):
        log_epoch(location, epoch, score)
    return location


def page_text(folder: object, tmp_path: Path) -> str:
    """Write a page with the CLI, and return its text."""
    assert main(["report", str(folder), "--out", str(tmp_path / "page.html")]) == 0
    return re.sub(r"<[^>]+>", " ", (tmp_path / "page.html").read_text("utf-8"))


def test_page_of_a_run_has_the_epochs_so_far(run: str, tmp_path: Path) -> None:
    words = page_text(run, tmp_path)
    assert "segmenter · 2 of 3 epochs · trained on 100 drawings" in words
    assert re.search(r"macro-F1\s+61\.5", words)
    assert "1 ★ best" in words
    assert "Confusion of parts in the best epoch" in words
    assert "synth-0-1" in words
    log_epoch(run, 3, 70.0)  # without a snapshot
    assert "synth-0-1" not in page_text(run, tmp_path)


def test_damaged_files_are_one_line(
    run: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["report", run, "--out", str(tmp_path / "page.html")]
    place = storage.join(run, "_state", "shown.json")
    storage.write_json(place, {"version": 2})
    assert main(command) == 2
    line = capsys.readouterr().err
    assert f"{place} is damaged or of another version; remove it" in line
    assert line.count("\n") == 1
    storage.remove(place)
    assert main(command) == 0
    storage.write_text(storage.join(run, "metrics.jsonl"), '{"epoch": 1')
    assert main(command) == 2
    assert "metrics.jsonl is damaged" in capsys.readouterr().err


@pytest.mark.parametrize("verb", [["info"], ["report", "--out", "page.html"]])
def test_folder_without_rows_is_described_in_one_line(
    verb: list[str],
    run: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    storage.write_json("begun/_state/settings.json", {})
    assert main([*verb, "begun"]) == 2
    assert "begun has no rows yet: the command that writes it is still running or was stopped" in (
        capsys.readouterr().err
    )
    storage.write_json(storage.join(run, "summary.json"), {})
    assert main(["info", run]) == 2
    assert "is a training run or a sweep, not a corpus" in capsys.readouterr().err


def test_page_of_a_sweep_has_the_trials_so_far(run: str, tmp_path: Path) -> None:
    location = storage.join(str(tmp_path), "runs", "sweep")
    space = {
        "learning_rate": {"range": [0.0001, 0.1], "log": True},
        "model.channels": {"choices": [[8], [64, 128]]},
    }
    settings = SETTINGS | {"space": space, "trials": 4}
    storage.write_json(storage.join(location, "config.json"), settings)
    sweep = Sweep(location=location, model_kind="segmenter")
    for number, rate in enumerate((0.001, 0.01, 0.05), 1):
        sweep.add_trial(number, {"learning_rate": rate, "model.channels": [8]})
    with pytest.raises(UserError, match="no epoch of a trial"):
        run_report.write_page(location, settings, str(tmp_path / "page.html"))
    for number, score in ((1, 50.0), (2, 60.0)):
        log_epoch(sweep.run_folder(number), 1, score)
    storage.write_json(storage.join(sweep.run_folder(2), "summary.json"), {})
    words = page_text(location, tmp_path)
    assert "1 of 4 trials at their end" in words
    assert re.search(r"trial-02 ★ best\s+60\.0", words)
    assert re.search(r"trial-03\s+–\s+0\s+not yet", words)


def test_page_is_the_same_each_time(run: str) -> None:
    settings = storage.read_json(storage.join(run, "config.json"))
    assert run_report.run_page(run, settings) == run_report.run_page(run, settings)


def test_folder_that_is_not_a_run_is_shown_as_a_corpus(
    run: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    parquet.write_table(str(tmp_path / "corpus" / "part-0.parquet"), to_table(drawn(1, seed=0)))
    assert "1 drawing" in page_text(tmp_path / "corpus", tmp_path)
    for arguments, message in (
        ([run, "--truth", run], "is a training run"),
        ([str(tmp_path)], "is not a corpus"),
    ):
        assert main(["report", *arguments, "--out", str(tmp_path / "no.html")]) == 2
        assert message in capsys.readouterr().err
    assert not (tmp_path / "no.html").exists()
    empty = str(tmp_path / "begun")
    storage.write_json(storage.join(empty, "config.json"), SETTINGS)
    with pytest.raises(UserError, match="no epoch to show yet"):
        run_report.write_page(empty, SETTINGS, str(tmp_path / "no.html"))


def test_runs_of_one_kind_share_a_page(
    run: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = storage.join(str(tmp_path), "runs", "second")
    recipe = {"epochs": 3, "augment": {"rotate": 15}}
    storage.write_json(storage.join(other, "config.json"), SETTINGS | {"recipe": recipe})
    out = ["--out", str(tmp_path / "both.html")]
    assert main(["report", run, other, *out]) == 2
    assert "second has no epoch to show yet" in capsys.readouterr().err
    log_epoch(other, 1, 70.0)
    assert main(["report", run, other, *out]) == 0
    words = re.sub(r"<[^>]+>", " ", (tmp_path / "both.html").read_text("utf-8"))
    assert re.search(r"second ★ best\s+70\.00", words)
    assert re.search(r"augment\.rotate\s+–\s+15", words)
    storage.write_json(storage.join(other, "config.json"), SETTINGS | {"kind": "refiner"})
    for command, message in (
        ([run, other, *out], "runs of one model kind can be compared, not of refiner, segmenter"),
        ([run, other], "the page of several runs needs a name: --out FILE"),
        ([run, str(tmp_path), *out], "is not a training run; runs alone share a page"),
        ([run, run, *out], "a run is given twice"),
    ):
        assert main(["report", *command]) == 2
        assert message in capsys.readouterr().err
