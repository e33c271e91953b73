"""Answers of weights whose categories include `other` and `scene`."""

import pytest
import torch

from instancesketch.core.sketch import Sketch
from instancesketch.core.taxonomy import Taxonomy
from instancesketch.inference.segmenter import Segmenter
from instancesketch.models.config import SegmenterConfig
from instancesketch.models.segmenter import SegmenterNet
from instancesketch.render.colours import palette
from instancesketch.report.captions import category_title
from instancesketch.serve.examples import example_categories, example_table
from instancesketch.serve.labelling import Labeller
from instancesketch.serve.requests import LabelRequest, RequestError

DEFAULT = Taxonomy.load("default")
SKETCH = Sketch.from_strokes([[(0, 0), (50, 9)], [(3, 3)]])


@pytest.fixture(scope="module")
def untrained() -> Labeller:
    """Return what labels with random weights of all categories."""
    torch.manual_seed(0)
    config = SegmenterConfig(width=32, layers=1, sketch_token=True)
    return Labeller(Segmenter(SegmenterNet(config, DEFAULT), DEFAULT), "untrained")


def asked(**values) -> LabelRequest:
    return LabelRequest(**({"sketch": SKETCH, "category": None, "categories": None} | values))


@pytest.mark.parametrize("name", ["other", "scene"])
def test_strokes_of_a_drawing_without_parts_have_none(untrained, name):
    answer = untrained.label(asked(categories=(name,)))
    assert answer["category"] == name
    assert answer["categories"] == [
        {"name": name, "title": category_title(name, DEFAULT), "score": 1.0}
    ]
    assert [set(stroke.values()) for stroke in answer["strokes"]] == [{None}, {None}]


def test_all_categories_are_described_with_the_colours_of_reports(untrained):
    table = untrained.describe()
    assert [each["name"] for each in table["categories"]] == list(DEFAULT.category_names)
    parts = {each["name"]: each["parts"] for each in table["categories"]}
    assert parts["other"] == parts["scene"] == []
    colours = palette(*(c.parts for c in DEFAULT.categories.values()))
    leg = next(part for part in parts["4leg"] if part["name"] == "front-leg")
    assert leg == {
        "name": "front-leg", "title": "front leg", "countable": True, "sided": True,
        "colour": colours["front-leg"],
    }  # fmt: skip
    titles = {each["name"]: each["title"] for each in table["categories"]}
    assert (titles["4leg"], titles["other"]) == ("four-legged animal", "nothing it knows")
    assert not table["scenes"]


def test_without_a_grouper_a_scene_is_refused(untrained):
    with pytest.raises(RequestError, match="can't group"):
        untrained.label_scene(asked())


def test_every_category_with_examples_has_complete_drawings():
    table = example_table(DEFAULT, 2)
    assert list(table) == example_categories(DEFAULT)
    assert len(table) == 7
    assert all(len(found) == 2 for found in table.values())
    assert example_table(DEFAULT, 1)["car"] == table["car"][:1]
