"""The configs of the batch jobs, apart from what carries them out.

The command line declares its options from these classes, so this module stays light.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from instancesketch.synth.scenes.config import SceneConfig

AUTO = "auto"  # a format or a precision that is chosen by looking

SplitBy = Literal["sketch", "user"]


@dataclass(frozen=True, kw_only=True)
class IngestConfig:
    """The sources of a corpus, how they are read, and where the corpus goes."""

    sources: tuple[str, ...]
    out: str
    format: str = AUTO
    taxonomy: str | None = None  # None: the format decides
    split_by: SplitBy = "sketch"
    shuffle_strokes: int | None = None  # a seed
    max_record_mb: float = 64.0
    workers: int | None = None  # None: as many as the cluster has CPUs
    quiet: bool = False


@dataclass(frozen=True, kw_only=True)
class ObjectsConfig:
    """How the objects of scenes are found before each is labelled."""

    detector: str | None = None  # weights that hold one; None: by the strokes alone
    drawing_order: bool = False  # strokes drawn one after the other are likelier one object
    given_objects: bool = False  # take the scenes' own objects as true


@dataclass(frozen=True, kw_only=True)
class SegmentConfig:
    """The sources to label, the weights that label them, and where the result goes."""

    sources: tuple[str, ...]
    out: str
    weights: tuple[str, ...]
    given_category: bool = False
    scenes: ObjectsConfig | None = None  # None: each row is one drawing
    format: str = AUTO
    split: str | None = None  # only the rows of this split
    shuffle_strokes: int | None = None  # a seed
    max_record_mb: float = 64.0
    precision: str = AUTO
    workers: int | None = None  # in each actor pool; None: as many as the cluster has room for
    gpus_per_worker: float = 0.0
    quiet: bool = False


@dataclass(frozen=True, kw_only=True)
class DrawingsConfig:
    """How many procedural drawings to make, from which seed, and where the corpus goes."""

    number: int
    seed: int
    out: str
    workers: int | None = None  # None: as many as the cluster has CPUs
    quiet: bool = False


@dataclass(frozen=True, kw_only=True)
class ScenesConfig:
    """How many scenes to compose, from which seed and drawings, and where the corpus goes."""

    number: int
    seed: int
    out: str
    sources: tuple[str, ...] = ()  # corpora of drawings or scenes; none: procedural drawings
    yolo: str | None = None  # a folder for the same scenes as images with boxes
    scene: SceneConfig = field(default_factory=SceneConfig)
    workers: int | None = None  # None: as many as the cluster has CPUs
    quiet: bool = False
