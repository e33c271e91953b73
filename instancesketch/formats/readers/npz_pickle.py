"""Read the arrays of a `.npy` file without running any code of the file or of numpy's.

Object arrays are pickles. Here names of numpy's array reconstruction stand for small objects of
this module, and every other name is refused.
"""

from __future__ import annotations

import io
import pickle
import tokenize
from typing import Any

import numpy as np
import numpy.typing as npt

from instancesketch.core.errors import SketchError

# Numbers alone: dates, complex numbers, texts and records are no coordinates.
_NUMBER_CODES = {"i1", "i2", "i4", "i8", "u1", "u2", "u4", "f2", "f4", "f8"}
# numpy parses a header as a Python literal, after it has taken it apart as Python 2 wrote it.
_NOT_A_HEADER = (
    ValueError,
    KeyError,
    SyntaxError,
    TypeError,
    MemoryError,
    RecursionError,
    tokenize.TokenError,
)
_HEADERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


def load_arrays(data: bytes) -> list[Any]:
    """Return the entries of a `.npy` file's outer dimension, yet unchecked.

    An entry is a numpy array, an `ArrayStub`, or any other value in the file.

    Raises:
        SketchError: the data is not such a file, or has a pickle with any other name in it.
    """
    stream = io.BytesIO(data)
    try:
        version = np.lib.format.read_magic(stream)
        # numpy parses the header as a Python literal, which a long one could make crash.
        shape, fortran, dtype = _HEADERS[version](stream, max_header_size=10_000)
    except _NOT_A_HEADER as error:
        reason = str(error).split("\n")[0][:200]
        raise SketchError(f"not an npy array: {reason}") from None
    if dtype.hasobject:
        if dtype != np.dtype(object) or len(shape) != 1:
            raise SketchError(f"an array of {dtype} in {len(shape)} dimensions holds no drawings")
        return _unpickle(stream, shape[0])
    # The same checks as for the arrays in a pickle.
    code = dtype.str[1:] if dtype.names is None and dtype.subdtype is None else ""
    stub = ArrayStub()
    stub.__setstate__((1, shape, _DtypeStub(code, dtype.byteorder), fortran, stream.read()))
    array = stub.to_numpy()
    if array.ndim not in (2, 3):
        raise SketchError(f"an array of {array.ndim} dimensions holds no drawings")
    return list(array) if array.ndim == 3 else [array]


def _unpickle(stream: io.BytesIO, length: int) -> list[Any]:
    try:
        # Python 2 pickled bytes as text; latin1 gives each byte back.
        outer = _Unpickler(stream, encoding="latin1").load()
    except SketchError:
        raise
    except Exception as error:  # any at all: the file decides what the unpickler does
        raise SketchError(f"damaged pickle: {type(error).__name__}") from None
    entries = outer.entries if isinstance(outer, ArrayStub) else None
    if entries is None or len(entries) != length:
        raise SketchError("the pickle is not the array that its header describes")
    return entries


# The unpickler written in Python, which is private (checked on Python 3.11): in the one
# written in C a single number in the file can allocate any amount of memory.
class _Unpickler(pickle._Unpickler):
    """An unpickler of numpy's arrays, as `ArrayStub`, that refuses every other name."""

    def find_class(self, module: str, name: str) -> Any:
        if module in ("numpy.core.multiarray", "numpy._core.multiarray"):
            if name == "_reconstruct":
                return _NameStub("_reconstruct")
        elif (module, name) in (("numpy", "ndarray"), ("numpy", "dtype")):
            return _NameStub(name)
        elif (module, name) == ("_codecs", "encode"):  # Python 2 wrote bytes so
            return _NameStub("encode")
        raise SketchError(
            f"the pickle names {f'{module}.{name}'[:80]}, which is not a numeric array"
        )


class _NameStub:
    """A stub for a function or class of numpy: callable as in reconstruction, and immutable."""

    # Without a `__dict__`, into which a pickle could write attributes.
    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        self._name = name

    def __call__(self, *values: Any) -> Any:
        if self._name == "_reconstruct":
            return ArrayStub()
        if self._name == "dtype" and values and isinstance(values[0], str):
            return _DtypeStub(values[0])
        if self._name == "encode" and len(values) == 2 and values[1] == "latin1":
            return str(values[0]).encode("latin1")
        raise SketchError(
            f"the pickle calls {self._name} with arguments that make no numeric array"
        )

    def __setstate__(self, state: Any) -> None:
        raise SketchError("the pickle changes what it names")


class _DtypeStub:
    """A stub for a dtype."""

    __slots__ = ("_code", "_order")

    def __init__(self, code: str, order: str = "=") -> None:
        self._code = code.lstrip("<>|=")
        self._order = order

    def __setstate__(self, state: Any) -> None:
        order = state[1] if isinstance(state, tuple) and len(state) > 1 else None
        if order not in ("<", ">", "|", "="):
            raise SketchError("the pickle holds an invalid type of numbers")
        self._order = order

    @property
    def is_object(self) -> bool:
        # Old versions of numpy wrote the size of a pointer as well.
        return self._code in ("O", "O8", "O4")

    def to_numpy(self) -> np.dtype[Any]:
        if self._code not in _NUMBER_CODES:
            raise SketchError(f"an array of {self._code[:20]!r} is not an array of numbers")
        return np.dtype(self._order.replace("|", "=") + self._code)


class ArrayStub:
    """A stub for an array: of objects (`entries`), or of numbers (`to_numpy`)."""

    __slots__ = ("_state", "entries")

    def __init__(self) -> None:
        self.entries: list[Any] | None = None
        self._state: tuple[Any, ...] = ()

    def __setstate__(self, state: Any) -> None:
        if not (isinstance(state, tuple) and len(state) == 5 and isinstance(state[2], _DtypeStub)):
            raise SketchError("the pickle holds an invalid array")
        if state[2].is_object:
            self.entries = state[4] if isinstance(state[4], list) else None
        self._state = state

    def to_numpy(self) -> npt.NDArray[Any]:
        """Return the array.

        Raises:
            SketchError: it has no numbers, or another count of them than its shape.
        """
        # A pickle can create an array and never fill it.
        if not self._state:
            raise SketchError("the pickle holds an array without its numbers")
        _, shape, stub, fortran, data = self._state
        dtype = stub.to_numpy()
        # Pickles of Python 2 have strings for bytes.
        data = data.encode("latin1") if isinstance(data, str) else data
        if not isinstance(shape, tuple) or not all(type(n) is int and n >= 0 for n in shape):
            raise SketchError("the shape of an array is not a list of sizes")
        size = dtype.itemsize
        for n in shape:
            size *= n
        # Checked here, since a shape in the file can exceed any memory.
        if not isinstance(data, bytes) or size != len(data):
            raise SketchError("an array has not as many numbers as its shape says")
        return np.frombuffer(data, dtype).reshape(shape, order="F" if fortran else "C")
