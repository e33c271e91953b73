"""Choose the drawings of a report, order them, and describe each for the page's script."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

import numpy as np

from instancesketch.core.sketch import Sketch
from instancesketch.core.taxonomy import UNLABELED, Taxonomy
from instancesketch.metrics import judge_groups, stroke_order
from instancesketch.render.colours import CONFIDENCE, GREY, Ink, instance_ink, palette
from instancesketch.render.svg import to_svg
from instancesketch.report.scene_cards import (
    Agreement,
    agree,
    object_categories,
    parts_by_category,
    scene_entry,
    true_category,
)

# Coordinates are rounded to the larger side over this: at the size of a card nobody sees it.
_RESOLUTION = 250
_SCENE_RESOLUTION = 500
# About 15 MB of scenes, which a phone still opens.
_MOST_STROKES = 100_000
_IDS_PER_REASON = 20
# More instances than an object can have: adding this times the object keeps objects apart.
_INSTANCES = 1 << 32


@dataclass(frozen=True, kw_only=True)
class Drawing:
    """A labelled drawing beside its truth, where there is one."""

    sketch: Sketch
    true: Sketch | None
    true_category: str | None
    wrong: tuple[int, ...]  # strokes whose part is not the true one
    wrong_sides: tuple[int, ...]  # strokes of the true part that are not on its true side
    agreement: Agreement | None = None  # of the objects; None where the truth has none

    @property
    def confidence(self) -> float | None:
        """Return the lowest of the category's score and the mean scores of strokes and objects."""
        scores = (self.sketch.part_score, self.sketch.object_score)
        known = [self.sketch.category_score, *(sum(v) / len(v) for v in scores if v)]
        return min((v for v in known if v is not None), default=None)

    @property
    def rank(self) -> tuple[float, float, bool, float, str]:
        """Return the sort key that puts the worst first.

        The lowest panoptic quality of objects comes first, then the lowest share of right strokes,
        then a wrong category, then the lowest confidence.
        """
        right = 1 - len(self.wrong) / len(self.sketch)
        objects = right if self.agreement is None else self.agreement.pq
        named = self.true_category is None or self.true_category == self.sketch.category
        certain = 1.0 if self.confidence is None else self.confidence
        return objects, right, named, certain, self.sketch.sketch_id


