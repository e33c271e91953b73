"""`instancesketch evaluate`: how good a result is."""

from __future__ import annotations

import argparse

HELP = "compare a result with labelled drawings"
DESCRIPTION = """\
Compares a result of `segment` with a labelled corpus, drawing by drawing, and prints figures: over
all, by category, by part, and what was taken for what. Where the corpus tells instances and sides
apart there are three more:

  grouping  share of the parts drawn in several strokes, such as the wheels of a car, whose strokes
            were all found, with those of one instance together and others apart
  ARI       how nearly so, on average: the adjusted Rand index, 100 where nothing is wrong
  sides     share of strokes of a left or right part that have that part and side

  instancesketch evaluate result --truth corpus --split valid --out metrics.json"""


def add(parser: argparse.ArgumentParser) -> None:
    """Adds the verb's options."""
    parser.add_argument("result", metavar="RESULT", help="folder that `segment` made")
    parser.add_argument("--truth", required=True, metavar="CORPUS", help="labelled corpus")
    parser.add_argument("--split", metavar="S", help="only the truth's drawings of this split")
    parser.add_argument("--out", metavar="FILE", help="write the figures as JSON, too")


def run(args: argparse.Namespace) -> int:
    """Carries the verb out."""
    from instancesketch import metrics, results, storage

    figures = results.evaluate(args.result, args.truth, args.split).figures
    if args.out:
        storage.write_json(args.out, figures)
    print(metrics.format_figures(figures))
    where = f" -> {args.out}" if args.out else ""
    print(
        f"evaluate: {figures['sketches']:,} sketches scored, {figures['failed']:,} failed, "
        f"{figures['missing']:,} missing in the result{where}"
    )
    return 0
