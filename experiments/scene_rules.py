"""Objects of scenes by two rules, to compare the grouper with: touching strokes, and boxes."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import torch
from scipy.sparse.csgraph import connected_components

from instancesketch.core.schema import build_result_table
from instancesketch.core.taxonomy import Taxonomy
from instancesketch.inference.detector import Boxes
from instancesketch.inference.object_grouper import Objects, object_columns
from instancesketch.models import ragged
from instancesketch.models.packing import Batch

NEAR = 0.02  # of the scene's width
SAMPLES = 32


def group_touching(table: pa.Table, batch: Batch, taxonomy: Taxonomy) -> pa.Table:
    """Group strokes that come nearer to each other than 2 % of the scene's width."""
    places_SK2 = ragged.resample(batch.points_P2, batch.stroke_len_S, SAMPLES)
    object_S, objects = [], []
    widths = table["width"].to_pylist()
    for places, width in zip(places_SK2.split(batch.strokes_N.tolist()), widths, strict=True):
        distances = torch.cdist(places.flatten(0, 1), places.flatten(0, 1))
        # Of two strokes, the nearest pair of points counts.
        distances = distances.view(len(places), SAMPLES, len(places), SAMPLES).amin((1, 3))
        number, component = connected_components(np.asarray(distances <= NEAR * width))
        object_S.append(torch.from_numpy(component).long())
        objects.append(number)
    return _result(table, batch, torch.cat(object_S), torch.tensor(objects), None, taxonomy)


def group_by_boxes(table: pa.Table, batch: Batch, boxes: Boxes, taxonomy: Taxonomy) -> pa.Table:
    """Assign each stroke to the box with most of its points, or to none: the published rule."""
    object_S = torch.full((len(batch.stroke_len_S),), -1)
    points = batch.points_P2.split(batch.points_N.tolist())
    corners = boxes.corners_B4.split(boxes.boxes_N.tolist())
    strokes = batch.stroke_len_S.split(batch.strokes_N.tolist())
    first = 0
    for points_P2, corners_B4, stroke_len_S in zip(points, corners, strokes, strict=True):
        if len(corners_B4):
            low_B2, high_B2 = corners_B4.split(2, dim=1)
            inside = ((points_P2[:, None] >= low_B2) & (points_P2[:, None] <= high_B2)).all(2)
            inside_SB = ragged.reduce(
                inside.long(), ragged.owners(stroke_len_S), len(stroke_len_S), "sum"
            )
            most_S, box_S = inside_SB.max(1)
            object_S[first : first + len(box_S)] = box_S.where(most_S > 0, -1)
        first += len(stroke_len_S)
    # The index after the last category stands for no category.
    category_B = boxes.category_B.where(boxes.category_B >= 0, len(taxonomy.category_names))
    return _result(table, batch, object_S, boxes.boxes_N, category_B, taxonomy)


def _result(
    table: pa.Table,
    batch: Batch,
    object_S: torch.Tensor,
    objects_N: torch.Tensor,
    category_K: torch.Tensor | None,
    taxonomy: Taxonomy,
) -> pa.Table:
    number = int(objects_N.sum())
    if category_K is None:
        category_K = torch.full((number,), len(taxonomy.category_names))
    objects = Objects(object_S, category_K, torch.zeros(number), objects_N)
    return build_result_table(table, object_columns(batch, objects, taxonomy))
