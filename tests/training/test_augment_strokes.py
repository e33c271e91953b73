"""Strokes joined, cut, reordered, left out and added: what changes, and what stays with them."""

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from instancesketch.models import ragged
from instancesketch.training.augment_strokes import (
    add_marks,
    cut_strokes,
    join_strokes,
    keep_prefixes,
    shuffle_strokes,
)
from tests.drawings import batches, drawn, packed, sketch_of, split_strokes

seeds = st.integers(0, 1_000)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def consistent(batch):
    """Tell whether the lengths add up and every stroke has its labels and a point."""
    return (
        int(batch.stroke_len_S.sum()) == len(batch.points_P2) == batch.layout.points
        and int(batch.strokes_N.sum()) == len(batch.stroke_len_S)
        and len(batch.part_S) == len(batch.instance_S) == len(batch.stroke_len_S)
        and int(batch.stroke_len_S.min()) >= 1
        and int(batch.strokes_N.min()) >= 1
    )


def labelled(batch):
    """Return the strokes of each drawing with their labels, as values that compare."""
    labels = iter(zip(batch.part_S.tolist(), batch.instance_S.tolist(), strict=True))
    return [[(s.tobytes(), *next(labels)) for s in strokes] for strokes in split_strokes(batch)]


def arcs(strokes):
    return [float(np.linalg.norm(np.diff(s, axis=0), axis=1).sum()) for s in strokes]


@given(batches(), seeds, st.floats(0, 1))
def test_prefixes_are_first_strokes_and_neither_short_nor_whole(batch, seed, p):
    got = keep_prefixes(batch, p, seeded(seed))
    assert consistent(got)
    for before, after in zip(labelled(batch), labelled(got), strict=True):
        assert after == before[: len(after)]
        if len(before) < 4 or p == 0:
            assert after == before
        assert len(after) >= min(len(before), max(2, 0.4 * len(before)))
        assert p < 1 or len(before) < 4 or len(after) < len(before)


def test_prefixes_of_all_lengths_occur():
    ten = packed([sketch_of(*[[(i, 0), (0, i)] for i in range(10)], category="sun")] * 200)
    counts = Counter(keep_prefixes(ten, 1.0, seeded()).strokes_N.tolist())
    assert set(counts) == set(range(4, 10))
    assert min(counts.values()) > 15


@pytest.mark.parametrize("reverse_first", [False, True])
@pytest.mark.parametrize("reverse_second", [False, True])
def test_joined_strokes_run_on_from_their_nearest_ends(reverse_first, reverse_second):
    first, second = [(-1, -1), (0, -1), (0, 0)], [(0.02, 0.02), (0.5, 0.5), (1, 1)]
    strokes = [first[:: -1 if reverse_first else 1], second[:: -1 if reverse_second else 1]]
    batch = packed([sketch_of(*strokes, category="cloud", part=("body",) * 2)])
    got = join_strokes(batch, 1.0, 0.0, seeded())
    assert split_strokes(got)[0][0].tolist() == np.float32(first + second).tolist()
    assert got.strokes_N.tolist() == [1]
    assert got.part_S.tolist() == batch.part_S[:1].tolist()
    assert got.instance_S.tolist() == batch.instance_S[:1].tolist()


# Petals in a chain, each from the end of the last one, and a stem.
CHAIN = [[(-1, -1), (-0.5, -1)], [(-0.5, -1), (0, 0), (0, 1)], [(0, 1), (1, 1)], [(0.5, -1)]]


@pytest.mark.parametrize(
    ("instances", "parts_p", "joined", "want"),
    [
        ((1, 1, 1, 0), 0.0, [5, 2, 1], [("petal", 1), ("petal", 1), ("stem", 0)]),
        ((1, 2, 2, 0), 0.0, [2, 5, 1], [("petal", 1), ("petal", 2), ("stem", 0)]),
        ((1, 2, 3, 0), 0.0, [2, 3, 2, 1], [("petal", i) for i in (1, 2, 3)] + [("stem", 0)]),
        ((1, 2, 3, 0), 1.0, [5, 2, 1], [("petal", 0), ("petal", 3), ("stem", 0)]),
    ],
)
def test_equal_labels_are_kept_and_unequal_ones_are_several(instances, parts_p, joined, want):
    parts = ("petal", "petal", "petal", "stem")
    sketch = sketch_of(*CHAIN, category="flower", part=parts, instance=instances)
    batch = packed([sketch])
    got = join_strokes(batch, 1.0, parts_p, seeded())
    ids = dict(zip(parts, batch.part_S.tolist(), strict=True))
    assert got.stroke_len_S.tolist() == joined
    assert got.part_S.tolist() == [ids[part] for part, _ in want]
    assert got.instance_S.tolist() == [instance for _, instance in want]


def test_strokes_of_different_parts_get_the_longer_ones():
    for parts in (("stem", "petal"), ("petal", "stem")):
        for flip in (1, -1):  # the longer one first or last
            strokes = [[(-1, -1), (0, 0)], [(0, 0), (0.2, 0)]][::flip]
            batch = packed(
                [sketch_of(*strokes, category="flower", part=parts[::flip], instance=(1, 1))]
            )
            got = join_strokes(batch, 0.0, 1.0, seeded())
            assert got.part_S.tolist() == batch.part_S[[0 if flip == 1 else 1]].tolist()
            assert got.instance_S.tolist() == [0]


