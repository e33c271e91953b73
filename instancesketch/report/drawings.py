"""Which drawings a report shows, in which order, and what it says about each."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from instancesketch.colours import GREY, Ink, instance_ink, palette
from instancesketch.errors import UserError
from instancesketch.metrics import outcomes
from instancesketch.sketch import Sketch
from instancesketch.svg import to_svg
from instancesketch.taxonomy import UNLABELED, Taxonomy, normalise

# Of the larger side: at the size of a card nobody sees what rounding took.
_RESOLUTION = 250
_IDS_PER_REASON = 20


@dataclass(frozen=True, kw_only=True)
class Drawing:
    """One labelled drawing beside its truth, where there is one."""

    sketch: Sketch
    true: Sketch | None
    true_category: str | None
    wrong: tuple[int, ...]  # strokes whose part is not the true one
    wrong_sides: tuple[int, ...]  # strokes of the true part that are not on its true side

    @property
    def confidence(self) -> float | None:
        """The lower of the category's score and the strokes' mean score; None where neither is."""
        scores = self.sketch.part_score
        known = [self.sketch.category_score, sum(scores) / len(scores) if scores else None]
        return min((v for v in known if v is not None), default=None)

    @property
    def rank(self) -> tuple[float, bool, float, str]:
        """Sorts the worst first: fewest right strokes, then wrong category, then least certain."""
        right = 1 - len(self.wrong) / len(self.sketch)
        named = self.true_category is None or self.true_category == self.sketch.category
        certain = 1.0 if self.confidence is None else self.confidence
        return right, named, certain, self.sketch.sketch_id


@dataclass(kw_only=True)
class Drawings:
    """What a report shows: the worst drawings, and counts of all there are."""

    shown: list[Drawing] = field(default_factory=list)  # the worst first
    done: int = 0  # rows without an error
    labelled: int = 0  # those of them whose strokes have parts
    failed: Counter[str] = field(default_factory=Counter)  # rows by their error
    failed_ids: dict[str, list[str]] = field(default_factory=dict)  # some of them
    parts: dict[str, set[str]] = field(default_factory=dict)  # seen in each category

    @classmethod
    def collect(
        cls,
        result: Iterable[Sketch],
        truth: Mapping[str, Sketch] | None,
        taxonomy: Taxonomy | None,
        most: int,
    ) -> Drawings:
        """Goes through a result once and keeps the `most` drawings that are worst.

        Raises:
            UserError: a drawing has not the same strokes in result and truth.
        """
        drawings = cls()
        compared = drawings._compare(result, truth or {}, taxonomy)
        drawings.shown = heapq.nsmallest(most, compared, key=lambda d: d.rank)
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
            self.labelled += sketch.part is not None
            drawing = compare(sketch, truth.get(sketch.sketch_id), taxonomy)
            self.parts.setdefault(sketch.category or "", set()).update(sketch.part or ())
            if drawing.true is not None and drawing.true_category is not None:
                self.parts.setdefault(drawing.true_category, set()).update(drawing.true.part or ())
            yield drawing

    def legend(self, taxonomy: Taxonomy | None) -> dict[str, list[str]]:
        """The parts seen in each category, in the taxonomy's order where it has one."""
        known = taxonomy.categories if taxonomy is not None else {}
        legend = {}
        for category in sorted(self.parts):
            order = list(known[category].parts) if category in known else []
            order += [*sorted(self.parts[category].difference(order, [UNLABELED])), UNLABELED]
            legend[category] = [p for p in dict.fromkeys(order) if p in self.parts[category]]
        return {category: parts for category, parts in legend.items() if parts}

    def data(self, taxonomy: Taxonomy | None) -> dict[str, Any]:
        """What the page's script draws from, ready for JSON."""
        legend = self.legend(taxonomy)
        groups = legend.values() if taxonomy is None else _groups(taxonomy)
        colours = palette(*groups)
        parts = sorted({p for seen in self.parts.values() for p in seen} | {UNLABELED})
        place = {part: i for i, part in enumerate(parts)}
        entries = [_entry(d, colours, place) for d in self.shown]
        for drawing, part in _misgrouped(self.shown, place):
            entries[drawing].setdefault("misgrouped", []).append(part)
        return {
            "colours": colours,
            "inks": self.inks(colours),
            "parts": parts,
            "legend": legend,
            "drawings": entries,
        }

    def inks(self, colours: Mapping[str, str]) -> dict[str, dict[str, Ink]]:
        """How each part is drawn by instance: by each number it has, `""` where it has none."""
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
    """Sets a labelled drawing beside its truth.

    Raises:
        UserError: the two have not the same strokes.
    """
    if true is None:
        return Drawing(sketch=sketch, true=None, true_category=None, wrong=(), wrong_sides=())
    if len(true) != len(sketch):
        raise UserError(
            f"{sketch.sketch_id!r} has {len(true)} strokes in the truth "
            f"and {len(sketch)} in the result"
        )
    predicted = sketch.part or (None,) * len(sketch)
    labels = sketch.label or predicted
    parts = true.part or ()
    sides = zip(parts, (true.label if true.part else None) or parts, strict=True)
    return Drawing(
        sketch=sketch,
        true=true,
        true_category=_category(true.category, sketch.category, taxonomy),
        wrong=tuple(i for i, part in enumerate(parts) if part != predicted[i]),
        wrong_sides=tuple(
            i
            for i, (part, label) in enumerate(sides)
            if part == predicted[i] and label not in (part, labels[i])
        ),
    )


