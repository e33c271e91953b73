"""What a detector of objects is: scenes in, boxes out, whatever finds them.

Shape letters: see `models.ragged`; N scenes, B boxes, A places that a network looks at.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor, nn

from instancesketch.core.errors import UserError
from instancesketch.core.taxonomy import Taxonomy
from instancesketch.inference import letterbox
from instancesketch.models import weights
from instancesketch.models.packing import Batch
from instancesketch.models.weights import Weights

# The class of whatever is of no category of the taxonomy: the last one of a detector.
OTHER = "object"
# Scenes looked at together, which bounds memory.
SCENES_AT_ONCE = 16


def class_names(taxonomy: Taxonomy) -> tuple[str, ...]:
    """The classes of a detector of the taxonomy, in order."""
    return (*taxonomy.category_names, OTHER)


@dataclass(frozen=True, kw_only=True)
class Boxes:
    """B boxes of N scenes, the scenes' boxes end to end, each scene's surest first."""

    corners_B4: Tensor  # float32: left, top, right, bottom, in the scene's own unit
    score_B: Tensor  # float32, 0..1, how sure that there is an object
    category_B: Tensor  # int64 index into taxonomy.category_names; -1 any other thing
    boxes_N: Tensor  # int64, boxes per scene


class Detector(Protocol):
    """Finds the objects of scenes."""

    taxonomy: Taxonomy

    def detect(self, batch: Batch) -> Boxes:
        """Boxes of the objects of scenes as they are, on the CPU; labels are not looked at."""


def load(source: str, device: str = "cpu") -> Detector:
    """Loads a detector.

    Args:
        source: the name of shipped weights, or a folder with `detector/` in it, such as a run's.
        device: where it computes, such as `cuda`.

    Raises:
        UserError: there is none, its files can't be read, or what it needs isn't installed.
    """
    loaded = weights.load([source], "detector")
    return ImageDetector.build(loaded, source, device)


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

    @classmethod
    def build(cls, loaded: Weights, where: str, device: str = "cpu") -> ImageDetector:
        """The detector that a configuration describes, filled with its tensors.

        Raises:
            UserError: Ultralytics isn't installed, or the weights are no detector's.
        """
        # It imports this module.
        from instancesketch.models import yolo

        yolo.prepare()
        try:
            taxonomy = Taxonomy.from_dict(loaded.config["taxonomy"])
            recipe = loaded.config["recipe"]
            net = yolo.network(loaded.config["model"], len(class_names(taxonomy)))
            values = {name: float(recipe[name]) for name in ("confidence", "overlap")}
            size = int(recipe["image_size"])
        except (
            UserError, LookupError, TypeError, ValueError, AttributeError, RuntimeError,
        ) as error:  # fmt: skip
            reason = (str(error).splitlines() or [""])[0]
            raise UserError(f"{where}: config.json describes no detector: {reason}") from None
        try:
            net.load_state_dict(loaded.tensors)
        except RuntimeError as error:
            reason = str(error).splitlines()[-1].strip()
            raise UserError(
                f"the detector of {where} doesn't fit its config.json: {reason}"
            ) from None
        net.eval().fuse(verbose=False)
        return cls(net.to(device), taxonomy, size=size, device=device, **values)

    @torch.no_grad()
    def detect(self, batch: Batch) -> Boxes:
        """Boxes of the objects of scenes as they are, on the CPU; labels are not looked at.

        A box stays where it is at least `confidence` sure and no surer one of any class overlaps it
        by more than `overlap` (IoU).
        """
        pieces = [
            self._detect(batch.select(scenes))
            for scenes in torch.arange(len(batch)).split(SCENES_AT_ONCE)
            if len(scenes)
        ]
        nothing = (torch.zeros(0, 4), torch.zeros(0), *torch.zeros(2, 0, dtype=torch.long))
        corners_B4, score_B, category_B, boxes_N = (
            torch.cat(values) for values in zip(nothing, *pieces, strict=True)
        )
        return Boxes(corners_B4=corners_B4, score_B=score_B, category_B=category_B, boxes_N=boxes_N)

    def _detect(self, batch: Batch) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        from torchvision.ops import batched_nms

        batch = batch.to(self.device)
        box = letterbox.letterbox(batch, self.size)
        out_NFA = self.net(letterbox.draw(batch, box))[0]
        score_NA, class_NA = out_NFA[:, 4:].max(1)
        scene_B, anchor_B = (score_NA >= self.confidence).nonzero(as_tuple=True)
        middle_B2, side_B2 = out_NFA[scene_B, :4, anchor_B].split(2, dim=1)
        pixels_B4 = torch.cat([middle_B2 - side_B2 / 2, middle_B2 + side_B2 / 2], dim=1)
        score_B, class_B = score_NA[scene_B, anchor_B], class_NA[scene_B, anchor_B]
        kept = batched_nms(pixels_B4, score_B, scene_B, self.overlap)  # surest first
        kept = kept[scene_B[kept].argsort(stable=True)]
        class_B, scene_B = class_B[kept], scene_B[kept]
        other = len(self.taxonomy.category_names)
        return (
            box.boxes_to_scene(pixels_B4[kept], scene_B).float().cpu(),
            score_B[kept].cpu(),
            torch.where(class_B == other, -1, class_B).cpu(),
            scene_B.bincount(minlength=len(batch)).cpu(),
        )
