"""sketch-rnn's `.npz` (https://github.com/magenta/magenta-demos/tree/main/sketch-rnn-js): stroke-3.

A zip of `train.npy`, `valid.npy`, `test.npy`, each an object array of one (points, 3) integer array
per drawing: dx, dy, and 1 after which the pen is lifted. Those arrays are pickles. What is read of
them is decided here: names of numpy's array reconstruction stand for small objects of this module,
any other name is refused, and no code of numpy or of anything else runs on a file's behalf.
"""

from __future__ import annotations

import io
import pickle
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

import numpy as np
import numpy.typing as npt
from pyarrow import fs

from instancesketch.core.errors import SketchError
from instancesketch.core.sketch import Sketch
from instancesketch.formats.ndjson import too_large
from instancesketch.formats.records import Piece, Record, Rejection

# Public files hold up to 75,000 drawings in a member; a record may be a good part of that alone.
_RECORDS_PER_MEMBER = 8
_SPLITS = ("train", "valid", "test")
_NUMERIC = {"i1", "i2", "i4", "i8", "u1", "u2", "u4", "f2", "f4", "f8"}
_HEADERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


def read(
    piece: Piece, filesystem: fs.FileSystem, max_record_bytes: int
) -> Iterator[Record | Rejection]:
    """Yields the drawings of every array in a file."""
    limit = _RECORDS_PER_MEMBER * max_record_bytes
    with filesystem.open_input_file(piece.path) as stream:
        try:
            archive = zipfile.ZipFile(stream)
            members = archive.infolist()
        # zipfile has errors of its own, and lets those of struct, of numbers and of text through.
        except (zipfile.BadZipFile, ValueError, NotImplementedError, OverflowError) as error:
            yield Rejection(file=piece.path, position="", reason=f"not an npz file: {error}")
            return
        if not members:
            yield Rejection(file=piece.path, position="", reason="the file holds no array")
        for member in members:
            key = member.filename.removesuffix(".npy")
            try:
                arrays = _arrays(_bytes(archive, member, limit))
            except SketchError as error:
                position = f"array {key[:80]!r}"
                yield Rejection(file=piece.path, position=position, reason=str(error))
                continue
            for index, array in enumerate(arrays):
                yield _record(piece.path, key, index, array, max_record_bytes)


def _bytes(archive: zipfile.ZipFile, member: zipfile.ZipInfo, limit: int) -> bytes:
    if member.file_size > limit:
        raise SketchError(too_large("the array", member.file_size, limit))
    try:
        with archive.open(member) as opened:
            data = opened.read(limit + 1)
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError) as error:
        raise SketchError(f"damaged zip: {error}") from None
    if len(data) > limit:
        raise SketchError(too_large("the array", len(data), limit))
    return data


def _arrays(data: bytes) -> list[Any]:
    """The drawings of one `.npy`: what each should be an array of, still unchecked."""
    stream = io.BytesIO(data)
    try:
        version = np.lib.format.read_magic(stream)
        shape, fortran, dtype = _HEADERS[version](stream, max_header_size=10_000)
    except (ValueError, KeyError, SyntaxError, TypeError, MemoryError, RecursionError) as error:
        reason = str(error).split("\n")[0][:200]
        raise SketchError(f"not an npy array: {reason}") from None
    if dtype.hasobject:
        if dtype != np.dtype(object) or len(shape) != 1:
            raise SketchError(f"an array of {dtype} in {len(shape)} dimensions holds no drawings")
        return _unpickle(stream, shape)
    flat = _Array()
    code = dtype.str[1:] if dtype.names is None and dtype.subdtype is None else ""
    flat.__setstate__((1, shape, _Kind(code, dtype.byteorder), fortran, stream.read()))
    array = flat.to_numpy()
    if array.ndim not in (2, 3):
        raise SketchError(f"an array of {array.ndim} dimensions holds no drawings")
    return list(array) if array.ndim == 3 else [array]


def _unpickle(stream: io.BytesIO, shape: tuple[int, ...]) -> list[Any]:
    try:
        outer = _Unpickler(stream, encoding="latin1").load()
    except SketchError:
        raise
    except Exception as error:  # any at all: the file decides what the unpickler is made to do
        raise SketchError(f"damaged pickle: {type(error).__name__}") from None
    drawings = outer.entries if isinstance(outer, _Array) else None
    if drawings is None or len(drawings) != shape[0]:
        raise SketchError("the pickle is not the array that its header tells of")
    return drawings


# The unpickler written in Python: the one in C can be made to allocate any memory by one number.
class _Unpickler(pickle._Unpickler):
    """Reads numpy's arrays as `_Array`, and refuses every other name."""

    def find_class(self, module: str, name: str) -> Any:
        if module in ("numpy.core.multiarray", "numpy._core.multiarray"):
            if name == "_reconstruct":
                return _Name("_reconstruct")
        elif (module, name) in (("numpy", "ndarray"), ("numpy", "dtype")):
            return _Name(name)
        elif (module, name) == ("_codecs", "encode"):  # how bytes are written for Python 2
            return _Name("encode")
        raise SketchError(f"the pickle names {f'{module}.{name}'[:80]}, which is no numeric array")


