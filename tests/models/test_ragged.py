"""Ragged arithmetic, compared with loops over segments."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from instancesketch.models import ragged
from tests.drawings import strokes

lengths = st.lists(st.integers(1, 6), min_size=1, max_size=8)
floats = st.floats(-100, 100, width=32)


@st.composite
def segments(draw):
    """Draw values in segments, few of them distinct, so that ties are common."""
    values = floats | st.sampled_from([0.0, 1.0, 2.0])
    return [draw(st.lists(values, min_size=n, max_size=n)) for n in draw(lengths)]


def flat(lists):
    lengths_S = torch.tensor([len(s) for s in lists])
    return torch.tensor([v for s in lists for v in s]), lengths_S


@given(segments(), st.sampled_from(["sum", "mean", "amin", "amax"]))
def test_reduce_equals_a_loop(lists, how):
    values_P, lengths_S = flat(lists)
    got = ragged.reduce(values_P, ragged.owners(lengths_S), len(lists), how)
    loop = {"sum": np.sum, "mean": np.mean, "amin": np.min, "amax": np.max}[how]
    want = [loop(np.array(s, np.float64)) for s in lists]
    np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-4)


def test_reduce_keeps_further_dimensions_and_signs():
    values = torch.tensor([[[-1.0, 2.0]], [[-3.0, 5.0]], [[-7.0, -1.0]]])
    owner = torch.tensor([0, 0, 1])
    assert ragged.reduce(values, owner, 2, "amax").tolist() == [[[-1.0, 5.0]], [[-7.0, -1.0]]]
    low, high = ragged.box(values[:, 0], owner, 2)
    assert low.tolist() == [[-3.0, 2.0], [-7.0, -1.0]]
    assert high.tolist() == [[-1.0, 5.0], [-7.0, -1.0]]


@given(lengths)
def test_starts_owners_and_within_equal_counting(lens):
    lengths_S = torch.tensor(lens)
    assert ragged.starts(lengths_S).tolist() == [sum(lens[:i]) for i in range(len(lens))]
    assert ragged.owners(lengths_S).tolist() == [i for i, n in enumerate(lens) for _ in range(n)]
    assert ragged.within(lengths_S).tolist() == [j for n in lens for j in range(n)]


@pytest.mark.parametrize("strokes", [[2], [3, 1], [1, 4, 2]])
def test_values_per_sketch_are_repeated_for_its_strokes_and_points(strokes):
    lengths_S = torch.arange(1, sum(strokes) + 1)
    layout = ragged.Layout(lengths_S, torch.tensor(strokes), int(lengths_S.sum()))
    values_N2 = torch.arange(2.0 * len(strokes)).view(-1, 2)
    assert torch.equal(layout.per_stroke(values_N2), values_N2[layout.sketch_of_S])
    assert torch.equal(layout.per_point(values_N2), values_N2[layout.sketch_of_P])


@given(segments())
def test_rank_equals_sorting_each_segment(lists):
    scores_P, lengths_S = flat(lists)
    want = []
    for s in lists:
        order = sorted(range(len(s)), key=lambda i: (s[i], i))
        want += [order.index(i) for i in range(len(s))]
    assert ragged.rank(scores_P, lengths_S).tolist() == want


@given(st.lists(strokes, min_size=1, max_size=5))
def test_segment_lengths_do_not_cross_strokes(lists):
    points = torch.tensor([p for s in lists for p in s])
    got = ragged.segment_lengths(points, torch.tensor([len(s) for s in lists]))
    want = [0.0 if i == 0 else np.hypot(*np.subtract(p, s[i - 1]))
            for s in lists for i, p in enumerate(s)]  # fmt: skip
    np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-3)


def resampled(stroke, number):
    """Resample one stroke by numpy's interpolation along its arc length."""
    stroke = np.array(stroke, np.float64)
    run = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(stroke, axis=0).T))])
    at = np.linspace(0, run[-1], number)
    return np.stack([np.interp(at, run, stroke[:, 0]), np.interp(at, run, stroke[:, 1])], axis=1)


@given(st.lists(strokes, min_size=1, max_size=5), st.integers(2, 40))
def test_resample_equals_interpolating_each_stroke(lists, number):
    points = torch.tensor([p for s in lists for p in s])
    got = ragged.resample(points, torch.tensor([len(s) for s in lists]), number)
    assert got.shape == (len(lists), number, 2)
    for stroke, samples in zip(lists, got.numpy(), strict=True):
        np.testing.assert_allclose(samples, resampled(stroke, number), atol=5e-3)
        np.testing.assert_allclose(samples[0], stroke[0], atol=1e-4)
        np.testing.assert_allclose(samples[-1], stroke[-1], atol=1e-4)


def test_resample_takes_equal_steps_around_a_corner():
    got = ragged.resample(torch.tensor([[0.0, 0], [3, 0], [3, 1]]), torch.tensor([3]), 5)
    assert got[0].tolist() == [[0, 0], [1, 0], [2, 0], [3, 0], [3, 1]]


@pytest.mark.parametrize("stroke", [[[2.0, 3.0]], [[2.0, 3.0]] * 4])
def test_a_stroke_without_length_repeats_its_point(stroke):
    before, after = [[0.0, 0], [9, 9]], [[5.0, 5], [6, 6]]
    points = torch.tensor([*before, *stroke, *after])
    got = ragged.resample(points, torch.tensor([2, len(stroke), 2]), 3)
    assert got[1].tolist() == [[2.0, 3.0]] * 3
    assert got[2].tolist() == [[5.0, 5], [5.5, 5.5], [6, 6]]


def test_repeated_points_do_not_change_resampling():
    points = torch.tensor([[0.0, 0], [1, 0], [4, 0]])
    doubled = points.repeat_interleave(3, 0)
    once = ragged.resample(points, torch.tensor([3]), 9)
    assert torch.equal(ragged.resample(doubled, torch.tensor([9]), 9), once)


def test_the_last_stroke_of_a_long_batch_is_as_exact_as_on_its_own():
    generator = torch.Generator().manual_seed(0)
    long = torch.rand(600_000, 2, generator=generator) * 1000
    last = torch.rand(50, 2, generator=generator) * 1e-2
    points = torch.cat([long, last])
    stroke_len = torch.tensor([300_000, 300_000, 50])
    got = ragged.resample(points, stroke_len, 32)[2]
    torch.testing.assert_close(
        got, ragged.resample(last, torch.tensor([50]), 32)[0], rtol=0, atol=1e-7
    )
