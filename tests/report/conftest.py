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
