"""Values of JSON, checked strictly: any other value than expected raises a `SketchError`.

Functions take the name of the value, which messages use.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt

from instancesketch.core.errors import SketchError
from instancesketch.core.sketch import LARGEST_COORDINATE, FloatArray

_NUMBER_TYPES = {int, float}  # compared with `type`, since bool is an int to isinstance
# The schema stores integers in 32 bits.
_INT32_END = 2**31
_SPACE = re.compile(r"\s*")


def _refuse_constant(name: str) -> Any:
    raise SketchError(f"{name} is not a JSON number")


def _to_dict(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise SketchError(f"the key {twice[:80]!r} is there twice")
    return values


# Python's own decoder takes NaN and Infinity, and keeps the last of two equal keys.
_DECODER = json.JSONDecoder(parse_constant=_refuse_constant, object_pairs_hook=_to_dict)


def load(data: bytes) -> Any:
    """Return the JSON value in UTF-8 bytes.

    Raises:
        SketchError: not UTF-8, not JSON, nested too deeply, or an object has a key twice.
    """
    with _as_sketch_errors():
        # Editors on Windows put a byte order mark before the text, which `utf-8-sig` drops.
        return _DECODER.decode(data.decode("utf-8-sig").strip())


@contextmanager
def _as_sketch_errors() -> Iterator[None]:
    """Turn all that decoding raises into errors that name the reason."""
    try:
        yield
    except UnicodeDecodeError as error:
        raise SketchError(f"not UTF-8 at byte {error.start}") from None
    except json.JSONDecodeError as error:
        raise SketchError(f"not JSON: {error}") from None
    except RecursionError:
        raise SketchError("not a drawing: JSON nested too deeply") from None
    # It is a ValueError, too, and already has its reason.
    except SketchError:
        raise
    except ValueError:  # Python limits the digits of one integer
        raise SketchError("a number has thousands of digits") from None


def load_all(data: bytes) -> list[Any]:
    """Return all JSON values in UTF-8 bytes, which may stand one after another.

    Raises:
        SketchError: like `load`, for any of them.
    """
    values: list[Any] = []
    with _as_sketch_errors():
        text = data.decode("utf-8-sig").strip()
        end = 0
        while end < len(text):
            value, end = _DECODER.raw_decode(text, end)
            values.append(value)
            # The decoder doesn't pass over the space before a value.
            end = _SPACE.match(text, end).end()  # type: ignore[union-attr]  # matches anything
    return values


def load_object(data: bytes) -> dict[str, Any]:
    """Return the JSON object in UTF-8 bytes.

    Raises:
        SketchError: like `load`, or the value is not an object.
    """
    value = load(data)
    if not isinstance(value, dict):
        raise SketchError(f"not a drawing: JSON {_describe_type(value)} in place of an object")
    return value


def dump(value: Any) -> str:
    """Return a value as compact JSON, in ASCII and without NaN."""
    # NaN would be text that no other JSON reader takes.
    return json.dumps(value, separators=(",", ":"), allow_nan=False)


def to_shortest_floats(values: FloatArray) -> list[float]:
    """Return floats that print with the fewest digits that read back as the same float32."""
    # numpy prints a float32 with the fewest digits that identify it.
    floats: list[float] = values.astype("U32").astype(np.float64).tolist()
    return floats


def as_object(value: Any, name: str) -> dict[str, Any]:
    """Return a JSON object.

    Raises:
        SketchError: the value is something else.
    """
    if not isinstance(value, dict):
        raise SketchError(f"{name} is not a JSON object")
    return value


def as_text(value: Any, name: str) -> str | None:
    """Return a string that UTF-8 can hold, or None for null.

    Raises:
        SketchError: the value is something else.
    """
    if value is None:
        return None
    if not isinstance(value, str):
        raise SketchError(f"{name} is {_describe_type(value)}, not a string")
    try:
        # JSON can escape half of a surrogate pair, which Arrow can't store.
        value.encode()
    except UnicodeEncodeError:
        raise SketchError(f"{name} holds half a character") from None
    return value


def as_id(value: Any, name: str) -> str:
    """Return an id as a string; files have ids that are numbers, too.

    Raises:
        SketchError: the value is absent or empty, or is neither a string nor an integer.
    """
    # Ids of Quick, Draw! have 16 digits: as floats they would lose the last ones.
    text = str(value) if type(value) is int else as_text(value, name)
    if not text:
        raise SketchError(f"no {name}")
    return text


def as_size(value: Any, name: str) -> float | None:
    """Return a width or height, rounded to float32, or None for null.

    Raises:
        SketchError: the value is not a finite number from 0.
    """
    if value is None:
        return None
    if type(value) not in _NUMBER_TYPES or not 0 <= value <= LARGEST_COORDINATE:
        raise SketchError(f"{name} is not a size")
    # The schema's type, so that the value equals the one that a corpus gives back.
    return float(np.float32(value))


def as_list(value: Any, name: str) -> list[Any]:
    """Return a JSON list.

    Raises:
        SketchError: the value is something else.
    """
    if not isinstance(value, list):
        raise SketchError(f"{name} is {_describe_type(value)}, not a list")
    return value


def as_texts(value: Any, name: str) -> tuple[str, ...] | None:
    """Return a list of strings, or None for null.

    Raises:
        SketchError: the value or an entry is something else.
    """
    if value is None:
        return None
    texts = tuple(as_text(entry, name) for entry in as_list(value, name))
    if None in texts:
        raise SketchError(f"{name} holds null")
    return tuple(text for text in texts if text is not None)


def as_integers(value: Any, name: str, lowest: int) -> tuple[int | None, ...] | None:
    """Return a list of 32-bit integers and nulls, or None for null.

    Raises:
        SketchError: the value or an entry is something else, or an entry is below `lowest`.
    """
    if value is None:
        return None
    for entry in as_list(value, name):
        if entry is not None and not (type(entry) is int and lowest <= entry < _INT32_END):
            raise SketchError(f"{name} holds {_shorten(entry)}, not a whole number from {lowest}")
    return tuple(value)


def as_numbers(value: Any, name: str) -> npt.NDArray[np.float64]:
    """Return a flat list of numbers as an array, (N,).

    Raises:
        SketchError: the value or an entry is something else, such as a string or a boolean.
    """
    # numpy would also take booleans, and strings of digits.
    if not set(map(type, as_list(value, name))) <= _NUMBER_TYPES:
        wrong = next(v for v in value if type(v) not in _NUMBER_TYPES)
        raise SketchError(f"{name} holds {_describe_type(wrong)}, not a number")
    try:
        return np.array(value, np.float64)
    except OverflowError:
        raise SketchError(f"{name} holds an enormous number") from None


def as_columns(drawing: Any) -> tuple[list[npt.NDArray[np.float64]], list[list[Any]]]:
    """Return strokes that are given as [[x…], [y…], more…].

    Returns:
        One (points, 2) array per stroke, and the lists after the first two of each.

    Raises:
        SketchError: a stroke is not such a list, or its lists differ in length.
    """
    strokes, rest = [], []
    for i, stroke in enumerate(as_list(drawing, "drawing")):
        lists = as_list(stroke, f"stroke {i}")
        if len(lists) < 2:
            raise SketchError(f"stroke {i} has {len(lists)} lists; x and y are two")
        lengths = [len(as_list(values, f"stroke {i}")) for values in lists]
        if len(set(lengths)) > 1:
            # Four lengths show the mistake; a stroke of a hostile file can have thousands of lists.
            raise SketchError(f"stroke {i} has lists of unequal length: {lengths[:4]}")
        xy = [as_numbers(values, f"stroke {i}") for values in lists[:2]]
        strokes.append(np.stack(xy, axis=1))
        rest.append(lists[2:])
    return strokes, rest


def as_pairs(lines: Any) -> list[npt.NDArray[np.float64]]:
    """Return strokes that are given as [[x, y], …], as one (points, 2) array each.

    Raises:
        SketchError: a stroke is not such a list.
    """
    strokes = []
    for i, stroke in enumerate(as_list(lines, "lines")):
        points = as_list(stroke, f"stroke {i}")
        if not all(isinstance(p, list) and len(p) == 2 for p in points):
            raise SketchError(f"stroke {i} is not a list of x and y")
        flat: Sequence[Any] = list(chain.from_iterable(points))
        strokes.append(as_numbers(flat, f"stroke {i}").reshape(-1, 2))
    return strokes


def _describe_type(value: Any) -> str:
    names = {dict: "an object", list: "a list", str: "a string", bool: "true or false"}
    return "null" if value is None else names.get(type(value), "a number")


def _shorten(value: Any) -> str:
    if isinstance(value, int) and not -_INT32_END <= value < _INT32_END:
        return "an enormous number"
    if isinstance(value, float) and not math.isfinite(value):
        return "an infinite number"
    return repr(value)[:40] if isinstance(value, int | float | bool) else _describe_type(value)
