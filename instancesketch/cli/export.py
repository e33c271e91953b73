"""`instancesketch export`: write a result in another format, or weights for apps and web pages."""

from __future__ import annotations

import argparse

from instancesketch.cli import output
from instancesketch.cli.parser import VerbParser
from instancesketch.core.errors import UserError

HELP = "write a result or corpus in another format, or weights as ONNX or as a web page"
DESCRIPTION = """\
Writes the drawings of a result or corpus, with their labels, for other programs: CVAT for images
1.1, Label Studio, Quick, Draw! ndjson, the published JSON (a file per drawing), SVG (a file per
drawing; strokes over several parts in pieces, where the result has them), COCO (strokes as lines,
boxes of objects), CSV (a row per stroke), or the images and boxes of scenes that YOLO learns from.
`ingest` reads back drawings corrected in CVAT or Label Studio.

Or writes weights for apps: segmenter.onnx and refiner.onnx take the points of a drawing and need
neither torch nor this package. Or as a web page to draw on: static files for any web host, which
label in the browser; onnxruntime-web comes from its npm package. Both require the extra `onnx`, and
take a minute.

  instancesketch export result --format cvat --images --out for-cvat
  instancesketch export result --format labelstudio --uncertain 100 --out to-correct
  instancesketch export result --format svg --ids ids.txt --out chosen
  instancesketch export default --format onnx --out app
  instancesketch export default --format web --out page"""


def add(parser: VerbParser) -> None:
    """Add the verb's options."""
    parser.add_argument("dir", metavar="DIR", help="result or corpus; for onnx and web, weights")
    parser.add_argument(
        "--format",
        required=True,
        metavar="F",
        # Named here, and checked by `export`: the table of formats is slow to import.
        help="cvat, labelstudio, quickdraw, json, svg, coco, csv or yolo; onnx or web for weights",
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
    parser.add_argument(
        "--runtime",
        metavar="DIR",
        help="with web: the unpacked npm package onnxruntime-web, or its .tgz; npm fetches it "
        "without this option",
    )
    parser.add_argument("--out", required=True, metavar="DIR", help="the folder to make")


def run(args: argparse.Namespace) -> int:
    """Run the verb and return its exit status."""
    from instancesketch.results import export
    from instancesketch.results.selection import Selection

    if args.runtime is not None and args.format != "web":
        raise UserError("--runtime goes with --format web")
    if args.format in ("onnx", "web"):
        return _write_weights(args)
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


def _write_weights(args: argparse.Namespace) -> int:
    """Write weights for apps or as a page; import torch, which formats for drawings don't need."""
    if args.format == "web":
        from instancesketch.serve import static_export

        written = static_export.export(args.dir, args.out, args.runtime)
        size = f"{written.bytes / 1e6:.0f} MB"
        print(f"export: a page of {written.files} files, {size}, for any web host -> {args.out}")
        print(f"try it: python3 -m http.server --bind 127.0.0.1 --directory {args.out}")
        return 0
    from instancesketch.inference import onnx_export
    from instancesketch.results.export import refuse_existing

    # Before the conversion, which takes a minute.
    refuse_existing(args.out)
    files = onnx_export.export(args.dir, args.out)
    print(f"export: {' and '.join(files)} -> {args.out}")
    return 0
