import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from instancesketch.cli.main import main
from instancesketch.core.errors import UserError
from instancesketch.distributed.cluster import connect, job_id, refuse_lost, worker_slots


@pytest.mark.parametrize(
    ("node", "cpus", "gpus", "workers"),
    [
        ({"CPU": 4.0}, 1, 0, 4),
        ({"CPU": 4.0}, 1.5, 0, 2),
        ({"CPU": 4.0}, 1, 1, 0),
        ({"CPU": 8.0, "GPU": 2.0}, 1, 1, 2),
        ({"CPU": 8.0, "GPU": 3.0}, 1, 2, 1),
        ({"CPU": 8.0, "GPU": 2.0}, 1, 0.5, 4),
        ({"CPU": 8.0, "GPU": 2.0}, 1, 0.4, 4),  # not five: none is spread over two GPUs
        ({"CPU": 8.0, "GPU": 2.0}, 1, 0.1, 8),
        ({}, 1, 0, 0),
    ],
)
def test_how_many_workers_a_node_holds(
    node: dict[str, float], cpus: float, gpus: float, workers: int
) -> None:
    assert worker_slots(node, cpus, gpus) == workers


@pytest.mark.parametrize(("workers", "gpus"), [(0, 0.0), (-1, 0.0), (1, -1.0), (1, 1.5)])
def test_refuses_numbers_that_mean_nothing(workers: int, gpus: float) -> None:
    with pytest.raises(UserError, match=f"--workers {workers} --gpus-per-worker {gpus:g}"):
        connect(workers=workers, gpus=gpus)


@pytest.mark.ray
def test_joins_the_ray_that_runs(ray_cluster: None) -> None:
    capacity = connect(workers=4)
    assert (capacity.cpus, capacity.gpus, capacity.nodes) == (4, 0, 1)


@pytest.mark.ray
@pytest.mark.parametrize(
    ("workers", "gpus", "message"),
    [
        (99, 0.0, r"99 workers with 1 CPU and 0 GPUs each asked for.* room for 4: it has 4 CPUs"),
        (1, 1.0, r"1 worker with 1 CPU and 1 GPU each asked for.* room for 0.* 0 GPUs on 1 node"),
    ],
)
def test_refuses_what_the_cluster_cannot_hold(
    ray_cluster: None, workers: int, gpus: float, message: str
) -> None:
    with pytest.raises(UserError, match=message):
        connect(workers=workers, gpus=gpus)


@pytest.mark.ray
def test_a_ray_that_does_not_start_is_one_line(tmp_path: Path) -> None:
    # In a process of its own, with a folder whose sockets have too long names.
    folder = tmp_path / ("long" * 30)
    folder.mkdir()
    command = "from instancesketch.distributed.cluster import connect; connect()"
    environment = {k: v for k, v in os.environ.items() if k != "RAY_ADDRESS"}
    ended = subprocess.run(
        [sys.executable, "-c", command], env=environment | {"RAY_TMPDIR": str(folder)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    last = ended.stderr.splitlines()[-1]
    assert last.startswith(
        "instancesketch.core.errors.UserError: Ray doesn't start on this machine: "
    )
    assert "107 bytes" in last


def test_a_cluster_that_is_not_there_is_one_line() -> None:
    # In a process of its own: here a Ray may have been joined.
    command = [sys.executable, "-m", "instancesketch", "train", "segmenter", "--data=d", "--run=r"]
    with socket.socket() as taken:  # bound and not listening: nobody answers
        taken.bind(("127.0.0.1", 0))
        ended = subprocess.run(
            command,
            env=os.environ | {"RAY_ADDRESS": f"127.0.0.1:{taken.getsockname()[1]}"},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
    assert ended.returncode == 2
    assert ended.stderr.startswith(
        "instancesketch: error: can't join the Ray cluster at RAY_ADDRES"
    )
    assert "nothing answers there" in ended.stderr
    assert ended.stderr.count("\n") == 1


JOB = {
    "runtime_env": {"working_dir": "gcs://p.zip"},
    "metadata": {"job_submission_id": "raysubmit_1"},
}


@pytest.fixture
def submitted_job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RAY_JOB_CONFIG_JSON_ENV_VAR", json.dumps(JOB))


def test_outside_a_job_nothing_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RAY_JOB_CONFIG_JSON_ENV_VAR", raising=False)
    assert job_id() is None
    refuse_lost("--out", "result")


def test_a_job_of_no_working_directory_may_write_where_it_is(
    submitted_job: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAY_JOB_CONFIG_JSON_ENV_VAR", json.dumps({"runtime_env": {}}))
    refuse_lost("--out", "result")


def test_locations_that_are_lost_with_the_job_are_refused(
    submitted_job: None, tmp_path: Path
) -> None:
    assert job_id() == "raysubmit_1"
    for location in ("s3://bucket/result", str(tmp_path.parent / "result"), "../result"):
        refuse_lost("--out", location)
    for location in ("result", ".", str(tmp_path / "a" / "b")):
        with pytest.raises(UserError, match=r"^--out .* is removed with the job"):
            refuse_lost("--out", location)


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("ingest /data --out corpus", "--out corpus would lie"),
        ("ingest /data --out corpus --storage runs", "--out runs/corpus would lie"),
        ("ingest /data --out corpus --storage /nowhere", "/data isn't there"),
        ("train segmenter --data /data --run first", "--storage runs would lie"),
        ("tune segmenter --data /data --run first", "--storage runs would lie"),
        ("synth scenes --number 1 --out /a --yolo images", "--yolo images would lie"),
        ("report /data --out report.html", "--out report.html would lie"),
        ("demo", "--out demo would lie"),
    ],
)
def test_every_verb_refuses_it(
    submitted_job: None, command: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(command.split()) == 2
    printed = capsys.readouterr().err
    assert message in printed
    assert printed.count("\n") == 1