@dataclass(kw_only=True)
class Drawings:
    """The worst drawings of a result, and counts over all of them."""

    shown: list[Drawing] = field(default_factory=list)  # the worst first
    done: int = 0  # rows without an error
    labelled: int = 0  # of these, rows whose strokes have parts or objects
    scenes: int = 0  # of these, rows that have objects
    objects: int = 0
    failed: Counter[str] = field(default_factory=Counter)  # rows by their error
    failed_ids: dict[str, list[str]] = field(default_factory=dict)  # the first ids of each error
    parts: dict[str, set[str]] = field(default_factory=dict)  # parts seen, by category

    @classmethod
    def collect(
        cls,
        result: Iterable[Sketch],
        truth: Mapping[str, Sketch] | None,
        taxonomy: Taxonomy | None,
        most: int,
    ) -> Drawings:
        """Read a result once and keep its `most` worst drawings.

        Raises:
            UserError: a drawing has other strokes in the result than in the truth.
        """
        drawings = cls()
        compared = drawings._compare(result, truth or {}, taxonomy)
        worst = heapq.nsmallest(most, compared, key=lambda d: d.rank)
        strokes = accumulate((len(d.sketch) for d in worst), initial=0)
        drawings.shown = [d for d, n in zip(worst, strokes, strict=False) if n < _MOST_STROKES]
        return drawings

    def _compare(
        self, result: Iterable[Sketch], truth: Mapping[str, Sketch], taxonomy: Taxonomy | None
    ) -> Iterator[Drawing]:
        for sketch in result:
            if sketch.error is not None:
                self.failed[sketch.error] += 1
                ids = self.failed_ids.setdefault(sketch.error, [])
                if len(ids) < _IDS_PER_REASON:
                    ids.append(sketch.sketch_id)
                continue
            self.done += 1
            self.labelled += sketch.part is not None or sketch.object is not None
            self.scenes += sketch.object is not None
            self.objects += len(set(sketch.object or ()) - {-1})
            drawing = compare(sketch, truth.get(sketch.sketch_id), taxonomy)
            self._add_parts(sketch, sketch.category or "", taxonomy)
            if drawing.true is not None:
                self._add_parts(drawing.true, drawing.true_category, taxonomy)
            yield drawing

    def _add_parts(self, sketch: Sketch, category: str | None, taxonomy: Taxonomy | None) -> None:
        for name, parts in parts_by_category(sketch, category, taxonomy).items():
            self.parts.setdefault(name, set()).update(parts)

    def legend(self, taxonomy: Taxonomy | None) -> dict[str, list[str]]:
        """Return the parts seen in each category, in the taxonomy's order where it has one."""
        known = taxonomy.categories if taxonomy is not None else {}
        legend = {}
        for category in sorted(self.parts):
            order = list(known[category].parts) if category in known else []
            order += [*sorted(self.parts[category].difference(order, [UNLABELED])), UNLABELED]
            legend[category] = [p for p in dict.fromkeys(order) if p in self.parts[category]]
        # Most objects of a scene have no parts but this one, which would fill the legend.
        left_out = ([], [UNLABELED]) if self.scenes else ([],)
        return {category: parts for category, parts in legend.items() if parts not in left_out}

    def data(self, taxonomy: Taxonomy | None) -> dict[str, Any]:
        """Return what the page's script draws from, ready for JSON."""
        legend = self.legend(taxonomy)
        groups = legend.values() if taxonomy is None else _groups(taxonomy)
        colours = palette(*groups)
        parts = sorted({p for seen in self.parts.values() for p in seen} | {UNLABELED})
        place = {part: i for i, part in enumerate(parts)}
        entries = [_entry(d, colours, place, taxonomy) for d in self.shown]
        for drawing, part in _misgrouped(self.shown, place):
            entries[drawing].setdefault("misgrouped", []).append(part)
        return {
            "colours": colours,
            "inks": self.inks(colours),
            "bands": [{"least": least, "ink": ink} for least, ink in CONFIDENCE],
            "parts": parts,
            "legend": legend,
            "drawings": entries,
        }

    def inks(self, colours: Mapping[str, str]) -> dict[str, dict[str, Ink]]:
        """Return each part's ink by instance number, `""` for strokes without one."""
        seen = {
            pair
            for drawing in self.shown
            for sketch in (drawing.sketch, drawing.true)
            if sketch is not None and sketch.part is not None
            for pair in zip(sketch.part, _instances(sketch), strict=True)
        }
        inks: dict[str, dict[str, Ink]] = {}
        for part, number in sorted(seen, key=lambda p: (p[0], p[1] is not None, p[1] or 0)):
            key = "" if number is None else str(number)
            inks.setdefault(part, {})[key] = instance_ink(colours.get(part, GREY), number)
        return inks


def compare(sketch: Sketch, true: Sketch | None, taxonomy: Taxonomy | None) -> Drawing:
    """Compare a labelled drawing with its truth.

    Raises:
        UserError: the two have other strokes.
    """
    if true is None:
        return Drawing(sketch=sketch, true=None, true_category=None, wrong=(), wrong_sides=())
    # The result's strokes may be in another order; the page shows that one.
    true = true.take(np.argsort(stroke_order(true, sketch)).tolist())
    predicted = sketch.part or (None,) * len(sketch)
    labels = sketch.label or predicted
    parts = true.part or ()
    sides = zip(parts, (true.label if true.part else None) or parts, strict=True)
    return Drawing(
        sketch=sketch,
        true=true,
        true_category=true_category(true.category, sketch.category, taxonomy),
        wrong=tuple(i for i, part in enumerate(parts) if part != predicted[i]),
        wrong_sides=tuple(
            i
            for i, (part, label) in enumerate(sides)
            if part == predicted[i] and label not in (part, labels[i])
        ),
        agreement=agree(sketch, true, taxonomy),
    )


