"""Hatched fills among the strokes of an SVG, and what only looks like them."""

import numpy as np
import pytest

from tests.formats.freehand import hatched, rough, svg

SHAPES = {
    "box": np.array([[60.0, 60], [300, 60], [300, 200], [60, 200]]),
    "kite": np.array([[60.0, 60], [330, 90], [220, 260], [80, 200]]),
    "round": np.stack([f(np.linspace(0, 6.28, 40)[:-1]) for f in (np.cos, np.sin)], axis=1)
    * [120, 80]
    + [200, 150],
    "small": np.array([[60.0, 60], [110, 60], [110, 100], [60, 100]]),
}
STYLES = ["hachure", "cross-hatch", "zigzag", "dashed", "zigzag-line"]


@pytest.mark.parametrize(
    ("style", "doubled"),
    [*((style, True) for style in STYLES), ("hachure", False), ("cross-hatch", False)],
)
@pytest.mark.parametrize("shape", ["box", "kite", "round"])
def test_a_hatched_fill_is_no_stroke_and_counted(read_bytes, shape, style, doubled):
    outline = SHAPES[shape]
    fill = hatched(outline, style, seed=1, doubled=doubled)
    line = rough(np.array([[20.0, 250], [350, 280]]), 2)
    (record,) = read_bytes(svg(f"<g>{fill}{_ring(outline)}</g>", line), "a.svg")
    assert len(record.sketch) == 2
    assert record.left_out == {"hatched fill": 1}


def _ring(points: np.ndarray) -> str:
    text = "L".join(f"{x:.2f} {y:.2f}" for x, y in points)
    return f'<path d="M{text}Z" stroke="#1e1e1e" stroke-width="2" fill="none"/>'


@pytest.mark.parametrize("shape", list(SHAPES))
def test_a_hatched_fill_without_an_outline_is_named_where_it_is_all_there_is(read_bytes, shape):
    (wrong,) = read_bytes(svg(hatched(SHAPES[shape], "hachure", seed=3)), "a.svg")
    assert wrong.reason == "no strokes are painted: 1 hatched fill"


def test_dots_that_shade_an_area_are_no_strokes(read_bytes):
    dots = [
        f"M{x - 0.6:.1f} {y}A.6 .6 0 0 1 {x + 0.6:.1f} {y}A.6 .6 0 0 1 {x - 0.6:.1f} {y}"
        for x in range(70, 300, 20)
        for y in range(70, 200, 20)
    ]
    fill = f'<path d="{"".join(dots)}" stroke="#1e1e1e" stroke-width="1" fill="none"/>'
    (record,) = read_bytes(svg(fill, _ring(SHAPES["box"])), "a.svg")
    assert len(record.sketch) == 1
    assert record.left_out == {"hatched fill": 1}


PARALLEL = "".join(f"M{40 + 30 * i} 60V200" for i in range(9))
STAIRS = np.array([[40.0 + 20 * ((i + 1) // 2), 250 - 20 * (i // 2)] for i in range(20)])
RAYS = "".join(
    f"M{200 + 40 * np.cos(a):.1f} {150 + 40 * np.sin(a):.1f}"
    f"L{200 + 90 * np.cos(a):.1f} {150 + 90 * np.sin(a):.1f}"
    for a in np.linspace(0.3, 6.28, 14)
)
GRASS = "".join(f"M{20 + 25 * i} 280L{30 + 25 * i} 250" for i in range(14))


@pytest.mark.parametrize(
    ("path", "number"),
    [(PARALLEL, 9), (RAYS, 14), (GRASS, 14), ("M9 9H90M9 30H90M9 50H90M9 70H90", 4)],
    ids=["fence", "rays", "grass", "rungs"],
)
def test_parallel_lines_that_a_hand_draws_stay_strokes(read_bytes, path, number):
    drawn = f'<path d="{path}" stroke="black" fill="none"/>'
    box = _ring(np.array([[40.0, 60], [280, 60], [280, 200], [40, 200]]))
    (record,) = read_bytes(svg(drawn, box), "a.svg")
    assert len(record.sketch) == number + 1


@pytest.mark.parametrize("points", [STAIRS, SHAPES["kite"], SHAPES["round"]])
def test_sketchy_outlines_of_many_sides_stay_strokes(read_bytes, points):
    (record,) = read_bytes(svg(rough(points, 4, closed=points is not STAIRS)), "a.svg")
    assert len(record.sketch) == 1
    assert record.left_out == {}
