"""How well the strokes of scenes were gathered into objects: outcomes and counts.

Letters in names: S strokes, B scenes of a batch, K categories, T true objects, Q predicted objects.
A stroke weighs its length + 1; strokes that truly belong to no object are left out, and so are
objects without a stroke. A true and a predicted object match where the strokes that they share
weigh more than half of those that either has, so that none has two matches.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from instancesketch.metrics.parts import SHARE_UNIT, Floats, Ints, percent

# Above a half, and by more than the rounding of sums: an exact half is no match.
_MATCH = 0.5 + 1e-9


class SceneOutcomes(NamedTuple):
    """How the objects of B scenes came out."""

    scenes: int  # B
    scene_T: Ints  # index of the true object's scene in the batch
    object_T: Ints  # its number within the truth of its scene
    category_T: Ints  # -1: none of the taxonomy
    iou_T: Floats  # with the predicted object that it matches; 0 where it matches none
    said_T: Ints  # category of that predicted object; -1: none, or no match
    scene_Q: Ints  # index of the predicted object's scene in the batch
    category_Q: Ints  # -1: none of the taxonomy

    @property
    def pq_B(self) -> Floats:
        """(B,) panoptic quality of each scene, 0 to 1, ignoring categories; NaN without objects."""
        true_B, said_B = (
            np.bincount(s, minlength=self.scenes) for s in (self.scene_T, self.scene_Q)
        )
        # TP + FP/2 + FN/2 is half of all objects, true and predicted.
        summed = 2 * np.bincount(self.scene_T, self.iou_T, self.scenes)
        return np.divide(
            summed, true_B + said_B, out=np.full(self.scenes, np.nan), where=true_B > 0
        )


def scene_outcomes(
    *,
    truth_object: npt.ArrayLike,
    object: npt.ArrayLike,
    weight: npt.ArrayLike,
    strokes_per_scene: npt.ArrayLike,
    truth_category: npt.ArrayLike,
    truth_objects_per_scene: npt.ArrayLike,
    category: npt.ArrayLike,
    objects_per_scene: npt.ArrayLike,
) -> SceneOutcomes:
    """Judges a batch of B scenes together.

    Args:
        truth_object: (S,) index among the scene's true objects; -1 for none.
        object: (S,) index among the scene's predicted objects; -1 for none.
        weight: (S,) above 0, from `scene_weights`.
        strokes_per_scene: (B,) summing to S.
        truth_category: category ids of all true objects, scene after scene; -1 for none.
        truth_objects_per_scene: (B,) summing to the length of `truth_category`.
        category: category ids of all predicted objects, likewise.
        objects_per_scene: (B,) summing to the length of `category`.

    Raises:
        ValueError: the lengths don't fit together, or an object is not among those of its scene.
    """
    strokes_B = np.asarray(strokes_per_scene, np.int64)
    scene_S = np.repeat(np.arange(len(strokes_B)), strokes_B)
    weight_S = np.asarray(weight, np.float64)
    true_S, category_T, scene_T, object_T = _objects(
        truth_object, scene_S, truth_category, truth_objects_per_scene, len(strokes_B)
    )
    said_S, category_Q, scene_Q, _ = _objects(
        object, scene_S, category, objects_per_scene, len(strokes_B)
    )
    if weight_S.shape != scene_S.shape:
        raise ValueError("weight and strokes_per_scene don't fit together")

    kept = true_S >= 0
    true_S, said_S, weight_S = true_S[kept], said_S[kept], weight_S[kept]
    iou_T, match_T = _match(true_S, said_S, weight_S, len(category_T), len(category_Q))
    said_T = np.where(match_T >= 0, np.append(category_Q, -1)[match_T], -1)
    there_T = np.bincount(true_S, minlength=len(category_T)) > 0
    there_Q = np.bincount(said_S[said_S >= 0], minlength=len(category_Q)) > 0
    return SceneOutcomes(
        scenes=len(strokes_B),
        scene_T=scene_T[there_T],
        object_T=object_T[there_T],
        category_T=category_T[there_T],
        iou_T=iou_T[there_T],
        said_T=said_T[there_T],
        scene_Q=scene_Q[there_Q],
        category_Q=category_Q[there_Q],
    )


def _objects(
    object_: npt.ArrayLike,
    scene_S: Ints,
    category: npt.ArrayLike,
    per_scene: npt.ArrayLike,
    many: int,
) -> tuple[Ints, Ints, Ints, Ints]:
    """Objects numbered through all scenes: of each stroke; and of each its category, its scene and
    its number there.
    """
    object_S, category_O, count_B = (
        np.asarray(values, np.int64) for values in (object_, category, per_scene)
    )
    fits = object_S.shape == scene_S.shape and len(count_B) == many
    if not fits or count_B.sum() != len(category_O):
        raise ValueError("strokes, objects and scenes don't fit together")
    if ((object_S < -1) | (object_S >= count_B[scene_S])).any():
        raise ValueError("an object is not among those of its scene")
    first_B = np.cumsum(count_B) - count_B
    scene_O = np.repeat(np.arange(many), count_B)
    number_O = np.arange(len(category_O)) - first_B[scene_O]
    return np.where(object_S < 0, -1, object_S + first_B[scene_S]), category_O, scene_O, number_O


def _match(
    true_S: Ints, said_S: Ints, weight_S: Floats, many_true: int, many_said: int
) -> tuple[Floats, Ints]:
    """(T,) intersection over union with the one match of each true object, and which that is."""
    taken = said_S >= 0
    weight_T = np.bincount(true_S, weight_S, many_true)
    weight_Q = np.bincount(said_S[taken], weight_S[taken], many_said)
    pair_R, pair_S = np.unique(
        true_S[taken] * max(1, many_said) + said_S[taken], return_inverse=True
    )
    true_R, said_R = np.divmod(pair_R, max(1, many_said))
    both_R = np.bincount(pair_S, weight_S[taken], len(pair_R))
    iou_R = np.minimum(1, both_R / (weight_T[true_R] + weight_Q[said_R] - both_R))
    found_R = iou_R > _MATCH
    iou_T, match_T = np.zeros(many_true), np.full(many_true, -1)
    iou_T[true_R[found_R]], match_T[true_R[found_R]] = iou_R[found_R], said_R[found_R]
    return iou_T, match_T


@dataclass(frozen=True, kw_only=True, eq=False)
class SceneTally:
    """Counts that figures of scenes are made of. Tallies of shards are added exactly."""

    categories: tuple[str, ...]
    scenes: Ints  # (1,) scenes with an object
    pq: npt.NDArray[np.object_]  # (1,) sum of their panoptic qualities
    true: Ints  # (K + 1,) true objects; the last are of no category of the taxonomy
    said: Ints  # (K + 1,) predicted objects, likewise
    matched: Ints  # (1,) true objects with a match, whatever the categories
    named: Ints  # (K,) those whose match has their category
    iou: npt.NDArray[np.object_]  # (K,) sum of the intersections over union of these

    @classmethod
    def empty(cls, categories: Sequence[str]) -> SceneTally:
        """A tally of nothing, for category ids that index these names."""
        many = len(categories)
        return cls(
            categories=tuple(categories),
            scenes=np.zeros(1, np.int64),
            pq=np.zeros(1, object),  # of Python's integers, which don't overflow
            true=np.zeros(many + 1, np.int64),
            said=np.zeros(many + 1, np.int64),
            matched=np.zeros(1, np.int64),
            named=np.zeros(many, np.int64),
            iou=np.zeros(many, object),
        )

    def add_arrays(self, *, times: npt.ArrayLike | None = None, **arrays: npt.ArrayLike) -> None:
        """Counts a batch of B scenes of S strokes together, in place.

        Arrays are those of `scene_outcomes`, `times` that of `add_outcomes`.

        Raises:
            ValueError: the lengths don't fit together, or an object is not among those of its
                scene.
        """
        self.add_outcomes(scene_outcomes(**arrays), times)

    def add_outcomes(self, found: SceneOutcomes, times: npt.ArrayLike | None = None) -> None:
        """Counts what was judged once, in place.

        Args:
            found: of B scenes.
            times: (B,) how often each scene counts; once each where not given.

        Raises:
            ValueError: the lengths don't fit together.
        """
        times_B = np.ones(found.scenes, np.int64) if times is None else np.asarray(times, np.int64)
        if times_B.shape != (found.scenes,):
            raise ValueError("times and scenes don't fit together")
        scored_B = ~np.isnan(found.pq_B)
        self.scenes[0] += times_B[scored_B].sum()
        self.pq[0] += int((_units(found.pq_B[scored_B]) * times_B[scored_B]).sum())
        times_T = times_B[found.scene_T]
        np.add.at(self.true, found.category_T, times_T)  # -1 is the last one
        np.add.at(self.said, found.category_Q, times_B[found.scene_Q])
        self.matched[0] += times_T[found.iou_T > 0].sum()
        named_T = (found.category_T >= 0) & (found.category_T == found.said_T)
        category_N, times_N = found.category_T[named_T], times_T[named_T]
        np.add.at(self.named, category_N, times_N)
        summed = np.zeros(len(self.categories), np.int64)
        np.add.at(summed, category_N, _units(found.iou_T[named_T]) * times_N)
        np.add(self.iou, summed, out=self.iou)

    def __add__(self, other: SceneTally) -> SceneTally:
        if self.categories != other.categories:
            raise ValueError("tallies of different categories can't be added")
        names = [f.name for f in fields(self)[1:]]
        return SceneTally(
            categories=self.categories,
            **{name: getattr(self, name) + getattr(other, name) for name in names},
        )

    def figures(self) -> dict[str, Any]:
        """The figures as plain numbers, in percent; None where there is nothing to measure.

        Panoptic quality is the sum of the intersections over union of what matches, over
        TP + FP/2 + FN/2 (Kirillov et al. 2019). `pq`: that of each scene, averaged over scenes,
        ignoring categories. `pq_seven`: that over all scenes in one, of the objects that are of a
        category of the taxonomy, which their match must have, too. `object_f1`: TP over
        TP + FP/2 + FN/2 over all scenes in one, ignoring categories. Beside them stand the numbers
        of `scenes` and of true and predicted objects; `per_category` has `pq_seven` and the two
        numbers for each.
        """
        return {
            "pq": percent(self.pq[0], SHARE_UNIT * int(self.scenes[0])),
            "pq_seven": self._quality(np.s_[:-1], np.s_[:]),
            "object_f1": percent(2 * self.matched[0], self.true.sum() + self.said.sum()),
            "scenes": int(self.scenes[0]),
            "objects": int(self.true.sum()),
            "predicted_objects": int(self.said.sum()),
            "per_category": {
                name: {
                    "pq_seven": self._quality(k, k),
                    "objects": int(self.true[k]),
                    "predicted_objects": int(self.said[k]),
                }
                for k, name in enumerate(self.categories)
            },
        }

    def _quality(self, objects: Any, matched: Any) -> float | None:
        """Panoptic quality of the objects of some categories; named: a match of them."""
        both = int(np.sum(self.true[objects]) + np.sum(self.said[objects]))
        return percent(2 * np.sum(self.iou[matched]), SHARE_UNIT * both)


def _units(share: Floats) -> Ints:
    return np.rint(share * SHARE_UNIT).astype(np.int64)
