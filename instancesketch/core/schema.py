"""The one Arrow schema of corpora and results, and the way between its tables and sketches."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import accumulate
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from instancesketch.core.errors import SketchError
from instancesketch.core.sketch import Sketch


def _list(name: str, kind: pa.DataType, nullable: bool = True) -> pa.Field:
    return pa.field(name, pa.list_(kind), nullable=nullable)


SCHEMA = pa.schema(
    [
        pa.field("sketch_id", pa.string(), nullable=False),
        pa.field("source", pa.string()),
        pa.field("category", pa.string()),
        pa.field("split", pa.string()),
        pa.field("width", pa.float32()),
        pa.field("height", pa.float32()),
        _list("x", pa.float32(), nullable=False),
        _list("y", pa.float32(), nullable=False),
        _list("stroke_len", pa.int32(), nullable=False),
        _list("part", pa.string()),
        _list("label", pa.string()),
        _list("instance", pa.int32()),
        _list("object", pa.int32()),
        _list("object_category", pa.string()),
    ]
)
_RESULT_FIELDS = [
    _list("part_score", pa.float32()),
    pa.field("category_score", pa.float32()),
    _list("object_score", pa.float32()),
    pa.field("error", pa.string()),
]
RESULT_SCHEMA = pa.schema([*SCHEMA, *_RESULT_FIELDS])
LABEL_COLUMNS = ("part", "label", "instance", "object", "object_category")
# What labelling leaves as it is.
_UNLABELLED = ("sketch_id", "source", "split", "width", "height", "x", "y", "stroke_len")

ROW_GROUP_ROWS = 5_000

# The error of a row without objects, where labels are to be of objects.
NO_OBJECTS = "the scene doesn't say which objects it has"


def to_table(sketches: Sequence[Sketch], schema: pa.Schema = SCHEMA) -> pa.Table:
    """Lays sketches out as a table with the given one of the two schemas."""
    columns: list[pa.Array] = []
    for field in schema:
        values = [getattr(s, field.name) for s in sketches]
        if field.name in ("x", "y", "stroke_len"):
            columns.append(list_array(values, field.type.value_type))
        elif any(value is not None for value in values):
            columns.append(pa.array(values, field.type))
        else:
            columns.append(pa.nulls(len(values), field.type))
    return pa.Table.from_arrays(columns, schema=schema)


def list_array(values: Sequence[npt.NDArray[Any]], kind: pa.DataType) -> pa.ListArray:
    """One Arrow list per array, without a Python object per number."""
    offsets = np.array(list(accumulate(map(len, values), initial=0)), np.int32)
    flat = np.concatenate(values) if values else np.zeros(0)
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array(flat, kind))


def from_table(table: pa.Table) -> list[Sketch]:
    """Turns every row into a sketch.

    Raises:
        SketchError: the table has not the schema's columns, or a row is no sketch; names the row.
    """
    sketches = []
    for row, result in enumerate(read_rows(table)):
        if isinstance(result, SketchError):
            raise SketchError(f"row {row}: {result}")
        sketches.append(result)
    return sketches


def read_rows(table: pa.Table) -> Iterable[Sketch | SketchError]:
    """Yields each row as a sketch, or what is wrong with it.

    Raises:
        SketchError: the table as a whole has not the schema's columns.
    """
    table = conform(table)
    numbers = {name: flat_list(table, name) for name in ("x", "y", "stroke_len")}
    others = [name for name in table.column_names if name not in numbers]
    for start in range(0, len(table), 1_000):
        piece = table.slice(start, 1_000).select(others).to_pylist()
        for row, values in enumerate(piece, start):
            try:
                for name, (flat, offsets, valid) in numbers.items():
                    if not valid[row]:
                        raise SketchError(f"{name} is null")
                    values[name] = flat[offsets[row] : offsets[row + 1]]
                for name in (*LABEL_COLUMNS, "part_score", "object_score"):
                    if values.get(name) is not None:
                        values[name] = tuple(values[name])
                for name in ("part", "label", "object"):
                    if values[name] is not None and None in values[name]:
                        raise SketchError(f"{name} is null for a stroke")
                yield Sketch(**values)
            except SketchError as error:
                yield error


def conform(table: pa.Table, names: Collection[str] | None = None) -> pa.Table:
    """Gives a table the columns and types of the schema its columns fit, result or corpus.

    Columns that may be null and are absent are filled with nulls; others are left out.

    Args:
        table: rows of a corpus or a result.
        names: the columns that are wanted; None: all.

    Raises:
        SketchError: a column that may not be null is absent, or has a type that doesn't fit.
    """
    is_result = any(field.name in table.column_names for field in _RESULT_FIELDS)
    schema = RESULT_SCHEMA if is_result else SCHEMA
    if names is not None:
        schema = pa.schema([field for field in schema if field.name in names])
    if table.schema.equals(schema):
        return table
    columns = []
    for field in schema:
        if field.name not in table.column_names:
            if not field.nullable:
                raise SketchError(f"no column {field.name!r}: not a corpus")
            columns.append(pa.nulls(len(table), field.type))
            continue
        try:
            columns.append(table[field.name].combine_chunks().cast(field.type))
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowTypeError):
            kind = table[field.name].type
            raise SketchError(f"column {field.name!r} is {kind}, not {field.type}") from None
    return pa.Table.from_arrays(columns, schema=schema)


def whole(column: pa.ChunkedArray) -> pa.Array:
    """A column in one piece."""
    array = column.combine_chunks()
    if isinstance(array, pa.ChunkedArray):  # an empty table has no chunk to combine into
        return pa.concat_arrays(array.chunks) if array.num_chunks else pa.array([], array.type)
    return array


def value_counts(column: pa.ChunkedArray) -> Counter[Any]:
    """How often a column has each value; None is that of nulls."""
    return Counter({pair["values"]: pair["counts"] for pair in pc.value_counts(column).to_pylist()})


def flat_list(
    table: pa.Table, name: str
) -> tuple[npt.NDArray[Any], npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """A list column as (values, offsets of rows + 1, which rows are not null), values ungrouped.

    Null entries of an integer or float list become 0 or NaN.
    """
    array = whole(table[name])
    values = array.flatten()  # leaves out what null rows hold
    if values.null_count:
        values = values.fill_null(float("nan") if pa.types.is_floating(values.type) else 0)
    if array.null_count:
        lengths = array.value_lengths().fill_null(0).to_numpy(zero_copy_only=False)
        offsets = np.concatenate([[0], lengths.cumsum(dtype=np.int64)])
        valid = array.is_valid().to_numpy(zero_copy_only=False)
    else:
        offsets = array.offsets.to_numpy().astype(np.int64)
        offsets -= offsets[0]
        valid = np.ones(len(array), bool)
    return values.to_numpy(zero_copy_only=False), offsets, valid


def result_table(table: pa.Table, columns: Mapping[str, Any]) -> pa.Table:
    """Rows of a result: what is no label as in `table`, the given columns, and nulls for others."""
    columns = {name: table[name] for name in _UNLABELLED} | dict(columns)
    return pa.Table.from_arrays(
        [columns.get(f.name, pa.nulls(len(table), f.type)) for f in RESULT_SCHEMA],
        schema=RESULT_SCHEMA,
    )
