"""Batch jobs that lose an actor, a node and their driver, and continue."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from instancesketch.batch import shards
from instancesketch.batch.in_process import InProcessRunner
from instancesketch.cli.main import main
from instancesketch.core.storage import read_json
from instancesketch.distributed.ray_runner import RayRunner
from tests.batch.test_ingest import visible
from tests.batch.test_segment_scenes import write_scenes
from tests.faults import gated_job
from tests.faults.gated_job import Begun, Gate
from tests.faults.killing import kill_once_staged, staged_shards
from tests.faults.two_nodes import TwoNodes

pytestmark = [pytest.mark.xdist_group("faults"), pytest.mark.timeout(600)]

ROOT = Path(__file__).parents[2]
SHARDS, ROWS = 16, 5


@pytest.fixture
def by_value() -> Iterator[None]:
    """Pickle the module of the job by value, as workers can't import it."""
    from ray import cloudpickle

    cloudpickle.register_pickle_by_value(gated_job)
    yield
    cloudpickle.unregister_pickle_by_value(gated_job)


def write_suns(folder: Path, number: int, files: int) -> None:
    """Write small drawings to files of equal numbers of lines."""
    folder.mkdir()
    for i in range(files):
        lines = [
            json.dumps({"key_id": f"k{key:03}", "word": "sun", "drawing": [[[0, 4], [0, 4]]]})
            for key in range(i, number, files)
        ]
        (folder / f"{i}.ndjson").write_text("\n".join(lines))


class GatedJob:
    """The job in a process of its own, and what it has lost so far."""

    def __init__(self, folder: Path) -> None:
        self.out, self.gate = folder / "out", Gate(folder / "gate")
        self.gate.folder.mkdir()
        self.gate.allow(4)
        self.lost: set[Begun] = set()
        self.command = [sys.executable, "-m", "tests.faults.gated_job", str(folder)]

    def start(self, address: str) -> None:
        environment = os.environ | {"RAY_ADDRESS": address}
        self.driver = subprocess.Popen(self.command, cwd=ROOT, env=environment)

    def until(self, found: Callable[[], list[Begun]]) -> list[Begun]:
        """Wait until shards were found, and those that passed the gate are staged."""
        while True:
            assert self.driver.poll() is None, "it ended before it was stopped"
            passed = {b.first for b in self.gate.passed()}
            if (shards := found()) and len(staged_shards(str(self.out))) == len(passed):
                return shards
            time.sleep(0.02)

    def in_progress(self, node: str | None = None) -> list[Begun]:
        """Return the shards that wait at the gate, once no more are allowed."""
        begun = self.gate.begun()
        if len(begun) <= self.gate.allowed():
            return []
        waiting = set(begun) - self.gate.passed() - self.lost
        return sorted(b for b in waiting if node in (None, b.node))

    def allow_more(self) -> None:
        self.gate.allow(len(self.gate.begun()) + 2)


@pytest.mark.slow
def test_job_that_loses_an_actor_a_node_and_its_driver_repeats_only_the_shards_in_progress(
    joined: TwoNodes, by_value: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    record_property: Callable[[str, object], None],
) -> None:  # fmt: skip
    monkeypatch.setattr(shards, "MIN_BYTES", shards.MIN_BYTES)  # the job sets it
    joined.have_node(cpus=2)
    write_suns(tmp_path / "in", SHARDS * ROWS, files=SHARDS)
    gated_job.run(tmp_path, "whole", InProcessRunner(), None)

    job = GatedJob(tmp_path)
    job.start(joined.address)
    (node,) = joined.nodes()
    actor, *_ = job.until(lambda: job.in_progress(node))
    os.kill(actor.pid, signal.SIGKILL)
    job.lost.add(actor)
    job.allow_more()

    def in_progress_but_not_again() -> list[Begun]:
        found = job.in_progress(node)
        if actor.first in {b.first for b in found}:
            job.allow_more()  # a shard that is lost twice would be split
            return []
        return found

    on_node = job.until(in_progress_but_not_again)
    joined.lose_node()
    job.lost.update(on_node)
    joined.add_node(cpus=2)
    job.allow_more()
    job.lost.update(job.until(job.in_progress))
    os.kill(job.driver.pid, signal.SIGKILL)
    job.driver.wait()
    assert not (job.out / "summary.json").exists()
    kept, before = staged_shards(str(job.out)), len(job.gate.begun())

    job.gate.allow(10**6)
    summary = gated_job.run(tmp_path, "out", RayRunner(), job.gate.folder)
    assert (summary.rows, summary.failed, summary.rejected) == (SHARDS * ROWS, 0, 0)
    assert visible(job.out) == visible(tmp_path / "whole")
    begun = job.gate.begun()
    assert len(begun[before:]) == SHARDS - len(kept)
    assert {b.node for b in begun[before:]} & set(joined.nodes())
    times = Counter(b.first for b in begun)
    again = {first for first, number in times.items() if number > 1}
    assert again == {b.first for b in job.lost}
    record_property(f"shards of {SHARDS} begun again", len(again))


@pytest.mark.nightly
def test_killed_jobs_with_networks_continue_on_two_machines_with_the_same_rows(
    joined: TwoNodes, data_dir: Path, scene_weights: Path,
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    target = 8
    monkeypatch.setattr(shards, "MIN_BYTES", 1)
    monkeypatch.setattr(shards, "TARGET_SHARDS", target)
    joined.have_node(cpus=4)
    write_suns(tmp_path / "drawings", 400, files=1)
    write_scenes(data_dir, tmp_path / "scenes.ndjson", 40)
    scenes = ["segment", str(tmp_path / "scenes.ndjson"), "--scenes"]
    scenes += ["--weights", str(scene_weights), "--workers"]
    for ask in (["ingest", str(tmp_path / "drawings"), "--workers"], scenes):
        whole, out = (str(tmp_path / name / ask[0]) for name in ("whole", "killed"))
        assert main([*ask, "1", "--quiet", "--out", whole]) == 0
        kill_once_staged(
            [*ask, "1", "--quiet", "--out", out], joined.address, 2, min_bytes=1, target=target
        )
        assert main([*ask, "2", "--quiet", "--out", out]) == 0
        assert visible(Path(out)) == visible(Path(whole))
        stages = read_json(f"{out}/summary.json")["stages"]
        assert max(stage["nodes"] for stage in stages.values()) == 2, stages
