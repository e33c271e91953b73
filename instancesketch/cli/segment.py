"""`instancesketch segment`: labels drawings with trained weights."""

from __future__ import annotations

import argparse

from instancesketch.cli import options

HELP = "label every stroke of drawings with trained weights"
DESCRIPTION = """\
Labels every stroke of the drawings in files, folders or corpora, and writes a result: a folder of
Parquet files with the columns of a corpus and, beside them, scores. Weights that hold a refiner
also say which instance of its part a stroke draws, and on which side it is. A drawing that can't
be labelled keeps its row, with an error. Labels that the sources carry are not looked at.

Weights that ship: doodle7 (cars, clouds, flowers, suns, trees, animals on four and on two legs;
parts, instances and sides) and spg20 (twenty categories of SPG; parts).

OUT/summary.json has counts, speed and memory. The same command run again goes on where it was
stopped.

  instancesketch segment drawings/ --out result
  instancesketch segment corpus --out result --weights runs/first --given-category --workers 8"""

DEFAULT_WEIGHTS = "doodle7"


def add(parser: argparse.ArgumentParser) -> None:
    """Adds the verb's options."""
    parser.add_argument("sources", nargs="+", metavar="SOURCE", help="corpus, file, folder or URI")
    parser.add_argument("--out", required=True, metavar="DIR", help="the folder to make")
    parser.add_argument(
        "--weights",
        action="append",
        metavar="W",
        help="a shipped name (doodle7, spg20), or the folder of a run; can be given several times, "
        "later ones win (default: doodle7)",
    )
    parser.add_argument(
        "--given-category",
        action="store_true",
        help="take each drawing's own category as true; without it the category is predicted",
    )
    parser.add_argument("--split", metavar="S", help="only drawings of this split, such as valid")
    options.add_reading(parser)
    options.add_job(parser, gpus=True)


def run(args: argparse.Namespace) -> int:
    """Carries the verb out."""
    from instancesketch.inference import SegmentConfig, segment

    summary = segment(
        SegmentConfig(
            sources=tuple(args.sources),
            out=options.place(args),
            weights=tuple(args.weights or [DEFAULT_WEIGHTS]),
            given_category=args.given_category,
            format=args.format,
            split=args.split,
            shuffle_strokes=args.shuffle_strokes,
            max_record_mb=args.max_record_mb,
            workers=args.workers,
            gpus_per_worker=args.gpus_per_worker,
            quiet=args.quiet,
        )
    )
    speed = summary.counts.get("speed")
    notes = [f"{summary.failed:,} failed"]
    if speed and not summary.finished_before:
        notes.append(f"{speed['sketches_per_second']:,.0f} sketches/s")
    return options.conclude(args, summary, *notes)
