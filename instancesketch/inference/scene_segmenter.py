"""Labels scenes whose objects are known: each object is segmented and refined as its own sketch.

Shape letters: see `models.ragged`; M strokes of objects of the taxonomy's categories, K objects, D
of them of the taxonomy's categories, J of them that may be of one, C the grouper's categories,
X the segmenter's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import torch
from torch import Tensor

from instancesketch.core.schema import (
    NO_OBJECTS,
    PIECE,
    RESULT_SCHEMA,
    build_result_table,
    flatten_lists,
)
from instancesketch.core.taxonomy import UNLABELED, Taxonomy
from instancesketch.inference.object_grouper import GUESS, choose_categories
from instancesketch.inference.segmenter import Segmenter, predict
from instancesketch.models import ragged
from instancesketch.models.features import StrokeFeatures
from instancesketch.models.packing import (
    Batch,
    object_categories,
    object_category_column,
    pack_scenes,
)

# An object's category is that of which the product of both probabilities, to these powers, is
# largest. The grouper has seen the scene; the segmenter sees the object as large as what it
# learned. So the product is calibrated on scenes composed of drawings that the segmenter was not
# trained on (`experiments/object_categories.py`).
GROUPER_POWER, SEGMENTER_POWER = 0.75, 0.5
# Above this probability of the grouper, no segmenter has changed that an object is of no category.
SURELY_NONE = 0.95
_LEAST_GUESS, _LEAST_RESTRICTED = 1e-9, 1e-30


class SceneSegmenter:
    """Labels the strokes of every object of scenes with its parts."""

    def __init__(self, segmenter: Segmenter, categories: Sequence[str] = ()) -> None:
        """Take a segmenter.

        Args:
            segmenter: of more categories than objects can have, or of the same.
            categories: the grouper's, in its order, for scenes that come with its guesses.
        """
        self.segmenter = segmenter
        names = segmenter.net_taxonomy.category_names
        self._own_C = torch.tensor([names.index(name) for name in categories], dtype=torch.long)

    def label_table(self, table: pa.Table) -> pa.Table:
        """Label the parts of each object of scenes.

        Args:
            table: scenes with `object` and `object_category`: as predicted, or those to be taken as
                true. Other labels are not read. Scores of objects are kept; with a grouper's
                guesses they are those of grouper and segmenter together.

        Returns:
            As many rows of a result, in the same order; categories of objects are the taxonomy's.
            Strokes of no object, or of one of no category of the taxonomy, are `unlabeled`, with
            the score of their object. A row without objects has an `error` instead.
        """
        if not len(table):
            return RESULT_SCHEMA.empty_table()
        taxonomy = self.segmenter.net_taxonomy
        scenes = pack_scenes(table, taxonomy)
        category_K, objects_N = object_categories(table, taxonomy)
        object_S = ragged.starts(objects_N)[scenes.sketch_of_S] + scenes.instance_S - 1
        score_K = _scores(table, len(category_K))
        in_one_S = scenes.instance_S > 0
        if GUESS in table.column_names:
            category_K, score_K = self._join(scenes, table)
            part_S = scenes.part_S.clone()
            part_S[in_one_S] = category_K[object_S[in_one_S]]
            scenes = replace(scenes, part_S=part_S)
        objects, strokes_M = objects_as_sketches(scenes, len(taxonomy.category_names))
        parts = _unlabeled(scenes, with_pieces=self.segmenter.cut_strokes)
        score_S = np.zeros(len(object_S), np.float32)
        # Strokes that aren't labelled below keep the score of their object, or 0 without one.
        score_S[in_one_S.numpy()] = score_K[object_S[in_one_S]].nan_to_num().numpy()
        if len(objects):
            features, category_D = StrokeFeatures.of(objects), objects.category_N
            if GUESS not in table.column_names:
                object_D = object_S[strokes_M[ragged.starts(objects.strokes_N)]]
                category_D = self._reconsider(features, score_K[object_D])
                category_K[object_D] = category_D
            labelled = self.segmenter.label_columns(features, category_D)
            score_S[strokes_M.numpy()] = labelled["part_score"].flatten().to_numpy()
            parts = {
                name: _scatter(parts[name], labelled[name].flatten(), strokes_M) for name in parts
            }
        columns = {
            "object": table["object"],
            "object_category": object_category_column(category_K, objects_N, taxonomy),
        }
        if GUESS in table.column_names:
            offsets = columns["object_category"].offsets
            columns["object_score"] = pa.ListArray.from_arrays(offsets, pa.array(score_K.numpy()))
        elif "object_score" in table.column_names:
            columns["object_score"] = table["object_score"]
        columns |= _list_per_scene(scenes, parts | {"part_score": pa.array(score_S)})
        return _without_objects(build_result_table(table, columns))

    def _reconsider(self, features: StrokeFeatures, score_D: Tensor) -> Tensor:
        """Return each object's most likely category by grouper and segmenter together, (D,).

        The grouper has seen the scene; the segmenter sees the object as large as what it learned.
        A category whose score is NaN is given, and stays.
        """
        category_D = features.batch.category_N
        _, _, guess_DC = predict(self.segmenter.net, features, torch.full_like(category_D, -1))
        of_objects_C = self.segmenter.of_objects_C
        categories = int(of_objects_C.sum())
        if guess_DC is None or categories < 2:
            return category_D
        if categories < len(of_objects_C):
            # Nothing is left of the others where the drawing is surely of none of them.
            guess_DC = guess_DC.clamp(min=_LEAST_RESTRICTED).masked_fill(~of_objects_C, 0.0)
        given_D = score_D.isnan()
        # The grouper's other categories are taken to be equally likely.
        rest_D1 = ((1 - score_D) / (categories - 1))[:, None]
        prior_DC = rest_D1.expand_as(guess_DC).scatter(1, category_D[:, None], score_D[:, None])
        likely_D = (prior_DC * guess_DC**SEGMENTER_POWER).argmax(1)
        return category_D.where(given_D, likely_D)

    def _join(self, scenes: Batch, table: pa.Table) -> tuple[Tensor, Tensor]:
        """Return the categories of objects by grouper and segmenter together, and their scores."""
        flat, _, _ = flatten_lists(table, GUESS)
        own = len(self._own_C)
        guess_KC = torch.tensor(flat).view(-1, own + 1)
        # A grouper's objects each have strokes, so these are all of them, in their order.
        every, _ = objects_as_sketches(replace(scenes, part_S=torch.zeros_like(scenes.part_S)), 1)
        open_J = (guess_KC[:, -1] <= SURELY_NONE).nonzero()[:, 0]
        if self.segmenter.net.predicts_category and len(open_J):
            guess_KC[open_J] = self._weigh(every.select(open_J), guess_KC[open_J])
        category_K, score_K = choose_categories(guess_KC)
        ids_C = torch.cat([self._own_C, torch.tensor([len(self.segmenter.kept_C)])])
        return ids_C[category_K], score_K

    def _weigh(self, objects: Batch, guess_JC: Tensor) -> Tensor:
        """Return a grouper's guesses joined with the segmenter's, the last of none, (J, C + 1)."""
        undecided_J = torch.full_like(objects.category_N, -1)
        _, _, seen_JX = predict(self.segmenter.net, StrokeFeatures.of(objects), undecided_J)
        assert seen_JX is not None
        seen_JC = seen_JX[:, self._own_C]
        none_J1 = 1 - seen_JC.sum(1, keepdim=True)
        if int(self.segmenter.kept_C.sum()) == len(self._own_C):
            # It knows nothing else: that something is none of these is the grouper's to say.
            none_J1 = seen_JC.amax(1, keepdim=True)
        log_JC, seen_log_JC = (
            x.clamp(min=_LEAST_GUESS).log()
            for x in (guess_JC, torch.cat([seen_JC, none_J1], dim=1))
        )
        return (GROUPER_POWER * log_JC + SEGMENTER_POWER * seen_log_JC).softmax(1)


def categories_of_objects(segmenter: Taxonomy, grouper: Taxonomy) -> tuple[str, ...]:
    """Return the categories that an object can be: those that both know, in the grouper's order."""
    return tuple(name for name in grouper.category_names if name in segmenter.categories)


