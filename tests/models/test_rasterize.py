"""The rasteriser, compared with a loop over segments in exact fractions."""

import itertools
import math
from fractions import Fraction

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from instancesketch.models.rasterize import rasterise

SIZE = 32


def places(pixels, size=SIZE):
    """Return pixel coordinates scaled to the range from -1 to 1."""
    return torch.tensor(pixels, dtype=torch.float32) / ((size - 1) / 2) - 1


def lit(image):
    """Return the set of (x, y) of drawn pixels."""
    assert set(image.unique().tolist()) <= {0.0, 1.0}
    return {(int(x), int(y)) for y, x in image.nonzero()}


def image_of(pixels, size=SIZE):
    return rasterise(places(pixels, size), torch.tensor([len(pixels)]), size)[0]


def rounded(value):
    """Return the integers nearest to a fraction: two where it lies midway."""
    return {math.floor(value + Fraction(1, 2)), math.ceil(value - Fraction(1, 2))}


def steps_of(pixels):
    """Yield for each step along each segment the set of pixels that may be drawn there."""
    yield {tuple(pixels[0])}
    for (ax, ay), (bx, by) in itertools.pairwise(pixels):
        number = max(abs(bx - ax), abs(by - ay))
        for k in range(1, number + 1):
            x, y = (Fraction(k, number) * (b - a) + a for a, b in ((ax, bx), (ay, by)))
            yield {(u, v) for u in rounded(x) for v in rounded(y)}


def connected(pixels):
    """Return True if the pixels are connected by steps to one of eight neighbours."""
    waiting, left = [next(iter(pixels))], set(pixels)
    while waiting:
        x, y = waiting.pop()
        near = {(x + dx, y + dy) for dx in (-1, 0, 1) for dy in (-1, 0, 1)} & left
        left -= near
        waiting += near
    return not left


whole = st.integers(0, SIZE - 1)
# Halves lie midway between two pixels, where rounding decides.
between = st.integers(0, 2 * (SIZE - 1)).map(lambda n: n / 2) | st.floats(0, SIZE - 1)


@given(st.lists(st.tuples(whole, whole), min_size=1, max_size=6))
def test_lines_equal_a_loop_over_their_segments(pixels):
    drawn, may = lit(image_of(pixels)), list(steps_of(pixels))
    assert drawn <= set().union(*may)
    assert all(drawn & step for step in may)


@given(st.lists(st.tuples(between, between), min_size=1, max_size=6))
def test_lines_have_no_gaps(pixels):
    drawn = lit(image_of(pixels))
    assert connected(drawn)
    for x, y in pixels:
        assert any(abs(x - u) <= 0.501 and abs(y - v) <= 0.501 for u, v in drawn)


@given(st.tuples(between, between), st.tuples(between, between))
def test_a_segment_is_one_pixel_wide(a, b):
    drawn = lit(image_of([a, b]))
    across, down = ({p[i] for p in drawn} for i in (0, 1))
    assert len(drawn) == max(len(across), len(down))


@pytest.mark.parametrize("ends", [((3, 5), (20, 5)), ((7, 30), (7, 2)), ((2, 4), (25, 27)),
                                  ((2, 27), (25, 4))])  # fmt: skip
def test_straight_and_diagonal_lines_are_exact(ends):
    (ax, ay), (bx, by) = ends
    number = max(abs(bx - ax), abs(by - ay))
    want = {(ax + (bx - ax) * k // number, ay + (by - ay) * k // number) for k in range(number + 1)}
    assert lit(image_of(ends)) == want


def test_a_dot_is_one_pixel_and_strokes_have_separate_images():
    points = places([(4, 4), (10, 10), (12, 10), (31, 0), (31, 0)])
    images = rasterise(points, torch.tensor([1, 2, 2]), SIZE)
    assert images.shape == (3, SIZE, SIZE)
    assert [lit(i) for i in images] == [{(4, 4)}, {(10, 10), (11, 10), (12, 10)}, {(31, 0)}]


@given(st.lists(st.tuples(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6)), min_size=1, max_size=5))
def test_points_outside_are_drawn_on_the_border(points):
    points = torch.tensor(points, dtype=torch.float32)
    number = torch.tensor([len(points)])
    clamped = rasterise(points.clamp(-1, 1), number, SIZE)
    assert torch.equal(rasterise(points, number, SIZE), clamped)


@pytest.mark.parametrize("size", [1, 2, 33])
def test_a_diagonal_is_drawn_at_any_image_size(size):
    image = rasterise(torch.tensor([[-1.0, -1.0], [1.0, 1.0]]), torch.tensor([2]), size)[0]
    assert lit(image) == {(i, i) for i in range(size)}


def test_no_strokes_give_no_images():
    empty = rasterise(torch.zeros(0, 2), torch.zeros(0, dtype=torch.long), SIZE)
    assert empty.shape == (0, SIZE, SIZE)


def test_strided_points_give_equal_images():
    wide = torch.rand(60, 5, generator=torch.Generator().manual_seed(1)) * 2 - 1
    stroke_len = torch.tensor([1, 9, 20])
    for strided in (wide[::2, 1:3], wide.t()[1:3].t()[:30], wide[:30, [3, 0]]):
        assert torch.equal(
            rasterise(strided, stroke_len, SIZE),
            rasterise(strided.clone(memory_format=torch.contiguous_format), stroke_len, SIZE),
        )


@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.lists(st.tuples(between, between), min_size=1, max_size=4)),
        min_size=1,
        max_size=6,
    )
)
def test_strokes_may_share_an_image(strokes):
    """Check that a shared image has the pixels of all its strokes, and an unused one none."""
    points = torch.cat([places(pixels) for _, pixels in strokes])
    lengths = torch.tensor([len(pixels) for _, pixels in strokes])
    image_of = torch.tensor([image for image, _ in strokes])
    shared = rasterise(points, lengths, SIZE, image_of_S=image_of, images=4)
    own = rasterise(points, lengths, SIZE)
    assert shared.shape == (4, SIZE, SIZE)
    for i in range(4):
        mine = own[image_of == i]
        assert torch.equal(shared[i], mine.amax(0) if len(mine) else torch.zeros(SIZE, SIZE))
