import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from instancesketch.core import lease, storage
from instancesketch.core.errors import UserError
from tests.racing import ROUNDS, Race, racing

HOLD_AND_WAIT = """
import sys
from instancesketch.core import lease
with lease.hold(sys.argv[1]):
    print("held", flush=True)
    sys.stdin.read()
"""


def held_by_another_process(folder: Path) -> subprocess.Popen[str]:
    """Return a process that holds the lease of a folder until its standard input ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD_AND_WAIT, str(folder)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def lease_files(folder: Path) -> list[Path]:
    return list((folder / "_state").glob("at-work.*.json"))


def move_to_another_machine(file: Path) -> None:
    """Change a lease as if a process of another machine had written it."""
    storage.write_json(str(file), storage.read_json(str(file)) | {"place": "elsewhere"})


@pytest.fixture(scope="module")
def race() -> Iterator[Race]:
    with racing() as race:
        yield race


def work_alone(leases: str, folder: str, round: int, number: int) -> bool:
    """Return whether no other process held the lease of the round meanwhile."""
    with lease.hold(f"{leases}/{round}"):
        alone = Path(folder) / f"alone-{round}"
        try:
            alone.mkdir()
        except FileExistsError:
            return False
        time.sleep(0.005)
        alone.rmdir()
        return True


def test_commands_started_at_once_work_one_after_the_other(race: Race, tmp_path: Path) -> None:
    assert race(partial(work_alone, str(tmp_path), str(tmp_path))) == [(True, True)] * ROUNDS
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_a_waiting_command_says_once_for_which_process(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    first = held_by_another_process(tmp_path)
    assert first.stdin is not None
    threading.Timer(0.5, first.stdin.close).start()
    with lease.hold(str(tmp_path)):
        assert first.wait() == 0
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert record.getMessage().startswith(f"another command is at work on {tmp_path} (")
    assert f"process {first.pid}); waiting" in record.getMessage()


def test_a_killed_process_on_this_machine_is_not_waited_for(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    first = held_by_another_process(tmp_path)
    os.kill(first.pid, signal.SIGKILL)
    # It is not reaped yet, as where its parent is busy.
    os.waitid(os.P_PID, first.pid, os.WEXITED | os.WNOWAIT)
    with lease.hold(str(tmp_path)):
        assert len(lease_files(tmp_path)) == 1
    first.wait()
    assert not caplog.records
    assert not lease_files(tmp_path)


class RenewingTime:
    """Time that passes only while the waiting command sleeps; the other one renews meanwhile."""

    def __init__(self, file: Path, renewals: int) -> None:
        self.now, self.file, self.left = 0.0, file, renewals

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += 0.9 * lease.SECONDS_UNTIL_EXPIRY
        if self.left:
            content = storage.read_json(str(self.file))
            self.left -= 1
            storage.write_json(str(self.file), content | {"renewals": -self.left})


def test_a_lease_of_another_machine_is_waited_for_while_it_is_renewed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "_state" / "at-work.0.json"
    with lease.hold(str(tmp_path)):
        (own,) = lease_files(tmp_path)
        content = storage.read_json(str(own))
    storage.write_json(str(file), content | {"place": "elsewhere", "host": "far"})
    clock = RenewingTime(file, renewals=5)
    monkeypatch.setattr(lease, "time", clock)
    with lease.hold(str(tmp_path)):
        assert clock.left == 0
        assert not file.exists()
    (record,) = caplog.records
    assert "(far, process " in record.getMessage()


def test_a_process_that_wakes_up_after_its_lease_expired_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lease, "SECONDS_UNTIL_EXPIRY", 0.2)
    monkeypatch.setattr(lease, "SECONDS_BETWEEN_RENEWALS", 1_000.0)  # it sleeps
    with lease.hold(str(tmp_path)) as held:
        held.refuse_loss()
        move_to_another_machine(lease_files(tmp_path)[0])
        with lease.hold(str(tmp_path)) as other:
            other.refuse_loss()
            assert not held.is_held()
            with pytest.raises(UserError, match="another command continues this one"):
                held.refuse_loss()
        assert not lease_files(tmp_path)


def test_a_held_lease_is_renewed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease, "SECONDS_BETWEEN_RENEWALS", 0.01)
    with lease.hold(str(tmp_path)):
        (file,) = lease_files(tmp_path)
        while storage.read_json(str(file))["renewals"] < 3:
            time.sleep(0.01)
