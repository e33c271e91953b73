"""Ink of drawing programs in SVG against the pen strokes that it was made from."""

from itertools import pairwise

import numpy as np
import pytest

from instancesketch.formats import Record
from tests.formats.freehand import filled_path, outline, rough, signature_pad, svg


def curve(name: str, number: int = 80) -> np.ndarray:
    """Return the middle of a pen stroke."""
    t = np.linspace(0, 1, number)
    x, y = {
        "straight": (40 + 300 * t, 40 + 30 * t),
        "wave": (30 + 340 * t, 150 + 60 * np.sin(9 * t)),
        "bow": (100 + 90 * np.cos(5.5 * t), 120 + 90 * np.sin(5.5 * t)),
        "closed ring": (200 + 90 * np.cos(6.3 * t), 150 + 60 * np.sin(6.3 * t)),
        "spiral": (
            200 + (20 + 100 * t) * np.cos(14 * t),
            150 + (20 + 100 * t) * np.sin(14 * t),
        ),
        "eight": (200 + 150 * np.sin(6.1 * t + 0.1), 150 + 90 * np.sin(12.2 * t + 0.2)),
        "zigzag": (30 + 330 * t, 150 + 120 * np.abs((6 * t) % 2 - 1)),
        "hook": (100 + 200 * np.minimum(t * 2, 1), 50 + 200 * np.maximum(t * 2 - 1, 0)),
        "short": (100 + 30 * t, 100 + 12 * t),
    }[name]
    return np.stack([x, y], axis=1)


CURVES = ["straight", "wave", "bow", "closed ring", "spiral", "eight", "zigzag", "hook", "short"]


def far(points: np.ndarray, line: np.ndarray) -> float:
    """Return how far points are from a polyline, at most."""
    a, b = line[:-1][:, None], line[1:][:, None]
    share = ((points - a) * (b - a)).sum(-1) / np.maximum(((b - a) ** 2).sum(-1), 1e-12)
    nearest = a + np.clip(share, 0, 1)[..., None] * (b - a)
    return float(np.hypot(*np.moveaxis(nearest - points, -1, 0)).min(axis=0).max())


@pytest.mark.parametrize("taper", [False, True])
@pytest.mark.parametrize("size", [3, 5])
@pytest.mark.parametrize("name", CURVES)
def test_a_freehand_outline_is_read_along_its_middle(read_bytes, name, size, taper):
    middle = curve(name)
    data = svg(filled_path(outline(middle, size, taper)), rough(np.array([[1, 1], [9, 9]]), 1))
    (record,) = read_bytes(data, "a.svg")
    stroke = record.sketch.to_strokes()[0]
    assert far(stroke, middle) < 0.8 * size
    assert far(middle, stroke) < 1.2 * size
    # In the direction in which it was drawn.
    start, end = np.hypot(*(stroke[0] - middle[[0, -1]]).T)
    assert start < end or name == "closed ring"
    assert record.left_out == {}  # the background is not missed


def test_touches_of_the_pen_are_dots_and_short_strokes_beside_long_ones(read_bytes):
    dot = np.array([[50.0, 60.0], [50.0, 60.4]])
    dash = np.array([[80.0, 60.0], [88.0, 60.0], [96.0, 60.0]])
    data = svg(
        filled_path(outline(curve("wave"), 6)),
        filled_path(outline(dot, 6)),
        filled_path(outline(dash, 6)),
    )
    (record,) = read_bytes(data, "a.svg")
    assert record.sketch.stroke_len.tolist()[1] == 1
    _, at, line = record.sketch.to_strokes()
    np.testing.assert_allclose(at[0], [50, 60.2], atol=0.5)
    assert far(line, dash) < 3