def objects_as_sketches(scenes: Batch, categories: int) -> tuple[Batch, Tensor]:
    """Return each object of a category of the taxonomy as a sketch, and its strokes' indices, (M,).

    Args:
        scenes: from `pack_scenes`.
        categories: how many the taxonomy has.
    """
    known_S = (scenes.instance_S > 0) & (scenes.part_S >= 0) & (scenes.part_S < categories)
    strokes_M = known_S.nonzero()[:, 0]
    # Sorted by scene, then object; the sort is stable, so strokes keep their order.
    most = int(scenes.instance_S.max()) + 1 if len(strokes_M) else 1
    key_M, order_M = (scenes.sketch_of_S * most + scenes.instance_S)[strokes_M].sort(stable=True)
    strokes_M = strokes_M[order_M]
    _, size_K = key_M.unique_consecutive(return_counts=True)
    category_K = scenes.part_S[strokes_M[ragged.starts(size_K)]]
    return scenes.replace_strokes(strokes_M, size_K, category_K), strokes_M


def _list_per_scene(scenes: Batch, columns: dict[str, pa.Array]) -> dict[str, pa.Array]:
    """Return columns with a flat value per stroke as columns with a list per scene."""
    ends = scenes.strokes_N.cumsum(0).numpy()
    offsets = pa.array(np.concatenate([[0], ends]).astype(np.int32))
    return {name: pa.ListArray.from_arrays(offsets, values) for name, values in columns.items()}


