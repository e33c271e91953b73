"""Ingest: any mix of files and folders becomes a corpus."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from functools import partial
from typing import TYPE_CHECKING

from instancesketch.batch.config import IngestConfig
from instancesketch.batch.job import (
    Job,
    Row,
    Stage,
    Summary,
    done,
    item_of,
    refuse_overlap,
    run,
    tell,
)
from instancesketch.batch.quarantine import Marker
from instancesketch.batch.reader import Reading, read_slice
from instancesketch.batch.shards import plan
from instancesketch.core.taxonomy import Taxonomy
from instancesketch.core.usage import peak_memory_mb
from instancesketch.distributed.cluster import connect

if TYPE_CHECKING:
    from ray.data import Dataset


def ingest(config: IngestConfig) -> Summary:
    """Reads sources into a corpus, or continues where that was stopped.

    Raises:
        UserError: a source isn't there, nothing can be read, the output folder holds something
            else, or the cluster is too small.
    """
    return run(job_of(config))


def job_of(config: IngestConfig) -> Job:
    """The job that `ingest` carries out.

    Raises:
        UserError: a source isn't there.
    """
    refuse_overlap(config.sources, config.out)
    taxonomy = None if config.taxonomy is None else Taxonomy.load(config.taxonomy).to_dict()
    how = Reading(
        taxonomy=taxonomy,
        split_by=config.split_by,
        shuffle_strokes=config.shuffle_strokes,
        max_record_mb=config.max_record_mb,
    )
    planned = plan(config.sources, config.format)

    def stages(slices: Dataset, stage: Stage) -> Dataset:
        work = Ingest(how=how, stage=stage)
        return slices.map(work, concurrency=config.workers and stage.workers(config.workers))

    return Job(
        verb="ingest",
        out=config.out,
        settings={
            "verb": "ingest",
            "sources": planned.sources,
            "format": config.format,
            **asdict(how),
        },
        items=planned.slices,
        connect=partial(connect, workers=config.workers or 1),
        stages=stages,
        summary={"files": planned.files, "hidden_files": planned.hidden},
        quiet=config.quiet,
    )


@dataclass(frozen=True, kw_only=True)
class Ingest:
    """The only stage: a slice of the sources as rows in the corpus."""

    how: Reading
    stage: Stage

    def __call__(self, row: Row) -> Row:
        return tell(self._ingest, row)

    def _ingest(self, row: Row) -> Row:
        began, item = time.perf_counter(), item_of(row)
        marker = Marker(location=self.stage.output.marker(f"read-{item.name}"), run=self.stage.run)
        rows, log = read_slice(item, self.how, marker)
        read = time.perf_counter()
        self.stage.output.stage(item.name, rows, log)
        ended, memory = time.perf_counter(), peak_memory_mb()
        return done(
            item.name,
            len(rows),
            ended - began,
            {"reading": memory, "writing": memory},
            {"reading": read - began, "writing": ended - read},
        )
