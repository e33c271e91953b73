import numpy as np
import pytest

from instancesketch.core.taxonomy import UNLABELED
from instancesketch.synth.plants import flower_forms as forms
from tests.synth.canvases import make_canvas, parts_of
from tests.synth.forms import SEEDS, check_form

FORMS = {
    forms.draw_flower_in_one_line: {"petal"},
    forms.draw_daisy: {"center", "petal"},
    forms.draw_tulip: {"petal", "stem"},
    forms.draw_round_head: {"petal", "stem"},
    forms.draw_side_daisy: {"center", "petal", "stem"},
    forms.draw_flower_spike: {"petal", "stem"},
}


@pytest.mark.parametrize("draw", FORMS, ids=lambda draw: draw.__name__)
def test_each_form_is_a_flower(draw) -> None:
    check_form(draw, "flower", FORMS[draw])


def test_a_flower_in_one_line_is_one_stroke_besides_its_leaves() -> None:
    for seed in SEEDS:
        canvas = make_canvas(seed)
        forms.draw_flower_in_one_line(canvas)
        assert [s for s in canvas.strokes if s.part_instance[0] != "leaf"] == canvas.strokes[:1]


def test_a_round_head_has_leaves_or_a_middle() -> None:
    """Check what tells a plain ring on a stem from a tree."""
    for seed in range(60):
        canvas = make_canvas(seed)
        forms.draw_round_head(canvas)
        petals = [s for s in canvas.strokes if s.part_instance[0] == "petal"]
        assert {"leaf", "center"} & parts_of(canvas) or len(petals) > 1


def test_a_pot_is_no_part_and_stands_below() -> None:
    for seed in SEEDS:
        canvas = make_canvas(seed)
        forms.draw_simple_pot(canvas, 0, 5, 1)
        assert parts_of(canvas) == {UNLABELED}
        points = np.concatenate([stroke.path for stroke in canvas.strokes])
        assert points[:, 1].min() > 4
        assert points[:, 1].max() > 5.5
