"""`instancesketch report`: show a result, a run or a sweep as an HTML page."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from typing import Any

from instancesketch.cli import output
from instancesketch.cli.parser import VerbParser
from instancesketch.core.errors import UserError

HELP = "show a result, a training run or a sweep as an HTML page"
DESCRIPTION = """\
Writes one HTML page with the drawings of a result or corpus. Strokes are coloured by part,
instance, object or confidence; drawings can be searched, and filtered by category, word, part,
mistakes and confidence; the page's address holds the view. A click opens a drawing large, with its
strokes, whose parts can be corrected there: see `ingest --corrections`. With --truth the page shows
the true labels beside each drawing, sorts the worst first, and has the figures: click a confusion
to see its drawings. For a training run or a sweep, finished or not, the page has curves, tables and
the drawings of the best epoch; several runs of one model kind share a page, with what differs in
their configs. The page needs no network and is one file, but for more than 5,000 drawings, whose
pictures lie in a folder beside it, `result-drawings`; without --out the page is `result.html`.

  instancesketch report result --open
  instancesketch report result --truth corpus --out report.html
  instancesketch report runs/first --out first.html
  instancesketch report runs/first runs/second --out both.html"""


def add(parser: VerbParser) -> None:
    """Add the verb's options."""
    parser.add_argument(
        "dirs",
        nargs="+",
        metavar="DIR",
        help="result, corpus, training run or sweep; or several runs, to compare them",
    )
    parser.add_argument("--truth", metavar="CORPUS", help="labelled corpus to compare with")
    parser.add_argument("--split", metavar="S", help="only drawings of this split (of the truth)")
    parser.add_argument(
        "--out", metavar="FILE", help="the page, such as report.html (default: DIR.html)"
    )
    parser.add_argument("--open", action="store_true", help="open the page in a browser")


def run(args: argparse.Namespace) -> int:
    """Run the verb and return its exit status."""
    from instancesketch.core import storage
    from instancesketch.distributed.submitted_job import refuse_job_directory
    from instancesketch.results import folder, report

    first = args.dirs[0]
    name = f"{storage.absolute(first)}.html" if len(args.dirs) == 1 else None
    out = args.out or name
    if out is None:
        raise UserError("the page of several runs needs a name: --out FILE")
    refuse_job_directory("--out", out)
    # Runs and sweeps are known by their config, so the verb needs no option for them.
    configs = {directory: folder.run_config(directory) for directory in args.dirs}
    runs = {directory: config for directory, config in configs.items() if config is not None}
    if runs and (args.truth is not None or args.split is not None):
        option = "--split" if args.truth is None else "--truth"
        raise UserError(f"{option}: {next(iter(runs))} is a training run, which has its own")
    if len(args.dirs) > 1:
        _compare(args.dirs, runs, out)
    elif runs:
        from instancesketch.results import run_report

        run_report.write_page(first, runs[first], out)
    else:
        with output.reading_progress("report") as on_progress:
            report.report(first, out, args.truth, args.split, on_progress)
    if args.open and _open(out):
        print(f"report: opened {out}")
    else:
        print(f"report: open {out} in a browser")
    return 0


def _compare(directories: Sequence[str], runs: Mapping[str, Mapping[str, Any]], out: str) -> None:
    from instancesketch.results import compare_runs

    if others := [directory for directory in directories if directory not in runs]:
        raise UserError(f"{others[0]} is not a training run; runs alone share a page")
    if len(runs) < len(directories):
        raise UserError("a run is given twice")
    compare_runs.write_page(runs, out)


def _open(page: str) -> bool:
    """Open a page in a browser, and return whether there is one."""
    import webbrowser
    from pathlib import Path

    return webbrowser.open(page if "://" in page else Path(page).absolute().as_uri())
