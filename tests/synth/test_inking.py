from collections import Counter

import pytest

from instancesketch.synth.draw import DRAWINGS
from instancesketch.synth.inking import ink_canvas
from tests.synth.canvases import make_canvas


@pytest.mark.parametrize("category", DRAWINGS)
def test_omitting_features_keeps_the_main_part(category: str) -> None:
    main = {"car": "frame", "cloud": "body", "sun": "center", "tree": "leaves"}
    for seed in range(30):
        canvas = make_canvas(seed, omit_chance=1.0)
        DRAWINGS[category](canvas)
        features = {stroke.feature for stroke in canvas.strokes}
        lines = ink_canvas(canvas)
        assert lines
        if len(features) > 1 and category in main:
            assert main[category] in {part for _, (part, _) in lines}


def test_shading_adds_lines_of_parts_already_drawn() -> None:
    for seed in range(20):
        counts = []
        for shade_chance in (0.0, 1.0):
            habits = {"omit_chance": 0.0, "break_chance": 0.0, "retrace_chance": 0.0}
            canvas = make_canvas(seed, shade_chance=shade_chance, **habits)
            DRAWINGS["car"](canvas)
            counts.append(Counter(part_instance for _, part_instance in ink_canvas(canvas)))
        plain, shaded = counts
        assert set(shaded) == set(plain)
        assert not plain - shaded
