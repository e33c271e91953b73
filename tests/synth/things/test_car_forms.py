import numpy as np
import pytest

from instancesketch.synth.things import car_forms as forms
from tests.synth.canvases import make_canvas
from tests.synth.forms import SEEDS, check_form

FORMS = [
    forms.draw_car_in_one_line,
    forms.draw_box_car,
    forms.draw_lorry,
    forms.draw_round_car_from_front,
]


@pytest.mark.parametrize("draw", FORMS, ids=lambda draw: draw.__name__)
def test_each_form_has_a_frame_and_wheels(draw) -> None:
    check_form(draw, "car", {"frame", "wheel"})


def test_a_car_in_one_line_is_its_frame_where_the_pen_is_not_lifted() -> None:
    whole = 0
    for seed in SEEDS:
        canvas = make_canvas(seed)
        forms.draw_car_in_one_line(canvas)
        outline = canvas.strokes[0]
        parts = {segment.part for segment in outline.segments}
        if len(outline.segments) == 6 and parts == {"frame", "wheel"}:
            whole += 1
            assert outline.part_instance == ("frame", None)
    assert whole > len(SEEDS) / 2


def test_wheels_of_a_car_from_the_front_are_at_its_lower_corners() -> None:
    for seed in SEEDS:
        canvas = make_canvas(seed)
        forms.draw_round_car_from_front(canvas)
        wheels = [s.path.mean(axis=0) for s in canvas.strokes if s.part_instance[0] == "wheel"]
        assert len(wheels) == 2
        assert np.abs(np.array(wheels)[:, 0] - 0.5).min() > 0.2
        assert np.array(wheels)[:, 1].min() > 0
