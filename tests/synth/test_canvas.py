from collections import Counter

import numpy as np
import pytest

from instancesketch.core.taxonomy import UNLABELED, Taxonomy
from instancesketch.synth.draw import DRAWINGS
from tests.synth.canvases import make_canvas

DOODLE7 = Taxonomy.load("doodle7")


def test_a_dot_is_small_and_a_scribble_fills_its_ellipse() -> None:
    for seed in range(40):
        canvas = make_canvas(seed)
        canvas.dot(5, 5, 0.1, "head")
        canvas.scribble(0, 0, 2, 1, "body", "one")
        dot, scribble = (stroke.path for stroke in canvas.strokes)
        assert np.abs(dot - 5).max() < 1
        assert (np.abs(scribble) <= (2.3, 1.15)).all()
        assert (np.ptp(scribble, axis=0) > (1.5, 0.75)).all()
        assert canvas.strokes[1].part_instance == ("body", "one")


def test_pick_follows_the_weights() -> None:
    canvas = make_canvas(0)
    counts = Counter(canvas.pick({"often": 3.0, "never": 0.0, "seldom": 1.0}) for _ in range(2000))
    assert counts["never"] == 0
    assert 0.7 < counts["often"] / 2000 < 0.8


@pytest.mark.parametrize("category", DRAWINGS)
def test_segments_have_parts_of_the_taxonomy_and_finite_points(category: str) -> None:
    known = DOODLE7.categories[category]
    for seed in range(60):
        canvas = make_canvas(seed)
        DRAWINGS[category](canvas)
        for segment in (segment for stroke in canvas.strokes for segment in stroke.segments):
            assert segment.part in {*known.parts, UNLABELED}
            assert segment.instance is None or segment.part in known.countable
            assert np.isfinite(segment.path).all()
            assert len(segment.path) >= 1
