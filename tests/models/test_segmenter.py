"""The network: sizes of its recipes, its mask, and invariance to padding and batch."""

from dataclasses import replace

import pytest
import torch

from instancesketch.core.label_ids import part_mask
from instancesketch.models.config import SEED_SEGMENTER, RefinerConfig, SegmenterConfig
from instancesketch.models.refiner import RefinerNet
from instancesketch.models.segmenter import SegmenterNet
from tests.drawings import DOODLE7, TINY, drawn, features_of, packed, sketch_of

SMALL = {
    "points": TINY,
    "patches": replace(TINY, encoder="patches"),
    "raster": replace(TINY, encoder="raster"),
    "both": replace(TINY, encoder="both"),
    "plain": replace(TINY, pair_bias=False, sketch_token=False),
    "no token": replace(TINY, sketch_token=False),
    "order": replace(TINY, pair_order=True),
    "no bias": replace(TINY, pair_bias=False),
    "seed": replace(SEED_SEGMENTER, width=16, layers=1, feedforward=32),
}


@pytest.fixture(params=SMALL)
def net(request):
    torch.manual_seed(0)
    return SegmenterNet(SMALL[request.param], DOODLE7).eval()


def numel(net):
    return sum(p.numel() for p in net.parameters())


@torch.no_grad()
def logits(net, *sketches):
    return net(features_of(list(sketches)), torch.full((len(sketches),), -1))


def test_the_published_recipe_has_the_published_size():
    net = SegmenterNet(SEED_SEGMENTER, DOODLE7)
    assert numel(net) == 665_618
    unused = {n for n, p in net.named_parameters() if not p.requires_grad}
    assert unused == {"category.weight"}


def test_segmenter_and_refiner_have_a_million_parameters_at_most():
    refiner = RefinerNet(RefinerConfig(), DOODLE7)
    assert numel(SegmenterNet(SegmenterConfig(), DOODLE7)) + numel(refiner) <= 1_000_000


def test_logits_have_their_shapes(net):
    sketches = drawn(5)
    parts, categories = logits(net, *sketches)
    assert parts.shape == (sum(map(len, sketches)), len(DOODLE7.part_names))
    assert bool(parts.isfinite().all())
    assert (categories is not None) == net.predicts_category == net.config.sketch_token
    if categories is not None:
        assert categories.shape == (5, 7)


def test_logits_do_not_depend_on_padding_or_other_sketches(net):
    short = sketch_of([(0, 0), (5, 9)])
    long = sketch_of(*[[(i, 2 * i % 7), (i + 3, i % 5)] for i in range(30)])
    sketches = [short, *drawn(4), long]
    together, categories = logits(net, *sketches)
    offset = 0
    for i, sketch in enumerate(sketches):
        alone, category = logits(net, sketch)
        torch.testing.assert_close(
            together[offset : offset + len(sketch)], alone, rtol=0, atol=1e-4
        )
        if categories is not None:
            torch.testing.assert_close(categories[i], category[0], rtol=0, atol=1e-4)
        offset += len(sketch)


def test_labels_are_never_read(net):
    sketches = drawn(4)
    bare = [s.replace(part=None, label=None, instance=None, category=None) for s in sketches]
    for a, b in zip(logits(net, *sketches), logits(net, *bare), strict=True):
        assert (a is b is None) or torch.equal(a, b)


def test_the_given_category_changes_the_logits():
    net = SegmenterNet(TINY, DOODLE7).eval()
    features = features_of(drawn(1))
    with torch.no_grad():
        told = [net(features, torch.tensor([c]))[0] for c in (-1, 0, 6)]
    assert all(not torch.allclose(a, b) for i, a in enumerate(told) for b in told[:i])


def test_the_logits_of_a_stroke_depend_on_other_strokes(net):
    first, context, other = [(0, 0), (60, 60)], [(60, 0), (0, 60)], [(60, 0), (60, 30)]
    a, b = (logits(net, sketch_of(first, s))[0][0] for s in (context, other))
    assert not torch.allclose(a, b, atol=1e-6)


def test_more_strokes_than_published_positions_work():
    net = SegmenterNet(SMALL["seed"], DOODLE7).eval()
    parts, _ = logits(net, sketch_of(*[[(i, i % 9), (i + 1, 3)] for i in range(140)]))
    assert parts.shape[0] == 140
    assert bool(parts.isfinite().all())


def test_only_the_parts_of_a_category_stay_unmasked():
    net = SegmenterNet(TINY, DOODLE7)
    sketches = [sketch_of([(0, 0)], [(1, 1)]) for _ in range(8)]
    batch = packed(sketches)
    category_N = torch.tensor([*range(7), -1])
    parts = torch.zeros(16, len(DOODLE7.part_names))
    open_SQ = net.mask_parts(parts, category_N, batch) == 0
    names = DOODLE7.part_names
    for number, category in enumerate(DOODLE7.categories.values()):
        for stroke in (2 * number, 2 * number + 1):
            found = {n for n, ok in zip(names, open_SQ[stroke], strict=True) if ok}
            assert found == set(category.parts)
    assert bool(open_SQ[14:].all())
    assert part_mask(DOODLE7).sum() == sum(len(c.parts) for c in DOODLE7.categories.values())


def test_gradients_reach_every_parameter(net):
    net.train()
    sketches = drawn(4)
    parts, categories = net(features_of(sketches), torch.tensor([-1, 0, 3, -1]))
    loss = parts.square().sum()
    if categories is not None:
        loss = loss + categories.square().sum()
    loss.backward()
    without = [n for n, p in net.named_parameters() if p.requires_grad and p.grad is None]
    assert without == []
