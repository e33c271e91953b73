"""Apply corrections that a person has made on the page of a report.

`corrections.json`, which the page saves, is an object with a list `drawings`. Each has `sketch_id`
and what was corrected: `category`; `strokes`, with `stroke`, `label` and `instance`; `objects` of a
scene, with `object` and `category`. Strokes and objects are counted from 1, as on the page. A
drawing without any of these was found right as it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from instancesketch.core import storage
from instancesketch.core.errors import SketchError, UserError
from instancesketch.core.sketch import Sketch
from instancesketch.core.taxonomy import PARTLESS, Taxonomy

_KEYS = {"sketch_id", "category", "strokes", "objects"}
_LARGEST_INSTANCE = 10**9
_NO_SCORES = dict.fromkeys(
    (
        "part_score", "category_score", "object_score", "error", "part_2", "part_2_score",
        "category_2", "category_2_score",
    )
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Correction:
    """The corrections of a person in one drawing; indices count from 0."""

    sketch_id: str
    category: str | None = None  # None: it is right
    strokes: Mapping[int, tuple[str, int | None]] = field(default_factory=dict)  # label, instance
    objects: Mapping[int, str] = field(default_factory=dict)  # categories


def read_corrections(location: str) -> dict[str, Correction]:
    """Return the corrections in a file, by the id of the drawing.

    Raises:
        UserError: the file can't be read, or is not one of corrections; names what is wrong.
    """
    value = storage.read_json(location)
    if value is None:
        raise UserError(f"{location} isn't there; the page of a report saves corrections.json")
    drawings = value.get("drawings") if isinstance(value, dict) else None
    if not isinstance(drawings, list):
        raise UserError(f"{location} has no list `drawings`: it is not corrections of a report")
    found: dict[str, Correction] = {}
    for number, drawing in enumerate(drawings, start=1):
        try:
            correction = _parse(drawing)
        except _Malformed as error:
            raise UserError(f"{location}: drawing {number}: {error}") from None
        if correction.sketch_id in found:
            raise UserError(f"{location}: {correction.sketch_id!r} is there twice")
        found[correction.sketch_id] = correction
    if not found:
        raise UserError(f"{location} has no corrections")
    return found


class _Malformed(Exception):
    """Says what is wrong with an entry of the file."""


def _parse(drawing: Any) -> Correction:
    if not isinstance(drawing, dict):
        raise _Malformed("it is not an object")
    sketch_id = _text(drawing, "sketch_id")
    # A misspelt key would otherwise be left out without a word.
    if unknown := drawing.keys() - _KEYS:
        raise _Malformed(f"{sketch_id!r} has an unknown key {min(unknown)!r}")
    strokes, objects = {}, {}
    for index, entry in _numbered(drawing, "strokes", "stroke"):
        strokes[index] = (_text(entry, "label"), _instance(entry.get("instance")))
    for index, entry in _numbered(drawing, "objects", "object"):
        objects[index] = _text(entry, "category")
    category = _text(drawing, "category") if drawing.get("category") is not None else None
    return Correction(sketch_id=sketch_id, category=category, strokes=strokes, objects=objects)


def _text(entry: Mapping[str, Any], key: str) -> str:
    value = entry.get(key)
    if not isinstance(value, str) or not value:
        raise _Malformed(f"{key!r} is {str(value)[:40]!r}, not a name")
    return value


def _numbered(drawing: Mapping[str, Any], key: str, number: str) -> list[tuple[int, Any]]:
    """Return the entries of a list with the index, from 0, of what each is about."""
    entries = drawing.get(key, [])
    if not isinstance(entries, list) or not all(isinstance(e, dict) for e in entries):
        raise _Malformed(f"{key!r} is not a list of objects")
    indexed = []
    for entry in entries:
        value = entry.get(number)
        # True is a whole number for Python.
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise _Malformed(f"{number!r} is {str(value)[:40]!r}, not a number from 1")
        indexed.append((value - 1, entry))
    if len(dict(indexed)) < len(indexed):
        raise _Malformed(f"a {number} is corrected twice")
    return indexed


def _instance(value: Any) -> int | None:
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < _LARGEST_INSTANCE:
        raise _Malformed(f"'instance' is {str(value)[:40]!r}, not a number from 0")
    return value


def correct(sketch: Sketch, correction: Correction, taxonomy: Taxonomy) -> Sketch:
    """Return a labelled drawing of a result with a person's corrections, without scores.

    Raises:
        SketchError: a stroke or object doesn't exist, a category is unknown or is given to a scene,
            or a label is not of its category.
    """
    for what, indices, number in (
        ("stroke", correction.strokes, len(sketch)),
        ("object", correction.objects, len(sketch.object_category or ())),
    ):
        if indices and (last := max(indices)) >= number:
            raise SketchError(f"there is no {what} {last + 1}: it has {number}")
    objects = _object_categories(sketch, correction, taxonomy)
    category = sketch.category
    if correction.category is not None:
        if sketch.object is not None:
            raise SketchError("a scene has no category, but its objects have")
        category = _known(correction.category, taxonomy)
    bare = sketch.replace(category=category, object_category=objects, **_NO_SCORES)
    if sketch.object is None and (category is None or category in PARTLESS):
        if correction.strokes:
            raise SketchError(f"a drawing of the category {category!r} has no parts")
        return bare.replace(part=None, label=None, instance=None)
    part, label, instance = zip(
        *(
            _stroke(bare, i, correction.strokes.get(i), _category_of(bare, i), taxonomy)
            for i in range(len(bare))
        ),
        strict=True,
    )
    return bare.replace(part=part, label=label, instance=instance)


def _known(name: str, taxonomy: Taxonomy) -> str:
    if name not in taxonomy.categories:
        known = ", ".join(taxonomy.category_names)
        raise SketchError(f"unknown category {name!r}; {taxonomy.name} has {known}")
    return name


def _object_categories(
    sketch: Sketch, correction: Correction, taxonomy: Taxonomy
) -> tuple[str | None, ...] | None:
    if sketch.object_category is None:
        return None
    names: Sequence[str | None] = [
        _known(correction.objects[i], taxonomy) if i in correction.objects else name
        for i, name in enumerate(sketch.object_category)
    ]
    return tuple(names)


def _category_of(sketch: Sketch, stroke: int) -> str | None:
    """Return the category whose parts a stroke can be; None where it has none."""
    if sketch.object is None:
        return sketch.category
    index, categories = sketch.object[stroke], sketch.object_category or ()
    return categories[index] if index >= 0 else None


def _stroke(
    sketch: Sketch,
    index: int,
    change: tuple[str, int | None] | None,
    category: str | None,
    taxonomy: Taxonomy,
) -> tuple[str, str, int | None]:
    """Return the part, the label and the instance of a stroke."""
    labels = sketch.label or sketch.part
    label = change[0] if change else labels[index] if labels else None
    if label is None:
        raise SketchError(f"stroke {index + 1} has no part")
    # What belongs to no object, or to one of no known category, has no parts to choose from.
    if category is None or category not in taxonomy.categories:
        if change is not None:
            raise SketchError(f"stroke {index + 1} is of no category that has parts")
        return (sketch.part or (label,) * len(sketch))[index], label, None
    try:
        part, label = taxonomy.resolve_label(category, label)
    except SketchError as error:
        raise SketchError(f"stroke {index + 1}: {error}") from None
    if part not in taxonomy.categories[category].countable:
        return part, label, None
    number = change[1] if change else sketch.instance[index] if sketch.instance else None
    return part, label, number or 0
