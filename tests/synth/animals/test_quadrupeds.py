import numpy as np
import pytest

from instancesketch.core.taxonomy import UNLABELED
from instancesketch.synth.animals.quadrupeds import draw_body, draw_coat, draw_tail
from instancesketch.synth.draw import draw
from tests.synth.canvases import make_animal, make_canvas, parts_of, styles_of


@pytest.mark.parametrize("style", [s for s in styles_of("tail") if s])
def test_each_tail_style_draws_a_tail(style: str) -> None:
    canvas = make_canvas(3)
    draw_tail(canvas, 0, 0, style)
    assert parts_of(canvas) == {"tail"}


@pytest.mark.parametrize("style", styles_of("body"))
def test_each_body_style_draws_a_body_about_1_long(style: str) -> None:
    for seed in range(5):
        canvas = make_canvas(seed)
        draw_body(canvas, make_animal(canvas, body=style))
        assert parts_of(canvas) == {"body"}
        width = np.ptp(np.concatenate([stroke.path for stroke in canvas.strokes])[:, 0])
        assert 0.5 < width < 1.5


# A mane is drawn on the neck.
@pytest.mark.parametrize("style", [s for s in styles_of("coat") if s not in ("", "mane")])
def test_each_coat_is_drawn_on_the_body(style: str) -> None:
    canvas = make_canvas(4)
    draw_coat(canvas, make_animal(canvas, coat=style))
    assert parts_of(canvas) == {"body"}


def test_poses_vary() -> None:
    """Expect only a face in about a fifth of drawings, and each part missing from some."""
    sketches = [draw(13, i, "4leg") for i in range(150)]
    parts = [set(s.part or ()) for s in sketches]
    assert 10 < sum(there <= {"head", UNLABELED} for there in parts) < 60
    for part in ("head", "tail", "front-leg", "back-leg"):
        assert any(part not in there for there in parts)
    assert sum(0 in (s.instance or ()) for s in sketches) > 3
