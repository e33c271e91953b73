"""`instancesketch demo`: the whole workflow, on procedural drawings."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from instancesketch.cli import options
from instancesketch.cli.parser import VerbParser

HELP = "try everything in a few minutes: draw, label, train, report"
DESCRIPTION = """\
Shows the whole workflow on a laptop. First half: makes procedural drawings and writes them as CVAT
XML, ingests those, labels some of them with the shipped weights, compares the labels with the
truth, and writes a page, shipped.html. Second half: trains a small segmenter and refiner on the
other drawings, and writes trained.html. Each step prints its command, to use on drawings of your
own. Run the same command again to continue a demo that was stopped.

  instancesketch demo"""

# The verbs of `_steps` that have the option.
_WITH_QUIET = ("synth", "ingest", "train", "segment")


def add(parser: VerbParser) -> None:
    """Add the verb's options."""
    parser.add_argument(
        "--out", default="demo", metavar="DIR", help="folder to make (default: demo)"
    )
    parser.add_argument(
        "--number", type=int, default=3_000, metavar="N", help="drawings (default: 3,000)"
    )
    parser.add_argument(
        "--epochs", type=int, default=6, metavar="N", help="epochs to train (default: 6)"
    )
    options.add_quiet(parser)


def run(args: argparse.Namespace) -> int:
    """Run the verb and return its exit status."""
    from instancesketch.core import storage

    for step in _steps(args.out, args.number, args.epochs):
        # Unlike the others, `export` refuses a folder that it has already written.
        if step[0] == "export" and storage.list_names(step[-1]):
            continue
        status = _run_step([*step, "--quiet"] if args.quiet and step[0] in _WITH_QUIET else step)
        # Later steps read what this one would have written.
        if status:
            return status
    shipped, trained = (
        storage.absolute(storage.join(args.out, f"{name}.html")) for name in ("shipped", "trained")
    )
    # By default a page with the truth has the worst drawings first.
    print(
        f"demo: all done; open {shipped}#order=mixed, labelled by the shipped weights, and "
        f"{trained}, by those that were trained just now; `instancesketch draw` opens a page to "
        "draw on"
    )
    return 0


def _steps(out: str, number: int, epochs: int) -> list[list[str]]:
    """Return the command line of each step."""
    from instancesketch.core import storage

    def at(name: str) -> str:
        return storage.join(out, name)

    corpus = at("corpus")
    truth = ["--truth", corpus]
    # Both halves label the split `test`, which the trained models have not seen.
    run = ["--data", corpus, "--storage", out, "--epochs", str(epochs)]
    weights = ["--weights", at("parts"), "--weights", at("instances")]
    return [
        ["synth", "drawings", "--number", str(number), "--out", at("drawings")],
        ["export", at("drawings"), "--format", "cvat", "--out", at("xml")],
        ["ingest", at("xml"), "--out", corpus],
        ["segment", corpus, "--split", "test", "--out", at("by-shipped")],
        # Compared with the labels of the procedural drawings, which `segment` doesn't read.
        ["evaluate", at("by-shipped"), *truth, "--split", "test"],
        ["report", at("by-shipped"), *truth, "--out", at("shipped.html")],
        # A smaller network than by default, for some minutes on a laptop.
        ["train", "segmenter", *run, "--run", "parts", "--set", "model.layers=2"],
        ["train", "refiner", *run, "--run", "instances"],
        ["segment", corpus, "--split", "test", *weights, "--out", at("by-trained")],
        ["evaluate", at("by-trained"), *truth, "--split", "test"],
        ["report", at("by-trained"), *truth, "--out", at("trained.html")],
    ]


def _run_step(step: Sequence[str]) -> int:
    # Here, because `main` imports this module.
    from instancesketch.cli.main import parse, run_verb

    # Flushed, or the progress on standard error would appear before the command.
    print(f"\n$ instancesketch {' '.join(step)}", flush=True)
    return run_verb(parse(list(step)))
