"""Instances by a rule, to compare the refiner with: strokes of one part that nearly touch."""

from __future__ import annotations

import numpy as np
import torch
from scipy.sparse.csgraph import connected_components

from instancesketch.models import ragged
from instancesketch.models.features import StrokeFeatures
from instancesketch.models.refiner import Groups

NEAR = 0.04  # of the drawing's longer side
SAMPLES = 24


def cluster_touching(features: StrokeFeatures, part_S: torch.Tensor) -> torch.Tensor:
    """Return the instance of each stroke, (S,), as `instances.number_clusters` needs it."""
    batch = features.batch
    places_SK2 = ragged.resample(batch.points_P2, batch.stroke_len_S, SAMPLES)
    cluster_S = torch.arange(1, len(part_S) + 1)
    parts = int(part_S.max()) + 1 if len(part_S) else 0
    groups = Groups.by_key(batch.sketch_of_S * parts + part_S, part_S >= 0)
    for strokes_L, there_L in zip(groups.strokes_GL, groups.there_GL, strict=True):
        own = strokes_L[there_L]
        places = places_SK2[own]
        distances = torch.cdist(places.flatten(0, 1), places.flatten(0, 1))
        distances = distances.view(len(own), SAMPLES, len(own), SAMPLES).amin((1, 3))
        # Packed drawings reach from -1 to 1, so their longer side is 2.
        _, component = connected_components(np.asarray(distances <= 2 * NEAR))
        cluster_S[own] = own[torch.from_numpy(component).long()] + 1
    return cluster_S
