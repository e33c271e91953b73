"""Synth: a corpus of procedural drawings, each a function of the seed and its number."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from instancesketch.audit import Log
from instancesketch.cluster import connect
from instancesketch.errors import UserError
from instancesketch.schema import split_of, to_table
from instancesketch.street import Job, Row, Stage, Summary, done, item_of, peak_memory_mb, run, tell

if TYPE_CHECKING:
    from ray.data import Dataset

_AT_ONCE = 1_000


@dataclass(frozen=True, kw_only=True)
class DrawingsConfig:
    """How many drawings, by which seed, and where the corpus is to be."""

    number: int
    seed: int
    out: str
    workers: int | None = None  # None: as many as the cluster has CPUs
    quiet: bool = False


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
    if config.number < 1 or config.seed < 0:
        raise UserError("--number is 1 or more, and --seed 0 or more")
    items = [
        Numbers(name=f"part-{i:06d}", start=a, stop=min(a + _AT_ONCE, config.number))
        for i, a in enumerate(range(0, config.number, _AT_ONCE))
    ]

    def stages(slices: Dataset, stage: Stage) -> Dataset:
        work = partial(tell, partial(_draw_slice, seed=config.seed, stage=stage))
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


def _draw_slice(row: Row, seed: int, stage: Stage) -> Row:
    from instancesketch.synth import draw

    began, item, log, sketches = time.perf_counter(), item_of(row), Log(), []
    for index in range(item.start, item.stop):
        sketch = draw(seed, index)
        sketch = sketch.replace(split=split_of(sketch.sketch_id))
        log.accept(sketch, f"seed {seed}", f"drawing {index}", "synth")
        sketches.append(sketch)
    stage.output.stage(item.name, to_table(sketches), log.table())
    seconds = time.perf_counter() - began
    return done(item.name, len(sketches), seconds, {"drawing": peak_memory_mb()})
