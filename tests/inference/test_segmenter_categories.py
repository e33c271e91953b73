"""The category of a drawing: predicted, given, resolved from a word, restricted or unknown."""

import numpy as np
import pytest

from instancesketch.core.errors import UserError
from instancesketch.core.schema import from_table, to_table
from instancesketch.inference.segmenter import Segmenter
from instancesketch.models.segmenter import SegmenterNet
from tests.drawings import (
    DEFAULT,
    DOODLE7,
    TINY,
    drawn,
    forced_net,
)
from tests.inference.test_segmenter import PUBLISHED, forced, same, segmenter


@pytest.fixture(scope="module")
def tokens():
    """Return a segmenter of the default recipe, which predicts categories."""
    return segmenter()


@pytest.mark.parametrize("category", ["other", "scene"])
def test_what_is_no_known_category_has_no_labels_and_no_error(category):
    model = forced(category, "2leg")
    sketches = drawn(5)
    for got in [*model.label(sketches), *from_table(model.label_table(to_table(sketches)))]:
        assert (got.category, got.category_2, got.error) == (category, "2leg", None)
        assert got.category_score > got.category_2_score > 0
        for name in ("part", "label", "instance", "part_score", "part_2", "part_2_score"):
            assert getattr(got, name) is None
        assert got.confidence == got.category_score


def test_drawings_of_known_categories_keep_their_labels_beside_others():
    model, (one, two) = forced("car"), drawn(2)
    want = model.label([two.replace(category="4leg")], given_category=True)[0]
    got = model.label(
        [one.replace(category="other"), two.replace(category="dog"), one.replace(category="scene")],
        given_category=True,
    )
    assert [g.part is None for g in got] == [True, False, True]
    assert [g.error for g in got] == [None] * 3
    same(got[1], want)


def test_restricted_weights_choose_among_the_given_categories():
    whole, sketches = forced("other", "car"), drawn(6)
    probability_NC = whole.category_probabilities(sketches)
    names = DEFAULT.category_names
    kept = [names.index(name) for name in ("car", "tree", "2leg")]
    model = Segmenter(forced_net("other", "car"), DEFAULT, categories=["Tree", "swan", "Car"])
    assert model.taxonomy.category_names == ("car", "tree", "2leg")
    few_NC = model.category_probabilities(sketches)
    among_NC = probability_NC[:, kept] / probability_NC[:, kept].sum(1, keepdims=True)
    np.testing.assert_allclose(few_NC, among_NC, rtol=1e-4, atol=1e-7)
    for got in model.label(sketches):
        assert got.category == "car"
        assert got.category_2 in ("tree", "2leg")
        assert set(got.part) <= set(DEFAULT.categories["car"].parts)
    rejected, kept_one = model.label(
        [s.replace(category=c) for s, c in zip(sketches, ("dog", "tree"), strict=False)],
        given_category=True,
    )
    assert rejected.error == "category 'dog' is not one of default: car, tree, 2leg"
    assert kept_one.category == "tree"


def test_categories_that_are_unknown_or_cannot_be_left_out_are_refused():
    with pytest.raises(UserError, match="'tre' is no category of default; nearest: tree"):
        Segmenter(SegmenterNet(TINY, DEFAULT), DEFAULT, categories=["tre"])
    with pytest.raises(UserError, match="predict no category"):
        Segmenter(SegmenterNet(PUBLISHED, DEFAULT), DEFAULT, categories=["tree"])
    with pytest.raises(UserError, match="predict no category"):
        segmenter(PUBLISHED).category_probabilities(drawn(1))


def test_a_model_without_category_output_predicts_no_category():
    countable = {p for c in DOODLE7.categories.values() for p in c.countable}
    seen = set()
    for got in segmenter(PUBLISHED).label(drawn(40)):
        assert got.category is None
        assert got.category_score is None
        for number, part in zip(got.instance, got.part, strict=True):
            assert (number is None) == (part not in countable)
            seen.add(part)
    assert len(seen) > 1


def test_a_model_without_category_output_uses_the_given_category():
    sketches = drawn(20)
    for sketch, got in zip(sketches, segmenter(PUBLISHED).label(sketches, given_category=True),
                           strict=True):  # fmt: skip
        assert got.category == sketch.category
        assert set(got.part) <= set(DOODLE7.categories[sketch.category].parts)


@pytest.mark.parametrize(
    ("word", "category"), [("dog", "4leg"), ("Polar_Bear", None), ("police car", "car"),
                           ("police-car", "car"), ("2leg", "2leg"), ("Swan", "2leg")]
)  # fmt: skip
def test_a_word_is_resolved_to_its_category(tokens, word, category):
    sketch = drawn(1)[0]
    got = tokens.label([sketch.replace(category=word)], given_category=True)[0]
    assert got.category == category
    if category is None:
        assert repr(word) in got.error
    else:
        same(got, tokens.label([sketch.replace(category=category)], given_category=True)[0])


@pytest.mark.parametrize(
    ("category", "word", "expected"),
    [
        ("sun", "dog", "sun"),  # the category comes first
        ("teapot", "dog", "4leg"),
        (None, "dog", "4leg"),
        ("teapot", "kettle", None),
        ("teapot", None, None),
    ],
)
def test_the_word_counts_where_the_category_is_unknown(tokens, category, word, expected):
    sketch = drawn(1)[0].replace(category=category, word=word)
    (row,) = from_table(tokens.label_table(to_table([sketch]), given_category=True))
    assert tokens.label([sketch], given_category=True) == [row]
    assert (row.category, row.word) == (expected, word)
    assert (row.error is None) == (expected is not None)


def test_tables_of_earlier_versions_have_no_words(tokens):
    table = to_table([s.replace(word=None) for s in drawn(3)])
    for told in (False, True):
        want = tokens.label_table(table, given_category=told)
        old = tokens.label_table(table.drop_columns(["word"]), given_category=told)
        assert old.equals(want)


def test_only_rows_of_unknown_category_get_an_error(tokens):
    sketches = drawn(9)
    strange = {2: "teapot", 5: None, 8: ""}
    asked = [s.replace(category=strange.get(i, s.category)) for i, s in enumerate(sketches)]
    got = tokens.label(asked, given_category=True)
    assert [g.sketch_id for g in got] == [s.sketch_id for s in sketches]
    fine = tokens.label(sketches, given_category=True)
    for i, result in enumerate(got):
        if i not in strange:
            same(result, fine[i])
            continue
        assert repr(strange[i]) in result.error
        assert "doodle7" in result.error
        for name in (
            "category", "part", "label", "instance", "part_score", "category_score", "part_2",
            "part_2_score", "category_2", "category_2_score",
        ):  # fmt: skip
            assert getattr(result, name) is None
        np.testing.assert_array_equal(result.x, sketches[i].x)
