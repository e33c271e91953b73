"""Steps are timed in processes of their own, beside others that are ended afterwards."""

import subprocess

import pytest

from experiments import waiting


def test_steps_and_a_checkpoint_take_time() -> None:
    found = waiting.measure(1, "PASSIVE", steps=1, times=1)
    assert found.keys() == {"steps", "checkpoint"}
    assert all(seconds > 0 for seconds in found.values())


def test_busy_processes_run_until_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[subprocess.Popen[bytes]] = []
    popen = subprocess.Popen
    monkeypatch.setattr(
        subprocess, "Popen", lambda *args: started.append(popen(*args)) or started[-1]
    )
    with waiting.busy(2):
        assert [process.poll() for process in started] == [None, None]
    assert [process.poll() for process in started] == [-9, -9]
