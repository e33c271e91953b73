"""Counts over strokes and sketches, and the figures that they give.

Letters in names: S strokes, B sketches of a batch, K categories, N parts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from instancesketch.core.taxonomy import UNLABELED

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

# A part rarer than this in the truth has an F1 of chance, so macro-F1 leaves it out.
MACRO_STROKES = 10
# Shares are summed as whole numbers of this unit: floats would make the order of merging matter.
SHARE_UNIT = 1 << 40


@dataclass(frozen=True, kw_only=True, eq=False)
class Tally:
    """Counts that figures are made of. Tallies of shards are added, in any order, exactly."""

    parts: tuple[str, ...]
    categories: tuple[str, ...]
    confusion: Ints  # (N, N + 1) strokes: truth by prediction; the last column is none
    sketches: Ints  # (K,) sketches with a stroke to score
    strokes: Ints  # (K,) strokes scored
    labelled: Ints  # (K,) strokes scored whose truth is not `unlabeled`
    right: Ints  # (K,) those of them that are right
    share: npt.NDArray[np.object_]  # (K,) sum over sketches of right strokes / strokes
    length_share: npt.NDArray[np.object_]  # (K,) the same by length
    judged: Ints  # (K,) sketches whose category was predicted
    named: Ints  # (K,) those of them that are right

    @classmethod
    def empty(cls, parts: Sequence[str], categories: Sequence[str]) -> Tally:
        """A tally of nothing, for part and category ids that index these names."""
        counts: dict[str, Any] = {f.name: np.zeros(len(categories), np.int64) for f in fields(cls)}
        for name in ("share", "length_share"):  # of Python's integers, which don't overflow
            counts[name] = np.zeros(len(categories), object)
        confusion = np.zeros((len(parts), len(parts) + 1), np.int64)
        names = {"parts": tuple(parts), "categories": tuple(categories)}
        return cls(**counts | names | {"confusion": confusion})

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
        """Counts a batch of B sketches of S strokes together, in place.

        Args:
            truth: (S,) part ids; a stroke of -1 has no truth and is left out.
            predicted: (S,) part ids; -1 is no prediction, which is wrong.
            weight: (S,) lengths, from `stroke_weights`.
            strokes_per_sketch: (B,) summing to S.
            category: (B,) category ids of the truth, none of them negative.
            predicted_category: (B,) category ids, -1 for none; not given where none was predicted.
            times: (B,) how often each sketch counts; once each where not given.

        Raises:
            ValueError: the lengths don't fit together.
        """
        per_sketch = np.asarray(strokes_per_sketch, np.int64)
        many = len(per_sketch)
        category_B = np.asarray(category, np.int64)
        times_B = np.ones(many, np.int64) if times is None else np.asarray(times, np.int64)
        sketch_S = np.repeat(np.arange(many), per_sketch)
        truth_S, predicted_S, weight_S = (
            np.asarray(a, np.int64) for a in (truth, predicted, weight)
        )
        if not len(truth_S) == len(predicted_S) == len(weight_S) == len(sketch_S):
            raise ValueError("truth, predicted, weight and strokes_per_sketch don't fit together")
        if not len(category_B) == len(times_B) == many:
            raise ValueError("category, times and strokes_per_sketch don't fit together")

        known = truth_S >= 0
        truth_S, predicted_S, weight_S, sketch_S = (
            a[known] for a in (truth_S, predicted_S, weight_S, sketch_S)
        )
        right_S = truth_S == predicted_S
        labelled_S = np.array([p != UNLABELED for p in self.parts], bool)[truth_S]
        times_S = times_B[sketch_S]
        category_S = category_B[sketch_S]
        cell_S = truth_S * (len(self.parts) + 1) + np.where(
            predicted_S < 0, len(self.parts), predicted_S
        )
        np.add.at(self.confusion.reshape(-1), cell_S, times_S)
        np.add.at(self.strokes, category_S, times_S)
        np.add.at(self.labelled, category_S, times_S * labelled_S)
        np.add.at(self.right, category_S, times_S * (labelled_S & right_S))

        ones = np.ones_like(weight_S)
        scored = np.bincount(sketch_S, minlength=many) > 0
        np.add.at(self.sketches, category_B, times_B * scored)
        for total, weights in ((self.share, ones), (self.length_share, weight_S)):
            units = np.rint(shares(right_S, weights, sketch_S, many) * SHARE_UNIT)
            summed = np.zeros(len(self.categories), np.int64)
            np.add.at(summed, category_B[scored], (units.astype(np.int64) * times_B)[scored])
            total += summed
        if predicted_category is not None:
            np.add.at(self.judged, category_B, times_B)
            np.add.at(
                self.named, category_B, times_B * (category_B == np.asarray(predicted_category))
            )

    def __add__(self, other: Tally) -> Tally:
        if (self.parts, self.categories) != (other.parts, other.categories):
            raise ValueError("tallies of different parts or categories can't be added")
        names = [f.name for f in fields(self)[2:]]
        return Tally(
            parts=self.parts,
            categories=self.categories,
            **{name: getattr(self, name) + getattr(other, name) for name in names},
        )

    def figures(self) -> dict[str, Any]:
        """The figures as plain numbers, in percent; None where there is nothing to measure.

        `C`, `P`: share of right strokes per sketch, by count and by length, averaged over sketches,
        then over categories (as SPG defines them, Li et al. 2019). `part_accuracy`, `macro_f1`:
        over strokes, and over parts with ten strokes or more, pooled over categories by name;
        strokes whose truth is `unlabeled` are left out of both and of the figures per part.
        """
        per_category = {
            name: {
                "C": percent(self.share[k], SHARE_UNIT * int(self.sketches[k])),
                "P": percent(self.length_share[k], SHARE_UNIT * int(self.sketches[k])),
                "part_accuracy": percent(self.right[k], self.labelled[k]),
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
            "category_accuracy": percent(self.named.sum(), self.judged.sum()),
            "sketches": int(self.sketches.sum()),
            "strokes": int(self.strokes.sum()),
            "per_category": per_category,
            "per_part": per_part,
            "confusion": {"parts": list(self.parts), "counts": self.confusion.tolist()},
        }

    def _per_part(self) -> dict[str, dict[str, Any]]:
        labelled = np.array([p != UNLABELED for p in self.parts], bool)
        counts = self.confusion * labelled[:, None]
        strokes, called = counts.sum(axis=1), counts.sum(axis=0)
        return {
            name: {
                "precision": percent(counts[i, i], called[i]),
                "recall": percent(counts[i, i], strokes[i]),
                "f1": percent(2 * counts[i, i], strokes[i] + called[i]),
                "strokes": int(strokes[i]),
            }
            for i, name in enumerate(self.parts)
            if labelled[i]
        }


def stroke_weights(x: npt.ArrayLike, y: npt.ArrayLike, stroke_len: npt.ArrayLike) -> Ints:
    """Lengths of strokes as P counts them: 1 for the first point, then int(segment length) each.

    Args:
        x: (P,) of all strokes end to end.
        y: (P,) likewise.
        stroke_len: (S,) points per stroke, each at least 1.

    Returns:
        (S,) lengths, each at least 1, in the drawing's own unit.
    """
    return _weights(x, y, stroke_len, np.int64)


def scene_weights(x: npt.ArrayLike, y: npt.ArrayLike, stroke_len: npt.ArrayLike) -> Floats:
    """Lengths of strokes as figures of scenes count them: 1 more than the length of the line.

    Args:
        x: (P,) of all strokes end to end.
        y: (P,) likewise.
        stroke_len: (S,) points per stroke, each at least 1.

    Returns:
        (S,) lengths, each at least 1, in the scene's own unit.
    """
    return _weights(x, y, stroke_len, np.float64)


def _weights(
    x: npt.ArrayLike, y: npt.ArrayLike, stroke_len: npt.ArrayLike, kind: type[np.generic]
) -> npt.NDArray[Any]:
    """(S,) sums over the segments of each stroke, turned into `kind` one by one, and 1."""
    lengths = np.asarray(stroke_len, np.int64)
    if len(lengths) == 0:
        return np.zeros(0, kind)
    starts = np.cumsum(lengths) - lengths
    dx, dy = (np.diff(np.asarray(v, np.float64), prepend=0.0) for v in (x, y))
    segment = np.sqrt(dx * dx + dy * dy).astype(kind)
    segment[starts] = 1
    return np.add.reduceat(segment, starts, dtype=kind)


def shares(
    right_S: npt.NDArray[np.bool_], weight_S: npt.NDArray[Any], sketch_S: Ints, many: int
) -> npt.NDArray[np.float64]:
    """(B,) weight of each sketch's right strokes over that of all; 0 where it has none."""
    total = np.bincount(sketch_S, weight_S, many)
    right = np.bincount(sketch_S, weight_S * right_S, many)
    return np.divide(right, total, out=np.zeros(many), where=total > 0)


def percent(part: Any, whole: Any) -> float | None:
    return 100 * int(part) / int(whole) if whole else None


def _mean(values: Iterable[float | None]) -> float | None:
    known = [v for v in values if v is not None]
    return sum(known) / len(known) if known else None
