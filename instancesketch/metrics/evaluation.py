"""Compare a result with its truth: figures, scored sketches, and a paired bootstrap."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from instancesketch.core.errors import UserError
from instancesketch.core.sketch import Sketch
from instancesketch.core.taxonomy import OTHER, SIDES, Taxonomy, with_side
from instancesketch.metrics.matching import Pair, are_judged, pair_up
from instancesketch.metrics.novelty import estimate_known
from instancesketch.metrics.parts import stroke_weights
from instancesketch.metrics.scored import OF_SCENES, ScoredScenes, ScoredSketches

_INSTANCES = 1 << 31  # above all 32-bit numbers of instances
_NOTHING = (-1, -1, 0)  # part, instance and side of a stroke without any


class Evaluation(NamedTuple):
    """The figures of a result, and the scored sketches that they are made of."""

    figures: dict[str, Any]
    scored: ScoredSketches


def evaluate(results: Iterable[Sketch], truth: Iterable[Sketch], taxonomy: Taxonomy) -> Evaluation:
    """Compare a result with the truth, sketch by sketch, by id.

    A result row with `error` counts as wrong in its category and all labels, and has no objects.
    Beside `ScoredSketches.figures` there are counts: `failed` rows (with `error`), truth rows that
    are `missing` in the result or `unlabelled` (no objects, and no class of the taxonomy, or
    neither parts nor a category to judge), and result rows `unknown` to the truth. Of these the
    failed alone are scored.

    The category is judged unless no row has a score for it, as is so where categories were given:
    that of a sketch, with or without parts, and for an object of a scene that of the predicted
    object that it matches. In a taxonomy with `other` that is the class of what is no category,
    unless it is too near to one. Two strokes of an object are in one predicted instance only if
    they are in one predicted object.

    Raises:
        UserError: an id comes twice, a sketch has not the same strokes in both, or the truth has a
            part that the taxonomy doesn't know; names the sketch.
    """
    pairs, counts = pair_up(results, truth, taxonomy)
    scenes = ScoredScenes.of([p for p in pairs if p.true.object is not None], taxonomy)
    scored = _score(pairs, scenes, taxonomy)
    return Evaluation(scored.figures() | counts, scored)


def paired_bootstrap(
    first: ScoredSketches,
    second: ScoredSketches,
    *,
    figure: str = "C",
    samples: int = 1_000,
    seed: int = 0,
) -> tuple[float, float, float]:
    """Return the difference between two results on the same truth, with its 95 % interval.

    Sketches are sampled with replacement within each category, so that none is lost, and the same
    for both results (Koehn 2004, paired bootstrap resampling). For figures of scenes, scenes are
    sampled; for all others an object of a scene is a sketch of its own.

    Args:
        first: the scored sketches of one result.
        second: those of the other, of the same sketches in any order.
        figure: a key of `ScoredSketches.figures` that is a single number.
        samples: number of samples.
        seed: of the samples.

    Returns:
        The mean of second - first over the samples, in percentage points, and the ends of its
        95 % interval.

    Raises:
        UserError: the sketches of the two differ, or have nothing to measure the figure by.
    """
    one, other = (a.scenes if figure in OF_SCENES else a for a in (first, second))
    place = {sketch_id: i for i, sketch_id in enumerate(other.sketch_ids)}
    if set(place) != set(one.sketch_ids):
        raise UserError("two results can only be compared on the same sketches")
    order = np.array([place[sketch_id] for sketch_id in one.sketch_ids])
    rng = np.random.default_rng(seed)
    groups = [np.flatnonzero(one.category == k) for k in np.unique(one.category)]
    differences = []
    for _ in range(samples):
        drawn = np.concatenate([rng.choice(group, len(group)) for group in groups])
        times = np.bincount(drawn, minlength=len(order))
        times_second = np.empty_like(times)
        times_second[order] = times
        before, after = one.figure(figure, times), other.figure(figure, times_second)
        if before is not None and after is not None:  # a sample may have nothing to group
            differences.append(after - before)
    if not differences:
        raise UserError(f"these sketches have nothing to measure {figure} by")
    low, high = np.percentile(differences, (2.5, 97.5))
    return float(np.mean(differences)), float(low), float(high)


class _Unit(NamedTuple):
    """A sketch, or an object of a scene, which is scored as a sketch of its own."""

    sketch_id: str
    category: str
    predicted: str | None
    strokes: Sequence[int]  # indices in the truth; none where only the category is scored
    score: float = np.nan  # of the predicted category
    known: float = np.nan  # that it is of a category with parts


def _split_into_units(
    pair: Pair, categories: Mapping[tuple[str, int], int], taxonomy: Taxonomy
) -> list[_Unit]:
    """Return the units of a pair that have parts or a category to score."""
    true = pair.true
    if true.object is None:
        return [_drawing(pair, taxonomy)]
    if true.part is None:
        return []
    units = []
    for number, word in enumerate(true.object_category or ()):
        category = taxonomy.category_of(word)
        strokes = [i for i, k in enumerate(true.object) if k == number]
        if category is not None and strokes:
            taken = categories[true.sketch_id, number]
            named = None if taken < 0 else taxonomy.category_names[taken]
            units.append(_Unit(f"{true.sketch_id} object {number}", category, named, strokes))
    return units


def _drawing(pair: Pair, taxonomy: Taxonomy) -> _Unit:
    true, result = pair.true, pair.result
    category = taxonomy.class_of(true.category)
    assert category is not None  # `pair_up` takes no other drawing
    has_parts = true.part is not None and taxonomy.categories[category].parts
    strokes = range(len(true) if has_parts else 0)
    if result.error is not None:
        # As wrong as can be: an unknown drawing kept, a known one lost.
        return _Unit(true.sketch_id, category, None, strokes, known=float(category == OTHER))
    return _Unit(
        true.sketch_id,
        category,
        taxonomy.category_of(result.category),
        strokes,
        score=np.nan if result.category_score is None else result.category_score,
        known=estimate_known(result, taxonomy),
    )


def _score(pairs: Sequence[Pair], scenes: ScoredScenes, taxonomy: Taxonomy) -> ScoredSketches:
    category_id = {name: i for i, name in enumerate(taxonomy.category_names)}
    weights, scores = [np.zeros(0, np.int64)], [np.zeros(0)]
    truth: list[tuple[int, int, int]] = []  # part, instance, side of each stroke
    predicted: list[tuple[int, int, int]] = []
    units: list[_Unit] = []
    ids, categories = _Ids(taxonomy), scenes.predicted_categories()
    for pair in pairs:
        found = _split_into_units(pair, categories, taxonomy)
        if not found:
            continue
        units += found
        strokes = [i for unit in found for i in unit.strokes]
        weight = stroke_weights(pair.true.x, pair.true.y, pair.true.stroke_len)
        of_truth, of_result = ids.of(pair.true), ids.of_result(pair)
        for i in strokes:
            if of_truth[i][0] < 0:
                raise _unknown_part(pair.true, i, taxonomy)
        truth += [of_truth[i] for i in strokes]
        predicted += [of_result[i] for i in strokes]
        weights.append(weight[strokes])
        scores.append(_part_scores(pair)[strokes])
    truth_S, predicted_S = (np.array(v, np.int64).reshape(-1, 3) for v in (truth, predicted))
    judged = are_judged(result for _, result, _ in pairs)
    named = np.array([category_id.get(p.predicted or "", -1) for p in units], np.int64)
    return ScoredSketches(
        parts=taxonomy.part_names,
        categories=taxonomy.category_names,
        sketch_ids=tuple(unit.sketch_id for unit in units),
        truth=truth_S[:, 0],
        predicted=predicted_S[:, 0],
        weight=np.concatenate(weights),
        truth_instance=truth_S[:, 1],
        instance=predicted_S[:, 1],
        truth_side=truth_S[:, 2],
        side=predicted_S[:, 2],
        strokes_per_sketch=np.array([len(unit.strokes) for unit in units], np.int64),
        category=np.array([category_id[unit.category] for unit in units], np.int64),
        predicted_category=named if judged else None,
        scenes=scenes,
        part_score=np.concatenate(scores),
        category_score=np.array([unit.score for unit in units], np.float64),
        known=np.array([unit.known if judged else np.nan for unit in units], np.float64),
    )


def _part_scores(pair: Pair) -> npt.NDArray[np.float64]:
    """Return the score of each stroke of the truth; NaN for those without one."""
    found = pair.result.part_score
    if found is None or pair.result.error is not None:
        return np.full(len(pair.true), np.nan)
    return np.array(found, np.float64)[pair.order]


def _unknown_part(true: Sketch, stroke: int, taxonomy: Taxonomy) -> UserError:
    part = (true.part or ())[stroke]
    return UserError(f"{true.sketch_id!r} has the part {part!r}, unknown to {taxonomy.name}")


class _Ids:
    """Looks up the ids of the labels of strokes."""

    def __init__(self, taxonomy: Taxonomy) -> None:
        self.part = {name: i for i, name in enumerate(taxonomy.part_names)}
        self.side = {
            (part, with_side(part, side)): number
            for part in taxonomy.part_names
            for number, side in enumerate(SIDES, 1)
        }

    def of(self, sketch: Sketch) -> list[tuple[int, int, int]]:
        """Return part, instance and side of each stroke."""
        if sketch.part is None:
            return [_NOTHING] * len(sketch)
        labels = sketch.part if sketch.label is None else sketch.label
        instances = (None,) * len(sketch) if sketch.instance is None else sketch.instance
        return [
            (
                self.part.get(part, -1),
                -1 if number is None else number,
                self.side.get((part, label), 0),
            )
            for part, label, number in zip(sketch.part, labels, instances, strict=True)
        ]

    def of_result(self, pair: Pair) -> list[tuple[int, int, int]]:
        """Return the predicted part, instance and side of each stroke of the truth, in its order.

        In a scene, instances of different objects get different numbers; those of none get 0.
        """
        if pair.result.error is not None:
            return [_NOTHING] * len(pair.true)
        found = self.of(pair.result)
        found = [found[i] for i in pair.order]
        if pair.true.object is None:
            return found
        return [
            (part, number if number < 1 else 0 if k < 0 else k * _INSTANCES + number, side)
            for (part, number, side), k in zip(found, pair.objects, strict=True)
        ]
