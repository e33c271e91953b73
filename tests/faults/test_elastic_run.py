"""Runs that shrink and grow with the cluster.

They come first: Ray keeps the resource requests of a killed driver for three minutes, and an
elastic run waits for them.
"""

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from instancesketch.tracking.run_state import RunState
from tests.faults.training_run import TrainingRun
from tests.faults.two_nodes import TwoNodes

pytestmark = [pytest.mark.xdist_group("faults"), pytest.mark.timeout(600)]


def assert_only_the_current_epoch_was_lost(run: TrainingRun, workers: list[int]) -> None:
    """Assert that no epoch is missing, and the numbers of workers before and after a change."""
    lines, starts = run.lines(), run.starts()
    assert [line["epoch"] for line in lines] == list(range(1, len(lines) + 1))
    assert [len(start.workers) for start in starts] == workers
    first, second = starts
    assert 0 == first.epoch < second.epoch < len(lines)
    before, after = workers
    trained_by = [line["workers"] for line in lines]
    assert trained_by == [before] * second.epoch + [after] * (len(lines) - second.epoch)


@pytest.mark.slow
def test_elastic_run_that_loses_a_node_goes_on_with_fewer_workers(
    joined: TwoNodes, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    joined.have_node(cpus=1)  # a worker on each node
    run = TrainingRun(tmp_path, "shrinks", "--workers", "1-2", "--epochs", "10")
    lost = []

    def lose() -> None:
        while run.last_epoch() < 1:
            time.sleep(0.02)
        lost.append(time.time())
        joined.lose_node()

    thread = threading.Thread(target=lose, daemon=True)
    thread.start()
    run.finish()
    thread.join()
    assert_only_the_current_epoch_was_lost(run, [2, 1])
    record_property("node lost: s until it goes on", run.seconds_to_start(1, lost[0]))


@pytest.mark.nightly
def test_elastic_run_grows_with_the_cluster(
    joined: TwoNodes, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    joined.lose_node()
    # Epochs of many seconds, so that it is seen in which of them the workers are ended.
    run = TrainingRun(
        tmp_path, "grows", "--workers", "1-2", "--epochs", "1000", "--set", "passes=150"
    )
    begun = set[int]()  # epochs, by the workers that there are first

    def has_started_twice() -> bool:
        position = RunState(run.run).position()
        if len(run.starts()) > 1:
            return True
        begun.add(position.epoch if position else 0)
        return False

    with run.in_driver(joined.address) as driver:
        run.until(driver, lambda: run.last_epoch() >= 1)
        added = time.time()
        joined.add_node(cpus=1)
        run.until(driver, has_started_twice)
        run.until(driver, lambda: run.lines()[-1]["workers"] == 2)
    assert_only_the_current_epoch_was_lost(run, [1, 2])
    # No epoch is begun twice.
    assert max(begun) == run.starts()[1].epoch
    record_property("node added: s until it goes on with it", run.seconds_to_start(1, added))
