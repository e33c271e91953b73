import numpy as np
import pytest

from instancesketch.synth.plants import tree_forms as forms
from tests.synth.canvases import make_canvas
from tests.synth.forms import SEEDS, check_form

FORMS = [
    forms.draw_lollipop_tree,
    forms.draw_apple_tree,
    forms.draw_willow,
    forms.draw_fir_in_one_line,
    forms.draw_boxy_tree,
]


@pytest.mark.parametrize("draw", FORMS, ids=lambda draw: draw.__name__)
def test_each_form_has_a_trunk_and_leaves(draw) -> None:
    check_form(draw, "tree", {"leaves", "trunk"})


@pytest.mark.parametrize("draw", FORMS, ids=lambda draw: draw.__name__)
def test_the_trunk_reaches_lower_than_the_leaves(draw) -> None:
    for seed in SEEDS:
        canvas = make_canvas(seed)
        draw(canvas)
        lowest = {"leaves": -np.inf, "trunk": -np.inf, "unlabeled": 0.0}
        for segment in (segment for stroke in canvas.strokes for segment in stroke.segments):
            lowest[segment.part] = max(lowest[segment.part], segment.path[:, 1].max())
        assert lowest["trunk"] > lowest["leaves"]


def test_some_lollipop_trees_have_fruit() -> None:
    counts = []
    for seed in range(40):
        canvas = make_canvas(seed)
        forms.draw_lollipop_tree(canvas)
        counts.append(sum(s.part_instance[0] == "leaves" for s in canvas.strokes))
    assert min(counts) == 1
    assert 3 < sum(count > 1 for count in counts) < 30
