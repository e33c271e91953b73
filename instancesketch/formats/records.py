"""What a reader is given and yields: a piece of a file; its drawings, or why one can't be read."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pyarrow as pa

from instancesketch.core.errors import SketchError
from instancesketch.core.sketch import Sketch
from instancesketch.core.taxonomy import UNLABELED, Taxonomy, normalise

MAX_RECORD_BYTES = 64 << 20
_LONGEST_LABEL = 200
_LONGEST_REASON = 500


@dataclass(frozen=True, kw_only=True)
class Piece:
    """A file, or a part of one that is read for itself.

    `start` and `end` are bytes where a format is cut by lines (a line belongs to the piece in which
    it begins) and row groups where it is cut by those; other files are read whole.
    """

    path: str
    format: str
    start: int = 0
    end: int | None = None


@dataclass(frozen=True, kw_only=True)
class Rejection:
    """One record, or one file, that was not read."""

    file: str
    position: str  # "line 12", "image 3", "row 7"; empty for the file as a whole
    reason: str

    def __post_init__(self) -> None:
        # ReasonCounter quote the file, which may hold megabytes of a label.
        if len(self.reason) > _LONGEST_REASON:
            object.__setattr__(self, "reason", self.reason[:_LONGEST_REASON] + "…")


@dataclass(frozen=True, kw_only=True)
class Record:
    """A drawing as its file has it.

    `sketch.label` holds the file's own spellings and `sketch.instance` its own numbers, until
    `resolve` gives them their canonical form.
    """

    sketch: Sketch
    position: str
    word: str | None = None  # what was asked to be drawn; a category if nothing better is known
    user: str | None = None


@dataclass(frozen=True, kw_only=True)
class Rows:
    """Rows of a corpus that are sound and whose labels are left out, from one row of its file on.

    What a model labels goes from table to table: as drawings, one by one, it would take a third of
    the time.
    """

    table: pa.Table  # with `SCHEMA`
    first: int


def resolve_rows(rows: Rows, taxonomy: Taxonomy | None, folders: tuple[str, ...]) -> Rows:
    """Gives rows their categories, as `resolve` does."""
    table = rows.table
    words = table["category"].combine_chunks().dictionary_encode()
    found = [
        _category(word, None, taxonomy, folders) for word in [*words.dictionary.to_pylist(), None]
    ]
    at = words.indices.fill_null(len(found) - 1)
    index = table.schema.get_field_index("category")
    column = pa.array(found, pa.string()).take(at)
    return replace(rows, table=table.set_column(index, table.schema.field(index), column))


def _category(
    own: str | None, word: str | None, taxonomy: Taxonomy | None, folders: tuple[str, ...]
) -> str | None:
    if taxonomy is None:
        return own or word
    named = own or next((f for f in folders if taxonomy.category_of(f)), word)
    return taxonomy.category_of(named) or named


def resolve(record: Record, taxonomy: Taxonomy | None, folders: tuple[str, ...]) -> Sketch:
    """Gives a record its category, canonical parts, labels and instances.

    The category is the file's own field, else the nearest of the folders above the file that names
    a category, else the word. A scene's strokes have the category of their object instead.
    Without a taxonomy words stay what they are.

    Args:
        record: what a reader yielded.
        taxonomy: decides which categories and parts there are.
        folders: names of the folders above the file, nearest first.

    Raises:
        SketchError: the taxonomy doesn't know a label, or the category that its labels belong to.
    """
    sketch = record.sketch
    labels = sketch.label or sketch.part
    if taxonomy is None:
        category = _category(sketch.category, record.word, None, folders)
        return sketch.replace(category=category, part=sketch.part or labels, label=labels)
    if sketch.object is not None:
        return _resolve_scene(sketch, labels, taxonomy)
    named = _category(sketch.category, record.word, taxonomy, folders)
    sketch = sketch.replace(category=named)
    if labels is None:
        return sketch
    category = taxonomy.category_of(named)
    if category is None:
        known = ", ".join(taxonomy.category_names)
        raise SketchError(f"category {named!r} is not one of {taxonomy.name}: {known}")
    return _resolve_labels(sketch, labels, (category,) * len(sketch), taxonomy)


def _resolve_scene(sketch: Sketch, labels: tuple[str, ...] | None, taxonomy: Taxonomy) -> Sketch:
    categories = tuple(taxonomy.category_of(word) for word in sketch.object_category or ())
    own = taxonomy.category_of(sketch.category)
    sketch = sketch.replace(object_category=categories, category=own or sketch.category)
    if labels is None:
        return sketch
    of_stroke = tuple(categories[i] if i >= 0 else own for i in sketch.object or ())
    return _resolve_labels(sketch, labels, of_stroke, taxonomy)


def _resolve_labels(
    sketch: Sketch, labels: tuple[str, ...], categories: tuple[str | None, ...], taxonomy: Taxonomy
) -> Sketch:
    """Labels each stroke by the parts of its category; a stroke of none can only be unlabeled."""
    parts, full, instances = [], [], []
    numbers = sketch.instance or (None,) * len(sketch)
    for label, category, number in zip(labels, categories, numbers, strict=True):
        if len(label) > _LONGEST_LABEL:  # the search for the nearest names would take hours
            raise SketchError(f"a label of {len(label)} characters: {label[:40]!r}…")
        if category is None:
            if normalise(label) != UNLABELED:
                raise SketchError(f"label {label!r} on a stroke of no category of {taxonomy.name}")
            part = name = UNLABELED
        else:
            part, name = taxonomy.resolve_label(category, label)
        countable = category is not None and part in taxonomy.categories[category].countable
        parts.append(part)
        full.append(name)
        instances.append((number or 0) if countable else None)
    # A source without any instances says nothing about them, not that they are unknown one by one.
    instance = None if sketch.instance is None else tuple(instances)
    return sketch.replace(part=tuple(parts), label=tuple(full), instance=instance)
