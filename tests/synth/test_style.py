from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from instancesketch.synth import primitives as p
from instancesketch.synth.primitives import Path
from instancesketch.synth.style import DrawingStyle
from tests.synth.test_primitives import PATHS


@given(PATHS, st.integers(0, 10_000))
def test_an_inked_path_stays_near_the_path(path: Path, seed: int) -> None:
    rng = np.random.default_rng(seed)
    style = DrawingStyle.sample(rng)
    inked = style.ink(path, rng)
    assert inked.shape[1] == 2
    assert len(inked) >= 1
    assert np.isfinite(inked).all()
    slack = np.full(2, 6 * (style.tremor + style.wobble) + 1)
    if style.bezier:
        # The control points of a Catmull-Rom spline lie up to a sixth of a chord beyond its nodes.
        slack += (np.ptp(path, axis=0) + 2 * slack) / 6
    assert (inked >= path.min(axis=0) - slack).all()
    assert (inked <= path.max(axis=0) + slack).all()


@pytest.mark.parametrize("path", [[(3, 4)], [(3, 4), (3, 4)], [(3, 4), (3.5, 4.5)]])
def test_a_dot_stays_a_dot(path: list[tuple[float, float]]) -> None:
    rng = np.random.default_rng(0)
    inked = DrawingStyle.sample(rng).ink(np.array(path, float), rng)
    assert inked.tolist() == [[3, 4]]


@pytest.mark.parametrize("seed", range(5))
def test_bezier_segments_have_eight_points_each(seed: int) -> None:
    rng = np.random.default_rng(seed)
    style = replace(DrawingStyle.sample(rng), tolerance=3.0, bezier=True)
    inked = style.ink(np.array([(0, 0), (100, 20), (60, 90), (0, 0)], float), rng)
    assert len(inked) % 8 == 1
    assert len(inked) > 8


def test_coarse_styles_draw_rings_of_4_to_12_points() -> None:
    """Check that a tenth of all styles are coarse, and that these still draw rings."""
    ring = p.ellipse(128, 128, 80, 80)
    counts = []
    for seed in range(400):
        rng = np.random.default_rng(seed)
        style = DrawingStyle.sample(rng)
        counts.append(len(replace(style, bezier=False).ink(ring, rng)))
    coarse = sum(count <= 12 for count in counts)
    assert 40 < coarse < 160
    assert min(counts) >= 4


def test_some_pages_are_askew_by_up_to_20_degrees() -> None:
    tilts = 360 * np.array([DrawingStyle.sample(np.random.default_rng(i)).tilt for i in range(500)])
    assert 0.04 < np.mean(np.abs(tilts) > 10) < 0.15
    assert np.mean(np.abs(tilts) > 20) < 0.04


def test_about_one_drawing_in_sixteen_is_unfinished() -> None:
    shares = [DrawingStyle.sample(np.random.default_rng(i)).finished for i in range(600)]
    assert 0.03 < np.mean(np.array(shares) < 1) < 0.09
    assert min(shares) >= 0.4
