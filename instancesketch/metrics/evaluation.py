"""A result beside its truth: the figures, what each sketch adds to them, and how sure they are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from instancesketch.errors import UserError
from instancesketch.metrics.grouping import GroupingTally, Outcomes, outcomes
from instancesketch.metrics.tally import Ints, Tally, shares, stroke_weights
from instancesketch.sketch import Sketch
from instancesketch.taxonomy import SIDES, Taxonomy, with_side

_OF_GROUPING = ("grouping", "ari", "sides")
_NOTHING = (-1, -1, 0)  # a stroke without part, instance and side


@dataclass(frozen=True, kw_only=True, eq=False)
class Answers:
    """Truth and prediction of B sketches side by side, as ids: what the tallies count."""

    parts: tuple[str, ...]
    categories: tuple[str, ...]
    sketch_ids: tuple[str, ...]
    truth: Ints  # (S,)
    predicted: Ints  # (S,)
    weight: Ints  # (S,)
    truth_instance: Ints  # (S,)
    instance: Ints  # (S,)
    truth_side: Ints  # (S,)
    side: Ints  # (S,)
    strokes_per_sketch: Ints  # (B,)
    category: Ints  # (B,)
    predicted_category: Ints | None  # (B,)

    def tally(self, times: npt.ArrayLike | None = None) -> Tally:
        """Counts the parts of every sketch once, or as often as `times` (B,) says."""
        tally = Tally.empty(self.parts, self.categories)
        tally.add_arrays(
            truth=self.truth,
            predicted=self.predicted,
            weight=self.weight,
            strokes_per_sketch=self.strokes_per_sketch,
            category=self.category,
            predicted_category=self.predicted_category,
            times=times,
        )
        return tally

    def grouping(self, times: npt.ArrayLike | None = None) -> GroupingTally:
        """Counts the instances and sides of every sketch once, or as often as `times` (B,) says."""
        tally = GroupingTally.empty(self.parts, self.categories)
        tally.add_outcomes(self.outcomes, self.category, times)
        return tally

    @cached_property
    def outcomes(self) -> Outcomes:
        """How each group of instances and each sided stroke came out."""
        return outcomes(
            self.parts,
            truth_part=self.truth,
            truth_instance=self.truth_instance,
            part=self.predicted,
            instance=self.instance,
            strokes_per_sketch=self.strokes_per_sketch,
            truth_side=self.truth_side,
            side=self.side,
        )

    def figures(self) -> dict[str, Any]:
        """The figures of `Tally` and of `GroupingTally` in one, also by category and by part."""
        found, more = self.tally().figures(), self.grouping().figures()
        for key in ("per_category", "per_part"):
            more[key] = {name: row | more[key][name] for name, row in found[key].items()}
        return found | more

    def figure(self, name: str, times: npt.ArrayLike | None = None) -> float | None:
        """One figure that is a single number, each sketch counted as often as `times` (B,) says."""
        tally = self.grouping(times) if name in _OF_GROUPING else self.tally(times)
        return tally.figures()[name]

    def shares(self) -> npt.NDArray[np.float64]:
        """(B,) share of right strokes of each sketch, 0 to 1: what C averages."""
        many = len(self.sketch_ids)
        sketch_S = np.repeat(np.arange(many), self.strokes_per_sketch)
        return shares(self.truth == self.predicted, np.ones_like(self.truth), sketch_S, many)


class Evaluation(NamedTuple):
    """The figures of a result, and what each sketch contributed to them."""

    figures: dict[str, Any]
    answers: Answers


def evaluate(results: Iterable[Sketch], truth: Iterable[Sketch], taxonomy: Taxonomy) -> Evaluation:
    """Compares a result with the truth, sketch by sketch, by id.

    A result row with `error` has its category and all labels of its strokes wrong. Beside
    `Answers.figures` there are counts: `failed` rows (with `error`), truth rows that are `missing`
    in the result or are `unlabelled` (no parts, or no category of the taxonomy), and result rows
    `unknown` to the truth; none but the failed are scored. The category is judged unless no row has
    a `category_score`, as is so where categories were given.

    Raises:
        UserError: an id comes twice, a sketch has not the same strokes in both, or the truth has a
            part that the taxonomy doesn't know; names the sketch.
    """
    waiting = _by_id(truth, "the truth")
    pairs: list[tuple[Sketch, Sketch]] = []
    counts = dict.fromkeys(("failed", "missing", "unknown", "unlabelled"), 0)
    for sketch_id, result in _by_id(results, "the result").items():
        true = waiting.pop(sketch_id, None)
        if true is None:
            counts["unknown"] += 1
        elif true.part is None or taxonomy.category_of(true.category) is None:
            counts["unlabelled"] += 1
        else:
            counts["failed"] += result.error is not None
            pairs.append((true, result))
    counts["missing"] = len(waiting)
    answers = _answers(pairs, taxonomy)
    return Evaluation(answers.figures() | counts, answers)


def paired_bootstrap(
    first: Answers, second: Answers, *, figure: str = "C", samples: int = 1_000, seed: int = 0
) -> tuple[float, float, float]:
    """How much better the second of two results is on the same truth, and how sure that is.

    Sketches are drawn with replacement, within each category so that none gets lost, and the same
    for both results (Koehn 2004, paired bootstrap resampling).

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
    place = {sketch_id: i for i, sketch_id in enumerate(second.sketch_ids)}
    if set(place) != set(first.sketch_ids):
        raise UserError("two results can only be compared on the same sketches")
    order = np.array([place[sketch_id] for sketch_id in first.sketch_ids])
    rng = np.random.default_rng(seed)
    groups = [np.flatnonzero(first.category == k) for k in np.unique(first.category)]
    differences = []
    for _ in range(samples):
        drawn = np.concatenate([rng.choice(group, len(group)) for group in groups])
        times = np.bincount(drawn, minlength=len(order))
        times_second = np.empty_like(times)
        times_second[order] = times
        before, after = first.figure(figure, times), second.figure(figure, times_second)
        if before is not None and after is not None:  # a draw may have nothing to group
            differences.append(after - before)
    if not differences:
        raise UserError(f"these sketches have nothing to measure {figure} by")
    low, high = np.percentile(differences, (2.5, 97.5))
    return float(np.mean(differences)), float(low), float(high)


