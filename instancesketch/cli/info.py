"""`instancesketch info`: what a corpus holds."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from typing import Any

from instancesketch.cli import options, output
from instancesketch.cli.parser import VerbParser

HELP = "count what a corpus or result holds"
DESCRIPTION = """\
Counts the drawings of a corpus or result by source, category and split, their strokes and points,
their parts, the objects of scenes, and what was rejected or failed, and shows what the first
drawings hold.

  instancesketch info corpus
  instancesketch info result --drawings 20
  instancesketch info corpus --json"""

_MOST = 30
_WIDEST = 60
_WIDEST_REASON = 100
_UNITS = {"part": "strokes", "object_category": "objects"}


def add(parser: VerbParser) -> None:
    """Add the verb's options."""
    parser.add_argument("corpus", metavar="CORPUS", help="corpus or result")
    parser.add_argument(
        "--drawings",
        type=int,
        default=5,
        metavar="N",
        help="show the first N drawings (default: 5)",
    )
    options.add_json(parser, "print all of it as JSON; what is not known is the key `null`")


def run(args: argparse.Namespace) -> int:
    """Run the verb and return its exit status."""
    from instancesketch.results import info

    found = info.info(args.corpus, max(0, args.drawings))
    if args.json:
        output.print_json(args, found)
        return 0
    for name in ("source", "category", "object_category", "split", "part"):
        if not _tells_nothing(name, found):
            print("\n".join(_table(name, found[name], _UNITS.get(name, "sketches"))))
    for name, unit in (("reason", "rejected"), ("error", "failed")):
        if found[name]:
            print("\n".join(_table(name, found[name], unit, _WIDEST_REASON)))
    for drawing in found["drawings"]:
        print(_line(drawing))
    if found["drawings"]:
        print()
    totals = ("sketches", "strokes", "points", "rejected", "failed")
    counts = ", ".join(f"{found[name]:,} {name}" for name in totals)
    print(f"info: {counts} in {args.corpus}")
    return 0


def _tells_nothing(name: str, found: Mapping[str, Any]) -> bool:
    """Whether a table would be empty, or say of scenes that each has many categories."""
    scenes = bool(found["object_category"])
    return not found[name] or (scenes and name == "category" and set(found[name]) == {None})


def _line(drawing: Mapping[str, Any]) -> str:
    parts = ", ".join(f"{number} {part}" for part, number in drawing["part"].items())
    objects = drawing["object_category"]
    known = drawing["category"] or ("(unknown)" if objects is None else _of_scene(objects))
    about = f"{known}, {drawing['strokes']:,} strokes"
    said = [drawing["sketch_id"][:_WIDEST], about, parts, drawing["error"]]
    return ": ".join(words for words in said if words)


def _of_scene(objects: Sequence[str | None]) -> str:
    things = ", ".join(objects_of or "other" for objects_of in objects)
    return f"scene of {len(objects):,} ({things})" if objects else "scene of nothing"


def _table(
    name: str, counts: Mapping[str | None, int], unit: str, widest: int = _WIDEST
) -> list[str]:
    """A table of the most frequent values, the rest in one line."""
    title = name.replace("_", " ")
    unknown = "(other)" if name == "object_category" else "(unknown)"
    shown = list(counts.items())[:_MOST]
    rest = sum(counts.values()) - sum(number for _, number in shown)
    rows = [(unknown if value is None else value[:widest], n) for value, n in shown]
    if rest:
        rows.append((f"({len(counts) - len(shown)} more)", rest))
    width = max([len(name), *(len(value) for value, _ in rows)])
    lines = [f"{title:{width}}{unit:>12}"]
    return [*lines, *(f"{value:{width}}{number:>12,}" for value, number in rows), ""]
