"""Describe the drawings of a report, their legend and colours as data for the page's script."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from instancesketch.core.sketch import Sketch
from instancesketch.core.taxonomy import UNLABELED, Taxonomy
from instancesketch.metrics import judge_groups
from instancesketch.render.colours import CONFIDENCE, GREY, Ink, instance_ink, palette
from instancesketch.render.svg import to_svg
from instancesketch.report.captions import category_title, describe_category
from instancesketch.report.drawings import Drawing, Drawings
from instancesketch.report.scene_cards import object_categories, scene_entry

# Coordinates are rounded to the larger side over this: finer than a card's pixels, and a page of
# thousands of drawings stays small.
_RESOLUTION = 250
_SCENE_RESOLUTION = 500
# Instance numbers are int32, so this times the object never makes two objects' numbers equal.
_INSTANCES_PER_OBJECT = 1 << 32


def page_data(drawings: Drawings, taxonomy: Taxonomy | None) -> dict[str, Any]:
    """Return the data of the page's script, ready for JSON."""
    legend = _legend(drawings, taxonomy)
    # By the whole taxonomy where there is one, so that every report has the same colours.
    groups = legend.values() if taxonomy is None else _parts_of_categories(taxonomy)
    colours = palette(*groups)
    # Strokes refer to parts by index, which keeps the page small.
    parts = sorted({p for known in drawings.parts.values() for p in known} | {UNLABELED})
    index_of = {part: i for i, part in enumerate(parts)}
    entries = [_entry(d, colours, index_of, taxonomy) for d in drawings.worst]
    for drawing, part in _misgrouped(drawings.worst, index_of):
        entries[drawing].setdefault("misgrouped", []).append(part)
    return {
        "colours": colours,
        "inks": _instance_inks(drawings.worst, colours),
        "bands": [{"least": least, "ink": ink} for least, ink in CONFIDENCE],
        "parts": parts,
        "legend": legend,
        "titles": _titles(drawings.worst, legend, taxonomy),
        "drawings": entries,
    }


def _legend(drawings: Drawings, taxonomy: Taxonomy | None) -> dict[str, list[str]]:
    """Return the parts seen in each category, in the taxonomy's order where it has one."""
    known = taxonomy.categories if taxonomy is not None else {}
    legend = {}
    for category in sorted(drawings.parts):
        order = list(known[category].parts) if category in known else []
        order += [*sorted(drawings.parts[category].difference(order, [UNLABELED])), UNLABELED]
        legend[category] = [p for p in dict.fromkeys(order) if p in drawings.parts[category]]
    # Most objects of a scene have no parts but this one, which would fill the legend.
    omitted = ([], [UNLABELED]) if drawings.scenes else ([],)
    return {category: parts for category, parts in legend.items() if parts not in omitted}


def _titles(
    drawings: Sequence[Drawing], legend: Iterable[str], taxonomy: Taxonomy | None
) -> dict[str, str]:
    """Return the titles of the categories on the page that have another one than their name."""
    seen = {name for d in drawings for name in (d.sketch.category, d.true_category) if name}
    titles = {name: category_title(name, taxonomy) for name in sorted({*seen, *legend})}
    return {name: title for name, title in titles.items() if title != name}


def _parts_of_categories(taxonomy: Taxonomy) -> list[tuple[str, ...]]:
    return [category.parts for category in taxonomy.categories.values()]


def _instance_inks(
    drawings: Sequence[Drawing], colours: Mapping[str, str]
) -> dict[str, dict[str, Ink]]:
    """Return each part's ink by instance number, `""` for strokes without one."""
    pairs = {
        pair
        for drawing in drawings
        for sketch in (drawing.sketch, drawing.true)
        if sketch is not None and sketch.part is not None
        for pair in zip(sketch.part, _instances(sketch), strict=True)
    }
    inks: dict[str, dict[str, Ink]] = {}
    # None can't be compared with numbers: sort by whether there is one first.
    for part, number in sorted(pairs, key=lambda p: (p[0], p[1] is not None, p[1] or 0)):
        key = "" if number is None else str(number)
        inks.setdefault(part, {})[key] = instance_ink(colours.get(part, GREY), number)
    return inks


