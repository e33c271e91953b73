"""Files of drawings, read into sketches and written from them: one module per format.

| format      | files                            | read | written | cut by     | taxonomy |
|-------------|----------------------------------|------|---------|------------|----------|
| `json`      | published JSON, one per drawing  | yes  | yes     |            | doodle7  |
| `cvat`      | CVAT for images 1.1              | yes  | yes     |            | doodle7  |
| `labelstudio` | Label Studio JSON, from here   | yes  | yes     |            | doodle7  |
| `quickdraw` | Quick, Draw! ndjson              | yes  | yes     | lines      |          |
| `spg`       | SPG ndjson beside its `.txt`     | yes  |         | lines      | spg20    |
| `scenes`    | scene ndjson                     | yes  |         | lines      |          |
| `npz`       | sketch-rnn stroke-3              | yes  |         |            |          |
| `svg`       | SVG, one per drawing             | yes  | yes     |            |          |
| `corpus`    | Parquet of a corpus or a result  | yes  |         | row groups |          |

What is written reads back as the same sketch, but for columns that a format can't hold:

| format      | lost                                                                             |
|-------------|----------------------------------------------------------------------------------|
| all         | `part_score`, `category_score`, `object_score`, `error`                          |
| `json`      | `part`, which the taxonomy derives from the label                                |
| `cvat`      | `part`, as above; characters that XML can't hold (most of U+0000 to U+001F)      |
| `labelstudio` | `part`, as above                                                               |
| `quickdraw` | nothing more                                                                     |
| `svg`       | an `instance` list with only nulls reads as null;      characters as for `cvat`  |

Labels and categories that the taxonomy used for reading doesn't know are no part of that promise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Literal

import pyarrow as pa
from pyarrow import fs

from instancesketch.core import storage
from instancesketch.core.errors import SketchError
from instancesketch.core.schema import LABEL_COLUMNS
from instancesketch.core.taxonomy import Taxonomy
from instancesketch.formats.readers import (
    corpus,
    cvat,
    label_studio,
    npz,
    published_json,
    quickdraw,
    scenes,
    spg,
    svg_shapes,
)
from instancesketch.formats.records import (
    MAX_RECORD_BYTES,
    Piece,
    Record,
    Rejection,
    Rows,
    resolve,
    resolve_rows,
)
from instancesketch.formats.sniff import COMPANION, sniff, unknown
from instancesketch.formats.writers import WRITERS, write

__all__ = [
    "COMPANION",
    "FORMATS",
    "MAX_RECORD_BYTES",
    "WRITERS",
    "Format",
    "Piece",
    "Record",
    "Rejection",
    "Rows",
    "folders_above",
    "read",
    "read_unlabelled",
    "sniff",
    "unknown",
    "write",
]


Reader = Callable[[Piece, fs.FileSystem, int], Iterator[Record | Rejection | Rows]]


@dataclass(frozen=True, kw_only=True)
class Format:
    """What ingestion must know of a format."""

    name: str
    records: Callable[[Piece, fs.FileSystem, int], Iterator[Record | Rejection]]
    taxonomy: str | None = None  # name of the one that its labels belong to where none is given
    split_by: Literal["lines", "row_groups"] | None = None  # how a big file may be cut into pieces
    # Reads without labels, and need not look at drawings one by one.
    rows: Reader | None = None


FORMATS = {
    f.name: f
    for f in (
        Format(name="json", records=published_json.read, taxonomy="doodle7"),
        Format(name="cvat", records=cvat.read, taxonomy="doodle7"),
        Format(name="labelstudio", records=label_studio.read, taxonomy="doodle7"),
        Format(name="quickdraw", records=quickdraw.read, split_by="lines"),
        Format(name="spg", records=spg.read, taxonomy="spg20", split_by="lines"),
        Format(name="scenes", records=scenes.read, split_by="lines"),
        Format(name="npz", records=npz.read),
        Format(name="svg", records=svg_shapes.read),
        Format(
            name="corpus", records=corpus.read, split_by="row_groups", rows=corpus.read_unlabelled
        ),
    )
}


def read(
    piece: Piece,
    filesystem: fs.FileSystem,
    *,
    taxonomy: Taxonomy | None = None,
    max_record_bytes: int = MAX_RECORD_BYTES,
    folders: tuple[str, ...] | None = None,
    labels: bool | Literal["objects"] = True,
) -> Iterator[Record | Rejection]:
    """Reads a piece of a file: its drawings with canonical labels, and what could not be read.

    A record's sketch has its split only where the file has an official one; `Record.user` and
    `Record.position` are for the caller to split by and to tell of clashes.

    Args:
        piece: what to read.
        filesystem: where it lies.
        taxonomy: resolves labels; by default the one of the format, if it has one.
        max_record_bytes: larger records are rejected, and not held in memory.
        folders: names of the folders above the file, nearest first; by default those of its path.
        labels: False leaves them out, so that none is unknown: for drawings yet to be labelled;
            "objects" leaves out all but the objects of scenes.
    """
    how = (taxonomy, max_record_bytes, folders, labels)
    for found in _read(FORMATS[piece.format].records, piece, filesystem, *how):
        if not isinstance(found, Rows):
            yield found


def read_unlabelled(
    piece: Piece,
    filesystem: fs.FileSystem,
    taxonomy: Taxonomy | None = None,
    max_record_bytes: int = MAX_RECORD_BYTES,
) -> Iterator[Record | Rejection | Rows]:
    """The same without labels, and rows of corpora as tables where nothing is wrong with any."""
    form = FORMATS[piece.format]
    reader = form.rows or form.records
    return _read(reader, piece, filesystem, taxonomy, max_record_bytes, None, False)


def _read(
    reader: Reader,
    piece: Piece,
    filesystem: fs.FileSystem,
    taxonomy: Taxonomy | None,
    max_record_bytes: int,
    folders: tuple[str, ...] | None,
    labels: bool | Literal["objects"],
) -> Iterator[Record | Rejection | Rows]:
    form = FORMATS[piece.format]
    if taxonomy is None and form.taxonomy is not None:
        taxonomy = Taxonomy.load(form.taxonomy)
    if folders is None:
        folders = folders_above(piece.path)
    try:
        for found in reader(piece, filesystem, max_record_bytes):
            if isinstance(found, Rejection):
                yield found
                continue
            if isinstance(found, Rows):
                yield resolve_rows(found, taxonomy, folders)
                continue
            record = found if labels is True else _without_labels(found, labels == "objects")
            yield _resolved(record, piece.path, taxonomy, folders)
    except (OSError, pa.ArrowException) as error:  # of the storage; contents are read more closely
        storage.raise_if_unreachable(filesystem, piece.path)
        reason = f"can't be read: {storage.describe_error(error)}"
        yield Rejection(file=piece.path, position="", reason=reason)


def _without_labels(record: Record, but_objects: bool) -> Record:
    left_out = [n for n in LABEL_COLUMNS if not (but_objects and n.startswith("object"))]
    return replace(record, sketch=record.sketch.replace(**dict.fromkeys(left_out)))


def _resolved(
    record: Record, file: str, taxonomy: Taxonomy | None, folders: tuple[str, ...]
) -> Record | Rejection:
    try:
        return replace(record, sketch=resolve(record, taxonomy, folders))
    except SketchError as error:
        reason = f"{record.sketch.sketch_id!r}: {error}"
        return Rejection(file=file, position=record.position, reason=reason)


def folders_above(path: str) -> tuple[str, ...]:
    """Names of the folders above a file, nearest first."""
    return tuple(part for part in reversed(PurePosixPath(path).parent.parts) if part != "/")
