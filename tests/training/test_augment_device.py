"""Points recorded anew: spacing, Douglas and Peucker's rule, grids and jitter."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from instancesketch.training.augment_device import (
    change_device,
    jitter,
    quantise,
    resample,
    simplify,
)
from tests.drawings import batches, drawn, packed, sketch_of, split_strokes

seeds = st.integers(0, 1_000)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def pairs(before, after):
    """List the strokes of two batches side by side."""
    return [
        pair
        for a, b in zip(split_strokes(before), split_strokes(after), strict=True)
        for pair in zip(a, b, strict=True)
    ]


def share_out(batch, value):
    """Return the value for every second drawing, and 0 for the others."""
    return torch.arange(len(batch)) % 2 * value


def every_second_is_untouched(before, after):
    for i, (a, b) in enumerate(zip(split_strokes(before), split_strokes(after), strict=True)):
        if i % 2 == 0 and any(x.tobytes() != y.tobytes() for x, y in zip(a, b, strict=True)):
            return False
    return True


def away(points, line):
    """Return the distance of each point from a line of at least one point."""
    if len(line) == 1:
        return np.linalg.norm(points - line, axis=1)
    a, along = line[:-1].astype(float), np.diff(line.astype(float), axis=0)
    off = points[:, None].astype(float) - a
    share = ((off * along).sum(2) / np.maximum((along**2).sum(1), 1e-20)).clip(0, 1)
    return np.linalg.norm(off - share[..., None] * along, axis=2).min(1)


@given(batches(), st.floats(0.03, 0.4))
def test_spacing_is_even_and_at_most_what_is_asked(batch, spacing):
    batch = batch.normalised()
    got = resample(batch, torch.full((len(batch),), spacing))
    for before, after in pairs(batch, got):
        length = np.linalg.norm(np.diff(before, axis=0), axis=1).sum()
        np.testing.assert_allclose(after[0], before[0], atol=1e-6)
        if length == 0:
            assert len(after) == 1
            continue
        np.testing.assert_allclose(after[-1], before[-1], atol=1e-5)
        assert len(after) == min(np.ceil(length / spacing - 1e-6) + 1, 64) or (
            abs(length / spacing % 1) < 1e-3
        )
        assert away(after, before).max() < 1e-5  # on the line that was drawn
        steps = np.linalg.norm(np.diff(after, axis=0), axis=1)
        assert steps.max() <= max(spacing, length / 63) * (1 + 1e-4) + 1e-5


def test_spacing_of_a_straight_line_is_exact():
    batch = packed([sketch_of([(-1, 0), (-0.9, 0), (1, 0)], category="sun")])
    got = resample(batch, torch.tensor([0.25]))
    np.testing.assert_allclose(got.points_P2[:, 0], np.linspace(-1, 1, 9), atol=1e-6)


@pytest.mark.parametrize("change", [resample, simplify, quantise])
@given(batches())
def test_drawings_without_a_value_stay_to_the_last_bit(change, batch):
    batch = batch.normalised()
    got = change(batch, share_out(batch, 8.0 if change is quantise else 0.1))
    assert every_second_is_untouched(batch, got)
    assert torch.equal(got.part_S, batch.part_S)
    assert torch.equal(got.strokes_N, batch.strokes_N)


def split_one_by_one(points, tolerance):
    """Return the indices that Douglas and Peucker's rule keeps, by recursion."""

    def between(first, last):
        if last - first < 2:
            return []
        distance = away(points[first + 1 : last], points[[first, last]])
        if distance.max() <= tolerance:
            return []
        split = first + 1 + int(distance.argmax())
        return [*between(first, split), split, *between(split, last)]

    return [0, *between(0, len(points) - 1), *([len(points) - 1] if len(points) > 1 else [])]


def test_points_are_those_of_splitting_one_by_one():
    batch = packed(drawn(30)).normalised()
    # Drawings lie on a grid, where points are equally far and rounding decides between them.
    batch = jitter(batch, torch.full((30,), 0.1), seeded())
    for tolerance in (0.01, 0.05, 0.2):
        got = simplify(batch, torch.full((30,), tolerance))
        assert len(got.points_P2) < len(batch.points_P2)
        for before, after in pairs(batch, got):
            np.testing.assert_array_equal(after, before[split_one_by_one(before, tolerance)])