@pytest.mark.parametrize(
    "shape",
    [
        '<circle cx="100" cy="100" r="60"/>',
        '<ellipse cx="100" cy="100" rx="80" ry="30"/>',
        '<path d="M100 20L120 80L180 80L130 115L150 175L100 140L50 175L70 115L20 80L80 80Z"/>',
        '<rect x="10" y="10" width="120" height="90" rx="12"/>',
        '<rect x="10" y="10" width="300" height="6"/>',
        '<path d="M20 100C20 20 180 20 180 100C180 140 120 180 100 180C60 180 20 140 20 100Z"/>',
    ],
)
@pytest.mark.parametrize("beside_ink", [False, True])
def test_filled_areas_are_no_ink(read_bytes, shape, beside_ink):
    ink = filled_path(outline(curve("wave"), 5)) if beside_ink else ""
    data = svg('<path d="M1 1L9 9" stroke="red"/>', shape, ink, background=False)
    (record,) = read_bytes(data, "a.svg")
    assert len(record.sketch) == 1 + beside_ink
    assert record.left_out == {"shape without a stroke": 1}


def test_a_picture_of_areas_alone_stays_one_though_some_are_slender(read_bytes):
    areas = [f'<ellipse cx="{40 * i}" cy="90" rx="18" ry="14"/>' for i in range(1, 9)]
    (wrong,) = read_bytes(svg(*areas, filled_path(outline(curve("bow"), 5))), "a.svg")
    assert "9 shape without a stroke" in wrong.reason


def test_pieces_of_a_pen_stroke_are_joined_up_to_where_the_pen_was_lifted(read_bytes):
    sun = curve("bow", 20)
    rays = [np.array([[20.0 + 40 * i, 250.0], [30.0 + 40 * i, 270.0]]) for i in range(3)]
    dots = ((50.0, 60.0), (70.0, 60.0))
    data = signature_pad(sun, *rays, curve("wave", 9), dots=dots)
    (record,) = read_bytes(data, "sun.svg")
    *strokes, one, two = record.sketch.to_strokes()
    np.testing.assert_allclose([one[0], two[0]], dots, atol=0.01)
    assert (len(one), len(strokes)) == (1, 5)
    for stroke, expected in zip(strokes, [sun, *rays, curve("wave", 9)], strict=True):
        assert far(stroke, expected) < 0.01
        np.testing.assert_allclose(stroke[[0, -1]], expected[[0, -1]], atol=0.001)


def test_strokes_of_other_colours_or_labels_are_not_joined(read_bytes):
    parts = [
        f'<path d="M{10 * i} 10L{10 * i + 10} 10" stroke="{c}" {more}/>'
        for i, (c, more) in enumerate(
            [("red", "")] * 5 + [("blue", "")] * 2 + [("blue", 'data-part="wheel"')] * 2
        )
    ]
    (record,) = read_bytes(svg(*parts), "a.svg")
    assert [len(s) for s in record.sketch.to_strokes()] == [6, 3, 3]
    assert record.sketch.part == ("unlabeled", "unlabeled", "wheel")


def test_two_strokes_that_happen_to_meet_stay_two(read_bytes):
    data = svg('<path d="M0 0L50 50M50 50L99 0M20 20L30 90" stroke="red"/>')
    (record,) = read_bytes(data, "a.svg")
    assert len(record.sketch) == 3


@pytest.mark.parametrize("seed", range(6))
def test_lines_that_are_drawn_twice_are_read_once(read_bytes, seed):
    box = np.array([[60.0, 60], [300, 60], [300, 200], [60, 200]])
    line = np.array([[20.0, 250], [350, 280]])
    (record,) = read_bytes(svg(rough(box, seed, closed=True), rough(line, seed)), "a.svg")
    assert len(record.sketch) == 2
    drawn, straight = record.sketch.to_strokes()
    assert far(drawn, np.concatenate([box, box[:1]])) < 4
    assert far(np.concatenate([box, box[:1]]), drawn) < 4
    assert far(straight, line) < 4


