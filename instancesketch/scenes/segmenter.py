"""Labels scenes whose objects are known: each object is segmented and refined as its own drawing.

Shape letters: see `instancesketch.ragged`; M strokes of objects of the taxonomy's categories.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import torch
from torch import Tensor

from instancesketch.batch import Batch, kinds, pack_scenes
from instancesketch.schema import RESULT_SCHEMA, flat_list, list_array, result_table
from instancesketch.segmenter import Segmenter
from instancesketch.taxonomy import UNLABELED, Taxonomy

NO_OBJECTS = "the scene doesn't say which objects it has"


class SceneSegmenter:
    """Labels the strokes of every object of scenes with its parts."""

    def __init__(self, segmenter: Segmenter) -> None:
        self.segmenter = segmenter

    def label_table(self, table: pa.Table) -> pa.Table:
        """Rows of a result: the same scenes with the same objects, and parts.

        Args:
            table: scenes with `object` and `object_category`: as predicted, or those to be taken as
                true. Other labels are not looked at. Scores of objects are kept.

        Returns:
            As many rows, in the same order; categories of objects are the taxonomy's. Strokes of no
            object, or of one whose category is none of the taxonomy's, are `unlabeled`, with the
            score that their object has. A row without objects has an `error` instead.
        """
        if not len(table):
            return RESULT_SCHEMA.empty_table()
        taxonomy = self.segmenter.taxonomy
        scenes = pack_scenes(table, taxonomy)
        drawings, strokes_M = objects_of(scenes, len(taxonomy.category_names))
        columns = {"object": table["object"], "object_category": _categories(table, taxonomy)}
        if "object_score" in table.column_names:
            columns["object_score"] = table["object_score"]
        parts, score_S = _nothing(scenes), _object_scores(table, scenes)
        if len(drawings):
            labelled = self.segmenter.label_batch(drawings)
            score_S[strokes_M.numpy()] = labelled["part_score"].flatten().to_numpy()
            parts = {
                name: _scattered(parts[name], labelled[name].flatten(), strokes_M) for name in parts
            }
        cuts = scenes.strokes_N.cumsum(0).numpy()
        offsets = pa.array(np.concatenate([[0], cuts]).astype(np.int32))
        columns |= {name: pa.ListArray.from_arrays(offsets, v) for name, v in parts.items()}
        columns["part_score"] = list_array(np.split(score_S, cuts[:-1]), pa.float32())
        return _without_objects(result_table(table, columns))


def objects_of(scenes: Batch, categories: int) -> tuple[Batch, Tensor]:
    """The objects of the first so many kinds, a drawing each, and the number of every stroke."""
    known_S = (scenes.instance_S > 0) & (scenes.part_S >= 0) & (scenes.part_S < categories)
    strokes_M = known_S.nonzero()[:, 0]
    most = int(scenes.instance_S.max()) + 1 if len(strokes_M) else 1
    key_M, order_M = (scenes.sketch_of_S * most + scenes.instance_S)[strokes_M].sort(stable=True)
    strokes_M = strokes_M[order_M]
    _, size_K = key_M.unique_consecutive(return_counts=True)
    first_K = size_K.cumsum(0) - size_K
    kind_K = scenes.part_S[strokes_M[first_K]]
    return scenes.replace_strokes(strokes_M, size_K, kind_K), strokes_M


def _categories(table: pa.Table, taxonomy: Taxonomy) -> pa.Array:
    """The column `object_category`, in the taxonomy's words."""
    kind_K, objects_N = kinds(table, taxonomy)
    words = pa.array([*taxonomy.category_names, None]).take(pa.array(kind_K.numpy()))
    offsets = np.concatenate([[0], objects_N.cumsum(0).numpy()]).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), words)


def _without_objects(result: pa.Table) -> pa.Table:
    """Gives rows that have no objects an error, and takes everything else from them."""
    lacking = result["object"].is_null()
    if not pc.any(lacking).as_py():
        return result
    names = ("object_category", "object_score", "part", "label", "instance", "part_score")
    columns = {name: result[name] for name in ("object", *names)}
    for name in names:
        nothing = pa.scalar(None, result.schema.field(name).type)
        columns[name] = pc.if_else(lacking, nothing, result[name])
    columns["error"] = pc.if_else(lacking, NO_OBJECTS, pa.scalar(None, pa.string()))
    return result_table(result, columns)


def _nothing(scenes: Batch) -> dict[str, pa.Array]:
    """Labels of strokes that draw nothing of the taxonomy."""
    strokes = len(scenes.stroke_len_S)
    unlabeled = pa.array([UNLABELED]).take(pa.array(np.zeros(strokes, np.int32)))
    return {"part": unlabeled, "label": unlabeled, "instance": pa.nulls(strokes, pa.int32())}


def _object_scores(table: pa.Table, scenes: Batch) -> npt.NDArray[np.float32]:
    """For every stroke the score of its object; 0 where it has none."""
    if "object_score" not in table.column_names:
        return np.zeros(len(scenes.stroke_len_S), np.float32)
    score_K, first_N1, _ = flat_list(table, "object_score")
    at_S = torch.from_numpy(first_N1[:-1])[scenes.sketch_of_S] + scenes.instance_S - 1
    scored_S = torch.from_numpy(np.diff(first_N1) > 0)[scenes.sketch_of_S] & (scenes.instance_S > 0)
    score_S = np.zeros(len(at_S), np.float32)
    score_S[scored_S.numpy()] = score_K[at_S[scored_S].numpy()]
    return score_S


def _scattered(values_S: pa.Array, some_M: pa.Array, strokes_M: Tensor) -> pa.Array:
    """Values with some of them, of the given numbers, replaced."""
    at_S = np.arange(len(values_S))
    at_S[strokes_M.numpy()] = len(values_S) + np.arange(len(some_M))
    return pa.concat_arrays([values_S, some_M.cast(values_S.type)]).take(pa.array(at_S))
