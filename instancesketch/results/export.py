"""Write a corpus or result in another format."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

import pyarrow.fs as fs

from instancesketch.core import parquet, storage
from instancesketch.core.errors import UserError
from instancesketch.core.parquet import OnProgress, read_sketches
from instancesketch.core.schema import to_table
from instancesketch.core.sketch import Sketch
from instancesketch.core.taxonomy import Taxonomy
from instancesketch.formats import EXPORTABLE, write
from instancesketch.results.folder import taxonomy_of
from instancesketch.results.selection import Selection

YOLO = "yolo"
_WITH_IMAGES = ("cvat", "coco")


def export(
    corpus: str,
    format: str,
    out: str,
    on_progress: OnProgress | None = None,
    *,
    selection: Selection | None = None,
    images: bool = False,
) -> int:
    """Write a corpus or result in another format; return the number of sketches.

    Args:
        corpus: folder of a corpus or result.
        format: one of `EXPORTABLE`, or `yolo`, for scenes: images and boxes of objects.
        out: a new or empty folder.
        on_progress: called with the progress of reading.
        selection: the sketches to write; by default all.
        images: write the images that CVAT and COCO name, too.

    Raises:
        UserError: the format can't be written, the output folder isn't empty, `corpus` is not a
            corpus or result, or has not what is selected.
    """
    if format not in (*EXPORTABLE, YOLO):
        raise UserError(f"can't write {format!r}; it writes {', '.join((*EXPORTABLE, YOLO))}")
    if images and format not in _WITH_IMAGES:
        raise UserError("--images goes with --format cvat or coco; other formats need none")
    refuse_existing(out)
    parquet.list_row_files(corpus)  # raises before anything is written if it is not a corpus
    taxonomy = taxonomy_of(corpus)
    rows: Iterable[Sketch] = read_sketches(corpus, on_progress=on_progress)
    if selection is not None:
        rows = selection.apply(rows, corpus, taxonomy)
    if format == YOLO:
        return _export_yolo(rows, out, taxonomy or Taxonomy.load("doodle7"))
    filesystem, path = storage.locate(out)
    # An object store has no rename of folders, and its files appear whole anyway.
    if not isinstance(filesystem, fs.LocalFileSystem):
        return write(rows, format, path, filesystem, taxonomy, images)
    # Another name until all is written, so that nobody takes an unfinished export for a whole one.
    storage.remove(f"{path}.part")
    number = write(rows, format, f"{path}.part", filesystem, taxonomy, images)
    storage.remove(path)
    storage.move(f"{path}.part", path)
    return number


def _export_yolo(rows: Iterable[Sketch], out: str, taxonomy: Taxonomy) -> int:
    """Write scenes as images and boxes, and return their number."""
    # Draws the images with torch, which no other format needs.
    from instancesketch.training import yolo_dataset

    number, scenes = 0, (sketch for sketch in rows if sketch.object is not None)
    while some := list(islice(scenes, yolo_dataset.CHUNK)):
        number += yolo_dataset.add(to_table(some), taxonomy, out)
    if not number:
        raise UserError("no row has objects, of which YOLO learns boxes: export scenes")
    # Last, for programs begin with this file.
    yolo_dataset.describe(out, taxonomy)
    return number


def refuse_existing(out: str) -> None:
    """Raise a UserError unless a folder is new or empty."""
    # An empty folder is allowed, since people make one beforehand.
    if storage.list_names(out) or (storage.exists(out) and not storage.is_folder(out)):
        raise UserError(f"{out} is there already: choose a new folder for --out")
