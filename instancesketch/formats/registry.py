"""The table of formats, and reading and writing by it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Literal, cast

import pyarrow as pa
from pyarrow import fs

from instancesketch.core import storage
from instancesketch.core.config import SplitBy
from instancesketch.core.errors import SketchError
from instancesketch.core.hashing import assign_split
from instancesketch.core.schema import LABEL_COLUMNS
from instancesketch.core.sketch import Sketch
from instancesketch.core.taxonomy import Taxonomy
from instancesketch.formats import readers, writers
from instancesketch.formats.labels import build_sketch, resolve_batch
from instancesketch.formats.records import (
    LOST_LABELS,
    MAX_RECORD_BYTES,
    FileRange,
    RawRecord,
    Record,
    Rejection,
    RowBatch,
    SplitSource,
)
from instancesketch.formats.writers.files import Writer

Reader = Callable[[FileRange, fs.FileSystem, int], Iterator[RawRecord | Rejection]]
BatchReader = Callable[[FileRange, fs.FileSystem, int], Iterator[RawRecord | Rejection | RowBatch]]
Labels = bool | Literal["objects"]


@dataclass(frozen=True, kw_only=True)
class Format:
    """A format by its name: how its files are read, split and written."""

    name: str
    read: Reader
    # Reads without labels, and yields rows in batches where it can.
    read_batches: BatchReader | None = None
    ranges_by: Literal["lines", "row_groups"] | None = None  # how a large file becomes file ranges
    taxonomy: str | None = None  # resolves its labels where no other is given
    one_drawing: bool = False  # a file holds one, which the folder above it may name
    writer: Writer | None = None


# To add a format, see `formats/__init__`.
FORMATS = {
    form.name: form
    for form in (
        Format(
            name="json",
            read=readers.published_json.read,
            taxonomy="doodle7",
            one_drawing=True,
            writer=writers.published_json.WRITER,
        ),
        Format(
            name="cvat",
            read=readers.cvat.read,
            taxonomy="doodle7",
            writer=writers.cvat.WRITER,
        ),
        Format(
            name="labelstudio",
            read=readers.label_studio.read,
            taxonomy="doodle7",
            writer=writers.label_studio.WRITER,
        ),
        Format(
            name="quickdraw",
            read=readers.quickdraw.read,
            ranges_by="lines",
            writer=writers.quickdraw.WRITER,
        ),
        Format(name="quickdraw-json", read=readers.quickdraw_files.read_json),
        Format(name="kaggle", read=readers.quickdraw_files.read_kaggle, ranges_by="lines"),
        Format(name="spg", read=readers.spg.read, ranges_by="lines", taxonomy="spg20"),
        Format(name="scenes", read=readers.quickdraw.read_scenes, ranges_by="lines"),
        Format(name="npz", read=readers.npz.read),
        Format(
            name="svg",
            read=readers.svg_shapes.read,
            one_drawing=True,
            writer=writers.svg.WRITER,
        ),
        Format(name="excalidraw", read=readers.programs.excalidraw.read, one_drawing=True),
        Format(name="tldraw", read=readers.programs.tldraw.read, one_drawing=True),
        Format(name="inkml", read=readers.programs.inkml.read, one_drawing=True),
        Format(name="xournal", read=readers.programs.xournal.read, one_drawing=True),
        Format(name="picture", read=readers.picture.read, one_drawing=True),
        Format(
            name="corpus",
            read=readers.corpus.read,
            read_batches=readers.corpus.read_batches,
            ranges_by="row_groups",
        ),
    )
}
# Folders of files of a kind or a split, which name no category.
_NO_WORDS = {
    *FORMATS,
    *("train", "valid", "val", "validation", "test"),
    *("data", "drawings", "files", "images", "sketches"),
}
WRITABLE = tuple(form.name for form in FORMATS.values() if form.writer is not None)
# For other programs alone: what they write is not read back.
_WRITTEN_ONLY = {"coco": writers.coco.WRITER, "csv": writers.table.WRITER}
EXPORTABLE = (*WRITABLE, *_WRITTEN_ONLY)


def read(
    file_range: FileRange,
    filesystem: fs.FileSystem,
    *,
    taxonomy: Taxonomy | None = None,
    max_record_bytes: int = MAX_RECORD_BYTES,
    folders: tuple[str, ...] | None = None,
    labels: Labels = True,
    split_by: SplitBy | None = None,
) -> Iterator[Record | Rejection]:
    """Read the drawings of a file range, with canonical labels, and what can't be read.

    Args:
        file_range: the file, or the part of it, to read.
        filesystem: the filesystem that the file is on.
        taxonomy: resolves the labels; by default the one of the format, if it has one.
        max_record_bytes: larger records are rejected, and not kept in memory.
        folders: names of the folders above the file, nearest first; by default those of its path.
        labels: False leaves out the labels, so that no unknown one can reject a drawing that is
            to be labelled anyway; "objects" leaves out all but the objects of scenes.
        split_by: assigns a split by the hash of the sketch id, or of the user where one is known,
            to drawings without an official one; None leaves their split null.
    """
    # A plain function, so that a wrong argument raises here and not at the first record.
    resolver = _Resolver.of(file_range, taxonomy, folders, labels, split_by)
    reader = FORMATS[file_range.format].read
    found = _read(reader, file_range, filesystem, max_record_bytes, resolver)
    return cast("Iterator[Record | Rejection]", found)  # batches come from `read_batches` alone


def read_unlabelled(
    file_range: FileRange,
    filesystem: fs.FileSystem,
    *,
    taxonomy: Taxonomy | None = None,
    max_record_bytes: int = MAX_RECORD_BYTES,
    split_by: SplitBy | None = None,
) -> Iterator[Record | Rejection | RowBatch]:
    """Read like `read(labels=False)`, but yield a corpus in batches where all rows are valid.

    Batches keep the splits of the corpus, nulls included.
    """
    form = FORMATS[file_range.format]
    resolver = _Resolver.of(file_range, taxonomy, None, False, split_by)
    # Without batches a format yields records, which callers take as well.
    reader = form.read_batches or form.read
    return _read(reader, file_range, filesystem, max_record_bytes, resolver)


def _read(
    reader: BatchReader,
    file_range: FileRange,
    filesystem: fs.FileSystem,
    max_record_bytes: int,
    resolver: _Resolver,
) -> Iterator[Record | Rejection | RowBatch]:
    path = file_range.path
    try:
        for found in reader(file_range, filesystem, max_record_bytes):
            if isinstance(found, RawRecord):
                yield resolver.to_record(found, path)
            elif isinstance(found, RowBatch):
                yield resolve_batch(found, resolver.taxonomy, resolver.folders)
            else:
                yield found
    # Readers turn errors in the contents into rejections; these come from opening the file.
    except (OSError, pa.ArrowException) as error:
        storage.raise_if_unreachable(filesystem, path)
        reason = f"can't be read: {storage.describe_error(error)}"
        yield Rejection(file=path, position="", reason=reason)


@dataclass(frozen=True)
class _Resolver:
    """The conversion of one file range's records into sketches."""

    taxonomy: Taxonomy | None
    folders: tuple[str, ...]
    labels: Labels
    split_by: SplitBy | None
    word: str | None  # of a drawing that has none

    @classmethod
    def of(
        cls,
        file_range: FileRange,
        taxonomy: Taxonomy | None,
        folders: tuple[str, ...] | None,
        labels: Labels,
        split_by: SplitBy | None,
    ) -> _Resolver:
        """Return one with the defaults of the file's format and path."""
        form, word = FORMATS[file_range.format], None
        if taxonomy is None and form.taxonomy is not None:
            taxonomy = Taxonomy.load(form.taxonomy)
        # No taxonomy knows which folder names a category: a folder for each is the custom. Those
        # above the source hold any drawings.
        if taxonomy is None and form.one_drawing:
            below = PurePosixPath(file_range.name).parent.parts
            word = next((f for f in reversed(below) if f.lower() not in _NO_WORDS), None)
        if folders is None:
            folders = folders_above(file_range.path)
        return cls(taxonomy, folders, labels, split_by, word)

    def to_record(self, raw: RawRecord, file: str) -> Record | Rejection:
        """Return a record's sketch, or why it is rejected."""
        # All fields are final before the one construction of the sketch, which checks them.
        fields = {n: v for n, v in raw.fields.items() if self._is_kept(n)}
        fields["split"], split_from = self._split(raw)
        try:
            word = raw.word if raw.word is not None or fields.get("object") else self.word
            raw = replace(raw, fields=fields, word=word)
            sketch = build_sketch(raw, self.taxonomy, (*raw.folders, *self.folders))
        except SketchError as error:
            return Rejection(file=file, position=raw.position, reason=str(error))
        return Record(
            sketch=sketch,
            position=raw.position,
            split_from=split_from,
            left_out=self._left_out(raw),
        )

    def _left_out(self, raw: RawRecord) -> Mapping[str, int]:
        # Nobody misses labels that aren't read.
        if self.labels is False:
            return {k: n for k, n in raw.left_out.items() if not k.startswith(LOST_LABELS)}
        return raw.left_out

    def _is_kept(self, field: str) -> bool:
        if self.labels is True or field not in LABEL_COLUMNS:
            return True
        return self.labels == "objects" and field.startswith("object")

    def _split(self, raw: RawRecord) -> tuple[str | None, SplitSource | None]:
        """Return the split of a record and its source; an official split always stays."""
        split: str | None = raw.fields.get("split")
        if split is not None:
            return split, "file"
        if self.split_by is None:
            return None, None
        # All sketches of a user share a split, so that a model is never tested on its hand.
        if self.split_by == "user" and raw.user:
            return assign_split(raw.user), "user"
        return assign_split(raw.fields["sketch_id"]), "sketch_id"


