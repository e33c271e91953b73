import numpy as np
import pytest

from instancesketch.synth.animals import bird_forms as forms
from tests.synth.canvases import make_canvas
from tests.synth.forms import SEEDS, check_form

FORMS = {
    forms.draw_beaked_blob: {"head", "body"},
    forms.draw_round_bird: {"head", "body"},
    forms.draw_penguin: {"head", "body"},
    forms.draw_flamingo: {"head", "neck", "body", "back-leg"},
    forms.draw_bird_in_flight: {"head", "tail", "body"},
    forms.draw_far_bird: {"body"},
}


@pytest.mark.parametrize("draw", FORMS, ids=lambda draw: draw.__name__)
def test_each_form_is_a_bird(draw) -> None:
    check_form(draw, "2leg", FORMS[draw])


def test_a_flamingo_stands_on_two_legs_longer_than_its_body() -> None:
    for seed in SEEDS:
        canvas = make_canvas(seed)
        forms.draw_flamingo(canvas)
        legs = [s for s in canvas.strokes if s.part_instance[0] == "back-leg"]
        assert [s.part_instance[1] for s in legs] == ["leg 0", "leg 1"]
        body = canvas.strokes[0].path
        assert np.ptp(legs[0].path[:, 1]) > np.ptp(body[:, 1])


def test_a_blob_in_one_line_is_its_body() -> None:
    whole = 0
    for seed in SEEDS:
        canvas = make_canvas(seed)
        forms.draw_beaked_blob(canvas)
        if len(canvas.strokes[0].segments) == 4:
            whole += 1
            assert canvas.strokes[0].part_instance == ("body", None)
    assert whole > len(SEEDS) / 2
