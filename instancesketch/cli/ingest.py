"""`instancesketch ingest`: read files of drawings into a corpus."""

from __future__ import annotations

import argparse

from instancesketch.batch.config import IngestConfig
from instancesketch.cli import options, output
from instancesketch.cli.parser import VerbParser
from instancesketch.core.errors import UserError

HELP = "read drawings of any format into a corpus"
DESCRIPTION = """\
Reads files and folders of drawings, in any mix of formats, into a corpus: a folder of Parquet
files to train on, label and report. The format is found by looking into each file: published JSON,
CVAT XML and zip, Label Studio, Quick, Draw! (ndjson, JSON, Kaggle's CSV), SPG ndjson, scenes,
sketch-rnn npz and npy, SVG, Excalidraw, tldraw, InkML, Xournal++, or another corpus; with --trace
also pictures (PNG, JPEG), of which the lines are traced. The id of a file that is one drawing is
its path below the source.

With --corrections the drawings of a result that were corrected on the page of its report become
rows, with a person's labels; all others are left out.

CORPUS/_rejected.parquet names what could not be read, with the reason; CORPUS/summary.json has
the counts. Run the same command again to continue a job that was stopped.

  instancesketch ingest drawings/ --out corpus
  instancesketch ingest s3://bucket/raw more.ndjson --out s3://bucket/corpus --workers 32
  instancesketch ingest result --corrections corrections.json --out corrected"""


def add(parser: VerbParser) -> None:
    """Add the verb's options."""
    # The type of `workers` would let 0 through.
    options.add_fields(parser, IngestConfig, parse={"workers": options.parse_workers})
    options.add_dry_run(parser)
    options.add_job(parser)


def run(args: argparse.Namespace) -> int:
    """Run the verb and return its exit status."""
    config = options.from_args(IngestConfig, args, out=options.place(args.out, args.storage))
    if args.corrections is not None:
        from instancesketch.batch.corrected import ingest_corrected

        if args.dry_run:
            raise UserError("--dry-run: --corrections is done in a moment")
        return output.conclude(args, ingest_corrected(config))
    # Both make the job, so a dry run reports the same mistakes in options and sources.
    if args.dry_run:
        from instancesketch.batch.ingest import ingest_job

        return output.print_job_plan(args, ingest_job(config))
    # First, because it starts a process that reads while this one imports.
    runner = options.choose_runner(args, reads_files=True)
    from instancesketch.batch.ingest import ingest

    return output.conclude(args, ingest(config, runner))
