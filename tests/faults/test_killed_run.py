"""A run that loses a worker, a checkpoint and its driver."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from instancesketch.core import storage
from instancesketch.core.usage import MEASURED_FIELDS
from instancesketch.tracking import checkpoints
from tests.faults.training_run import TrainingRun
from tests.faults.two_nodes import TwoNodes

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("faults"), pytest.mark.timeout(600)]

EPOCHS = 6


def flip_a_bit(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def test_interrupted_run_reaches_the_weights_of_an_uninterrupted_one(
    joined: TwoNodes, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    record_property: Callable[[str, object], None],
) -> None:  # fmt: skip
    """Kill a worker, then the driver, damage the newest checkpoint, and continue."""
    joined.have_node(cpus=2)
    options = ("--workers", "2", "--epochs", str(EPOCHS))
    whole = TrainingRun(tmp_path, "whole", *options)
    whole.finish()

    broken = TrainingRun(tmp_path, "broken", *options)
    with broken.in_driver(joined.address) as driver:
        broken.until(driver, lambda: broken.last_epoch() >= 1)  # in the middle of the next epoch
        killed = time.time()
        os.kill(broken.starts()[0].workers[1].pid, signal.SIGKILL)
        broken.until(driver, lambda: len(broken.starts()) == 2)
        after_worker = broken.starts()[1].epoch
        broken.until(driver, lambda: broken.last_epoch() >= after_worker + 2)
    record_property("worker killed: s until it goes on", broken.seconds_to_start(1, killed))
    killed = time.time()
    assert not Path(broken.run, "summary.json").exists()
    newest = max(Path(broken.run, checkpoints.FOLDER).glob("epoch-*"))
    damaged = int(newest.name[6:12])
    flip_a_bit(newest)
    capsys.readouterr()
    broken.finish()
    record_property("driver killed: s until it goes on", broken.seconds_to_start(2, killed))

    figures = [
        [{k: v for k, v in line.items() if k not in MEASURED_FIELDS} for line in run.lines()]
        for run in (whole, broken)
    ]
    assert [line["epoch"] for line in figures[0]] == list(range(1, EPOCHS + 1))
    assert figures[0] == figures[1]
    weights = broken.weights()
    assert all(torch.equal(value, weights[name]) for name, value in whole.weights().items())
    # Killing the worker lost its epoch, killing the driver another, the damage one more.
    starts = [{"epoch": s.epoch, "damaged": s.damaged, "workers": 2} for s in broken.starts()]
    assert 1 <= after_worker < damaged < EPOCHS
    assert starts == [
        {"epoch": 0, "damaged": [], "workers": 2},
        {"epoch": after_worker, "damaged": [], "workers": 2},
        {"epoch": damaged - 1, "damaged": [damaged], "workers": 2},
    ]
    assert storage.read_json(f"{broken.run}/summary.json")["starts"] == starts
    warning = (
        f"{broken.run}: the checkpoint of epoch {damaged} missing or damaged; training "
        f"goes on after epoch {damaged - 1}"
    )
    assert f"instancesketch: warning: {warning}" in capsys.readouterr().err.splitlines()
    assert warning in Path(broken.run, "_log.txt").read_text()
    record_property("starts of the broken run", starts)
