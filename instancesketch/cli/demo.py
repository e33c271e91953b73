"""`instancesketch demo`: the whole way, on drawings made on the spot."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from instancesketch.cli import options
from instancesketch.cli.parser import VerbParser

HELP = "try everything in a few minutes: draw, label, train, report"
DESCRIPTION = """\
Goes the whole way on a laptop. First half: makes drawings and writes them as CVAT XML, ingests
those, labels some of them with the weights that ship, compares the labels with the truth, and
writes shipped.html to look at. Second half: trains a small segmenter and refiner of its own on
the other drawings, and writes trained.html. Every step prints the command that does it, to be
used on drawings of your own. The same command run again goes on where it was stopped.

  instancesketch demo"""

DRAWINGS = 3_000


def add(parser: VerbParser) -> None:
    """Add the verb's options."""
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
    parser.add_argument("--epochs", type=int, default=6, metavar="N", help="(default: 6)")
    options.add_quiet(parser)


def run(args: argparse.Namespace) -> int:
    """Run the verb and return its exit status."""
    from instancesketch.core import storage

    def at(name: str) -> str:
        return storage.join(args.out, name)

    unseen = [at("corpus"), "--split", "test"]
    truth = ["--truth", at("corpus")]
    run = ["--data", at("corpus"), "--storage", args.out, "--epochs", str(args.epochs)]
    own = ["--weights", at("parts"), "--weights", at("instances")]
    steps = [
        ["synth", "drawings", "--number", str(args.number), "--out", at("drawings")],
        ["export", at("drawings"), "--format", "cvat", "--out", at("xml")],
        ["ingest", at("xml"), "--out", at("corpus")],
        ["segment", *unseen, "--out", at("by-shipped")],
        ["evaluate", at("by-shipped"), *truth, "--split", "test"],
        ["report", at("by-shipped"), *truth, "--out", at("shipped.html")],
        ["train", "segmenter", *run, "--run", "parts", "--set", "model.layers=2"],
        ["train", "refiner", *run, "--run", "instances"],
        ["segment", *unseen, *own, "--out", at("by-trained")],
        ["evaluate", at("by-trained"), *truth, "--split", "test"],
        ["report", at("by-trained"), *truth, "--out", at("trained.html")],
    ]
    for step in steps:
        if step[0] == "export" and storage.list_names(at("xml")):
            continue  # the one step that doesn't itself know that it is done
        quiet = (
            ["--quiet"] if args.quiet and step[0] in ("synth", "ingest", "train", "segment") else []
        )
        status = _run_step([*step, *quiet])
        if status:
            return status
    pages = " and ".join(storage.absolute(at(f"{name}.html")) for name in ("shipped", "trained"))
    print(f"demo: all done; open {pages} in a browser")
    return 0


def _run_step(step: Sequence[str]) -> int:
    from instancesketch.cli.main import parse, run_verb

    print(f"\n$ instancesketch {' '.join(step)}", flush=True)
    return run_verb(parse(list(step)))
