"""Memory of a job's driver by the number of rows, on synthetic corpora of tiny drawings.

  python -m experiments.publishing --rows 1000000 10000000 --runners ray here

Each corpus is made by a job in a process of its own: shards of 32,768 drawings of one stroke, of
which one in ten thousand has the id of an earlier one. `ray` starts Ray on this machine; `here`
does all tasks in the driver. Prints the peak memory of the driver and of the tasks, and the seconds
that they worked.
"""

from __future__ import annotations

import argparse
import json
import logging
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa

from instancesketch.batch.in_process import InProcessRunner
from instancesketch.batch.job import Job
from instancesketch.batch.manifest import Manifest
from instancesketch.batch.runner import Runner, run_job
from instancesketch.batch.stages import JobRun, ShardState, ShardTask, Write
from instancesketch.core.hashing import assign_split
from instancesketch.core.schema import SCHEMA
from instancesketch.core.usage import peak_memory_mb

ROWS_PER_SHARD = 32_768  # of 16 MB of Quick, Draw!'s ndjson
ROWS_PER_DUPLICATE = 10_000
RUNNERS = ("ray", "here")
# By its name, so that Ray's workers find the classes of the shards.
_ONE = "from experiments.publishing import main; main()"


@dataclass(frozen=True)
class TinyShard:
    """A number of drawings, by that of the first one."""

    first: int
    rows: int
    number: int = 0
    duplicates: bool = True  # whether one drawing in `ROWS_PER_DUPLICATE` has an earlier one's id

    @property
    def name(self) -> str:
        """Return the name of the file of its rows."""
        return f"part-{self.number:06d}"


@dataclass(frozen=True)
class Draw(ShardTask):
    """Make drawings of a stroke of two points each, without reading anything."""

    name = "drawing"

    def process(self, state: ShardState, run: JobRun) -> ShardState:
        """Make the rows and the manifest of a `TinyShard`."""
        shard, manifest = state.shard, Manifest()
        assert isinstance(shard, TinyShard)
        rows = draw_rows(shard)
        all_rows = np.ones(shard.rows, bool)
        manifest.accept_rows(rows, 0, f"{shard.name}.ndjson", "quickdraw", all_rows, ~all_rows)
        return replace(state, rows=rows, manifest=manifest.table())


def draw_rows(shard: TinyShard) -> pa.Table:
    """Return the rows of a shard, with the schema of a corpus."""
    numbers = np.arange(shard.first, shard.first + shard.rows)
    # The id of a row about half as far from the beginning, which has its own.
    is_last = numbers % ROWS_PER_DUPLICATE == ROWS_PER_DUPLICATE - 1
    is_taken = is_last & shard.duplicates
    taken = numbers // 2 // ROWS_PER_DUPLICATE * ROWS_PER_DUPLICATE
    ids = [f"{number:012d}" for number in np.where(is_taken, taken, numbers)]
    points = np.tile(np.array([0, 255], np.float32), shard.rows)
    edges = pa.array(np.arange(0, 2 * shard.rows + 1, 2, dtype=np.int32))
    one_each = pa.array(np.arange(shard.rows + 1, dtype=np.int32))
    coordinates = pa.ListArray.from_arrays(edges, pa.array(points))
    columns: dict[str, Any] = {
        "sketch_id": pa.array(ids),
        "category": pa.array(["sun"] * shard.rows),
        "split": pa.array([assign_split(key) for key in ids]),
        "x": coordinates,
        "y": coordinates,
        "stroke_len": pa.ListArray.from_arrays(
            one_each, pa.array(np.full(shard.rows, 2, np.int32))
        ),
        "part": pa.ListArray.from_arrays(one_each, pa.array(["body"] * shard.rows)),
    }
    arrays = [
        columns[field.name].cast(field.type)
        if field.name in columns
        else pa.nulls(shard.rows, field.type)
        for field in SCHEMA
    ]
    return pa.Table.from_arrays(arrays, schema=SCHEMA)


class Tasks(logging.Handler):
    """A handler that keeps what each kind of publishing's tasks took."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[dict[str, Any]] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the numbers of a line."""
        if isinstance(record.args, tuple) and len(record.args) == 4:
            keys = ("task", "tasks", "seconds", "memory_mb")
            self.found.append(dict(zip(keys, record.args, strict=True)))


def measure(
    rows: int,
    runner: str,
    folder: str,
    rows_per_shard: int = ROWS_PER_SHARD,
    *,
    duplicates: bool = True,
) -> dict[str, Any]:
    """Make a corpus in this process, which is the driver, and return what it took."""
    tasks, log = Tasks(), logging.getLogger("instancesketch.batch.publishing.publish")
    log.setLevel(logging.INFO)
    log.addHandler(tasks)
    shards = [
        TinyShard(first, min(rows_per_shard, rows - first), number, duplicates)
        for number, first in enumerate(range(0, rows, rows_per_shard))
    ]
    job = Job(
        verb="tiny",
        out=folder,
        config={"verb": "tiny", "rows": rows},
        shards=shards,
        stages=(Draw(), Write()),
        quiet=True,
    )
    summary = run_job(job, _runner(runner))
    return {
        "rows": summary.rows,
        "rejected": summary.rejected,
        "runner": runner,
        "shards": len(job.shards),
        "driver_mb": peak_memory_mb(),
        "stages": summary.counts["stages"],
        "publishing": tasks.found,
    }


def _runner(name: str) -> Runner:
    if name == "here":
        return InProcessRunner()
    from instancesketch.distributed.ray_runner import RayRunner

    return RayRunner()


def main(argv: Sequence[str] | None = None) -> None:
    """Print a line for each corpus and runner."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000_000, 10_000_000], metavar="N")
    parser.add_argument("--runners", nargs="+", choices=RUNNERS, default=RUNNERS)
    parser.add_argument("--one", metavar="FOLDER", help=argparse.SUPPRESS)
    args = parser.parse_args(argv)
    if args.one:
        print(json.dumps(measure(args.rows[0], args.runners[0], args.one)))
        return
    for runner in args.runners:
        for rows in args.rows:
            with tempfile.TemporaryDirectory() as folder:
                command = [sys.executable, "-c", _ONE, "--one", folder]
                command += ["--rows", str(rows), "--runners", runner]
                done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
            print(to_text(json.loads(done.stdout.splitlines()[-1])), flush=True)


def to_text(found: dict[str, Any]) -> str:
    """Return what was measured of a corpus, in lines of text."""
    head = (
        f"{found['rows']:,} rows and {found['rejected']:,} rejected in {found['shards']:,} shards, "
        f"{found['runner']}: driver {found['driver_mb']:.0f} MB"
    )
    made = ", ".join(f"{n} {s['busy_seconds']:.1f} s" for n, s in found["stages"].items())
    tasks = [
        f"  {t['task']}: {t['tasks']} tasks, {t['seconds']:.1f} s, {t['memory_mb']:.0f} MB each"
        for t in found["publishing"]
    ]
    return "\n".join([head, f"  {made}", *tasks])


if __name__ == "__main__":
    main()
