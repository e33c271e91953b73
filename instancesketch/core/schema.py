"""The Arrow schema of corpora and results, and conversion between its tables and sketches."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from instancesketch.core.errors import SketchError
from instancesketch.core.sketch import Sketch
from instancesketch.core.stroke_labels import Pieces, read_pieces


def _list(name: str, value_type: pa.DataType, nullable: bool = True) -> pa.Field:
    return pa.field(name, pa.list_(value_type), nullable=nullable)


SCHEMA = pa.schema(
    [
        pa.field("sketch_id", pa.string(), nullable=False),
        pa.field("source", pa.string()),
        pa.field("category", pa.string()),
        pa.field("word", pa.string()),
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
PIECE = pa.struct([("start", pa.int32()), ("part", pa.string()), ("score", pa.float32())])
_RESULT_FIELDS = [
    _list("part_score", pa.float32()),
    pa.field("category_score", pa.float32()),
    _list("object_score", pa.float32()),
    pa.field("error", pa.string()),
    _list("part_2", pa.string()),
    _list("part_2_score", pa.float32()),
    pa.field("category_2", pa.string()),
    pa.field("category_2_score", pa.float32()),
    _list("pieces", pa.list_(PIECE)),
]
RESULT_SCHEMA = pa.schema([*SCHEMA, *_RESULT_FIELDS])
LABEL_COLUMNS = ("part", "label", "instance", "object", "object_category")
# The columns that a result takes over from its input.
INPUT_COLUMNS = (
    "sketch_id", "source", "word", "split", "width", "height", "x", "y", "stroke_len",
)  # fmt: skip
_LIST_COLUMNS = (*LABEL_COLUMNS, *(f.name for f in _RESULT_FIELDS if pa.types.is_list(f.type)))

ROW_GROUP_ROWS = 5_000
# Rows that become Python objects at a time, which take many times the memory of Arrow's.
_ROWS_AT_ONCE = 1_000

# The `error` of a row without objects where the strokes of objects are to be labelled.
NO_OBJECTS = "the scene doesn't say which objects it has"


def to_table(sketches: Sequence[Sketch], schema: pa.Schema = SCHEMA) -> pa.Table:
    """Return sketches as a table with `SCHEMA` or `RESULT_SCHEMA`."""
    columns: list[pa.Array] = []
    for field in schema:
        values = [getattr(s, field.name) for s in sketches]
        if field.name == "pieces":
            values = [_name_pieces(strokes) for strokes in values]
        # pyarrow would convert these arrays number by number.
        if field.name in ("x", "y", "stroke_len"):
            columns.append(to_list_array(values, field.type.value_type))
        # A column without any value has no type to be inferred from.
        elif any(value is not None for value in values):
            columns.append(pa.array(values, field.type))
        else:
            columns.append(pa.nulls(len(values), field.type))
    return pa.Table.from_arrays(columns, schema=schema)


def _name_pieces(strokes: Sequence[Pieces | None] | None) -> list[Any] | None:
    """Return the pieces of a row's strokes as what Arrow makes structs of."""
    if strokes is None:
        return None
    return [None if pieces is None else [p._asdict() for p in pieces] for pieces in strokes]


def to_list_array(values: Sequence[npt.NDArray[Any]], value_type: pa.DataType) -> pa.ListArray:
    """Return flat arrays as one Arrow list each, without a Python object per number."""
    offsets = np.array(list(accumulate(map(len, values), initial=0)), np.int32)
    # Offsets and one flat array build the column without copying each list.
    flat = np.concatenate(values) if values else np.zeros(0)
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array(flat, value_type))


def from_table(table: pa.Table) -> list[Sketch]:
    """Return every row as a sketch.

    Raises:
        SketchError: the table lacks a column of the schema, or a row is not a sketch; names the
            row.
    """
    sketches = []
    for row, sketch in enumerate(iter_sketches(table)):
        if isinstance(sketch, SketchError):
            raise SketchError(f"row {row}: {sketch}")
        sketches.append(sketch)
    return sketches


def iter_sketches(table: pa.Table) -> Iterator[Sketch | SketchError]:
    """Yield each row as a sketch, or the error that it would raise.

    Raises:
        SketchError: the table lacks a column of the schema.
    """
    for fields in iter_fields(table):
        sketch: Sketch | SketchError
        try:
            sketch = fields if isinstance(fields, SketchError) else Sketch(**fields)
        except SketchError as error:
            sketch = error
        yield sketch


