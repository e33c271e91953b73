"""Values that readers take and yield: file ranges, records, rejections, batches of rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any, Literal

import pyarrow as pa

from instancesketch.core.sketch import Sketch

# A worker holds a record whole in memory, so its size needs a bound.
MAX_RECORD_BYTES = 64 << 20
_MAX_REASON_LENGTH = 500
# What begins the kind of labels that a file has lost, among what is left out.
LOST_LABELS = "label of a stroke"

# Whether a split is the file's own, or the hash of a user or of the sketch id.
SplitSource = Literal["file", "user", "sketch_id"]


@dataclass(frozen=True, kw_only=True)
class FileRange:
    """A file, or a part of one that can be read by itself.

    `start` and `end` are bytes in formats that are split by lines (a line belongs to the range in
    which it begins) and numbers of row groups in Parquet; other files are read whole. `name` is the
    path below the source without extension, `sun/001`: the id of a file that is one drawing.
    """

    path: str
    format: str
    start: int = 0
    end: int | None = None
    name: str = ""  # empty for a file that was named itself

    @property
    def id(self) -> str:
        """Return the id of the file's only drawing: its name, or that of the file itself."""
        return self.name or PurePosixPath(self.path).stem


@dataclass(frozen=True, kw_only=True)
class Rejection:
    """A record, or a whole file, that could not be read."""

    file: str
    position: str  # "line 12", "image 3", "row 7"; empty for the file as a whole
    reason: str

    def __post_init__(self) -> None:
        # Reasons quote the file, whose labels may have megabytes.
        if len(self.reason) > _MAX_REASON_LENGTH:
            object.__setattr__(self, "reason", self.reason[:_MAX_REASON_LENGTH] + "…")


@dataclass(frozen=True, kw_only=True)
class RawRecord:
    """A drawing as its file has it: the fields of a `Sketch`, not yet checked.

    Labels and categories are spelled as in the file, and instances have the file's numbers, until
    `labels.build_sketch` resolves them.
    """

    fields: dict[str, Any]
    position: str
    word: str | None = None  # its subject by the file; the category where nothing else gives one
    user: str | None = None  # who drew it
    folders: tuple[str, ...] = ()  # inside the file, nearest first: they may name the category
    # What of the drawing is not in its fields, by kind, and how often: `{"text": 2}`.
    left_out: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Record:
    """A drawing that was read, with canonical labels."""

    sketch: Sketch
    position: str
    split_from: SplitSource | None = None  # None for a sketch without a split
    left_out: Mapping[str, int] = field(default_factory=dict)  # as in `RawRecord`


@dataclass(frozen=True, kw_only=True)
class RowBatch:
    """Valid rows of a corpus without their labels; `first` is the number of the first row.

    As sketches, one by one, rows that are only to be labelled would take three times as long.
    """

    table: pa.Table  # with `SCHEMA`
    first: int
