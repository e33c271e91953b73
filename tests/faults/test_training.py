"""Runs that lose nodes, drivers, workers and checkpoints: repeated work and messages."""

import itertools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import safetensors.torch
import torch

from instancesketch.core import storage
from instancesketch.core.schema import to_table
from instancesketch.core.usage import MEASURED_FIELDS
from instancesketch.tracking import checkpoints, metrics_log
from instancesketch.tracking.run_state import RunState
from tests.drawings import drawn

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

# The command line, checking for room for more workers every second to shorten the tests.
COMMAND = """
import sys
from instancesketch.cli.main import main
from instancesketch.distributed.train import run_training
run_training.SECONDS_BETWEEN_RESIZES = 1.0
sys.exit(main(sys.argv[1:]))
"""
TINY = [
    "samples=8", "channels=[16]", "width=16", "layers=1", "heads=2", "feedforward=32",
]  # fmt: skip
RECIPE = ["--batch-size", "16", *(p for v in TINY for p in ("--set", f"model.{v}"))]
# Several steps per epoch, so that it can be interrupted in the middle.
RECIPE += ["--set", "passes=2", "--set", "learning_rate=0.02", "--set", "average=0.5"]


@pytest.fixture(scope="module")
def cluster(cluster_of: Callable[..., Any]) -> Any:
    """Return a cluster of two nodes with one CPU each: one worker on each."""
    return cluster_of(1, 1)


class Training:
    """A run whose command can be started several times."""

    def __init__(self, folder: Path, address: str, name: str, *options: str) -> None:
        self.run = str(folder / name)
        corpus = folder / "corpus"
        if not corpus.exists():
            corpus.mkdir()
            sketches = [s.replace(split="train") for s in drawn(100, seed=2)]
            pq.write_table(to_table(sketches), corpus / "rows.parquet", row_group_size=25)
        self.command = [
            sys.executable, "-c", COMMAND, "train", "segmenter", "--data", str(corpus),
            "--storage", str(folder), "--run", name, "--select", "none", "--quiet", *RECIPE,
            *options,
        ]  # fmt: skip
        self.environment = os.environ | {"RAY_ADDRESS": address}
        self.said = Path(folder / f"{name}.log")

    @contextmanager
    def going(self) -> Iterator[subprocess.Popen[bytes]]:
        """Start the command and yield its process; kill it at the end if it still runs."""
        with self.said.open("ab") as log:
            driver = subprocess.Popen(
                self.command, env=self.environment, stdout=log, stderr=log, start_new_session=True
            )
            try:
                yield driver
            finally:
                if driver.poll() is None:
                    os.kill(driver.pid, signal.SIGKILL)
                driver.wait()

    def until(self, driver: subprocess.Popen[bytes], happened: Callable[[], Any]) -> Any:
        while not (found := happened()):
            assert driver.poll() is None, self.said.read_text()
            time.sleep(0.02)
        return found

    def finish(self, driver: subprocess.Popen[bytes]) -> None:
        assert driver.wait() == 0, self.said.read_text()

    def lines(self) -> list[dict[str, Any]]:
        return metrics_log.read(self.run)

    def reached(self, epoch: int) -> Callable[[], bool]:
        return lambda: any(line["epoch"] >= epoch for line in self.lines())

    def began(self, times: int) -> Callable[[], bool]:
        return lambda: len(RunState(self.run).starts()) >= times

    def weights(self) -> dict[str, torch.Tensor]:
        return safetensors.torch.load_file(f"{self.run}/segmenter/model.safetensors")


