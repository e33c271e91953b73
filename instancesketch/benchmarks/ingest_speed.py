"""The speed of ingesting each format."""

from __future__ import annotations

import time
from collections.abc import Iterator

from instancesketch.batch.output import Output
from instancesketch.batch.quarantine import Marker
from instancesketch.batch.reader import Reading, read_slice
from instancesketch.batch.shards import plan
from instancesketch.benchmarks.table import Row
from instancesketch.benchmarks.workload import Workload
from instancesketch.core import storage
from instancesketch.core.schema import from_table
from instancesketch.formats import WRITERS, write


def measure_ingest(workload: Workload) -> Iterator[Row]:
    """Measure reading each format that can be written, and writing it as a corpus, on one core."""
    number = workload.config.ingest_number
    sketches = from_table(workload.drawings.slice(0, number))
    for format in WRITERS:
        folder = workload.at(format)
        filesystem, path = storage.locate(folder)
        write(sketches, format, path, filesystem)
        yield _ingest(workload, format, folder)
    corpus = workload.write_corpus(workload.drawings, number, "corpus-to-read")
    yield _ingest(workload, "corpus", corpus)


def _ingest(workload: Workload, format: str, folder: str) -> Row:
    planned = plan([folder])
    output = Output(workload.at(f"from-{format}"))
    began, number = time.perf_counter(), 0
    for shard in planned.slices:
        marker = Marker(location=output.marker(shard.name), run="benchmark")
        rows, log = read_slice(shard, Reading(), marker)
        output.stage(shard.name, rows, log)
        number += len(rows)
    seconds = time.perf_counter() - began
    size = sum(source["bytes"] for source in planned.sources)
    return Row(
        part="ingest",
        what=format,
        number=number,
        per_second=number / seconds,
        others={"MB a second": size / 1e6 / seconds},
    )
