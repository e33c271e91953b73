"""`instancesketch demo`: the whole way, on drawings made on the spot."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

HELP = "try everything in a few minutes: draw, train, label, report"
DESCRIPTION = """\
Goes the whole way on a laptop: makes drawings and writes them as CVAT XML, ingests those, trains a
small segmenter on them, labels drawings that it has not seen, compares the labels with the truth,
and writes report.html to look at. Every step prints the command that does it, to be used on
drawings of your own. The same command run again goes on where it was stopped.

  instancesketch demo"""

DRAWINGS = 3_000


def add(parser: argparse.ArgumentParser) -> None:
    """Adds the verb's options."""
    parser.add_argument(
        "--out", default="demo", metavar="DIR", help="folder to make (default: demo)"
    )
    parser.add_argument(
        "--number",
        type=int,
        default=DRAWINGS,
        metavar="N",
        help=f"drawings (default: {DRAWINGS:,})",
    )
    parser.add_argument("--epochs", type=int, default=10, metavar="N", help="(default: 10)")
    parser.add_argument("--quiet", action="store_true", help="show no progress")


def run(args: argparse.Namespace) -> int:
    """Carries the verb out."""
    from instancesketch import storage

    def at(name: str) -> str:
        return storage.join(args.out, name)

    train = ["train", "segmenter", "--data", at("corpus"), "--run", "run", "--storage", args.out]
    steps = [
        ["synth", "drawings", "--number", str(args.number), "--out", at("drawings")],
        ["export", at("drawings"), "--format", "cvat", "--out", at("xml")],
        ["ingest", at("xml"), "--out", at("corpus")],
        [*train, "--epochs", str(args.epochs), "--set", "model.layers=2"],
        ["segment", at("corpus"), "--split", "test", "--weights", at("run"), "--out", at("result")],
        ["evaluate", at("result"), "--truth", at("corpus"), "--split", "test"],
        ["report", at("result"), "--truth", at("corpus"), "--out", at("report.html")],
    ]
    for step in steps:
        if step[0] == "export" and storage.names_in(at("xml")):
            continue  # the one step that doesn't itself know that it is done
        quiet = (
            ["--quiet"] if args.quiet and step[0] in ("synth", "ingest", "train", "segment") else []
        )
        status = _take([*step, *quiet])
        if status:
            return status
    print(f"demo: all done; open {storage.absolute(at('report.html'))} in a browser")
    return 0


def _take(step: Sequence[str]) -> int:
    from instancesketch.cli import door

    print(f"\n$ instancesketch {' '.join(step)}", flush=True)
    args = door.parse(list(step))
    return int(args.run(args))
