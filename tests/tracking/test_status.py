"""The position within an epoch, and the lines printed while a process waits for a run."""

import threading
import time
from pathlib import Path
from typing import Any

import pytest

from instancesketch.tracking.metrics_log import METRICS, MetricsLog
from instancesketch.tracking.run_state import Position, RunState
from instancesketch.tracking.status import (
    SECONDS_BETWEEN_POSITIONS,
    SECONDS_ON_A_STORE,
    PositionWriter,
    epoch_table,
    follow_run,
)


def metrics(epoch: int, **values: Any) -> dict[str, Any]:
    return {"epoch": epoch, "loss": 1.0 / epoch, "seconds": 2.0, "macro_f1": 50.0 + epoch,
            "score": 50.0 + epoch} | values  # fmt: skip


def test_each_epoch_is_printed_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = str(tmp_path)
    MetricsLog(run).log(metrics(1))  # from an earlier start, which printed it
    with follow_run(run, "mine", quiet=False):
        MetricsLog(run).log(metrics(2, part_accuracy=80.0, C=None))
        MetricsLog(run).log(metrics(3, macro_f1=None, score=None))
        MetricsLog(run).log(metrics(4, macro_f1=None, score=1.0, grouping=70.0, ari=60.0))
    assert capsys.readouterr().err.splitlines() == [
        "mine: epoch 2 took 0:02, loss 0.5000, macro-F1 52.00, part accuracy 80.00, "
        "the best so far",
        "mine: epoch 3 took 0:02, loss 0.3333",
        "mine: epoch 4 took 0:02, loss 0.2500, grouping 70.00, ARI 60.00",
    ]


def test_table_marks_the_best_epoch() -> None:
    lines = [metrics(1), metrics(2, score=70.0), metrics(3, macro_f1=None)]
    assert str(epoch_table(lines)).splitlines() == [
        "epoch     took    loss  macro-F1",
        "1         0:02  1.0000     51.00",
        "2 (best)  0:02  0.5000     52.00",
        "3         0:02  0.3333         -",
    ]


def test_table_of_a_long_run_has_every_nth_epoch_the_best_and_the_last() -> None:
    lines = [metrics(n, score=float(n == 17)) for n in range(1, 102)]
    shown = [int(row[0].split()[0]) for row in epoch_table(lines, most=20).rows]
    assert shown == sorted([*range(6, 101, 6), 17, 101])


def test_table_without_a_selection_split_marks_no_epoch() -> None:
    table = epoch_table([metrics(1, macro_f1=None), metrics(2, macro_f1=None)])
    assert (table.best, table.head) == (None, ["epoch", "took", "loss"])


def test_quiet_prints_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with follow_run(str(tmp_path), "mine", quiet=True):
        MetricsLog(str(tmp_path)).log(metrics(1))
    assert capsys.readouterr().err == ""


def test_terminal_shows_the_position_until_the_run_ends(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    position = Position(epoch=1, epochs=2, step=3, steps=5, steps_per_second=0.5, seconds_left=14.0)
    with follow_run(str(tmp_path), "mine", quiet=False):
        RunState(str(tmp_path)).write_position(position)
        time.sleep(1.5)
        MetricsLog(str(tmp_path)).log(metrics(1))
    written = capsys.readouterr().err
    line = "mine: epoch 1 of 2, step 3 of 5, 0.5 steps/s, 0:14 left"
    assert f"\r{line}\r" in written
    epoch = written.index("mine: epoch 1 took 0:02")
    assert written.rindex(line) < epoch
    assert written[epoch:].split("\n", 1)[1].strip() == ""


def test_positions_are_spaced_in_time_and_have_speed_and_time_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter([0.0, 2.0, 3.0, 2.0 + SECONDS_BETWEEN_POSITIONS + 1.0, 20.0, 21.0])
    monkeypatch.setattr("time.perf_counter", lambda: next(clock))
    writer, state = PositionWriter(str(tmp_path), epochs=2), RunState(str(tmp_path))

    def position() -> Position:
        assert writer.thread is not None
        writer.thread.join()
        found = state.position()
        assert found is not None
        return found

    writer.begin(0)
    writer.step(0, 1, 5)
    first = Position(epoch=1, epochs=2, step=1, steps=5, steps_per_second=0.5, seconds_left=18.0)
    assert position() == first
    assert [f.name for f in (tmp_path / "_state").iterdir()] == ["progress.json"]
    writer.step(0, 2, 5)  # too soon after the first
    assert position() == first
    writer.step(0, 5, 5)
    assert position().step == 5
    writer.step(1, 1, 5)  # the speed is measured anew in each epoch
    writer.step(1, 2, 5)
    assert (position().steps_per_second, position().seconds_left) == (1.0, 3.0)


def test_position_that_can_not_be_written_does_not_raise(tmp_path: Path) -> None:
    (tmp_path / "_state").touch()
    writer = PositionWriter(str(tmp_path), epochs=2)
    writer.begin(0)
    writer.step(0, 1, 5)
    assert writer.thread is not None
    writer.thread.join()
    assert (tmp_path / "_state").read_text() == ""


def test_steps_do_not_wait_for_a_slow_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer, go_on, written = PositionWriter(str(tmp_path), epochs=1), threading.Event(), []

    def write(position: Position) -> None:
        go_on.wait(60)
        written.append(position.step)

    monkeypatch.setattr(writer.state, "write_position", write)
    monkeypatch.setattr(writer, "seconds", 0.0)
    writer.begin(0)
    for step in range(1, 5):
        writer.step(0, step, 5)
    assert not written
    go_on.set()
    assert writer.thread is not None
    writer.thread.join()
    assert written == [1]


def test_positions_are_written_less_often_to_an_object_store() -> None:
    assert PositionWriter("s3://bucket/run", epochs=1).seconds == SECONDS_ON_A_STORE == 30


def test_log_is_followed_after_it_was_unreadable(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with follow_run(str(tmp_path), "mine", quiet=False):
        (tmp_path / METRICS).mkdir()
        time.sleep(1.0)
        (tmp_path / METRICS).rmdir()
        MetricsLog(str(tmp_path)).log(metrics(1))
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("mine: epoch 1 took")
