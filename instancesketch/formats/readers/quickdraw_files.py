"""Quick, Draw! in other files than ndjson: ordinary JSON, and the CSV of Kaggle's competition.

JSON holds one object, a list of them, or several one after another, indented or not. The CSV
(https://www.kaggle.com/c/quickdraw-doodle-recognition/data) has a row per drawing with the columns
`drawing` (JSON) and `key_id`, and `word` but for the drawings of the test.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from functools import partial
from typing import Any

from pyarrow import fs

from instancesketch.core.errors import SketchError
from instancesketch.formats import json_values
from instancesketch.formats.ndjson import read_file, read_lines, read_records
from instancesketch.formats.readers import quickdraw
from instancesketch.formats.records import FileRange, RawRecord, Rejection

_RECORDS_PER_FILE = 4  # how many records of the largest size a file of JSON may have
_LONGEST_HEADER = 1 << 16


def read_json(
    file_range: FileRange, filesystem: fs.FileSystem, max_record_bytes: int
) -> Iterator[RawRecord | Rejection]:
    """Yield the drawings of a file of JSON."""
    path = file_range.path
    try:
        data = read_file(filesystem, path, _RECORDS_PER_FILE * max_record_bytes)
        values = json_values.load_all(data)
        is_list = len(values) == 1 and isinstance(values[0], list)
        drawings = values[0] if is_list else values
        if not drawings:
            raise SketchError("the file holds no drawing")
    except SketchError as error:
        yield Rejection(file=path, position="", reason=str(error))
        return
    # A file that is one drawing needs no id of its own.
    unnamed = {"key_id": file_range.id} if values == drawings and len(drawings) == 1 else {}
    for number, drawing in enumerate(drawings):
        position = "" if unnamed else f"drawing {number}"
        try:
            data_of = unnamed | json_values.as_object(drawing, "the drawing")
            key = "scene_id" if "scene_id" in data_of else "key_id"
            yield quickdraw.parse(data_of, position, key)
        except SketchError as error:
            yield Rejection(file=path, position=position, reason=str(error))


def is_kaggle_header(line: str) -> bool:
    """Return whether the first line of a CSV names the columns of drawings."""
    names = {name.strip().strip('"') for name in line.split(",")}
    return {"drawing", "key_id"} <= names


def read_kaggle(
    file_range: FileRange, filesystem: fs.FileSystem, max_record_bytes: int
) -> Iterator[RawRecord | Rejection]:
    """Yield the drawings of a CSV, or of a range of its lines."""
    path = file_range.path
    with filesystem.open_input_file(path) as stream:
        first = next(read_lines(stream, 0, None, _LONGEST_HEADER), None)
    header = (
        "" if first is None or first.data is None else first.data.decode("utf-8-sig", "replace")
    )
    if not is_kaggle_header(header):
        reason = "a CSV without the columns drawing and key_id of Quick, Draw!"
        return iter([Rejection(file=path, position="", reason=reason)])
    # The module's own limit, of all its readers, is below the length of long drawings.
    csv.field_size_limit(max(csv.field_size_limit(), max_record_bytes))
    columns = tuple(name.strip() for name in next(csv.reader([header])))
    parse = partial(_parse_row, columns)
    return read_records(file_range, filesystem, max_record_bytes, parse, skip_header=True)


def _parse_row(columns: tuple[str, ...], line: bytes, position: str) -> RawRecord:
    try:
        # Strict, since a quote without its end would swallow columns.
        values = next(csv.reader([line.decode()], strict=True), [])
    except UnicodeDecodeError as error:
        raise SketchError(f"not UTF-8 at byte {error.start}") from None
    except csv.Error as error:
        raise SketchError(f"not a row of CSV: {error}") from None
    if len(values) != len(columns):
        raise SketchError(f"the row has {len(values)} columns; the header names {len(columns)}")
    row: dict[str, Any] = dict(zip(columns, values, strict=True))
    drawing = json_values.load(row["drawing"].encode())
    known = {name: row[name] for name in ("key_id", "word") if row.get(name)}
    return quickdraw.parse(known | {"drawing": drawing}, position)