class _Name:
    """Stands for a name of numpy: can be called as the reconstruction does, and not be changed."""

    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        self._name = name

    def __call__(self, *values: Any) -> Any:
        if self._name == "_reconstruct":
            return _Array()
        if self._name == "dtype" and values and isinstance(values[0], str):
            return _Kind(values[0])
        if self._name == "encode" and len(values) == 2 and values[1] == "latin1":
            return str(values[0]).encode("latin1")
        raise SketchError(f"the pickle calls {self._name} with what is no numeric array")

    def __setstate__(self, state: Any) -> None:
        raise SketchError("the pickle changes what it names")


class _Kind:
    """Stands for a dtype."""

    __slots__ = ("_code", "_order")

    def __init__(self, code: str, order: str = "=") -> None:
        self._code = code.lstrip("<>|=")
        self._order = order

    def __setstate__(self, state: Any) -> None:
        order = state[1] if isinstance(state, tuple) and len(state) > 1 else None
        if order not in ("<", ">", "|", "="):
            raise SketchError("the pickle holds a type of numbers that is none")
        self._order = order

    @property
    def is_object(self) -> bool:
        return self._code in ("O", "O8", "O4")

    def to_numpy(self) -> np.dtype[Any]:
        if self._code not in _NUMERIC:
            raise SketchError(f"an array of {self._code[:20]!r} is no array of numbers")
        return np.dtype(self._order.replace("|", "=") + self._code)


class _Array:
    """Stands for an array: of objects (`entries`), or of numbers once they are asked for."""

    __slots__ = ("_state", "entries")

    def __init__(self) -> None:
        self.entries: list[Any] | None = None
        self._state: tuple[Any, ...] = ()

    def __setstate__(self, state: Any) -> None:
        if not (isinstance(state, tuple) and len(state) == 5 and isinstance(state[2], _Kind)):
            raise SketchError("the pickle holds an array that is none")
        if state[2].is_object:
            self.entries = state[4] if isinstance(state[4], list) else None
        self._state = state

    def to_numpy(self) -> npt.NDArray[Any]:
        if not self._state:
            raise SketchError("the pickle holds an array without its numbers")
        _, shape, kind, fortran, data = self._state
        dtype = kind.to_numpy()
        data = data.encode("latin1") if isinstance(data, str) else data
        if not isinstance(shape, tuple) or not all(type(n) is int and n >= 0 for n in shape):
            raise SketchError("the shape of an array is no list of sizes")
        size = dtype.itemsize
        for n in shape:
            size *= n
        if not isinstance(data, bytes) or size != len(data):
            raise SketchError("an array has not as many numbers as its shape says")
        return np.frombuffer(data, dtype).reshape(shape, order="F" if fortran else "C")


def _record(file: str, key: str, index: int, entry: Any, limit: int) -> Record | Rejection:
    stem = PurePosixPath(file).stem
    position = f"array {key[:80]!r}, drawing {index}"
    try:
        array = entry.to_numpy() if isinstance(entry, _Array) else entry
        if getattr(array, "nbytes", 0) > limit:
            raise SketchError(too_large("the drawing", array.nbytes, limit))
        sketch = sketch_of(
            array,
            sketch_id=f"{stem}-{key}-{index}",
            split=key if key in _SPLITS else None,
        )
    except SketchError as error:
        return Rejection(file=file, position=position, reason=str(error))
    return Record(sketch=sketch, position=position, word=_word(stem))


def sketch_of(steps_P3: Any, **values: Any) -> Sketch:
    """The drawing of a stroke-3 array.

    Raises:
        SketchError: it is none.
    """
    if not isinstance(steps_P3, np.ndarray) or steps_P3.ndim != 2 or steps_P3.shape[1] != 3:
        raise SketchError("not stroke-3: no array of (points, 3)")
    if steps_P3.dtype.kind not in "biuf":
        raise SketchError("not stroke-3: not all are numbers")
    return Sketch.from_strokes(_strokes(steps_P3.astype(np.float64)), **values)


def _strokes(array_P3: npt.NDArray[np.float64]) -> list[npt.NDArray[np.float64]]:
    """Adds up the steps, and cuts where the pen is lifted."""
    lifted = array_P3[:, 2]
    if not np.isin(lifted, (0, 1)).all():
        raise SketchError("not stroke-3: the pen is neither down (0) nor lifted (1)")
    with np.errstate(over="ignore", invalid="ignore"):  # what overflows is rejected as a place
        points = np.cumsum(array_P3[:, :2], axis=0)
    pieces = np.split(points, np.flatnonzero(lifted) + 1)
    return [p for p in pieces if len(p)]


def _word(stem: str) -> str:
    """`sketchrnn_cat.full` is a file of cats."""
    return stem.removeprefix("sketchrnn_").removesuffix(".full")
