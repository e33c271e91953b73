"""Truth and prediction side by side, as numbers: what each sketch or scene adds to the figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from instancesketch.core.sketch import Sketch
from instancesketch.core.taxonomy import Taxonomy
from instancesketch.metrics.grouping import GroupingTally, Outcomes, outcomes
from instancesketch.metrics.matching import Pair
from instancesketch.metrics.parts import Ints, Tally, scene_weights, shares
from instancesketch.metrics.scenes import SceneOutcomes, SceneTally, scene_outcomes

_OF_GROUPING = ("grouping", "ari", "sides")
OF_SCENES = ("pq", "pq_seven", "object_f1")


@dataclass(frozen=True, kw_only=True, eq=False)
class SceneAnswers:
    """Scenes beside their truth: what each adds to the figures."""

    categories: tuple[str, ...]
    sketch_ids: tuple[str, ...]
    outcomes: SceneOutcomes

    @classmethod
    def of(cls, pairs: Sequence[Pair], taxonomy: Taxonomy) -> SceneAnswers:
        """Judges scenes: pairs whose truth has objects. One with `error` has found none."""
        id_of = {name: i for i, name in enumerate(taxonomy.category_names)}

        def categories(sketch: Sketch) -> list[int]:
            named = map(taxonomy.category_of, sketch.object_category or ())
            return [-1 if name is None else id_of[name] for name in named]

        true_B = [categories(pair.true) for pair in pairs]
        said_B = [categories(pair.result) for pair in pairs]
        outcomes = scene_outcomes(
            truth_object=_flat([pair.true.object or () for pair in pairs]),
            object=_flat([pair.objects for pair in pairs]),
            weight=np.concatenate(
                [np.zeros(0), *(scene_weights(t.x, t.y, t.stroke_len) for t, _, _ in pairs)]
            ),
            strokes_per_scene=[len(pair.true) for pair in pairs],
            truth_category=_flat(true_B),
            truth_objects_per_scene=[len(found) for found in true_B],
            category=_flat(said_B),
            objects_per_scene=[len(found) for found in said_B],
        )
        ids = tuple(pair.true.sketch_id for pair in pairs)
        return cls(categories=taxonomy.category_names, sketch_ids=ids, outcomes=outcomes)

    def said(self) -> dict[tuple[str, int], int]:
        """What each true object, by scene and number, was taken for: a category id, or -1."""
        found = self.outcomes
        columns = found.scene_T.tolist(), found.object_T.tolist(), found.said_T.tolist()
        rows = zip(*columns, strict=True)
        return {(self.sketch_ids[scene], number): category for scene, number, category in rows}

    def tally(self, times: npt.ArrayLike | None = None) -> SceneTally:
        """Counts every scene once, or as often as `times` (B,) says."""
        tally = SceneTally.empty(self.categories)
        tally.add_outcomes(self.outcomes, times)
        return tally

    def figures(self) -> dict[str, Any]:
        """The figures of `SceneTally`."""
        return self.tally().figures()

    def figure(self, name: str, times: npt.ArrayLike | None = None) -> float | None:
        """One figure that is a single number, each scene counted as often as `times` (B,) says."""
        return self.tally(times).figures()[name]

    @property
    def category(self) -> Ints:
        """(B,) zeros: scenes have no category, and are drawn from all alike."""
        return np.zeros(len(self.sketch_ids), np.int64)


@dataclass(frozen=True, kw_only=True, eq=False)
class Answers:
    """Truth and prediction of B sketches side by side, as ids: what the tallies count.

    Each true object of a scene, where it has parts and a category of the taxonomy, is a sketch of
    its own. `scenes` has the scenes themselves.
    """

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
    scenes: SceneAnswers

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
        """The figures of the three tallies in one, also by category and by part."""
        found = self.tally().figures()
        for more in (self.grouping().figures(), self.scenes.figures()):
            for key in ("per_category", "per_part"):
                rows = more.get(key, {})
                more[key] = {n: row | rows.get(n, {}) for n, row in found[key].items()}
            found |= more
        return found

    def figure(self, name: str, times: npt.ArrayLike | None = None) -> float | None:
        """One figure that is a single number, each counted as often as `times` (B,) says.

        Figures of scenes count scenes, B of them; all others count sketches.
        """
        if name in OF_SCENES:
            return self.scenes.figure(name, times)
        tally = self.grouping(times) if name in _OF_GROUPING else self.tally(times)
        return tally.figures()[name]

    def shares(self) -> npt.NDArray[np.float64]:
        """(B,) share of right strokes of each sketch, 0 to 1: what C averages."""
        many = len(self.sketch_ids)
        sketch_S = np.repeat(np.arange(many), self.strokes_per_sketch)
        return shares(self.truth == self.predicted, np.ones_like(self.truth), sketch_S, many)


def _flat(lists: Sequence[Sequence[int]]) -> Ints:
    return np.array([number for numbers in lists for number in numbers], np.int64)
