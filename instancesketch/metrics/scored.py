"""Scored sketches and scenes: truth and prediction as ids, and the figures of samples of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from instancesketch.core.sketch import Sketch
from instancesketch.core.taxonomy import OTHER, PARTLESS, Taxonomy
from instancesketch.metrics.calibration import Reliability, reliability
from instancesketch.metrics.grouping import GroupingTally, GroupOutcomes, judge_groups
from instancesketch.metrics.matching import Pair
from instancesketch.metrics.novelty import Separation, separate
from instancesketch.metrics.parts import (
    PartOutcomes,
    PartTally,
    are_labelled,
    judge_parts,
    scene_weights,
)
from instancesketch.metrics.scenes import SceneOutcomes, SceneTally, judge_scenes
from instancesketch.metrics.tally import Floats, Ints, times_or_ones

_OF_GROUPING = ("grouping", "ari", "sides")
OF_SCENES = ("pq", "pq_named", "object_f1")
_OF_SCORES = ("known_auroc", "other_kept", "category_ece", "part_ece")


@dataclass(frozen=True, kw_only=True, eq=False)
class ScoredScenes:
    """B scenes, judged."""

    categories: tuple[str, ...]
    sketch_ids: tuple[str, ...]
    outcomes: SceneOutcomes

    @classmethod
    def of(cls, pairs: Sequence[Pair], taxonomy: Taxonomy) -> ScoredScenes:
        """Judge pairs whose truth has objects; a result with `error` has no objects."""
        id_of = {name: i for i, name in enumerate(taxonomy.category_names)}

        def categories(sketch: Sketch) -> list[int]:
            named = map(taxonomy.category_of, sketch.object_category or ())
            return [-1 if name is None else id_of[name] for name in named]

        true_B = [categories(pair.true) for pair in pairs]
        predicted_B = [categories(pair.result) for pair in pairs]
        outcomes = judge_scenes(
            truth_object=_flat([pair.true.object or () for pair in pairs]),
            object=_flat([pair.objects for pair in pairs]),
            weight=np.concatenate(
                [np.zeros(0), *(scene_weights(t.x, t.y, t.stroke_len) for t, _, _ in pairs)]
            ),
            strokes_per_scene=[len(pair.true) for pair in pairs],
            truth_category=_flat(true_B),
            truth_objects_per_scene=[len(found) for found in true_B],
            category=_flat(predicted_B),
            objects_per_scene=[len(found) for found in predicted_B],
        )
        ids = tuple(pair.true.sketch_id for pair in pairs)
        return cls(categories=taxonomy.category_names, sketch_ids=ids, outcomes=outcomes)

    def predicted_categories(self) -> dict[tuple[str, int], int]:
        """Return the predicted category id, or -1, of each true object by scene id and number."""
        found = self.outcomes
        columns = found.scene_T.tolist(), found.object_T.tolist(), found.predicted_T.tolist()
        rows = zip(*columns, strict=True)
        return {(self.sketch_ids[scene], number): category for scene, number, category in rows}

    def tally(self, times: npt.ArrayLike | None = None) -> SceneTally:
        """Count every scene once, or `times` times, (B,)."""
        tally = SceneTally.empty((), self.categories)
        tally.add_outcomes(self.outcomes, times)
        return tally

    def figures(self) -> dict[str, Any]:
        """Return the figures of `SceneTally`."""
        return self.tally().figures()

    def figure(self, name: str, times: npt.ArrayLike | None = None) -> float | None:
        """Return a figure that is a single number, with scenes counted `times` times, (B,)."""
        return self.tally(times).figures()[name]

    @property
    def category(self) -> Ints:
        """Zeros, (B,): scenes have no category, so that a bootstrap samples from all of them."""
        return np.zeros(len(self.sketch_ids), np.int64)


@dataclass(frozen=True, kw_only=True, eq=False)
class ScoredSketches:
    """Truth and prediction of B sketches of S strokes together, as ids.

    Each true object of a scene is a sketch of its own, if it has parts and a category of the
    taxonomy; `scenes` has the scenes themselves. A sketch whose category alone is scored has no
    stroke here.
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
    scenes: ScoredScenes
    # NaN where there is no score, as with a category that was given.
    part_score: Floats  # (S,)
    category_score: Floats  # (B,)
    known: Floats  # (B,) score of being of a category with parts

    def tally(self, times: npt.ArrayLike | None = None) -> PartTally:
        """Count the parts of every sketch once, or `times` times, (B,)."""
        tally = PartTally.empty(self.parts, self.categories)
        tally.add_outcomes(self.part_outcomes, self.category, self.predicted_category, times)
        return tally

    @cached_property
    def part_outcomes(self) -> PartOutcomes:
        """The parts of the strokes, and the shares of right ones."""
        return judge_parts(
            truth=self.truth,
            predicted=self.predicted,
            weight=self.weight,
            strokes_per_sketch=self.strokes_per_sketch,
        )

    def grouping(self, times: npt.ArrayLike | None = None) -> GroupingTally:
        """Count the instances and sides of every sketch once, or `times` times, (B,)."""
        tally = GroupingTally.empty(self.parts, self.categories)
        tally.add_outcomes(self.group_outcomes, self.category, times)
        return tally

    @cached_property
    def group_outcomes(self) -> GroupOutcomes:
        """The groups and the sided strokes, and whether they are right."""
        return judge_groups(
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
        """Return the figures of the three tallies together, and those of the scores.

        `known_auroc`, `other_kept`: known against other drawings, where the taxonomy has `other`.
        `category_ece`, `part_ece`: expected calibration errors; `reliability`: their tables.
        """
        found = self.tally().figures() | self._score_figures()
        found["reliability"] = {
            "category": self.category_reliability().rows(),
            "part": self.part_reliability().rows(),
        }
        for more in (self.grouping().figures(), self.scenes.figures()):
            for key in ("per_category", "per_part"):
                rows = more.get(key, {})
                more[key] = {n: row | rows.get(n, {}) for n, row in found[key].items()}
            found |= more
        return found

    def figure(self, name: str, times: npt.ArrayLike | None = None) -> float | None:
        """Return a figure that is a single number, with sketches counted `times` times, (B,).

        For figures of scenes B is the number of scenes.
        """
        if name in OF_SCENES:
            return self.scenes.figure(name, times)
        if name in _OF_SCORES:
            return self._score_figures(times)[name]
        tally = self.grouping(times) if name in _OF_GROUPING else self.tally(times)
        return tally.figures()[name]

    def _score_figures(self, times: npt.ArrayLike | None = None) -> dict[str, Any]:
        known = Separation(None, None)
        if OTHER in self.categories:
            other = self.categories.index(OTHER)
            # A drawing of several things is neither.
            score_B = np.where(self._are_partless() & (self.category != other), np.nan, self.known)
            known = separate(score_B, self.category == other, times)
        return {
            "known_auroc": known.auroc,
            "other_kept": known.other_kept,
            "category_ece": self.category_reliability(times).error,
            "part_ece": self.part_reliability(times).error,
        }

    def _are_partless(self) -> npt.NDArray[np.bool_]:
        return np.isin(
            self.category, [self.categories.index(n) for n in PARTLESS if n in self.categories]
        )

    def category_reliability(self, times: npt.ArrayLike | None = None) -> Reliability:
        """Compare the scores of categories with how often they are right."""
        if self.predicted_category is None:
            return reliability([], [])
        right_B = self.category == self.predicted_category
        times_B = times_or_ones(times, len(right_B)) * ~np.isnan(self.category_score)
        return reliability(np.repeat(self.category_score, times_B), np.repeat(right_B, times_B))

    def part_reliability(self, times: npt.ArrayLike | None = None) -> Reliability:
        """Compare the scores of parts with how often they are right, where the category is.

        The score of a part is that among the parts of the category.
        """
        times_B = times_or_ones(times, len(self.strokes_per_sketch))
        if self.predicted_category is not None:
            times_B = times_B * (self.category == self.predicted_category)
        labelled_S = are_labelled(self.parts)[self.truth] & ~np.isnan(self.part_score)
        times_S = np.repeat(times_B, self.strokes_per_sketch) * labelled_S
        right_S = self.truth == self.predicted
        return reliability(np.repeat(self.part_score, times_S), np.repeat(right_S, times_S))

    def shares(self) -> npt.NDArray[np.float64]:
        """Return the share of right strokes of each sketch, (B,), which C averages."""
        return self.part_outcomes.share_B


def _flat(lists: Sequence[Sequence[int]]) -> Ints:
    return np.array([number for numbers in lists for number in numbers], np.int64)
