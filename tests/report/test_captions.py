"""What a drawing shows, in words for people."""

import pytest

from instancesketch.core.sketch import Sketch
from instancesketch.core.taxonomy import Taxonomy
from instancesketch.report.captions import category_title, describe_category
from tests.drawings import DEFAULT


@pytest.mark.parametrize(
    ("category", "score", "second", "second_score", "expected"),
    [
        ("4leg", 0.431, "2leg", 0.409, "four-legged animal 43 %, or bird 41 %"),
        ("car", 0.999, "tree", 0.001, "car 100 %"),
        ("car", 0.7, "other", 0.2, "car 70 %, or nothing it knows 20 %"),
        ("other", 0.6, "2leg", 0.3, "nothing it knows 60 %, nearest: bird 30 %"),
        (
            "other",
            0.6,
            "scene",
            0.3,
            "nothing it knows 60 %, or a scene of several things 30 %",
        ),
        ("scene", 0.6, "car", 0.3, "a scene of several things 60 %, or car 30 %"),
        ("4leg", None, None, None, "four-legged animal"),
        ("castle", 0.5, None, None, "castle 50 %"),
        (None, None, None, None, ""),
    ],
)
def test_the_category_is_described_with_the_next_likely(
    category, score, second, second_score, expected
):
    sketch = Sketch.from_strokes(
        [[(0, 0)]], category=category, category_score=score, category_2=second,
        category_2_score=second_score,
    )  # fmt: skip
    assert describe_category(sketch, DEFAULT).replace("\u00a0", " ") == expected


@pytest.mark.parametrize("taxonomy", [None, Taxonomy.load("doodle7")])
def test_names_of_shipped_categories_have_their_titles_everywhere(taxonomy):
    titles = [category_title(name, taxonomy) for name in ("4leg", "car", "castle", "other")]
    assert titles == ["four-legged animal", "car", "castle", "nothing it knows"]


def test_own_titles_come_first():
    data = {"4leg": {"title": "table", "parts": ["leg"]}, "2leg": {"parts": ["leg"]}}
    own = Taxonomy.from_dict({"name": "own", "categories": data})
    assert [category_title(name, own) for name in ("4leg", "2leg")] == ["table", "bird"]
