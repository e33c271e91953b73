"""Which strokes belong to one instance of a part, and on which side it is: outcomes and counts.

Letters in names: S strokes, B sketches of a batch, K categories, N parts, U units, T strokes whose
truth has a side. A unit is a sketch and a countable part with two or more strokes of known instance
in the truth. Truth strokes without a known instance take no part in it, and neither do strokes that
were given the part wrongly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from instancesketch.core.taxonomy import UNLABELED
from instancesketch.metrics.parts import SHARE_UNIT, Floats, Ints, percent

Bools = npt.NDArray[np.bool_]


class Outcomes(NamedTuple):
    """How the units and the sided strokes of B sketches came out."""

    sketch_U: Ints  # index of the unit's sketch in the batch
    part_U: Ints  # the true part
    right_U: Bools  # grouped without an error: parts, same with same, different apart
    ari_U: Floats  # adjusted Rand index, -0.5 to 1
    sketch_T: Ints  # index of the stroke's sketch in the batch
    part_T: Ints  # the true part
    right_T: Bools  # the same part on the same side


def outcomes(
    parts: Sequence[str],
    *,
    truth_part: npt.ArrayLike,
    truth_instance: npt.ArrayLike,
    part: npt.ArrayLike,
    instance: npt.ArrayLike,
    strokes_per_sketch: npt.ArrayLike,
    truth_side: npt.ArrayLike | None = None,
    side: npt.ArrayLike | None = None,
) -> Outcomes:
    """Judges a batch of B sketches of S strokes together.

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
        truth_side: (S,) 1 for left, 2 for right, 0 for none; no side is judged where not given.
        side: (S,) likewise; given if and only if `truth_side` is.

    Raises:
        ValueError: the lengths don't fit together.
    """
    per_sketch = np.asarray(strokes_per_sketch, np.int64)
    sketch_S = np.repeat(np.arange(len(per_sketch)), per_sketch)
    if (truth_side is None) != (side is None):
        raise ValueError("truth_side and side go together")
    nothing = np.zeros(len(sketch_S), np.int64)
    truth_S, truth_instance_S, part_S, instance_S, truth_side_S, side_S = (
        np.asarray(nothing if values is None else values, np.int64)
        for values in (truth_part, truth_instance, part, instance, truth_side, side)
    )
    given = (truth_S, truth_instance_S, part_S, instance_S, truth_side_S, side_S)
    if any(values.shape != sketch_S.shape for values in given):
        raise ValueError("the arrays and strokes_per_sketch don't fit together")

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
    return Outcomes(
        sketch_U=sketch_U,
        part_U=part_U,
        right_U=right_U,
        ari_U=ari_U,
        sketch_T=sketch_S[sided_S],
        part_T=truth_S[sided_S],
        right_T=(found_S & (truth_side_S == side_S))[sided_S],
    )


def _units(
    sketch_S: Ints, part_S: Ints, true_S: Ints, said_S: Ints
) -> tuple[Ints, Ints, Bools, Floats]:
    """Units of strokes with known instances, `said` being 0 where a stroke is wrong by itself."""
    unit_S = _joint(sketch_S, part_S)
    enough_S = np.bincount(unit_S)[unit_S] >= 2
    sketch_S, part_S, true_S, said_S = (a[enough_S] for a in (sketch_S, part_S, true_S, said_S))
    unit_S = _joint(sketch_S, part_S)
    first_U = np.unique(unit_S, return_index=True)[1]
    lost_S = said_S < 1
    alone_S = np.where(lost_S, -1 - np.arange(len(said_S)), said_S)
    true_S, said_S = _joint(unit_S, true_S), _joint(unit_S, alone_S)

    many = len(first_U)
    both = _pairs(_joint(true_S, said_S), unit_S, many)
    in_truth, in_answer = _pairs(true_S, unit_S, many), _pairs(said_S, unit_S, many)
    right_U = (np.bincount(unit_S, lost_S, many) == 0) & (both == in_truth) & (both == in_answer)
    ari_U = _adjusted_rand(both, in_truth, in_answer, _pairs(unit_S, unit_S, many))
    # Each stroke on its own is how most truths are, so silence would score high.
    ari_U[np.bincount(unit_S, ~lost_S, many) == 0] = 0
    return sketch_S[first_U], part_S[first_U], right_U, ari_U


def _joint(first_S: Ints, second_S: Ints) -> Ints:
    """(S,) numbers from 0 without gaps, the same where both are the same."""
    values, second_S = np.unique(second_S, return_inverse=True)
    return np.unique(first_S * max(1, len(values)) + second_S, return_inverse=True)[1]


def _pairs(group_S: Ints, unit_S: Ints, many: int) -> Ints:
    """(U,) number of pairs of strokes of one group, for groups numbered without gaps."""
    unit_G = np.zeros(len(np.bincount(group_S)), np.int64)
    unit_G[group_S] = unit_S
    size_G = np.bincount(group_S)
    pairs_U = np.zeros(many, np.int64)
    np.add.at(pairs_U, unit_G, size_G * (size_G - 1) // 2)
    return pairs_U


def _adjusted_rand(both: Ints, in_truth: Ints, in_answer: Ints, all_pairs: Ints) -> Floats:
    """Adjusted Rand index from numbers of pairs (Hubert and Arabie 1985, equation 5).

    Written over the four kinds of pairs, as scikit-learn does, so that equal partitions give 1 even
    where the index is 0 / 0: all in one group, or each on its own.
    """
    same = both.astype(np.float64)
    split, merged = in_truth - same, in_answer - same
    apart = all_pairs - same - split - merged
    chance = (same + split) * (split + apart) + (same + merged) * (merged + apart)
    above = 2 * (same * apart - split * merged)
    return np.divide(above, chance, out=np.ones(len(same)), where=(split > 0) | (merged > 0))


@dataclass(frozen=True, kw_only=True, eq=False)
class GroupingTally:
    """Counts that grouping and sides are made of. Tallies of shards are added exactly."""

    parts: tuple[str, ...]
    categories: tuple[str, ...]
    groups: Ints  # (K, N) units
    right_groups: Ints  # (K, N) those of them that are right
    ari: npt.NDArray[np.object_]  # (K, N) sum of their adjusted Rand indices
    sided: Ints  # (K, N) strokes whose truth has a side
    right_sided: Ints  # (K, N) those of them that are right

    @classmethod
    def empty(cls, parts: Sequence[str], categories: Sequence[str]) -> GroupingTally:
        """A tally of nothing, for part and category ids that index these names."""
        shape = len(categories), len(parts)
        counts: dict[str, Any] = {f.name: np.zeros(shape, np.int64) for f in fields(cls)[2:]}
        counts["ari"] = np.zeros(shape, object)  # of Python's integers, which don't overflow
        return cls(parts=tuple(parts), categories=tuple(categories), **counts)

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
        """Counts a batch of B sketches of S strokes together, in place.

        Arrays over strokes are those of `outcomes`, `category` and `times` those of `add_outcomes`.

        Raises:
            ValueError: the lengths don't fit together.
        """
        found = outcomes(
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
        self, found: Outcomes, category: npt.ArrayLike, times: npt.ArrayLike | None = None
    ) -> None:
        """Counts what was judged once, in place.

        Args:
            found: of B sketches.
            category: (B,) category ids of the truth, none of them negative.
            times: (B,) how often each sketch counts; once each where not given.

        Raises:
            ValueError: the lengths don't fit together.
        """
        category_B = np.asarray(category, np.int64)
        times_B = np.ones_like(category_B) if times is None else np.asarray(times, np.int64)
        if category_B.shape != times_B.shape:
            raise ValueError("category and times don't fit together")
        cell_U = category_B[found.sketch_U], found.part_U
        times_U = times_B[found.sketch_U]
        np.add.at(self.groups, cell_U, times_U)
        np.add.at(self.right_groups, cell_U, times_U * found.right_U)
        summed = np.zeros(self.groups.shape, np.int64)
        np.add.at(summed, cell_U, np.rint(found.ari_U * SHARE_UNIT).astype(np.int64) * times_U)
        np.add(self.ari, summed, out=self.ari)
        cell_T = category_B[found.sketch_T], found.part_T
        times_T = times_B[found.sketch_T]
        np.add.at(self.sided, cell_T, times_T)
        np.add.at(self.right_sided, cell_T, times_T * found.right_T)

    def __add__(self, other: GroupingTally) -> GroupingTally:
        if (self.parts, self.categories) != (other.parts, other.categories):
            raise ValueError("tallies of different parts or categories can't be added")
        names = [f.name for f in fields(self)[2:]]
        return GroupingTally(
            parts=self.parts,
            categories=self.categories,
            **{name: getattr(self, name) + getattr(other, name) for name in names},
        )

    def figures(self) -> dict[str, Any]:
        """The figures as plain numbers, in percent; None where there is nothing to measure.

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
