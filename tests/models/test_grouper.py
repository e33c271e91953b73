"""Affinities of strokes: their symmetry, invariances and use of drawing order."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from instancesketch.models.encoders import PointsEncoder
from instancesketch.models.features import StrokeFeatures
from instancesketch.models.grouper import GrouperNet
from instancesketch.models.transformer import StrokeTransformer
from tests.drawings import DOODLE7, TINY_GROUPER, composed, features_of, packed_scenes, sketch_of


def network(**values):
    torch.manual_seed(0)
    return GrouperNet(replace(TINY_GROUPER, **values), DOODLE7).eval()


@torch.no_grad()
def say(net, scenes, ordered=False):
    features = StrokeFeatures.of(packed_scenes(scenes, labels=False))
    return net(features, torch.full((len(scenes),), ordered))


def reordered(scene, order):
    """Return the scene with its strokes in another order, without labels."""
    strokes = scene.to_strokes()
    return sketch_of(*(strokes[i] for i in order), sketch_id=scene.sketch_id)


def close(a, b):
    torch.testing.assert_close(a, b, rtol=0, atol=2e-5)


@pytest.mark.parametrize("pair_bias", [True, False])
@pytest.mark.parametrize("ordered", [True, False])
def test_affinities_are_symmetric_and_categories_include_other(ordered, pair_bias):
    scenes = composed(4)
    said = say(network(pair_bias=pair_bias), scenes, ordered)
    longest = max(map(len, scenes))
    assert said.affinity_NLL.shape == (4, longest, longest)
    assert said.affinity_NLL.dtype == said.category_SC.dtype == torch.float32
    assert torch.equal(said.affinity_NLL, said.affinity_NLL.transpose(1, 2))
    assert said.category_SC.shape == (sum(map(len, scenes)), len(DOODLE7.category_names) + 1)
    assert bool(said.affinity_NLL.isfinite().all())


def test_permuting_strokes_permutes_rows_and_columns():
    net = network()
    for scene in composed(4):
        order = np.random.default_rng(1).permutation(len(scene))
        said, again = (say(net, [s]) for s in (reordered(scene, range(len(scene))),
                                               reordered(scene, order)))  # fmt: skip
        close(again.affinity_NLL[0], said.affinity_NLL[0][order][:, order])
        close(again.category_SC, said.category_SC[order])


def test_drawing_order_affects_only_scenes_with_order_given():
    net, scenes = network(), composed(2)
    features = StrokeFeatures.of(packed_scenes(scenes, labels=False))
    with torch.no_grad():
        both = net(features, torch.tensor([True, False])).affinity_NLL
    told, untold = (say(net, scenes, ordered).affinity_NLL for ordered in (True, False))
    size = min(map(len, scenes))
    close(both[0], told[0])
    close(both[1], untold[1])
    assert float((told - untold)[:, :size, :size].abs().max()) > 1e-3
    # Categories never depend on the order.
    assert torch.equal(say(net, scenes, True).category_SC, say(net, scenes).category_SC)


def test_drawing_order_is_the_distance_in_stroke_index():
    """Compare equal strokes: their affinities depend on the difference of indices alone."""
    said = say(network(), [sketch_of(*[[(0, 0), (9, 9)]] * 6)], True).affinity_NLL[0]
    for step in range(1, 6):
        close(said.diagonal(step), said[0, step].expand(6 - step))
    assert len({round(float(said[0, step]), 5) for step in range(1, 6)}) == 5


def test_affinities_do_not_depend_on_other_scenes_of_the_batch():
    net, scenes = network(), composed(5)
    together, first = say(net, scenes), 0
    for i, scene in enumerate(scenes):
        alone, size = say(net, [scene]), len(scene)
        close(together.affinity_NLL[i, :size, :size], alone.affinity_NLL[0])
        close(together.category_SC[first : first + size], alone.category_SC)
        first += size


@pytest.mark.parametrize(("factor", "shift"), [(1.0, 512.0), (2.0**-8, 0.0), (4.0, -4096.0)])
def test_affinities_are_invariant_to_position_and_size(factor, shift):
    net = network()
    for scene in composed(3):
        scene = scene.replace(x=np.round(scene.x), y=np.round(scene.y))
        moved = scene.replace(x=scene.x * factor + shift, y=scene.y * factor + shift)
        close(say(net, [moved]).affinity_NLL, say(net, [scene]).affinity_NLL)


@pytest.mark.parametrize("ordered", [True, False])
@pytest.mark.parametrize("most", [1, 30, 200])
def test_affinities_do_not_depend_on_chunk_size(monkeypatch, most, ordered):
    net, scenes = network(), composed(3)
    whole = say(net, scenes, ordered).affinity_NLL
    monkeypatch.setattr(GrouperNet, "MAX_PAIRS", most)
    close(say(net, scenes, ordered).affinity_NLL, whole)


def test_pairs_of_a_large_scene_are_computed_in_bounded_chunks(monkeypatch):
    """Check that no intermediate tensor of pairs exceeds the limit."""
    net, seen = network(), []
    net.out.register_forward_hook(lambda module, given, got: seen.append(got.shape))
    monkeypatch.setattr(GrouperNet, "MAX_PAIRS", 5_000)
    rng = np.random.default_rng(0)
    strokes = [rng.uniform(0, 99, (3, 2)) for _ in range(300)]
    said = say(net, [sketch_of(*strokes)])
    assert said.affinity_NLL.shape == (1, 300, 300)
    assert max(pairs * scenes for _, pairs, scenes, _ in seen) <= 5_000
    assert sum(pairs for _, pairs, _, _ in seen) == 300 * 299 / 2


DOT = [(5, 5)]


@pytest.mark.parametrize(
    "strokes",
    [[DOT], [DOT, DOT], [[(5, 5)] * 4], [[(0, 0), (9, 0)]], [DOT, [(0, 0), (9, 9)], [(9, 9)]]],
    ids=["dot", "two dots", "still", "line", "dots and line"],
)
def test_dots_and_lone_strokes_have_finite_outputs(strokes):
    said = say(network(), [sketch_of(*strokes)])
    assert said.affinity_NLL.shape == (1, len(strokes), len(strokes))
    assert bool(said.affinity_NLL.isfinite().all())
    assert bool(said.category_SC.isfinite().all())


def test_an_encoder_without_order_has_one_input_fewer_and_ignores_order():
    torch.manual_seed(0)
    untold, told = (PointsEncoder(8, 8, (4,), order=order).eval() for order in (False, True))
    assert told.box[0].in_features == untold.box[0].in_features + 1
    there, back = (
        features_of([sketch_of(*strokes)])
        for strokes in ([[(0, 0), (9, 3)], DOT], [DOT, [(0, 0), (9, 3)]])
    )
    with torch.no_grad():
        close(untold(there), untold(back)[[1, 0]])
        assert not torch.allclose(told(there), told(back)[[1, 0]], atol=1e-4)


def test_a_transformer_follows_its_config():
    plain = StrokeTransformer(replace(TINY_GROUPER, pair_bias=False, layers=3))
    assert len(plain.blocks) == 3
    assert not hasattr(plain, "pairs")
    with_edges = StrokeTransformer(TINY_GROUPER)
    assert with_edges.pairs.net[2].out_features == TINY_GROUPER.heads + TINY_GROUPER.edges
    assert with_edges.blocks[0].dropout.p == TINY_GROUPER.dropout
