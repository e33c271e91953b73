"""Label what is drawn on the page: the answers of the server, as values of JSON."""

from __future__ import annotations

import copy
import threading
from collections.abc import Iterator, Sequence
from functools import lru_cache
from math import isnan
from typing import Any

from instancesketch.core.sketch import Sketch
from instancesketch.core.taxonomy import OTHER, Taxonomy
from instancesketch.inference.object_grouper import Grouper
from instancesketch.inference.scene_segmenter import categories_of_objects
from instancesketch.inference.segmenter import Segmenter
from instancesketch.models import weights
from instancesketch.render.colours import object_colours
from instancesketch.render.titles import label_title
from instancesketch.report.captions import category_title
from instancesketch.serve.examples import describe_example, example_categories, examples_of
from instancesketch.serve.model_table import describe_model
from instancesketch.serve.requests import ChosenObjects, LabelRequest, RequestError
from instancesketch.serve.scenes import SceneLabeller

_RESTRICTED = 4  # sets of categories whose networks are kept


class Labeller:
    """Labels drawings and scenes with weights in memory, and shows drawings of its own."""

    def __init__(self, segmenter: Segmenter, title: str, grouper: Grouper | None = None) -> None:
        """Take models.

        Args:
            segmenter: of parts, instances and categories.
            title: the name of the weights, for people.
            grouper: of scenes into objects, of some of these categories.
        """
        self.segmenter, self.title = segmenter, title
        self.taxonomy: Taxonomy = segmenter.taxonomy
        self._restricted = lru_cache(_RESTRICTED)(self._restrict)
        self._scenes = None
        if grouper is not None:
            self._scenes = SceneLabeller(grouper, segmenter, self._restrict)
        self._examples: dict[str, Iterator[Sketch]] = {}
        self._shown, self._lock = 0, threading.Lock()

    @classmethod
    def load(cls, sources: Sequence[str]) -> Labeller:
        """Load weights by shipped name or from folders, with a grouper where there is one.

        Raises:
            UserError: as `Segmenter.load`.
        """
        segmenter = Segmenter.load(sources)
        grouper = None
        if weights.holds(sources, "grouper"):
            known = weights.inspect(sources, "grouper").taxonomy
            if names := categories_of_objects(segmenter.taxonomy, known):
                grouper = Grouper.load(sources, categories=names)
        return cls(segmenter, ", ".join(sources), grouper)

    def describe(self) -> dict[str, Any]:
        """Return what the page has to know: see `describe_model`."""
        table = describe_model(self.taxonomy, self.title, example_categories(self.taxonomy))
        return table | {"scenes": self._scenes is not None}

    def label(self, request: LabelRequest) -> dict[str, Any]:
        """Return a drawing's category, its categories' probabilities, and its strokes' labels.

        Raises:
            RequestError: a category is unknown.
            UserError: the weights predict no category, and none is given.
        """
        (answer,) = self.label_all([request])
        if isinstance(answer, RequestError):
            raise answer
        return answer

    def label_all(self, requests: Sequence[LabelRequest]) -> list[dict[str, Any] | RequestError]:
        """Return what `label` returns, or raises, for each of several requests.

        Drawings that choose among the same categories go through the network together.
        """
        answers: list[Any] = [None] * len(requests)
        groups: dict[tuple[Any, bool], list[tuple[int, Sketch]]] = {}
        for number, request in enumerate(requests):
            try:
                category, chosen = self._choose(request)
            except RequestError as error:
                answers[number] = error
                continue
            sketch = request.sketch.replace(category=category)
            groups.setdefault((chosen, category is not None), []).append((number, sketch))
        for (chosen, given), members in groups.items():
            segmenter = self.segmenter if chosen is None else self._restricted(chosen)
            sketches = [sketch for _, sketch in members]
            labelled = segmenter.label(sketches, given_category=given)
            categories = self._probabilities(segmenter, sketches)
            for (number, _), one, scores in zip(members, labelled, categories, strict=True):
                answers[number] = {
                    "category": one.category,
                    "category_score": one.category_score,
                    "categories": scores,
                    "strokes": strokes_of(one),
                }
        return answers

    def _choose(self, request: LabelRequest) -> tuple[str | None, tuple[str, ...] | None]:
        """Return the category that is given, and those to choose among; None: none, and all."""
        category = self._known(request.category)
        if request.categories is None:
            return category, None
        names = [self._known(name) for name in request.categories]
        if not names:
            raise RequestError(422, "categories is empty: there is nothing to choose among")
        return category, tuple(sorted({name for name in names if name}))

    def label_scene(self, request: LabelRequest) -> dict[str, Any]:
        """Return the objects of a scene, and its strokes' objects and labels.

        Raises:
            RequestError: the weights have no grouper, a category is unknown, or none of those to
                choose among has parts.
        """
        if self._scenes is None:
            raise RequestError(404, f"{self.title} can't group the objects of scenes")
        _, categories = self._choose(request)
        known = self.taxonomy.categories
        if categories is not None and not any(known[name].parts for name in categories):
            raise RequestError(422, "choose a category with parts: objects of a scene have them")
        chosen = request.chosen and ChosenObjects(
            of=request.chosen.of,
            categories=tuple(
                # A taxonomy may lack it.
                OTHER if name == OTHER else self._known(name)
                for name in request.chosen.categories
            ),
        )
        scene = self._scenes.label(request.sketch, categories, chosen)
        strokes = strokes_of(scene)
        for stroke, number in zip(strokes, scene.object or (), strict=True):
            stroke["object"] = number
        return {"objects": self._objects(scene), "strokes": strokes}

    def example(self, category: str | None) -> dict[str, Any]:
        """Return the next drawing of the generator, of a category or of any.

        Raises:
            RequestError: the generator doesn't draw it.
        """
        known = example_categories(self.taxonomy)
        if category not in (None, *known):
            raise RequestError(404, f"there is no drawing of {category!r:.80} to show")
        if not known:
            raise RequestError(404, "there are no drawings of these categories to show")
        with self._lock:  # a generator takes one call at a time
            name = category or known[self._shown % len(known)]
            self._shown += 1
            sketch = next(self._examples.setdefault(name, examples_of(name)))
        return describe_example(sketch, self.taxonomy)

    def _known(self, category: str | None) -> str | None:
        if category is None:
            return None
        name = self.taxonomy.category_of(category)
        if name is None:
            known = ", ".join(self.taxonomy.category_names)
            raise RequestError(422, f"category {category[:80]!r} is not one of {known}")
        return name

    def _restrict(self, categories: tuple[str, ...]) -> Segmenter:
        # A copy, since the restriction changes the network for good.
        whole = self.segmenter
        net = copy.deepcopy(whole.net)
        return Segmenter(net, whole.net_taxonomy, whole.refiner, categories)

    def _probabilities(
        self, segmenter: Segmenter, sketches: Sequence[Sketch]
    ) -> list[list[dict[str, Any]]]:
        """Return for each drawing the categories with the model's own probabilities of them."""
        if not segmenter.net.predicts_category:
            return [[] for _ in sketches]
        names = segmenter.taxonomy.category_names
        found = [
            [
                {"name": name, "title": self._title(name), "score": float(score)}
                for name, score in zip(names, scores, strict=True)
            ]
            for scores in segmenter.category_probabilities(sketches)
        ]
        return [sorted(each, key=lambda one: -one["score"]) for each in found]

    def _title(self, category: str) -> str:
        return category_title(category, self.segmenter.net_taxonomy)

    def _objects(self, scene: Sketch) -> list[dict[str, Any]]:
        names, scores = scene.object_category or (), scene.object_score or ()
        colours = object_colours(scene)
        return [
            {
                "category": name,
                "title": self._title(OTHER if name is None else name),
                "score": None if isnan(score) else score,
                "colour": colour,
            }
            for name, score, colour in zip(names, scores, colours, strict=True)
        ]


def strokes_of(sketch: Sketch) -> list[dict[str, Any]]:
    """Return the labels of each stroke; all null where the drawing has no parts."""
    nothing = (None,) * len(sketch)
    columns = (
        sketch.part, sketch.label, sketch.part_score, sketch.part_2, sketch.part_2_score,
        sketch.instance,
    )  # fmt: skip
    names = ("part", "label", "score", "part_2", "part_2_score", "instance")
    rows = zip(*(nothing if column is None else column for column in columns), strict=True)
    strokes: list[dict[str, Any]] = [dict(zip(names, row, strict=True)) for row in rows]
    for stroke in strokes:
        if stroke["score"] is not None and isnan(stroke["score"]):
            stroke["score"] = None
        stroke["title"] = None if stroke["label"] is None else label_title(stroke["label"])
    return strokes
