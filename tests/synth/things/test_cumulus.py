import numpy as np
import pytest

from instancesketch.core.taxonomy import UNLABELED
from instancesketch.synth.canvas import Canvas
from instancesketch.synth.things import cumulus
from tests.synth.canvases import make_canvas, parts_of
from tests.synth.forms import SEEDS, check_form

FORMS = [
    cumulus.draw_bean,
    cumulus.draw_big_bulges,
    cumulus.draw_loaf,
    cumulus.draw_rings,
    cumulus.draw_swirl,
]


@pytest.mark.parametrize("draw", FORMS, ids=lambda draw: draw.__name__)
def test_each_form_is_a_cloud_about_1_wide(draw) -> None:
    def draw_one(canvas: Canvas) -> None:
        draw(canvas, 2.0, 1.0, 0.3)

    check_form(draw_one, "cloud", {"body"})
    for seed in SEEDS:
        canvas = make_canvas(seed)
        draw_one(canvas)
        points = np.concatenate([stroke.path for stroke in canvas.strokes])
        assert 0.6 < np.ptp(points[:, 0]) < 1.7
        assert np.abs(points.mean(axis=0) - (2.0, 1.0)).max() < 0.8


def test_bulges_stand_on_a_flat_base() -> None:
    for seed in SEEDS:
        canvas = make_canvas(seed)
        cumulus.draw_big_bulges(canvas, 0, 0, 0.3)
        bulges = canvas.strokes[0].path
        assert bulges[:, 1].min() < -0.2
        assert bulges[:, 1].max() < 0.2


def test_rain_is_no_part_and_falls_below_its_cloud() -> None:
    for seed in SEEDS:
        canvas = make_canvas(seed)
        cumulus.draw_weather(canvas, -0.4, 0.4, 0.5)
        assert parts_of(canvas) == {UNLABELED}
        assert np.concatenate([stroke.path for stroke in canvas.strokes])[:, 1].min() > 0.3
