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

# Columns whose values are counted: one value a row, or a list of one a stroke or object.
_COUNTED = ("source", "category", "split", "part", "object_category")


def info(corpus: str, drawings: int = 0) -> dict[str, Any]:
    """Count what a corpus or result holds.

    Args:
        corpus: its folder.
        drawings: number of the first drawings to describe.

    Returns:
        `sketches`, `strokes`, `points`, `failed` and `rejected`: their numbers; `mixed`: of strokes
        over several parts. `source`, `category` and `split`: sketches by value, None where
        unknown. `part`: strokes by part. `object_category`: objects of scenes by category. `reason`
        and `error`: rejections and errors by kind. `drawings`: of each its id, category, strokes by
        part, categories of objects and error.

    Raises:
        UserError: the folder is not a corpus.
    """
    totals: Counter[str] = Counter(sketches=0, strokes=0, mixed=0, points=0, failed=0)
    by_value: dict[str, Counter[str | None]] = {name: Counter() for name in _COUNTED}
    errors = ReasonCounter()
    for table in parquet.read_batches(corpus):
        try:
            # Folders of earlier versions lack columns, which are added as nulls.
            table = cast_to_schema(table)
        except SketchError as error:
            raise UserError(f"{corpus}: {error}") from None
        # Columns instead of sketches: a corpus of millions is counted quickly.
        lengths, _, _ = flatten_lists(table, "stroke_len")
        totals["sketches"] += len(table)
        totals["strokes"] += len(lengths)
        totals["points"] += int(lengths.sum())
        if "error" in table.column_names:  # in results alone
            counts = count_values(table["error"].drop_null())
            totals["failed"] += counts.total()
            errors.add(counts)
            pieces = pc.list_flatten(table["pieces"])
            totals["mixed"] += len(pieces) - pieces.null_count
        for name, values in by_value.items():
            column = table[name]
            values.update(
                count_values(pc.list_flatten(column) if pa.types.is_list(column.type) else column)
            )
    # Reasons quote names and numbers; the counter merges those that differ in these alone.
    rejected = _rejected(corpus)
    reasons = ReasonCounter()
    reasons.add(rejected)
    return {
        **totals,
        "rejected": rejected.total(),
        **{name: dict(values.most_common()) for name, values in by_value.items()},
        "reason": reasons.to_dict(),
        "error": errors.to_dict(),
        "drawings": [_describe(sketch) for sketch in islice(read_sketches(corpus), drawings)],
    }


def _rejected(corpus: str) -> Counter[Any]:
    """Return how often each reason stands in `_rejected.parquet`; nothing without that file."""
    location = storage.join(corpus, "_rejected.parquet")
    if not storage.exists(location):
        return Counter()
    table = parquet.read_table(location)
    # Folders of earlier versions have no column for what was left out of drawings that were read.
    if "left_out" in table.column_names:
        table = table.filter(pc.is_null(table["left_out"]))
    return count_values(table["reason"])


def _describe(sketch: Sketch) -> dict[str, Any]:
    return {
        "sketch_id": sketch.sketch_id,
        "category": sketch.category,
        "strokes": len(sketch),
        "part": dict(Counter(sketch.part or ()).most_common()),
        "object_category": None if sketch.object is None else list(sketch.object_category or ()),
        "error": sketch.error,
    }
