"""A plain CSV for spreadsheets: one row per stroke, its points as two lists of numbers."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Any

from instancesketch.core.sketch import Sketch
from instancesketch.core.stroke_labels import Pieces
from instancesketch.formats.json_fields import to_columns
from instancesketch.formats.writers.files import SingleFile

_OF_SKETCH = (
    "sketch_id", "source", "category", "word", "split", "width", "height", "category_score",
    "category_2", "category_2_score",
)  # fmt: skip
_OF_STROKE = ("part", "label", "instance", "object", "part_score", "part_2", "part_2_score")
COLUMNS = (
    *_OF_SKETCH, "stroke", *_OF_STROKE, "pieces", "object_category", "error", "points", "x", "y",
)  # fmt: skip


def dump(sketches: Iterable[Sketch]) -> Iterator[bytes]:
    """Yield the header, and then the rows of each sketch."""
    yield _to_lines([dict(zip(COLUMNS, COLUMNS, strict=True))])
    for sketch in sketches:
        yield _to_lines(_to_rows(sketch))


def _to_rows(sketch: Sketch) -> Iterator[dict[str, Any]]:
    known = {name: getattr(sketch, name) for name in (*_OF_SKETCH, "error")}
    for stroke, (x, y) in enumerate(to_columns(sketch)):
        row = known | {"stroke": stroke, "points": len(x)}
        for name in _OF_STROKE:
            values = getattr(sketch, name)
            row[name] = None if values is None else values[stroke]
        row["pieces"] = _describe(None if sketch.pieces is None else sketch.pieces[stroke])
        index = row["object"]
        if index is not None and index >= 0 and sketch.object_category is not None:
            row["object_category"] = sketch.object_category[index]
        yield row | {"x": _join(x), "y": _join(y)}


def _describe(pieces: Pieces | None) -> str | None:
    """Return the first point and the part of each piece: `0 body; 17 tail`."""
    if pieces is None:
        return None
    return "; ".join(f"{piece.start} {piece.part}" for piece in pieces)


def _join(numbers: list[float]) -> str:
    return " ".join(map(str, numbers))


def _to_lines(rows: Iterable[dict[str, Any]]) -> bytes:
    stream = io.StringIO()
    # Nulls become empty cells.
    writer = csv.DictWriter(stream, COLUMNS, restval="", lineterminator="\n")
    writer.writerows(rows)
    return stream.getvalue().encode()


WRITER = SingleFile("strokes.csv", dump)
