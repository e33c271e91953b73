"""`instancesketch info`: what a corpus holds."""

from __future__ import annotations

import argparse
from collections.abc import Mapping

HELP = "count what a corpus or result holds"
DESCRIPTION = """\
Counts the drawings of a corpus or result by source, category and split, their strokes and points,
their parts, and what was rejected or failed.

  instancesketch info corpus"""

_MOST = 30


def add(parser: argparse.ArgumentParser) -> None:
    """Adds the verb's options."""
    parser.add_argument("corpus", metavar="CORPUS", help="corpus or result")


def run(args: argparse.Namespace) -> int:
    """Carries the verb out."""
    from instancesketch import results

    found = results.info(args.corpus)
    for name in ("source", "category", "split", "part"):
        print("\n".join(_table(name, found[name])))
    totals = ("sketches", "strokes", "points", "rejected", "failed")
    counts = ", ".join(f"{found[name]:,} {name}" for name in totals)
    print(f"info: {counts} in {args.corpus}")
    return 0


def _table(name: str, counts: Mapping[str | None, int]) -> list[str]:
    """A table of the most frequent values, the rest in one line."""
    shown = list(counts.items())[:_MOST]
    rest = sum(counts.values()) - sum(number for _, number in shown)
    rows = [("(unknown)" if value is None else value, number) for value, number in shown]
    if rest:
        rows.append((f"({len(counts) - len(shown)} more)", rest))
    width = max([len(name), *(len(value) for value, _ in rows)])
    unit = "strokes" if name == "part" else "sketches"
    lines = [f"{name:{width}}{unit:>12}"]
    return [*lines, *(f"{value:{width}}{number:>12,}" for value, number in rows), ""]
