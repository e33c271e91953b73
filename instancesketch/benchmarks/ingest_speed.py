"""The speed of ingesting each format."""

from __future__ import annotations

import time
from collections.abc import Iterator

from instancesketch.batch.output import Output
from instancesketch.batch.reader import Read, ReadConfig
from instancesketch.batch.shards import plan_shards
from instancesketch.batch.stages import JobRun, ShardState, Write
from instancesketch.benchmarks.table import Row
from instancesketch.benchmarks.workload import Workload
from instancesketch.core import storage
from instancesketch.core.schema import from_table
from instancesketch.formats import WRITABLE, write


def measure_ingest(workload: Workload) -> Iterator[Row]:
    """Measure reading each format that can be written, and writing it as a corpus, on one core."""
    number = workload.config.ingest_number
    sketches = from_table(workload.drawings.slice(0, number))
    for format in WRITABLE:
        folder = workload.at(format)
        filesystem, path = storage.locate(folder)
        write(sketches, format, path, filesystem)
        yield _ingest(workload, format, folder)
    # No writer writes a corpus: jobs do.
    corpus = workload.write_corpus(workload.drawings, number, "corpus-to-read")
    yield _ingest(workload, "corpus", corpus)


def _ingest(workload: Workload, format: str, folder: str) -> Row:
    plan = plan_shards([folder])
    run = JobRun(output=Output(workload.at(f"from-{format}"), {}), id="benchmark")
    read_shard, write_shard = Read(ReadConfig()), Write()
    began, number = time.perf_counter(), 0
    # The stages of `ingest` without a runner, which would add its own start-up and processes.
    for shard in plan.shards:
        number += write_shard(read_shard(ShardState(shard=shard), run), run).written
    seconds = time.perf_counter() - began
    size = sum(source["bytes"] for source in plan.sources)
    return Row(
        part="ingest",
        what=format,
        number=number,
        per_second=number / seconds,
        # Formats differ in bytes per drawing, so drawings a second alone don't compare them.
        others={"MB a second": size / 1e6 / seconds},
    )
