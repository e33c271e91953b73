import math

import pytest
import torch

from instancesketch.models import ragged
from instancesketch.models.features import PAIR_FEATURES, PAIR_SAMPLES, pair_features
from instancesketch.models.pair_geometry import PairGeometry
from tests.drawings import drawn, features_of

# Column indices of the features.
NEAREST, TOUCH, INSIDE, HOLDS = 8, 13, 18, 19


def places(drawings: int, strokes: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(drawings, strokes, PAIR_SAMPLES, 2, generator=generator) * 2 - 1


def geometry(numbers: int = 4, *, order: bool = False) -> PairGeometry:
    torch.manual_seed(0)
    return PairGeometry(numbers, order=order)


def line(*points: tuple[float, float]) -> torch.Tensor:
    """Return one stroke, resampled as the model does, (PAIR_SAMPLES, 2)."""
    given = torch.tensor(points)
    return ragged.resample(given, torch.tensor([len(points)]), PAIR_SAMPLES)[0]


def beside(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    """Return the features of the pair of the first stroke and the second."""
    return pair_features(first[None, None], second[None, None])[0, 0, 0]


@pytest.mark.parametrize("order", [False, True])
def test_geometry_does_not_depend_on_chunk_size(monkeypatch, order) -> None:
    net, strokes = geometry(order=order), places(3, 9)
    whole = net(strokes)
    monkeypatch.setattr("instancesketch.models.pair_geometry.MAX_PAIRS", 60)
    assert whole.shape == (3, 9, 9, 4)
    torch.testing.assert_close(net(strokes), whole, rtol=0, atol=1e-6)


def test_identical_and_equal_tensors_have_equal_features() -> None:
    strokes = places(2, 7)
    assert torch.equal(pair_features(strokes, strokes), pair_features(strokes.clone(), strokes))


def test_a_pair_does_not_depend_on_the_other_strokes() -> None:
    net, strokes = geometry(), places(1, 6)
    assert torch.allclose(net(strokes)[:, :3, :3], net(strokes[:, :3]), atol=1e-6)


def test_permuting_strokes_permutes_rows_and_columns() -> None:
    net, strokes, order = geometry(), places(2, 5), torch.tensor([3, 0, 4, 1, 2])
    assert torch.allclose(net(strokes[:, order]), net(strokes)[:, order][:, :, order], atol=1e-6)


def test_stroke_order_only_counts_when_order_is_enabled() -> None:
    strokes = places(1, 1).expand(2, 5, -1, -1)  # equal strokes, so that only the order can differ
    silent, told = (geometry(order=order)(strokes).detach() for order in (False, True))
    assert float(silent.flatten(1, 2).std(1).max()) < 1e-6
    distinct = told[0].flatten(0, 1).round(decimals=5).unique(dim=0)
    assert len(distinct) == 9  # from four strokes earlier to four later


def test_shifting_the_drawing_changes_nothing() -> None:
    net, strokes = geometry(), places(1, 5)
    assert torch.allclose(net(strokes + 0.25), net(strokes), atol=1e-4)


def test_reversing_strokes_changes_nothing() -> None:
    strokes = places(1, 4)
    assert pair_features(strokes, strokes).shape == (1, 4, 4, PAIR_FEATURES)
    there_and_back = pair_features(strokes.flip(2), strokes.flip(2))
    torch.testing.assert_close(there_and_back, pair_features(strokes, strokes))


def test_a_stripe_is_inside_its_body_and_a_leg_is_not() -> None:
    turns = torch.linspace(0, 2 * math.pi, PAIR_SAMPLES)
    body = torch.stack([turns.cos(), 0.5 * turns.sin()], dim=1)
    stripe, leg = line((0.1, -0.3), (0.1, 0.3)), line((0.1, 0.5), (0.1, 1.0))
    assert beside(body, stripe)[INSIDE] == beside(stripe, body)[HOLDS] == 1
    assert beside(body, leg)[INSIDE] == beside(leg, body)[HOLDS] == 0
    assert beside(stripe, body)[INSIDE] == 0
    half = line((0.0, 0.0), (0.0, 1.0))
    assert 0.3 < float(beside(body, half)[INSIDE]) < 0.7


def test_touching_ends_have_distance_zero_and_free_ends_do_not() -> None:
    ground = line((-1.0, 0.0), (1.0, 0.0))
    post = line((0.0, 0.0), (0.0, -1.0))  # touches it with one end
    nearest, own_near, own_far, other_near, other_far = beside(post, ground)[NEAREST:TOUCH].tolist()
    assert nearest == pytest.approx(own_near, abs=1e-6)
    assert own_near == pytest.approx(0, abs=0.21)  # a line is only sampled at a few points
    assert own_far == pytest.approx(1, abs=0.05)
    assert min(other_near, other_far) > 0.9
    assert beside(ground, post)[NEAREST + 3 : TOUCH].tolist() == pytest.approx([own_near, own_far])


@pytest.mark.parametrize(
    ("point", "inside"),
    [
        ((0.6, 0.4), 1.0),
        ((1.5, 0.5), 0.0),
        ((0.5, -0.1), 0.0),
        ((0.9, 0.2), 1.0),
        ((0.2, 0.9), 0.0),
    ],
)
def test_points_inside_a_triangle_are_recognised(point, inside) -> None:
    triangle = line((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 0.0))
    dot = torch.tensor([point]).expand(PAIR_SAMPLES, 2)
    assert float(beside(triangle, dot)[INSIDE]) == inside


def test_a_dot_and_a_straight_line_contain_nothing() -> None:
    dot, flat = torch.zeros(5, 2), line((-1.0, 0.0), (1.0, 0.0))
    for outline in (dot, flat):
        features = beside(outline, line((-0.5, 0.5), (0.5, -0.5)))
        assert features[INSIDE] == 0
        assert bool(features.isfinite().all())


def test_pairs_of_a_subset_are_taken_from_those_of_all_strokes() -> None:
    net, features = geometry(), features_of(drawn(4, seed=2))
    batch = features.batch
    some = torch.arange(batch.layout.strokes)[batch.at_S % 3 > 0]
    number = torch.bincount(batch.sketch_of_S[some], minlength=len(batch))
    kept = number.nonzero()[:, 0]
    anew = features.select(some, number[kept], batch.category_N[kept])
    with torch.no_grad():
        net.among(features)
        known = features.select(some, number[kept], batch.category_N[kept])
        ones = torch.ones_like(some, dtype=torch.bool)
        there = known.padded(ones)
        both = there[:, :, None] & there[:, None]
        torch.testing.assert_close(net.among(known)[both], net.among(anew)[both])
        group = torch.tensor([[0, 1, 0]])
        want = net(anew.resampled(PAIR_SAMPLES)[group])
        torch.testing.assert_close(net.among_groups(known, group), want)


def test_numbers_through_a_layer_are_what_it_makes_of_them():
    net, layer = geometry(), torch.nn.Linear(4, 3, bias=False)
    strokes = torch.randn(2, 5, PAIR_SAMPLES, 2, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        features_NLLF, numbers_NLLE = pair_features(strokes, strokes), net(strokes)
        got = net.through(features_NLLF.flatten(1, 2).transpose(0, 1), layer.weight)
    torch.testing.assert_close(got.transpose(0, 1).reshape(2, 5, 5, 3), layer(numbers_NLLE))