def _category(name: str | None, predicted: str | None, taxonomy: Taxonomy | None) -> str | None:
    """The truth's category as the result would spell it; None where it is no category."""
    if taxonomy is not None:
        return taxonomy.category_of(name)
    same = name and predicted and normalise(name) == normalise(predicted)
    return predicted if same else name


def _groups(taxonomy: Taxonomy) -> list[tuple[str, ...]]:
    return [category.parts for category in taxonomy.categories.values()]


def _instances(sketch: Sketch) -> tuple[int | None, ...]:
    return sketch.instance or (None,) * len(sketch)


def _misgrouped(drawings: Sequence[Drawing], place: Mapping[str, int]) -> Iterator[tuple[int, str]]:
    """Which drawings have strokes of which part grouped otherwise than in truth."""
    compared = [(i, d.sketch, d.true) for i, d in enumerate(drawings) if d.true is not None]
    part, instance = _ids((sketch for _, sketch, _ in compared), place)
    truth_part, truth_instance = _ids((true for _, _, true in compared), place)
    parts = list(place)
    found = outcomes(
        parts,
        truth_part=truth_part,
        truth_instance=truth_instance,
        part=part,
        instance=instance,
        strokes_per_sketch=[len(true) for _, _, true in compared],
    )
    for sketch, unit, right in zip(found.sketch_U, found.part_U, found.right_U, strict=True):
        if not right:
            yield compared[sketch][0], parts[unit]


def _ids(sketches: Iterable[Sketch], place: Mapping[str, int]) -> tuple[list[int], list[int]]:
    """Part and instance of every stroke of the sketches, -1 for none."""
    parts: list[int] = []
    instances: list[int] = []
    for sketch in sketches:
        parts += [place.get(part, -1) for part in sketch.part or ("",) * len(sketch)]
        instances += [-1 if number is None else number for number in _instances(sketch)]
    return parts, instances


def _entry(
    drawing: Drawing, colours: Mapping[str, str], place: Mapping[str, int]
) -> dict[str, Any]:
    sketch = drawing.sketch
    entry: dict[str, Any] = {
        "id": sketch.sketch_id,
        "category": sketch.category or "",
        "svg": to_svg(sketch, colours=colours, resolution=_RESOLUTION),
    }
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
