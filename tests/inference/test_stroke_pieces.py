"""Long strokes are looked at in pieces: which are of several parts, and what unsure ones are."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from instancesketch.core.sketch import Sketch
from instancesketch.core.stroke_labels import Piece, check_labels, split_points
from instancesketch.inference.segmenter import Segmenter
from instancesketch.inference.stroke_pieces import CHANGE, SURE, Pieces, cut_long, join
from tests.drawings import DEFAULT, drawn, features_of, forced_net, sketch_of, split_strokes


def test_only_long_strokes_that_may_be_are_cut_all_of_a_sketch_in_one_copy():
    sketch = sketch_of([(0, 0), (75, 0), (75, 50)], [(0, 50), (5, 50)], [(0, 9), (60, 9), (60, 60)])
    batch = features_of([sketch_of([(0, 0), (9, 9)]), sketch, sketch]).batch
    allowed_S = torch.tensor([True, True, True, False, True, True, True])
    pieces = cut_long(batch, allowed_S)
    assert pieces.sketch_M.tolist() == [1, 2]
    assert pieces.stroke_J.tolist() == [1, 4, 6]
    assert pieces.batch.strokes_N.tolist() == [4, 5]
    assert pieces.first_J.tolist() == [0, 4, 7]
    assert pieces.start_I.tolist() == [0, 1] * 3
    first = split_strokes(batch)[1]
    copy = split_strokes(pieces.batch)[0]
    np.testing.assert_array_equal(copy[2], first[1])  # the others stay as they are
    np.testing.assert_allclose(copy[1][-1], first[0][-1])
    assert cut_long(batch, torch.zeros(7, dtype=torch.bool)) is None


def test_pieces_count_by_their_length():
    batch = features_of([sketch_of([(0, 0), (9, 9)], [(0, 0), (3, 0)], [(3, 0), (3, 9)])]).batch
    pieces = Pieces(batch, torch.tensor([0]), *torch.tensor([[0], [1], [2]]), torch.tensor([0, 1]))
    mean_JQ = pieces.average(torch.tensor([[1.0, 0.0], [0.0, 1.0]]))
    torch.testing.assert_close(mean_JQ, torch.tensor([[0.25, 0.75]]))


@pytest.mark.parametrize(
    ("parts", "lengths", "starts", "runs"),
    [
        ([[0.9, 0.1], [0.1, 0.9]], [1, 1], [0, 5], [(0, 0, 0.9), (5, 1, 0.9)]),
        # A short piece, or one that is hardly another part, isn't worth the change.
        ([[0.9, 0.1], [0.1, 0.9]], [1, 0.2], [0, 5], [(0, 0, 0.92 / 1.2)]),
        ([[0.9, 0.1], [0.4, 0.6]], [1, 1], [0, 5], [(0, 0, 0.65)]),
        # Neighbours of one part are one run, whose score is their mean by length.
        (
            [[0.9, 0.1], [0.8, 0.2], [0.1, 0.9]], [1, 3, 2], [0, 3, 5],
            [(0, 0, (0.9 + 2.4) / 4), (5, 1, 0.9)],
        ),
        ([[0.9, 0.1], [0.1, 0.9], [0.9, 0.1]], [1, 1, 1], [0, 2, 5], [(0, 0), (2, 1), (5, 0)]),
        # Between two points of the stroke the part doesn't change.
        ([[0.9, 0.1], [0.1, 0.9], [0.9, 0.1]], [1, 1, 3], [0, 2, 2], [(0, 0)]),
        ([[0.9, 0.1], [0.1, 0.9]], [1, 1], [0, 0], [(0, 0, 0.5)]),
        ([[0.9, 0.1], [0.1, 0.9]], [1, 1], [0, 9], [(0, 0, 0.5)]),  # nothing is left to be drawn
    ],
)  # fmt: skip
def test_the_part_changes_along_a_stroke_where_that_is_worth_its_price(
    parts, lengths, starts, runs
):
    found = join(np.array(parts), np.array(lengths, float), np.array(starts), points=10)
    for run, want in zip(found, runs, strict=True):
        assert run[:2] == want[:2]
        assert len(want) < 3 or run.score == pytest.approx(want[2])


def gain(parts, lengths, chosen):
    """Return what a part of each piece gains, less the price of the changes."""
    logs = np.log(np.maximum(parts, 1e-4))[range(len(chosen)), chosen]
    return (logs * lengths).sum() - CHANGE * np.count_nonzero(np.diff(chosen))


@given(st.integers(0, 10_000))
def test_no_other_parts_along_a_stroke_gain_more(seed):
    rng = np.random.default_rng(seed)
    number = int(rng.integers(2, 6))
    parts, lengths = rng.dirichlet([0.3] * 3, number), rng.uniform(0.16, 2, number)
    runs = join(parts, lengths, np.arange(number), number + 1)
    found = np.repeat([run.part for run in runs], np.diff([*(r.start for r in runs), number]))
    every = np.stack(np.meshgrid(*[range(3)] * number), axis=-1).reshape(-1, number)
    best = max(gain(parts, lengths, chosen) for chosen in every)
    assert gain(parts, lengths, found) == pytest.approx(best)


@given(st.integers(0, 10_000))
def test_pieces_have_all_points_of_their_stroke_in_order(seed):
    rng = np.random.default_rng(seed)
    lines = [rng.normal(size=(rng.integers(1, 12), 2)).cumsum(0) for _ in range(3)]
    sketch = sketch_of(*lines)
    batch = features_of([sketch]).batch
    cut = cut_long(batch, torch.ones(3, dtype=torch.bool))
    if cut is None:
        return
    parts_IQ = torch.from_numpy(rng.dirichlet([0.2] * 3, len(cut.start_I)))
    runs = cut.runs(parts_IQ, batch.stroke_len_S)
    pieces = [
        tuple(Piece(run.start, f"part {run.part}", run.score) for run in runs[i])
        if i in runs
        else None
        for i in range(3)
    ]
    check_labels({"pieces": pieces}, sketch.stroke_len)
    for points, own in zip(sketch.to_strokes(), pieces, strict=True):
        if own is not None:
            split = split_points(points, own)
            joined = np.concatenate([split[0], *(piece[1:] for piece in split[1:])])
            np.testing.assert_array_equal(joined, points)
            assert all(len(piece) > 1 for piece in split)


def join_two(sketch, of_one_part):
    """Return the sketch with two strokes drawn as one, of one part or of two; None without any."""
    for i, j in pairwise(range(len(sketch))):
        if (sketch.part[i] == sketch.part[j]) == of_one_part:
            strokes = sketch.to_strokes()
            strokes[i : j + 1] = [np.concatenate(strokes[i : j + 1])]
            return Sketch.from_strokes(strokes, sketch_id=f"{i}", category=sketch.category)
    return None


def test_strokes_drawn_as_one_are_found_if_they_are_of_several_parts():
    segmenter = Segmenter.load("default", cut_strokes=True)
    shares = []
    for of_one_part in (False, True):
        joined = [join_two(sketch, of_one_part) for sketch in drawn(40)]
        found = segmenter([sketch for sketch in joined if sketch], given_category=True)
        shares.append(np.mean([int(sketch.sketch_id) in sketch.mixed for sketch in found]))
    assert shares[0] > 0.5
    assert shares[1] < 0.2


def test_without_cutting_it_is_not_known_which_strokes_are_mixed():
    (found,) = Segmenter(forced_net("4leg"), DEFAULT).label(drawn(1))
    assert found.pieces is None
    assert found.mixed == ()


def test_scores_of_unsure_cut_strokes_alone_change_and_drawings_without_parts_stay():
    sketches = drawn(6)
    whole, cut = (
        Segmenter(forced_net("4leg"), DEFAULT, cut_strokes=c).label(sketches) for c in (False, True)
    )
    scores = np.array([score for sketch in whole for score in sketch.part_score])
    changed = np.array([score for sketch in cut for score in sketch.part_score]) != scores
    pieces = cut_long(features_of(sketches).batch, torch.ones(len(scores), dtype=torch.bool))
    unsure = scores[pieces.stroke_J] < SURE
    assert unsure.any()
    assert np.flatnonzero(changed).tolist() == pieces.stroke_J[torch.from_numpy(unsure)].tolist()
    whole, cut = (
        Segmenter(forced_net("other"), DEFAULT, cut_strokes=c).label(sketches)
        for c in (False, True)
    )
    assert cut == whole
