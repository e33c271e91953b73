"""Instances and sides: which strokes are one instance of a part, judged and counted.

Letters in names: S strokes, B sketches of a batch, K categories, N parts, U units, T strokes whose
truth has a side. A unit is a sketch and a countable part with two or more strokes of known instance
in the truth. Strokes whose true instance is unknown are left out of it, and so are strokes of other
parts that were predicted as this one.
"""

from __future__ import annotations

from collections.abc import Sequence
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

Bools = npt.NDArray[np.bool_]


class GroupOutcomes(NamedTuple):
    """The units and the sided strokes of B sketches, and whether they are right."""

    sketch_U: Ints  # index of the unit's sketch in the batch
    part_U: Ints  # the true part
    right_U: Bools  # grouped without an error: parts, same with same, different apart
    ari_U: Floats  # adjusted Rand index, -0.5 to 1
    sketch_T: Ints  # index of the stroke's sketch in the batch
    part_T: Ints  # the true part
    right_T: Bools  # the same part on the same side


def judge_groups(
    parts: Sequence[str],
    *,
    truth_part: npt.ArrayLike,
    truth_instance: npt.ArrayLike,
    part: npt.ArrayLike,
    instance: npt.ArrayLike,
    strokes_per_sketch: npt.ArrayLike,
    truth_side: npt.ArrayLike | None = None,
    side: npt.ArrayLike | None = None,
) -> GroupOutcomes:
    """Compare the groups of a batch of B sketches of S strokes together with the truth.

    A unit is right if every stroke of it has the right part and a number, and numbers are the same
    where the truth's are, and only there; which numbers they are doesn't matter. For its adjusted
    Rand index a stroke of wrong part or without a number is a group of its own; where all strokes
    are so, nothing was answered, and the index counts as 0.

    Args:
        parts: names that part ids index; what is truly `unlabeled` is left out.
        truth_part: (S,) part ids; -1 for no truth.
        truth_instance: (S,) from 1; 0 for several at once or unknown; -1 for not countable.
        part: (S,) part ids; -1 for no prediction.
        instance: (S,) from 1; 0 and -1 for none.
        strokes_per_sketch: (B,) summing to S.
        truth_side: (S,) 1 for left, 2 for right, 0 for none; None judges no side.
        side: (S,) likewise; given if and only if `truth_side` is.

    Raises:
        ValueError: the lengths don't fit together.
    """
    if (truth_side is None) != (side is None):
        raise ValueError("truth_side and side go together")
    sketch_S, truth_S, truth_instance_S, part_S, instance_S, truth_side_S, side_S = _to_arrays(
        strokes_per_sketch, truth_part, truth_instance, part, instance, truth_side, side
    )
    # A stroke without truth (-1) looks up the last entry.
    labelled_S = (truth_S >= 0) & np.array([p != UNLABELED for p in (*parts, "")], bool)[truth_S]
    found_S = truth_S == part_S
    sided_S = labelled_S & (truth_side_S > 0)
    countable_S = labelled_S & (truth_instance_S >= 1)
    sketch_U, part_U, right_U, ari_U = _units(
        sketch_S[countable_S],
        truth_S[countable_S],
        truth_instance_S[countable_S],
        np.where(found_S & (instance_S >= 1), instance_S, 0)[countable_S],
    )
    return GroupOutcomes(
        sketch_U=sketch_U,
        part_U=part_U,
        right_U=right_U,
        ari_U=ari_U,
        sketch_T=sketch_S[sided_S],
        part_T=truth_S[sided_S],
        right_T=(found_S & (truth_side_S == side_S))[sided_S],
    )


def _to_arrays(strokes_per_sketch: npt.ArrayLike, *values: npt.ArrayLike | None) -> list[Ints]:
    """Return the sketch of each stroke, (S,), and the values as arrays, (S,); zeros for None."""
    per_sketch = np.asarray(strokes_per_sketch, np.int64)
    sketch_S = np.repeat(np.arange(len(per_sketch)), per_sketch)
    zeros_S = np.zeros(len(sketch_S), np.int64)
    arrays = [np.asarray(zeros_S if v is None else v, np.int64) for v in values]
    if any(array.shape != sketch_S.shape for array in arrays):
        raise ValueError("the arrays and strokes_per_sketch don't fit together")
    return [sketch_S, *arrays]


def _units(
    sketch_S: Ints, part_S: Ints, true_S: Ints, predicted_S: Ints
) -> tuple[Ints, Ints, Bools, Floats]:
    """Return the units of strokes with known instances, and whether they are right.

    `predicted_S` is the predicted instance, or 0 where a stroke has a wrong part or no instance.
    """
    unit_S = _joint(sketch_S, part_S)
    enough_S = np.bincount(unit_S)[unit_S] >= 2
    sketch_S, part_S, true_S, predicted_S = (
        a[enough_S] for a in (sketch_S, part_S, true_S, predicted_S)
    )
    unit_S = _joint(sketch_S, part_S)
    first_U = np.unique(unit_S, return_index=True)[1]
    lost_S = predicted_S < 1
    alone_S = np.where(lost_S, -1 - np.arange(len(predicted_S)), predicted_S)
    true_S, predicted_S = _joint(unit_S, true_S), _joint(unit_S, alone_S)

    many = len(first_U)
    both = _pairs(_joint(true_S, predicted_S), unit_S, many)
    in_truth, in_answer = _pairs(true_S, unit_S, many), _pairs(predicted_S, unit_S, many)
    right_U = (np.bincount(unit_S, lost_S, many) == 0) & (both == in_truth) & (both == in_answer)
    ari_U = _adjusted_rand(both, in_truth, in_answer, _pairs(unit_S, unit_S, many))
    # Most truths have one stroke per instance, so predicting nothing would score high.
    ari_U[np.bincount(unit_S, ~lost_S, many) == 0] = 0
    return sketch_S[first_U], part_S[first_U], right_U, ari_U


