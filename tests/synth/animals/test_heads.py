import numpy as np
import pytest

from instancesketch.synth.animals.heads import draw_ears, draw_head_from_side
from tests.synth.canvases import make_canvas, parts_of, styles_of


@pytest.mark.parametrize("style", [s for s in styles_of("ears") if s])
def test_each_ear_style_draws_part_of_a_head(style: str) -> None:
    canvas = make_canvas(1)
    draw_ears(canvas, 0, 0, 1, style, (-1, 1))
    assert parts_of(canvas) == {"head"}


@pytest.mark.parametrize("shape", styles_of("head_shape"))
def test_each_head_shape_draws_a_head_of_its_size(shape: str) -> None:
    canvas = make_canvas(2)
    draw_head_from_side(canvas, 0, 0, 1, shape, "")
    assert parts_of(canvas) == {"head"}
    assert max(np.ptp(stroke.path, axis=0).max() for stroke in canvas.strokes) > 1
