"""Options that verbs share, and their values from a TOML file."""

from __future__ import annotations

import argparse
import json
import math
import posixpath
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any

from instancesketch.core.errors import UserError

if TYPE_CHECKING:
    from instancesketch.batch.job import Job, Summary
    from instancesketch.core.parquet import OnProgress


# Options of this form add up: those of a file come first, and of two of one key the later counts.
CHANGE = "KEY=VALUE"


def add_config(parser: argparse.ArgumentParser) -> None:
    """Adds `--config`, which every verb has."""
    parser.add_argument(
        "--config",
        metavar="FILE",
        help="TOML file with values for these options, such as `workers = 4`; "
        "what stands on the command line counts more",
    )


def add_job(parser: argparse.ArgumentParser, gpus: bool = False) -> None:
    """Adds what every long job has."""
    parser.add_argument(
        "--workers",
        type=_number_of_workers,
        metavar="N",
        help="workers at the same time (default: all there are)",
    )
    if gpus:
        parser.add_argument(
            "--gpus-per-worker",
            type=float,
            default=0.0,
            metavar="G",
            help="GPUs of each worker; 0.5 lets two share one (default: 0, on CPUs)",
        )
    parser.add_argument(
        "--storage",
        metavar="LOCATION",
        help="folder or URI, such as s3://bucket/path, that a relative --out lies in",
    )
    parser.add_argument(
        "--strict", action="store_true", help="exit with 1 if anything was rejected or failed"
    )
    parser.add_argument("--quiet", action="store_true", help="show no progress")
    add_json(parser, "end with the summary as JSON in place of words")


def _number_of_workers(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of workers: give 1 or more")
    return int(text)


def add_json(parser: argparse.ArgumentParser, help: str) -> None:
    """Adds `--json`, for scripts: then nothing else is printed to standard output."""
    parser.add_argument("--json", action="store_true", help=help)


@contextmanager
def only_json(args: argparse.Namespace) -> Iterator[None]:
    """With `--json`, what anybody else prints goes to standard error."""
    if not getattr(args, "json", False):
        yield
        return
    args.stdout = sys.stdout
    with redirect_stdout(sys.stderr):
        yield


def print_json(args: argparse.Namespace, value: Any) -> None:
    """Prints a value as one line of JSON, which has no word for what is no number: null."""
    print(json.dumps(_finite(value)), file=getattr(args, "stdout", None))


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _finite(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def add_reading(parser: argparse.ArgumentParser) -> None:
    """Adds how files are read."""
    parser.add_argument(
        "--format", default="auto", metavar="F", help="format of all files (default: look and see)"
    )
    parser.add_argument(
        "--shuffle-strokes",
        type=int,
        metavar="SEED",
        help="put the strokes of each sketch in an order drawn by this seed",
    )
    parser.add_argument(
        "--max-record-mb",
        type=float,
        default=64.0,
        metavar="MB",
        help="reject larger drawings (default: 64)",
    )

    add_dry_run(parser)


def add_dry_run(parser: argparse.ArgumentParser) -> None:
    """Adds `--dry-run`."""
    parser.add_argument(
        "--dry-run", action="store_true", help="say what would be done, and do nothing"
    )


def show_job(args: argparse.Namespace, job: Job) -> int:
    """Prints what a job would do, for `--dry-run`."""
    from instancesketch.distributed.dry_run import in_words, preview

    return show_plan(args, preview(job, args.workers), in_words)


def show_plan(
    args: argparse.Namespace,
    plan: dict[str, Any],
    in_words: Callable[[dict[str, Any]], list[str]],
) -> int:
    """Prints a plan, for `--dry-run`."""
    if args.json:
        print_json(args, plan)
    else:
        print("\n".join(in_words(plan)))
        print(f"{args.verb}: dry run, nothing was done")
    return 0


@contextmanager
def watching(verb: str) -> Iterator[OnProgress]:
    """Shows how far the reading of a folder is, for verbs that read folders without a job."""
    from instancesketch.core.progress import Progress, ReadingPace

    pace = ReadingPace()
    with Progress(verb) as progress:
        yield lambda folder, read, rows: progress.show(pace.add(folder, read, rows))


def place(out: str, storage: str | None) -> str:
    """Where `--out` lies, with `--storage` in front if it is relative."""
    if storage is None or "://" in out or out.startswith("/"):
        return out
    return posixpath.join(storage, out)


def conclude(
    args: argparse.Namespace, summary: Summary, *notes: str, rows: str = "sketches"
) -> int:
    """Prints the last line of a job, which calls its rows so, and returns its exit status."""
    counts = summary.counts
    status = int(args.strict and summary.rejected + summary.failed > 0)
    if args.json:
        about = {"location": summary.location, "finished_before": summary.finished_before}
        print_json(args, about | dict(counts))
        return status
    said = [f"{summary.rows:,} {rows}", f"{counts['strokes']:,} strokes"]
    said += [f"{summary.rejected:,} rejected", *notes]
    for note in said_besides(counts):
        print(note)
    for reason, number in list(counts["rejected_by_reason"].items())[:5]:
        print(f"rejected {number:,}: {reason}")
    before = "finished before: " if summary.finished_before else ""
    print(f"{args.verb}: {before}{', '.join(said)} -> {summary.location}")
    return status


def said_besides(counts: Any) -> list[str]:
    """What is worth a line of its own, where there is any of it."""
    notes = {
        "companions": "skipped files that only stand beside drawings",
        "hidden_files": "skipped files whose path has a name in `_` or `.`",
        "without_user": "drawings without a user, split by their id",
        "other_split": "left out drawings of other splits",
    }
    return [f"{text}: {counts[name]:,}" for name, text in notes.items() if counts.get(name)]


def from_config(parser: argparse.ArgumentParser, argv: Sequence[str]) -> list[str]:
    """What a `--config` file on a command line says, as options; those given in argv left out.

    Raises:
        UserError: the file isn't there or no TOML, or has a key that is no option of the verb.
    """
    first = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    first.add_argument("--config")
    path = first.parse_known_args(list(argv))[0].config
    if path is None:
        return []
    known = {
        option[2:]: action
        for action in parser._actions
        for option in action.option_strings
        if option not in ("--config", "--help") and option.startswith("--")
    }
    tokens: list[str] = []
    for key, value in _load(path).items():
        name = key.replace("_", "-")
        if name not in known:
            raise UserError(f"{path}: unknown key {key!r}; it may have {', '.join(known)}")
        option = f"--{name}"
        if known[name].metavar == CHANGE or not any(
            a == option or a.startswith(f"{option}=") for a in argv
        ):
            tokens += _tokens(path, option, known[name], value)
    # An option behind them, lest a list takes what comes next for one of its values.
    return [*tokens, f"--config={path}"]


def _load(path: str) -> dict[str, Any]:
    try:
        return tomllib.loads(Path(path).read_text("utf-8"))
    except OSError as error:
        raise UserError(f"--config {path}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"--config {path} is not a TOML file: {error}") from None


def _tokens(path: str, option: str, action: argparse.Action, value: Any) -> list[str]:
    if action.nargs == 0:
        if not isinstance(value, bool):
            raise UserError(f"{path}: {option[2:]} is true or false")
        return [option] if value else []
    several = action.nargs == "+" or isinstance(action, argparse._AppendAction)
    values = value if isinstance(value, list) and several else [value]
    if not values or any(isinstance(v, bool | dict | list) for v in values):
        raise UserError(f"{path}: {option[2:]} can't be {value!r}")
    if action.nargs == "+":
        return [option, *map(str, values)]
    return [f"{option}={v}" for v in values]
