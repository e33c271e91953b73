"""sketch-rnn's `.npz` (https://github.com/magenta/magenta-demos/tree/main/sketch-rnn-js): stroke-3.

A zip of `train.npy`, `valid.npy`, `test.npy`, each an object array of one (points, 3) integer array
per drawing: stroke-3, which is dx, dy, and 1 after which the pen is lifted. In stroke-5, (points,
5), three columns hold one 1: pen down, lifted after the point, or the drawing has ended before it.
A `.npy` is one such array.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

import numpy as np
import numpy.typing as npt
from pyarrow import fs

from instancesketch.core.errors import SketchError
from instancesketch.core.sketch import join_strokes
from instancesketch.formats.ndjson import describe_excess, read_file
from instancesketch.formats.readers.npz_pickle import ArrayStub, load_arrays
from instancesketch.formats.records import FileRange, RawRecord, Rejection

# Public files have up to 75,000 drawings in a member, whose size can be that of several records.
_RECORDS_PER_MEMBER = 8
NPY_MAGIC = b"\x93NUMPY"
_SPLITS = ("train", "valid", "test")


def read(
    file_range: FileRange, filesystem: fs.FileSystem, max_record_bytes: int
) -> Iterator[RawRecord | Rejection]:
    """Yield the drawings of all arrays in a file."""
    path, max_bytes = file_range.path, _RECORDS_PER_MEMBER * max_record_bytes
    with filesystem.open_input_file(path) as stream:
        magic = stream.read(len(NPY_MAGIC))
        stream.seek(0)
        if magic == NPY_MAGIC:
            yield from _read_array(file_range, filesystem, max_record_bytes)
            return
        try:
            archive = zipfile.ZipFile(stream)
            members = archive.infolist()
        # zipfile has errors of its own, and lets those of struct, of numbers and of text through.
        except (zipfile.BadZipFile, ValueError, NotImplementedError, OverflowError) as error:
            yield Rejection(file=path, position="", reason=f"not an npz file: {error}")
            return
        if not members:
            yield Rejection(file=path, position="", reason="the file holds no array")
        for member in members:
            key = member.filename.removesuffix(".npy")
            try:
                arrays = load_arrays(_read_member(archive, member, max_bytes))
            except SketchError as error:
                # A damaged member leaves the others readable.
                position = f"array {key[:80]!r}"
                yield Rejection(file=path, position=position, reason=str(error))
                continue
            for index, array in enumerate(arrays):
                # The arrays have no ids.
                own, position = f"{file_range.id}-{key}-{index}", f"array {key[:80]!r}, "
                split = key if key in _SPLITS else None
                yield _to_record(
                    file_range, own, f"{position}drawing {index}", array, max_record_bytes, split
                )


def _read_array(
    file_range: FileRange, filesystem: fs.FileSystem, max_record_bytes: int
) -> Iterator[RawRecord | Rejection]:
    """Yield the drawings of a `.npy`."""
    try:
        data = read_file(filesystem, file_range.path, _RECORDS_PER_MEMBER * max_record_bytes)
        arrays = load_arrays(data)
    except SketchError as error:
        yield Rejection(file=file_range.path, position="", reason=str(error))
        return
    # A file that is one drawing has its name.
    keys = [f"-{i}" for i in range(len(arrays))] if len(arrays) != 1 else [""]
    for index, (key, array) in enumerate(zip(keys, arrays, strict=True)):
        position = f"drawing {index}" if key else ""
        yield _to_record(file_range, file_range.id + key, position, array, max_record_bytes)
    if not arrays:
        yield Rejection(file=file_range.path, position="", reason="the file holds no drawing")


def _read_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, max_bytes: int) -> bytes:
    if member.file_size > max_bytes:
        raise SketchError(describe_excess("the array", member.file_size, max_bytes))
    try:
        with archive.open(member) as opened:
            data = opened.read(max_bytes + 1)  # the size in the zip's directory may be wrong
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError) as error:
        raise SketchError(f"damaged zip: {error}") from None
    if len(data) > max_bytes:
        raise SketchError(describe_excess("the array", len(data), max_bytes))
    return data


def _to_record(
    file_range: FileRange,
    sketch_id: str,
    position: str,
    entry: Any,
    max_record_bytes: int,
    split: str | None = None,
) -> RawRecord | Rejection:
    try:
        array = entry.to_numpy() if isinstance(entry, ArrayStub) else entry
        # An entry can be any value that a pickle holds, so it may have no size.
        if getattr(array, "nbytes", 0) > max_record_bytes:
            raise SketchError(describe_excess("the drawing", array.nbytes, max_record_bytes))
        fields = parse_steps(array)
    except SketchError as error:
        return Rejection(file=file_range.path, position=position, reason=str(error))
    fields |= {"sketch_id": sketch_id, "split": split}
    return RawRecord(
        fields=fields, position=position, word=_word(PurePosixPath(file_range.path).stem)
    )


def parse_steps(steps: Any) -> dict[str, Any]:
    """Return the strokes of a stroke-3 or stroke-5 array as fields of a sketch.

    Raises:
        SketchError: the value is neither.
    """
    if isinstance(steps, np.ndarray) and steps.ndim == 2 and steps.shape[1] == 5:
        return parse_stroke3(_to_stroke3(steps))
    return parse_stroke3(steps)


def _to_stroke3(steps_P5: npt.NDArray[Any]) -> npt.NDArray[Any]:
    if steps_P5.dtype.kind not in "biuf":
        raise SketchError("not stroke-5: not all are numbers")
    pen_P3 = steps_P5[:, 2:]
    if not (np.isin(pen_P3, (0, 1)).all() and (pen_P3.sum(axis=1) == 1).all()):
        raise SketchError("not stroke-5: the pen is not in one of three states")
    # Rows after the end fill the array up.
    ended = np.flatnonzero(pen_P3[:, 2])
    drawn = steps_P5[: ended[0] if len(ended) else None]
    return drawn[:, [0, 1, 3]]


def parse_stroke3(steps_P3: Any) -> dict[str, Any]:
    """Return the strokes of a stroke-3 array as fields of a sketch.

    Raises:
        SketchError: the value is not a stroke-3 array.
    """
    if not isinstance(steps_P3, np.ndarray) or steps_P3.ndim != 2 or steps_P3.shape[1] != 3:
        raise SketchError("not stroke-3: no array of (points, 3)")
    if steps_P3.dtype.kind not in "biuf":
        raise SketchError("not stroke-3: not all are numbers")
    return join_strokes(_split_strokes(steps_P3.astype(np.float64)))


def _split_strokes(steps_P3: npt.NDArray[np.float64]) -> list[npt.NDArray[np.float64]]:
    """Return the strokes of a stroke-3 array as (points, 2) arrays."""
    lifted_P = steps_P3[:, 2]
    if not np.isin(lifted_P, (0, 1)).all():
        raise SketchError("not stroke-3: the pen is neither down (0) nor lifted (1)")
    with np.errstate(over="ignore", invalid="ignore"):  # a sketch rejects what overflows
        points_P2 = np.cumsum(steps_P3[:, :2], axis=0)
    # The pen is lifted after a point that is marked.
    strokes = np.split(points_P2, np.flatnonzero(lifted_P) + 1)
    return [points for points in strokes if len(points)]


def _word(stem: str) -> str:
    """Return the word in a file's name: `sketchrnn_cat.full` has cats."""
    return stem.removeprefix("sketchrnn_").removesuffix(".full")
