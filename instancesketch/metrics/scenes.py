"""Objects of scenes: which predicted objects match the true ones, judged and counted.

Letters in names: S strokes, B scenes of a batch, K categories, T true objects, Q predicted objects.
A stroke weighs its length + 1. Strokes whose truth is no object are left out, and so are objects
without a stroke. A true and a predicted object match where the strokes that they share
weigh more than half of those that either has, so that none has two matches.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

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
    to_units,
)

# Above a half by more than the rounding of sums: an exact half is not a match.
_MATCH = 0.5 + 1e-9


class SceneOutcomes(NamedTuple):
    """The objects of B scenes and their matches."""

    scenes: int  # B
    scene_T: Ints  # index of the true object's scene in the batch
    object_T: Ints  # its number within the truth of its scene
    category_T: Ints  # -1: not in the taxonomy
    iou_T: Floats  # with the predicted object that it matches; 0 where it matches none
    predicted_T: Ints  # category of that predicted object; -1: none, or no match
    scene_Q: Ints  # index of the predicted object's scene in the batch
    category_Q: Ints  # -1: not in the taxonomy

    @property
    def pq_B(self) -> Floats:
        """The panoptic quality of each scene, (B,), ignoring categories; NaN without objects."""
        true_B, predicted_B = (
            np.bincount(s, minlength=self.scenes) for s in (self.scene_T, self.scene_Q)
        )
        # TP + FP/2 + FN/2 is half of all objects, true and predicted.
        summed = 2 * np.bincount(self.scene_T, self.iou_T, self.scenes)
        return np.divide(
            summed, true_B + predicted_B, out=np.full(self.scenes, np.nan), where=true_B > 0
        )


def judge_scenes(
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
    """Compare the objects of a batch of B scenes of S strokes together with the truth.

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
    predicted_S, category_Q, scene_Q, _ = _objects(
        object, scene_S, category, objects_per_scene, len(strokes_B)
    )
    if weight_S.shape != scene_S.shape:
        raise ValueError("weight and strokes_per_scene don't fit together")

    kept = true_S >= 0
    true_S, predicted_S, weight_S = true_S[kept], predicted_S[kept], weight_S[kept]
    iou_T, match_T = _match(true_S, predicted_S, weight_S, len(category_T), len(category_Q))
    predicted_T = np.where(match_T >= 0, np.append(category_Q, -1)[match_T], -1)
    there_T = np.bincount(true_S, minlength=len(category_T)) > 0
    there_Q = np.bincount(predicted_S[predicted_S >= 0], minlength=len(category_Q)) > 0
    return SceneOutcomes(
        scenes=len(strokes_B),
        scene_T=scene_T[there_T],
        object_T=object_T[there_T],
        category_T=category_T[there_T],
        iou_T=iou_T[there_T],
        predicted_T=predicted_T[there_T],
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
    """Return objects numbered through all scenes.

    Returns:
        The object of each stroke, (S,), -1 for none; and of each object its category, its scene
        and its number in the scene.
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
    true_S: Ints, predicted_S: Ints, weight_S: Floats, many_true: int, many_predicted: int
) -> tuple[Floats, Ints]:
    """Return the intersection over union of each true object with its match, and the match."""
    taken = predicted_S >= 0
    weight_T = np.bincount(true_S, weight_S, many_true)
    weight_Q = np.bincount(predicted_S[taken], weight_S[taken], many_predicted)
    pair_R, pair_S = np.unique(
        true_S[taken] * max(1, many_predicted) + predicted_S[taken], return_inverse=True
    )
    true_R, predicted_R = np.divmod(pair_R, max(1, many_predicted))
    both_R = np.bincount(pair_S, weight_S[taken], len(pair_R))
    iou_R = np.minimum(1, both_R / (weight_T[true_R] + weight_Q[predicted_R] - both_R))
    found_R = iou_R > _MATCH
    iou_T, match_T = np.zeros(many_true), np.full(many_true, -1)
    iou_T[true_R[found_R]], match_T[true_R[found_R]] = iou_R[found_R], predicted_R[found_R]
    return iou_T, match_T


@dataclass(frozen=True, kw_only=True, eq=False)
class SceneTally(Tally):
    """Counts of right objects."""

    scenes: Ints = field(metadata=counts(lambda k, n: (1,)))  # scenes with an object
    pq: Objects = field(metadata=sums(lambda k, n: (1,)))  # over scenes: panoptic quality
    true: Ints = field(
        metadata=counts(lambda k, n: (k + 1,))
    )  # true objects; last: those of no category
    predicted: Ints = field(metadata=counts(lambda k, n: (k + 1,)))  # predicted objects, likewise
    matched: Ints = field(
        metadata=counts(lambda k, n: (1,))
    )  # true objects with a match, in any category
    named: Ints = field(
        metadata=counts(lambda k, n: (k,))
    )  # of these, those whose match has their category
    iou: Objects = field(metadata=sums(lambda k, n: (k,)))  # over these: intersection over union

    def add_arrays(self, *, times: npt.ArrayLike | None = None, **arrays: npt.ArrayLike) -> None:
        """Judge and count a batch of B scenes, in place.

        Arrays are those of `judge_scenes`, `times` that of `add_outcomes`.

        Raises:
            ValueError: the lengths don't fit together, or an object is not among those of its
                scene.
        """
        self.add_outcomes(judge_scenes(**arrays), times)

    def add_outcomes(self, found: SceneOutcomes, times: npt.ArrayLike | None = None) -> None:
        """Count a batch of B scenes that was judged once, in place.

        Args:
            found: of B scenes.
            times: (B,) how often each scene counts; once each for None.

        Raises:
            ValueError: the lengths don't fit together.
        """
        times_B = times_or_ones(times, found.scenes)
        scored_B = ~np.isnan(found.pq_B)
        self.scenes[0] += times_B[scored_B].sum()
        self.pq[0] += int((to_units(found.pq_B[scored_B]) * times_B[scored_B]).sum())
        times_T = times_B[found.scene_T]
        np.add.at(self.true, found.category_T, times_T)  # -1 is the last one
        np.add.at(self.predicted, found.category_Q, times_B[found.scene_Q])
        self.matched[0] += times_T[found.iou_T > 0].sum()
        named_T = (found.category_T >= 0) & (found.category_T == found.predicted_T)
        category_N, times_N = found.category_T[named_T], times_T[named_T]
        np.add.at(self.named, category_N, times_N)
        add_shares(self.iou, category_N, found.iou_T[named_T], times_N)

    def figures(self) -> dict[str, Any]:
        """Return the figures as plain numbers, in percent; None where nothing can be measured.

        Panoptic quality is the sum of the intersections over union of what matches, over
        TP + FP/2 + FN/2 (Kirillov et al. 2019). `pq`: that of each scene, averaged over scenes,
        ignoring categories. `pq_named`: that over all scenes in one, of the objects that are of a
        category of the taxonomy, which their match must have, too. `object_f1`: TP over
        TP + FP/2 + FN/2 over all scenes in one, ignoring categories. Beside them stand the numbers
        of `scenes` and of true and predicted objects; `per_category` has `pq_named` and the two
        numbers for each.
        """
        return {
            "pq": percent(self.pq[0], SHARE_UNIT * int(self.scenes[0])),
            "pq_named": self._quality(np.s_[:-1], np.s_[:]),
            "object_f1": percent(2 * self.matched[0], self.true.sum() + self.predicted.sum()),
            "scenes": int(self.scenes[0]),
            "objects": int(self.true.sum()),
            "predicted_objects": int(self.predicted.sum()),
            "per_category": {
                name: {
                    "pq_named": self._quality(k, k),
                    "objects": int(self.true[k]),
                    "predicted_objects": int(self.predicted[k]),
                }
                for k, name in enumerate(self.categories)
            },
        }

    def _quality(self, objects: Any, matched: Any) -> float | None:
        """Return the panoptic quality of the objects of some categories."""
        both = int(np.sum(self.true[objects]) + np.sum(self.predicted[objects]))
        return percent(2 * np.sum(self.iou[matched]), SHARE_UNIT * both)
