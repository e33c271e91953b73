"""`instancesketch synth`: a corpus of procedural drawings."""

from __future__ import annotations

import argparse

from instancesketch.cli import options

HELP = "make a labelled corpus of procedural drawings"
DESCRIPTION = """\
Draws cars, clouds, flowers, suns, trees, four-legged and two-legged animals as a hand would, with
part and instance of every stroke. The same seed gives the same drawings on any machine.

  instancesketch synth drawings --number 10000 --seed 0 --out synth"""


def add(parser: argparse.ArgumentParser) -> None:
    """Adds the verb's options."""
    parser.add_argument("kind", choices=("drawings",), help="what to make")
    parser.add_argument("--number", type=int, required=True, metavar="N", help="how many")
    parser.add_argument("--seed", type=int, default=0, metavar="S", help="(default: 0)")
    parser.add_argument("--out", required=True, metavar="CORPUS", help="the folder to make")
    options.add_job(parser)


def run(args: argparse.Namespace) -> int:
    """Carries the verb out."""
    from instancesketch.synthesis import DrawingsConfig, synth_drawings

    summary = synth_drawings(
        DrawingsConfig(
            number=args.number,
            seed=args.seed,
            out=options.place(args),
            workers=args.workers,
            quiet=args.quiet,
        )
    )
    return options.conclude(args, summary)