@given(batches(), seeds, st.floats(0, 1), st.floats(0, 1))
def test_joining_keeps_every_point_and_joins_no_ends_that_are_far(batch, seed, p, parts_p):
    batch = batch.normalised()
    got = join_strokes(batch, p, parts_p, seeded(seed))
    assert consistent(got)
    for before, after in zip(split_strokes(batch), split_strokes(got), strict=True):
        sort = sorted(map(tuple, np.concatenate(after).tolist()))
        assert sort == sorted(map(tuple, np.concatenate(before).tolist()))
        at = 0
        for stroke in after:
            one, *others = before[at:]
            if len(stroke) == len(one):
                at += 1
                assert (stroke == one).all()  # nothing is reversed that isn't joined
            else:
                two = others[0]
                assert len(stroke) == len(one) + len(two)
                assert np.linalg.norm(stroke[len(one)] - stroke[len(one) - 1]) < 0.1
                ways = [np.concatenate([a, b]) for a in (one, one[::-1]) for b in (two, two[::-1])]
                assert any((stroke == way).all() for way in ways)
                at += 2
        assert at == len(before)


@given(batches(), seeds, st.floats(0, 1))
def test_cut_strokes_are_the_same_line_in_two_pieces(batch, seed, p):
    batch = batch.normalised()
    got = cut_strokes(batch, p, seeded(seed))
    assert consistent(got)
    before, after = labelled(batch), iter(labelled(got))
    for strokes, labels in zip(split_strokes(batch), before, strict=True):
        pieces = iter(next(after))
        for stroke, label, length in zip(strokes, labels, arcs(strokes), strict=True):
            first = next(pieces)
            if first == label:
                assert p < 1 or length < 0.5 + 1e-4
                continue
            assert length >= 0.5 - 1e-4
            second = next(pieces)
            assert first[1:] == second[1:] == label[1:]
            a, b = (np.frombuffer(piece[0], np.float32).reshape(-1, 2) for piece in (first, second))
            assert (a[-1] == b[0]).all()
            assert (np.concatenate([a[:-1], b[1:]]) == stroke).all()
            assert sum(arcs([a, b])) == pytest.approx(length, rel=1e-4)
            assert min(arcs([a, b])) > 0.14 * length
        assert next(pieces, None) is None


def test_joining_the_pieces_of_a_stroke_restores_it():
    batch = packed(drawn(20)).normalised()
    longest = [strokes[int(np.argmax(arcs(strokes)))] for strokes in split_strokes(batch)]
    whole = packed([sketch_of(stroke, category="sun") for stroke in longest]).normalised()
    cut = cut_strokes(whole, 1.0, seeded())
    assert cut.strokes_N.tolist() == [2] * 20
    joined = split_strokes(join_strokes(cut, 1.0, 0.0, seeded()))
    for (before,), (after,) in zip(split_strokes(whole), joined, strict=True):
        # A closed line may be joined at its ends in place of the cut.
        assert arcs([after])[0] == pytest.approx(arcs([before])[0], abs=0.1)
        assert len(after) == len(before) + 2


@given(batches(), seeds, st.floats(0, 1))
def test_shuffled_strokes_keep_their_labels(batch, seed, p):
    got = shuffle_strokes(batch, p, seeded(seed))
    assert consistent(got)
    for before, after in zip(labelled(batch), labelled(got), strict=True):
        assert sorted(before) == sorted(after)
        assert p > 0 or before == after


def test_drawings_are_shuffled_as_a_whole_or_in_blocks():
    sketch = sketch_of(*[[(i, 0), (0, i)] for i in range(12)], category="sun")
    got = shuffle_strokes(packed([sketch] * 200), 0.5, seeded())
    orders = [[int(s[0][0]) for s in strokes] for strokes in split_strokes(got)]
    followed = [sum(b == a + 1 for a, b in pairwise(o)) for o in orders]
    assert 70 < followed.count(11) < 130  # those that stay
    assert sum(n <= 3 for n in followed) > 30  # of a whole shuffle about one is left
    assert sum(4 <= n <= 10 for n in followed) > 30  # of blocks most are


@given(batches(), seeds, st.floats(0, 1))
def test_marks_are_unknown_and_leave_the_drawing_as_it_is(batch, seed, p):
    batch = batch.normalised()
    got = add_marks(batch, p, seeded(seed))
    assert consistent(got)
    assert bool(got.points_P2.isfinite().all())
    for before, after in zip(labelled(batch), labelled(got), strict=True):
        marks = [s for s in after if s[1] == -1]
        assert [s for s in after if s[1] != -1] == before
        assert {s[2] for s in marks} <= {-1}
        assert len(marks) <= 3
        assert p < 1 or marks
        assert p > 0 or not marks


def test_marks_are_of_all_kinds_and_anywhere():
    sketch = sketch_of(*[[(0, i), (9, i)] for i in range(4)], category="sun", part=("ray",) * 4)
    got = add_marks(packed([sketch] * 300).normalised(), 1.0, seeded())
    mark_S = got.part_S == -1
    per_drawing = ragged.reduce(mark_S.long(), got.sketch_of_S, len(got), "sum")
    assert per_drawing.unique().tolist() == [1, 2, 3]
    assert got.at_S[mark_S].unique().tolist() == list(range(7))
    low, high = ragged.box(got.points_P2, got.stroke_of_P, len(mark_S))
    size, centre = (high - low)[mark_S], ((high + low) / 2)[mark_S]
    dots = got.stroke_len_S[mark_S] == 1
    assert 0.15 < float(dots.float().mean()) < 0.35
    assert float(size[dots].max()) == 0
    assert float(centre.abs().max()) < 2
    beside = (centre[:, 1].abs() > 0.75 + 0.05).float().mean()  # the drawing is 2 wide, 0.67 high
    assert 0 < float(beside) < 0.5
    flat = (size[:, 0] > 1) & (size[:, 1] < 0.2)
    assert 0.1 < float(flat.float().mean()) < 0.4  # ground
