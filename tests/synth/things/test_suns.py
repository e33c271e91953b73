import numpy as np
import pytest

from instancesketch.core.taxonomy import UNLABELED
from instancesketch.synth.things.sun_lines import draw_sun_in_one_line
from instancesketch.synth.things.suns import draw_sun
from tests.synth.canvases import make_canvas
from tests.synth.forms import SEEDS, check_form


def test_a_sun_in_one_line_is_one_stroke_of_disc_and_rays() -> None:
    check_form(draw_sun_in_one_line, "sun", {"center", "ray"})
    for seed in SEEDS:
        canvas = make_canvas(seed)
        draw_sun_in_one_line(canvas)
        assert len(canvas.strokes) == 1
        # Several rays in one line are no instance.
        assert canvas.strokes[0].part_instance[1] is None


def test_suns_are_cut_off_by_horizons_and_corners_that_are_no_part() -> None:
    """Check that some suns are halves whose base line is unlabeled, with rays above it."""
    edges = 0
    for seed in range(150):
        canvas = make_canvas(seed)
        draw_sun(canvas)
        lines = [s.path for s in canvas.strokes if s.part_instance[0] == UNLABELED]
        edges += bool(lines)
        rays = [s.path for s in canvas.strokes if s.part_instance[0] == "ray"]
        if lines and len(lines[0]) > 3 and rays:  # a curve is a horizon, a corner has three points
            assert np.concatenate(rays)[:, 1].mean() < 0
    assert 3 < edges < 40


@pytest.mark.parametrize("seed", range(5))
def test_a_sun_is_about_its_disc(seed: int) -> None:
    canvas = make_canvas(seed)
    draw_sun(canvas)
    assert np.hypot(*canvas.strokes[0].path.T).max() < 4
