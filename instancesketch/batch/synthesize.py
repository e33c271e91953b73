"""Synth: a corpus of procedural drawings, or of scenes composed of drawings, each a function of
the seed and its number.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import asdict, dataclass, replace
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

import pyarrow.compute as pc

from instancesketch.batch.config import DrawingsConfig, ScenesConfig
from instancesketch.batch.job import (
    Job,
    Row,
    Stage,
    Summary,
    done,
    item_of,
    refuse_overlap,
    run,
    tell,
)
from instancesketch.batch.manifest import Log
from instancesketch.batch.scene_sources import Stock
from instancesketch.batch.shards import plan
from instancesketch.core import parquet, storage
from instancesketch.core.errors import UserError
from instancesketch.core.hashing import assign_split
from instancesketch.core.schema import count_values, to_table
from instancesketch.core.taxonomy import Taxonomy
from instancesketch.core.usage import peak_memory_mb
from instancesketch.distributed.cluster import connect
from instancesketch.synth.draw import draw
from instancesketch.synth.scenes.composer import Composer
from instancesketch.synth.scenes.config import SceneConfig

if TYPE_CHECKING:
    from ray.data import Dataset

_AT_ONCE = 1_000
# Scenes of a slice, which are composed of one sample of the drawings.
_SCENES_AT_ONCE = 500
# One scene in so many is for validation.
_VALID_IN = 10


@dataclass(frozen=True, kw_only=True)
class Numbers:
    """A slice: the drawings from start up to stop."""

    name: str
    start: int
    stop: int


def synth_drawings(config: DrawingsConfig) -> Summary:
    """Draws a labelled corpus of the seven categories, or continues where that was stopped.

    Raises:
        UserError: a number is negative, the output folder holds something else, or the cluster is
            too small.
    """
    items = _items(config.number, config.seed, _AT_ONCE)

    def stages(slices: Dataset, stage: Stage) -> Dataset:
        work = Draw(seed=config.seed, stage=stage)
        return slices.map(work, concurrency=config.workers and stage.workers(config.workers))

    return run(
        Job(
            verb="synth",
            out=config.out,
            settings={"verb": "synth drawings", "number": config.number, "seed": config.seed},
            items=items,
            connect=partial(connect, workers=config.workers or 1),
            stages=stages,
            summary={"seed": config.seed},
            quiet=config.quiet,
        )
    )


def _items(number: int, seed: int, at_once: int) -> list[Numbers]:
    if number < 1 or seed < 0:
        raise UserError("--number is 1 or more, and --seed 0 or more")
    return [
        Numbers(name=f"part-{i:06d}", start=a, stop=min(a + at_once, number))
        for i, a in enumerate(range(0, number, at_once))
    ]


@dataclass(frozen=True, kw_only=True)
class Draw:
    """The only stage of `synth drawings`: a slice of them in the corpus."""

    seed: int
    stage: Stage

    def __call__(self, row: Row) -> Row:
        return tell(self._draw, row)

    def _draw(self, row: Row) -> Row:
        began, item, log, sketches = time.perf_counter(), item_of(row), Log(), []
        for index in range(item.start, item.stop):
            sketch = draw(self.seed, index)
            sketch = sketch.replace(split=assign_split(sketch.sketch_id))
            log.accept(sketch, f"seed {self.seed}", f"drawing {index}", "synth")
            sketches.append(sketch)
        drawn = time.perf_counter()
        self.stage.output.stage(item.name, to_table(sketches), log.table())
        return _done(item.name, len(sketches), "drawing", began, drawn)


def _done(name: str, rows: int, making: str, began: float, made: float) -> Row:
    ended, memory = time.perf_counter(), peak_memory_mb()
    return done(
        name,
        rows,
        ended - began,
        {making: memory, "writing": memory},
        {making: made - began, "writing": ended - made},
    )


def synth_scenes(config: ScenesConfig) -> Summary:
    """Composes a corpus of scenes, or continues where that was stopped.

    One scene in ten is of split `valid` and composed only of drawings that are not of split
    `train`; the others are of split `train`, and of such drawings.

    Raises:
        UserError: a number is negative, a source is no corpus or has no fitting drawings, a folder
            holds something else, or the cluster is too small.
    """
    items = _items(config.number, config.seed, _SCENES_AT_ONCE)
    taxonomy, stock = Taxonomy.load(config.scene.taxonomy), Stock.of(config.sources)
    refuse_overlap(config.sources, config.out)
    if config.yolo is not None:
        refuse_overlap((*config.sources, config.out), config.yolo)
        _refuse_foreign(config.yolo, config.out)

    def stages(slices: Dataset, stage: Stage) -> Dataset:
        work = Compose(config=replace(config, workers=None), stock=stock, stage=stage)
        return slices.map(work, concurrency=config.workers and stage.workers(config.workers))

    summary = run(
        Job(
            verb="synth",
            out=config.out,
            settings={
                "verb": "synth scenes",
                "number": config.number,
                "seed": config.seed,
                "from": plan(config.sources).sources if config.sources else (),
                "yolo": config.yolo and storage.absolute(config.yolo),
                **asdict(config.scene),
            },
            items=items,
            connect=partial(connect, workers=config.workers or 1),
            stages=stages,
            summary={"seed": config.seed},
            quiet=config.quiet,
        )
    )
    if config.yolo is not None:
        from instancesketch.training import yolo_dataset

        yolo_dataset.describe(config.yolo, taxonomy)
    return _with_objects(summary)


def _refuse_foreign(yolo: str, out: str) -> None:
    """Images of other scenes would be taken for some of these."""
    begun = storage.exists(storage.join(storage.absolute(out), "_state", "settings.json"))
    there = storage.list_names(yolo)
    if there and not begun:
        raise UserError(f"{yolo} already holds {there[0]!r}: choose a new folder for --yolo")


@dataclass(frozen=True, kw_only=True)
class Compose:
    """The only stage of `synth scenes`: a slice of them in the corpus."""

    config: ScenesConfig
    stock: Stock
    stage: Stage

    def __call__(self, row: Row) -> Row:
        return tell(self._compose, row)

    def _compose(self, row: Row) -> Row:
        began, item, log, scenes = time.perf_counter(), item_of(row), Log(), []
        config, stock = self.config, self.stock
        sample = 0 if stock.is_whole else item.start // _SCENES_AT_ONCE
        for index in range(item.start, item.stop):
            role = "valid" if index % _VALID_IN == _VALID_IN - 1 else "train"
            composer = _composers(stock, config.seed, sample, config.scene)[role]
            if isinstance(composer, UserError):
                raise UserError(f"no scenes of split {role}: {composer}")
            scene = composer.compose(config.seed, index).replace(split=role)
            log.accept(scene, f"seed {config.seed}", f"scene {index}", "synth")
            scenes.append(scene)
        composed, table = time.perf_counter(), to_table(scenes)
        if config.yolo is not None:
            from instancesketch.training import yolo_dataset

            yolo_dataset.add(table, Taxonomy.load(config.scene.taxonomy), config.yolo)
        self.stage.output.stage(item.name, table, log.table())
        return _done(item.name, len(scenes), "composing", began, composed)


@lru_cache(maxsize=1)
def _composers(
    stock: Stock, seed: int, sample: int, config: SceneConfig
) -> dict[str, Composer | UserError]:
    """By role; a role without drawings matters only to who asks for its scenes."""
    composers: dict[str, Composer | UserError] = {}
    for role, drawings in stock.sample(seed, sample).items():
        try:
            composers[role] = Composer(drawings, config)
        except UserError as error:
            composers[role] = error
    return composers


def _with_objects(summary: Summary) -> Summary:
    """Adds to `summary.json` what the scenes hold."""
    if "objects_by_category" in summary.counts:
        return summary
    words: Counter[str] = Counter()
    for table in parquet.read_batches(summary.location, ["object_category"]):
        words += count_values(pc.list_flatten(table["object_category"]))
    counts: dict[str, Any] = {
        **summary.counts,
        "scenes": summary.rows,
        "objects": words.total(),
        "objects_by_category": dict(words.most_common()),
    }
    storage.write_json(storage.join(summary.location, "summary.json"), counts)
    return replace(summary, counts=counts)
