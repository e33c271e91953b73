"""`instancesketch export`: a result in another format."""

from __future__ import annotations

import argparse

from instancesketch.cli import options

HELP = "write a result or corpus in another format"
DESCRIPTION = """\
Writes the drawings of a result or corpus, with their labels, for other programs: CVAT for images
1.1, Quick, Draw! ndjson, the published JSON (a file per drawing), or SVG (a file per drawing).

  instancesketch export result --format cvat --out for-cvat"""


def add(parser: argparse.ArgumentParser) -> None:
    """Adds the verb's options."""
    parser.add_argument("dir", metavar="DIR", help="result or corpus")
    parser.add_argument("--format", required=True, metavar="F", help="cvat, quickdraw, json or svg")
    parser.add_argument("--out", required=True, metavar="DIR", help="a new folder")


def run(args: argparse.Namespace) -> int:
    """Carries the verb out."""
    from instancesketch import results

    with options.watching("export") as watch:
        number = results.export(args.dir, args.format, args.out, watch)
    print(f"export: {number:,} sketches -> {args.out}")
    return 0
