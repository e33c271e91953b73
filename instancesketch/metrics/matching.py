"""Match the rows of a result with those of the truth, and their strokes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from instancesketch.core.errors import UserError
from instancesketch.core.sketch import Sketch
from instancesketch.core.taxonomy import Taxonomy


class Pair(NamedTuple):
    """A sketch or scene in the truth and in the result."""

    true: Sketch
    result: Sketch
    order: list[int]  # index in the result of each stroke of the truth

    @property
    def objects(self) -> list[int]:
        """The predicted object of each stroke of the truth, -1 for none."""
        found = self.result.object
        if found is None or self.result.error is not None:
            return [-1] * len(self.true)
        return [found[i] for i in self.order]


def pair_up(
    results: Iterable[Sketch], truth: Iterable[Sketch], taxonomy: Taxonomy
) -> tuple[list[Pair], dict[str, int]]:
    """Return the pairs that can be scored, and count the rest.

    Returns:
        The pairs, in the result's order: scenes (the truth has objects) and drawings of a class of
        the taxonomy; where the result has no scores of categories, since these were given, those
        that have parts. And the numbers of `failed` pairs (with `error`), of truth rows
        `missing` in the result or `unlabelled`, and of result rows `unknown` to the truth.

    Raises:
        UserError: an id comes twice, or a sketch has not the same strokes in both.
    """
    waiting, found = _by_id(truth, "the truth"), _by_id(results, "the result")
    pairs: list[Pair] = []
    counts = dict.fromkeys(("failed", "missing", "unknown", "unlabelled"), 0)
    judged = are_judged(found.values())
    for sketch_id, result in found.items():
        true = waiting.pop(sketch_id, None)
        if true is None:
            counts["unknown"] += 1
        elif true.object is None and not _can_be_scored(true, taxonomy, judged):
            counts["unlabelled"] += 1
        else:
            counts["failed"] += result.error is not None
            pairs.append(Pair(true, result, stroke_order(true, result)))
    counts["missing"] = len(waiting)
    return pairs, counts


def are_judged(results: Iterable[Sketch]) -> bool:
    """Return whether a result has scores of categories: those that were given have none."""
    return any((r.category_score, r.object_score) != (None, None) for r in results)


def _can_be_scored(true: Sketch, taxonomy: Taxonomy, judged: bool) -> bool:
    name = taxonomy.class_of(true.category)
    if name is None:
        return False
    return judged or (true.part is not None and bool(taxonomy.categories[name].parts))


def stroke_order(true: Sketch, result: Sketch) -> list[int]:
    """Return the index in the result of each stroke of the truth.

    A result with another order of strokes (`--shuffle-strokes`) has the same points, which identify
    them. Where the points differ, as when one of the two was written in another format, strokes are
    taken to be in the same order.

    Raises:
        UserError: the numbers of strokes differ, or their lengths show another order.
    """
    name, many = repr(true.sketch_id), len(true)
    if many != len(result):
        raise UserError(f"{name} has {many} strokes in the truth and {len(result)} in the result")
    same = np.array_equal(true.stroke_len, result.stroke_len)
    if same and np.array_equal(true.x, result.x) and np.array_equal(true.y, result.y):
        return list(range(many))
    places: defaultdict[bytes, list[int]] = defaultdict(list)
    for i, stroke in enumerate(result.to_strokes()):
        places[stroke.tobytes()].append(i)
    keys = [stroke.tobytes() for stroke in true.to_strokes()]
    order = [places[key].pop(0) if places.get(key) else -1 for key in keys]
    if -1 not in order:
        return order
    if not same and np.array_equal(np.sort(true.stroke_len), np.sort(result.stroke_len)):
        raise UserError(
            f"{name} has its strokes in another order in the result, and not the same points: "
            "ingest the truth with the same --shuffle-strokes"
        )
    return list(range(many))


def _by_id(sketches: Iterable[Sketch], where: str) -> dict[str, Sketch]:
    found: dict[str, Sketch] = {}
    for sketch in sketches:
        if sketch.sketch_id in found:
            raise UserError(f"{where} has {sketch.sketch_id!r} twice")
        found[sketch.sketch_id] = sketch
    return found
