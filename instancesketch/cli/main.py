"""The entry point: run a verb, and report a mistake in one line.

A verb is a module with `HELP` (a line), `DESCRIPTION`, `add(parser)` for its options and
`run(args)`, which returns the exit status. Slow imports are inside `run`.
"""

from __future__ import annotations

import argparse
import io
import logging
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from difflib import get_close_matches
from typing import NoReturn, TextIO

import shtab

from instancesketch import __version__
from instancesketch.cli import (
    benchmark,
    config_file,
    demo,
    draw,
    evaluate,
    export,
    info,
    ingest,
    options,
    output,
    report,
    segment,
    synth,
    train,
    tune,
)
from instancesketch.cli.parser import VerbParser
from instancesketch.core.errors import find_user_error
from instancesketch.core.progress import Activity, clear_activity

# In the order of `--help`: from sources to results, then what helps with both.
VERBS = {
    "ingest": ingest,
    "synth": synth,
    "train": train,
    "tune": tune,
    "segment": segment,
    "evaluate": evaluate,
    "report": report,
    "export": export,
    "info": info,
    "draw": draw,
    "benchmark": benchmark,
    "demo": demo,
}

INTERRUPTED = 130  # 128 + SIGINT, as in shells


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        argv: the verb and its options; by default those of the process.

    Returns:
        The exit status: 0; 1 with `--strict` and something rejected or failed; 2 for a request
        that can't be carried out; 130 when interrupted.
    """
    _set_up_logging()
    try:
        args = parse(list(sys.argv[1:] if argv is None else argv))
        _prepare_for_ray(args)
        with output.keep_stdout_for_json(args):
            return run_verb(args)
    except KeyboardInterrupt:
        _print_error("stopped; run the same command again to continue")
        return INTERRUPTED
    except BrokenPipeError:  # the reader, such as `head`, has closed its end
        # Python flushes the stream on exit, which would fail again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        mistake = find_user_error(error)
        if mistake is None:  # a bug, which needs its traceback
            raise
        _print_error(f"error: {' '.join(str(mistake).split())}")
        return 2


def run_process(argv: Sequence[str] | None = None) -> NoReturn:
    """Run one command as this process: show that it is alive, and end without waiting for Ray."""
    words = list(sys.argv[1:] if argv is None else argv)
    verb = words[0] if words and words[0] in VERBS else "instancesketch"
    # As JSON goes to standard output, its absence there is no reason for silence here.
    with Activity(verb, quiet="--quiet" in words), _clear_before_output():
        status = main(words)
    _end(status)


@contextmanager
def _clear_before_output() -> Iterator[None]:
    """Clear the activity's line before anything is written to the same terminal."""
    if not sys.stdout.isatty():
        yield
        return
    with redirect_stdout(_Clearing(sys.stdout)):
        yield


class _Clearing(io.TextIOBase):
    """A stream that clears the activity's line before each text."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        clear_activity()
        return self._stream.write(text)

    def flush(self) -> None:
        self._stream.flush()

    def isatty(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._stream.fileno()


def _end(status: int) -> NoReturn:
    ray = sys.modules.get("ray")
    if ray is None or not ray.is_initialized() or os.environ.get("RAY_ADDRESS", "local") != "local":
        sys.exit(status)
    # Ray takes seconds to shut down, in which nothing happens that matters: all is written. Its
    # own processes end when they find that this one is gone.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def run_verb(args: argparse.Namespace) -> int:
    """Run the verb of a parsed command line and return its exit status."""
    return int(VERBS[args.verb].run(args))


def parse(argv: list[str]) -> argparse.Namespace:
    """Parse a command line, after the values of its `--config` file; an empty one shows the help.

    Raises:
        UserError: an option is unknown, is missing, or has a value that it can't have.
    """
    parser, verbs = _parsers()
    if argv and not argv[0].startswith("-") and argv[0] not in verbs:
        similar = get_close_matches(argv[0].lower(), verbs, 1)
        guess = f"; did you mean {similar[0]}?" if similar else f"; verbs are {', '.join(verbs)}"
        parser.error(f"unknown verb {argv[0]}{guess}")
    if argv and argv[0] in verbs:
        verbs[argv[0]].refuse_unknown(argv[1:])
        argv = [argv[0], *config_file.read_options(verbs[argv[0]], argv[1:]), *argv[1:]]
    return parser.parse_args(argv or ["--help"])


def _parsers() -> tuple[VerbParser, dict[str, VerbParser]]:
    """Return the parser of a command line, and those of the verbs by name."""
    parser = VerbParser(
        prog="instancesketch",
        description="Label every stroke of a hand-drawn sketch: its part, its instance, its "
        "object. On one laptop or a Ray cluster.",
        epilog="`instancesketch VERB --help` explains a verb, with examples.",
    )
    parser.add_argument("--version", action="version", version=f"instancesketch {__version__}")
    shtab.add_argument_to(
        parser, "--print-completion", help="print a script that completes commands in this shell"
    )
    subparsers = parser.add_subparsers(
        metavar="VERB", dest="verb", required=True, parser_class=VerbParser
    )
    verbs = {}
    for name, module in VERBS.items():
        verbs[name] = subparsers.add_parser(
            name,
            help=module.HELP,
            description=module.DESCRIPTION,
            # Keeps the lines of the examples as they are.
            formatter_class=argparse.RawDescriptionHelpFormatter,
            # A new option would otherwise change the meaning of scripts that abbreviate another.
            allow_abbrev=False,
        )
        module.add(verbs[name])
        options.add_config(verbs[name])
    return parser, verbs


def _prepare_for_ray(args: argparse.Namespace) -> None:
    """Set Ray's environment, and refuse locations that a submitted job would lose."""
    # Not before the options are parsed, as it takes long to import.
    from instancesketch.distributed.cluster import set_environment
    from instancesketch.distributed.submitted_job import refuse_job_directory

    set_environment()  # before any verb imports Ray
    storage, out = getattr(args, "storage", None), getattr(args, "out", None)
    # A relative --out is in --storage; without --out, as for a run, --storage holds the results.
    for option, location in (
        ("--out", out and options.place(out, storage)),
        ("--storage", None if out else storage),
        ("--yolo", getattr(args, "yolo", None)),
    ):
        if location:
            refuse_job_directory(option, location)


def _set_up_logging() -> None:
    root = logging.getLogger()
    # Once only: the verb `demo`, and tests, run several commands in one process.
    if not any(isinstance(handler, _Console) for handler in root.handlers):
        root.addHandler(_Console())


class _Console(logging.Handler):
    """Print warnings of this package and errors of others; jobs write the rest to their log."""

    def emit(self, record: logging.LogRecord) -> None:
        # Libraries warn of much that a user can do nothing about.
        own = record.name.startswith("instancesketch")
        if own and record.levelno >= logging.WARNING:
            _print_error(f"{record.levelname.lower()}: {record.getMessage()}")
        elif record.levelno >= logging.ERROR:
            _print_error(f"{record.name}: {self.format(record)}")


def _print_error(text: str) -> None:
    clear_activity()
    print(f"instancesketch: {text}", file=sys.stderr)
