"""A tracker that can't be written causes a warning and doesn't end the training."""

import logging
from pathlib import Path
from typing import Any

import pytest

from instancesketch.core import storage
from instancesketch.core.errors import UserError
from instancesketch.tracking import metrics_log
from instancesketch.tracking.metrics_log import METRICS
from instancesketch.tracking.reporter import Reporter
from instancesketch.tracking.run_state import RunState
from instancesketch.tracking.status import follow_run
from instancesketch.tracking.tensorboard import FOLDER

SETTINGS = {"kind": "segmenter"}


def metrics(epoch: int) -> dict[str, Any]:
    return {"epoch": epoch, "loss": 1.0 / epoch, "seconds": 2.0}


@pytest.fixture
def reporter(tmp_path: Path) -> Reporter:
    return Reporter.of(str(tmp_path), SETTINGS)


def test_failing_tracker_is_a_warning_in_the_waiting_process(
    reporter: Reporter, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Warn in one line, without the warnings of an earlier start."""
    RunState(str(tmp_path)).write_warnings(["of an earlier start"])
    with reporter, follow_run(str(tmp_path), "mine", quiet=True):
        (tmp_path / FOLDER / "events.out.tfevents.0000000001.instancesketch").mkdir()
        for epoch in (1, 2):
            reporter.log(metrics(epoch))
    assert metrics_log.read(str(tmp_path)) == [metrics(1), metrics(2)]
    (warning,) = [
        record.getMessage()
        for record in caplog.records
        if record.name.endswith("status") and record.levelno == logging.WARNING
    ]
    assert warning.startswith(f"epoch 1: {tmp_path / FOLDER}")
    assert warning.endswith("; the run goes on")
    assert "\n" not in warning


def test_failing_log_raises_after_all_other_trackers_logged_the_epoch(
    reporter: Reporter, tmp_path: Path
) -> None:
    (tmp_path / METRICS).mkdir()
    with reporter, pytest.raises(UserError, match=METRICS):
        reporter.log(metrics(1))
    assert len(list((tmp_path / FOLDER).iterdir())) == 2  # the config and the epoch
    (tmp_path / METRICS).rmdir()
    reporter.log(metrics(2))
    assert metrics_log.read(str(tmp_path)) == [metrics(1), metrics(2)]


def test_warning_that_could_not_be_written_is_written_with_the_next(
    reporter: Reporter, tmp_path: Path
) -> None:
    (tmp_path / "_state").touch()
    reporter.warn(1, "a disk that\nis full")
    (tmp_path / "_state").unlink()
    reporter.warn(2, "full again")
    assert RunState(str(tmp_path)).warnings() == [
        "epoch 1: a disk that is full",
        "epoch 2: full again",
    ]


def test_damaged_snapshot_is_a_warning(
    reporter: Reporter, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    storage.write_text(str(tmp_path / "_state" / "shown.json"), "{")
    reporter.log(metrics(1))
    assert "shown.json" in caplog.text
    assert metrics_log.read(str(tmp_path)) == [metrics(1)]
