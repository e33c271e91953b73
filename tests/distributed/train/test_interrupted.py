"""Ctrl-C while Ray trains: one line, the status of a stopped command, and nothing left over."""

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).parents[3]


@pytest.mark.nightly
@pytest.mark.timeout(600)
@pytest.mark.parametrize("verb", ["train", "tune"])
def test_ctrl_c_ends_a_command_that_trains_on_its_own_ray(
    split_corpus: str, tmp_path: Path, verb: str
) -> None:
    command = [
        sys.executable, "-m", "instancesketch", verb, "segmenter", "--data", split_corpus,
        "--run", "r", "--epochs", "300", "--workers", "1", "--set", "model.width=16",
        "--set", "model.heads=2", "--set", "model.layers=1",
    ]  # fmt: skip
    environment = {k: v for k, v in os.environ.items() if k != "RAY_ADDRESS"}
    process = subprocess.Popen(
        command, cwd=tmp_path, env=environment | {"PYTHONPATH": str(ROOT)}, start_new_session=True,
        text=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stderr is not None
    lines = []
    try:
        for line in process.stderr:
            lines.append(line)
            if "epoch 1 took" in line or "trial" in line:  # it is in the midst of training
                break
        children = psutil.Process(process.pid).children(recursive=True)
        assert children
        process.send_signal(signal.SIGINT)
        lines += process.stderr.readlines()
        assert process.wait(60) == 130, lines
        assert lines[-1] == "instancesketch: stopped; run the same command again to continue\n"
        _, alive = psutil.wait_procs(children, timeout=120)
        assert not alive
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
