"""Evidence of a detector's boxes for pairs of strokes: one box holds both, or only one of them.

Shape letters: see `instancesketch.models.ragged`; B boxes.
"""

from __future__ import annotations

import torch
from torch import Tensor

from instancesketch.inference.detector import Boxes
from instancesketch.models import ragged
from instancesketch.models.config import GrouperConfig
from instancesketch.models.packing import Batch

SAMPLES = 16  # points along a stroke that are looked up in boxes
MAX_NUMBERS = 4_000_000  # pairs of strokes by boxes, at once


class BoxEvidence:
    """Evidence of boxes for pairs of strokes: one box holds both, or only one of them.

    Of nested boxes each counts: what the small one holds is apart from the rest of the large one.
    """

    def __init__(self, batch: Batch, boxes: Boxes) -> None:
        self.batch, self.boxes = batch, boxes
        self.places_SK2 = ragged.resample(batch.points_P2, batch.stroke_len_S, SAMPLES)
        self.first_box_N = ragged.starts(boxes.boxes_N)
        self.first_stroke_N = ragged.starts(batch.strokes_N)

    def affinities(self, pick: Tensor, config: GrouperConfig) -> Tensor:
        """Return logits to add to the affinities of the strokes of some scenes, (N, L, L)."""
        length = int(self.batch.strokes_N[pick].max())
        added_NLL = torch.zeros(len(pick), length, length)
        for row, scene in enumerate(pick.tolist()):
            share_SB, score_B = self.shares(scene)
            both_SS, one_SS = _box_pairs(share_SB, score_B)
            size = len(share_SB)
            added_NLL[row, :size, :size] = config.box_both * both_SS - config.box_one * one_SS
        return added_NLL

    def shares(self, scene: int) -> tuple[Tensor, Tensor]:
        """Return the share of each stroke of a scene in each of its boxes, (S, B), and scores."""
        first, stroke = int(self.first_box_N[scene]), int(self.first_stroke_N[scene])
        own_B = slice(first, first + int(self.boxes.boxes_N[scene]))
        places_SK12 = self.places_SK2[stroke : stroke + int(self.batch.strokes_N[scene]), :, None]
        low_B2, high_B2 = self.boxes.corners_B4[own_B].split(2, dim=1)
        inside = ((places_SK12 >= low_B2) & (places_SK12 <= high_B2)).all(3)
        return inside.float().mean(1), self.boxes.score_B[own_B]


def _box_pairs(share_SB: Tensor, score_B: Tensor) -> tuple[Tensor, Tensor]:
    """Return how surely some box holds both strokes of each pair, and only one, both (S, S)."""
    strokes = len(share_SB)
    both_SS, one_SS = torch.zeros(2, strokes, strokes)
    at_once = max(1, MAX_NUMBERS // strokes**2)
    for some_SB, sure_B in zip(share_SB.split(at_once, dim=1), score_B.split(at_once), strict=True):
        if len(sure_B):
            held_SB = some_SB * sure_B
            both_SS = torch.maximum(both_SS, (held_SB[:, None] * some_SB).amax(2))
            one_SS = torch.maximum(one_SS, (held_SB[:, None] * (1 - some_SB)).amax(2))
    return both_SS, torch.maximum(one_SS, one_SS.T)
