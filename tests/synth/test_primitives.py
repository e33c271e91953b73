"""Lines and the hand that inks them."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from instancesketch.synth import primitives as p
from instancesketch.synth.style import Hand

ROUND = p.ellipse(0, 0, 10, 10)
SHAPES = {
    "polyline": p.polyline((0, 0), (1, 2), (3, 1)),
    "curve": p.curve((0, 0), (1, 2), (3, 1)),
    "closed curve": p.curve((0, 0), (1, 2), (3, 1), closed=True),
    "ellipse": p.ellipse(1, 2, 3, 4, start=0.3, turns=-0.7, tilt=0.1),
    "spiral": p.spiral(0, 0, 3, 2.5),
    "rectangle": p.rectangle(0, 0, 3, 2),
    "drop": p.drop((0, 0), (3, 4), 0.5),
    "zigzag": p.zigzag((0, 0), (5, 0), 7, 1),
    "hatching": p.hatching(0, 0, 4, 2, 9, 0.2),
    "scallops": p.scallops(ROUND, np.linspace(0, 1, 8), 0.5, 0.4),
    "spikes": p.spikes(ROUND, np.linspace(0, 1, 8), 3),
}
numbers = st.floats(-200, 200)
paths = st.lists(st.tuples(numbers, numbers), min_size=1, max_size=40).map(
    lambda points: np.array(points, np.float64)
)


@pytest.mark.parametrize("name", SHAPES)
def test_every_primitive_is_a_path(name):
    path = SHAPES[name]
    assert path.ndim == 2
    assert path.shape[1] == 2
    assert len(path) >= 3
    assert np.isfinite(path).all()
    assert p.length(path) > 0


@pytest.mark.parametrize("name", ["closed curve", "rectangle", "drop", "scallops"])
def test_closed_forms_end_where_they_begin(name):
    path = SHAPES[name]
    assert path[-1] == pytest.approx(path[0], abs=1e-9)


def test_a_curve_goes_through_its_points():
    points = [(0, 0), (1, 2), (3, 1), (4, 4)]
    path = p.curve(*points)
    for point in points:
        assert np.hypot(*(path - point).T).min() < 1e-9


def test_an_ellipse_is_one():
    path = p.turned(p.ellipse(1, 2, 3, 4, tilt=0.1), -0.1, (1, 2))
    assert (((path - (1, 2)) / (3, 4)) ** 2).sum(axis=1) == pytest.approx(1)


@pytest.mark.parametrize("outline", [ROUND, ROUND[::-1], ROUND[:20]])
def test_bulges_and_teeth_point_outwards(outline):
    cuts = np.linspace(0, 1, 7)
    inside = np.hypot(*(p.at(outline, cuts) - outline.mean(axis=0)).T).min()
    for path in (p.scallops(outline, cuts, 0.4), p.spikes(outline, cuts, 3)):
        assert np.hypot(*(path - outline.mean(axis=0)).T).min() > inside - 1e-6
    assert np.hypot(*p.scallops(ROUND, cuts, 0.4).T).max() > 11


@pytest.mark.parametrize("turns", [0.0, 0.25, 0.5])
def test_hatching_stays_within_its_ellipse(turns):
    path = p.hatching(5, 5, 4, 2, 11, turns)
    assert (((path - 5) / (4, 2)) ** 2).sum(axis=1).max() <= 1 + 1e-9


def test_a_quarter_turn_is_clockwise_as_seen():
    assert p.turned(p.polyline((1, 0)), 0.25)[0] == pytest.approx((0, 1))


@given(paths, st.floats(0.1, 20))
def test_simplifying_leaves_no_point_far_from_the_line(path, tolerance):
    simple = p.simplified(path, tolerance)
    assert (simple[[0, -1]] == path[[0, -1]]).all()
    for point in path:
        assert min(_distance(point, a, b) for a, b in _segments(simple)) <= tolerance + 1e-6


def _segments(path):
    return list(pairwise(path)) or [(path[0], path[0])]


def _distance(point, a, b):
    way = b - a
    share = np.clip((point - a) @ way / max(way @ way, 1e-300), 0, 1)
    return np.hypot(*(a + share * way - point))


@given(paths, st.integers(0, 10_000))
def test_a_hand_inks_any_path_near_where_it_is(path, seed):
    rng = np.random.default_rng(seed)
    hand = Hand.sample(rng)
    inked = hand.ink(path, rng)
    assert inked.shape[1] == 2
    assert len(inked) >= 1
    assert np.isfinite(inked).all()
    slack = 6 * (hand.tremor + hand.wobble) + 1
    assert (inked >= path.min(axis=0) - slack).all()
    assert (inked <= path.max(axis=0) + slack).all()


@pytest.mark.parametrize("path", [[(3, 4)], [(3, 4), (3, 4)], [(3, 4), (3.5, 4.5)]])
def test_a_dot_stays_a_dot(path):
    rng = np.random.default_rng(0)
    inked = Hand.sample(rng).ink(np.array(path, float), rng)
    assert inked.tolist() == [[3, 4]]
