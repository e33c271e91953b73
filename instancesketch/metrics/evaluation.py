"""A result beside its truth: the figures, what each sketch adds to them, and how sure they are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from instancesketch.core.errors import UserError
from instancesketch.core.sketch import Sketch
from instancesketch.core.taxonomy import SIDES, Taxonomy, with_side
from instancesketch.metrics.matching import Pair, pair_up
from instancesketch.metrics.parts import stroke_weights
from instancesketch.metrics.scored import OF_SCENES, Answers, SceneAnswers

_INSTANCES = 1 << 31  # more than a 32-bit number of an instance can be
_NOTHING = (-1, -1, 0)  # a stroke without part, instance and side


class Evaluation(NamedTuple):
    """The figures of a result, and what each sketch contributed to them."""

    figures: dict[str, Any]
    answers: Answers


def evaluate(results: Iterable[Sketch], truth: Iterable[Sketch], taxonomy: Taxonomy) -> Evaluation:
    """Compares a result with the truth, sketch by sketch, by id.

    A result row with `error` has its category and all labels of its strokes wrong, and no objects.
    Beside `Answers.figures` there are counts: `failed` rows (with `error`), truth rows that are
    `missing` in the result or are `unlabelled` (no objects, and no parts or no category of the
    taxonomy), and result rows `unknown` to the truth; none but the failed are scored.

    The category is judged unless no row has a score for it, as is so where categories were given:
    that of a sketch, and for an object of a scene that of the predicted object that it matches. Two
    strokes of an object are in one predicted instance only if they are in one predicted object.

    Raises:
        UserError: an id comes twice, a sketch has not the same strokes in both, or the truth has a
            part that the taxonomy doesn't know; names the sketch.
    """
    pairs, counts = pair_up(results, truth, taxonomy)
    scenes = SceneAnswers.of([p for p in pairs if p.true.object is not None], taxonomy)
    answers = _answers(pairs, scenes, taxonomy)
    return Evaluation(answers.figures() | counts, answers)


def paired_bootstrap(
    first: Answers, second: Answers, *, figure: str = "C", samples: int = 1_000, seed: int = 0
) -> tuple[float, float, float]:
    """How much better the second of two results is on the same truth, and how sure that is.

    Sketches are drawn with replacement, within each category so that none gets lost, and the same
    for both results (Koehn 2004, paired bootstrap resampling). For figures of scenes, scenes are
    drawn; for all others an object of a scene is drawn as a sketch of its own.

    Args:
        first: the answers of one result.
        second: the answers of the other, of the same sketches in any order.
        figure: a key of `Answers.figures` that is a single number.
        samples: number of draws.
        seed: of the draws.

    Returns:
        The mean of second - first over the draws, in percent points, and its 95 % interval.

    Raises:
        UserError: the two are not answers for the same sketches, or the figure has nothing to
            measure in them.
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
        if before is not None and after is not None:  # a draw may have nothing to group
            differences.append(after - before)
    if not differences:
        raise UserError(f"these sketches have nothing to measure {figure} by")
    low, high = np.percentile(differences, (2.5, 97.5))
    return float(np.mean(differences)), float(low), float(high)


class _Piece(NamedTuple):
    """A drawing, or an object of a scene: what is scored as a sketch of its own."""

    sketch_id: str
    category: str
    said: str | None
    strokes: Sequence[int]  # indices in the truth


def _pieces(pair: Pair, said: Mapping[tuple[str, int], int], taxonomy: Taxonomy) -> list[_Piece]:
    """What of a pair can be scored by parts."""
    true, result = pair.true, pair.result
    if true.part is None:
        return []
    if true.object is None:
        named = None if result.error is not None else taxonomy.category_of(result.category)
        category = taxonomy.category_of(true.category)
        assert category is not None  # `pair_up` takes no other drawing
        return [_Piece(true.sketch_id, category, named, range(len(true)))]
    pieces = []
    for number, word in enumerate(true.object_category or ()):
        category = taxonomy.category_of(word)
        strokes = [i for i, k in enumerate(true.object) if k == number]
        if category is not None and strokes:
            taken = said[true.sketch_id, number]
            named = None if taken < 0 else taxonomy.category_names[taken]
            pieces.append(_Piece(f"{true.sketch_id} object {number}", category, named, strokes))
    return pieces


def _answers(pairs: Sequence[Pair], scenes: SceneAnswers, taxonomy: Taxonomy) -> Answers:
    category_id = {name: i for i, name in enumerate(taxonomy.category_names)}
    weights = [np.zeros(0, np.int64)]
    truth: list[tuple[int, int, int]] = []  # part, instance, side of each stroke
    predicted: list[tuple[int, int, int]] = []
    pieces: list[_Piece] = []
    ids, said = _Ids(taxonomy), scenes.said()
    for pair in pairs:
        found = _pieces(pair, said, taxonomy)
        if not found:
            continue
        pieces += found
        strokes = [i for piece in found for i in piece.strokes]
        weight = stroke_weights(pair.true.x, pair.true.y, pair.true.stroke_len)
        truly, answered = ids.of(pair.true), ids.of_result(pair)
        for i in strokes:
            if truly[i][0] < 0:
                part = (pair.true.part or ())[i]
                raise UserError(
                    f"{pair.true.sketch_id!r} has the part {part!r}, unknown to {taxonomy.name}"
                )
        truth += [truly[i] for i in strokes]
        predicted += [answered[i] for i in strokes]
        weights.append(weight[strokes])
    truth_S, predicted_S = (np.array(v, np.int64).reshape(-1, 3) for v in (truth, predicted))
    judged = any((r.category_score, r.object_score) != (None, None) for _, r, _ in pairs)
    named = np.array([category_id.get(p.said or "", -1) for p in pieces], np.int64)
    return Answers(
        parts=taxonomy.part_names,
        categories=taxonomy.category_names,
        sketch_ids=tuple(piece.sketch_id for piece in pieces),
        truth=truth_S[:, 0],
        predicted=predicted_S[:, 0],
        weight=np.concatenate(weights),
        truth_instance=truth_S[:, 1],
        instance=predicted_S[:, 1],
        truth_side=truth_S[:, 2],
        side=predicted_S[:, 2],
        strokes_per_sketch=np.array([len(piece.strokes) for piece in pieces], np.int64),
        category=np.array([category_id[piece.category] for piece in pieces], np.int64),
        predicted_category=named if judged else None,
        scenes=scenes,
    )


class _Ids:
    """Turns the labels of strokes into numbers."""

    def __init__(self, taxonomy: Taxonomy) -> None:
        self.part = {name: i for i, name in enumerate(taxonomy.part_names)}
        self.side = {
            (part, with_side(part, side)): number
            for part in taxonomy.part_names
            for number, side in enumerate(SIDES, 1)
        }

    def of(self, sketch: Sketch) -> list[tuple[int, int, int]]:
        """Part, instance and side of each stroke."""
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
        """The same as predicted, for the strokes of the truth in their order there.

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
