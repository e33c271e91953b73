"""Labelling in memory: one result per drawing, independent of the labels in the input."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from instancesketch.core.schema import RESULT_SCHEMA, from_table, to_table
from instancesketch.core.taxonomy import Taxonomy
from instancesketch.inference.segmenter import Segmenter, predict
from instancesketch.models.config import SEED_SEGMENTER
from instancesketch.models.segmenter import SegmenterNet
from tests.drawings import (
    DEFAULT,
    DOODLE7,
    TINY,
    drawings,
    drawn,
    features_of,
    forced_net,
    sketch_of,
)  # fmt: skip

PATCHES = replace(TINY, encoder="patches", channels=(16, 16))
PUBLISHED = replace(SEED_SEGMENTER, width=16, layers=1, feedforward=32)


def segmenter(config=TINY):
    torch.manual_seed(0)
    return Segmenter(SegmenterNet(config, DOODLE7), DOODLE7)


@pytest.fixture(scope="module", params=[TINY, PATCHES, replace(TINY, encoder="raster"), PUBLISHED],
                ids=["points", "patches", "raster", "published"])  # fmt: skip
def model(request):
    return segmenter(request.param)


def forced(*categories):
    """Return a segmenter that takes every drawing for the first of the categories given."""
    return Segmenter(forced_net(*categories), DEFAULT)


@pytest.fixture(scope="module")
def tokens():
    """Return a segmenter of the default recipe, which predicts categories."""
    return segmenter()


def same(a, b):
    """Check that labels are equal and scores equal up to rounding."""
    scores = ("part_score", "part_2_score", "category_score", "category_2_score")
    # Second guesses that are equally likely may change places by rounding.
    without = dict.fromkeys((*scores, "part_2", "category_2"))
    assert a.replace(**without) == b.replace(**without)
    for name in scores:
        assert getattr(a, name) == pytest.approx(getattr(b, name), abs=1e-4)


def test_results_do_not_depend_on_the_batch_or_its_order(model):
    sketches = drawn(12)
    together = model.label(sketches)
    backwards = model.label(sketches[::-1])[::-1]
    for i, sketch in enumerate(sketches):
        same(together[i], model.label([sketch])[0])
        same(together[i], backwards[i])


@pytest.mark.parametrize("given_category", [False, True])
def test_sketches_are_labelled_as_rows_of_a_table_are(model, given_category):
    sketches = [*drawn(6), drawn(1)[0].replace(category="teapot"), drawn(1)[0].replace(width=9.5)]
    rows = model.label_table(to_table(sketches), given_category=given_category)
    assert model.label(sketches, given_category=given_category) == from_table(rows)
    assert model.label([]) == []


@pytest.mark.parametrize("bound", ["MAX_TOKENS", "MAX_POINTS"])
def test_results_do_not_depend_on_bucket_size(tokens, monkeypatch, bound):
    sketches = drawn(12)
    whole = tokens.label(sketches)
    monkeypatch.setattr(f"instancesketch.models.packing.{bound}", 25)
    for a, b in zip(whole, tokens.label(sketches), strict=True):
        same(a, b)


def test_labels_are_never_read(model):
    sketches = drawn(15)
    want = model.label(sketches)
    bare = [s.replace(part=None, label=None, instance=None, category=None) for s in sketches]
    lies = [
        s.replace(
            category="teapot",
            part=("lid",) * len(s),
            label=("left-lid",) * len(s),
            instance=(7,) * len(s),
            object=(0,) * len(s),
            object_category=("dog",),
            part_score=(0.1,) * len(s),
            category_score=0.2,
            error="none",
        )
        for s in sketches
    ]
    assert model.label(bare) == want
    assert model.label(lies) == want


def test_columns_that_are_not_predicted_are_kept(tokens):
    sketch = drawn(1)[0].replace(source="mine", split="test", word="teapot")
    got = tokens.label([sketch])[0]
    for name in ("sketch_id", "source", "word", "split", "width", "height"):
        assert getattr(got, name) == getattr(sketch, name)
    for name in ("x", "y", "stroke_len"):
        np.testing.assert_array_equal(getattr(got, name), getattr(sketch, name))
    assert got.object is None
    assert got.error is None


@pytest.mark.parametrize("given_category", [False, True])
def test_parts_belong_to_the_category_and_scores_lie_between_0_and_1(tokens, given_category):
    sketches = drawn(30)
    for sketch, got in zip(sketches, tokens.label(sketches, given_category=given_category),
                           strict=True):  # fmt: skip
        category = DOODLE7.categories[got.category]
        assert set(got.part) <= set(category.parts)
        assert got.label == got.part
        assert all(0 < s <= 1 for s in got.part_score)
        assert all(
            (number is None) == (part not in category.countable)
            for number, part in zip(got.instance, got.part, strict=True)
        )
        if given_category:
            assert got.category == sketch.category
            assert got.category_score is None
        else:
            assert 1 / 7 <= got.category_score <= 1


@pytest.mark.parametrize("given_category", [False, True])
def test_second_guesses_are_the_next_likely(tokens, given_category):
    sketches = drawn(12)
    probability_NC = tokens.category_probabilities(sketches)
    labelled = tokens.label(sketches, given_category=given_category)
    for got, probability_C in zip(labelled, probability_NC, strict=True):
        parts = DOODLE7.categories[got.category].parts
        for first, second, high, low in zip(
            got.part, got.part_2, got.part_score, got.part_2_score, strict=True
        ):
            assert second in parts
            assert second != first
            assert 0 < low <= high
            assert low + high <= 1 + 1e-6
        if given_category:
            assert (got.category_2, got.category_2_score) == (None, None)
            continue
        order = [DOODLE7.category_names[i] for i in np.argsort(-probability_C)]
        assert [got.category, got.category_2] == order[:2]
        high, low = np.sort(probability_C)[:-3:-1]
        assert (got.category_score, got.category_2_score) == pytest.approx((high, low))


def test_where_there_is_one_choice_alone_there_is_no_second_guess():
    words = {"name": "one", "categories": {"ball": {"parts": ["skin"]}}}
    taxonomy = Taxonomy.from_dict(words)
    torch.manual_seed(0)
    (got,) = Segmenter(SegmenterNet(TINY, taxonomy), taxonomy).label(drawn(1))
    assert (got.category, got.category_score) == ("ball", 1)
    assert (got.category_2, got.category_2_score) == (None, None)
    assert got.part_2 == got.part_2_score == (None,) * len(got)


def test_results_have_the_result_schema_and_can_be_labelled_again(tokens):
    table = to_table(drawn(3))
    assert tokens.label_table(table).schema == RESULT_SCHEMA
    assert tokens.label_table(table, given_category=True).schema == RESULT_SCHEMA
    assert tokens.label_table(table.slice(0, 0)).schema == RESULT_SCHEMA
    assert tokens.label([]) == []
    # Labelling a result again must change nothing: its labels aren't read.
    once = tokens.label_table(table)
    assert tokens.label_table(once).equals(once)


def test_probabilities_sum_to_one_in_the_order_of_the_batch(tokens):
    sketches = drawn(10)
    features = features_of(sketches)
    parts_SQ, category_N, guess_NC = predict(tokens.net, features, torch.full((10,), -1))
    torch.testing.assert_close(parts_SQ.sum(1), torch.ones(features.batch.layout.strokes))
    torch.testing.assert_close(guess_NC.sum(1), torch.ones(10))
    assert torch.equal(category_N, guess_NC.argmax(1))
    told = torch.tensor([3, -1] * 5)
    _, final_N, _ = predict(tokens.net, features, told)
    assert torch.equal(final_N[::2], told[::2])
    assert torch.equal(final_N[1::2], category_N[1::2])


@given(st.lists(drawings, min_size=1, max_size=4))
def test_any_drawing_is_labelled(many):
    got = segmenter().label([sketch_of(*d, sketch_id=str(i)) for i, d in enumerate(many)])
    assert [len(g.part) for g in got] == [len(d) for d in many]
    assert all(np.isfinite(g.part_score).all() for g in got)


def spiral(number):
    turn = np.linspace(0, 40, number)
    return np.stack([turn * np.cos(turn), turn * np.sin(turn)], axis=1)


@pytest.mark.parametrize(
    "strokes",
    [
        [spiral(5_000)],
        [spiral(5_000), [(1, 1)]],
        [spiral(4) + i for i in range(300)],
        [[(3, 4)]],
        [[(3, 4)]] * 3,
        [[(3, 4)] * 50],
        [[(1e7, -1e7)], [(-1e7, 1e7), (0, 0)]],
        [[(1e-30, 0), (0, 1e-38)]],
    ],
    ids=["5000 points", "and a dot", "300 strokes", "dot", "dots", "still", "huge", "tiny"],
)
def test_drawings_of_extreme_length_and_size_are_labelled(model, strokes):
    plain = drawn(2)
    got = model.label([plain[0], sketch_of(*strokes), plain[1]])
    assert len(got[1].part) == len(strokes)
    assert np.isfinite(got[1].part_score).all()
    same(got[0], model.label(plain[:1])[0])
    same(got[2], model.label(plain[1:])[0])


def test_scaling_by_a_power_of_two_changes_nothing(model):
    sketches = drawn(10)
    want = model.label(sketches)
    small = [s.replace(x=s.x / 1024, y=s.y / 1024) for s in sketches]
    for a, b in zip(want, model.label(small), strict=True):
        assert (a.part, a.part_score, a.category) == (b.part, b.part_score, b.category)


def test_scaling_by_a_thousandth_changes_no_label_of_trained_weights():
    sketches, trained = drawn(10), Segmenter.load("doodle7")
    small = [s.replace(x=s.x / 1000, y=s.y / 1000) for s in sketches]
    for a, b in zip(trained.label(sketches), trained.label(small), strict=True):
        assert (a.part, a.category) == (b.part, b.category)
        # Rounding alone decides whether a point on an outline lies within it.
        assert a.part_score == pytest.approx(b.part_score, abs=5e-3)
