"""Strokes are cut at corners, touches and returns; cuts lie at points of the stroke itself."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from instancesketch.inference.stroke_cuts import cut_stroke

NONE = np.zeros((0, 2))
LINE = np.array([(-1.0, 0.0), (1.0, 0.0)])
CORNER = np.array([(-1.0, 0.0), (0.5, 0.0), (0.5, 1.0)])
ARC = np.stack([np.cos(np.linspace(0, 3, 50)), np.sin(np.linspace(0, 3, 50))], axis=1)
LOOP = np.array([(-1, -0.5), (0.5, 0.4), (0.5, -0.4), (-1, 0.5)]) * 1.0


@pytest.mark.parametrize(
    ("line", "ends", "begins", "starts"),
    [
        (LINE, NONE, [], [0]),
        (ARC, NONE, [], [0]),
        (CORNER, NONE, [(0.5, 0.0)], [0, 1]),
        (LINE, np.array([(0.2, 0.03), (0.2, 1.0)]), [(0.2, 0.0)], [0, 1]),
        (LINE, np.array([(0.2, 0.3), (0.2, 1.0)]), [], [0]),  # doesn't touch
        (LINE, np.array([(-0.95, 0.0), (0.2, 1.0)]), [], [0]),  # would leave too little
        # Where it crosses itself, and at its corners.
        (LOOP, NONE, [(-0.17, 0.0), (0.5, 0.4), (0.5, -0.4), (-0.17, 0.0)], [0, 1, 1, 2, 2]),
    ],
    ids=["line", "arc", "corner", "touch", "near", "end", "loop"],
)
def test_strokes_are_cut_where_another_part_may_begin(line, ends, begins, starts):
    pieces, found = cut_stroke(line, ends)
    assert len(pieces) == len(begins) + 1
    np.testing.assert_allclose(pieces[0][0], line[0])
    np.testing.assert_allclose(pieces[-1][-1], line[-1])
    for before, piece, begin in zip(pieces, pieces[1:], begins, strict=False):
        np.testing.assert_array_equal(before[-1], piece[0])
        np.testing.assert_allclose(piece[0], begin, atol=0.04)
    assert found == starts


coordinate = st.floats(-1, 1, width=32)


@given(st.lists(st.tuples(coordinate, coordinate), min_size=2, max_size=40), st.data())
def test_each_piece_starts_at_the_points_nearest_to_its_cut_along_the_stroke(points, data):
    line = np.array(points)
    run = np.concatenate([[0.0], np.hypot(*np.diff(line, axis=0).T).cumsum()])
    if run[-1] < 0.1:
        return
    ends = np.array(data.draw(st.lists(st.sampled_from(points), max_size=4))).reshape(-1, 2)
    pieces, starts = cut_stroke(line, ends)
    assert starts[0] == 0
    assert starts == sorted(starts)
    assert starts[-1] < len(line)
    # Of equal steps along the stroke, some turn a corner: lengths are those of the cut line.
    length = np.array([len(piece) - 1 for piece in pieces]).cumsum()
    at = run[-1] * length / length[-1]
    for start, where in zip(starts[1:], at, strict=False):
        np.testing.assert_allclose(abs(run[start] - where), abs(run - where).min(), atol=1e-9)
