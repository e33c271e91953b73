import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from instancesketch.synth.primitives import Path, ellipse, length, polyline, rectangle
from instancesketch.synth.scenes.occlusion import DrawnObject, find_outline, hide, is_inside
from instancesketch.synth.scenes.page import PlacedObject


def make_object(depth: float, *strokes: Path) -> DrawnObject:
    points = np.concatenate(strokes)
    box = np.concatenate([points.min(axis=0), points.max(axis=0)])
    placed = PlacedObject(word="thing", box=box, place="any", depth=depth)
    return DrawnObject(placed=placed, strokes=list(strokes))


def hide_all(*objects: DrawnObject) -> None:
    hide(objects, 1.0, np.random.default_rng(0))


BOX = rectangle(100, 100, 200, 200)


def test_a_line_behind_an_object_is_cut_in_two() -> None:
    line, dot = polyline((0, 150), (300, 150)), np.array([[20.0, 150.0]])
    back, front = make_object(0, dot, line), make_object(1, BOX)
    hide_all(front, back)
    assert back.origin == (0, 1, 1)
    assert [len(s) for s in front.strokes] == [len(BOX)]
    _, left, right = back.strokes
    assert left[[0, -1]].tolist() == [[0, 150], pytest.approx([100, 150], abs=3)]
    assert right[[0, -1]].tolist() == [pytest.approx([200, 150], abs=3), [300, 150]]


def test_hidden_strokes_are_removed_and_objects_are_kept() -> None:
    inner, outer = polyline((120, 120), (180, 180)), polyline((0, 120), (90, 120))
    back = make_object(0, inner, outer)
    hide_all(back, make_object(1, BOX))
    assert back.origin == (1,)
    alone = make_object(0, inner)
    hide_all(alone, make_object(1, BOX))
    assert alone.origin == (0,)
    assert alone.strokes[0] is inner


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(make_object(1, polyline((100, 100), (200, 200))), id="an open line"),
        pytest.param(make_object(1, BOX + 500), id="elsewhere"),
        pytest.param(make_object(-1, BOX), id="behind"),
        pytest.param(make_object(1, BOX, polyline((0, 0), (900, 900))), id="a small closed part"),
    ],
)
def test_some_objects_hide_nothing(other: DrawnObject) -> None:
    line = polyline((0, 150), (300, 150))
    back = make_object(0, line)
    hide_all(back, other)
    assert back.strokes[0] is line


def test_an_outline_with_a_small_gap_hides() -> None:
    ring = ellipse(0, 0, 50, 50, turns=0.95)
    assert find_outline([polyline((0, 0), (10, 0)), ring]) is ring
    assert find_outline([ellipse(0, 0, 50, 50, turns=0.6)]) is None


@given(st.integers(0, 2**32), st.floats(5, 100), st.floats(5, 100))
def test_is_inside_agrees_with_the_equation_of_an_ellipse(seed: int, rx: float, ry: float) -> None:
    points = np.random.default_rng(seed).uniform(-120, 120, (200, 2))
    radius = np.hypot(points[:, 0] / rx, points[:, 1] / ry)
    inside = is_inside(points, ellipse(0, 0, rx, ry))
    assert inside[radius < 0.98].all()
    assert not inside[radius > 1.0].any()


@given(st.integers(0, 2**32))
def test_hiding_only_shortens_lines(seed: int) -> None:
    rng = np.random.default_rng(seed)
    back = make_object(0, *(rng.uniform(0, 300, (rng.integers(1, 6), 2)) for _ in range(4)))
    before = list(back.strokes)
    hide_all(back, make_object(1, BOX))
    for number, stroke in enumerate(before):
        visible = [s for s, o in zip(back.strokes, back.origin, strict=True) if o == number]
        assert sum(map(length, visible)) <= length(stroke) + 1e-6
    assert list(back.origin) == sorted(back.origin)
