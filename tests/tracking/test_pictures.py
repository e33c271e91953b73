"""What a run shows of its best epoch: which drawings, how labelled, as which pixels."""

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch

from instancesketch.core.schema import from_table, to_table
from instancesketch.render.svg import to_svg
from instancesketch.tracking import pictures
from instancesketch.tracking.examples import Examples
from instancesketch.tracking.metrics_log import RunLog
from instancesketch.tracking.pictures import Shown
from instancesketch.training import sampling
from instancesketch.training.config import GrouperFitConfig, RefinerFitConfig, SegmenterFitConfig
from instancesketch.training.trainer import create_fit
from tests.drawings import (
    DOODLE7,
    TINY,
    TINY_GROUPER,
    TINY_REFINER,
    composed,
    drawn,
    sketch_of,
)
from tests.tracking.shown import shown_of


def has(picture, colour):
    """Whether a colour, `#rrggbb`, is among the pixels."""
    rgb = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
    return bool((picture == rgb).all(2).any())


def test_the_picture_has_the_colours_of_the_svg():
    """And a dot, which has no length, is seen."""
    red, blue = "#b41e00", "#0072b2"
    sketch = sketch_of([(0, 0), (9, 0), (9, 9)], [(4, 4)], part=("frame", "wheel"))
    drawing = to_svg(sketch, colours={"frame": red, "wheel": blue})
    shown = Shown(epoch=1, confusion=None, examples=[("s", drawing, drawing)], legend={})
    (picture,) = shown.pictures.values()
    assert picture.dtype == np.uint8
    assert has(picture, red)
    assert has(picture, blue)
    assert not has(picture, "#009e73")


def test_what_was_left_of_another_epoch_is_not_shown(tmp_path):
    run, shown = str(tmp_path), shown_of(drawn(2), epoch=3)
    assert pictures.left(run, 3) is None
    pictures.leave(run, shown)
    found = pictures.left(run, 3)
    assert found.confusion == shown.confusion
    assert [tuple(e) for e in found.examples] == shown.examples
    assert pictures.left(run, 2) is None


def test_a_runs_log_has_the_pictures(tmp_path):
    log = RunLog(str(tmp_path))
    log.log({"epoch": 1, "loss": 1.0})
    assert not list(tmp_path.glob("*.png"))
    log.log({"epoch": 2, "loss": 1.0}, shown_of(drawn(1), epoch=2))
    assert {f.name for f in tmp_path.glob("*.png")} == {"confusion.png", "examples.png"}


def examples_of(folder, recipe, sketches):
    """Examples of a corpus of which every other row selects, in row groups of ten."""
    path = folder / "part-0.parquet"
    table = to_table(
        [s.replace(split="valid" if i % 2 else "train") for i, s in enumerate(sketches)]
    )
    pq.write_table(table, path, row_group_size=10)
    groups = [
        sampling.survey((str(path), i), "select", "valid", DOODLE7, recipe.labels)
        for i in range(-(-len(table) // 10))
    ]
    counts = [1] * len(DOODLE7.part_names)
    fit = create_fit(
        recipe, DOODLE7, steps_per_epoch=1, part_counts=counts, device=torch.device("cpu")
    )
    return Examples(str(folder), fit, groups, "valid")


def test_the_drawings_are_from_all_over_the_selection(tmp_path):
    sketches = drawn(52)
    examples = examples_of(tmp_path, SegmenterFitConfig(model=TINY), sketches)
    ids = [s.sketch_id for s in sketches[1::2]]
    taken = [ids.index(s) for s in examples.table["sketch_id"].to_pylist()]
    assert taken == [0, 3, 6, 9, 13, 16, 19, 22]


def test_fewer_drawings_than_are_wanted_are_all_shown(tmp_path):
    examples = examples_of(tmp_path, SegmenterFitConfig(model=TINY), drawn(6))
    assert len(examples.table) == 3


@pytest.mark.parametrize(
    ("recipe", "sketches", "field"),
    [
        (SegmenterFitConfig(model=TINY), drawn(12), "part"),
        (RefinerFitConfig(model=TINY_REFINER), drawn(12), "instance"),
        (GrouperFitConfig(model=TINY_GROUPER), composed(8), "object"),
    ],
    ids=["segmenter", "refiner", "grouper"],
)
def test_every_model_shows_what_it_says_beside_the_truth(tmp_path, recipe, sketches, field):
    examples = examples_of(tmp_path, recipe, sketches)
    examples.leave(1, None)
    shown = pictures.left(str(tmp_path), 1)
    labelled = from_table(examples.fit.label_table(examples.table))
    truth = from_table(examples.table)
    assert len(shown.examples) == len(truth) == len(sketches[1::2][:8])
    for (name, true, said), sketch, label in zip(shown.examples, truth, labelled, strict=True):
        assert name == sketch.sketch_id
        own = [str(v) for v in getattr(sketch, field) if v is not None]
        found = [str(v) for v in getattr(label, field) if v is not None]
        assert [f'data-{field}="{v}"' in true for v in own] == [True] * len(own)
        assert [f'data-{field}="{v}"' in said for v in found] == [True] * len(found)
    assert bool(shown.legend) == (field == "part")
    assert set(shown.pictures) == {"examples"}
