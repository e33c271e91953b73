"""The stages that label scenes: boxes of a detector, groups of strokes, parts of each group.

Each stage has workers of its own, which may be on other machines. So boxes go from the detector to
the grouper as columns of the rows, and no further.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import pyarrow as pa
import torch

from instancesketch.batch.stages import Labelling, LabelRows, ModelStage
from instancesketch.core.errors import UserError
from instancesketch.core.schema import (
    RESULT_SCHEMA,
    SCHEMA,
    build_result_table,
    flatten_lists,
    to_list_array,
)
from instancesketch.inference import detector as detectors
from instancesketch.inference.detector import Boxes
from instancesketch.inference.object_grouper import GROUPED_SCHEMA, Grouper
from instancesketch.inference.scene_segmenter import SceneSegmenter, categories_of_objects
from instancesketch.inference.segmenter import Segmenter
from instancesketch.models import weights, yolo
from instancesketch.models.packing import pack
from instancesketch.models.precision import AUTO

BOXES_SCHEMA = pa.schema(
    [
        *RESULT_SCHEMA,
        ("box_corners", pa.list_(pa.float32())),  # left, top, right, bottom of each box
        ("box_score", pa.list_(pa.float32())),
    ]
)
# Milliseconds of a core for a scene of five objects, by stage.
_COSTS = {"detecting": 30.0, "grouping": 7.5, "labelling": 3.0}
_CUTTING = 3.6  # times as long as labelling alone
# An image of each scene, or a number for each pair of its strokes, is in memory at once.
_ROWS_AT_ONCE = 256


def scene_stages(
    sources: tuple[str, ...],
    detector: str | None = None,
    *,
    drawing_order: bool = False,
    given_objects: bool = False,
    cut_strokes: bool = False,
    precision: str = AUTO,
    detector_gpus: float | None = None,
) -> Labelling:
    """Return the stages that label scenes.

    Args:
        sources: weights that hold a segmenter, and a grouper unless the objects are given.
        detector: weights that hold a detector; None does without boxes.
        drawing_order: whether the order of strokes is evidence of what belongs together.
        given_objects: whether the objects of the rows are taken as true, in place of the first
            stages.
        cut_strokes: look again at long strokes of objects in pieces.
        precision: of the networks' arithmetic, as for `Segmenter.load`.
        detector_gpus: GPUs of each worker that detects; None: those of the job's.

    Raises:
        UserError: weights aren't there or don't go together.
    """
    # The weights are checked here without loading them, to refuse wrong ones before any worker.
    taxonomy = weights.inspect_segmenter(sources)
    if given_objects:
        label = _labelling(sources, precision, (), cut_strokes)
        return Labelling(taxonomy=taxonomy, stages=(label,))
    named = ", ".join(sources)
    if not weights.holds(sources, "grouper"):
        raise UserError(
            f"{named} holds no grouper, which finds the objects of scenes: give weights that "
            "do, or --given-objects"
        )
    objects = weights.inspect(sources, "grouper").taxonomy
    # All of the segmenter's categories are evidence of what an object is, or isn't.
    own = categories_of_objects(taxonomy, objects)
    if not own:
        raise UserError(
            f"the grouper of {named} knows the categories of {objects.name}, and the segmenter "
            f"none of them: it knows those of {taxonomy.name}"
        )
    taxonomy = taxonomy.restrict(own)
    label = _labelling(sources, precision, own, cut_strokes)
    load = partial(_load_grouper, sources, drawing_order, precision, own)
    group = _stage("grouping", load, GROUPED_SCHEMA)
    if detector is None:
        return Labelling(taxonomy=taxonomy, stages=(group, label))
    yolo.check_installed()
    weights.inspect([detector], "detector")
    detect = _stage("detecting", partial(_load_detector, detector), BOXES_SCHEMA)
    detect = replace(detect, gpus=detector_gpus)
    return Labelling(taxonomy=taxonomy, stages=(detect, group, label))


def _stage(name: str, load: partial[LabelRows], schema: pa.Schema = RESULT_SCHEMA) -> ModelStage:
    return ModelStage(
        name=name, load=load, schema=schema, rows_at_once=_ROWS_AT_ONCE, cost=_COSTS[name]
    )


def _labelling(
    sources: tuple[str, ...], precision: str, categories: tuple[str, ...], cut_strokes: bool
) -> ModelStage:
    load = partial(_load_segmenter, sources, precision, categories, cut_strokes)
    stage = _stage("labelling", load)
    return replace(stage, cost=stage.cost * _CUTTING) if cut_strokes else stage


def with_boxes(rows: pa.Table, boxes: Boxes) -> pa.Table:
    """Return rows of scenes with the boxes in each, with `BOXES_SCHEMA` and without labels.

    Their categories stay behind: boxes of any detector say what lies together, and no more.
    """
    # As lists in the rows they stay with their scenes when the next stage takes rows apart.
    cuts = np.cumsum(boxes.boxes_N.numpy())[:-1]
    corners = [c.ravel() for c in np.split(boxes.corners_B4.numpy(), cuts)]
    columns = [
        to_list_array(corners, pa.float32()),
        to_list_array(np.split(boxes.score_B.numpy(), cuts), pa.float32()),
    ]
    return pa.table([*build_result_table(rows, {}).columns, *columns], schema=BOXES_SCHEMA)


def boxes_in(rows: pa.Table) -> Boxes | None:
    """Return the boxes that `with_boxes` put into rows; None where there was no detector."""
    if "box_score" not in rows.column_names:
        return None
    corners, _, _ = flatten_lists(rows, "box_corners")
    score_B, boxes_N1, _ = flatten_lists(rows, "box_score")
    return Boxes(
        corners_B4=torch.tensor(corners).view(-1, 4),
        score_B=torch.tensor(score_B),
        category_B=torch.full((len(score_B),), -1),
        boxes_N=torch.from_numpy(np.diff(boxes_N1)),
    )


def _load_detector(source: str, device: str) -> LabelRows:
    detector = detectors.load(source, device)

    # Each stage packs scenes for itself: sending them packed takes three times as long.
    def detect(rows: pa.Table) -> pa.Table:
        return with_boxes(rows, detector.detect(pack(rows, detector.taxonomy, labels=False)))

    return detect


def _load_grouper(
    sources: tuple[str, ...],
    drawing_order: bool,
    precision: str,
    categories: tuple[str, ...],
    device: str,
) -> LabelRows:
    grouper = Grouper.load(sources, device, precision, categories)

    def group(rows: pa.Table) -> pa.Table:
        # Taken out of the rows here: results have no columns for them.
        boxes = boxes_in(rows)
        scenes = rows.select(SCHEMA.names)
        return grouper.group_table(scenes, boxes, drawing_order=drawing_order, guesses=True)

    return group


def _load_segmenter(
    sources: tuple[str, ...],
    precision: str,
    categories: tuple[str, ...],
    cut_strokes: bool,
    device: str,
) -> LabelRows:
    segmenter = Segmenter.load(sources, device, precision, cut_strokes=cut_strokes)
    return SceneSegmenter(segmenter, categories).label_table
