"""Ingest: any mix of files and folders becomes a corpus."""

from __future__ import annotations

from instancesketch.batch.config import IngestConfig
from instancesketch.batch.corrected import ingest_corrected
from instancesketch.batch.job import Job, Summary, refuse_overlap
from instancesketch.batch.reader import Read, ReadConfig, check_pictures
from instancesketch.batch.runner import Runner, run_job
from instancesketch.batch.shards import plan_shards
from instancesketch.batch.stages import Write
from instancesketch.core.taxonomy import Taxonomy


def ingest(config: IngestConfig, runner: Runner) -> Summary:
    """Read sources into a corpus, or continue where that was stopped.

    Raises:
        UserError: a source isn't there, nothing can be read, the output folder holds something
            else, or there is no room for the workers.
    """
    if config.corrections is not None:
        return ingest_corrected(config)
    return run_job(ingest_job(config), runner)


def ingest_job(config: IngestConfig) -> Job:
    """Return the job that `ingest` runs.

    Raises:
        UserError: a source isn't there.
    """
    refuse_overlap(config.sources, config.out)
    check_pictures(config)
    # Whole, not by name: the file of a taxonomy may change, or lack on the machines of the workers.
    read = ReadConfig(
        taxonomy=None if config.taxonomy is None else Taxonomy.load(config.taxonomy).to_dict(),
        split_by=config.split_by,
        shuffle_strokes=config.shuffle_strokes,
        max_record_mb=config.max_record_mb,
        trace=config.trace,
        split=config.split,
    )
    plan = plan_shards(config.sources, config.format)
    return Job(
        verb="ingest",
        out=config.out,
        config={
            "verb": "ingest",
            "sources": plan.sources,  # with fingerprints: other files make other shards
            "format": config.format,
            **read.describe(),
        },
        shards=plan.shards,
        stages=(Read(read), Write()),
        workers=config.workers,
        summary={"files": plan.files, "hidden_files": plan.hidden},
        quiet=config.quiet,
    )