def flip_a_bit(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def test_run_shrinks_and_grows_with_the_cluster(
    cluster: Any, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    """Remove a node without grace, then add one: the run goes on with one worker, then two.

    This test comes first: Ray keeps the resource requests of a killed driver for three minutes,
    and an elastic run waits for them.
    """
    run = Training(tmp_path, cluster.address, "elastic", "--workers", "1-2", "--epochs", "1000")

    def trained_by(workers: int) -> Callable[[], bool]:
        return lambda: [line["workers"] for line in run.lines()][-1:] == [workers]

    with run.going() as driver:
        run.until(driver, trained_by(2))
        removed = time.monotonic()
        cluster.remove_node(next(iter(cluster.worker_nodes)), allow_graceful=False)
        run.until(driver, trained_by(1))
        record_property("node lost: s to the next epoch", time.monotonic() - removed)
        added = time.monotonic()
        cluster.add_node(wait=False, num_cpus=1, object_store_memory=100 * 2**20)
        run.until(driver, trained_by(2))
        record_property("node added: s to the next epoch of two", time.monotonic() - added)
    lines, began = run.lines(), RunState(run.run).starts()
    assert [line["epoch"] for line in lines] == list(range(1, len(lines) + 1))
    workers = [line["workers"] for line in lines]
    assert [number for number, _ in itertools.groupby(workers)] == [2, 1, 2]
    # Every start continues after the last finished epoch: only the current epoch was lost.
    assert [len(start.workers) for start in began] == [2, 1, 2]
    changes = [i for i in range(1, len(workers)) if workers[i] != workers[i - 1]]
    assert [start.epoch for start in began] == [0, *changes]
    record_property("workers by epoch", workers)


def test_interrupted_run_reaches_the_weights_of_an_uninterrupted_one(
    cluster: Any, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    """Kill the driver, damage its newest checkpoint, then kill a worker."""
    ten = ("--workers", "2", "--epochs", "10")
    whole = Training(tmp_path, cluster.address, "whole", *ten)
    with whole.going() as driver:
        whole.finish(driver)

    broken = Training(tmp_path, cluster.address, "broken", *ten)
    with broken.going() as driver:
        broken.until(driver, broken.reached(2))
        os.kill(driver.pid, signal.SIGKILL)
    assert not Path(broken.run, "summary.json").exists()
    newest = max(Path(broken.run, checkpoints.FOLDER).glob("epoch-*"))
    damaged = int(newest.name[6:12])
    flip_a_bit(newest)
    killed = time.monotonic()
    with broken.going() as driver:
        broken.until(driver, broken.began(2))
        record_property("driver killed: s until it goes on", time.monotonic() - killed)
        worker = RunState(broken.run).starts()[-1].workers[1].pid
        broken.until(driver, broken.reached(damaged + 1))  # now in the middle of the next epoch
        killed = time.monotonic()
        os.kill(worker, signal.SIGKILL)
        broken.until(driver, broken.began(3))
        record_property("worker killed: s until it goes on", time.monotonic() - killed)
        broken.finish(driver)

    told = [
        [{k: v for k, v in line.items() if k not in MEASURED_FIELDS} for line in training.lines()]
        for training in (whole, broken)
    ]
    assert [line["epoch"] for line in told[0]] == list(range(1, 11))
    assert told[0] == told[1]
    weights = broken.weights()
    assert all(torch.equal(value, weights[name]) for name, value in whole.weights().items())
    # Killing the driver lost its epoch, the damage one more, killing the worker another.
    began = [{"epoch": s.epoch, "damaged": s.damaged} for s in RunState(broken.run).starts()]
    after_kill = began[2]["epoch"]
    assert damaged + 1 <= after_kill < 10
    assert began == [
        {"epoch": 0, "damaged": []},
        {"epoch": damaged - 1, "damaged": [damaged]},
        {"epoch": after_kill, "damaged": []},
    ]
    summary = storage.read_json(f"{broken.run}/summary.json")
    assert summary["starts"] == [start | {"workers": 2} for start in began]
    warning = (
        f"warning: {broken.run}: the checkpoint of epoch {damaged} missing or damaged; training "
        f"goes on after epoch {damaged - 1}"
    )
    assert f"instancesketch: {warning}" in broken.said.read_text().splitlines()
    assert warning.removeprefix("warning: ") in Path(broken.run, "_log.txt").read_text()
    record_property("starts of the broken run", began)