def iter_fields(table: pa.Table) -> Iterator[dict[str, Any] | SketchError]:
    """Yield the fields of each row's sketch, of which nulls alone are checked, or an error.

    Raises:
        SketchError: the table lacks a column of the schema.
    """
    table = cast_to_schema(table)
    # Sketches get ranges of flat arrays: the numbers never become Python objects.
    arrays = {name: flatten_lists(table, name) for name in ("x", "y", "stroke_len")}
    others = [name for name in table.column_names if name not in arrays]
    for start in range(0, len(table), _ROWS_AT_ONCE):
        columns = [table[name].slice(start, _ROWS_AT_ONCE).to_pylist() for name in others]
        for row, values_of_row in enumerate(zip(*columns, strict=True), start):
            fields = dict(zip(others, values_of_row, strict=True))
            nulls = [name for name, (_, _, valid) in arrays.items() if not valid[row]]
            if nulls:
                yield SketchError(f"{nulls[0]} is null")
                continue
            for name, (values, offsets, _) in arrays.items():
                fields[name] = values[offsets[row] : offsets[row + 1]]
            for name in _LIST_COLUMNS:
                if fields.get(name) is not None:
                    # A sketch is immutable, and so are its labels.
                    fields[name] = tuple(fields[name])
            if fields.get("pieces") is not None:
                fields["pieces"] = read_pieces(fields["pieces"])
            yield _find_null(fields) or fields


def _find_null(fields: Mapping[str, Any]) -> SketchError | None:
    """Return the error of a null that the types of `Sketch` don't allow."""
    if fields["sketch_id"] is None:
        return SketchError("the sketch has no id")
    for name in ("part", "label", "object"):
        if None in (fields[name] or ()):
            return SketchError(f"{name} is null for a stroke")
    return None


def cast_to_schema(table: pa.Table, names: Collection[str] | None = None) -> pa.Table:
    """Return a table with the columns and types of the schema of a corpus, or of a result if it
    has a column that results alone have.

    Columns that may be null and are absent become null; columns outside the schema are dropped.

    Args:
        table: rows of a corpus or a result.
        names: the columns to return; by default all.

    Raises:
        SketchError: a column that may not be null is absent, or a type doesn't fit.
    """
    # A corpus has none of these columns.
    is_result = any(field.name in table.column_names for field in _RESULT_FIELDS)
    schema = RESULT_SCHEMA if is_result else SCHEMA
    if names is not None:
        schema = pa.schema([field for field in schema if field.name in names])
    # Most tables fit as they are; casting would copy them.
    if table.schema.equals(schema):
        return table
    return pa.Table.from_arrays([_cast(table, field) for field in schema], schema=schema)


def _cast(table: pa.Table, field: pa.Field) -> pa.Array:
    if field.name not in table.column_names:
        if not field.nullable:
            raise SketchError(f"no column {field.name!r}: not a corpus")
        return pa.nulls(len(table), field.type)
    try:
        return table[field.name].combine_chunks().cast(field.type)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowTypeError):
        found = table[field.name].type
        raise SketchError(f"column {field.name!r} is {found}, not {field.type}") from None


def combine_chunks(column: pa.ChunkedArray) -> pa.Array:
    """Return a column as one array."""
    if column.num_chunks == 1:  # combining would copy it
        return column.chunk(0)
    array = column.combine_chunks()
    if isinstance(array, pa.ChunkedArray):  # an empty table has no chunk to combine into
        return pa.concat_arrays(array.chunks) if array.num_chunks else pa.array([], array.type)
    return array


def count_values(column: pa.ChunkedArray) -> Counter[Any]:
    """Return the number of occurrences of each value; nulls count as None."""
    return Counter({pair["values"]: pair["counts"] for pair in pc.value_counts(column).to_pylist()})


def flatten_lists(
    table: pa.Table, name: str
) -> tuple[npt.NDArray[Any], npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Return a list column of N rows as flat arrays.

    Returns:
        The values of all lists end to end, in which null becomes 0 (integers) or NaN (floats);
        (N + 1,) offsets of the rows in them; (N,) whether a row is not null.
    """
    array = combine_chunks(table[name])
    if array.null_count:
        values = array.flatten()  # without what lies under null rows
        lengths = array.value_lengths().fill_null(0).to_numpy(zero_copy_only=False)
        offsets = np.concatenate([[0], lengths.cumsum(dtype=np.int64)])
        valid = array.is_valid().to_numpy(zero_copy_only=False)
    else:
        offsets = array.offsets.to_numpy().astype(np.int64)
        # Those of a slice don't begin at 0.
        values = array.values.slice(offsets[0], offsets[-1] - offsets[0])
        offsets -= offsets[0]
        valid = np.ones(len(array), bool)
    if values.null_count:
        values = values.fill_null(float("nan") if pa.types.is_floating(values.type) else 0)
    return values.to_numpy(zero_copy_only=False), offsets, valid


def build_result_table(table: pa.Table, columns: Mapping[str, Any]) -> pa.Table:
    """Return rows of a result: the given columns, the input's columns that are not labels, and
    nulls for the rest.
    """
    # Tables of earlier versions have no words.
    known = [name for name in INPUT_COLUMNS if name != "word" or name in table.column_names]
    columns = {name: table[name] for name in known} | dict(columns)
    return pa.Table.from_arrays(
        [
            columns[f.name] if f.name in columns else pa.nulls(len(table), f.type)
            for f in RESULT_SCHEMA
        ],
        schema=RESULT_SCHEMA,
    )
