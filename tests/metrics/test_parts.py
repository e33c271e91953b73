"""Figures of parts, compared with their definitions computed slowly and with cases by hand."""

import json
from statistics import mean

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from instancesketch.metrics import PartTally, stroke_weights

PARTS = ("wheel", "frame", "body", "unlabeled")
CATEGORIES = ("car", "cloud", "sun")


@st.composite
def drawings(draw, most=12):
    """Draw sketches: (category, predicted category, strokes of (truth, predicted, length))."""
    stroke = st.tuples(st.integers(-1, 3), st.integers(-1, 3), st.integers(1, 900))
    one = st.tuples(st.integers(0, 2), st.integers(-1, 2), st.lists(stroke, min_size=1, max_size=8))
    return draw(st.lists(one, max_size=most))


def tally_of(sketches, with_category=True):
    tally = PartTally.empty(PARTS, CATEGORIES)
    strokes = np.array([s for _, _, strokes in sketches for s in strokes], int).reshape(-1, 3)
    tally.add_arrays(
        truth=strokes[:, 0],
        predicted=strokes[:, 1],
        weight=strokes[:, 2],
        strokes_per_sketch=np.array([len(s) for _, _, s in sketches], int),
        category=np.array([c for c, _, _ in sketches], int),
        predicted_category=np.array([p for _, p, _ in sketches], int) if with_category else None,
    )
    return tally


def share_average(sketches, weight):
    per_category = []
    for k in range(len(CATEGORIES)):
        shares = []
        for category, _, strokes in sketches:
            scored = [s for s in strokes if s[0] >= 0]
            if category == k and scored:
                right = sum(weight(s) for s in scored if s[0] == s[1])
                shares.append(right / sum(weight(s) for s in scored))
        if shares:
            per_category.append(mean(shares))
    return 100 * mean(per_category) if per_category else None


def pooled(sketches):
    strokes = [s for _, _, strokes in sketches for s in strokes if 0 <= s[0] < 3]
    accuracy = 100 * mean(t == p for t, p, _ in strokes) if strokes else None
    scores = []
    for part in range(3):
        hits = sum(t == p == part for t, p, _ in strokes)
        truth, called = sum(t == part for t, _, _ in strokes), sum(p == part for _, p, _ in strokes)
        if truth >= 10:
            precision = hits / called if called else 0
            recall = hits / truth
            total = precision + recall
            scores.append(100 * 2 * precision * recall / total if total else 0)
    return accuracy, mean(scores) if scores else None


@given(drawings())
def test_figures_equal_their_definitions(sketches):
    figures = tally_of(sketches).figures()
    accuracy, macro = pooled(sketches)
    named = [p == c for c, p, _ in sketches]
    expected = {
        "C": share_average(sketches, lambda s: 1),
        "P": share_average(sketches, lambda s: s[2]),
        "part_accuracy": accuracy,
        "macro_f1": macro,
        "category_accuracy": 100 * mean(named) if named else None,
    }
    for name, value in expected.items():
        assert figures[name] == (value if value is None else pytest.approx(value, abs=1e-9)), name
    scored = [[s for s in strokes if s[0] >= 0] for _, _, strokes in sketches]
    assert figures["strokes"] == sum(map(len, scored))
    assert figures["sketches"] == sum(map(bool, scored))


@given(drawings(), st.randoms(use_true_random=False))
def test_shards_merge_exactly_in_any_order(sketches, random):
    whole = tally_of(sketches).figures()
    shards = [tally_of([s]) for s in sketches]
    random.shuffle(shards)
    assert sum(shards, PartTally.empty(PARTS, CATEGORIES)).figures() == whole


@given(drawings(most=5), st.lists(st.integers(0, 3), min_size=5, max_size=5))
def test_times_repeats_sketches(sketches, times):
    times = times[: len(sketches)]
    repeated = tally_of([s for s, n in zip(sketches, times, strict=True) for _ in range(n)])
    tally = PartTally.empty(PARTS, CATEGORIES)
    strokes = np.array([s for _, _, strokes in sketches for s in strokes], int).reshape(-1, 3)
    tally.add_arrays(
        truth=strokes[:, 0],
        predicted=strokes[:, 1],
        weight=strokes[:, 2],
        strokes_per_sketch=[len(s) for _, _, s in sketches],
        category=np.array([c for c, _, _ in sketches], int),
        predicted_category=np.array([p for _, p, _ in sketches], int),
        times=np.array(times, int),
    )
    assert tally.figures() == repeated.figures()


