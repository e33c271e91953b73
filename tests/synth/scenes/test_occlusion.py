import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from instancesketch.synth.primitives import Path, ellipse, length, polyline, rectangle
from instancesketch.synth.scenes.occlusion import Drawn, hide, is_inside, outline
from instancesketch.synth.scenes.placement import Thing


def drawn(depth: float, *strokes: Path) -> Drawn:
    points = np.concatenate(strokes)
    box = np.concatenate([points.min(axis=0), points.max(axis=0)])
    thing = Thing(word="thing", box=box, place="any", depth=depth)
    return Drawn(thing=thing, strokes=list(strokes))


def hidden(*objects: Drawn) -> None:
    hide(objects, 1.0, np.random.default_rng(0))


BOX = rectangle(100, 100, 200, 200)


def test_a_line_behind_becomes_two() -> None:
    line, dot = polyline((0, 150), (300, 150)), np.array([[20.0, 150.0]])
    back, front = drawn(0, dot, line), drawn(1, BOX)
    hidden(front, back)
    assert back.origin == (0, 1, 1)
    assert [len(s) for s in front.strokes] == [len(BOX)]
    _, left, right = back.strokes
    assert left[[0, -1]].tolist() == [[0, 150], pytest.approx([100, 150], abs=3)]
    assert right[[0, -1]].tolist() == [pytest.approx([200, 150], abs=3), [300, 150]]


def test_a_stroke_within_goes_but_no_thing_does() -> None:
    inner, outer = polyline((120, 120), (180, 180)), polyline((0, 120), (90, 120))
    back = drawn(0, inner, outer)
    hidden(back, drawn(1, BOX))
    assert back.origin == (1,)
    alone = drawn(0, inner)
    hidden(alone, drawn(1, BOX))
    assert alone.origin == (0,)
    assert alone.strokes[0] is inner


@pytest.mark.parametrize(
    "front",
    [
        drawn(1, polyline((100, 100), (200, 200))),  # nothing is behind a line
        drawn(1, BOX + 500),
        drawn(-1, BOX),  # it is the one behind
        drawn(1, BOX, polyline((0, 0), (900, 900))),  # the box is but a small part of it
    ],
)
def test_what_hides_nothing(front: Drawn) -> None:
    line = polyline((0, 150), (300, 150))
    back = drawn(0, line)
    hidden(back, front)
    assert back.strokes[0] is line


def test_an_outline_may_be_not_quite_closed() -> None:
    ring = ellipse(0, 0, 50, 50, turns=0.95)
    assert outline([polyline((0, 0), (10, 0)), ring]) is ring
    assert outline([ellipse(0, 0, 50, 50, turns=0.6)]) is None


@given(st.integers(0, 2**32), st.floats(5, 100), st.floats(5, 100))
def test_inside_an_ellipse_is_what_its_equation_says(seed: int, rx: float, ry: float) -> None:
    points = np.random.default_rng(seed).uniform(-120, 120, (200, 2))
    radius = np.hypot(points[:, 0] / rx, points[:, 1] / ry)
    inside = is_inside(points, ellipse(0, 0, rx, ry))
    assert inside[radius < 0.98].all()
    assert not inside[radius > 1.0].any()


@given(st.integers(0, 2**32))
def test_lines_only_get_shorter(seed: int) -> None:
    rng = np.random.default_rng(seed)
    back = drawn(0, *(rng.uniform(0, 300, (rng.integers(1, 6), 2)) for _ in range(4)))
    before = list(back.strokes)
    hidden(back, drawn(1, BOX))
    for number, stroke in enumerate(before):
        left = [s for s, o in zip(back.strokes, back.origin, strict=True) if o == number]
        assert sum(map(length, left)) <= length(stroke) + 1e-6
    assert list(back.origin) == sorted(back.origin)