def _without_objects(result: pa.Table) -> pa.Table:
    """Return the result with an error, and nothing else, in rows that have no objects."""
    lacking = result["object"].is_null()
    if not pc.any(lacking).as_py():
        return result
    names = (
        "object_category", "object_score", "part", "label", "instance", "part_score", "part_2",
        "part_2_score", "pieces",
    )  # fmt: skip
    columns = {name: result[name] for name in ("object", *names)}
    for name in names:
        nothing = pa.scalar(None, result.schema.field(name).type)
        columns[name] = pc.if_else(lacking, nothing, result[name])
    columns["error"] = pc.if_else(lacking, NO_OBJECTS, pa.scalar(None, pa.string()))
    return build_result_table(result, columns)


def _unlabeled(scenes: Batch, *, with_pieces: bool) -> dict[str, pa.Array]:
    """Return the labels of strokes that draw nothing of the taxonomy."""
    strokes = len(scenes.stroke_len_S)
    unlabeled = pa.array([UNLABELED]).take(pa.array(np.zeros(strokes, np.int32)))
    return {
        "part": unlabeled,
        "label": unlabeled,
        "instance": pa.nulls(strokes, pa.int32()),
        "part_2": pa.nulls(strokes, pa.string()),
        "part_2_score": pa.nulls(strokes, pa.float32()),
        **({"pieces": pa.nulls(strokes, pa.list_(PIECE))} if with_pieces else {}),
    }


def _scores(table: pa.Table, objects: int) -> Tensor:
    """Return the score of every object of all scenes; NaN where it has none."""
    if (
        "object_score" not in table.column_names
        or not pc.any(table["object_score"].is_valid()).as_py()
    ):
        return torch.full((objects,), float("nan"))
    score_K, _, _ = flatten_lists(table, "object_score")
    return torch.tensor(score_K)


def _scatter(values_S: pa.Array, some_M: pa.Array, strokes_M: Tensor) -> pa.Array:
    """Return the values with those of the given indices replaced."""
    # Arrow arrays can't be changed: an index picks each value from the old ones or the new.
    at_S = np.arange(len(values_S))
    at_S[strokes_M.numpy()] = len(values_S) + np.arange(len(some_M))
    return pa.concat_arrays([values_S, some_M.cast(values_S.type)]).take(pa.array(at_S))