def _groups(taxonomy: Taxonomy) -> list[tuple[str, ...]]:
    return [category.parts for category in taxonomy.categories.values()]


def _instances(sketch: Sketch) -> tuple[int | None, ...]:
    return sketch.instance or (None,) * len(sketch)


def _misgrouped(drawings: Sequence[Drawing], place: Mapping[str, int]) -> Iterator[tuple[int, str]]:
    """Yield (drawing, part) where a part's strokes are grouped otherwise than in the truth."""
    compared = [(i, d.sketch, d.true) for i, d in enumerate(drawings) if d.true is not None]
    part, instance = _ids((sketch for _, sketch, _ in compared), place)
    truth_part, truth_instance = _ids((true for _, _, true in compared), place)
    parts = list(place)
    found = judge_groups(
        parts,
        truth_part=truth_part,
        truth_instance=truth_instance,
        part=part,
        instance=instance,
        strokes_per_sketch=[len(true) for _, _, true in compared],
    )
    for sketch, group, right in zip(found.sketch_U, found.part_U, found.right_U, strict=True):
        if not right:
            yield compared[sketch][0], parts[group]


def _ids(sketches: Iterable[Sketch], place: Mapping[str, int]) -> tuple[list[int], list[int]]:
    """Return part and instance of every stroke of the sketches, -1 for none.

    Instances of different objects get different numbers.
    """
    parts: list[int] = []
    instances: list[int] = []
    for sketch in sketches:
        parts += [place.get(part, -1) for part in sketch.part or ("",) * len(sketch)]
        objects = sketch.object or (-1,) * len(sketch)
        instances += [
            -1 if number is None else number and number + _INSTANCES * (1 + of)
            for number, of in zip(_instances(sketch), objects, strict=True)
        ]
    return parts, instances


def _entry(
    drawing: Drawing,
    colours: Mapping[str, str],
    place: Mapping[str, int],
    taxonomy: Taxonomy | None,
) -> dict[str, Any]:
    sketch = drawing.sketch
    resolution = _RESOLUTION if sketch.object is None else _SCENE_RESOLUTION
    entry: dict[str, Any] = {
        "id": sketch.sketch_id,
        "category": sketch.category or "",
        "svg": to_svg(sketch, colours=colours, resolution=resolution, on_canvas=False),
    }
    categories = object_categories((sketch, drawing.true), taxonomy)
    if categories:
        entry["kinds"] = categories
    entry |= scene_entry(sketch, drawing.true, drawing.agreement, taxonomy)
    if sketch.part is not None:
        entry["said"] = [place.get(part, place[UNLABELED]) for part in sketch.part]
    if sketch.part_score is not None:
        entry["scores"] = [round(100 * score) for score in sketch.part_score]
    if drawing.confidence is not None:
        entry["confidence"] = round(drawing.confidence, 3)
    if sketch.category_score is not None:
        entry["score"] = round(sketch.category_score, 3)
    if drawing.true_category is not None:
        entry["trueCategory"] = drawing.true_category
    if drawing.true is not None and drawing.true.part is not None:
        entry["truth"] = [place.get(p, place[UNLABELED]) for p in drawing.true.part]
        entry["wrong"] = drawing.wrong
        if drawing.true.instance is not None:
            entry["trueInstances"] = drawing.true.instance
        if drawing.true.label not in (None, drawing.true.part):
            entry["trueLabels"] = drawing.true.label
        if drawing.wrong_sides:
            entry["wrongSides"] = drawing.wrong_sides
    return entry
