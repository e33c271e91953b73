"""`instancesketch segment`: labels drawings with trained weights."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from instancesketch.cli import options
from instancesketch.core.errors import UserError

if TYPE_CHECKING:
    from instancesketch.batch.config import ObjectsConfig

HELP = "label every stroke of drawings with trained weights"
DESCRIPTION = """\
Labels every stroke of the drawings in files, folders or corpora, and writes a result: a folder of
Parquet files with the columns of a corpus and, beside them, scores. Weights that hold a refiner
also say which instance of its part a stroke draws, and on which side it is. A drawing that can't
be labelled keeps its row, with an error. Labels that the sources carry are not looked at.

Weights that ship: doodle7 (cars, clouds, flowers, suns, trees, animals on four and on two legs;
parts, instances and sides) and spg20 (twenty categories of SPG; parts).

With --scenes each row is a scene of many objects: strokes are first put together to objects, by a
grouper that the weights hold and, with --detector, by boxes around objects as well; then each
object is labelled as a drawing of its own. Every stroke gets its object, or -1 for none.

OUT/summary.json has counts, and speed and memory by stage. The same command run again goes on
where it was stopped.

  instancesketch segment drawings/ --out result
  instancesketch segment corpus --out result --weights runs/first --given-category --workers 8
  instancesketch segment scenes/ --out result --scenes"""

DEFAULT_WEIGHTS = "doodle7"
NO_DETECTOR = "none"


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
    parser.add_argument(
        "--scenes",
        action="store_true",
        help="each row is a scene: tell its objects apart, then label each one",
    )
    parser.add_argument(
        "--detector",
        metavar="NAME",
        help="with --scenes: find objects by boxes, too, with this shipped name or the folder of a "
        "run that holds detector/; none does without (default: none)",
    )
    parser.add_argument(
        "--drawing-order",
        action="store_true",
        help="with --scenes: strokes drawn one after the other are likelier one object; only where "
        "the files keep the order in which the strokes were drawn",
    )
    parser.add_argument(
        "--given-objects",
        action="store_true",
        help="with --scenes: take the objects that each scene comes with as true; without it they "
        "are not looked at",
    )
    parser.add_argument(
        "--precision",
        default="auto",
        metavar="P",
        help="what the segmenter computes in: float32, bfloat16, or auto, which is bfloat16 on "
        "GPUs and on CPUs made for it (default: auto; summary.json says which it was)",
    )
    parser.add_argument("--split", metavar="S", help="only drawings of this split, such as valid")
    options.add_reading(parser)
    options.add_job(parser, gpus=True)


def run(args: argparse.Namespace) -> int:
    """Carries the verb out."""
    from instancesketch.batch.config import SegmentConfig
    from instancesketch.batch.segment import job_of, segment

    config = SegmentConfig(
        sources=tuple(args.sources),
        out=options.place(args.out, args.storage),
        weights=tuple(args.weights or [DEFAULT_WEIGHTS]),
        given_category=args.given_category,
        scenes=_scenes(args),
        format=args.format,
        split=args.split,
        shuffle_strokes=args.shuffle_strokes,
        max_record_mb=args.max_record_mb,
        precision=args.precision,
        workers=args.workers,
        gpus_per_worker=args.gpus_per_worker,
        quiet=args.quiet,
    )
    if args.dry_run:
        return options.show_job(args, job_of(config))
    summary = segment(config)
    noun = "scenes" if args.scenes else "sketches"
    notes = [f"{summary.failed:,} failed"]
    if args.scenes:
        found = "" if args.given_objects else " found"
        notes.insert(0, f"{summary.counts['objects']:,} objects{found}")
    speed = summary.counts.get("speed")
    if speed and not summary.finished_before:
        notes.append(f"{speed['sketches_per_second']:,.{1 if args.scenes else 0}f} {noun}/s")
    if summary.failed and not args.json:
        print(f"why {summary.failed:,} failed: instancesketch info {summary.location}")
    return options.conclude(args, summary, *notes, rows=noun)


def _scenes(args: argparse.Namespace) -> ObjectsConfig | None:
    from instancesketch.batch.config import ObjectsConfig

    only_scenes = {
        "--detector": args.detector is not None,
        "--drawing-order": args.drawing_order,
        "--given-objects": args.given_objects,
    }
    given = [option for option, is_given in only_scenes.items() if is_given]
    if not args.scenes:
        if given:
            raise UserError(f"{given[0]} goes with --scenes alone")
        return None
    if args.given_category:
        raise UserError(
            "--given-category is for rows that are one drawing each; the objects of --scenes are "
            "taken as true with --given-objects"
        )
    if args.given_objects and len(given) > 1:
        raise UserError(f"{given[0]} helps to find objects, and --given-objects looks for none")
    detector = None if args.detector in (None, NO_DETECTOR) else args.detector
    return ObjectsConfig(
        detector=detector, drawing_order=args.drawing_order, given_objects=args.given_objects
    )
