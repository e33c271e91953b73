from collections.abc import Callable

import pytest

from instancesketch.sketch import Sketch


@pytest.fixture(scope="session")
def flower() -> Callable[..., Sketch]:
    """Makes a small flower: a centre, two petals and a stem, with one stroke that is a dot."""

    def make(sketch_id: str, **values) -> Sketch:
        strokes = [
            [(40, 40), (60, 40), (60, 60), (40, 60), (40, 40)],
            [(40, 40), (20, 20), (30, 45)],
            [(70, 30)],
            [(50, 60), (50, 120)],
        ]
        parts = ("center", "petal", "petal", "stem")
        labels = {"category": "flower", "part": parts, "label": parts}
        return Sketch.from_strokes(strokes, sketch_id=sketch_id, **(labels | values))

    return make


@pytest.fixture(scope="session")
def dog() -> Callable[..., Sketch]:
    """Makes a small dog: a body, a left and a right front leg, two back legs in one line."""

    def make(sketch_id: str, **values) -> Sketch:
        strokes = [
            [(0, 0), (100, 0), (100, 40), (0, 40), (0, 0)],
            [(10, 40), (10, 80)],
            [(30, 40), (30, 80)],
            [(70, 40), (75, 80), (80, 45), (85, 80), (90, 40)],
        ]
        labels = {
            "category": "4leg",
            "part": ("body", "front-leg", "front-leg", "back-leg"),
            "label": ("body", "front-left-leg", "front-right-leg", "back-leg"),
            "instance": (None, 1, 2, 0),
        }
        return Sketch.from_strokes(strokes, sketch_id=sketch_id, **(labels | values))

    return make
