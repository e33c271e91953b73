"""Small work at the command line: it is done without Ray, larger work with it.

One process runs the verbs, each in its turn, because importing torch takes seconds.
"""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow.parquet as pq
import pytest

from instancesketch.batch.in_process import InProcessRunner
from instancesketch.batch.job import Job
from instancesketch.batch.stages import Write
from instancesketch.core.errors import UserError
from instancesketch.distributed import placement
from instancesketch.distributed.ray_runner import RayRunner
from instancesketch.distributed.train import in_process, run_training
from instancesketch.distributed.train.in_process import train_where_it_fits
from tests.batch.test_runner import Named
from tests.distributed.dry_runs import TINY_MODEL
from tests.distributed.train.runs import RECIPE, config_of

# Any import of Ray fails, as where it isn't installed.
SCRIPT = """
import json, sys
sys.modules["ray"] = None

from instancesketch.cli.main import main
for command in json.loads(sys.argv[1]):
    print("status", main(command), flush=True)
"""
NUMBER = 30
TRAIN = ["train", "segmenter", "--data", "drawings", "--run", "r", "--epochs", "1", *TINY_MODEL]


class Small(NamedTuple):
    folder: Path
    printed: list[str]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Small:
    """Return the folder of small work of each verb, and what they printed."""
    folder = tmp_path_factory.mktemp("small")
    commands = [
        ["synth", "drawings", "--number", str(NUMBER), "--out", "drawings"],
        ["synth", "scenes", "--number", "3", "--from", "drawings", "--out", "scenes"],
        ["ingest", "drawings", "--out", "corpus"],
        ["segment", "corpus", "--out", "result"],
        ["segment", "scenes", "--scenes", "--out", "of-scenes"],
        TRAIN,
        # A finished run is found without Ray, even where it is asked for.
        [*TRAIN, "--workers", "1"],
    ]
    outside = {k: v for k, v in os.environ.items() if k != "RAY_ADDRESS"}
    ended = subprocess.run(
        [sys.executable, "-c", SCRIPT, json.dumps(commands)],
        env=outside | {"PYTHONPATH": str(Path(__file__).parents[2])},
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.count("status 0\n") == len(commands), ended.stdout + ended.stderr
    return Small(folder, ended.stdout.splitlines())


@pytest.mark.parametrize(
    ("name", "rows"),
    [("drawings", NUMBER), ("scenes", 3), ("corpus", NUMBER), ("result", NUMBER), ("of-scenes", 3)],
)
def test_small_jobs_are_done_without_ray(small: Small, name: str, rows: int) -> None:
    assert len(pq.read_table(sorted((small.folder / name).glob("part-*.parquet")))) == rows
    summary = json.loads((small.folder / name / "summary.json").read_text("utf-8"))
    assert (summary["rows"], summary["failed"], summary["rejected"]) == (rows, 0, 0)


def test_small_jobs_end_with_a_line_that_says_where_the_result_is(small: Small) -> None:
    last = small.printed[small.printed.index("status 0") - 1]
    assert last.startswith(f"synth: {NUMBER} sketches, ")
    assert last.endswith(f" -> {small.folder / 'drawings'}")


def test_small_training_is_done_without_ray_and_found_again(small: Small) -> None:
    first, again = (line for line in small.printed if line.startswith("train: "))
    assert first.startswith("train: epoch 1 of 1, ")
    assert again == first.replace("train: ", "train: finished before: ")
    assert (small.folder / "runs" / "r" / "segmenter" / "model.safetensors").exists()


@pytest.mark.parametrize(
    ("changes", "asks_for_cluster", "goes_to_ray"),
    [
        ({}, False, False),
        ({}, True, True),
        ({"workers": 2}, False, True),
        ({"run": "longer", "recipe": replace(RECIPE, epochs=4)}, False, True),
    ],
)
def test_larger_training_is_done_on_ray(
    small: Small,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    changes: dict[str, Any],
    asks_for_cluster: bool,
    goes_to_ray: bool,
) -> None:
    monkeypatch.setattr(in_process, "MOST_DRAWINGS", 3 * NUMBER)
    monkeypatch.setattr(run_training, "train", lambda config: {"on": "Ray"})
    config = config_of(str(small.folder / "drawings"), tmp_path, "run", selection="none")
    summary = train_where_it_fits(
        replace(config, **{"quiet": False} | changes), asks_for_cluster=asks_for_cluster
    )
    assert (summary == {"on": "Ray"}) == goes_to_ray
    says_so = "train longer: starting Ray on this machine\n" in capsys.readouterr().err
    assert says_so == (changes.get("run") == "longer")


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide the Ray that other tests of this process have started."""
    monkeypatch.delitem(sys.modules, "ray", raising=False)
    monkeypatch.delenv("RAY_ADDRESS", raising=False)


@pytest.mark.parametrize(
    ("variables", "workers", "asked"),
    [
        ({}, None, False),
        ({}, 1, True),
        ({"RAY_ADDRESS": "10.0.0.1:6379"}, None, True),
        ({"RAY_ADDRESS": ""}, None, False),
        ({"RAY_JOB_CONFIG_JSON_ENV_VAR": '{"metadata": {}}'}, None, True),
    ],
)
def test_workers_an_address_or_a_job_ask_for_a_cluster(
    alone: None,
    monkeypatch: pytest.MonkeyPatch,
    variables: dict[str, str],
    workers: int | None,
    asked: bool,
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert placement.is_cluster_asked_for(workers) == asked
    runner = placement.choose_runner(workers, reads_files=False)
    assert isinstance(runner, RayRunner) == asked


def work(shards: int, quiet: bool = False) -> Job:
    return Job(
        verb="ingest", out="out", config={}, stages=(Write(),), quiet=quiet, shard_seconds=2.0,
        shards=[Named(f"part-{i}") for i in range(shards)],
    )  # fmt: skip


def test_larger_work_connects_to_ray_and_says_so(
    alone: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    connected = []

    def connect(runner: object, job: Job) -> None:
        connected.append(type(runner))
        raise UserError("no room")

    monkeypatch.setattr(RayRunner, "connect", connect)
    monkeypatch.setattr(InProcessRunner, "connect", lambda runner, job: None)
    most = int(placement.MOST_SECONDS / 2.0)
    placement.choose_runner(None, reads_files=True).connect(work(most))
    assert (connected, capsys.readouterr().err) == ([], "")
    with pytest.raises(UserError, match="no room"):
        placement.choose_runner(None, reads_files=True).connect(work(most + 1))
    assert connected == [RayRunner]
    seconds = 2 * (most + 1)
    expected = f"ingest: about {seconds} s of work for one core: starting Ray\n"
    assert capsys.readouterr().err == expected
