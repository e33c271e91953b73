"""Runs that shrink and grow with the cluster.

They come first: Ray keeps the resource requests of a killed driver for three minutes, and an
elastic run waits for them.
"""

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from instancesketch.distributed.train import run_training
from tests.faults.training_run import TrainingRun
from tests.faults.two_nodes import TwoNodes

pytestmark = [pytest.mark.xdist_group("faults"), pytest.mark.timeout(600)]


def finish_while(run: TrainingRun, change: Callable[[], Any], workers: list[int]) -> float:
    """Train to the end, and change the cluster once an epoch is finished.

    Checks that no epoch is missing, and that only the one in progress was repeated.

    Args:
        run: the run.
        change: what changes the cluster.
        workers: the number of workers before and after.

    Returns:
        The seconds until training goes on.
    """
    changed = 0.0

    def watch() -> None:
        nonlocal changed
        while run.last_epoch() < 1:
            time.sleep(0.02)
        changed = time.time()
        change()

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    run.finish()
    thread.join()
    lines, starts = run.lines(), run.starts()
    assert [line["epoch"] for line in lines] == list(range(1, len(lines) + 1))
    assert [len(start.workers) for start in starts] == workers
    first, second = starts
    assert 0 == first.epoch < second.epoch < len(lines)
    before, after = workers
    trained_by = [line["workers"] for line in lines]
    assert trained_by == [before] * second.epoch + [after] * (len(lines) - second.epoch)
    return run.seconds_to_start(1, changed)


@pytest.mark.slow
def test_elastic_run_that_loses_a_node_goes_on_with_fewer_workers(
    joined: TwoNodes, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    joined.have_node(cpus=1)  # a worker on each node
    run = TrainingRun(tmp_path, "shrinks", "--workers", "1-2", "--epochs", "10")
    seconds = finish_while(run, joined.lose_node, [2, 1])
    record_property("node lost: s until it goes on", seconds)


@pytest.mark.nightly
def test_elastic_run_grows_with_the_cluster(
    joined: TwoNodes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    record_property: Callable[[str, object], None],
) -> None:  # fmt: skip
    monkeypatch.setattr(run_training, "SECONDS_BETWEEN_RESIZES", 1.0)
    joined.lose_node()
    run = TrainingRun(tmp_path, "grows", "--workers", "1-2", "--epochs", "200")
    seconds = finish_while(run, lambda: joined.add_node(cpus=1), [1, 2])
    record_property("node added: s until it goes on with it", seconds)
