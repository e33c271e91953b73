"""Text and JSON that verbs print: progress, plans, and the last line of a job."""

from __future__ import annotations

import argparse
import json
import math
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from instancesketch.batch.job import Job, Summary
    from instancesketch.core.parquet import OnProgress

# In a reason for a rejection: the label as it is quoted there, and its category.
_UNKNOWN = re.compile(r"unknown label ('[^']*'|\"[^\"]*\") for (\S+) of")
_MAX_LABELS = 40
_MAX_REASONS = 5  # of rejections, the commonest first
_NOTES = {
    "companions": "skipped files that only accompany drawings",
    "hidden_files": "skipped files whose path has a name in `_` or `.`",
    "without_user": "drawings without a user, split by their id",
    "other_split": "left out drawings of other splits",
    "not_corrected": "left out drawings that nobody has corrected",
}


@contextmanager
def keep_stdout_for_json(args: argparse.Namespace) -> Iterator[None]:
    """Print everything but JSON to standard error, with `--json`."""
    if not getattr(args, "json", False):
        yield
        return
    args.stdout = sys.stdout  # for `print_json`, while prints of libraries go elsewhere
    # Ray and other libraries print as well, and a program may read the JSON from a pipe.
    with redirect_stdout(sys.stderr):
        yield


def print_json(args: argparse.Namespace, value: Any) -> None:
    """Print a value as one line of JSON; NaN and infinity, which JSON doesn't have, are null."""
    # None, where nothing was redirected, is standard output.
    print(json.dumps(_finite(value)), file=getattr(args, "stdout", None))


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _finite(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


@contextmanager
def reading_progress(verb: str) -> Iterator[OnProgress]:
    """Show how far a folder is read, for verbs that read folders without a job."""
    from instancesketch.core.progress import Progress, ReadingPace

    pace = ReadingPace()
    with Progress(verb) as progress:
        yield lambda folder, read, rows: progress.show(pace.add(folder, read, rows))


def print_job_plan(args: argparse.Namespace, job: Job) -> int:
    """Print the plan of a job, for `--dry-run`."""
    from instancesketch.distributed.dry_run import format_job_plan, plan_job

    return print_plan(args, plan_job(job), format_job_plan)


def print_plan(
    args: argparse.Namespace,
    plan: dict[str, Any],
    to_lines: Callable[[dict[str, Any]], list[str]],
) -> int:
    """Print a plan, for `--dry-run`, and return the exit status."""
    if args.json:
        print_json(args, plan)
    else:
        # As text a plan ends with a line that nothing was done, as jobs end with what was.
        print("\n".join(to_lines(plan)))
        print(f"{args.verb}: dry run, nothing was done")
    return 0


def conclude(
    args: argparse.Namespace, summary: Summary, *notes: str, rows: str = "sketches"
) -> int:
    """Print the last lines of a job and return its exit status.

    Args:
        args: the command line.
        summary: the job's counts and location.
        notes: counts to add to the last line.
        rows: the noun for the job's rows.
    """
    counts = summary.counts
    wrong = summary.rejected + summary.failed + counts.get("left_out", 0)
    status = int(args.strict and wrong > 0)
    if args.json:
        # A program that reads the summary needs the folder, which `summary.json` itself lacks.
        about = {"location": summary.location, "finished_before": summary.finished_before}
        print_json(args, about | dict(counts))
        return status
    for name, text in _NOTES.items():
        if counts.get(name):
            print(f"{text}: {counts[name]:,}")
    for line in [*_describe_rejections(summary), *_unknown_labels(summary)]:
        print(line)
    numbers = [f"{summary.rows:,} {rows}", f"{counts['strokes']:,} strokes"]
    numbers += [f"{summary.rejected:,} rejected", *notes]
    before = "finished before: " if summary.finished_before else ""
    print(f"{args.verb}: {before}{', '.join(numbers)} -> {summary.location}")
    return status


def _unknown_labels(summary: Summary) -> list[str]:
    """Return a line with all labels that the taxonomy doesn't know, and one with what to do."""
    if not any("unknown label" in reason for reason in summary.counts["rejected_by_reason"]):
        return []
    from instancesketch.core import parquet, storage

    location = storage.join(summary.location, "_rejected.parquet")
    if not storage.exists(location):
        return []
    found: Counter[str] = Counter()
    for reason in parquet.read_table(location, ["reason"])["reason"].to_pylist():
        # A label stands once in the reason of a drawing, however many strokes have it.
        found.update({f"{name} of {category}" for name, category in _UNKNOWN.findall(reason or "")})
    labels = ", ".join(f"{label} ({number:,})" for label, number in found.most_common(_MAX_LABELS))
    more = f" and {len(found) - _MAX_LABELS:,} more" if len(found) > _MAX_LABELS else ""
    return [
        f"labels that the taxonomy doesn't know, by drawings: {labels}{more}",
        "`instancesketch info --labels SOURCE > own.toml` drafts a taxonomy that has them",
    ]


def _describe_rejections(summary: Summary) -> list[str]:
    """Return lines that name what was not read, and what was left out."""
    from instancesketch.results.rejections import read_rejections, to_lines

    counts = summary.counts
    if not summary.rejected and not counts.get("left_out"):
        return []
    found = read_rejections(summary.location)
    if found is not None:
        return list(to_lines(found))
    # Of a folder that has lost the file; `summary.json` has all reasons.
    reasons = list(counts["rejected_by_reason"].items())[:_MAX_REASONS]
    return [f"rejected {number:,}: {reason}" for reason, number in reasons]
