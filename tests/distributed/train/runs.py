"""Corpora, configs and weights of the training runs that tests make."""

from itertools import cycle
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import safetensors.torch
import torch

from instancesketch.core.schema import to_table
from instancesketch.core.sketch import Sketch
from instancesketch.distributed.train.config import TrainConfig
from instancesketch.training.config import GrouperFitConfig, RefinerFitConfig, SegmenterFitConfig
from tests.drawings import TINY, TINY_GROUPER, TINY_REFINER, composed, drawn, sketch_of

# A high learning rate and a short average, so that differences between workers would show.
FAST: dict[str, Any] = {"epochs": 2, "batch_size": 16, "learning_rate": 0.02, "average": 0.5}
RECIPE = SegmenterFitConfig(model=TINY, **FAST)
REFINER = RefinerFitConfig(model=TINY_REFINER, **FAST)
GROUPER = GrouperFitConfig(model=TINY_GROUPER, **FAST | {"batch_size": 8, "learning_rate": 0.01})
RECIPES = {"segmenter": RECIPE, "refiner": REFINER, "grouper": GROUPER}
FILES = {
    "config.json", "metrics.jsonl", "curves.svg", "summary.json", "tensorboard", "examples.png",
}  # fmt: skip
# A drawing that is no scene.
BARE = sketch_of([(0, 0), (1, 1)], category="sun", part=("ray",), split="train")


def write_corpus(folder: Path, rows: tuple[int, ...] = (15, 7)) -> str:
    """Write 100 drawings to train on, 40 to select on and 30 unlabelled, in uneven row groups."""
    sketches = [
        s.replace(split="train" if i < 100 else "valid") for i, s in enumerate(drawn(140, seed=2))
    ]
    sketches += [s.replace(part=None, label=None) for s in drawn(30, seed=3)]
    return write_files(folder, sketches, files=2, rows=rows)


def write_scenes(folder: Path) -> str:
    """Write forty scenes to train on, ten to select on, and drawings that are not scenes."""
    scenes = [s.replace(split="train" if i < 40 else "valid") for i, s in enumerate(composed(50))]
    scenes += [BARE.replace(sketch_id=f"bare{i}") for i in range(5)]
    return write_files(folder, scenes, files=2, rows=(7,))


def write_files(
    folder: Path, sketches: list[Sketch], files: int = 1, rows: tuple[int, ...] = (5_000,)
) -> str:
    """Write sketches into files by turns, in row groups of these numbers of rows by turns."""
    folder.mkdir(parents=True)
    for i in range(files):
        table, first, sizes = to_table(sketches[i::files]), 0, cycle(rows)
        with pq.ParquetWriter(folder / f"part-{i}.parquet", table.schema) as file:
            while first < len(table):
                file.write_table(table.slice(first, size := next(sizes)))
                first += size
    return str(folder)


def config_of(corpus: str, storage: Path, run: str, **values: Any) -> TrainConfig:
    values = {"recipe": RECIPE, "selection": "valid", "quiet": True, "taxonomy": "doodle7"} | values
    return TrainConfig(data=(corpus,), run=run, storage=str(storage), **values)


def weights_of(run: Path, kind: str = "segmenter") -> dict[str, torch.Tensor]:
    return safetensors.torch.load_file(run / kind / "model.safetensors")


def equal(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)
