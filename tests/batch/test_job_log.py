import logging
from pathlib import Path

import pytest

from instancesketch.batch import job_log
from instancesketch.batch.job_log import LOG, asked, keeping, shortened
from instancesketch.core.errors import UserError

log = logging.getLogger("instancesketch.batch.job")


def lines_of(folder: Path) -> list[str]:
    """The words of the log, the times left out."""
    return [line.split(" ", 1)[1] for line in (folder / LOG).read_text("utf-8").splitlines()]


def some_work_and_stop() -> None:
    log.info("part-0 done")
    log.debug("too much to keep")
    raise KeyboardInterrupt


def test_a_continued_job_goes_on_with_its_log(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), keeping(str(tmp_path), "ingest", {"out": "a"}):
        some_work_and_stop()
    with pytest.raises(UserError), keeping(str(tmp_path), "ingest", {"out": "a"}):
        raise UserError("the disk is full")
    log.info("after the job")
    with keeping(str(tmp_path), "ingest", {"out": "a"}):
        logging.getLogger("elsewhere").warning("not ours")
    told = [line for line in lines_of(tmp_path) if not line.startswith(("with ", "on "))]
    assert told == [
        "ingest begun", 'asked for {"out": "a"}', "part-0 done",
        "ingest stopped (KeyboardInterrupt); the same command goes on from here",
        "ingest continued", 'asked for {"out": "a"}', "ingest failed: the disk is full",
        "ingest continued", 'asked for {"out": "a"}', "ingest finished",
    ]  # fmt: skip
    assert sum("pyarrow" in line for line in lines_of(tmp_path)) == 3


def test_a_bug_leaves_its_traceback(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), keeping(str(tmp_path), "synth", {}):
        raise ZeroDivisionError
    text = (tmp_path / LOG).read_text("utf-8")
    assert "synth failed: ZeroDivisionError\nTraceback" in text


def test_the_log_is_there_before_the_job_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_log, "SECONDS_BETWEEN", 0.01)
    with keeping(str(tmp_path), "synth", {}):
        assert lines_of(tmp_path)[0] == "synth begun"
        log.info("part-0 done")
        while lines_of(tmp_path)[-1] != "part-0 done":
            pass


def test_a_log_that_can_not_be_written_stops_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    with keeping(str(tmp_path / "file" / "corpus"), "synth", {}):
        log.info("part-0 done")
    (record,) = (r for r in caplog.records if r.levelno == logging.WARNING)
    assert record.getMessage().startswith("the log of this job lacks its end: ")


def test_a_long_log_keeps_its_beginning_and_its_end() -> None:
    text = ""
    for number in range(60_000):
        text = shortened(f"{text}part-{number:06} of a job that has very many of them\n")
    lines = text.splitlines()
    assert len(text) <= 800_000
    assert lines[0].startswith("part-000000")
    assert lines[-1].startswith("part-059999")
    (gap,) = (i for i, line in enumerate(lines) if line.startswith("(lines left out"))
    assert all(line.startswith("part-") for line in (*lines[:gap], *lines[gap + 1 :]))


def test_settings_are_told_in_one_line_of_bounded_length() -> None:
    assert asked({"taxonomy": {"name": "spg20", "parts": []}, "seed": 1}) == (
        '{"taxonomy": "spg20", "seed": 1}'
    )
    assert asked({"taxonomy": None}) == '{"taxonomy": null}'
    assert len(asked({"sources": ["a" * 100] * 1_000})) < 5_000
