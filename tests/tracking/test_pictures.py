"""The pictures of a run's best epoch: their drawings, their labels and their pixels."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch

from instancesketch.core.schema import from_table, to_table
from instancesketch.core.sketch import Sketch
from instancesketch.tracking import pictures
from instancesketch.tracking.pictures import Examples, Pixels
from instancesketch.tracking.run_state import RunState
from instancesketch.tracking.snapshot import Snapshot
from instancesketch.training.config import GrouperFitConfig, RefinerFitConfig, SegmenterFitConfig
from instancesketch.training.trainer import create_fit
from tests.drawings import (
    DOODLE7,
    TINY,
    TINY_GROUPER,
    TINY_REFINER,
    composed,
    count_corpus,
    drawn,
    sketch_of,
)


def has_colour(image: Pixels, colour: str) -> bool:
    """Return whether a colour, `#rrggbb`, is among the pixels."""
    rgb = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
    return bool((image == rgb).all(2).any())


def test_strokes_and_dots_are_drawn_in_their_colours() -> None:
    red, blue = "#b41e00", "#0072b2"
    sketch = sketch_of([(0, 0), (9, 0), (9, 9)], [(4, 4)], part=("frame", "wheel"))
    snapshot = Snapshot(
        epoch=1,
        confusion=None,
        by="part",
        colours={"frame": red, "wheel": blue},
        truth=[sketch],
        predicted=[sketch],
    )
    (image,) = pictures.draw(snapshot).images.values()
    assert image.dtype == np.uint8
    assert has_colour(image, red)
    assert has_colour(image, blue)
    assert not has_colour(image, "#009e73")


def test_empty_snapshot_has_no_images() -> None:
    empty = Snapshot(epoch=1, confusion=None, by="part", colours={}, truth=[], predicted=[])
    assert pictures.draw(empty).images == {}


def examples_of(folder: Path, recipe: Any, sketches: list[Sketch]) -> Examples:
    """Return examples of a corpus whose every other row is to select on, in row groups of ten."""
    path = folder / "part-0.parquet"
    table = to_table(
        [s.replace(split="valid" if i % 2 else "train") for i, s in enumerate(sketches)]
    )
    pq.write_table(table, path, row_group_size=10)
    groups = count_corpus(str(folder), "select", "valid", recipe.labels)
    counts = [1] * len(DOODLE7.part_names)
    fit = create_fit(
        recipe, DOODLE7, steps_per_epoch=1, part_counts=counts, device=torch.device("cpu")
    )
    return Examples(str(folder), fit, groups, "valid")


def test_examples_are_evenly_spaced_over_the_selection_split(tmp_path: Path) -> None:
    sketches = drawn(52)
    examples = examples_of(tmp_path, SegmenterFitConfig(model=TINY), sketches)
    ids = [s.sketch_id for s in sketches[1::2]]
    taken = [ids.index(s) for s in examples.table["sketch_id"].to_pylist()]
    assert taken == [0, 3, 6, 9, 13, 16, 19, 22]


def test_fewer_drawings_than_examples_are_all_shown(tmp_path: Path) -> None:
    examples = examples_of(tmp_path, SegmenterFitConfig(model=TINY), drawn(6))
    assert len(examples.table) == 3


@pytest.mark.parametrize(
    ("recipe", "make", "field"),
    [
        (SegmenterFitConfig(model=TINY), drawn, "part"),
        (RefinerFitConfig(model=TINY_REFINER), drawn, "instance"),
        (GrouperFitConfig(model=TINY_GROUPER), composed, "object"),
    ],
    ids=["segmenter", "refiner", "grouper"],
)
def test_pictures_of_every_model_show_labels_beside_the_truth(
    tmp_path: Path, recipe: Any, make: Callable[[int], list[Sketch]], field: str
) -> None:
    sketches = make(12)
    examples = examples_of(tmp_path, recipe, sketches)
    examples.save(1, None)
    snapshot = RunState(str(tmp_path)).snapshot(1)
    assert snapshot is not None
    assert snapshot.by == field
    assert list(snapshot.truth) == from_table(examples.table)
    assert list(snapshot.predicted) == from_table(examples.fit.label_table(examples.table))
    assert len(snapshot.truth) == len(sketches[1::2][:8])
    assert bool(snapshot.legend) == (field == "part")
    assert set(pictures.draw(snapshot).images) == {"examples"}
