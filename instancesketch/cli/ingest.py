"""`instancesketch ingest`: files of drawings become a corpus."""

from __future__ import annotations

import argparse

from instancesketch.cli import options

HELP = "read drawings of any format into a corpus"
DESCRIPTION = """\
Reads files and folders of drawings, of any mix of formats, into a corpus: a folder of Parquet
files that can be trained on, labelled and reported. Formats are found by looking: published JSON,
CVAT XML, Quick, Draw! and SPG ndjson, scenes, sketch-rnn npz, SVG, or another corpus.

What can't be read is named, with the reason, in CORPUS/_rejected.parquet; CORPUS/summary.json has
the counts. The same command run again goes on where it was stopped.

  instancesketch ingest drawings/ --out corpus
  instancesketch ingest s3://bucket/raw more.ndjson --out s3://bucket/corpus --workers 32"""


def add(parser: argparse.ArgumentParser) -> None:
    """Adds the verb's options."""
    parser.add_argument("sources", nargs="+", metavar="SOURCE", help="file, folder or URI")
    parser.add_argument("--out", required=True, metavar="CORPUS", help="the folder to make")
    parser.add_argument(
        "--taxonomy",
        metavar="T",
        help="categories and parts: doodle7, spg20 or a TOML file (default: the format decides)",
    )
    parser.add_argument(
        "--split-by",
        choices=("sketch", "user"),
        default="sketch",
        help="what is hashed to train, valid or test where the file has no official split",
    )
    options.add_reading(parser)
    options.add_job(parser)


def run(args: argparse.Namespace) -> int:
    """Carries the verb out."""
    from instancesketch.batch.config import IngestConfig
    from instancesketch.batch.ingest import ingest, job_of

    config = IngestConfig(
        sources=tuple(args.sources),
        out=options.place(args.out, args.storage),
        format=args.format,
        taxonomy=args.taxonomy,
        split_by=args.split_by,
        shuffle_strokes=args.shuffle_strokes,
        max_record_mb=args.max_record_mb,
        workers=args.workers,
        quiet=args.quiet,
    )
    if args.dry_run:
        return options.show_job(args, job_of(config))
    return options.conclude(args, ingest(config))
