"""Count what a corpus or result holds."""

from __future__ import annotations

from collections import Counter
from itertools import islice
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from instancesketch.core import parquet, storage
from instancesketch.core.errors import ReasonCounter, SketchError, UserError
from instancesketch.core.parquet import read_sketches
from instancesketch.core.schema import cast_to_schema, count_values, flatten_lists
from instancesketch.core.sketch import Sketch

_COUNTED = ["source", "category", "split", "stroke_len", "part", "object_category"]


def info(corpus: str, drawings: int = 0) -> dict[str, Any]:
    """Counts what a corpus or result holds.

    Returns:
        Numbers of sketches, strokes, points, errors and rejections, and of sketches by source,
        category and split (None where unknown), of strokes by part, of objects of scenes by
        category, of rejections by kind of `reason` and of errors by kind; and so many of the first
        drawings, each with its id, category, strokes by part, categories of objects and error.

    Raises:
        UserError: it is no corpus.
    """
    totals: Counter[str] = Counter(sketches=0, strokes=0, points=0, failed=0)
    by: dict[str, Counter[str | None]] = {n: Counter() for n in _COUNTED if n != "stroke_len"}
    reasons, errors = ReasonCounter(), ReasonCounter()
    for table in parquet.read_batches(corpus):
        try:
            table = cast_to_schema(table)
        except SketchError as error:
            raise UserError(f"{corpus}: {error}") from None
        lengths, _, _ = flatten_lists(table, "stroke_len")
        totals["sketches"] += len(table)
        totals["strokes"] += len(lengths)
        totals["points"] += int(lengths.sum())
        if "error" in table.column_names:
            told = count_values(table["error"].drop_null())
            totals["failed"] += told.total()
            errors.add(told)
        for name, counts in by.items():
            column = table[name]
            if pa.types.is_list(column.type):
                column = pc.list_flatten(column)
            counts.update(count_values(column))
    totals["rejected"] = 0
    if storage.exists(rejected := storage.join(corpus, "_rejected.parquet")):
        told = count_values(parquet.read_table(rejected, ["reason"])["reason"])
        totals["rejected"] = told.total()
        reasons.add(told)
    found: dict[str, Any] = {name: dict(counts.most_common()) for name, counts in by.items()}
    return (
        dict(totals)
        | found
        | {
            "reason": reasons.to_dict(),
            "error": errors.to_dict(),
            "drawings": [_in_short(sketch) for sketch in islice(read_sketches(corpus), drawings)],
        }
    )


def _in_short(sketch: Sketch) -> dict[str, Any]:
    return {
        "sketch_id": sketch.sketch_id,
        "category": sketch.category,
        "strokes": len(sketch),
        "part": dict(Counter(sketch.part or ()).most_common()),
        "object_category": None if sketch.object is None else list(sketch.object_category or ()),
        "error": sketch.error,
    }
