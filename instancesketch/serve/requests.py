"""Read the bodies of requests: bounded, strictly checked, and refused in one line."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.requests import ClientDisconnect, Request

from instancesketch.core.errors import SketchError
from instancesketch.core.sketch import UNNAMED, Sketch, join_strokes
from instancesketch.formats import json_values

# What a person draws has some hundred strokes; attention grows with their square.
MOST_STROKES = 1_000
MOST_POINTS = 100_000
MOST_BYTES = 4 << 20  # of a request with a drawing
MOST_FILE_BYTES = 16 << 20  # of a file that is opened
_SECONDS = 30.0  # for a body to arrive


class RequestError(Exception):
    """A request that is refused: its status, one line that says why, and further headers."""

    def __init__(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status, self.headers = status, dict(headers or {})


@dataclass(frozen=True, kw_only=True)
class ChosenObjects:
    """The choices of a person about the objects of a scene."""

    # For each stroke the object that it belongs to, -1 for none, None where the model decides.
    of: tuple[int | None, ...]
    # Of each of these objects; `other` for nothing known, None where the model decides.
    categories: tuple[str | None, ...]


@dataclass(frozen=True, kw_only=True)
class LabelRequest:
    """A drawing, and what its categories can be."""

    sketch: Sketch
    category: str | None  # given by the person
    categories: tuple[str, ...] | None  # those to choose among
    chosen: ChosenObjects | None = None  # of a scene, by the person


async def read_body(request: Request, most: int) -> bytes:
    """Return the body of a request.

    Raises:
        RequestError: it is larger than `most` bytes, or takes too long.
    """
    # Refused by its own word before anything is read; the word may be missing, or wrong.
    length = request.headers.get("content-length", "0")
    if not length.isdecimal() or int(length) > most:
        raise _too_large(most)
    data = bytearray()
    try:
        async with asyncio.timeout(_SECONDS):
            async for chunk in request.stream():
                data += chunk
                if len(data) > most:
                    raise _too_large(most)
    except TimeoutError:
        raise RequestError(408, "the request took too long to arrive") from None
    except ClientDisconnect:
        raise RequestError(400, "the request was not sent to its end") from None
    return bytes(data)


async def read_json(request: Request) -> dict[str, Any]:
    """Return the JSON object of a request.

    Raises:
        RequestError: it is not of the type `application/json`, or no JSON object, or too large.
    """
    # Another site's page can't send this type without asking first, which is never granted.
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise RequestError(415, "send a drawing as application/json")
    data = await read_body(request, MOST_BYTES)
    try:
        return json_values.load_object(data)
    except SketchError as error:
        raise RequestError(400, str(error)) from None


def to_label_request(data: Mapping[str, Any]) -> LabelRequest:
    """Return the checked form of what is to be labelled.

    Raises:
        RequestError: the drawing is not one, or too large, or a field has the wrong type.
    """
    try:
        category = json_values.as_text(data.get("category"), "category")
        categories = json_values.as_texts(data.get("categories"), "categories")
        sketch = to_sketch(data.get("strokes"))
        return LabelRequest(
            sketch=sketch,
            category=category,
            categories=categories,
            chosen=_to_chosen(data, len(sketch)),
        )
    except SketchError as error:
        raise RequestError(422, str(error)) from None


def _to_chosen(data: Mapping[str, Any], strokes: int) -> ChosenObjects | None:
    """Return the objects that a person made; None without any.

    Raises:
        SketchError: they don't fit the strokes.
    """
    of = json_values.as_integers(data.get("object"), "object", -1)
    if of is None:
        return None
    names = json_values.as_list(data.get("object_category"), "object_category")
    categories = tuple(json_values.as_text(name, "object_category") for name in names)
    if len(of) != strokes:
        raise SketchError(f"object has {len(of)} entries for {strokes} strokes")
    if (last := max((index for index in of if index is not None), default=-1)) >= len(categories):
        raise SketchError(f"object {last} is not among the {len(categories)} objects")
    return ChosenObjects(of=of, categories=categories)


def to_sketch(strokes: Any) -> Sketch:
    """Return strokes, given as [[x…], [y…]] each, as a sketch.

    Raises:
        SketchError: it is not a drawing.
        RequestError: it is too large.
    """
    columns = json_values.as_list(strokes, "strokes")
    if len(columns) > MOST_STROKES:
        raise RequestError(
            413, f"the drawing has {len(columns):,} strokes; at most {MOST_STROKES:,} are taken"
        )
    pairs, _ = json_values.as_columns(columns)
    sketch = Sketch(sketch_id=UNNAMED, **join_strokes(pairs))
    check_size(sketch)
    return sketch


def check_size(sketch: Sketch) -> None:
    """Raise a RequestError for a drawing that is too large to be labelled here."""
    for number, most, what in (
        (len(sketch), MOST_STROKES, "strokes"),
        (len(sketch.x), MOST_POINTS, "points"),
    ):
        if number > most:
            reason = f"the drawing has {number:,} {what}; at most {most:,} are taken"
            raise RequestError(413, reason)


def _too_large(most: int) -> RequestError:
    return RequestError(413, f"larger than {most >> 20} MB, which is the most that is taken")
