"""`instancesketch export`: write a result in another format, or weights as ONNX."""

from __future__ import annotations

import argparse

from instancesketch.cli import output
from instancesketch.cli.parser import VerbParser

HELP = "write a result or corpus in another format, or weights as ONNX"
DESCRIPTION = """\
Writes the drawings of a result or corpus, with their labels, for other programs: CVAT for images
1.1, Label Studio, Quick, Draw! ndjson, the published JSON (a file per drawing), SVG (a file per
drawing), COCO (strokes as lines, boxes of objects), CSV (a row per stroke), or the images and boxes
of scenes that YOLO learns from. `ingest` reads back drawings corrected in CVAT or Label Studio.

Or writes weights for apps: segmenter.onnx and refiner.onnx take the points of a drawing and need
neither torch nor this package. This requires the extra `onnx`, and takes a minute.

  instancesketch export result --format cvat --images --out for-cvat
  instancesketch export result --format labelstudio --uncertain 100 --out to-correct
  instancesketch export result --format svg --ids ids.txt --out chosen
  instancesketch export default --format onnx --out app"""


def add(parser: VerbParser) -> None:
    """Add the verb's options."""
    parser.add_argument("dir", metavar="DIR", help="result or corpus; with --format onnx, weights")
    parser.add_argument(
        "--format",
        required=True,
        metavar="F",
        # Named here, and checked by `export`: the table of formats is slow to import.
        help="cvat, labelstudio, quickdraw, json, svg, coco, csv or yolo; onnx for weights",
    )
    parser.add_argument(
        "--uncertain",
        type=int,
        metavar="N",
        help="only the N drawings of a result with the least certain labels, these sorted first",
    )
    parser.add_argument(
        "--ids",
        metavar="FILE",
        help="only the drawings named in a file, an id on each line; a report saves such a file",
    )
    parser.add_argument(
        "--category",
        nargs="+",
        action="extend",
        metavar="C",
        help="only drawings of these categories, by name or word: car tree dog",
    )
    parser.add_argument(
        "--images",
        action="store_true",
        help="with cvat or coco: also write the images that they name",
    )
    parser.add_argument("--out", required=True, metavar="DIR", help="the folder to make")


def run(args: argparse.Namespace) -> int:
    """Run the verb and return its exit status."""
    from instancesketch.results import export
    from instancesketch.results.selection import Selection

    if args.format == "onnx":
        # Imports torch, which the formats for drawings don't need.
        from instancesketch.inference import onnx_export

        # Before the conversion, which takes a minute.
        export.refuse_existing(args.out)
        files = onnx_export.export(args.dir, args.out)
        print(f"export: {' and '.join(files)} -> {args.out}")
        return 0
    with output.reading_progress("export") as on_progress:
        number = export.export(
            args.dir,
            args.format,
            args.out,
            on_progress,
            selection=Selection(ids=args.ids, categories=args.category, uncertain=args.uncertain),
            images=args.images,
        )
    print(f"export: {number:,} sketches -> {args.out}")
    return 0