def test_a_case_computed_by_hand():
    # Two cars, 1 of 2 strokes right (10 of 40 long) and 2 of 2; a cloud whose unlabeled is missed.
    sketches = [
        (0, 0, [(0, 0, 10), (1, 0, 30)]),
        (0, 1, [(0, 0, 5), (1, 1, 5)]),
        (1, -1, [(2, 2, 10), (3, 2, 10), (-1, 2, 99)]),
    ]
    figures = tally_of(sketches).figures()
    assert figures["C"] == (75 + 50) / 2
    assert figures["P"] == (62.5 + 50) / 2
    assert figures["part_accuracy"] == 80
    assert figures["macro_f1"] is None  # no part has ten strokes
    assert figures["category_accuracy"] == pytest.approx(100 / 3)
    assert figures["per_category"]["car"] == {
        "C": 75, "P": 62.5, "part_accuracy": 75, "category_accuracy": 50, "judged": 2,
        "sketches": 2, "strokes": 4,
    }  # fmt: skip
    assert figures["per_category"]["sun"]["C"] is None
    wheel = figures["per_part"]["wheel"]
    assert (wheel["recall"], wheel["f1"], wheel["strokes"]) == (100, 80, 2)
    assert wheel["precision"] == pytest.approx(200 / 3)
    assert figures["per_part"]["body"]["precision"] == 100  # unlabeled strokes are not scored
    assert "unlabeled" not in figures["per_part"]
    assert figures["confusion"]["counts"] == [
        [2, 0, 0, 0, 0],
        [1, 1, 0, 0, 0],
        [0, 0, 1, 0, 0],
        [0, 0, 1, 0, 0],
    ]
    assert json.loads(json.dumps(figures)) == figures


def test_macro_f1_is_over_parts_with_at_least_ten_strokes():
    nine, ten = [(0, 0, 1)] * 9, [(1, -1, 1)] * 5 + [(1, 1, 1)] * 5
    figures = tally_of([(0, 0, nine + ten)]).figures()
    assert figures["macro_f1"] == pytest.approx(200 / 3)


def test_figures_of_no_sketches_are_none():
    assert (
        tally_of([(0, 0, [(0, 0, 1)])], with_category=False).figures()["category_accuracy"] is None
    )
    empty = PartTally.empty(PARTS, CATEGORIES).figures()
    assert [empty[k] for k in ("C", "P", "part_accuracy", "macro_f1")] == [None] * 4
    assert empty["sketches"] == 0


@pytest.mark.parametrize("change", [{"truth": [0]}, {"weight": [1, 1, 1]}, {"category": [0, 0]}])
def test_arrays_of_wrong_shape_or_value_are_refused(change):
    arrays = {
        "truth": [0, 1], "predicted": [0, 1], "weight": [1, 1],
        "strokes_per_sketch": [2], "category": [0],
    }  # fmt: skip
    with pytest.raises(ValueError, match="fit together"):
        PartTally.empty(PARTS, CATEGORIES).add_arrays(**arrays | change)


def test_tallies_of_different_parts_are_not_added():
    with pytest.raises(ValueError, match="different"):
        PartTally.empty(PARTS, CATEGORIES) + PartTally.empty(PARTS[:2], CATEGORIES)


@pytest.mark.parametrize(
    ("strokes", "expected"),
    [
        ([[(5, 5)]], [1]),
        ([[(0, 0), (3, 4)]], [6]),
        ([[(0, 0), (0.9, 0), (1.8, 0)]], [1]),
        ([[(0, 0), (1, 1), (10, 1)], [(100, 0), (100, 7)]], [1 + 1 + 9, 1 + 7]),
    ],
)
def test_lengths_are_sums_of_truncated_segments_and_one(strokes, expected):
    points = np.array([p for stroke in strokes for p in stroke], np.float32)
    weights = stroke_weights(points[:, 0], points[:, 1], [len(s) for s in strokes])
    assert weights.dtype == np.int64
    assert weights.tolist() == expected