@given(batches(), st.floats(0.008, 0.5))
def test_no_point_that_is_left_out_is_far_from_the_line(batch, tolerance):
    batch = batch.normalised()
    got = simplify(batch, torch.full((len(batch),), tolerance))
    for before, after in pairs(batch, got):
        assert {tuple(p) for p in after.tolist()} <= {tuple(p) for p in before.tolist()}
        assert (after[0] == before[0]).all()
        assert (after[-1] == before[-1]).all()
        assert away(before, after).max() <= tolerance + 1e-5


def test_a_line_that_takes_many_splits_is_never_too_far():
    # Every next point is farther out, so that each split leaves out one point alone.
    at = np.arange(120)
    spiral = np.stack([np.cos(at), np.sin(at)], 1) * 1.1 ** at[:, None]
    batch = packed([sketch_of(spiral, category="sun")]).normalised()
    got = simplify(batch, torch.tensor([1e-6]))
    assert away(*(split_strokes(b)[0][0] for b in (batch, got))).max() <= 1e-6 + 1e-7


@given(batches(), st.integers(16, 128))
def test_coordinates_lie_on_the_grid_half_a_cell_away_at_most(batch, cells):
    batch = batch.normalised()
    got = quantise(batch, torch.full((len(batch),), float(cells)))
    at_P2 = (got.points_P2.double() + 1) * cells / 2
    assert float((at_P2 - at_P2.round()).abs().max()) < 1e-4
    assert float((got.points_P2 - batch.points_P2).abs().max()) <= 1 / cells + 1e-5
    assert float(got.points_P2.abs().max()) <= 1 + 1e-6


def test_jitter_grows_with_the_distance_of_points():
    slow, fast = np.linspace(-1, -0.9, 101), np.linspace(-0.9, 1, 20)[1:]
    line = [(x, 0) for x in [*slow, *fast]]
    batch = packed([sketch_of(line, [(0.0, 1.0)], category="sun")] * 50)
    got = jitter(batch, share_out(batch, 0.2), seeded())
    assert every_second_is_untouched(batch, got)
    changed = [b - a for i, (a, b) in enumerate(pairs(batch, got)) if i // 2 % 2]
    assert all((c == 0).all() for c in changed[1::2])  # dots
    spread = np.sqrt(np.mean([np.square(c) for c in changed[::2]], axis=(0, 2)))
    np.testing.assert_allclose(spread[1:99].mean(), 0.2 * 0.001, rtol=0.1)
    np.testing.assert_allclose(spread[102:-1].mean(), 0.2 * 0.1, rtol=0.1)


@given(batches(), seeds, st.floats(0, 1))
def test_any_drawing_keeps_its_strokes_and_stays_in_its_place(batch, seed, p):
    batch = batch.normalised()
    got = change_device(batch, p, seeded(seed))
    assert torch.equal(got.strokes_N, batch.strokes_N)
    assert torch.equal(got.part_S, batch.part_S)
    assert int(got.stroke_len_S.sum()) == len(got.points_P2) == got.layout.points
    assert float(got.points_P2.abs().max()) < 1.5
    assert p > 0 or torch.equal(got.points_P2, batch.points_P2)


def test_a_share_of_drawings_is_changed_in_each_of_four_ways():
    batch = packed(drawn(1) * 400).normalised()
    got = change_device(batch, 0.5, seeded())
    one, points = split_strokes(batch)[0], len(batch.points_P2) // 400
    drawings = [np.concatenate(s) for s in split_strokes(got)]
    known = {tuple(p) for p in np.concatenate(one).tolist()}
    some = [d for d in drawings if len(d) != points]
    fewer = [d for d in some if {tuple(p) for p in d.tolist()} <= known]
    moved = [d for d in drawings if len(d) == points and (d != np.concatenate(one)).any()]
    coarse = [d for d in moved if len(np.unique(d[:, 0])) < points / 2]
    ways = [len(fewer), len(some) - len(fewer), len(coarse), len(moved) - len(coarse)]
    assert min(ways) > 20, ways
    assert 150 < sum(ways) < 250, ways
