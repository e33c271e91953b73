"""A tracker that can't be written ends no training, and is told of."""

import logging

import pytest

from instancesketch.core.errors import UserError
from instancesketch.tracking import metrics_log, notes
from instancesketch.tracking.metrics_log import METRICS, RunLog
from instancesketch.tracking.reporter import Reporter
from instancesketch.tracking.status import following
from instancesketch.tracking.tensorboard import FOLDER, TensorBoard

SETTINGS = {"kind": "segmenter"}


def figures(epoch):
    return {"epoch": epoch, "loss": 1.0 / epoch, "seconds": 2.0}


@pytest.fixture
def reporter(tmp_path):
    return Reporter(str(tmp_path), SETTINGS, [RunLog(str(tmp_path)), TensorBoard(str(tmp_path))])


def warnings_of(caplog, logger):
    return [r.getMessage() for r in caplog.records
            if r.name.endswith(logger) and r.levelno == logging.WARNING]  # fmt: skip


def test_whoever_waits_is_told_of_a_tracker_that_fails(reporter, tmp_path, caplog):
    """In one line each time, and not of those of an earlier start."""
    notes.leave(str(tmp_path), ["long ago"])
    with reporter, following(str(tmp_path), "mine", quiet=True):
        (tmp_path / FOLDER / "events.out.tfevents.0000000001.instancesketch").mkdir()
        for epoch in (1, 2):
            reporter.log(figures(epoch))
    assert metrics_log.read(str(tmp_path)) == [figures(1), figures(2)]
    (told,) = warnings_of(caplog, "status")
    assert told.startswith(f"epoch 1: {tmp_path / FOLDER}")
    assert told.endswith("; the run goes on")
    assert "\n" not in told


def test_a_log_that_fails_is_told_when_all_others_are(reporter, tmp_path):
    (tmp_path / METRICS).mkdir()
    with reporter, pytest.raises(UserError, match=METRICS):
        reporter.log(figures(1))
    assert len(list((tmp_path / FOLDER).iterdir())) == 2  # the settings and the epoch
    (tmp_path / METRICS).rmdir()
    reporter.log(figures(2))
    assert metrics_log.read(str(tmp_path)) == [figures(1), figures(2)]


def test_a_warning_that_can_not_be_left_is_left_with_the_next(reporter, tmp_path):
    (tmp_path / "_state").touch()
    reporter.warn(1, "a disk that\nis full")
    (tmp_path / "_state").unlink()
    reporter.warn(2, "full again")
    assert notes.notes(str(tmp_path)) == [
        "epoch 1: a disk that is full", "epoch 2: full again",
    ]  # fmt: skip
