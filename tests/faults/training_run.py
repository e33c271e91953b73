"""A small training run on a cluster, in this process or in one that can be killed."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import safetensors.torch
import torch

from instancesketch.cli.main import main
from instancesketch.core.schema import to_table
from instancesketch.tracking import metrics_log
from instancesketch.tracking.run_state import RunState, Start
from tests.drawings import drawn

# The command line, checking for room for more workers every second.
GROWING = """
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


class TrainingRun:
    """A run whose command can be started several times."""

    def __init__(self, folder: Path, name: str, *options: str) -> None:
        self.run = str(folder / name)
        corpus = folder / "corpus"
        if not corpus.exists():
            corpus.mkdir()
            sketches = [s.replace(split="train") for s in drawn(100, seed=2)]
            pq.write_table(to_table(sketches), corpus / "rows.parquet", row_group_size=25)
        self.command = [
            "train", "segmenter", "--data", str(corpus), "--storage", str(folder), "--run", name,
            "--select", "none", "--quiet", *RECIPE, *options,
        ]  # fmt: skip
        self.printed = folder / f"{name}.log"

    def finish(self) -> None:
        """Train to the end, in this process."""
        assert main(self.command) == 0

    @contextmanager
    def in_driver(self, address: str) -> Iterator[subprocess.Popen[bytes]]:
        """Start the command in a process of its own, which is killed in the end."""
        with self.printed.open("ab") as log:
            driver = subprocess.Popen(
                [sys.executable, "-c", GROWING, *self.command],
                env=os.environ | {"RAY_ADDRESS": address}, stdout=log, stderr=log,
            )  # fmt: skip
            try:
                yield driver
            finally:
                os.kill(driver.pid, signal.SIGKILL)
                driver.wait()

    def until(self, driver: subprocess.Popen[bytes], happened: Callable[[], bool]) -> None:
        """Wait for something that must happen before the driver ends."""
        while not happened():
            assert driver.poll() is None, self.printed.read_text()
            time.sleep(0.02)

    def lines(self) -> list[dict[str, Any]]:
        return metrics_log.read(self.run)

    def last_epoch(self) -> int:
        return max((line["epoch"] for line in self.lines()), default=0)

    def starts(self) -> list[Start]:
        return RunState(self.run).starts()

    def seconds_to_start(self, number: int, since: float) -> float:
        """Return the seconds from a time to a start of training, the first one being 0."""
        return datetime.fromisoformat(self.starts()[number].at).timestamp() - since

    def weights(self) -> dict[str, torch.Tensor]:
        return safetensors.torch.load_file(f"{self.run}/segmenter/model.safetensors")
