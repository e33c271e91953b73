"""`instancesketch info`: count what a corpus or result holds."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from instancesketch.cli import options, output
from instancesketch.cli.parser import VerbParser
from instancesketch.core.errors import UserError

if TYPE_CHECKING:
    from instancesketch.metrics.terminal import TextTable

HELP = "count what a corpus or result holds"
DESCRIPTION = """\
Counts the drawings of a corpus or result by source, category and split; strokes by part; objects of
scenes by category; rejected and failed drawings by reason; and describes the first drawings.

  instancesketch info corpus
  instancesketch info result --drawings 20
  instancesketch info corpus --json

With --labels it reads files of drawings instead, in any format, and prints a draft taxonomy with
the categories and parts that they hold, to complete and to give to `ingest --taxonomy`:

  instancesketch info --labels drawings/ > own.toml"""

_TABLES = ("source", "category", "object_category", "split", "part")
_UNITS = {"part": "strokes", "object_category": "objects"}
# Lines that fit a terminal; `--json` has everything.
_MAX_ROWS = 30
_MAX_WIDTH = 60
_MAX_REASON_WIDTH = 100


def add(parser: VerbParser) -> None:
    """Add the verb's options."""
    parser.add_argument("corpus", metavar="CORPUS", nargs="?", help="corpus or result")
    parser.add_argument(
        "--labels",
        nargs="+",
        metavar="SOURCE",
        help="print a draft taxonomy of the labels in these files and folders",
    )
    parser.add_argument(
        "--drawings",
        type=int,
        default=5,
        metavar="N",
        help="show the first N drawings (default: 5)",
    )
    options.add_json(parser, "print the counts as JSON; an unknown value is the key `null`")


def run(args: argparse.Namespace) -> int:
    """Run the verb and return its exit status."""
    if (args.corpus is None) == (args.labels is None):
        raise UserError("info takes a CORPUS, or --labels with files and folders")
    if args.labels is not None:
        return _print_draft(args.labels)
    from instancesketch.results.info import info

    # A negative number shows none, as 0 does.
    counts = info(args.corpus, max(0, args.drawings))
    if args.json:
        output.print_json(args, counts)
    else:
        _print_counts(counts, args.corpus)
    return 0


def _print_draft(sources: Sequence[str]) -> int:
    from instancesketch.batch.draft_taxonomy import draft_taxonomy
    from instancesketch.core.progress import Progress

    with Progress("info") as progress:
        draft = draft_taxonomy(
            sources, lambda done, files: progress.show(f"{done:,} of {files:,} files read")
        )
    # Nothing else, so that it can be redirected into a file.
    print(draft, end="")
    return 0


def _print_counts(counts: Mapping[str, Any], corpus: str) -> None:
    from instancesketch.metrics.terminal import print_blocks

    for name in _TABLES:
        if not _is_empty(name, counts):
            print_blocks([_table(name, counts[name], _UNITS.get(name, "sketches")), ""])
    for name, unit in (("reason", "rejected"), ("error", "failed")):
        if counts[name]:
            print_blocks([_table(name, counts[name], unit, _MAX_REASON_WIDTH), ""])
    for drawing in counts["drawings"]:
        print(_drawing_line(drawing))
    if counts["drawings"]:
        print()
    names = ("sketches", "strokes", "mixed", "points", "rejected", "failed")
    titles = {"mixed": "over several parts"}
    # Strokes are cut on request alone, so that most results have none.
    shown = [name for name in names if name != "mixed" or counts[name]]
    totals = ", ".join(f"{counts[name]:,} {titles.get(name, name)}" for name in shown)
    print(f"info: {totals} in {corpus}")


def _is_empty(name: str, counts: Mapping[str, Any]) -> bool:
    # Scenes have a category per object and none of their own.
    scenes = bool(counts["object_category"])
    return not counts[name] or (scenes and name == "category" and set(counts[name]) == {None})


def _drawing_line(drawing: Mapping[str, Any]) -> str:
    parts = ", ".join(f"{number} {part}" for part, number in drawing["part"].items())
    objects = drawing["object_category"]
    content = drawing["category"] or ("(unknown)" if objects is None else _scene_text(objects))
    content = f"{content}, {drawing['strokes']:,} strokes"
    texts = [drawing["sketch_id"][:_MAX_WIDTH], content, parts, drawing["error"]]
    return ": ".join(text for text in texts if text)


def _scene_text(objects: Sequence[str | None]) -> str:
    names = ", ".join(category or "other" for category in objects)
    return f"scene of {len(objects):,} ({names})" if objects else "scene without objects"


def _table(
    name: str, counts: Mapping[str | None, int], unit: str, max_width: int = _MAX_WIDTH
) -> TextTable:
    """Return a table of the most frequent values; the last row sums up the rest."""
    from instancesketch.metrics.terminal import TextTable

    title = name.replace("_", " ")
    unknown = "(other)" if name == "object_category" else "(unknown)"
    frequent = list(counts.items())[:_MAX_ROWS]
    # Summed up, so that a column adds up to the total even where rows are left out.
    rest = sum(counts.values()) - sum(number for _, number in frequent)
    rows = [(unknown if value is None else value[:max_width], n) for value, n in frequent]
    if rest:
        rows.append((f"({len(counts) - len(frequent)} more)", rest))
    return TextTable(head=[title, unit], rows=[[value, f"{number:,}"] for value, number in rows])
