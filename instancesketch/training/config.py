"""Configs of trainings: a recipe is one of these with values that were measured together.

Imports the standard library, `core` and the models' configs alone, so that the CLI declares its
options without loading torch. Field names are what `--set` takes, and are stored with every run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from instancesketch.core.errors import UserError
from instancesketch.core.model_kinds import MODEL_KINDS, Labels
from instancesketch.models.config import (
    SEED_REFINER,
    SEED_SEGMENTER,
    GrouperConfig,
    RefinerConfig,
    SegmenterConfig,
)

Role = Literal["train", "select"]
# The selection split: the split `valid`, a hash tenth of `train`, or none (the last epoch is kept).
Selection = Literal["valid", "tenth", "none"]


@dataclass(frozen=True, kw_only=True)
class AugmentConfig:
    """The extent of random changes to drawings; a `_p` is the share of drawings (or strokes)."""

    strength: float = 1.0  # factor on every distance and angle; probabilities stay as they are
    exchange_p: float = 0.0  # swap a part for that of another drawing of the same category
    drop_p: float = 0.0  # drop each of the two shortest strokes, if at least three stay
    stretch: float = 0.25  # scale one axis by 1 - stretch to 1 + stretch
    stretch_p: float = 0.9
    shear: float = 0.15
    rotate: float = 15.0  # degrees
    rotate_p: float = 0.9
    mirror_p: float = 0.5
    reverse_p: float = 0.0  # per stroke: reverse its direction
    stroke_rotate: float = 8.0  # degrees
    stroke_scale: float = 0.1
    stroke_shift: float = 0.03  # of the drawing's longer side
    stroke_rotate_p: float = 0.7
    stroke_scale_p: float = 0.7
    stroke_shift_p: float = 0.7
    strokes: tuple[int, int, int] | None = None  # most strokes rotated, scaled, shifted; None: all
    noise: float = 0.008  # of the drawing's longer side, smoothed over three points
    noise_p: float = 0.3
    # Of other hands and devices; `strength` doesn't change them.
    device_p: float = 0.0  # other spacing of points, fewer of them, a coarse grid, or jitter
    prefix_p: float = 0.0  # keep only the first strokes, 40 % of them or more
    join_p: float = 0.0  # of consecutive strokes with near ends and equal labels: make them one
    join_parts_p: float = 0.0  # of such strokes of different labels: the longer one's part is kept
    cut_p: float = 0.0  # of long strokes: cut in two
    shuffle_p: float = 0.0  # shuffle the order of strokes, of all or of blocks of them
    stray_p: float = 0.0  # add one to three marks of unknown part


PUBLISHED_AUGMENT = AugmentConfig(
    drop_p=0.5,
    stretch=0.2,
    stretch_p=0.9,
    shear=0.0,
    rotate=30.0,
    rotate_p=0.9,
    mirror_p=0.25,
    stroke_rotate=7.0,
    stroke_scale=0.1,
    stroke_shift=3 / 256,
    stroke_rotate_p=0.9,
    stroke_scale_p=0.5,
    stroke_shift_p=0.5,
    strokes=(2, 3, 3),
    noise=0.01,
    noise_p=0.3,
)

# Strokes that touch must still touch, and objects that stand upright must still stand.
SCENE_AUGMENT = AugmentConfig(
    stretch=0.3,
    shear=0.05,
    rotate=4.0,
    stroke_rotate=4.0,
    stroke_scale=0.07,
    stroke_shift=0.006,
    noise=0.002,
)


@dataclass(frozen=True, kw_only=True)
class FitConfig:
    """The values of every recipe; the config of each model kind adds its model and its losses."""

    model_kind: ClassVar[str]

    model: Any  # the network's shape, a config of `models.config`
    augment: AugmentConfig = field(default_factory=AugmentConfig)
    epochs: int = 20
    batch_size: int = 64  # drawings per step, over all workers
    batch_per_worker: bool = False  # `batch_size` is of each worker, not of all together
    learning_rate: float = 1.5e-3
    # Drawings per step that the learning rate is for: with B of them it is multiplied by
    # sqrt(B / this), the rule for Adam (Malladi et al. 2022). 0: the same with any number.
    rate_batch: int = 0
    weight_decay: float = 0.02
    optimizer: Literal["adamw", "adam"] = "adamw"
    schedule: Literal["cosine", "warm-restarts"] = "cosine"
    warmup: float = 0.05  # share of all steps, for `cosine`
    restart_epochs: int = 100  # for `warm-restarts`
    passes: int = 1  # passes over the data per epoch
    oversample: Mapping[str, int] = field(default_factory=dict)  # category -> times per pass
    clip: float = 1.0  # largest norm of the gradients; 0: no limit
    average: float = 0.998  # decay of the weights' running mean; 0: no averaging
    # On CPUs, few of which are fast at it; GPUs always compute in half precision.
    bfloat16: bool = False
    seed: int = 0

    @property
    def labels(self) -> Labels:
        """Return the labels that the model is trained on."""
        return MODEL_KINDS[self.model_kind].labels

    def step_drawings(self, workers: int) -> int:
        """Return the drawings per step over all workers."""
        return self.batch_size * workers if self.batch_per_worker else self.batch_size

    def check(self) -> None:
        """Raise a UserError if a network can't be built or trained by this recipe."""
        model = self.model
        if self.batch_size < 1 or self.epochs < 1:
            raise UserError("a recipe needs at least one epoch, and one drawing in a batch")
        if model.width < 1 or model.heads < 1 or model.width % model.heads:
            raise UserError(f"a width {model.width} can't be shared by {model.heads} heads")
        if model.samples < 2 or model.layers < 1 or not model.channels:
            raise UserError(
                "a model needs two samples a stroke, a layer and a convolution at least"
            )
        patches = 2 ** (len(model.channels) - 1)
        if getattr(model, "encoder", None) == "patches" and model.samples % patches:
            raise UserError(
                f"{len(model.channels)} channels join {patches} patches of equal size: "
                f"{model.samples} samples can't be divided so"
            )


