"""Parts and categories of sketches: what is right, counted over strokes and sketches.

Letters in names: P points, S strokes, B sketches of a batch, K categories, N parts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from instancesketch.core.taxonomy import UNLABELED
from instancesketch.metrics.tally import (
    SHARE_UNIT,
    Floats,
    Ints,
    Objects,
    Tally,
    add_shares,
    counts,
    percent,
    sums,
    times_or_ones,
)

# The F1 of a rarer part is mostly chance, so macro-F1 leaves it out.
MACRO_STROKES = 10


class PartOutcomes(NamedTuple):
    """Truth and prediction of the strokes that have a truth, of B sketches."""

    truth_S: Ints  # part ids
    predicted_S: Ints  # part ids; -1 for none
    sketch_S: Ints  # index of the stroke's sketch in the batch
    share_B: Floats  # right strokes / strokes of each sketch; 0 without strokes
    length_share_B: Floats  # the same by length


def judge_parts(
    *,
    truth: npt.ArrayLike,
    predicted: npt.ArrayLike,
    weight: npt.ArrayLike,
    strokes_per_sketch: npt.ArrayLike,
) -> PartOutcomes:
    """Compare the parts of a batch of B sketches of S strokes together with the truth.

    Args:
        truth: (S,) part ids; a stroke of -1 has no truth and is left out.
        predicted: (S,) part ids; -1 is no prediction, which is wrong.
        weight: (S,) lengths, from `stroke_weights`.
        strokes_per_sketch: (B,) summing to S.

    Raises:
        ValueError: the lengths don't fit together.
    """
    per_sketch = np.asarray(strokes_per_sketch, np.int64)
    many = len(per_sketch)
    sketch_S = np.repeat(np.arange(many), per_sketch)
    truth_S, predicted_S, weight_S = (np.asarray(a, np.int64) for a in (truth, predicted, weight))
    if not len(truth_S) == len(predicted_S) == len(weight_S) == len(sketch_S):
        raise ValueError("truth, predicted, weight and strokes_per_sketch don't fit together")
    known_S = truth_S >= 0
    truth_S, predicted_S, weight_S, sketch_S = (
        a[known_S] for a in (truth_S, predicted_S, weight_S, sketch_S)
    )
    right_S = truth_S == predicted_S
    return PartOutcomes(
        truth_S=truth_S,
        predicted_S=predicted_S,
        sketch_S=sketch_S,
        share_B=shares(right_S, np.ones_like(weight_S), sketch_S, many),
        length_share_B=shares(right_S, weight_S, sketch_S, many),
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class PartTally(Tally):
    """Counts of right parts and categories."""

    # Strokes by true part and predicted part; the last column: none predicted.
    confusion: Ints = field(metadata=counts(lambda k, n: (n, n + 1)))
    # Sketches with a stroke to score.
    sketches: Ints = field(metadata=counts(lambda k, n: (k,)))
    # Strokes scored.
    strokes: Ints = field(metadata=counts(lambda k, n: (k,)))
    # Strokes whose true part is not `unlabeled`.
    labelled: Ints = field(metadata=counts(lambda k, n: (k,)))
    # Strokes whose true part is not `unlabeled`, and equals the predicted part.
    right: Ints = field(metadata=counts(lambda k, n: (k,)))
    # Sum over sketches of right strokes / strokes.
    share: Objects = field(metadata=sums(lambda k, n: (k,)))
    # Sum over sketches of length of right strokes / length of strokes.
    length_share: Objects = field(metadata=sums(lambda k, n: (k,)))
    # Sketches of batches with predicted categories, by true and by predicted category; the last
    # column: none predicted.
    category_confusion: Ints = field(metadata=counts(lambda k, n: (k, k + 1)))

    def add_arrays(
        self,
        *,
        truth: npt.ArrayLike,
        predicted: npt.ArrayLike,
        weight: npt.ArrayLike,
        strokes_per_sketch: npt.ArrayLike,
        category: npt.ArrayLike,
        predicted_category: npt.ArrayLike | None = None,
        times: npt.ArrayLike | None = None,
    ) -> None:
        """Judge and count a batch of B sketches, in place.

        Arrays over strokes are those of `judge_parts`, the others those of `add_outcomes`.

        Raises:
            ValueError: the lengths don't fit together.
        """
        outcomes = judge_parts(
            truth=truth,
            predicted=predicted,
            weight=weight,
            strokes_per_sketch=strokes_per_sketch,
        )
        self.add_outcomes(outcomes, category, predicted_category, times)

    def add_outcomes(
        self,
        outcomes: PartOutcomes,
        category: npt.ArrayLike,
        predicted_category: npt.ArrayLike | None = None,
        times: npt.ArrayLike | None = None,
    ) -> None:
        """Count a batch of B sketches that was judged once, in place.

        Args:
            outcomes: of B sketches.
            category: (B,) category ids of the truth, from 0.
            predicted_category: (B,) category ids, -1 for none; None where none was predicted.
            times: (B,) how often each sketch counts; once each for None.

        Raises:
            ValueError: the lengths don't fit together.
        """
        many = len(outcomes.share_B)
        category_B, times_B = np.asarray(category, np.int64), times_or_ones(times, many)
        if category_B.shape != (many,):
            raise ValueError("category and sketches don't fit together")
        self._add_strokes(outcomes, category_B, times_B)
        scored_B = np.bincount(outcomes.sketch_S, minlength=many) > 0
        np.add.at(self.sketches, category_B, times_B * scored_B)
        cell, times_of_cell = category_B[scored_B], times_B[scored_B]
        add_shares(self.share, cell, outcomes.share_B[scored_B], times_of_cell)
        add_shares(self.length_share, cell, outcomes.length_share_B[scored_B], times_of_cell)
        if predicted_category is not None:
            named_B = np.asarray(predicted_category, np.int64)
            column_B = np.where(named_B < 0, len(self.categories), named_B)
            np.add.at(self.category_confusion, (category_B, column_B), times_B)

    def _add_strokes(self, outcomes: PartOutcomes, category_B: Ints, times_B: Ints) -> None:
        truth_S, predicted_S, sketch_S = outcomes[:3]
        category_S, times_S = category_B[sketch_S], times_B[sketch_S]
        labelled_S = are_labelled(self.parts)[truth_S]
        none = len(self.parts)
        column_S = np.where(predicted_S < 0, none, predicted_S)
        np.add.at(self.confusion, (truth_S, column_S), times_S)
        np.add.at(self.strokes, category_S, times_S)
        np.add.at(self.labelled, category_S, times_S * labelled_S)
        np.add.at(self.right, category_S, times_S * (labelled_S & (truth_S == predicted_S)))

    def figures(self) -> dict[str, Any]:
        """Return the figures as plain numbers, in percent; None where nothing can be measured.

        `C`, `P`: share of right strokes per sketch, by count and by length, averaged over sketches,
        then over categories (as SPG defines them, Li et al. 2019). `part_accuracy`, `macro_f1`:
        over strokes, and over parts with ten strokes or more, pooled over categories by name;
        strokes whose truth is `unlabeled` are left out of both and of the figures per part.
        `category_accuracy`: over the sketches whose category is `judged`.
        """
        judged, named = self.category_confusion.sum(axis=1), self.category_confusion.diagonal()
        per_category = {
            name: {
                "C": percent(self.share[k], SHARE_UNIT * int(self.sketches[k])),
                "P": percent(self.length_share[k], SHARE_UNIT * int(self.sketches[k])),
                "part_accuracy": percent(self.right[k], self.labelled[k]),
                "category_accuracy": percent(named[k], judged[k]),
                "judged": int(judged[k]),
                "sketches": int(self.sketches[k]),
                "strokes": int(self.strokes[k]),
            }
            for k, name in enumerate(self.categories)
        }
        per_part = self._per_part()
        return {
            "C": _mean(c["C"] for c in per_category.values()),
            "P": _mean(c["P"] for c in per_category.values()),
            "part_accuracy": percent(self.right.sum(), self.labelled.sum()),
            "macro_f1": _mean(p["f1"] for p in per_part.values() if p["strokes"] >= MACRO_STROKES),
            "category_accuracy": percent(named.sum(), judged.sum()),
            "judged": int(judged.sum()),
            "sketches": int(self.sketches.sum()),
            "strokes": int(self.strokes.sum()),
            "per_category": per_category,
            "per_part": per_part,
            "confusion": {"parts": list(self.parts), "counts": self.confusion.tolist()},
            "category_confusion": {
                "categories": list(self.categories),
                "counts": self.category_confusion.tolist(),
            },
        }

    def _per_part(self) -> dict[str, dict[str, Any]]:
        labelled_N = are_labelled(self.parts)
        confusion = self.confusion * labelled_N[:, None]
        strokes, called = confusion.sum(axis=1), confusion.sum(axis=0)
        return {
            name: {
                "precision": percent(confusion[i, i], called[i]),
                "recall": percent(confusion[i, i], strokes[i]),
                "f1": percent(2 * confusion[i, i], strokes[i] + called[i]),
                "strokes": int(strokes[i]),
            }
            for i, name in enumerate(self.parts)
            if labelled_N[i]
        }


def are_labelled(parts: Sequence[str]) -> npt.NDArray[np.bool_]:
    """Return whether each part is a label, (N,): all but `unlabeled` are."""
    return np.array([part != UNLABELED for part in parts], bool)


def stroke_weights(x: npt.ArrayLike, y: npt.ArrayLike, stroke_len: npt.ArrayLike) -> Ints:
    """Return the lengths of strokes as P counts them: 1, and int(length) of each segment.

    Args:
        x: (P,) of all strokes end to end.
        y: (P,) likewise.
        stroke_len: (S,) points per stroke, each at least 1.

    Returns:
        (S,) lengths, each at least 1, in the sketch's own unit.
    """
    return _weights(x, y, stroke_len, np.int64)


def scene_weights(x: npt.ArrayLike, y: npt.ArrayLike, stroke_len: npt.ArrayLike) -> Floats:
    """Return the lengths of strokes as figures of scenes count them: 1 more than the line's.

    Args:
        x: (P,) of all strokes end to end.
        y: (P,) likewise.
        stroke_len: (S,) points per stroke, each at least 1.

    Returns:
        (S,) lengths, each at least 1, in the scene's own unit.
    """
    return _weights(x, y, stroke_len, np.float64)


def _weights(
    x: npt.ArrayLike, y: npt.ArrayLike, stroke_len: npt.ArrayLike, dtype: type[np.generic]
) -> npt.NDArray[Any]:
    """Return 1 plus the segment lengths of each stroke, (S,), each converted to `dtype` first."""
    lengths = np.asarray(stroke_len, np.int64)
    if len(lengths) == 0:
        return np.zeros(0, dtype)
    starts = np.cumsum(lengths) - lengths
    dx, dy = (np.diff(np.asarray(v, np.float64), prepend=0.0) for v in (x, y))
    segment = np.sqrt(dx * dx + dy * dy).astype(dtype)
    segment[starts] = 1  # in place of the jump from the stroke before
    return np.add.reduceat(segment, starts, dtype=dtype)


def shares(
    right_S: npt.NDArray[np.bool_], weight_S: npt.NDArray[Any], sketch_S: Ints, many: int
) -> Floats:
    """Return the weight of each sketch's right strokes over that of all, (B,); 0 without any."""
    total = np.bincount(sketch_S, weight_S, many)
    right = np.bincount(sketch_S, weight_S * right_S, many)
    return np.divide(right, total, out=np.zeros(many), where=total > 0)


def _mean(values: Iterable[float | None]) -> float | None:
    known = [v for v in values if v is not None]
    return sum(known) / len(known) if known else None
