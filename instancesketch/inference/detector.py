"""Object detection: scenes in, boxes out.

Shape letters: see `models.ragged`; B boxes, A anchors.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor, nn

from instancesketch.core.taxonomy import Taxonomy
from instancesketch.inference import letterbox
from instancesketch.models import weights
from instancesketch.models.packing import Batch

# The last class of a detector, of objects of no category of the taxonomy.
OTHER = "object"
# Scenes that go through the network together, which bounds memory.
SCENES_AT_ONCE = 16
GPU_SCENES_AT_ONCE = 256


def class_names(taxonomy: Taxonomy) -> tuple[str, ...]:
    """Return the classes of a detector of the taxonomy, in order."""
    return (*taxonomy.category_names, OTHER)


@dataclass(frozen=True, kw_only=True)
class Boxes:
    """B boxes of N scenes, the scenes' boxes end to end, each scene's by descending score."""

    corners_B4: Tensor  # float32: left, top, right, bottom, in the scene's own unit
    score_B: Tensor  # float32, probability that there is an object
    category_B: Tensor  # int64 index into taxonomy.category_names; -1 none of them
    boxes_N: Tensor  # int64, boxes per scene


class Detector(Protocol):
    """Finds the objects of scenes."""

    taxonomy: Taxonomy

    def detect(self, batch: Batch) -> Boxes:
        """Return boxes, on the CPU, of the objects of unnormalised scenes; reads no labels."""


def load(source: str, device: str = "cpu") -> Detector:
    """Load a detector.

    Args:
        source: the name of shipped weights, or a folder with `detector/` in it, such as a run's.
        device: that it computes on, such as `cuda`.

    Raises:
        UserError: there is none, its files can't be read, or Ultralytics isn't installed.
    """
    loaded = weights.load([source], "detector")
    net, taxonomy = weights.build(loaded)
    recipe = loaded.config["recipe"]
    net.eval().fuse(verbose=False)
    return ImageDetector(
        net.to(device),
        taxonomy,
        size=int(recipe["image_size"]),
        confidence=float(recipe["confidence"]),
        overlap=float(recipe["overlap"]),
        device=device,
    )


class ImageDetector:
    """A network that looks at images of scenes. `load` makes one."""

    def __init__(
        self,
        net: nn.Module,
        taxonomy: Taxonomy,
        *,
        size: int,
        confidence: float,
        overlap: float,
        device: str = "cpu",
    ) -> None:
        self.net, self.taxonomy, self.size = net, taxonomy, size
        self.confidence, self.overlap, self.device = confidence, overlap, device

    @torch.no_grad()
    def detect(self, batch: Batch) -> Boxes:
        """Return boxes, on the CPU, of the objects of unnormalised scenes; reads no labels.

        A box is kept if its score is at least `confidence` and no box of a higher score, of any
        class, overlaps it by more than `overlap` (IoU).
        """
        at_once = SCENES_AT_ONCE if self.device == "cpu" else GPU_SCENES_AT_ONCE
        parts = [
            self._detect(batch.select(scenes))
            for scenes in torch.arange(len(batch)).split(at_once)
            if len(scenes)
        ]
        nothing = (torch.zeros(0, 4), torch.zeros(0), *torch.zeros(2, 0, dtype=torch.long))
        corners_B4, score_B, category_B, boxes_N = (
            torch.cat(values) for values in zip(nothing, *parts, strict=True)
        )
        return Boxes(corners_B4=corners_B4, score_B=score_B, category_B=category_B, boxes_N=boxes_N)

    def _detect(self, batch: Batch) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        # Imported here: torchvision comes with the extra `yolo`.
        from torchvision.ops import batched_nms

        batch = batch.to(self.device)
        box = letterbox.letterbox(batch, self.size)
        out_NFA = self.net(letterbox.draw(batch, box))[0]
        score_NA, class_NA = out_NFA[:, 4:].max(1)
        scene_B, anchor_B = (score_NA >= self.confidence).nonzero(as_tuple=True)
        middle_B2, side_B2 = out_NFA[scene_B, :4, anchor_B].split(2, dim=1)
        pixels_B4 = torch.cat([middle_B2 - side_B2 / 2, middle_B2 + side_B2 / 2], dim=1)
        score_B, class_B = score_NA[scene_B, anchor_B], class_NA[scene_B, anchor_B]
        kept = batched_nms(pixels_B4, score_B, scene_B, self.overlap)  # by descending score
        kept = kept[scene_B[kept].argsort(stable=True)]
        class_B, scene_B = class_B[kept], scene_B[kept]
        other = len(self.taxonomy.category_names)
        return (
            box.boxes_to_scene(pixels_B4[kept], scene_B).float().cpu(),
            score_B[kept].cpu(),
            torch.where(class_B == other, -1, class_B).cpu(),
            scene_B.bincount(minlength=len(batch)).cpu(),
        )
