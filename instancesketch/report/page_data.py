"""Describe the drawings of a report, their legend and colours as data for the page's script."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from instancesketch.core.sketch import Sketch
from instancesketch.core.taxonomy import SIDES, UNLABELED, Taxonomy, with_side
from instancesketch.metrics import judge_groups
from instancesketch.render.colours import COLOURS, CONFIDENCE, GREY, Ink, instance_ink, palette
from instancesketch.report.beside import EACH, Beside
from instancesketch.report.captions import category_title
from instancesketch.report.drawings import Drawing, Drawings
from instancesketch.report.entries import AddressOf, Entries, word_of

# Instance numbers are int32, so this times the object never makes two objects' numbers equal.
_INSTANCES_PER_OBJECT = 1 << 32


def page_data(
    drawings: Drawings,
    taxonomy: Taxonomy | None,
    address_of: AddressOf | None = None,
    beside: Beside | None = None,
) -> dict[str, Any]:
    """Return the data of the page's script, ready for JSON.

    Args:
        drawings: the drawings of the page.
        taxonomy: that of the result; None for a corpus.
        address_of: returns the address of the file of a drawing, from its id and word.
        beside: writes the pictures of all but the first drawings; None: they are in the data.
    """
    legend = _legend(drawings, taxonomy)
    # By the whole taxonomy where there is one, so that every report has the same colours.
    groups = legend.values() if taxonomy is None else _parts_of_categories(taxonomy)
    colours = palette(*groups)
    # Strokes refer to parts by index, which keeps the page small.
    parts = sorted({p for known in drawings.parts.values() for p in known} | {UNLABELED})
    index_of = {part: i for i, part in enumerate(parts)}
    words = sorted({word for word in map(word_of, drawings.worst) if word is not None})
    described = Entries(
        part_index=index_of,
        word_index={word: i for i, word in enumerate(words)},
        taxonomy=taxonomy,
        address_of=address_of or (lambda sketch_id, word: None),
    )
    entries = [described.describe(d) for d in drawings.worst]
    stamp = _stamp(drawings.worst)
    for first in range(0, len(entries), EACH):
        pictures = [described.picture(d) for d in drawings.worst[first : first + EACH]]
        if beside is not None and first:
            beside.write(stamp, first // EACH, pictures)
            continue
        # The first are in the page in any case: it shows them at once.
        for entry, picture in zip(entries[first : first + EACH], pictures, strict=True):
            entry |= picture
    for drawing, part in _misgrouped(drawings.worst, index_of):
        entries[drawing].setdefault("misgrouped", []).append(part)
    return {
        "colours": colours,
        "objectColours": COLOURS,
        "inks": _instance_inks(drawings.worst, colours),
        "bands": [{"least": least, "ink": ink} for least, ink in CONFIDENCE],
        "parts": parts,
        "words": words,
        "scored": any(d.sketch.part_score is not None for d in drawings.worst),
        "files": beside and {"folder": beside.address, "each": EACH, "stamp": stamp},
        "choices": {} if taxonomy is None else _choices(taxonomy),
        "legend": legend,
        "titles": _titles(drawings.worst, legend, taxonomy),
        "drawings": entries,
    }


def _stamp(drawings: Sequence[Drawing]) -> str:
    """Return what tells the drawings of one page from those of another."""
    digest = hashlib.blake2b(digest_size=6)
    for drawing in drawings:
        digest.update(repr((drawing.sketch.sketch_id, drawing.sketch.part)).encode())
    return digest.hexdigest()


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
    known = () if taxonomy is None else taxonomy.category_names
    titles = {name: category_title(name, taxonomy) for name in sorted({*seen, *legend, *known})}
    return {name: title for name, title in titles.items() if title != name}


def _choices(taxonomy: Taxonomy) -> dict[str, dict[str, Any]]:
    """Return by category what its strokes can be: labels with their parts, and countable parts."""
    return {
        category.name: {
            "labels": {
                label: part
                for part in category.parts
                for label in (
                    part, *(with_side(part, side) for side in SIDES if part in category.sided)
                )
            },
            "countable": sorted(category.countable),
        }
        for category in taxonomy.categories.values()
    }  # fmt: skip


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