def _instances(sketch: Sketch) -> tuple[int | None, ...]:
    return sketch.instance or (None,) * len(sketch)


def _misgrouped(
    drawings: Sequence[Drawing], index_of: Mapping[str, int]
) -> Iterator[tuple[int, str]]:
    """Yield (drawing, part) where a part's strokes are grouped otherwise than in the truth."""
    compared = [(i, d.sketch, d.true) for i, d in enumerate(drawings) if d.true is not None]
    part, instance = _parts_and_instances((sketch for _, sketch, _ in compared), index_of)
    truth_part, truth_instance = _parts_and_instances((true for *_, true in compared), index_of)
    parts = list(index_of)
    # All drawings at once: the metric is vectorised, and a call per drawing would be slow.
    grouping = judge_groups(
        parts,
        truth_part=truth_part,
        truth_instance=truth_instance,
        part=part,
        instance=instance,
        strokes_per_sketch=[len(true) for _, _, true in compared],
    )
    for sketch, index, right in zip(
        grouping.sketch_U, grouping.part_U, grouping.right_U, strict=True
    ):
        if not right:
            yield compared[sketch][0], parts[index]


def _parts_and_instances(
    sketches: Iterable[Sketch], index_of: Mapping[str, int]
) -> tuple[list[int], list[int]]:
    """Return part and instance of every stroke of the sketches, -1 for none.

    Instances of different objects get different numbers.
    """
    parts: list[int] = []
    instances: list[int] = []
    for sketch in sketches:
        parts += [index_of.get(part, -1) for part in sketch.part or ("",) * len(sketch)]
        objects = sketch.object or (-1,) * len(sketch)
        instances += [
            -1 if number is None else number and number + _INSTANCES_PER_OBJECT * (1 + index)
            for number, index in zip(_instances(sketch), objects, strict=True)
        ]
    return parts, instances


def _entry(
    drawing: Drawing,
    colours: Mapping[str, str],
    index_of: Mapping[str, int],
    taxonomy: Taxonomy | None,
) -> dict[str, Any]:
    """Return a drawing as the page's script reads it; fields without a value are left out."""
    sketch = drawing.sketch
    resolution = _RESOLUTION if sketch.object is None else _SCENE_RESOLUTION
    entry: dict[str, Any] = {
        "id": sketch.sketch_id,
        "category": sketch.category or "",
        "svg": to_svg(sketch, colours=colours, resolution=resolution, on_canvas=False),
    }
    categories = object_categories((sketch, drawing.true), taxonomy)
    if categories:
        entry["categories"] = categories
    entry |= scene_entry(sketch, drawing.true, drawing.agreement, taxonomy)
    unlabeled = index_of[UNLABELED]
    if sketch.part is not None:
        entry["predicted"] = [index_of.get(part, unlabeled) for part in sketch.part]
    if sketch.part_score is not None:
        entry["scores"] = [round(100 * score) for score in sketch.part_score]
    if drawing.confidence is not None:
        entry["confidence"] = round(drawing.confidence, 3)
    if sketch.category_score is not None:
        entry["heading"] = describe_category(sketch, taxonomy)
    if drawing.true_category is not None:
        entry["trueCategory"] = drawing.true_category
    return entry | _true_entry(drawing, index_of)


def _true_entry(drawing: Drawing, index_of: Mapping[str, int]) -> dict[str, Any]:
    """Return the truth's labels, and the strokes that differ from them."""
    true = drawing.true
    if true is None or true.part is None:
        return {}
    entry: dict[str, Any] = {
        "truth": [index_of.get(part, index_of[UNLABELED]) for part in true.part],
        "wrong": drawing.wrong,
    }
    if true.instance is not None:
        entry["trueInstances"] = true.instance
    if true.label not in (None, true.part):
        entry["trueLabels"] = true.label
    if drawing.wrong_sides:
        entry["wrongSides"] = drawing.wrong_sides
    return entry
