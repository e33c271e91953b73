"""Which drawings a report shows, in which order, and what it says about each."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from instancesketch.errors import UserError
from instancesketch.sketch import Sketch
from instancesketch.svg import palette, to_svg
from instancesketch.taxonomy import UNLABELED, Taxonomy, normalise

# Of the larger side: at the size of a card nobody sees what rounding took.
_RESOLUTION = 250
_IDS_PER_REASON = 20


@dataclass(frozen=True, kw_only=True)
class Drawing:
    """One labelled drawing beside its truth, where there is one."""

    sketch: Sketch
    true_parts: tuple[str, ...] | None
    true_category: str | None
    wrong: tuple[int, ...]  # strokes whose part is not the true one

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
            if drawing.true_category is not None and drawing.true_parts is not None:
                self.parts.setdefault(drawing.true_category, set()).update(drawing.true_parts)
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
        return {
            "colours": colours,
            "parts": parts,
            "legend": legend,
            "drawings": [_entry(d, colours, place) for d in self.shown],
        }


def compare(sketch: Sketch, true: Sketch | None, taxonomy: Taxonomy | None) -> Drawing:
    """Sets a labelled drawing beside its truth.

    Raises:
        UserError: the two have not the same strokes.
    """
    if true is None:
        return Drawing(sketch=sketch, true_parts=None, true_category=None, wrong=())
    if len(true) != len(sketch):
        raise UserError(
            f"{sketch.sketch_id!r} has {len(true)} strokes in the truth "
            f"and {len(sketch)} in the result"
        )
    predicted = sketch.part or (None,) * len(sketch)
    wrong = [i for i, part in enumerate(true.part or ()) if part != predicted[i]]
    return Drawing(
        sketch=sketch,
        true_parts=true.part,
        true_category=_category(true.category, sketch.category, taxonomy),
        wrong=tuple(wrong),
    )


def _category(name: str | None, predicted: str | None, taxonomy: Taxonomy | None) -> str | None:
    """The truth's category as the result would spell it; None where it is no category."""
    if taxonomy is not None:
        return taxonomy.category_of(name)
    same = name and predicted and normalise(name) == normalise(predicted)
    return predicted if same else name


def _groups(taxonomy: Taxonomy) -> list[tuple[str, ...]]:
    return [category.parts for category in taxonomy.categories.values()]


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
    if drawing.true_parts is not None:
        entry["truth"] = [place.get(p, place[UNLABELED]) for p in drawing.true_parts]
        entry["wrong"] = drawing.wrong
    return entry