@pytest.mark.parametrize("seed", range(4))
def test_shapes_that_are_drawn_twice_very_roughly_are_read_once(read_bytes, seed):
    star = [(200 + r * np.cos(a), 150 + r * np.sin(a)) for a, r in STAR]
    stairs = [(40 + 20 * ((i + 1) // 2), 250 - 20 * (i // 2)) for i in range(16)]
    bent = np.array([[20.0, 250], [350, 280]])
    shapes = [rough(np.array(star), seed, closed=True, shake=3.0)]
    shapes += [rough(np.array(stairs, float), seed, shake=3.0), rough(bent, seed, shake=3.5)]
    (record,) = read_bytes(svg(*shapes), "a.svg")
    assert len(record.sketch) == 3


STAR = [(0.628 * i, 40.0 if i % 2 else 90.0) for i in range(10)]
RING = "M{0} 150A{1} {1} 0 0 1 {2} 150A{1} {1} 0 0 1 {0} 150"


@pytest.mark.parametrize(
    "path",
    [
        "M10 10L200 10M10 40L200 40",
        "M10 10L200 10M10 13L200 13",
        RING.format(100, 100, 300) + RING.format(106, 94, 294),
        RING.format(150, 20, 190) + RING.format(152, 18, 188),
        "M10 10L30 10M10 12L30 14",
    ],
)
def test_lines_beside_each_other_in_one_path_stay_two_strokes(read_bytes, path):
    (record,) = read_bytes(svg(f'<path d="{path}" stroke="red" fill="none"/>'), "a.svg")
    assert len(record.sketch) == 2


@pytest.mark.parametrize("seed", range(6))
def test_an_ellipse_that_goes_around_twice_is_read_once(read_bytes, seed):
    generator = np.random.default_rng(seed)
    loops = []
    for _ in range(2):
        # Each round begins somewhere at the top and overlaps its own beginning.
        angle = np.linspace(0, 2 * np.pi + 0.2, 40) - np.pi / 2 + generator.uniform(-0.4, 0.4)
        ring = np.stack([200 + 90 * np.cos(angle), 150 + 50 * np.sin(angle)], axis=1)
        ring += generator.uniform(-1, 1, ring.shape)
        loops.append("M" + "L".join(f"{x:.2f} {y:.2f}" for x, y in ring))
    path = f'<path d="{" ".join(loops)}" stroke="#1e1e1e" stroke-width="2" fill="none"/>'
    (record,) = read_bytes(svg(path), "a.svg")
    assert len(record.sketch) == 1


def test_bands_of_one_stroke_that_meet_at_its_turns_are_one(read_bytes):
    turns = np.array([[30, 30], [120, 200], [210, 40], [330, 220]], float)
    bands = []
    for a, b in pairwise(turns):
        middle = a + (b - a) * np.linspace(0, 1, 20)[:, None]
        bands.append(filled_path(outline(middle, 5)).split('"')[1])
    (record,) = read_bytes(svg(f'<path d="{" ".join(bands)}" fill="#1d1d1d"/>'), "a.svg")
    (stroke,) = record.sketch.to_strokes()
    assert far(turns, stroke) < 4
    assert far(stroke, turns) < 4


def test_petals_and_walls_that_begin_where_the_last_one_ended_stay_apart(read_bytes):
    petals = [
        f'<path d="M{200 + 60 * np.cos(a)} {150 + 60 * np.sin(a)}Q{200 + 140 * np.cos(a + 0.5)} '
        f'{150 + 140 * np.sin(a + 0.5)} {200 + 60 * np.cos(a + 1)} {150 + 60 * np.sin(a + 1)}" '
        'stroke="red" fill="none"/>'
        for a in range(5)
    ]
    (record,) = read_bytes(svg(*petals), "flower.svg")
    assert len(record.sketch) == 5


@pytest.mark.parametrize(
    ("first", "strokes"),
    [
        ('<rect width="400" height="300" fill="white"/>', 1),
        ('<rect width="100%" height="100%" fill="#eee" stroke="#eee"/>', 1),
        ('<path d="M0 0H400V300H0Z" fill="white" stroke="black"/>', 1),
        ('<rect width="400" height="300" fill="none" stroke="black"/>', 2),
        ('<circle cx="200" cy="150" r="200" fill="yellow" stroke="black"/>', 2),
        ('<rect width="300" height="200" fill="white" stroke="black"/>', 2),
    ],
)
def test_a_background_as_large_as_the_page_is_no_stroke(read_bytes, first, strokes):
    data = svg(first, '<path d="M1 1L9 9" stroke="red"/>', background=False)
    (record,) = read_bytes(data, "a.svg")
    assert isinstance(record, Record)
    assert len(record.sketch) == strokes
    assert record.left_out == {}
