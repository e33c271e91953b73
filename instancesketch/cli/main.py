"""The door: finds the verb, and says in one line what went wrong.

A verb is a module with `HELP` (a line), `DESCRIPTION`, `add(parser)` for its options and
`run(args)`, which returns the exit status. What takes long to import is imported in `run`.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Sequence
from difflib import get_close_matches
from typing import NoReturn

import shtab

from instancesketch import __version__
from instancesketch.cli import (
    benchmark,
    demo,
    evaluate,
    export,
    info,
    ingest,
    options,
    report,
    segment,
    synth,
    train,
    tune,
)
from instancesketch.core.errors import UserError, find_user_error
from instancesketch.distributed.cluster import set_environment

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
    "benchmark": benchmark,
    "demo": demo,
}

STOPPED = 130
# Values that a shell completes by the names of files.
_PLACES = {"SOURCE", "DIR", "CORPUS", "RESULT", "FILE", "LOCATION"}


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command.

    Args:
        argv: the verb and its options; by default those of the process.

    Returns:
        The exit status: 0; 1 with `--strict` and something rejected or failed; 2 for a request
        that can't be carried out; 130 when stopped.
    """
    set_environment()
    _set_up_logging()
    try:
        args = parse(list(sys.argv[1:] if argv is None else argv))
        _refuse_lost(args)
        with options.only_json(args):
            return int(args.run(args))
    except KeyboardInterrupt:
        _say("stopped; the same command goes on from here")
        return STOPPED
    except BrokenPipeError:  # whoever read the output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        mistake = find_user_error(error)
        if mistake is None:
            raise
        _say(f"error: {' '.join(str(mistake).split())}")
        return 2


def parse(argv: list[str]) -> argparse.Namespace:
    """Reads a command line, with what its `--config` file says put in front; an empty one asks for
    help.

    Raises:
        UserError: an option is unknown, missing, or has a value that it can't have.
    """
    parser, parsers = _parsers()
    if argv and argv[0] in parsers:
        _refuse_unknown(argv[1:], parsers[argv[0]])
        argv = [argv[0], *options.from_config(parsers[argv[0]], argv[1:]), *argv[1:]]
    return parser.parse_args(argv or ["--help"])


def _parsers() -> tuple[_Parser, dict[str, _Parser]]:
    """The parser of a command line, and those of the verbs."""
    parser = _Parser(
        prog="instancesketch",
        description="Labels every stroke of a hand-drawn sketch: its part, its instance, its "
        "object. On one laptop or a Ray cluster.",
        epilog="`instancesketch VERB --help` explains a verb, with examples.",
    )
    parser.add_argument("--version", action="version", version=f"instancesketch {__version__}")
    shtab.add_argument_to(
        parser, "--print-completion", help="print what completes commands in this shell"
    )
    verbs = parser.add_subparsers(metavar="VERB", dest="verb", required=True, parser_class=_Parser)
    parsers = {}
    for name, module in VERBS.items():
        parsers[name] = verbs.add_parser(
            name,
            help=module.HELP,
            description=module.DESCRIPTION,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        module.add(parsers[name])
        options.add_config(parsers[name])
        parsers[name].set_defaults(run=module.run)
        for action in parsers[name]._actions:
            if action.metavar in _PLACES:
                action.complete = shtab.FILE  # type: ignore[attr-defined]
    return parser, parsers


def _refuse_unknown(argv: Sequence[str], parser: argparse.ArgumentParser) -> None:
    """Names an option that a verb doesn't have, before another is missed for it."""
    known = [*parser._option_string_actions]
    for word in argv[: argv.index("--") if "--" in argv else None]:
        option = word.partition("=")[0]
        if option.startswith("--") and option not in known:
            like = get_close_matches(option.lower(), known, 1)
            guess = f"; did you mean {like[0]}?" if like else ""
            parser.error(f"unknown option {option}{guess}")


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UserError(f"{message} (see `{self.prog} --help`)")


def _refuse_lost(args: argparse.Namespace) -> None:
    """Refuses results where nobody will find them. A relative --out lies in --storage."""
    from instancesketch.distributed.submitted import refuse_lost

    storage, out = getattr(args, "storage", None), getattr(args, "out", None)
    for option, location in (
        ("--out", out and options.place(out, storage)),
        ("--storage", None if out else storage),
        ("--yolo", getattr(args, "yolo", None)),
    ):
        if location:
            refuse_lost(option, location)


def _set_up_logging() -> None:
    root = logging.getLogger()
    if not any(isinstance(handler, _Console) for handler in root.handlers):
        root.addHandler(_Console())


class _Console(logging.Handler):
    """Says our own warnings and the errors of others; jobs keep a log of everything besides."""

    def emit(self, record: logging.LogRecord) -> None:
        own = record.name.startswith("instancesketch")
        if own and record.levelno >= logging.WARNING:
            _say(f"{record.levelname.lower()}: {record.getMessage()}")
        elif record.levelno >= logging.ERROR:
            _say(f"{record.name}: {self.format(record)}")


def _say(text: str) -> None:
    print(f"instancesketch: {text}", file=sys.stderr)
