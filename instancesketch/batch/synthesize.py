"""Synth: a corpus of procedural drawings, or of scenes composed of drawings.

Each drawing and each scene is a function of the seed and its number alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from typing import Any

import pyarrow.compute as pc

from instancesketch.batch.config import DrawingsConfig, ScenesConfig
from instancesketch.batch.job import Job, Summary, refuse_overlap
from instancesketch.batch.manifest import Manifest
from instancesketch.batch.runner import Runner, run_job
from instancesketch.batch.shards import plan_shards
from instancesketch.batch.stages import JobRun, ShardState, ShardTask, Write
from instancesketch.core import parquet, run_folder, storage
from instancesketch.core.errors import UserError
from instancesketch.core.hashing import assign_split
from instancesketch.core.run_folder import made_with
from instancesketch.core.schema import count_values, to_table
from instancesketch.core.taxonomy import Taxonomy
from instancesketch.synth.draw import draw
from instancesketch.synth.scenes.composer import Composer
from instancesketch.synth.scenes.config import SceneConfig
from instancesketch.synth.scenes.sources import DrawingSource

DRAWINGS_PER_SHARD = 1_000
# The scenes of a shard are composed of one sample of the drawings.
SCENES_PER_SHARD = 500
# Of a whole shard, on one core.
_SECONDS_OF_DRAWINGS, _SECONDS_OF_SCENES = 4.0, 7.0
# One scene in this many is for validation.
_VALID_EVERY = 10


@dataclass(frozen=True, kw_only=True)
class NumberShard:
    """The drawings or scenes of the numbers from start up to stop."""

    name: str
    start: int
    stop: int


def synth_drawings(config: DrawingsConfig, runner: Runner) -> Summary:
    """Draw a labelled corpus of the seven categories, or continue where that was stopped.

    Raises:
        UserError: a number is negative, the output folder holds something else, or there is no room
            for the workers.
    """
    job = Job(
        verb="synth",
        out=config.out,
        config={"verb": "synth drawings", "number": config.number, "seed": config.seed},
        shards=_number_shards(config.number, config.seed, DRAWINGS_PER_SHARD),
        stages=(Draw(config.seed), Write()),
        workers=config.workers,
        shard_seconds=_SECONDS_OF_DRAWINGS,
        summary={"seed": config.seed},
        quiet=config.quiet,
    )
    return run_job(job, runner)


def _number_shards(number: int, seed: int, per_shard: int) -> list[NumberShard]:
    # NumPy's generators take no negative seeds.
    if number < 1 or seed < 0:
        raise UserError("--number is 1 or more, and --seed 0 or more")
    return [
        NumberShard(name=f"part-{i:06d}", start=start, stop=min(start + per_shard, number))
        for i, start in enumerate(range(0, number, per_shard))
    ]


@dataclass(frozen=True)
class Draw(ShardTask):
    """The first stage of `synth drawings`."""

    seed: int
    name = "drawing"

    def process(self, state: ShardState, run: JobRun) -> ShardState:
        """Draw the drawings of a shard."""
        shard, manifest, sketches = state.shard, Manifest(), []
        assert isinstance(shard, NumberShard)
        for index in range(shard.start, shard.stop):
            sketch = draw(self.seed, index)
            sketch = sketch.replace(split=assign_split(sketch.sketch_id))
            manifest.accept(sketch, f"seed {self.seed}", f"drawing {index}", "synth")
            sketches.append(sketch)
        return replace(state, rows=to_table(sketches), manifest=manifest.table())


def synth_scenes(config: ScenesConfig, runner: Runner) -> Summary:
    """Compose a corpus of scenes, or continue where that was stopped.

    One scene in ten is of split `valid` and composed only of drawings that are not of split
    `train`; the others are of split `train`, and of such drawings.

    Raises:
        UserError: a number is negative, a source isn't a corpus or has no fitting drawings, a
            folder holds something else, or there is no room for the workers.
    """
    scene = _with_taxonomy(config.scene, config.sources)  # refused here where there is none
    job = _scenes_job(config, scene)
    if config.yolo is not None:
        refuse_overlap((*config.sources, config.out), config.yolo)
        _refuse_foreign_images(config.yolo, config.out)
    summary = run_job(job, runner)
    if config.yolo is not None:
        from instancesketch.training import yolo_dataset

        yolo_dataset.describe(config.yolo, scene.load_taxonomy())
    return _with_object_counts(summary)


def _with_taxonomy(scene: SceneConfig, sources: Sequence[str]) -> SceneConfig:
    """Return a config with the taxonomy given, else with that of the corpora if they have one."""
    taxonomies = made_with(sources) if scene.taxonomy is None else []
    own = taxonomies[0] if len(taxonomies) == 1 else scene.load_taxonomy()
    return replace(scene, taxonomy=own)


def _describe(taxonomy: Taxonomy) -> str | dict[str, Any]:
    """Return the name of a shipped taxonomy, or what another one says."""
    is_shipped = taxonomy.name in Taxonomy.shipped() and Taxonomy.load(taxonomy.name) == taxonomy
    return taxonomy.name if is_shipped else taxonomy.to_dict()


def _scenes_job(config: ScenesConfig, scene: SceneConfig) -> Job:
    shards = _number_shards(config.number, config.seed, SCENES_PER_SHARD)
    taxonomy = scene.load_taxonomy()
    # Lists row groups alone: the workers read the drawings.
    drawings = DrawingSource.from_corpora(config.sources)
    refuse_overlap(config.sources, config.out)
    return Job(
        verb="synth",
        out=config.out,
        config={
            "verb": "synth scenes",
            "number": config.number,
            "seed": config.seed,
            # With fingerprints: other drawings make other scenes.
            "from": plan_shards(config.sources).sources if config.sources else (),
            "yolo": config.yolo and storage.absolute(config.yolo),
            **asdict(replace(scene, taxonomy=None)),
            "taxonomy": _describe(taxonomy),
        },
        shards=shards,
        stages=(
            Compose(seed=config.seed, scene=scene, drawings=drawings),
            Write() if config.yolo is None else WriteImages(config.yolo, taxonomy),
        ),
        workers=config.workers,
        shard_seconds=_SECONDS_OF_SCENES,
        summary={"seed": config.seed},
        quiet=config.quiet,
    )


def _refuse_foreign_images(yolo: str, out: str) -> None:
    # Images of other scenes would be taken for some of these.
    begun = storage.exists(storage.join(storage.absolute(out), run_folder.JOB.config_file))
    names = storage.list_names(yolo)
    if names and not begun:
        raise UserError(f"{yolo} already holds {names[0]!r}: choose a new folder for --yolo")


@dataclass(frozen=True, kw_only=True)
class Compose(ShardTask):
    """The first stage of `synth scenes`."""

    seed: int
    scene: SceneConfig
    drawings: DrawingSource
    name = "composing"

    def process(self, state: ShardState, run: JobRun) -> ShardState:
        """Compose the scenes of a shard."""
        shard, manifest, scenes = state.shard, Manifest(), []
        assert isinstance(shard, NumberShard)
        # By the shard, so that shards can be composed in any order and by any worker.
        sample = 0 if self.drawings.fits_in_memory else shard.start // SCENES_PER_SHARD
        composers = _load_composers(self.drawings, self.seed, sample, self.scene)
        for index in range(shard.start, shard.stop):
            role = "valid" if index % _VALID_EVERY == _VALID_EVERY - 1 else "train"
            composer = composers[role]
            if isinstance(composer, UserError):
                raise UserError(f"no scenes of split {role}: {composer}")
            scene = composer.compose(self.seed, index).replace(split=role)
            manifest.accept(scene, f"seed {self.seed}", f"scene {index}", "synth")
            scenes.append(scene)
        return replace(state, rows=to_table(scenes), manifest=manifest.table())


# A worker composes shard after shard, mostly of one sample.
@lru_cache(maxsize=1)
def _load_composers(
    drawings: DrawingSource, seed: int, sample: int, config: SceneConfig
) -> dict[str, Composer | UserError]:
    """Return the composer of each role, or the reason why there is none."""
    composers: dict[str, Composer | UserError] = {}
    for role, sketches in drawings.sample(seed, sample).items():
        try:
            composers[role] = Composer(sketches, config)
        except UserError as error:
            composers[role] = error  # matters only where scenes of the role are to be composed
    return composers


@dataclass(frozen=True)
class WriteImages(Write):
    """The last stage of `synth scenes --yolo`: images and boxes of a shard, then its rows."""

    folder: str
    taxonomy: Taxonomy

    def process(self, state: ShardState, run: JobRun) -> ShardState:
        """Write a shard."""
        from instancesketch.training import yolo_dataset

        # First, for the rows mark the shard as done.
        yolo_dataset.add(state.rows, self.taxonomy, self.folder)
        return super().process(state, run)


def _with_object_counts(summary: Summary) -> Summary:
    """Add the counts of objects to a summary and its `summary.json`."""
    if "objects_by_category" in summary.counts:
        return summary  # finished before
    words: Counter[str] = Counter()
    for table in parquet.read_batches(summary.location, ["object_category"]):
        words += count_values(pc.list_flatten(table["object_category"]))
    counts: dict[str, Any] = {
        **summary.counts,
        "scenes": summary.rows,
        "objects": words.total(),
        "objects_by_category": dict(words.most_common()),
    }
    storage.write_json(storage.join(summary.location, run_folder.SUMMARY), counts)
    return replace(summary, counts=counts)
