"""Write a corpus or result in another format."""

from __future__ import annotations

import heapq
from collections.abc import Iterable

import pyarrow.fs as fs

from instancesketch.core import parquet, storage
from instancesketch.core.errors import UserError
from instancesketch.core.parquet import OnProgress, read_sketches
from instancesketch.core.sketch import Sketch
from instancesketch.formats import WRITABLE, write
from instancesketch.results.folder import taxonomy_of


def export(
    corpus: str,
    format: str,
    out: str,
    on_progress: OnProgress | None = None,
    *,
    uncertain: int | None = None,
    images: bool = False,
) -> int:
    """Write a corpus or result in another format; return the number of sketches.

    Args:
        corpus: folder of a corpus or result.
        format: one of `WRITABLE`.
        out: a new or empty folder.
        on_progress: called with the progress of reading.
        uncertain: write only this many sketches, those of the lowest confidence, lowest first.
        images: write the images of a CVAT task, too.

    Raises:
        UserError: the format can't be written, the output folder isn't empty, `corpus` is not a
            corpus or result, or it has no scores to choose by.
    """
    if format not in WRITABLE:
        raise UserError(f"can't write {format!r}; it writes {', '.join(WRITABLE)}")
    if images and format != "cvat":
        raise UserError("--images goes with --format cvat; other formats need none")
    refuse_existing(out)
    parquet.list_row_files(corpus)  # raises before anything is written if it is not a corpus
    rows: Iterable[Sketch] = read_sketches(corpus, on_progress=on_progress)
    if uncertain is not None:
        rows = least_certain(rows, uncertain, corpus)
    taxonomy = taxonomy_of(corpus)
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


def least_certain(rows: Iterable[Sketch], number: int, name: str) -> list[Sketch]:
    """Return the sketches of the lowest confidence, lowest first; of equal ones the earlier.

    Args:
        rows: sketches of a result.
        number: how many, at least 1.
        name: the result's, for messages.

    Raises:
        UserError: the number is below 1, or a sketch has no scores.
    """
    if number < 1:
        raise UserError(f"--uncertain {number}: give a number of drawings from 1")

    def confidence(sketch: Sketch) -> float:
        if sketch.confidence is None:
            raise UserError(f"{name} has no scores: `segment` writes a result that has them")
        return sketch.confidence

    # A heap keeps `number` sketches in memory, however many rows the result has.
    return heapq.nsmallest(number, rows, key=confidence)


def refuse_existing(out: str) -> None:
    """Raise a UserError unless a folder is new or empty."""
    # An empty folder is allowed, since people make one beforehand.
    if storage.list_names(out) or (storage.exists(out) and not storage.is_folder(out)):
        raise UserError(f"{out} is there already: choose a new folder for --out")
