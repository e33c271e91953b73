import logging
from pathlib import Path

import pytest

from instancesketch.batch import job_log
from instancesketch.batch.job_log import LOG, format_config, log_to, shorten
from instancesketch.core.errors import UserError

log = logging.getLogger("instancesketch.batch.job")


def lines_of(folder: Path) -> list[str]:
    """Return the lines of the log without their times."""
    return [line.split(" ", 1)[1] for line in (folder / LOG).read_text("utf-8").splitlines()]


def work_and_stop() -> None:
    log.info("part-0 done")
    log.debug("too much to keep")
    raise KeyboardInterrupt


def test_a_continued_job_appends_to_its_log(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), log_to(str(tmp_path), "ingest", {"out": "a"}):
        work_and_stop()
    with pytest.raises(UserError), log_to(str(tmp_path), "ingest", {"out": "a"}):
        raise UserError("the disk is full")
    log.info("after the job")
    with log_to(str(tmp_path), "ingest", {"out": "a"}):
        logging.getLogger("elsewhere").warning("not ours")
    lines = [line for line in lines_of(tmp_path) if not line.startswith(("with ", "on "))]
    assert lines == [
        "ingest begun", 'config {"out": "a"}', "part-0 done",
        "ingest stopped (KeyboardInterrupt); the same command continues it",
        "ingest continued", 'config {"out": "a"}', "ingest failed: the disk is full",
        "ingest continued", 'config {"out": "a"}', "ingest finished",
    ]  # fmt: skip
    assert sum("pyarrow" in line for line in lines_of(tmp_path)) == 3


def test_the_cluster_of_the_job_is_logged(tmp_path: Path) -> None:
    with log_to(str(tmp_path), "ingest", {}, runs_on="Ray with 4 CPUs"):
        pass
    assert "on Ray with 4 CPUs" in lines_of(tmp_path)


def test_an_unexpected_exception_is_logged_with_its_traceback(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), log_to(str(tmp_path), "synth", {}):
        raise ZeroDivisionError
    text = (tmp_path / LOG).read_text("utf-8")
    assert "synth failed: ZeroDivisionError\nTraceback" in text


def test_the_log_is_written_while_the_job_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_log, "SECONDS_BETWEEN_WRITES", 0.01)
    with log_to(str(tmp_path), "synth", {}):
        assert lines_of(tmp_path)[0] == "synth begun"
        log.info("part-0 done")
        while lines_of(tmp_path)[-1] != "part-0 done":
            pass


def test_a_log_that_cannot_be_written_does_not_stop_the_job(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    with log_to(str(tmp_path / "file" / "corpus"), "synth", {}):
        log.info("part-0 done")
    (record,) = (r for r in caplog.records if r.levelno == logging.WARNING)
    assert record.getMessage().startswith("the end of this job's log is missing: ")


def test_a_long_log_keeps_its_beginning_and_end() -> None:
    text = ""
    for number in range(3_000):
        text = shorten(f"{text}part-{number:06} of a job that has very many of them{'.' * 900}\n")
    lines = text.splitlines()
    assert len(text) <= 800_000
    assert lines[0].startswith("part-000000")
    assert lines[-1].startswith("part-002999")
    (gap,) = (i for i, line in enumerate(lines) if line.startswith("(lines left out"))
    assert all(line.startswith("part-") for line in (*lines[:gap], *lines[gap + 1 :]))


def test_a_config_is_one_line_of_bounded_length() -> None:
    assert format_config({"taxonomy": {"name": "spg20", "parts": []}, "seed": 1}) == (
        '{"taxonomy": "spg20", "seed": 1}'
    )
    assert format_config({"taxonomy": None}) == '{"taxonomy": null}'
    assert len(format_config({"sources": ["a" * 100] * 1_000})) < 5_000
