"""Known drawings told from others by the scores of a result, and by all probabilities."""

import numpy as np
import pytest

from instancesketch.core.sketch import Sketch
from instancesketch.core.taxonomy import Taxonomy
from instancesketch.metrics import known_scores, separate
from instancesketch.metrics.novelty import estimate_known

DEFAULT = Taxonomy.load("default")
NAMES = DEFAULT.category_names
WITH_PARTS = len(NAMES) - 2  # all but `other` and `scene`


def result(category, score, second=None, second_score=None):
    return Sketch.from_strokes(
        [[(0, 0)]], category=category, category_score=score, category_2=second,
        category_2_score=second_score,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("guesses", "expected"),
    [
        (("car", 0.9, "other", 0.1), 0.9),
        (("other", 0.9, "car", 0.1), 0.1),
        (("other", 0.6, "scene", 0.4), 0),
        (("car", 0.6, "tree", 0.3), 0.9 + 0.1 * (WITH_PARTS - 2) / (WITH_PARTS)),
        (("other", 0.5, "car", 0.2), 0.2 + 0.3 * (WITH_PARTS - 1) / WITH_PARTS),
        (("car", 1.0), 1),
    ],
)
def test_what_two_guesses_leave_is_spread_evenly(guesses, expected):
    assert estimate_known(result(*guesses), DEFAULT) == pytest.approx(expected)


def test_without_a_score_there_is_no_estimate():
    assert np.isnan(estimate_known(result("car", None), DEFAULT))


def test_the_estimate_is_near_to_the_probability():
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 3, (400, len(NAMES)))
    probability = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    estimates = []
    for row in probability:
        first, second = np.argsort(-row)[:2]
        guesses = (NAMES[first], row[first], NAMES[second], row[second])
        estimates.append(estimate_known(result(*guesses), DEFAULT))
    exact = known_scores(probability, DEFAULT)
    assert np.abs(exact - estimates).mean() < 0.05
    assert np.corrcoef(exact, estimates)[0, 1] > 0.95


def test_areas_and_shares_are_those_counted_one_by_one():
    rng = np.random.default_rng(1)
    for _ in range(20):
        other = rng.random(60) < 0.4
        other[:2] = True, False
        known = np.round(rng.normal(0, 1, 60) - other, 1)  # some are equal
        pairs = [(k > o) + 0.5 * (k == o) for k in known[~other] for o in known[other]]
        kept = [(known[~other] >= t).mean() for t in np.unique(known)]
        threshold = max(t for t, share in zip(np.unique(known), kept, strict=True) if share >= 0.95)
        found = separate(known, other)
        assert found.auroc == pytest.approx(100 * np.mean(pairs))
        assert found.other_kept == pytest.approx(100 * (known[other] >= threshold).mean())
        times = rng.integers(0, 3, 60)
        times[:2] = 1
        repeated = separate(np.repeat(known, times), np.repeat(other, times))
        assert separate(known, other, times) == pytest.approx(repeated)


def test_scores_that_are_not_there_are_left_out():
    assert separate([0.1, 0.9, np.nan], [True, False, True]) == (100, 0)
    assert separate([0.1, np.nan], [True, False]) == (None, None)
    assert separate([], []) == (None, None)
