"""Scores compared with what is right, in bins of equal mass."""

import numpy as np
import pytest

from instancesketch.metrics import reliability


def test_the_error_is_that_computed_by_hand():
    # Three bins of two: mean scores 0.15, 0.5, 0.9; shares of right ones 0.5, 0, 1.
    score = [0.9, 0.1, 0.6, 0.2, 0.4, 0.9]
    right = [1, 0, 0, 1, 0, 1]
    table = reliability(score, right, bins=3)
    assert table.count_M.tolist() == [2, 2, 2]
    np.testing.assert_allclose(table.score_M, [0.15, 0.5, 0.9])
    np.testing.assert_allclose(table.right_M, [0.5, 0, 1])
    assert table.error == pytest.approx(100 * (0.35 + 0.5 + 0.1) / 3)
    assert table.rows()[1] == pytest.approx(
        {"count": 2, "low": 40, "high": 60, "score": 50, "right": 0}
    )


@pytest.mark.parametrize("number", [1, 7, 15, 16, 100, 1001])
def test_bins_have_equal_mass_and_rising_scores(number):
    score = np.random.default_rng(number).random(number)
    table = reliability(score, score > 0.5)
    assert len(table.count_M) == min(15, number)
    assert table.count_M.sum() == number
    assert table.count_M.max() - table.count_M.min() <= 1
    assert (table.low_M <= table.score_M).all()
    assert (table.score_M <= table.high_M).all()
    assert (table.high_M[:-1] <= table.low_M[1:]).all()


def test_equal_scores_are_shared_out_whatever_their_order():
    score, right = np.ones(100), np.arange(100) < 80
    tables = [reliability(score, r) for r in (right, right[::-1])]
    for table in tables:
        np.testing.assert_allclose(table.right_M, 0.8)
        assert table.error == pytest.approx(20)


def test_scores_that_are_shares_have_a_small_error_and_others_a_large_one():
    rng = np.random.default_rng(0)
    score = rng.uniform(0.3, 1, 50_000)
    right = rng.random(len(score)) < score
    assert reliability(score, right).error < 1
    assert reliability(score**0.2, right).error > 15


def test_nothing_has_no_error():
    table = reliability([], [])
    assert table.error is None
    assert table.rows() == []
