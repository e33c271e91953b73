from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from instancesketch.synth import primitives as p
from instancesketch.synth.primitives import Path

ROUND = p.ellipse(0, 0, 10, 10)
SHAPES = {
    "polyline": p.polyline((0, 0), (1, 2), (3, 1)),
    "curve": p.curve((0, 0), (1, 2), (3, 1)),
    "closed curve": p.curve((0, 0), (1, 2), (3, 1), closed=True),
    "ellipse": p.ellipse(1, 2, 3, 4, start=0.3, turns=-0.7, tilt=0.1),
    "spiral": p.spiral(0, 0, 3, 2.5),
    "rectangle": p.rectangle(0, 0, 3, 2),
    "teardrop": p.teardrop((0, 0), (3, 4), 0.5),
    "zigzag": p.zigzag((0, 0), (5, 0), 7, 1),
    "hatching": p.hatching(0, 0, 4, 2, 9, 0.2),
    "scallops": p.scallops(ROUND, np.linspace(0, 1, 8), 0.5, 0.4),
    "spikes": p.spikes(ROUND, np.linspace(0, 1, 8), 3),
}
numbers = st.floats(-200, 200)
PATHS = st.lists(st.tuples(numbers, numbers), min_size=1, max_size=40).map(
    lambda points: np.array(points, np.float64)
)


@pytest.mark.parametrize("path", SHAPES.values(), ids=SHAPES)
def test_every_shape_is_a_finite_path(path: Path) -> None:
    assert path.ndim == 2
    assert path.shape[1] == 2
    assert len(path) >= 3
    assert np.isfinite(path).all()
    assert p.length(path) > 0


@pytest.mark.parametrize("name", ["closed curve", "rectangle", "teardrop", "scallops"])
def test_closed_shapes_end_where_they_begin(name: str) -> None:
    path = SHAPES[name]
    assert path[-1] == pytest.approx(path[0], abs=1e-9)


def test_a_curve_passes_through_its_points() -> None:
    points = [(0, 0), (1, 2), (3, 1), (4, 4)]
    path = p.curve(*points)
    for point in points:
        assert np.hypot(*(path - point).T).min() < 1e-9


def test_an_ellipse_satisfies_its_equation() -> None:
    path = p.rotate(p.ellipse(1, 2, 3, 4, tilt=0.1), -0.1, (1, 2))
    assert (((path - (1, 2)) / (3, 4)) ** 2).sum(axis=1) == pytest.approx(1)


@pytest.mark.parametrize("outline", [ROUND, ROUND[::-1], ROUND[:20]])
def test_bulges_and_teeth_point_outward(outline: Path) -> None:
    cuts = np.linspace(0, 1, 7)
    inside = np.hypot(*(p.points_at(outline, cuts) - outline.mean(axis=0)).T).min()
    for path in (p.scallops(outline, cuts, 0.4), p.spikes(outline, cuts, 3)):
        assert np.hypot(*(path - outline.mean(axis=0)).T).min() > inside - 1e-6
    assert np.hypot(*p.scallops(ROUND, cuts, 0.4).T).max() > 11


@pytest.mark.parametrize("turns", [0.0, 0.25, 0.5])
def test_hatching_stays_within_its_ellipse(turns: float) -> None:
    path = p.hatching(5, 5, 4, 2, 11, turns)
    assert (((path - 5) / (4, 2)) ** 2).sum(axis=1).max() <= 1 + 1e-9


def test_extend_goes_straight_on_at_both_ends() -> None:
    line = p.extend(p.polyline((0, 0), (10, 0)), 2, 3)
    assert line.tolist() == [[-2, 0], [0, 0], [10, 0], [13, 0]]
    dot = p.extend(p.polyline((1, 1)), 2, 3)
    assert (dot == 1).all()


def test_rotate_turns_clockwise() -> None:
    assert p.rotate(p.polyline((1, 0)), 0.25)[0] == pytest.approx((0, 1))


@given(PATHS, st.floats(0.1, 20))
def test_simplify_leaves_no_point_farther_off_than_the_tolerance(
    path: Path, tolerance: float
) -> None:
    simple = p.simplify(path, tolerance)
    assert (simple[[0, -1]] == path[[0, -1]]).all()
    for point in path:
        nearest = min(_distance_to_segment(point, a, b) for a, b in _segments(simple))
        assert nearest <= tolerance + 1e-6


def _segments(path: Path) -> Iterator[tuple[Path, Path]]:
    yield from pairwise(path) if len(path) > 1 else [(path[0], path[0])]


def _distance_to_segment(point: Path, a: Path, b: Path) -> float:
    chord = b - a
    fraction = np.clip((point - a) @ chord / max(chord @ chord, 1e-300), 0, 1)
    return float(np.hypot(*(a + fraction * chord - point)))
