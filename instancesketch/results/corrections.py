"""Apply corrections that a person has made on the page of a report.

`corrections.json`, which the page saves, is an object with a list `drawings`. Each has `sketch_id`
and what was corrected: `category`; `strokes`, with `stroke` and either `label` and `instance`, or
`object`, or all of these; `objects` of a scene, with `object` and `category`, which is null for
what the taxonomy doesn't know. Strokes and objects are counted from 1, as on the page: a number
beyond the objects of the result is a new object, and null is no object. A drawing without any of
these was found right as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from instancesketch.core import storage
from instancesketch.core.errors import SketchError, UserError
from instancesketch.core.sketch import Sketch
from instancesketch.core.taxonomy import PARTLESS, UNLABELED, Taxonomy

_KEYS = {"sketch_id", "category", "strokes", "objects"}
_LARGEST_INSTANCE = 10**9
_NO_SCORES = dict.fromkeys(
    (
        "part_score", "category_score", "object_score", "error", "part_2", "part_2_score",
        "category_2", "category_2_score", "pieces",
    )
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Correction:
    """The corrections of a person in one drawing; indices count from 0."""

    sketch_id: str
    category: str | None = None  # None: it is right
    strokes: Mapping[int, tuple[str, int | None]] = field(default_factory=dict)  # label, instance
    moved: Mapping[int, int] = field(default_factory=dict)  # strokes to objects; -1: to none
    objects: Mapping[int, str | None] = field(default_factory=dict)  # categories


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
    strokes, moved, objects = {}, {}, {}
    for index, entry in _numbered(drawing, "strokes", "stroke"):
        if "object" in entry:
            moved[index] = -1 if entry["object"] is None else _number(entry, "object") - 1
        if "object" not in entry or "label" in entry:
            strokes[index] = (_text(entry, "label"), _instance(entry.get("instance")))
    for index, entry in _numbered(drawing, "objects", "object"):
        is_known = entry.get("category", "") is not None
        objects[index] = _text(entry, "category") if is_known else None
    category = _text(drawing, "category") if drawing.get("category") is not None else None
    return Correction(
        sketch_id=sketch_id, category=category, strokes=strokes, moved=moved, objects=objects
    )


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
    indexed = [(_number(entry, number) - 1, entry) for entry in entries]
    if len(dict(indexed)) < len(indexed):
        raise _Malformed(f"a {number} is corrected twice")
    return indexed


def _number(entry: Mapping[str, Any], key: str) -> int:
    value = entry.get(key)
    # True is a whole number for Python.
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise _Malformed(f"{key!r} is {str(value)[:40]!r}, not a number from 1")
    return value


def _instance(value: Any) -> int | None:
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < _LARGEST_INSTANCE:
        raise _Malformed(f"'instance' is {str(value)[:40]!r}, not a number from 0")
    return value


def correct(sketch: Sketch, correction: Correction, taxonomy: Taxonomy) -> Sketch:
    """Return a labelled drawing of a result with a person's corrections, without scores.

    Objects that a correction leaves without strokes are gone, and the others move up.

    Raises:
        SketchError: a stroke or object doesn't exist, a category is unknown or is given to a scene,
            or a label is not of its category.
    """
    _check_strokes(correction, len(sketch))
    category = sketch.category
    if correction.category is not None:
        if sketch.object is not None:
            raise SketchError("a scene has no category, but its objects have")
        category = _known(correction.category, taxonomy)
    bare = sketch.replace(category=category, **_NO_SCORES)
    if sketch.object is None and (category is None or category in PARTLESS):
        if correction.strokes:
            raise SketchError(f"a drawing of the category {category!r} has no parts")
        if not correction.moved:
            return bare.replace(part=None, label=None, instance=None)
    before = [_category_of(bare, i) for i in range(len(bare))]
    bare = _with_objects(bare, correction, taxonomy)
    strokes = [_stroke(bare, i, before[i], correction, taxonomy) for i in range(len(bare))]
    part, label, instance = zip(*strokes, strict=True)
    corrected = bare.replace(part=part, label=label, instance=instance)
    return _without_empty_objects(corrected) if correction.moved else corrected


def _check_strokes(correction: Correction, strokes: int) -> None:
    last = max([*correction.strokes, *correction.moved], default=-1)
    if last >= strokes:
        raise SketchError(f"there is no stroke {last + 1}: it has {strokes}")


def _known(name: str, taxonomy: Taxonomy) -> str:
    if name not in taxonomy.categories:
        known = ", ".join(taxonomy.category_names)
        raise SketchError(f"unknown category {name!r}; {taxonomy.name} has {known}")
    return name


def _with_objects(sketch: Sketch, correction: Correction, taxonomy: Taxonomy) -> Sketch:
    """Return a drawing with strokes in other objects, new ones among them, and their categories."""
    old = len(sketch.object_category or ())
    moved, categories = correction.moved, correction.objects
    if moved and sketch.object is None:
        raise SketchError("it is no scene: its strokes are of no object")
    # A new object has a stroke at least; any larger number is a mistake.
    if moved and (last := max(moved.values())) >= old + len(sketch):
        raise SketchError(f"there is no object {last + 1}: it has {old}, and new ones by stroke")
    number = max([old - 1, *moved.values()]) + 1
    if categories and (last := max(categories)) >= number:
        raise SketchError(f"there is no object {last + 1}: it has {number}")
    if sketch.object is None or sketch.object_category is None:
        return sketch
    names: list[str | None] = [*sketch.object_category, *[None] * (number - old)]
    for index, name in categories.items():
        names[index] = None if name is None else _known(name, taxonomy)
    objects = [moved.get(i, index) for i, index in enumerate(sketch.object)]
    return sketch.replace(object=tuple(objects), object_category=tuple(names))


def _without_empty_objects(sketch: Sketch) -> Sketch:
    objects, categories = sketch.object or (), sketch.object_category or ()
    kept = sorted(set(objects) - {-1})
    number_of = {index: number for number, index in enumerate(kept)} | {-1: -1}
    return sketch.replace(
        object=tuple(number_of[index] for index in objects),
        object_category=tuple(categories[index] for index in kept),
    )


def _category_of(sketch: Sketch, stroke: int) -> str | None:
    """Return the category whose parts a stroke can be; None where it has none."""
    if sketch.object is None:
        return sketch.category
    index, categories = sketch.object[stroke], sketch.object_category or ()
    return categories[index] if index >= 0 else None


def _stroke(
    sketch: Sketch, index: int, before: str | None, correction: Correction, taxonomy: Taxonomy
) -> tuple[str, str, int | None]:
    """Return the part, the label and the instance of a stroke.

    Args:
        sketch: with the objects corrected.
        index: of the stroke.
        before: the category whose parts it could be before.
        correction: of the drawing.
        taxonomy: of its labels.
    """
    category, change = _category_of(sketch, index), correction.strokes.get(index)
    has_parts = category in taxonomy.categories
    # What belongs to no object, or to one of no known category, has no parts to choose from.
    if not has_parts and change is not None and change[0] != UNLABELED:
        raise SketchError(f"stroke {index + 1} is of no category that has parts")
    if not has_parts and (change is not None or category != before):
        return UNLABELED, UNLABELED, None
    labels = sketch.label or sketch.part
    label = change[0] if change else labels[index] if labels else None
    if label is None:
        raise SketchError(f"stroke {index + 1} has no part")
    if category is None or not has_parts:
        return (sketch.part or (label,) * len(sketch))[index], label, None
    try:
        part, label = taxonomy.resolve_label(category, label)
    except SketchError as error:
        raise SketchError(f"stroke {index + 1}: {error}") from None
    if part not in taxonomy.categories[category].countable:
        return part, label, None
    # In another object, a number would be another instance's.
    kept = None if index in correction.moved else sketch.instance
    number = change[1] if change else kept[index] if kept else None
    return part, label, number or 0
