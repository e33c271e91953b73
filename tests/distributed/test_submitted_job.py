"""Submitted jobs: their name, and the folders that are removed with them."""

import json
from pathlib import Path

import pytest

from instancesketch.cli.main import main
from instancesketch.core.errors import UserError
from instancesketch.distributed.submitted_job import job_id, refuse_job_directory

JOB = {
    "runtime_env": {"working_dir": "gcs://p.zip"},
    "metadata": {"job_submission_id": "raysubmit_1"},
}


@pytest.fixture
def submitted_job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RAY_JOB_CONFIG_JSON_ENV_VAR", json.dumps(JOB))


def test_any_location_is_allowed_outside_a_job(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RAY_JOB_CONFIG_JSON_ENV_VAR", raising=False)
    assert job_id() is None
    refuse_job_directory("--out", "result")


def test_job_without_a_working_directory_may_write_to_a_relative_path(
    submitted_job: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAY_JOB_CONFIG_JSON_ENV_VAR", json.dumps({"runtime_env": {}}))
    refuse_job_directory("--out", "result")


def test_locations_removed_with_the_job_are_refused(submitted_job: None, tmp_path: Path) -> None:
    assert job_id() == "raysubmit_1"
    for location in ("s3://bucket/result", str(tmp_path.parent / "result"), "../result"):
        refuse_job_directory("--out", location)
    for location in ("result", ".", str(tmp_path / "a" / "b")):
        with pytest.raises(UserError, match=r"^--out .* is removed with the job"):
            refuse_job_directory("--out", location)


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("ingest /data --out corpus", "--out corpus would lie"),
        ("ingest /data --out corpus --storage runs", "--out runs/corpus would lie"),
        ("ingest /data --out corpus --storage /nowhere", "/data isn't there"),
        ("train segmenter --data /data --run first", "--storage runs would lie"),
        ("tune segmenter --data /data --run first", "--storage runs would lie"),
        ("synth scenes --number 1 --out /a --yolo images", "--yolo images would lie"),
        ("report /data --out report.html", "--out report.html would lie"),
        ("demo", "--out demo would lie"),
    ],
)
def test_every_verb_refuses_locations_removed_with_the_job(
    submitted_job: None, command: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(command.split()) == 2
    printed = capsys.readouterr().err
    assert message in printed
    assert printed.count("\n") == 1
