import json
from pathlib import Path

import pytest

from instancesketch.cli.main import main
from instancesketch.core.errors import UserError
from instancesketch.distributed.submitted import job_id, refuse_lost

JOB = {
    "runtime_env": {"working_dir": "gcs://p.zip"},
    "metadata": {"job_submission_id": "raysubmit_1"},
}


@pytest.fixture
def job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RAY_JOB_CONFIG_JSON_ENV_VAR", json.dumps(JOB))


def test_elsewhere_nothing_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RAY_JOB_CONFIG_JSON_ENV_VAR", raising=False)
    assert job_id() is None
    refuse_lost("--out", "result")


def test_a_job_of_no_working_directory_may_write_where_it_is(
    job: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAY_JOB_CONFIG_JSON_ENV_VAR", json.dumps({"runtime_env": {}}))
    refuse_lost("--out", "result")


def test_what_would_be_lost_with_the_job_is_refused(job: None, tmp_path: Path) -> None:
    assert job_id() == "raysubmit_1"
    for location in ("s3://bucket/result", str(tmp_path.parent / "result"), "../result"):
        refuse_lost("--out", location)
    for location in ("result", ".", str(tmp_path / "a" / "b")):
        with pytest.raises(UserError, match=r"^--out .* is removed with the job"):
            refuse_lost("--out", location)


@pytest.mark.parametrize(
    ("command", "said"),
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
def test_every_verb_refuses_it(
    job: None, command: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(command.split()) == 2
    told = capsys.readouterr().err
    assert said in told
    assert told.count("\n") == 1