# How the published system trains both of its models.
PUBLISHED_TRAINING: Mapping[str, Any] = {
    "augment": PUBLISHED_AUGMENT,
    "epochs": 150,
    "batch_size": 128,
    "learning_rate": 3e-4,
    "optimizer": "adam",
    "schedule": "warm-restarts",
    "passes": 3,
    "clip": 0.0,
    "average": 0.0,
}


# For GPUs: a step launches as many kernels, about a thousand, for ten drawings as for a thousand.
# With fewer steps the schedule warms up for longer and has more epochs. The rate is twice that of
# 64 drawings, half of what the rule would give, for it was never compared on GPUs.
_GPU_TRAINING: Mapping[str, Any] = {
    "batch_size": 1_024,
    "batch_per_worker": True,
    "rate_batch": 1_024,
    "learning_rate": 3e-3,
    "warmup": 0.15,
    "epochs": 40,
}


@dataclass(frozen=True, kw_only=True)
class SegmenterFitConfig(FitConfig):
    """A segmenter's recipe; the defaults are the best measured, `seed_segmenter` the published."""

    model_kind = "segmenter"

    model: SegmenterConfig = field(
        default_factory=lambda: SegmenterConfig(
            encoder="patches", channels=(128, 128, 128), layers=3, pair_order=True
        )
    )
    augment: AugmentConfig = field(default_factory=lambda: AugmentConfig(exchange_p=0.3))
    class_weights: bool = False  # sqrt(median frequency / frequency), normalised to mean 1
    label_smoothing: float = 0.05
    category_loss: float = 0.2  # weight of the category's cross-entropy
    category_given_p: float = 0.7  # share of drawings whose category is an input while training
    # What chooses the epoch and the trial is measured with categories given; true: with those that
    # the model predicts, whose errors then count.
    select_untold: bool = False

    def check(self) -> None:
        """Raise a UserError if a network can't be built or trained by this recipe."""
        super().check()
        if self.select_untold and not self.model.sketch_token:
            raise UserError("select_untold: a model without sketch_token predicts no category")