def _by_id(sketches: Iterable[Sketch], where: str) -> dict[str, Sketch]:
    found: dict[str, Sketch] = {}
    for sketch in sketches:
        if sketch.sketch_id in found:
            raise UserError(f"{where} has {sketch.sketch_id!r} twice")
        found[sketch.sketch_id] = sketch
    return found


def _answers(pairs: Sequence[tuple[Sketch, Sketch]], taxonomy: Taxonomy) -> Answers:
    category_id = {name: i for i, name in enumerate(taxonomy.category_names)}
    weights = [np.zeros(0, np.int64)]
    truth: list[tuple[int, int, int]] = []  # part, instance, side of each stroke
    predicted: list[tuple[int, int, int]] = []
    categories: list[tuple[int, int]] = []  # of the truth and of the result
    ids = _Ids(taxonomy)
    for true, result in pairs:
        if len(true) != len(result):
            raise UserError(
                f"{true.sketch_id!r} has {len(true)} strokes in the truth "
                f"and {len(result)} in the result"
            )
        for part in true.part or ():
            if part not in ids.part:
                raise UserError(
                    f"{true.sketch_id!r} has the part {part!r}, unknown to {taxonomy.name}"
                )
        truth += ids.of(true)
        predicted += ids.of(result) if result.error is None else [_NOTHING] * len(result)
        weights.append(stroke_weights(true.x, true.y, true.stroke_len))
        named = None if result.error is not None else taxonomy.category_of(result.category)
        truly = taxonomy.category_of(true.category) or ""
        categories.append((category_id[truly], category_id.get(named or "", -1)))
    truth_S, predicted_S = (np.array(v, np.int64).reshape(-1, 3) for v in (truth, predicted))
    both = np.array(categories, np.int64).reshape(-1, 2)
    judged = any(result.category_score is not None for _, result in pairs)
    return Answers(
        parts=taxonomy.part_names,
        categories=taxonomy.category_names,
        sketch_ids=tuple(true.sketch_id for true, _ in pairs),
        truth=truth_S[:, 0],
        predicted=predicted_S[:, 0],
        weight=np.concatenate(weights),
        truth_instance=truth_S[:, 1],
        instance=predicted_S[:, 1],
        truth_side=truth_S[:, 2],
        side=predicted_S[:, 2],
        strokes_per_sketch=np.array([len(true) for true, _ in pairs], np.int64),
        category=both[:, 0],
        predicted_category=both[:, 1] if judged else None,
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
