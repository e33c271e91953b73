"""Keep corrected drawings in a folder that `ingest` reads: a line of Quick, Draw! ndjson each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from instancesketch.core import storage
from instancesketch.core.errors import SketchError
from instancesketch.core.sketch import Sketch
from instancesketch.core.taxonomy import Taxonomy
from instancesketch.formats import build_sketch
from instancesketch.formats.readers import quickdraw as reader
from instancesketch.formats.writers import quickdraw as writer
from instancesketch.serve.requests import RequestError, check_size


def to_labelled(data: Mapping[str, Any], taxonomy: Taxonomy) -> Sketch:
    """Return the drawing that the page sends, with labels of the taxonomy.

    Args:
        data: an object of Quick, Draw!'s ndjson with the fields of a corpus.
        taxonomy: of its labels.

    Raises:
        RequestError: it is not a drawing, or too large, or has a label that the taxonomy lacks.
    """
    try:
        sketch = build_sketch(reader.parse(dict(data), ""), taxonomy)
    except SketchError as error:
        raise RequestError(422, str(error)) from None
    check_size(sketch)
    return sketch


def keep(sketch: Sketch, folder: str) -> str:
    """Write a drawing into a folder, in place of an earlier state of it, and return the file.

    Raises:
        UserError: it can't be written.
    """
    # A file each: one that is appended to could end with half a line.
    location = storage.join(folder, f"{storage.safe_file_name(sketch.sketch_id)}.ndjson")
    storage.write_bytes(location, b"".join(writer.dump([sketch])))
    return location
