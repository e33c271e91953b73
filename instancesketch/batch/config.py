"""The configs of the batch jobs, apart from what carries them out.

The command line declares its options from these classes, so this module stays light.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from instancesketch.core.config import Split, SplitBy, option
from instancesketch.synth.scenes.config import SceneConfig

AUTO = "auto"  # a format or a precision that is detected
# The option of everything that labels drawings.
WEIGHTS = option(
    "a shipped name (default, doodle7, spg20), or the folder of a run; can be given several times, "
    "later ones win",
    metavar="W",
    action="append",
)


@dataclass(frozen=True, kw_only=True)
class JobConfig:
    """Fields of every batch job."""

    # None: the most that the cluster has room for.
    workers: int | None = field(
        default=None,
        metadata=option("workers at the same time (default: all that have room)", metavar="N"),
    )
    quiet: bool = field(default=False, metadata=option("show no progress"))


@dataclass(frozen=True, kw_only=True)
class SourcesConfig(JobConfig):
    """Fields of a batch job that reads sources."""

    sources: tuple[str, ...] = field(
        metadata=option("corpus, file, folder or URI", metavar="SOURCE", positional=True)
    )
    format: str = field(
        default=AUTO,
        metadata=option("format of all files; auto: look into each file", metavar="F"),
    )
    # To measure what a model reads from the order, which is lost where strokes come from images.
    shuffle_strokes: int | None = field(
        default=None,
        metadata=option(
            "put the strokes of each sketch in a random order drawn with this seed", metavar="SEED"
        ),
    )
    # Guesswork, which nobody should get unasked for.
    trace: bool = field(
        default=False,
        metadata=option("read pictures (PNG, JPEG) as well: trace their lines (extra `trace`)"),
    )
    # A single record has no bound otherwise, and a worker holds it whole in memory.
    max_record_mb: float = field(
        default=64.0, metadata=option("reject larger drawings", metavar="MB")
    )


@dataclass(frozen=True, kw_only=True)
class IngestConfig(SourcesConfig):
    """The sources of a corpus, how they are read, and where the corpus goes."""

    out: str = field(metadata=option("the folder to make", metavar="CORPUS"))
    # None: the format decides.
    taxonomy: str | None = field(
        default=None,
        metadata=option(
            "categories and parts: default, doodle7, spg20 or a TOML file (default: the format "
            "decides)",
            metavar="T",
        ),
    )
    corrections: str | None = field(
        default=None,
        metadata=option(
            "corrections.json, saved from the report of the one source, a result: ingest the "
            "drawings corrected there, with a person's labels",
            metavar="FILE",
        ),
    )
    split: Split | None = field(
        default=None,
        metadata=option(
            "the split of all drawings, whatever the files say (default: the file's own, else by "
            "--split-by)"
        ),
    )
    # With `user`, nobody's drawings are both in train and in test.
    split_by: SplitBy = field(
        default="sketch",
        metadata=option(
            "what is hashed to choose train, valid or test where the file has no official split"
        ),
    )


@dataclass(frozen=True, kw_only=True)
class ObjectsConfig:
    """The way to find the objects of scenes, each of which is then labelled."""

    # None: by the strokes alone.
    detector: str | None = field(
        default=None,
        metadata=option(
            "with --scenes: find objects by boxes as well, with this shipped detector or the "
            "folder of a run that holds detector/; none: without boxes (default: none)",
            metavar="NAME",
        ),
    )
    detector_gpus: float | None = field(
        default=None,
        metadata=option(
            "with --scenes --detector: GPUs of each worker that detects, such as 0.25 (default: as "
            "--gpus-per-worker)",
            metavar="G",
        ),
    )
    drawing_order: bool = field(
        default=False,
        metadata=option(
            "with --scenes: take strokes drawn one after the other as likelier one object; use it "
            "only where the files keep the order in which the strokes were drawn"
        ),
    )
    given_objects: bool = field(
        default=False,
        metadata=option(
            "with --scenes: take the objects in the sources as true; without it they are not read"
        ),
    )


@dataclass(frozen=True, kw_only=True)
class SegmentConfig(SourcesConfig):
    """The sources to label, the weights that label them, and where the result goes."""

    out: str = field(metadata=option("the folder to make", metavar="DIR"))
    weights: tuple[str, ...] = field(default=("default",), metadata=WEIGHTS)
    given_category: bool = field(
        default=False,
        metadata=option(
            "take each drawing's own category as true; without it the category is predicted"
        ),
    )
    # None: all of the weights.
    categories: tuple[str, ...] | None = field(
        default=None,
        metadata=option(
            "the only categories that a drawing can be, by name or word: car tree dog; other and "
            "scene are left out unless they are named (default: all of the weights)",
            metavar="C",
            action="extend",
        ),
    )
    cut_strokes: bool = field(
        default=False,
        metadata=option(
            "look again, in pieces, at long strokes: the result says which run over several parts, "
            "and where (column pieces); unsure parts get better; takes several times as long"
        ),
    )
    scenes: ObjectsConfig | None = None  # None: each row is one drawing
    # Truth and result of one split can then be compared without labelling the others.
    split: str | None = field(
        default=None, metadata=option("only drawings of this split, such as valid", metavar="S")
    )
    # Resolved before the job begins, so that all its workers round alike.
    precision: str = field(
        default=AUTO,
        metadata=option(
            "number format that the networks compute in: float32, bfloat16, or auto, which is "
            "bfloat16 on GPUs and on CPUs made for it; summary.json has the one used",
            metavar="P",
        ),
    )
    gpus_per_worker: float = field(
        default=0.0,
        metadata=option(
            "GPUs of each worker; 0.5: two workers share one; 0: compute on CPUs", metavar="G"
        ),
    )


@dataclass(frozen=True, kw_only=True)
class SynthConfig(JobConfig):
    """Fields of a batch job that makes a corpus without sources."""

    number: int = field(metadata=option("number of drawings or scenes", metavar="N"))
    seed: int = field(default=0, metadata=option("seed of all random choices", metavar="S"))
    out: str = field(metadata=option("the folder to make", metavar="CORPUS"))


@dataclass(frozen=True, kw_only=True)
class DrawingsConfig(SynthConfig):
    """A corpus of procedural drawings."""


@dataclass(frozen=True, kw_only=True)
class ScenesConfig(SynthConfig):
    """A corpus of scenes, composed of procedural drawings or of the drawings of corpora."""

    sources: tuple[str, ...] = field(
        default=(),
        metadata=option(
            "corpora of drawings or scenes to take drawings from (default: procedural drawings)",
            metavar="CORPUS",
            name="from",
        ),
    )
    yolo: str | None = field(
        default=None,
        metadata=option(
            "also write images and boxes to this folder, in the layout that Ultralytics reads",
            metavar="DIR",
        ),
    )
    scene: SceneConfig = field(default_factory=SceneConfig)
