"""A result beside its truth: the figures, what each sketch adds to them, and how sure they are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from instancesketch.errors import UserError
from instancesketch.metrics.tally import Ints, Tally, shares, stroke_weights
from instancesketch.sketch import Sketch
from instancesketch.taxonomy import Taxonomy


@dataclass(frozen=True, kw_only=True, eq=False)
class Answers:
    """Truth and prediction of B sketches side by side, as ids: what `Tally.add_arrays` counts."""

    parts: tuple[str, ...]
    categories: tuple[str, ...]
    sketch_ids: tuple[str, ...]
    truth: Ints  # (S,)
    predicted: Ints  # (S,)
    weight: Ints  # (S,)
    strokes_per_sketch: Ints  # (B,)
    category: Ints  # (B,)
    predicted_category: Ints | None  # (B,)

    def tally(self, times: npt.ArrayLike | None = None) -> Tally:
        """Counts every sketch once, or as often as `times` (B,) says."""
        tally = Tally.empty(self.parts, self.categories)
        names = [f.name for f in fields(self)[3:]]
        tally.add_arrays(**{name: getattr(self, name) for name in names}, times=times)
        return tally

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

    A result row with `error` has its strokes and its category wrong. Beside `Tally.figures` there
    are counts: `failed` rows (with `error`), truth rows that are `missing` in the result or are
    `unlabelled` (no parts, or no category of the taxonomy), and result rows `unknown` to the truth;
    none but the failed are scored. The category is judged unless no row has a `category_score`,
    as is so where categories were given.

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
    return Evaluation(answers.tally().figures() | counts, answers)


def paired_bootstrap(
    first: Answers, second: Answers, *, figure: str = "C", samples: int = 1_000, seed: int = 0
) -> tuple[float, float, float]:
    """How much better the second of two results is on the same truth, and how sure that is.

    Sketches are drawn with replacement, within each category so that none gets lost, and the same
    for both results (Koehn 2004, paired bootstrap resampling).

    Args:
        first: the answers of one result.
        second: the answers of the other, of the same sketches in any order.
        figure: a key of `Tally.figures` that is a single number.
        samples: number of draws.
        seed: of the draws.

    Returns:
        The mean of second - first over the draws, in percent points, and its 95 % interval.

    Raises:
        UserError: the two are not answers for the same sketches.
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
        before = first.tally(times).figures()[figure]
        differences.append(second.tally(times_second).figures()[figure] - before)
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
    part_id = {name: i for i, name in enumerate(taxonomy.part_names)}
    category_id = {name: i for i, name in enumerate(taxonomy.category_names)}
    truth: list[int] = []
    predicted: list[int] = []
    weights = [np.zeros(0, np.int64)]
    categories: list[tuple[int, int]] = []
    for true, result in pairs:
        if len(true) != len(result):
            raise UserError(
                f"{true.sketch_id!r} has {len(true)} strokes in the truth "
                f"and {len(result)} in the result"
            )
        for part in true.part or ():
            if part not in part_id:
                raise UserError(
                    f"{true.sketch_id!r} has the part {part!r}, unknown to {taxonomy.name}"
                )
            truth.append(part_id[part])
        answered = result.part if result.part is not None and result.error is None else ()
        predicted += [part_id.get(part, -1) for part in answered] or [-1] * len(true)
        weights.append(stroke_weights(true.x, true.y, true.stroke_len))
        named = None if result.error is not None else taxonomy.category_of(result.category)
        truly = taxonomy.category_of(true.category) or ""
        categories.append((category_id[truly], category_id.get(named or "", -1)))
    both = np.array(categories, np.int64).reshape(-1, 2)
    judged = any(result.category_score is not None for _, result in pairs)
    return Answers(
        parts=taxonomy.part_names,
        categories=taxonomy.category_names,
        sketch_ids=tuple(true.sketch_id for true, _ in pairs),
        truth=np.array(truth, np.int64),
        predicted=np.array(predicted, np.int64),
        weight=np.concatenate(weights),
        strokes_per_sketch=np.array([len(true) for true, _ in pairs], np.int64),
        category=both[:, 0],
        predicted_category=both[:, 1] if judged else None,
    )
