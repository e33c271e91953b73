"""What a fresh driver does with Ray: it imports little, plans without a cluster, and finds none.

One process answers all questions, each in its turn, because importing Ray and torch takes seconds.
"""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.distributed.dry_runs import dry_run_args
from tests.drawings import corpus, drawn

SCRIPT = """
import json, os, sys
import instancesketch.batch.ingest, instancesketch.batch.segment, ray.data
import instancesketch.distributed.ray_runner
print("torch" in sys.modules)

from instancesketch.cli.main import main
for argv in json.loads(sys.argv[1]):
    print(argv[0], main(argv), ray.is_initialized())

os.environ["RAY_ADDRESS"] = sys.argv[2]
print("joining", file=sys.stderr, flush=True)
print(main(["train", "segmenter", "--data", sys.argv[3], "--run", "r"]))
"""


pytestmark = pytest.mark.ray  # of its own: the session's cluster is not used


class Driver(NamedTuple):
    folder: Path  # of the dry runs' output
    printed: list[str]
    errors: str  # of the command that joins a cluster


@pytest.fixture(scope="module")
def driver(split_corpus: str, tmp_path_factory: pytest.TempPathFactory) -> Driver:
    """Return what a process printed that planned four verbs, then joined a missing cluster."""
    folder = tmp_path_factory.mktemp("out")
    source = corpus(tmp_path_factory.mktemp("in"), drawn(5))
    plans = [
        ["ingest", source, "--out", str(folder / "corpus"), "--dry-run"],
        ["segment", source, "--out", str(folder / "result"), "--dry-run"],
        dry_run_args("train", split_corpus, folder),
        dry_run_args("tune", split_corpus, folder),
    ]
    with socket.socket() as taken:  # bound but not listening, so nothing answers
        taken.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        environment = {k: v for k, v in os.environ.items() if k != "RAY_ADDRESS"}
        ended = subprocess.run(
            [sys.executable, "-c", SCRIPT, json.dumps(plans), address, split_corpus],
            env=environment | {"PYTHONPATH": str(Path(__file__).parents[2])},
            cwd=folder, capture_output=True, text=True, check=False,
        )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    return Driver(folder, ended.stdout.splitlines(), ended.stderr.split("joining\n")[1])


def test_processes_that_read_and_write_shards_load_no_torch(driver: Driver) -> None:
    # Importing torch would more than double a process's memory and start-up time.
    assert driver.printed[0] == "False"


@pytest.mark.parametrize("verb", ["ingest", "segment", "train", "tune"])
def test_dry_run_neither_starts_ray_nor_writes(driver: Driver, verb: str) -> None:
    assert f"{verb} 0 False" in driver.printed
    assert not list(driver.folder.iterdir())


def test_unreachable_cluster_is_reported_in_one_line(driver: Driver) -> None:
    assert driver.printed[-1] == "2"
    # A sign of life may come before it, where the answer takes over a second.
    *before, error = driver.errors.splitlines()
    assert error.startswith("instancesketch: error: can't join the Ray cluster at RAY_ADDRES")
    assert "nothing answers there" in error
    assert len(before) <= 1
