"""JSON and its values, taken for nothing but what they are: every doubt is a SketchError."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt

from instancesketch.core.errors import SketchError
from instancesketch.core.sketch import LARGEST_COORDINATE, FloatArray

_NUMBERS = {int, float}  # exactly these: bool is an int to isinstance
_INT32 = 2**31


def _refuse_constant(name: str) -> Any:
    raise SketchError(f"{name} is no JSON number")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise SketchError(f"the key {twice[:80]!r} is there twice")
    return values


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant, object_pairs_hook=_unique)


def load(data: bytes) -> Any:
    """Reads one JSON value from UTF-8.

    Raises:
        SketchError: not UTF-8, not JSON, nested too deeply, or an object has a key twice.
    """
    try:
        return _DECODER.decode(data.decode("utf-8-sig").strip())
    except UnicodeDecodeError as error:
        raise SketchError(f"not UTF-8 at byte {error.start}") from None
    except json.JSONDecodeError as error:
        raise SketchError(f"not JSON: {error}") from None
    except RecursionError:
        raise SketchError("not a drawing: JSON nested too deeply") from None
    except SketchError:
        raise
    except ValueError:  # Python's limit of digits in one integer
        raise SketchError("a number has thousands of digits") from None


def load_object(data: bytes) -> dict[str, Any]:
    """Reads one JSON object from UTF-8.

    Raises:
        SketchError: it is none, as `load` says, or another kind of value.
    """
    value = load(data)
    if not isinstance(value, dict):
        raise SketchError(f"not a drawing: JSON {_kind(value)} in place of an object")
    return value


def dump(value: Any) -> str:
    """Writes a value as compact JSON, in ASCII and without NaN."""
    return json.dumps(value, separators=(",", ":"), allow_nan=False)


def shortest(values: FloatArray) -> list[float]:
    """Floats that print with the fewest digits that read back as the same float32."""
    floats: list[float] = values.astype("U32").astype(np.float64).tolist()
    return floats


def text(value: Any, what: str) -> str | None:
    """A string that UTF-8 can hold, or None for null.

    Raises:
        SketchError: the value is something else.
    """
    if value is None:
        return None
    if not isinstance(value, str):
        raise SketchError(f"{what} is {_kind(value)}, not a string")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise SketchError(f"{what} holds half a character") from None
    return value


def identifier(value: Any, what: str) -> str:
    """An id as a string; files have them as numbers, too.

    Raises:
        SketchError: there is none, or it is neither a string nor an integer.
    """
    name = str(value) if type(value) is int else text(value, what)
    if not name:
        raise SketchError(f"no {what}")
    return name


def extent(value: Any, what: str) -> float | None:
    """A width or height, or None for null.

    Raises:
        SketchError: no finite number from 0 up.
    """
    if value is None:
        return None
    if type(value) not in _NUMBERS or not 0 <= value <= LARGEST_COORDINATE:
        raise SketchError(f"{what} is not a size")
    return float(np.float32(value))


def array(value: Any, what: str) -> list[Any]:
    """A JSON list.

    Raises:
        SketchError: the value is something else.
    """
    if not isinstance(value, list):
        raise SketchError(f"{what} is {_kind(value)}, not a list")
    return value


def texts(value: Any, what: str) -> tuple[str, ...] | None:
    """A list of strings, or None for null.

    Raises:
        SketchError: the value is something else, or an entry is.
    """
    if value is None:
        return None
    found = tuple(text(v, what) for v in array(value, what))
    if None in found:
        raise SketchError(f"{what} holds null")
    return tuple(t for t in found if t is not None)


def integers(value: Any, what: str, lowest: int) -> tuple[int | None, ...] | None:
    """A list of integers of 32 bits or nulls, or None for null.

    Raises:
        SketchError: the value is something else, or an entry is, or is below `lowest`.
    """
    if value is None:
        return None
    for number in array(value, what):
        if number is not None and not (type(number) is int and lowest <= number < _INT32):
            raise SketchError(f"{what} holds {_short(number)}, not a whole number from {lowest}")
    return tuple(value)


def numbers(value: Any, what: str) -> npt.NDArray[np.float64]:
    """A flat list of numbers as an array, (N,). Strings and booleans are no numbers.

    Raises:
        SketchError: the value is something else, or an entry is.
    """
    if not set(map(type, array(value, what))) <= _NUMBERS:
        wrong = next(v for v in value if type(v) not in _NUMBERS)
        raise SketchError(f"{what} holds {_kind(wrong)}, not a number")
    try:
        return np.array(value, np.float64)
    except OverflowError:
        raise SketchError(f"{what} holds an enormous number") from None


def columns(drawing: Any) -> tuple[list[npt.NDArray[np.float64]], list[list[Any]]]:
    """Strokes given as [[x…], [y…], rest…]: one (points, 2) array each, and the rest of each.

    Raises:
        SketchError: a stroke is no such list, or its lists differ in length.
    """
    strokes, rest = [], []
    for i, stroke in enumerate(array(drawing, "drawing")):
        lists = array(stroke, f"stroke {i}")
        if len(lists) < 2:
            raise SketchError(f"stroke {i} has {len(lists)} lists; x and y are two")
        lengths = [len(array(values, f"stroke {i}")) for values in lists]
        if len(set(lengths)) > 1:
            raise SketchError(f"stroke {i} has lists of unequal length: {lengths[:4]}")
        strokes.append(np.stack([numbers(values, f"stroke {i}") for values in lists[:2]], axis=1))
        rest.append(lists[2:])
    return strokes, rest


def pairs(lines: Any) -> list[npt.NDArray[np.float64]]:
    """Strokes given as [[x, y], …]: one (points, 2) array each.

    Raises:
        SketchError: a stroke is no such list.
    """
    strokes = []
    for i, stroke in enumerate(array(lines, "lines")):
        points = array(stroke, f"stroke {i}")
        if not all(isinstance(p, list) and len(p) == 2 for p in points):
            raise SketchError(f"stroke {i} is not a list of x and y")
        flat: Sequence[Any] = list(chain.from_iterable(points))
        strokes.append(numbers(flat, f"stroke {i}").reshape(-1, 2))
    return strokes


def _kind(value: Any) -> str:
    kinds = {dict: "an object", list: "a list", str: "a string", bool: "true or false"}
    return "null" if value is None else kinds.get(type(value), "a number")


def _short(value: Any) -> str:
    if isinstance(value, int) and not -_INT32 <= value < _INT32:
        return "an enormous number"
    if isinstance(value, float) and not math.isfinite(value):
        return "an infinite number"
    return repr(value)[:40] if isinstance(value, int | float | bool) else _kind(value)
