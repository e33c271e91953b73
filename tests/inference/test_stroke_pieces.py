"""Long strokes of unsure part are cut at corners, touches and returns, and labelled by piece."""

import numpy as np
import pytest
import torch

from instancesketch.inference.segmenter import Segmenter
from instancesketch.inference.stroke_pieces import Pieces, cut_stroke, cut_unsure
from tests.drawings import DEFAULT, drawn, features_of, forced_net, sketch_of, split_strokes

LINE = np.array([(-1.0, 0.0), (1.0, 0.0)])
CORNER = np.array([(-1.0, 0.0), (0.5, 0.0), (0.5, 1.0)])
ARC = np.stack([np.cos(np.linspace(0, 3, 50)), np.sin(np.linspace(0, 3, 50))], axis=1)
LOOP = np.array([(-1, -0.5), (0.5, 0.4), (0.5, -0.4), (-1, 0.5)]) * 1.0


@pytest.mark.parametrize(
    ("line", "others", "begins"),
    [
        (LINE, [], []),
        (ARC, [], []),
        (CORNER, [], [(0.5, 0.0)]),
        (LINE, [np.array([(0.2, 0.03), (0.2, 1.0)])], [(0.2, 0.0)]),
        (LINE, [np.array([(0.2, 0.3), (0.2, 1.0)])], []),  # doesn't touch
        (LINE, [np.array([(-0.95, 0.0), (0.2, 1.0)])], []),  # would leave too little
        # Where it crosses itself, and at its corners.
        (LOOP, [], [(-0.17, 0.0), (0.5, 0.4), (0.5, -0.4), (-0.17, 0.0)]),
    ],
    ids=["line", "arc", "corner", "touch", "near", "end", "loop"],
)
def test_strokes_are_cut_where_another_part_may_begin(line, others, begins):
    pieces = cut_stroke(line, others)
    assert len(pieces) == len(begins) + 1
    np.testing.assert_allclose(pieces[0][0], line[0])
    np.testing.assert_allclose(pieces[-1][-1], line[-1])
    for before, piece, begin in zip(pieces, pieces[1:], begins, strict=False):
        np.testing.assert_array_equal(before[-1], piece[0])
        np.testing.assert_allclose(piece[0], begin, atol=0.04)


def test_only_long_unsure_strokes_are_cut_one_in_each_copy():
    sketch = sketch_of([(0, 0), (75, 0), (75, 50)], [(0, 50), (5, 50)], [(0, 9), (60, 9), (60, 60)])
    batch = features_of([sketch_of([(0, 0), (9, 9)]), sketch, sketch]).batch
    surest_S = torch.tensor([0.1, 0.1, 0.1, 0.9, 0.1, 0.1, 0.1])
    pieces = cut_unsure(batch, surest_S)
    assert pieces.stroke_J.tolist() == [1, 4, 6]
    assert pieces.sketch_J.tolist() == [1, 2, 2]
    assert pieces.batch.strokes_N.tolist() == [4, 4, 4]
    assert pieces.first_J.tolist() == [0, 4, 10]
    first = split_strokes(batch)[1]
    copy = split_strokes(pieces.batch)[0]
    np.testing.assert_array_equal(copy[2], first[1])  # the others stay as they are
    np.testing.assert_allclose(copy[1][-1], first[0][-1])
    assert cut_unsure(batch, torch.ones(7)) is None


def test_pieces_count_by_their_length():
    batch = features_of([sketch_of([(0, 0), (9, 9)], [(0, 0), (3, 0)], [(3, 0), (3, 9)])]).batch
    pieces = Pieces(batch, *torch.tensor([[0], [0], [1], [2]]))
    mean_JQ = pieces.average(torch.tensor([[9.0, 9.0], [1.0, 0.0], [0.0, 1.0]]))
    torch.testing.assert_close(mean_JQ, torch.tensor([[0.25, 0.75]]))


def test_scores_of_cut_strokes_alone_change_and_those_without_parts_stay():
    sketches = drawn(6)
    for category, change in (("4leg", True), ("other", False)):
        whole, cut = (
            Segmenter(forced_net(category), DEFAULT, cut_strokes=c).label(sketches)
            for c in (False, True)
        )
        assert [s.category for s in cut] == [category] * 6
        assert (cut != whole) == change
    batch = features_of(sketches).batch
    scores = [score for s in whole_of(sketches) for score in s.part_score]
    changed = [
        a != b
        for one, two in zip(whole_of(sketches), whole_of(sketches, cut=True), strict=True)
        for a, b in zip(one.part_score, two.part_score, strict=True)
    ]
    pieces = cut_unsure(batch, torch.tensor(scores))
    assert np.flatnonzero(changed).tolist() == pieces.stroke_J.tolist()


def whole_of(sketches, *, cut=False):
    return Segmenter(forced_net("4leg"), DEFAULT, cut_strokes=cut).label(sketches)