def write(
    sketches: Iterable[Sketch],
    format: str,
    out: str,
    filesystem: fs.FileSystem | None = None,
    taxonomy: Taxonomy | None = None,
    images: bool = False,
) -> int:
    """Write sketches into a folder, and return their number.

    CVAT is `annotations.xml` beside `cvat-labels.json`, Label Studio `tasks.json` beside
    `label-studio.xml`, Quick, Draw! `sketches.ndjson`, COCO `coco.json`, CSV `strokes.csv`. JSON
    and SVG are a file per sketch in a
    folder per category, named by the sketch's id with `%` escapes.

    Args:
        sketches: the sketches, with unique ids.
        format: one of `EXPORTABLE`.
        out: the folder, which is made if it doesn't exist.
        filesystem: the filesystem that the folder is on; the local one by default.
        taxonomy: labels to offer in an annotation program besides those of the sketches.
        images: write the images that CVAT and COCO name into `images/`.

    Raises:
        KeyError: the format can't be written.
        UserError: an image would be too large.
    """
    # Unknown formats and those without a writer raise the same error.
    writer = _WRITTEN_ONLY[format] if format in _WRITTEN_ONLY else FORMATS[format].writer
    if writer is None:
        raise KeyError(format)
    filesystem = filesystem or fs.LocalFileSystem()
    # Object stores have no folders, but creating one does no harm.
    filesystem.create_dir(out, recursive=True)
    return writer.write(sketches, out, filesystem, taxonomy, images)


def folders_above(path: str) -> tuple[str, ...]:
    """Return the names of the folders above a file, nearest first."""
    return tuple(part for part in reversed(PurePosixPath(path).parent.parts) if part != "/")
