"""Print for people what a job could not read, and what it left out of drawings that it read."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from instancesketch.core import storage
from instancesketch.core.errors import mask_details

REJECTED = "_rejected.parquet"
NAMED = 5  # files that are named one by one
# A job on a hundred million drawings may reject millions; the first ones tell what is wrong.
_MOST_ROWS = 100_000
_LONGEST_REASON = 240
_GROUPS = 5  # of reasons

# What a person can do, by a part of the reason; the first that fits.
_ADVICE = (
    ("is already taken", "only the first of an id is kept: rename the file or change its key_id"),
    ("unknown label", "correct the label, or name it in a taxonomy of your own: --taxonomy FILE"),
    ("is not one of", "use one of these names, or a taxonomy of your own: --taxonomy FILE"),
    ("MB of a record", "allow larger ones with --max-record-mb"),
    ("row group has", "allow larger ones with --max-record-mb"),
    ("not JSON", "the file is damaged or cut off: export it again"),
    ("not well-formed", "the file is damaged or cut off: export it again"),
    ("damaged", "the file is damaged or cut off: export it again"),
    ("not UTF-8", "save the text as UTF-8"),
    ("only polylines are strokes", "redraw the shape as a polyline, or remove it"),
    ("the file is empty", "export it again"),
    ("no strokes", "export the drawing with its lines as strokes, not as areas, text or pictures"),
    ("no lines found", "only dark lines on a plain ground can be traced"),
    ("a damaged picture", "save the picture again"),
    ("not a drawing: ", "docs/formats.md shows the forms of JSON that are read"),
    ("not an SVG", "save the drawing as an SVG file of its own"),
    ("in no format", "docs/formats.md lists what is read"),
    ("died on this", "it is isolated, and all else was read"),
)


@dataclass
class NotRead:
    """A file with something that was rejected, or left out."""

    file: str
    position: str  # of the first
    reason: str  # of the first
    more: int = 0  # others in the same file


@dataclass
class Rejections:
    """A summary of `_rejected.parquet`."""

    files: list[NotRead] = field(default_factory=list)  # the first few
    reasons: Counter[str] = field(default_factory=Counter)  # of the other files, details masked
    others: set[str] = field(default_factory=set)  # the other files
    left_out: list[NotRead] = field(default_factory=list)
    left_out_others: set[str] = field(default_factory=set)

    @property
    def number(self) -> int:
        """Return how many files there are with something that was not read."""
        return len(self.files) + len(self.others)


def read_rejections(folder: str) -> Rejections | None:
    """Return the rejections of a folder; None where it has no such file."""
    location = storage.join(folder, REJECTED)
    if not storage.exists(location):
        return None
    found = Rejections()
    for row in _rows(location):
        is_loss = row.get("left_out") is not None
        named = found.left_out if is_loss else found.files
        others = found.left_out_others if is_loss else found.others
        known = next((f for f in named if f.file == row["file"]), None)
        if known is not None:
            known.more += 1
        elif len(named) < NAMED:
            named.append(NotRead(row["file"], row["position"] or "", row["reason"] or ""))
        else:
            others.add(row["file"])
            if not is_loss:
                found.reasons[mask_details(row["reason"] or "")] += 1
    return found


def _rows(location: str) -> Iterator[dict[str, Any]]:
    filesystem, path = storage.locate(location)
    number = 0
    try:
        with filesystem.open_input_file(path) as stream:
            for batch in pq.ParquetFile(stream).iter_batches(1_000):
                yield from batch.to_pylist()
                number += len(batch)
                if number >= _MOST_ROWS:
                    return
    except (OSError, pa.ArrowException):
        # A list for people: what it describes is done, and named in the counts.
        return


def advise(reason: str) -> str:
    """Return what a person can do about a reason; empty where the reason says it."""
    return next((advice for part, advice in _ADVICE if part in reason), "")


def to_lines(found: Rejections) -> Iterator[str]:
    """Yield lines for a terminal: the first files by name, the others by reason."""
    for one in found.files:
        advice = advise(one.reason)
        more = f" (and {one.more:,} more in this file)" if one.more else ""
        what = f"; {advice}" if advice else ""
        yield f"not read: {_place(one)}: {_shorten(one.reason)}{what}{more}"
    if found.others:
        groups = found.reasons.most_common(_GROUPS)
        listed = "; ".join(f"{number:,} × {_shorten(reason)}" for reason, number in groups)
        rest = found.reasons.total() - sum(number for _, number in groups)
        end = f"; {rest:,} for other reasons" if rest else ""
        yield f"not read in {_count(len(found.others))} more: {listed}{end}"
    for one in found.left_out:
        text = one.reason.removeprefix("left out: ")
        yield f"left out of {_place(one)}: {_shorten(text)}"
    if found.left_out_others:
        yield f"left out of {_count(len(found.left_out_others))} more: see {REJECTED}"


def to_page(found: Rejections) -> list[dict[str, Any]]:
    """Return lists for a page, by reason with the files: what was rejected, what was left out."""
    lists = []
    if found.number:
        listed = found.reasons.most_common(_GROUPS)
        reasons = _by_reason(found.files) + [
            {"text": _shorten(reason), "count": number, "ids": [], "more": number}
            for reason, number in listed
        ]
        left = len(found.reasons) - len(listed)
        lists.append(_fold(f"{found.number:,} not read", reasons, left))
    if found.left_out:
        number = len(found.left_out) + len(found.left_out_others)
        reasons = _by_reason(found.left_out, "left out: ")
        if found.left_out_others:
            others = len(found.left_out_others)
            reasons.append({"text": "others", "count": others, "ids": [], "more": others})
        lists.append(_fold(f"something left out of {_count(number)}", reasons, 0))
    return lists


def _by_reason(files: list[NotRead], prefix: str = "") -> list[dict[str, Any]]:
    groups: dict[str, list[str]] = {}
    for one in files:
        groups.setdefault(one.reason.removeprefix(prefix), []).append(_place(one))
    return [
        {"text": _shorten(reason), "count": len(places), "ids": places, "more": 0}
        for reason, places in groups.items()
    ]


def _fold(summary: str, reasons: list[dict[str, Any]], left: int) -> dict[str, Any]:
    return {
        "summary": summary, "title": f"{summary}, and why", "reasons": reasons, "left": left
    }  # fmt: skip


def _place(one: NotRead) -> str:
    # Paths are absolute, while people think in those of the folder that they are in.
    here = os.path.join(os.getcwd(), "")
    file = one.file.removeprefix(here)
    return f"{file} {one.position}".strip()


def _shorten(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST_REASON else f"{text[:_LONGEST_REASON]}…"


def _count(files: int) -> str:
    return f"{files:,} file{'s' * (files != 1)}"
