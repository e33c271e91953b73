"""The refiner's losses by hand, and its convergence."""

from dataclasses import replace

import pytest
import torch

from instancesketch.models.config import SEED_REFINER
from instancesketch.training.config import RefinerFitConfig, seed_refiner
from instancesketch.training.fit_refiner import RefinerFit, evaluate, pair_loss, triplet_loss
from tests.drawings import DOODLE7, TINY_REFINER, drawn, packed

CPU = torch.device("cpu")
SMALL = RefinerFitConfig(model=TINY_REFINER, epochs=6, batch_size=32, learning_rate=5e-3)
SMALL_SEED = replace(
    seed_refiner(), model=replace(SEED_REFINER, width=16, layers=1, feedforward=32), epochs=2
)


def fit_of(config=SMALL, steps=8):
    return RefinerFit(config, DOODLE7, steps_per_epoch=steps, device=CPU)


def pairs(*rows):
    return torch.tensor([rows], dtype=torch.bool)


def test_pair_loss_by_hand():
    affinity = torch.tensor([[[0.0, 2.0], [2.0, 0.0]]])
    pair = pairs([0, 1], [1, 0])
    same = pairs([1, 1], [1, 1])
    assert float(pair_loss(affinity, same, pair)) == pytest.approx(
        float(torch.nn.functional.softplus(torch.tensor(-2.0)))
    )
    # The diagonal and the padding beyond a group's end are ignored.
    wide, wide_same, wide_pair = (
        torch.full((1, 3, 3), 77.0),
        pair.new_zeros(1, 3, 3),
        pair.new_zeros(1, 3, 3),
    )
    wide[:, :2, :2], wide_same[:, :2, :2], wide_pair[:, :2, :2] = affinity, same, pair
    assert pair_loss(wide, wide_same, wide_pair) == pair_loss(affinity, same, pair)


def test_pair_loss_weighs_groups_by_their_strokes():
    """Weigh three strokes with pairs of loss a, and two of loss b: (3 a + 2 b) / 5."""
    affinity = torch.zeros(2, 3, 3)
    affinity[1] = 1.0
    there = torch.tensor([[True, True, True], [True, True, False]])
    pair = there[:, :, None] & there[:, None] & ~torch.eye(3, dtype=torch.bool)
    a, b = (float(torch.nn.functional.softplus(torch.tensor(v))) for v in (0.0, 1.0))
    same = torch.zeros(2, 3, 3, dtype=torch.bool)
    assert float(pair_loss(affinity, same, pair)) == pytest.approx((3 * a + 2 * b) / 5)


def test_triplet_loss_by_hand():
    """Take anchors 0 and 1 of one instance at right angles, and 2 of another equal to 0."""
    places = torch.tensor([[[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]]])
    same = pairs([0, 1, 0], [1, 0, 0], [0, 0, 0])
    differ = pairs([0, 0, 1], [0, 0, 1], [1, 1, 0])
    generator = torch.Generator().manual_seed(0)
    # Anchor 0: 2 - 0 + 1; anchor 1: 2 - 2 + 1; anchor 2 has no positive.
    assert float(triplet_loss(places, same, differ, 1.0, generator)) == pytest.approx((3 + 1) / 2)
    nothing = torch.zeros_like(same)
    assert float(triplet_loss(places, nothing, differ, 1.0, generator)) == 0
    assert float(triplet_loss(places, same, nothing, 1.0, generator)) == 0


@pytest.mark.parametrize("config", [SMALL, SMALL_SEED], ids=["default", "published"])
def test_every_parameter_that_learns_gets_a_gradient(config):
    """Check two batches: a parameter without a gradient would block the other workers."""
    fit = fit_of(config)
    for sketches in (drawn(8, category="4leg"), drawn(4, category="cloud")):
        fit.net.zero_grad()
        loss = fit.loss(packed(sketches).normalised(), torch.Generator().manual_seed(0))
        loss.backward()
        assert bool(loss.isfinite())
        for name, parameter in fit.net.named_parameters():
            assert not parameter.requires_grad or parameter.grad is not None, name


@pytest.mark.nightly
def test_refiner_learns_to_group_unseen_drawings():
    sketches = drawn(400, seed=11)
    batches = [packed(sketches[i : i + 32]) for i in range(0, 320, 32)]
    unseen = [packed(sketches[320:])]
    fit = fit_of(replace(SMALL, epochs=12), steps=len(batches))
    before = fit.measure(unseen).figures()
    for epoch in range(12):
        fit.train_epoch(batches, epoch)
    after = fit.measure(unseen).figures()
    assert after["groups"] == before["groups"] > 40
    assert fit.score(after) > max(fit.score(before) + 10, 70)
    assert after["ari"] > 70


def test_published_recipe_groups_by_two_means():
    fit = fit_of(SMALL_SEED)
    batches = [packed(drawn(16, seed=s, category="2leg")) for s in range(2)]
    fit.train_epoch(batches, 0)
    figures = evaluate(fit.mean, batches, DOODLE7).figures()
    assert figures["groups"] > 0
    assert figures["grouping"] is not None


def test_drawings_without_instances_add_no_loss():
    bare = packed([s.replace(instance=None) for s in drawn(8, category="4leg")])
    fit = fit_of()
    loss = fit.loss(bare.normalised(), torch.Generator().manual_seed(0))
    assert float(loss.detach()) == 0
    assert fit.measure([bare]).figures()["grouping"] is None
