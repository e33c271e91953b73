"""`instancesketch evaluate`: how good a result is."""

from __future__ import annotations

import argparse

from instancesketch.cli import output
from instancesketch.cli.parser import VerbParser

HELP = "compare a result with labelled drawings"
DESCRIPTION = """\
Compares a result of `segment` with a labelled corpus, drawing by drawing, and prints figures: over
all, by category, by part, and what was taken for what. Where the corpus tells instances and sides
apart there are three more:

  grouping  share of the parts drawn in several strokes, such as the wheels of a car, whose strokes
            were all found, with those of one instance together and others apart
  ARI       how nearly so, on average: the adjusted Rand index, 100 where nothing is wrong
  sides     share of strokes of a left or right part that have that part and side

And where it has scenes, of several objects each (a result of `segment --scenes`):

  PQ        panoptic quality: how many of a scene's objects were found, and how much of its ink
            each shares with what it was found as; 100 where nothing is wrong
  PQ-seven  the same for the objects of the taxonomy's categories, which must be named rightly, too
  object F1 share of objects, drawn and found, that match: more than half of their ink in common

Parts of scenes are judged where the corpus has them, each object as a drawing of its own. Strokes
are found by their points, whatever order `--shuffle-strokes` put them in.

  instancesketch evaluate result --truth corpus --split valid --out metrics.json"""


def add(parser: VerbParser) -> None:
    """Add the verb's options."""
    parser.add_argument("result", metavar="RESULT", help="folder that `segment` made")
    parser.add_argument("--truth", required=True, metavar="CORPUS", help="labelled corpus")
    parser.add_argument("--split", metavar="S", help="only the truth's drawings of this split")
    parser.add_argument("--out", metavar="FILE", help="write the figures as JSON, too")


def run(args: argparse.Namespace) -> int:
    """Run the verb and return its exit status."""
    from instancesketch import metrics
    from instancesketch.core import storage
    from instancesketch.results import evaluate

    with output.reading_progress("evaluate") as watch:
        figures = evaluate.evaluate(args.result, args.truth, args.split, watch).figures
    if args.out:
        storage.write_json(args.out, figures)
    print(metrics.format_figures(figures))
    scored = [f"{figures['scenes']:,} scenes"] if figures["scenes"] else []
    if figures["sketches"] or not scored:
        scored.append(f"{figures['sketches']:,} sketches")
    where = f" -> {args.out}" if args.out else ""
    print(
        f"evaluate: {' and '.join(scored)} scored, {figures['failed']:,} failed, "
        f"{figures['missing']:,} missing in the result{where}"
    )
    return 0
