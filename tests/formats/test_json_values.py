import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as nps

from instancesketch.core.errors import SketchError
from instancesketch.formats import build_sketch, json_values
from instancesketch.formats.readers import published_json, quickdraw
from tests.formats.strategies import COORDINATES

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(width=32) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=12,
)
STROKES = st.lists(st.lists(st.lists(st.integers() | ANYTHING, max_size=3), max_size=3), max_size=3)
NAMES = ["source", "category", "split", "width", "height", "part", "label", "instance", "object"]
FIELDS = st.dictionaries(
    st.sampled_from([*NAMES, "object_category", "segments", "instances", "word", "user"]), ANYTHING
)


@given(strokes=STROKES | ANYTHING, fields=FIELDS, key=ANYTHING)
def test_any_values_give_a_sketch_or_raise_sketch_error(strokes, fields, key):
    for parse in (
        lambda: quickdraw.parse({"key_id": key, "drawing": strokes, **fields}, "line 1"),
        lambda: published_json.parse({"lines": strokes, "key_id": key, **fields}, "stem"),
    ):
        try:
            reason = repr(build_sketch(parse()))[:100]
        except SketchError as error:
            reason = str(error)
        assert 0 < len(reason) < 300


@given(x=nps.arrays(np.float32, 5, elements=COORDINATES))
def test_the_shortest_decimals_read_back_exactly(x):
    text = json.dumps(json_values.to_shortest_floats(x))
    assert (np.array(json.loads(text), np.float64).astype(np.float32) == x).all()


def test_decimals_have_no_more_digits_than_needed():
    assert (
        json_values.dump(json_values.to_shortest_floats(np.array([0.1, 3], np.float32)))
        == "[0.1,3.0]"
    )


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (True, "not a size"),
        (-1, "not a size"),
        (float("inf"), "not a size"),
        (10**400, "not a size"),
        ("4", "not a size"),
    ],
)
def test_invalid_sizes_are_rejected(given, reason):
    with pytest.raises(SketchError, match=reason):
        json_values.as_size(given, "width")


@pytest.mark.parametrize(
    ("value", "name"), [(7, "7"), ("x", "x"), (-(2**70), str(-(2**70))), ("a/b", "a/b")]
)
def test_ids_become_strings(value, name):
    assert json_values.as_id(value, "key_id") == name


@pytest.mark.parametrize("value", [None, "", True, 1.5, [], {}])
def test_invalid_ids_are_rejected(value):
    with pytest.raises(SketchError, match="key_id"):
        json_values.as_id(value, "key_id")
