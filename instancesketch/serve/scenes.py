"""Label scenes that are drawn on the page: objects of the model, and objects that a person made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from functools import lru_cache
from math import nan

from instancesketch.core.schema import RESULT_SCHEMA, from_table, to_table
from instancesketch.core.sketch import Sketch
from instancesketch.inference.object_grouper import Grouper
from instancesketch.inference.scene_segmenter import SceneSegmenter
from instancesketch.inference.segmenter import Segmenter
from instancesketch.serve.requests import ChosenObjects

# Of all strokes of both, more than this share are in a person's object and in the model's: then
# what the model took its object for is still worth something.
_SAME = 0.5
_RESTRICTED = 4  # sets of categories whose networks are kept


class SceneLabeller:
    """Groups the strokes of scenes, and labels each object."""

    def __init__(
        self,
        grouper: Grouper,
        segmenter: Segmenter,
        restrict: Callable[[tuple[str, ...]], Segmenter],
    ) -> None:
        """Take models.

        Args:
            grouper: of scenes into objects, of some of the segmenter's categories.
            segmenter: of parts, instances and categories.
            restrict: returns the segmenter that chooses among some categories alone.
        """
        names = grouper.taxonomy.category_names
        are_all = len(names) == len(segmenter.taxonomy.categories)
        self._grouper = grouper
        self._usual = SceneSegmenter(segmenter, names)
        self._again = SceneSegmenter(segmenter if are_all else restrict(names))
        self._restricted = lru_cache(_RESTRICTED)(lambda some: SceneSegmenter(restrict(some)))

    def label(
        self, sketch: Sketch, categories: tuple[str, ...] | None, chosen: ChosenObjects | None
    ) -> Sketch:
        """Return a scene with its objects and its strokes' labels; what a person made has no score.

        Args:
            sketch: the scene.
            categories: those to choose among, of which one at least has parts; None: all.
            chosen: objects that a person made.
        """
        scenes = self._again if categories is None else self._restricted(categories)
        of = scenes.segmenter.of_objects_C.tolist()
        names = [
            n
            for n, has in zip(scenes.segmenter.net_taxonomy.category_names, of, strict=True)
            if has
        ]
        table = self._grouper.group_table(to_table([sketch]), guesses=categories is None)
        if categories is None:
            table = self._usual.label_table(table)
        (found,) = from_table(table)
        if categories is None and chosen is None:
            return found
        merged, is_chosen = _merge(found, chosen, names)
        (labelled,) = from_table(scenes.label_table(to_table([merged], RESULT_SCHEMA)))
        return _without_scores(labelled, is_chosen)


def _merge(
    found: Sketch, chosen: ChosenObjects | None, names: Sequence[str]
) -> tuple[Sketch, list[bool]]:
    """Return a scene with the model's objects and a person's, and which are a person's.

    Strokes that the model has in one object with a person's join the latter. Objects are in the
    order in which they were begun.
    """
    of, strokes = found.object or (-1,) * len(found), range(len(found))
    given = (None,) * len(found) if chosen is None else chosen.of
    joined = _joined(of, given)

    def key_of(stroke: int) -> tuple[bool, int] | None:
        """Return whether a person made the stroke's object, and its number; None without one."""
        number = given[stroke]
        if number is None:
            index = of[stroke]
            return None if index < 0 else joined.get(index, (False, index))
        return None if number < 0 else (True, number)

    key_S = [key_of(i) for i in strokes]
    keys = list(dict.fromkeys(key for key in key_S if key is not None))
    priors = []
    for is_chosen, index in keys:
        category = chosen.categories[index] if is_chosen and chosen else None
        members = {i for i in strokes if key_S[i] == (is_chosen, index)}
        priors.append((category, nan) if category else _prior(members, found, names))
    merged = found.replace(
        object=tuple(-1 if key is None else keys.index(key) for key in key_S),
        object_category=tuple(category for category, _ in priors),
        object_score=tuple(score for _, score in priors),
    )
    return merged, [is_chosen for is_chosen, _ in keys]


def _joined(of: Sequence[int], given: Sequence[int | None]) -> dict[int, tuple[bool, int]]:
    """Return the model's objects whose other strokes join a person's object, with that."""
    shared: dict[int, Counter[int]] = {}
    for index, number in zip(of, given, strict=True):
        if index >= 0 and number is not None and number >= 0:
            shared.setdefault(index, Counter())[number] += 1
    return {index: (True, counts.most_common(1)[0][0]) for index, counts in shared.items()}


def _prior(members: set[int], found: Sketch, names: Sequence[str]) -> tuple[str | None, float]:
    """Return what an object of some strokes is taken for before they are looked at, and how surely.

    NaN: surely.
    """
    if len(names) == 1:
        return names[0], nan
    of = found.object or ()
    for index, category in enumerate(found.object_category or ()):
        those = {i for i, number in enumerate(of) if number == index}
        if found.object_score and len(those & members) > _SAME * len(those | members):
            return category, found.object_score[index]
    return names[0], 1 / len(names)  # as likely as any other


def _without_scores(scene: Sketch, is_chosen: Sequence[bool]) -> Sketch:
    """Return a scene in which a person's objects, and strokes without parts in them, have none."""
    scores = scene.object_score or (nan,) * len(is_chosen)
    objects = tuple(nan if made else s for s, made in zip(scores, is_chosen, strict=True))
    categories, of = scene.object_category or (), scene.object or ()
    parts = tuple(
        nan if index >= 0 and is_chosen[index] and categories[index] is None else score
        for score, index in zip(scene.part_score or (), of, strict=True)
    )
    return scene.replace(object_score=objects, part_score=parts)
