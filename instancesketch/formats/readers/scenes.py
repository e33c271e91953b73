"""Scene ndjson: Quick, Draw!'s form with `scene_id`, and per stroke the object it belongs to.

`object` holds an index into `object_category` per stroke, or -1; `user`, `width`, `height` and
`source` say where the scene is from.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from pyarrow import fs

from instancesketch.formats.ndjson import read_records
from instancesketch.formats.readers import quickdraw
from instancesketch.formats.records import Piece, Record, Rejection


def read(
    piece: Piece, filesystem: fs.FileSystem, max_record_bytes: int
) -> Iterator[Record | Rejection]:
    """Yields the scenes of an ndjson file."""
    parse = partial(quickdraw.parse, key="scene_id")
    return read_records(piece, filesystem, max_record_bytes, parse)
