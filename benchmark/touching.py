"""Instances by a rule: strokes of one part that touch, or nearly, draw one instance of it.

What the learned refiner is compared with.
"""

from __future__ import annotations

import numpy as np
import torch
from scipy.sparse.csgraph import connected_components

from instancesketch import ragged
from instancesketch.batch import Batch
from instancesketch.instances import Instances, counted_strokes, numbered
from instancesketch.models.refiner import Groups

NEAR = 0.04  # of the drawing's longer side
SAMPLES = 24


def find(
    batch: Batch, part_S: torch.Tensor, counted_S: torch.Tensor, sided_S: torch.Tensor
) -> Instances:
    """What `instances.find` does, by distances alone."""
    few, strokes_T = counted_strokes(batch, counted_S)
    part_T = part_S[strokes_T]
    places_TK2 = ragged.resample(few.points_P2, few.stroke_len_S, SAMPLES)
    cluster_T = torch.arange(1, len(part_T) + 1)
    groups = Groups.of(few.sketch_of_S * (int(part_S.max()) + 1) + part_T, part_T >= 0)
    for strokes_L, there_L in zip(groups.strokes_GL, groups.there_GL, strict=True):
        own = strokes_L[there_L]
        places = places_TK2[own]
        away = torch.cdist(places.flatten(0, 1), places.flatten(0, 1))
        away = away.view(len(own), SAMPLES, len(own), SAMPLES).amin((1, 3))
        _, component = connected_components(np.asarray(away <= 2 * NEAR))  # a side is 2 long
        cluster_T[own] = own[torch.from_numpy(component).long()] + 1
    found = Instances(torch.zeros_like(part_S), torch.zeros_like(part_S))
    numbers = numbered(few, part_T, cluster_T, sided_S[strokes_T])
    for all_S, some_T in zip(found, numbers, strict=True):
        all_S[strokes_T] = some_T
    return found
