"""`instancesketch report`: a result as a page to look at."""

from __future__ import annotations

import argparse

from instancesketch.cli import options

HELP = "show a result as an HTML page"
DESCRIPTION = """\
Writes one HTML page with the drawings of a result or corpus, strokes coloured by part, or by
instance where there are any. Scenes have their objects, parts and instances as layers to switch;
pointing at a stroke brings its object forward. With the truth given the page has the figures, too,
and the worst come first.

  instancesketch report result --truth corpus --out report.html"""


def add(parser: argparse.ArgumentParser) -> None:
    """Adds the verb's options."""
    parser.add_argument("dir", metavar="DIR", help="result or corpus")
    parser.add_argument("--truth", metavar="CORPUS", help="labelled corpus to compare with")
    parser.add_argument(
        "--out", required=True, metavar="FILE", help="the page, such as report.html"
    )


def run(args: argparse.Namespace) -> int:
    """Carries the verb out."""
    from instancesketch import results

    with options.watching("report") as watch:
        results.report(args.dir, args.out, args.truth, watch)
    print(f"report: open {args.out} in a browser")
    return 0
