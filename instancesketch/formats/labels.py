"""Resolve the categories and labels of a file to those of a taxonomy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from instancesketch.core.errors import SketchError
from instancesketch.core.sketch import Sketch
from instancesketch.core.stroke_labels import check_labels
from instancesketch.core.taxonomy import PARTLESS, UNLABELED, Taxonomy, normalise
from instancesketch.formats.records import RawRecord, RowBatch

_MAX_LABEL_LENGTH = 200

Fields = dict[str, Any]


def build_sketch(
    record: RawRecord, taxonomy: Taxonomy | None = None, folders: tuple[str, ...] = ()
) -> Sketch:
    """Return a record's sketch, with its category and with canonical parts, labels and instances.

    The category is the file's own field, else the nearest folder that names a category, else the
    word. In a scene each stroke has the category of its object instead. Without a taxonomy all
    words stay as they are. The word is the record's, else the name that the category came from,
    unless that is the file's own field and stays as it is.

    Args:
        record: a record from a reader.
        taxonomy: the categories and parts that are known.
        folders: the names of the folders above the file, nearest first.

    Raises:
        SketchError: the record is not a valid sketch, or the taxonomy doesn't have a label, or
            the category that labels belong to.
    """
    fields = record.fields
    try:
        # Resolving pairs labels with strokes and objects.
        check_labels(fields, fields["stroke_len"])
    except SketchError:
        # Raises the same, unless the points are wrong as well, which explains more.
        return Sketch(**fields)
    try:
        fields = _resolve(fields, record.word, taxonomy, folders)
    except SketchError as error:
        raise SketchError(f"{fields['sketch_id']!r}: {error}") from None
    return Sketch(**fields)


def resolve_batch(batch: RowBatch, taxonomy: Taxonomy | None, folders: tuple[str, ...]) -> RowBatch:
    """Return rows with the categories that `build_sketch` would give their sketches."""
    table = batch.table
    names, folder = table["category"], _find_folder(taxonomy, folders)
    names = pc.if_else(pc.equal(names, ""), pa.scalar(None, pa.string()), names)
    # Folders come before words.
    if folder is None and names.null_count:
        names = pc.coalesce(names, table["word"])
    # Each distinct name is resolved once.
    names = names.combine_chunks().dictionary_encode()
    categories = [_resolve_name(n, taxonomy) for n in [*names.dictionary.to_pylist(), folder]]
    # The last entry is the category of rows without one.
    indices = names.indices.fill_null(len(categories) - 1)
    column = pa.array(categories, pa.string()).take(indices)
    index = table.schema.get_field_index("category")
    return replace(batch, table=table.set_column(index, table.schema.field(index), column))


def _find_folder(taxonomy: Taxonomy | None, folders: tuple[str, ...]) -> str | None:
    """Return the nearest folder that names a category."""
    if taxonomy is None:
        return None
    return next((folder for folder in folders if taxonomy.category_of(folder)), None)


def _resolve_name(name: str | None, taxonomy: Taxonomy | None) -> str | None:
    return name if taxonomy is None else taxonomy.category_of(name) or name


def _resolve_names(
    fields: Fields, word: str | None, taxonomy: Taxonomy | None, folders: tuple[str, ...]
) -> dict[str, str | None]:
    """Return the category and the word of a drawing."""
    own = fields.get("category") or None
    if "word" in fields:  # a row of a corpus, which stays as it is
        word = fields["word"]
    named = own or _find_folder(taxonomy, folders) or word
    category = _resolve_name(named, taxonomy)
    # A category that the file itself has needs no word to keep its spelling.
    if "word" not in fields and (own is None or category != own):
        word = word or named
    return {"category": category, "word": word}


def _resolve(
    fields: Fields, word: str | None, taxonomy: Taxonomy | None, folders: tuple[str, ...]
) -> Fields:
    # A file may have labels, parts or both; a label has the side as well.
    labels = fields.get("label") or fields.get("part")
    if taxonomy is not None and fields.get("object") is not None:
        return _resolve_scene({"word": word} | fields, labels, taxonomy)
    fields = fields | _resolve_names(fields, word, taxonomy, folders)
    category = fields["category"]
    if labels is None:
        return fields
    if taxonomy is None:
        return fields | {"part": fields.get("part") or labels, "label": labels}
    if category in PARTLESS and all(normalise(label) == UNLABELED for label in labels):
        return fields | {"part": None, "label": None, "instance": None}
    if category not in taxonomy.categories:
        known = ", ".join(taxonomy.category_names)
        if category is None:
            raise SketchError(
                f"labels without a category of {taxonomy.name}: put the file into a folder that is "
                f"named for one of {known}"
            )
        raise SketchError(f"category {category!r} is not one of {taxonomy.name}: {known}")
    return fields | _resolve_labels(fields, labels, (category,) * len(labels), taxonomy)


def _resolve_scene(fields: Fields, labels: tuple[str, ...] | None, taxonomy: Taxonomy) -> Fields:
    # A stroke outside of all objects has the category of the scene, if it has one.
    own = taxonomy.category_of(fields.get("category"))
    categories = tuple(taxonomy.category_of(word) for word in fields["object_category"])
    fields = fields | {"category": own or fields.get("category"), "object_category": categories}
    if labels is None:
        return fields
    of_stroke = tuple(categories[i] if i >= 0 else own for i in fields["object"])
    return fields | _resolve_labels(fields, labels, of_stroke, taxonomy)


def _resolve_labels(
    fields: Mapping[str, Any],
    labels: tuple[str, ...],
    categories: tuple[str | None, ...],
    taxonomy: Taxonomy,
) -> Fields:
    """Return part, label and instance of each stroke, given its label and its category."""
    parts, names, instances = [], [], []
    unknown: dict[str, None] = {}
    numbers = fields.get("instance") or (None,) * len(labels)
    for label, category, number in zip(labels, categories, numbers, strict=True):
        try:
            part, name = _resolve_label(label, category, taxonomy)
        except SketchError as error:
            unknown[str(error)] = None  # all of a drawing are named at once
            continue
        # Instances of parts that are not countable are meaningless.
        countable = category is not None and part in taxonomy.categories[category].countable
        parts.append(part)
        names.append(name)
        # In the schema 0 is an unknown instance, and null a part that isn't countable.
        instances.append((number or 0) if countable else None)
    if unknown:
        raise SketchError("; ".join(unknown))
    # Without a list of instances they are null as a whole, not unknown (0) one by one.
    instance = None if fields.get("instance") is None else tuple(instances)
    return {"part": tuple(parts), "label": tuple(names), "instance": instance}


def _resolve_label(label: str, category: str | None, taxonomy: Taxonomy) -> tuple[str, str]:
    if len(label) > _MAX_LABEL_LENGTH:  # the search for similar names would take hours
        raise SketchError(f"a label of {len(label)} characters: {label[:40]!r}…")
    if category is not None:
        return taxonomy.resolve_label(category, label)
    if normalise(label) != UNLABELED:
        raise SketchError(f"label {label!r} on a stroke of no category of {taxonomy.name}")
    return UNLABELED, UNLABELED
