"""What a detector of objects is: scenes in, boxes out, whatever finds them.

Shape letters: see `models.ragged`; N scenes, B boxes, A places that a network looks at.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal, Protocol

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
# Values of a recipe that lie from 0 to 1.
_SHARES = (
    "learning_rate", "last_rate", "weight_decay", "scale", "shift", "mirror", "confidence",
    "overlap",
)  # fmt: skip


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


@dataclass(frozen=True, kw_only=True)
class DetectorConfig:
    """How a detector is trained, and what it counts as an object."""

    kind: ClassVar[str] = "detector"

    # A definition that ships with Ultralytics; yolo26n is the smallest and fastest of them.
    model: Literal["yolo26n", "yolo26s", "yolo11n", "yolov8n"] = "yolo26n"
    image_size: int = 320  # pixels, a multiple of 32
    epochs: int = 30
    batch_size: int = 16  # scenes per step
    optimizer: Literal["AdamW", "SGD", "MuSGD"] = "AdamW"
    learning_rate: float = 2e-3
    last_rate: float = 0.01  # at the end, as a share of the first
    weight_decay: float = 5e-4
    warmup_epochs: float = 1.0
    scale: float = 0.3  # scenes are made so much smaller or larger
    shift: float = 0.1  # and moved by this share of the image at most
    mirror: float = 0.5  # how often left and right change places
    bfloat16: bool = False  # half-precision arithmetic, where the machine has it
    confidence: float = 0.25  # a box is an object from this score on
    overlap: float = 0.45  # of two boxes that share more (IoU), the surer one stays
    seed: int = 0


def seed_recipe() -> DetectorConfig:
    """The published detector: YOLOv8n, 150 epochs, boxes of images of 512 pixels."""
    return DetectorConfig(
        model="yolov8n",
        image_size=512,
        epochs=150,
        optimizer="SGD",
        learning_rate=0.01,
        warmup_epochs=3.0,
    )


def load(source: str, device: str = "cpu") -> Detector:
    """Loads a detector.

    Args:
        source: the name of shipped weights, or a folder with `detector/` in it, such as a run's.
        device: where it computes, such as `cuda`.

    Raises:
        UserError: there is none, its files can't be read, or what it needs isn't installed.
    """
    loaded = weights.load([source], DetectorConfig.kind)
    return ImageDetector.build(loaded, source, device)


def check(config: DetectorConfig) -> None:
    """Raises a UserError where a detector's configuration can't be carried out."""
    if config.epochs < 1 or config.batch_size < 1:
        raise UserError("a recipe needs at least one epoch, and one scene in a batch")
    if config.image_size < 64 or config.image_size % 32:
        raise UserError(f"image_size {config.image_size}: give a multiple of 32 from 64 on")
    for name in _SHARES:
        if not 0 <= getattr(config, name) <= 1:
            raise UserError(f"{name} {getattr(config, name)}: give a number from 0 to 1")


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
