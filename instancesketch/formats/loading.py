"""Load drawings into memory: from one file of any format, or from values a program holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import numpy as np
import numpy.typing as npt

from instancesketch.core import storage
from instancesketch.core.errors import SketchError, UserError
from instancesketch.core.sketch import Sketch
from instancesketch.core.taxonomy import Taxonomy
from instancesketch.formats import (
    COMPANION,
    FileRange,
    Rejection,
    build_sketch,
    explain_unknown,
    read,
    sniff,
)
from instancesketch.formats.readers import npz, quickdraw, svg_shapes


def read_all(
    path: str, taxonomy: str | None = None, trace: bool = False
) -> Iterator[Sketch | Rejection]:
    """Yield the drawings of a file of any format, and what in it can't be read.

    Pictures are in none unless `trace` asks for the lines in them.

    Raises:
        UserError: the file doesn't exist, or its format is unknown.
    """
    if not storage.exists(path) or storage.is_folder(path):
        raise UserError(f"{path} is not a file; a corpus is read by `Sketches.from_corpus`")
    filesystem, place = storage.locate(path)
    # By its contents, as `ingest` does, so that both read a file alike.
    form = sniff(place, filesystem, pictures=trace)
    if form == COMPANION:
        raise UserError(f"{path} is in no format that can be read")
    if form is None:
        raise UserError(f"{path}: {explain_unknown(place, filesystem).reason}")
    words = None if taxonomy is None else Taxonomy.load(taxonomy)
    for record in read(FileRange(path=place, format=form), filesystem, taxonomy=words):
        yield record if isinstance(record, Rejection) else record.sketch


def read_one(path: str, taxonomy: str | None = None, trace: bool = False) -> Sketch:
    """Return the only drawing of a file.

    Raises:
        SketchError: it can't be read.
        UserError: the file doesn't exist, or holds several drawings.
    """
    # Two suffice to know that there are several.
    drawings = list(islice(read_all(path, taxonomy, trace), 2))
    for drawing in drawings:
        if isinstance(drawing, Rejection):
            raise SketchError(f"{path}: {drawing.reason}")
    if len(drawings) != 1 or isinstance(drawings[0], Rejection):
        raise UserError(f"{path} holds more than one drawing: `Sketches.from_file` reads all")
    return drawings[0]


def from_quickdraw(drawing: Mapping[str, Any] | Sequence[Any], sketch_id: str) -> Sketch:
    """Return the sketch of an object of Quick, Draw!'s ndjson, or of its `drawing` alone."""
    fields = dict(drawing) if isinstance(drawing, Mapping) else {"drawing": list(drawing)}
    # An id that the object has takes precedence.
    return build_sketch(quickdraw.parse({"key_id": sketch_id} | fields, ""))


def from_stroke3(steps: npt.ArrayLike, sketch_id: str) -> Sketch:
    """Return the sketch of sketch-rnn's steps, (points, 3)."""
    try:
        array = np.asarray(steps)
    except ValueError:
        raise SketchError("not stroke-3: rows of different lengths") from None
    return Sketch(sketch_id=sketch_id, **npz.parse_steps(array))


def from_svg(svg: str, sketch_id: str) -> Sketch:
    """Return the sketch of an SVG, given as text or as the path of a file."""
    # Every SVG begins with this sign, and hardly any path.
    if not svg.lstrip().startswith("<"):
        return read_one(svg)
    # The id of the SVG itself, if it has one, takes precedence.
    return build_sketch(svg_shapes.parse(svg.encode(), sketch_id))
