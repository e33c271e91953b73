import pytest

from instancesketch.synth.animals import postures
from tests.synth.canvases import make_canvas, parts_of
from tests.synth.forms import SEEDS, check_form

LEGS = {"front-leg", "back-leg"}
FORMS = {
    postures.draw_animal_sitting_in_front: {"head", "body"},
    postures.draw_curled_animal: {"head", "body"},
    postures.draw_bust: {"head"},
    postures.draw_animal_in_one_line: {"head", "body", "tail", *LEGS},
}


@pytest.mark.parametrize("draw", FORMS, ids=lambda draw: draw.__name__)
def test_each_posture_is_a_four_legged_animal(draw) -> None:
    check_form(draw, "4leg", FORMS[draw])


def test_a_bust_has_no_legs() -> None:
    for seed in SEEDS:
        canvas = make_canvas(seed)
        postures.draw_bust(canvas)
        assert parts_of(canvas) <= {"head", "neck", "body"}


def test_an_animal_in_one_line_has_two_legs_of_each_pair() -> None:
    for seed in SEEDS:
        canvas = make_canvas(seed)
        postures.draw_animal_in_one_line(canvas)
        segments = [segment for stroke in canvas.strokes for segment in stroke.segments]
        legs = {(s.part, s.instance) for s in segments if s.part in LEGS}
        assert len(legs) == 4
        assert len({part for part, _ in legs}) == 2