def seed_segmenter() -> SegmenterFitConfig:
    """Return the published recipe."""
    return SegmenterFitConfig(
        **PUBLISHED_TRAINING,
        model=SEED_SEGMENTER,
        weight_decay=1e-4,
        oversample={"cloud": 6, "flower": 3, "2leg": 4},
        class_weights=True,
        label_smoothing=0.0,
        category_loss=0.0,
    )


def gpu_segmenter() -> SegmenterFitConfig:
    """Return the recipe for GPUs, one a worker."""
    return SegmenterFitConfig(**_GPU_TRAINING)


@dataclass(frozen=True, kw_only=True)
class RefinerFitConfig(FitConfig):
    """A refiner's recipe; the defaults are the best measured, `seed_refiner` the published."""

    model_kind = "refiner"

    model: RefinerConfig = field(default_factory=RefinerConfig)
    margin: float = 0.5  # of the triplet loss
    triplet_loss: float = 0.5  # its weight
    affinity_loss: float = 1.0  # weight of the cross-entropy of pairs: same instance or not
    several_loss: float = 0.5  # weight of the cross-entropy of strokes: several instances or one


def seed_refiner() -> RefinerFitConfig:
    """Return the published recipe."""
    return RefinerFitConfig(
        **PUBLISHED_TRAINING,
        model=SEED_REFINER,
        weight_decay=1e-5,
        margin=1.0,
        triplet_loss=1.0,
        affinity_loss=0.0,
        several_loss=0.0,
    )


def gpu_refiner() -> RefinerFitConfig:
    """Return the recipe for GPUs, one a worker."""
    return RefinerFitConfig(**_GPU_TRAINING)


@dataclass(frozen=True, kw_only=True)
class GrouperFitConfig(FitConfig):
    """A grouper's recipe."""

    model_kind = "grouper"

    model: GrouperConfig = field(default_factory=GrouperConfig)
    augment: AugmentConfig = SCENE_AUGMENT
    batch_size: int = 16  # scenes
    learning_rate: float = 1e-3
    kind_loss: float = 0.2  # weight of the cross-entropy of the category of strokes' objects
    ordered_p: float = 0.25  # share of scenes whose drawing order is an input while training


def gpu_grouper() -> GrouperFitConfig:
    """Return the recipe for GPUs, one a worker; scenes have ten times the strokes of drawings."""
    batch = {"batch_size": 128, "rate_batch": 128, "learning_rate": 2e-3}
    return GrouperFitConfig(**{**_GPU_TRAINING, **batch})


# Values of a detector's recipe that lie from 0 to 1.
_SHARES = (
    "learning_rate", "last_rate", "weight_decay", "scale", "shift", "mirror", "confidence",
    "overlap",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class DetectorConfig:
    """A detector's recipe, and from which score on its boxes count."""

    model_kind: ClassVar[str] = "detector"

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
    scale: float = 0.3  # scale scenes by 1 - scale to 1 + scale
    shift: float = 0.1  # move them by at most this share of the image
    mirror: float = 0.5  # probability of mirroring left and right
    bfloat16: bool = False  # half-precision arithmetic
    confidence: float = 0.25  # the lowest score of a box that is kept
    overlap: float = 0.45  # of two boxes that overlap more (IoU), the one of higher score is kept
    seed: int = 0

    def check(self) -> None:
        """Raise a UserError if a detector can't be trained by this recipe."""
        if self.epochs < 1 or self.batch_size < 1:
            raise UserError("a recipe needs at least one epoch, and one scene in a batch")
        if self.image_size < 64 or self.image_size % 32:
            raise UserError(f"image_size {self.image_size}: give a multiple of 32 from 64 on")
        for name in _SHARES:
            if not 0 <= getattr(self, name) <= 1:
                raise UserError(f"{name} {getattr(self, name)}: give a number from 0 to 1")


def seed_detector() -> DetectorConfig:
    """Return the published recipe: YOLOv8n, 150 epochs, images of 512 pixels."""
    return DetectorConfig(
        model="yolov8n",
        image_size=512,
        epochs=150,
        optimizer="SGD",
        learning_rate=0.01,
        warmup_epochs=3.0,
    )


Recipe = FitConfig | DetectorConfig
