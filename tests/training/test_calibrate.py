"""Temperatures of a segmenter's heads: those that logits were made with are found and undone."""

from copy import deepcopy
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from instancesketch.inference.segmenter import Segmenter
from instancesketch.metrics import evaluate, reliability
from instancesketch.models.features import StrokeFeatures
from instancesketch.models.segmenter import SegmenterNet
from instancesketch.training.calibrate import calibrate, fit_temperature, fit_temperatures
from tests.drawings import DOODLE7, TINY, drawn, packed


def sampled(temperature, classes=6, number=20_000, seed=0):
    """Return logits that are `temperature` times too large, and classes drawn by the true ones."""
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(number, classes, generator=generator) * 2
    truth = torch.multinomial(logits.softmax(1), 1, generator=generator)[:, 0]
    return logits * temperature, truth


@pytest.mark.parametrize("temperature", [0.3, 1.0, 2.5, 8.0])
def test_a_known_temperature_is_found(temperature):
    logits, truth = sampled(temperature)
    found = fit_temperature(logits, truth)
    assert found == pytest.approx(temperature, rel=0.04)
    score, guess = (logits / found).softmax(1).max(1)
    assert reliability(score.numpy(), (guess == truth).numpy()).error < 1.5


def test_classes_that_cannot_be_do_not_matter():
    logits, truth = sampled(3.0)
    barred = torch.cat([logits, torch.full((len(logits), 4), float("-inf"))], dim=1)
    assert fit_temperature(barred, truth) == pytest.approx(fit_temperature(logits, truth), rel=1e-6)


def test_labels_without_a_mistake_or_without_any_have_a_temperature():
    logits = torch.eye(4) * 3
    assert 0.05 <= fit_temperature(logits, torch.arange(4)) < 0.3
    assert 5 < fit_temperature(-logits, torch.arange(4)) <= 20
    assert fit_temperature(torch.zeros(0, 4), torch.zeros(0, dtype=torch.long)) == 1


@pytest.fixture(scope="module")
def drawings():
    return drawn(40, seed=11)


def train(config):
    """Return a network that has learned a little, and is overconfident."""
    torch.manual_seed(3)
    net, batch = SegmenterNet(config, DOODLE7), packed(drawn(60, seed=12))
    features, untold = StrokeFeatures.of(batch), torch.full((60,), -1)
    optimizer = torch.optim.Adam(net.parameters(), 1e-2)
    for _ in range(40):
        parts, categories = net(features, untold)
        loss = F.cross_entropy(net.mask_parts(parts, batch.category_N, batch), batch.part_S)
        if categories is not None:
            loss = loss + F.cross_entropy(categories, batch.category_N)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        for head in ("part_head", "category_head") if net.predicts_category else ("part_head",):
            getattr(net, head).weight.mul_(6)
            getattr(net, head).bias.mul_(6)
    return net.eval()


@pytest.fixture(scope="module")
def trained():
    return train(TINY)


def test_both_heads_are_calibrated_and_no_label_changes(drawings, trained):
    net = deepcopy(trained)
    batches = [packed(drawings[i : i + 10]) for i in range(0, 40, 10)]
    before = Segmenter(net, DOODLE7).label(drawings)
    losses = [loss_of(net, drawings)]
    temperatures = calibrate(net, batches)
    assert min(temperatures) > 2
    after = Segmenter(net, DOODLE7).label(drawings)
    losses.append(loss_of(net, drawings))
    assert (np.array(losses[1]) < np.array(losses[0])).all()
    for old, new in zip(before, after, strict=True):
        assert (old.category, old.part) == (new.category, new.part)
        assert new.category_score < old.category_score
    errors = [evaluate(found, drawings, DOODLE7).figures for found in (before, after)]
    assert errors[1]["category_ece"] < errors[0]["category_ece"]
    # Nothing is left to be done, and batches don't matter.
    assert fit_temperatures(net, [packed(drawings)]) == pytest.approx((1, 1), abs=1e-3)


def loss_of(net, sketches):
    """Return the negative log likelihood of categories, and of parts given the true category."""
    batch = packed(sketches)
    with torch.inference_mode():
        parts, categories = net(StrokeFeatures.of(batch), torch.full((len(batch),), -1))
        parts = net.mask_parts(parts, batch.category_N, batch)
    return (
        float(F.cross_entropy(categories, batch.category_N)),
        float(F.cross_entropy(parts, batch.part_S)),
    )


def test_drawings_without_a_class_or_labels_are_left_out(drawings, trained):
    net = trained
    strange = [s.replace(category="teapot", part=("lid",) * len(s)) for s in drawings[:5]]
    bare = [s.replace(part=None, label=None, instance=None) for s in drawings[5:10]]
    labelled = drawings[10:]
    both = fit_temperatures(net, [packed([*strange, *labelled])])
    assert both == pytest.approx(fit_temperatures(net, [packed(labelled)]))
    with_bare = fit_temperatures(net, [packed([*bare, *labelled])])
    assert with_bare[1] == pytest.approx(both[1])
    assert with_bare[0] != pytest.approx(both[0], rel=1e-9)
    assert fit_temperatures(net, []) == (1, 1)


def test_a_network_without_category_output_is_calibrated_by_parts_alone(drawings):
    net = train(replace(TINY, sketch_token=False))
    category, part = calibrate(net, [packed(drawings)])
    assert category == 1
    assert part > 2
    assert fit_temperatures(net, [packed(drawings)])[1] == pytest.approx(1, abs=1e-3)
