import os
import subprocess
import sys
from pathlib import Path

import pytest

from instancesketch.core.errors import UserError
from instancesketch.distributed.cluster import connect, worker_slots


@pytest.mark.parametrize(
    ("node", "cpus", "gpus", "workers"),
    [
        ({"CPU": 4.0}, 1, 0, 4),
        ({"CPU": 4.0}, 1.5, 0, 2),
        ({"CPU": 4.0}, 1, 1, 0),
        ({"CPU": 8.0, "GPU": 2.0}, 1, 1, 2),
        ({"CPU": 8.0, "GPU": 3.0}, 1, 2, 1),
        ({"CPU": 8.0, "GPU": 2.0}, 1, 0.5, 4),
        ({"CPU": 8.0, "GPU": 2.0}, 1, 0.4, 4),  # not five: no worker spans two GPUs
        ({"CPU": 8.0, "GPU": 2.0}, 1, 0.1, 8),
        ({}, 1, 0, 0),
    ],
)
def test_worker_slots_of_a_node(
    node: dict[str, float], cpus: float, gpus: float, workers: int
) -> None:
    assert worker_slots(node, cpus, gpus) == workers


@pytest.mark.parametrize(("workers", "gpus"), [(0, 0.0), (-1, 0.0), (1, -1.0), (1, 1.5)])
def test_invalid_numbers_of_workers_and_gpus_are_refused(workers: int, gpus: float) -> None:
    with pytest.raises(UserError, match=f"--workers {workers} --gpus-per-worker {gpus:g}"):
        connect(workers=workers, gpus=gpus)


@pytest.mark.ray
def test_connect_joins_a_running_ray(ray_cluster: None) -> None:
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
def test_workers_that_exceed_the_cluster_are_refused(
    ray_cluster: None, workers: int, gpus: float, message: str
) -> None:
    with pytest.raises(UserError, match=message):
        connect(workers=workers, gpus=gpus)


@pytest.mark.ray
def test_ray_that_fails_to_start_raises_one_line(tmp_path: Path) -> None:
    # In a subprocess, with a temporary folder whose path is too long for sockets.
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
