from collections import Counter

import numpy as np
import pytest

from instancesketch.core.taxonomy import UNLABELED
from instancesketch.synth.draw import DRAWINGS
from instancesketch.synth.inking import cut_short, ink_canvas
from instancesketch.synth.style import BOX
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


def test_a_drawing_cut_short_keeps_its_first_lines_and_half_of_its_ink() -> None:
    def line(length: float) -> np.ndarray:
        return np.array([(0.0, 0.0), (length, 0.0)])

    lines = [(line(n), (f"part {n}", None)) for n in (10, 10, 10, 90, 10, 10, 10, 10, 10, 10)]
    assert cut_short(lines, 1.0) == lines
    assert cut_short(lines, 0.9) == lines[:9]
    # The fourth line holds half of the ink, and two in five are four.
    assert cut_short(lines, 0.1) == lines[:4]
    assert cut_short(lines[:1], 0.5) == lines[:1]
    assert cut_short(lines[3:7], 0.1) == lines[3:5]
    # What belongs to no part is no reason to stop.
    title = (line(500), (UNLABELED, None))
    assert cut_short([title, *lines], 0.1) == [title, *lines[:4]]


def test_a_coarse_screen_holds_points_on_a_grid_and_none_twice_in_a_row() -> None:
    for seed in range(20):
        canvas = make_canvas(seed, pixels=32, integers=False)
        DRAWINGS["flower"](canvas)
        for path, _ in ink_canvas(canvas):
            steps = path / (BOX / 32)
            assert steps == pytest.approx(np.rint(steps))
            assert len(path) == 1 or (np.diff(path, axis=0) != 0).any(axis=1).all()


def test_lines_that_overrun_are_longer() -> None:
    habits = ("omit_chance", "tilt", "break_chance", "retrace_chance", "join_chance")
    plain = dict.fromkeys(habits, 0.0)

    def ink(overrun: float) -> float:
        total = 0.0
        for seed in range(30):
            canvas = make_canvas(seed, overrun=overrun, **plain)
            canvas.line(np.array([(0.0, 0.0), (1.0, 0.0)]), "body")
            canvas.line(np.array([(0.0, 1.0), (0.5, 1.0)]), "body")
            first, second = (np.ptp(path[:, 0]) for path, _ in ink_canvas(canvas))
            total += second / first
        return total / 30

    # Both lines get longer by as much, so that the shorter one gains on the longer.
    assert ink(12.0) > ink(0.0) + 0.02