def _joint(first_S: Ints, second_S: Ints) -> Ints:
    """Return numbers from 0 without gaps, (S,), equal where both inputs are equal."""
    values, second_S = np.unique(second_S, return_inverse=True)
    return np.unique(first_S * max(1, len(values)) + second_S, return_inverse=True)[1]


def _pairs(group_S: Ints, unit_S: Ints, many: int) -> Ints:
    """Return the number of pairs of strokes in one group in each unit, (U,)."""
    unit_G = np.zeros(len(np.bincount(group_S)), np.int64)
    unit_G[group_S] = unit_S
    size_G = np.bincount(group_S)
    pairs_U = np.zeros(many, np.int64)
    np.add.at(pairs_U, unit_G, size_G * (size_G - 1) // 2)
    return pairs_U


def _adjusted_rand(both: Ints, in_truth: Ints, in_answer: Ints, all_pairs: Ints) -> Floats:
    """Return the adjusted Rand index from numbers of pairs (Hubert and Arabie 1985, equation 5)."""
    # Over the four sorts of pairs, as in scikit-learn, equal partitions give 1 even where the
    # index is 0 / 0: all in one group, or each stroke on its own.
    same = both.astype(np.float64)
    split, merged = in_truth - same, in_answer - same
    apart = all_pairs - same - split - merged
    chance = (same + split) * (split + apart) + (same + merged) * (merged + apart)
    above = 2 * (same * apart - split * merged)
    return np.divide(above, chance, out=np.ones(len(same)), where=(split > 0) | (merged > 0))


@dataclass(frozen=True, kw_only=True, eq=False)
class GroupingTally(Tally):
    """Counts of right groups and sides."""

    groups: Ints = field(metadata=counts(lambda k, n: (k, n)))  # units
    right_groups: Ints = field(
        metadata=counts(lambda k, n: (k, n))
    )  # of these, those that are right
    ari: Objects = field(metadata=sums(lambda k, n: (k, n)))  # over units: adjusted Rand index
    sided: Ints = field(metadata=counts(lambda k, n: (k, n)))  # strokes whose truth has a side
    right_sided: Ints = field(
        metadata=counts(lambda k, n: (k, n))
    )  # of these, those that are right

    def add_arrays(
        self,
        *,
        truth_part: npt.ArrayLike,
        truth_instance: npt.ArrayLike,
        part: npt.ArrayLike,
        instance: npt.ArrayLike,
        strokes_per_sketch: npt.ArrayLike,
        category: npt.ArrayLike,
        truth_side: npt.ArrayLike | None = None,
        side: npt.ArrayLike | None = None,
        times: npt.ArrayLike | None = None,
    ) -> None:
        """Judge and count a batch of B sketches, in place.

        Arrays over strokes are those of `judge_groups`, the others those of `add_outcomes`.

        Raises:
            ValueError: the lengths don't fit together.
        """
        found = judge_groups(
            self.parts,
            truth_part=truth_part,
            truth_instance=truth_instance,
            part=part,
            instance=instance,
            strokes_per_sketch=strokes_per_sketch,
            truth_side=truth_side,
            side=side,
        )
        if np.shape(category) != np.shape(strokes_per_sketch):
            raise ValueError("category and strokes_per_sketch don't fit together")
        self.add_outcomes(found, category, times)

    def add_outcomes(
        self, found: GroupOutcomes, category: npt.ArrayLike, times: npt.ArrayLike | None = None
    ) -> None:
        """Count a batch of B sketches that was judged once, in place.

        Args:
            found: of B sketches.
            category: (B,) category ids of the truth, from 0.
            times: (B,) how often each sketch counts; once each for None.

        Raises:
            ValueError: the lengths don't fit together.
        """
        category_B = np.asarray(category, np.int64)
        times_B = times_or_ones(times, len(category_B))
        cell_U = category_B[found.sketch_U], found.part_U
        times_U = times_B[found.sketch_U]
        np.add.at(self.groups, cell_U, times_U)
        np.add.at(self.right_groups, cell_U, times_U * found.right_U)
        add_shares(self.ari, cell_U, found.ari_U, times_U)
        cell_T = category_B[found.sketch_T], found.part_T
        times_T = times_B[found.sketch_T]
        np.add.at(self.sided, cell_T, times_T)
        np.add.at(self.right_sided, cell_T, times_T * found.right_T)

    def figures(self) -> dict[str, Any]:
        """Return the figures as plain numbers, in percent; None where nothing can be measured.

        `grouping`: share of units grouped without an error. `ari`: their mean adjusted Rand index.
        `sides`: share of strokes with a side in the truth that have that part and side. Beside them
        stand the numbers of `groups` (units) and `sided_strokes`. All that over everything,
        `per_category`, and `per_part`, which pools categories by name.
        """
        return self._figures(np.s_[:, :]) | {
            "per_category": {n: self._figures(np.s_[k, :]) for k, n in enumerate(self.categories)},
            "per_part": {
                n: self._figures(np.s_[:, i]) for i, n in enumerate(self.parts) if n != UNLABELED
            },
        }

    def _figures(self, cells: Any) -> dict[str, Any]:
        groups, sided = int(self.groups[cells].sum()), int(self.sided[cells].sum())
        return {
            "grouping": percent(self.right_groups[cells].sum(), groups),
            "ari": percent(self.ari[cells].sum(), SHARE_UNIT * groups),
            "sides": percent(self.right_sided[cells].sum(), sided),
            "groups": groups,
            "sided_strokes": sided,
        }
