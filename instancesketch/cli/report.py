"""`instancesketch report`: a result as a page to look at."""

from __future__ import annotations

import argparse

from instancesketch.cli import output
from instancesketch.cli.parser import VerbParser
from instancesketch.core.errors import UserError

HELP = "show a result, a training run or a sweep as an HTML page"
DESCRIPTION = """\
Writes one HTML page with the drawings of a result or corpus, strokes coloured by part, instance,
object or confidence, to be filtered by category, part, mistakes and confidence; pointing at a
stroke of a scene brings its object forward. With the truth given the page has it beside each
drawing, the worst come first, and the figures are there, too: choose a count of what was taken for
what, and see its drawings. Of a training run or a sweep, finished or not, the page has curves,
tables and the drawings of the best epoch. The page is one file, which needs no network.

  instancesketch report result --truth corpus --out report.html
  instancesketch report runs/first --out first.html"""


def add(parser: VerbParser) -> None:
    """Add the verb's options."""
    parser.add_argument("dir", metavar="DIR", help="result, corpus, training run or sweep")
    parser.add_argument("--truth", metavar="CORPUS", help="labelled corpus to compare with")
    parser.add_argument("--split", metavar="S", help="only drawings of this split (of the truth)")
    parser.add_argument(
        "--out", required=True, metavar="FILE", help="the page, such as report.html"
    )


def run(args: argparse.Namespace) -> int:
    """Run the verb and return its exit status."""
    from instancesketch.results import folder, report

    settings = folder.run_config(args.dir)
    if settings is None:
        with output.reading_progress("report") as watch:
            report.report(args.dir, args.out, args.truth, args.split, watch)
    elif args.truth is None and args.split is None:
        from instancesketch.results import run_report

        run_report.write_page(args.dir, settings, args.out)
    else:
        option = "--split" if args.truth is None else "--truth"
        raise UserError(f"{option}: {args.dir} is a training run, which had its own")
    print(f"report: open {args.out} in a browser")
    return 0
