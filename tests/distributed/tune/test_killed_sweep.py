"""A sweep whose process is ended in the middle of a trial, and continued by the same command."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from instancesketch.tracking import metrics_log
from instancesketch.tracking.sweep import Sweep
from tests.distributed.tune.test_tuner import TINY, write_corpus

ROOT = Path(__file__).parents[3]
EPOCHS = 4


def start(folder: Path) -> subprocess.Popen[str]:
    """Start a sweep of two trials, or continue it, in a process that starts its own Ray."""
    command = [
        sys.executable, "-m", "instancesketch", "tune", "segmenter", "--data", "corpus",
        "--run", "sweep", "--space", "space.toml", "--taxonomy", "doodle7", "--select", "valid",
        "--trials", "2", "--concurrent", "1", "--epochs", str(EPOCHS), "--grace", str(EPOCHS),
        "--set", "model.width=16", "--set", "model.heads=2",
    ]  # fmt: skip
    command += [word for change in TINY if "epochs" not in change for word in ("--set", change)]
    environment = {k: v for k, v in os.environ.items() if k != "RAY_ADDRESS"}
    return subprocess.Popen(
        command, cwd=folder, env=environment | {"PYTHONPATH": str(ROOT)}, start_new_session=True,
        text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def ray_workers(process: subprocess.Popen[str]) -> list[psutil.Process]:
    """Return the descendants of a process that run Ray's tasks or actors.

    Ray's own agents are left out, as they take longer to exit.
    """
    workers = []
    for child in psutil.Process(process.pid).children(recursive=True):
        with suppress(psutil.Error):  # the process has just ended
            name = " ".join(child.cmdline())
            if name.startswith("ray::") and "Agent" not in name:
                workers.append(child)
    return workers


def wait_for(
    event: Callable[[], bool], process: subprocess.Popen[str], seconds: float = 240
) -> None:
    until = time.monotonic() + seconds
    while not event():
        assert process.poll() is None, process.stderr and process.stderr.read()
        assert time.monotonic() < until
        time.sleep(0.1)


@pytest.mark.nightly
@pytest.mark.parametrize("signal_number", [signal.SIGKILL, signal.SIGTERM], ids=str)
@pytest.mark.timeout(600)
def test_sweep_ended_in_a_trial_continues_without_repeating_epochs(
    tmp_path: Path, signal_number: signal.Signals
) -> None:
    write_corpus(tmp_path / "corpus")
    (tmp_path / "space.toml").write_text("learning_rate = { range = [1e-3, 0.1], log = true }")
    location = tmp_path / "runs" / "sweep"
    sweep = Sweep(location=str(location), model_kind="segmenter")
    process = start(tmp_path)
    try:
        wait_for(lambda: any(t.number == 2 and t.epochs for t in sweep.trials()), process)
        workers = ray_workers(process)
        assert workers
        process.send_signal(signal_number)
        process.communicate(timeout=60)
        _, alive = psutil.wait_procs(workers, timeout=60)
        assert not alive
    finally:
        with suppress(ProcessLookupError):  # Ray's own processes may outlive the driver
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    assert not (location / "summary.json").exists()
    before = {t.name: (t, metrics_log.read(sweep.run_folder(t.number))) for t in sweep.trials()}
    assert [len(lines) < EPOCHS for _, lines in before.values()] == [False, True]

    process = start(tmp_path)
    output, errors = process.communicate(timeout=400)
    assert process.returncode == 0, errors
    table = json.loads((location / "trials.json").read_text())
    assert sorted(row["trial"] for row in table) == ["trial-01", "trial-02"]
    for row in table:
        trial, done = before[row["trial"]]
        lines = metrics_log.read(str(location / row["trial"]))
        assert (row["outcome"], row["values"]) == ("finished", trial.values)
        assert row["macro_f1"] == max(line["macro_f1"] for line in lines)
        assert [line["epoch"] for line in lines] == list(range(1, EPOCHS + 1))
        assert lines[: len(done)] == done  # no epoch was trained twice
        assert row["trial"] in output
    assert "best.toml" in output.splitlines()[-1]
