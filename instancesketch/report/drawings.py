"""Compare the drawings of a result with their truth, and select the worst."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import accumulate

import numpy as np

from instancesketch.core.sketch import Sketch
from instancesketch.core.taxonomy import PARTLESS, Taxonomy
from instancesketch.metrics import stroke_order
from instancesketch.report.scene_cards import (
    Agreement,
    agree,
    parts_by_category,
    true_class,
)

# Of a page without other files: about 10 MB of scenes, which a phone still opens.
MOST_STROKES = 100_000
# Enough to look a failure up; a job of millions can fail by the thousand for one reason.
_IDS_PER_REASON = 20


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
        right_parts = 1 - len(self.wrong) / len(self.sketch)
        # A plain drawing among scenes is ranked by its parts.
        objects = right_parts if self.agreement is None else self.agreement.pq
        right_category = self.true_category in (None, self.sketch.category)
        # Without scores nothing marks a drawing as doubtful, so it comes last.
        confidence = 1.0 if self.confidence is None else self.confidence
        # The id makes the order the same whatever order the rows were read in.
        return objects, right_parts, right_category, confidence, self.sketch.sketch_id


@dataclass(kw_only=True)
class Drawings:
    """The worst drawings of a result, and counts over all of them."""

    worst: list[Drawing] = field(default_factory=list)  # the worst first
    strokes: int = 0  # of these drawings
    succeeded: int = 0  # rows without an error
    labelled: int = 0  # of these, rows whose strokes have parts or objects
    scenes: int = 0  # of these, rows that have objects
    objects: int = 0
    partless: Counter[str] = field(default_factory=Counter)  # of these, `other` and `scene`
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
        most_strokes: int = MOST_STROKES,
    ) -> Drawings:
        """Read a result once and keep its `most` worst drawings, of about `most_strokes` strokes.

        Raises:
            UserError: a drawing has other strokes in the result than in the truth.
        """
        drawings = cls()
        compared = drawings._compare(result, truth or {}, taxonomy)
        # A heap keeps `most` drawings in memory, however many rows the result has.
        worst = heapq.nsmallest(most, compared, key=lambda d: d.rank)
        # Starting from 0 keeps the drawing that crosses the limit: even a huge one is shown.
        strokes_before = accumulate((len(d.sketch) for d in worst), initial=0)
        drawings.worst = [
            d for d, n in zip(worst, strokes_before, strict=False) if n < most_strokes
        ]
        drawings.strokes = sum(len(d.sketch) for d in drawings.worst)
        return drawings

    def _compare(
        self, result: Iterable[Sketch], truth: Mapping[str, Sketch], taxonomy: Taxonomy | None
    ) -> Iterator[Drawing]:
        """Yield each drawing beside its truth, and count all rows on the way."""
        for sketch in result:
            if sketch.error is not None:
                self.failed[sketch.error] += 1
                ids = self.failed_ids.setdefault(sketch.error, [])
                if len(ids) < _IDS_PER_REASON:
                    ids.append(sketch.sketch_id)
                continue
            self.succeeded += 1
            if sketch.category in PARTLESS and sketch.part is None:
                self.partless[sketch.category] += 1
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


def compare(sketch: Sketch, true: Sketch | None, taxonomy: Taxonomy | None) -> Drawing:
    """Compare a labelled drawing with its truth.

    Raises:
        UserError: the two do not have the same strokes.
    """
    if true is None:
        return Drawing(sketch=sketch, true=None, true_category=None, wrong=(), wrong_sides=())
    # The two may have their strokes in different order; the page keeps the result's.
    true = true.take(np.argsort(stroke_order(true, sketch)).tolist())
    category = true_class(true.category, sketch.category, taxonomy)
    if category in PARTLESS:  # whatever it is called in the file, no part of it is known
        true = true.replace(part=None, label=None, instance=None)
    predicted = sketch.part or (None,) * len(sketch)
    labels = sketch.label or predicted
    parts = true.part or ()
    sides = zip(parts, (true.label if true.part else None) or parts, strict=True)
    return Drawing(
        sketch=sketch,
        true=true,
        true_category=category,
        wrong=tuple(i for i, part in enumerate(parts) if part != predicted[i]),
        wrong_sides=tuple(
            i
            for i, (part, label) in enumerate(sides)
            if part == predicted[i] and label not in (part, labels[i])
        ),
        agreement=agree(sketch, true, taxonomy),
    )
