"""`instancesketch evaluate`: measure how good a result is."""

from __future__ import annotations

import argparse

from instancesketch.cli import output
from instancesketch.cli.parser import VerbParser

HELP = "compare a result with labelled drawings"
DESCRIPTION = """\
Compares a result of `segment` with a labelled corpus, drawing by drawing, and prints figures:
overall, by category, by part, and confusions between parts and between categories. A drawing
without parts counts for its category alone. Where the result has scores:

  category ECE, part ECE   expected calibration error: by how many points scores differ from the
            share of what is right, over 15 bins of equally many scores; of parts, where the
            category is right. --out has the bins
  known against other   area under the ROC curve, where the taxonomy has the category `other`: how
            well drawings of known categories are told from those of nothing known
  other kept   share of the latter that are taken for known where 95 % of the known ones are

For a corpus with instances and sides there are three more:

  grouping  share of the countable parts drawn in several strokes, such as the wheels of a car, that
            are right as a whole: all strokes have the part, and are split into the true instances
  ARI       mean adjusted Rand index of these splits into instances, given the true parts; 100 where
            nothing is wrong
  sides     share of strokes of a left or right part that have that part and side

And for scenes, of several objects each (a result of `segment --scenes`):

  PQ        panoptic quality: how many of a scene's objects were found, and how much of its ink
            each shares with the object predicted for it; 100 where nothing is wrong
  PQ named  the same for objects of the taxonomy's categories, which must have the right category
  object F1 share of true and predicted objects that match, with more than half of their ink in
            common

Parts of scenes are scored where the corpus has them, each object as a drawing of its own. Strokes
are matched by their points, so `--shuffle-strokes` makes no difference.

  instancesketch evaluate result --truth corpus --split valid --out metrics.json"""


def add(parser: VerbParser) -> None:
    """Add the verb's options."""
    parser.add_argument("result", metavar="RESULT", help="folder that `segment` made")
    parser.add_argument("--truth", required=True, metavar="CORPUS", help="labelled corpus")
    parser.add_argument("--split", metavar="S", help="only the truth's drawings of this split")
    parser.add_argument("--out", metavar="FILE", help="also write the figures as JSON")


def run(args: argparse.Namespace) -> int:
    """Run the verb and return its exit status."""
    from instancesketch.core import storage
    from instancesketch.metrics.formatting import figure_blocks
    from instancesketch.metrics.terminal import print_blocks
    from instancesketch.results.evaluate import evaluate

    # Progress and figures go to different streams, so the figures can be redirected.
    with output.reading_progress("evaluate") as on_progress:
        figures = evaluate(args.result, args.truth, args.split, on_progress).figures
    if args.out:
        storage.write_json(args.out, figures)
    print_blocks(figure_blocks(figures))
    # A corpus may have scenes and drawings; one without either has 0 sketches.
    scored = [f"{figures['scenes']:,} scenes"] if figures["scenes"] else []
    if figures["sketches"] or not (scored or figures["judged"]):
        scored.append(f"{figures['sketches']:,} sketches")
    if figures["judged"] > figures["sketches"]:
        scored.append(f"{figures['judged']:,} categories")
    location = f" -> {args.out}" if args.out else ""
    print(
        f"evaluate: {' and '.join(scored)} scored, {figures['failed']:,} failed, "
        f"{figures['missing']:,} missing in the result{location}"
    )
    return 0
