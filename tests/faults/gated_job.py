"""A batch job whose workers wait at a gate, so that a test can break it in the middle of shards.

`python -m tests.faults.gated_job FOLDER` labels the drawings of `FOLDER/in` into `FOLDER/out`, in
as many shards as there are files. The gate is the folder `FOLDER/gate`.
"""

import os
import sys
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pyarrow as pa

from instancesketch.batch import shards
from instancesketch.batch.config import SegmentConfig
from instancesketch.batch.job import Summary
from instancesketch.batch.runner import Runner
from instancesketch.batch.segment import segment
from instancesketch.batch.stages import Labelling, LabelRows, ModelStage
from instancesketch.core.schema import build_result_table
from instancesketch.core.taxonomy import Taxonomy


@dataclass(frozen=True, order=True)
class Begun:
    """A shard that a worker has begun to label; the fields are the name of its file."""

    at: int  # ns
    first: str  # id of its first row
    pid: int
    node: str


class Gate:
    """The folder by which workers and test know of each other."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def allow(self, number: int) -> None:
        """Let workers go on while not more than this many shards have been begun."""
        new = self.folder / "new"
        new.write_text(str(number))
        new.replace(self.folder / "allowed")

    def allowed(self) -> int:
        return int((self.folder / "allowed").read_text())

    def begun(self) -> list[Begun]:
        """Return all shards that were begun, the first one first."""
        names = [file.name.split() for file in self.folder.glob("* * * *")]
        return sorted(Begun(int(at), first, int(pid), node) for at, first, pid, node in names)

    def passed(self) -> set[Begun]:
        """Return those whose worker has gone through the gate."""
        return {b for b in self.begun() if (self.folder / f"passed {b.at}").exists()}

    def pass_through(self, rows: pa.Table) -> None:
        """Note the shard as begun, and wait until it may go on."""
        import ray

        node = ray.get_runtime_context().get_node_id()
        at, first = time.time_ns(), rows["sketch_id"][0].as_py()
        (self.folder / f"{at} {first} {os.getpid()} {node}").touch()
        while len(self.begun()) > self.allowed():
            time.sleep(0.02)
        (self.folder / f"passed {at}").touch()


def label(rows: pa.Table, gate: Path | None) -> pa.Table:
    """Label as sun, behind the gate if there is one."""
    if gate is not None:
        Gate(gate).pass_through(rows)
    return build_result_table(rows, {"category": pa.array(["sun"] * len(rows))})


def load(device: str, gate: Path | None) -> LabelRows:
    return partial(label, gate=gate)


def run(folder: Path, out: str, runner: Runner, gate: Path | None) -> Summary:
    """Label the drawings of `folder/in`, or continue, with two workers."""
    # A shard for each file.
    shards.MIN_BYTES = max(file.stat().st_size for file in (folder / "in").iterdir())
    stage = ModelStage(name="labelling", load=partial(load, gate=gate))
    config = SegmentConfig(
        sources=(str(folder / "in"),), out=str(folder / out), weights=(), workers=2, quiet=True
    )
    return segment(config, runner, Labelling(taxonomy=Taxonomy.load("doodle7"), stages=(stage,)))


if __name__ == "__main__":
    from instancesketch.distributed.ray_runner import RayRunner

    place = Path(sys.argv[1])
    run(place, "out", RayRunner(), place / "gate")
