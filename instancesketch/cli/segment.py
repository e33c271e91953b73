"""`instancesketch segment`: label drawings with trained weights."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from instancesketch.batch.config import ObjectsConfig, SegmentConfig
from instancesketch.cli import options, output
from instancesketch.cli.parser import VerbParser
from instancesketch.core.errors import UserError

if TYPE_CHECKING:
    from instancesketch.batch.job import Summary

HELP = "label every stroke of drawings with trained weights"
DESCRIPTION = """\
Labels every stroke of the drawings in files, folders or corpora, and writes a result: a folder of
Parquet files with the columns of a corpus and, in addition, scores. With weights that include a
refiner, each stroke also gets the instance of its part, and its side. A drawing that can't be
labelled keeps its row, with an error. Labels in the sources are ignored.

Weights whose categories include `other` give it to drawings of nothing it knows, and `scene`
to drawings that look like several things at once; the strokes of these get no labels. category_2
and part_2 are the next likely.

Shipped weights: default (cars, clouds, flowers, suns, trees, four-legged and two-legged animals,
with instances and sides, seventeen categories of SPG, and other); doodle7, which is default with
the first seven alone; and spg20 (the twenty categories of SPG, with all their parts).

With --scenes each row is a scene of many objects: strokes are first grouped into objects, by the
grouper in the weights and, with --detector, by boxes around objects as well; then each object is
labelled as a drawing of its own. Every stroke gets its object, or -1 for none.

With --cut-strokes the result says which strokes run over several parts, and where; reports and SVG
draw these piece by piece.

OUT/summary.json has counts, and speed and memory by stage. Run the same command again to continue
a job that was stopped.

  instancesketch segment drawings/ --out result
  instancesketch segment corpus --out result --weights runs/first --given-category --workers 8
  instancesketch segment drawings/ --out result --categories car tree
  instancesketch segment scenes/ --out result --scenes"""

NO_DETECTOR = "none"


def add(parser: VerbParser) -> None:
    """Add the verb's options."""
    # The type of `workers` would let 0 through.
    options.add_fields(parser, SegmentConfig, parse={"workers": options.parse_workers})
    parser.add_argument(
        "--scenes",
        action="store_true",
        help="each row is a scene: find its objects, then label each of them",
    )
    # Always accepted, and refused without --scenes by `_objects_config`, with a reason.
    options.add_fields(parser, ObjectsConfig)
    options.add_dry_run(parser)
    options.add_job(parser)


def run(args: argparse.Namespace) -> int:
    """Run the verb and return its exit status."""
    config = options.from_args(
        SegmentConfig,
        args,
        out=options.place(args.out, args.storage),
        scenes=_objects_config(args),
    )
    # Both make the job, so a dry run reports wrong weights and sources as well.
    if args.dry_run:
        from instancesketch.batch.segment import segment_job

        return output.print_job_plan(args, segment_job(config))
    # First, because it starts a process that reads while this one imports torch.
    runner = options.choose_runner(args, reads_files=True)
    from instancesketch.batch.segment import segment

    return _conclude(args, segment(config, runner))


def _conclude(args: argparse.Namespace, summary: Summary) -> int:
    rows = "scenes" if args.scenes else "sketches"
    notes = [f"{summary.failed:,} failed"]
    for name, text in (("other", "of nothing it knows"), ("scene", "like scenes")):
        if summary.counts.get(name):
            notes.append(f"{summary.counts[name]:,} {text}")
    if args.scenes:
        # Given objects were counted, but not found.
        found = "" if args.given_objects else " found"
        notes.insert(0, f"{summary.counts['objects']:,} objects{found}")
    # The speed in a finished job's summary is that of an earlier command.
    speed = summary.counts.get("speed")
    if speed and not summary.finished_before:
        decimals = 1 if args.scenes else 0  # some tens of scenes a second, thousands of sketches
        notes.append(f"{speed['sketches_per_second']:,.{decimals}f} {rows}/s")
    if summary.counts.get("scene") and not args.json:
        print(f"{summary.counts['scene']:,} look like scenes of several things: try --scenes")
    if summary.failed and not args.json:
        print(f"why {summary.failed:,} failed: instancesketch info {summary.location}")
    return output.conclude(args, summary, *notes, rows=rows)


def _objects_config(args: argparse.Namespace) -> ObjectsConfig | None:
    """Return the config for finding objects; None without `--scenes`.

    Raises:
        UserError: options were given that contradict each other.
    """
    given = options.given_options(ObjectsConfig, args)
    if not args.scenes:
        if given:
            raise UserError(f"{given[0]} goes with --scenes alone")
        return None
    # A scene has a category for each object and none of its own.
    if args.given_category:
        raise UserError(
            "--given-category is for rows that are one drawing each; with --scenes use "
            "--given-objects to take the objects in the sources as true"
        )
    if args.categories:
        raise UserError(
            "--categories says what a whole drawing can be; objects of scenes are found among all"
        )
    # `--detector none` counts as given: it chooses how objects are found, which isn't done here.
    if args.given_objects and len(given) > 1:
        raise UserError(f"{given[0]} helps to find objects, and --given-objects looks for none")
    detector = None if args.detector == NO_DETECTOR else args.detector
    return options.from_args(ObjectsConfig, args, detector=detector)
