"""`instancesketch benchmark`: how fast labelling, training and reading are on a machine."""

from __future__ import annotations

import argparse

from instancesketch.cli import options
from instancesketch.cli.parser import VerbParser

HELP = "measure how fast labelling, training and reading are on this machine or cluster"
DESCRIPTION = """\
Measures on one machine, in one run, and prints one table:

  segment   the published path rebuilt, our models in a plain loop, and `segment` on Ray, with one
            core and with all; by stage; memory of all processes (proportional set size)
  one       one drawing at a time by the Python API, median
  training  the segmenter in a plain loop, and on Ray Train with one worker and with two
  ingest    every format that can be written
  scenes    scenes of many objects, on all cores

Start-up is told apart from the steady pace. Where RAY_ADDRESS names a cluster, its cores are not
kept to one, and its memory is not measured. OUT/speed.json and OUT/speed.md have the table.

  instancesketch benchmark --out speed
  instancesketch benchmark --data quickdraw --only segment one --out speed"""


def add(parser: VerbParser) -> None:
    """Add the verb's options."""
    parser.add_argument(
        "--data", metavar="CORPUS", help="drawings to label (default: made on the spot)"
    )
    parser.add_argument(
        "--out", default="speed", metavar="DIR", help="folder for the table (default: speed)"
    )
    parser.add_argument(
        "--only",
        nargs="+",
        metavar="PART",
        help="only these of segment, one, training, ingest, scenes",
    )
    parser.add_argument(
        "--number",
        type=int,
        default=100_000,
        metavar="N",
        help="drawings to label, those of the data again and again (default: 100,000); other "
        "parts take fewer accordingly",
    )
    parser.add_argument("--large", action="store_true", help="label ten times as many, too")
    parser.add_argument(
        "--precision",
        default="auto",
        metavar="P",
        help="float32, bfloat16 or auto, as for segment (default: auto)",
    )
    parser.add_argument(
        "--gpus", type=int, default=0, metavar="N", help="label on so many GPUs, too (default: 0)"
    )
    options.add_storage(parser)
    options.add_quiet(parser)


def run(args: argparse.Namespace) -> int:
    """Run the verb and return its exit status."""
    from instancesketch.benchmarks import PARTS, Bench
    from instancesketch.core.errors import UserError
    from instancesketch.models.precision import resolve

    parts = args.only or list(PARTS)
    if unknown := [part for part in parts if part not in PARTS]:
        raise UserError(f"--only {unknown[0]}: it is one of {', '.join(PARTS)}")
    if args.number < 8:
        raise UserError(f"--number {args.number}: at least 8")
    resolve(args.precision, "cpu")  # says so before anything is made if there is none such
    out = options.place(args.out, args.storage)
    bench = Bench(
        out=out,
        data=args.data,
        number=args.number,
        large=10 * args.number if args.large else None,
        published=min(2_000, args.number),
        one=min(300, args.number),
        trained=min(4_000, max(256, args.number)),
        read=min(4_000, args.number),
        scenes=min(400, args.number),
        precision=args.precision,
        gpus=args.gpus,
        say=(lambda _: None) if args.quiet else (lambda text: print(text, flush=True)),
    )
    print(f"\n{bench.measure(parts).to_markdown()}")
    print(f"benchmark: {', '.join(parts)} -> {out}")
    return 0
