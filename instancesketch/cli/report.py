"""`instancesketch report`: show a result, a run or a sweep as an HTML page."""

from __future__ import annotations

import argparse

from instancesketch.cli import output
from instancesketch.cli.parser import VerbParser
from instancesketch.core.errors import UserError

HELP = "show a result, a training run or a sweep as an HTML page"
DESCRIPTION = """\
Writes one HTML page with the drawings of a result or corpus. Strokes are coloured by part,
instance, object or confidence; drawings can be filtered by category, part, mistakes and confidence;
pointing at a stroke of a scene highlights its object. With --truth the page shows the true labels
beside each drawing, sorts the worst first, and has the figures: click a confusion to see its
drawings. For a training run or a sweep, finished or not, the page has curves, tables and the
drawings of the best epoch. The page is one file that needs no network; without --out it lies beside
the folder, `result.html`.

  instancesketch report result --open
  instancesketch report result --truth corpus --out report.html
  instancesketch report runs/first --out first.html"""


def add(parser: VerbParser) -> None:
    """Add the verb's options."""
    parser.add_argument("dir", metavar="DIR", help="result, corpus, training run or sweep")
    parser.add_argument("--truth", metavar="CORPUS", help="labelled corpus to compare with")
    parser.add_argument("--split", metavar="S", help="only drawings of this split (of the truth)")
    parser.add_argument(
        "--out", metavar="FILE", help="the page, such as report.html (default: DIR.html)"
    )
    parser.add_argument("--open", action="store_true", help="open the page in a browser")


def run(args: argparse.Namespace) -> int:
    """Run the verb and return its exit status."""
    from instancesketch.core import storage
    from instancesketch.distributed.cluster import refuse_job_directory
    from instancesketch.results import folder, report

    out = args.out or f"{storage.absolute(args.dir)}.html"
    refuse_job_directory("--out", out)
    # Runs and sweeps are known by their config, so the verb needs no option for them.
    config = folder.run_config(args.dir)
    if config is None:
        with output.reading_progress("report") as on_progress:
            report.report(args.dir, out, args.truth, args.split, on_progress)
    elif args.truth is None and args.split is None:
        from instancesketch.results import run_report

        run_report.write_page(args.dir, config, out)
    else:
        option = "--split" if args.truth is None else "--truth"
        raise UserError(f"{option}: {args.dir} is a training run, which has its own")
    if args.open and _open(out):
        print(f"report: opened {out}")
    else:
        print(f"report: open {out} in a browser")
    return 0


def _open(page: str) -> bool:
    """Open a page in a browser, and return whether there is one."""
    import webbrowser
    from pathlib import Path

    return webbrowser.open(page if "://" in page else Path(page).absolute().as_uri())
