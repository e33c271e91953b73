from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

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
