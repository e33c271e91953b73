"""Training a segmenter in one process: losses and schedules by hand, convergence, seeds."""

import math
from copy import deepcopy
from dataclasses import replace
from itertools import chain

import pytest
import torch
from torch.nn import functional as F

from instancesketch.core.schema import to_table
from instancesketch.core.taxonomy import Taxonomy
from instancesketch.models.config import SegmenterConfig
from instancesketch.models.packing import pack
from instancesketch.training.config import AugmentConfig, SegmenterFitConfig, seed_segmenter
from instancesketch.training.fit_segmenter import SegmenterFit, class_weights, evaluate, part_loss
from tests.drawings import DOODLE7, TINY, drawn, packed

CPU = torch.device("cpu")
SMALL = SegmenterFitConfig(model=TINY, epochs=2, batch_size=8)
COUNTS = [1] * len(DOODLE7.part_names)


def fit_of(config=SMALL, steps=3, counts=COUNTS):
    return SegmenterFit(config, DOODLE7, steps_per_epoch=steps, part_counts=counts, device=CPU)


def batches(sketches, size=8):
    return [packed(sketches[i : i + size]) for i in range(0, len(sketches), size)]


def tensors(fit):
    state = fit.state_dict()
    return {f"{kind} {k}": v for kind in ("net", "mean") for k, v in state[kind].items()}


def same(a, b):
    left, right = tensors(a), tensors(b)
    return left.keys() == right.keys() and all(torch.equal(left[k], right[k]) for k in left)


def test_class_weights_by_hand():
    # The median of 1, 4, 16 is 4: sqrt(4), sqrt(1), sqrt(1/4), and 1 for an absent class.
    want = torch.tensor([2.0, 1.0, 0.5, 1.0]) / 1.125
    torch.testing.assert_close(class_weights([1, 4, 16, 0]), want)
    assert class_weights([5, 5, 5]).tolist() == [1, 1, 1]
    assert class_weights([0, 0]).tolist() == [1, 1]


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_part_loss_with_all_parts_allowed_equals_cross_entropy(smoothing):
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(20, 5, generator=generator)
    part = torch.randint(5, (20,), generator=generator)
    allowed = torch.ones(20, 5, dtype=torch.bool)
    torch.testing.assert_close(
        part_loss(logits, allowed, part, None, smoothing),
        F.cross_entropy(logits, part, label_smoothing=smoothing),
    )


def test_part_loss_weighs_classes_as_cross_entropy_does():
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(20, 5, generator=generator)
    part = torch.randint(5, (20,), generator=generator)
    weights = torch.tensor([0.2, 1.0, 3.0, 0.5, 2.0])
    torch.testing.assert_close(
        part_loss(logits, torch.ones(20, 5, dtype=torch.bool), part, weights, 0.0),
        F.cross_entropy(logits, part, weights),
    )


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_part_loss_ignores_parts_that_are_not_allowed(smoothing):
    logits = torch.tensor([[1.0, 2.0, 9.0, 0.5]], requires_grad=True)
    allowed = torch.tensor([[True, True, False, True]])
    loss = part_loss(logits, allowed, torch.tensor([1]), None, smoothing)
    want = F.cross_entropy(
        torch.tensor([[1.0, 2.0, 0.5]]), torch.tensor([1]), label_smoothing=smoothing
    )
    torch.testing.assert_close(loss, want)
    loss.backward()
    assert logits.grad[0, 2] == 0
    assert bool(logits.grad.isfinite().all())


def test_strokes_without_a_label_add_no_loss():
    logits = torch.randn(3, 4, generator=torch.Generator().manual_seed(0))
    allowed = torch.ones(3, 4, dtype=torch.bool)
    part = torch.tensor([2, -1, 0])
    torch.testing.assert_close(
        part_loss(logits, allowed, part, None, 0.0), F.cross_entropy(logits[[0, 2]], part[[0, 2]])
    )
    nothing = part_loss(logits.requires_grad_(), allowed, torch.full((3,), -1), None, 0.1)
    assert nothing.item() == 0
    nothing.backward()
    assert logits.grad.abs().sum() == 0


@pytest.mark.parametrize(
    ("step", "rate"),
    [
        (0, 0.01 * 0.001 / 0.1),
        (5, 0.01 * 0.051 / 0.1),
        (10, 0.01),
        (55, 0.005),
        (77, 0.01 * (1 + math.cos(math.pi * 0.67 / 0.9)) / 2),
        (100, 0.0),
        (130, 0.0),
    ],
)
def test_learning_rate_follows_a_cosine_after_the_warmup(step, rate):
    fit = fit_of(replace(SMALL, epochs=10, learning_rate=0.01, warmup=0.1), steps=10)
    fit.step = step
    assert fit.learning_rate() == pytest.approx(rate, abs=1e-9)


@pytest.mark.parametrize(
    ("step", "rate"), [(0, 1.0), (10, 0.75), (15, 0.5), (20, 0.25), (30, 1.0), (45, 0.5)]
)
def test_learning_rate_of_warm_restarts(step, rate):
    config = replace(SMALL, schedule="warm-restarts", restart_epochs=3, learning_rate=1.0)
    fit = fit_of(config, steps=10)
    fit.step = step
    assert fit.learning_rate() == pytest.approx(rate)


def test_learning_rate_without_a_warmup_starts_at_its_maximum():
    assert fit_of(replace(SMALL, warmup=0.0)).learning_rate() == SMALL.learning_rate


def test_norms_and_biases_have_no_weight_decay():
    fit = fit_of()
    decay = {p: g["weight_decay"] for g in fit.optimizer.param_groups for p in g["params"]}
    named = dict(fit.net.named_parameters())
    assert len(decay) == len(named)
    assert decay[named["part_head.weight"]] == SMALL.weight_decay
    assert decay[named["part_head.bias"]] == decay[named["transformer.norm.weight"]] == 0
    assert type(fit_of(replace(SMALL, optimizer="adam")).optimizer) is torch.optim.Adam


def test_published_recipe_has_the_published_values():
    recipe = seed_segmenter()
    assert (recipe.learning_rate, recipe.weight_decay, recipe.optimizer) == (3e-4, 1e-4, "adam")
    assert (recipe.batch_size, recipe.epochs, recipe.passes) == (128, 150, 3)
    assert (recipe.schedule, recipe.restart_epochs) == ("warm-restarts", 100)
    assert recipe.oversample == {"cloud": 6, "flower": 3, "2leg": 4}
    assert recipe.class_weights
    assert recipe.average == recipe.label_smoothing == 0


@pytest.mark.nightly
def test_segmenter_memorises_thirty_drawings():
    still = AugmentConfig(
        stretch_p=0, shear=0, rotate_p=0, mirror_p=0, noise_p=0,
        stroke_rotate_p=0, stroke_scale_p=0, stroke_shift_p=0,
    )  # fmt: skip
    model = SegmenterConfig(
        samples=16, channels=(32, 32), width=32, layers=2, heads=2, feedforward=64, dropout=0.0
    )
    config = SegmenterFitConfig(
        model=model, augment=still, epochs=40, learning_rate=4e-3, average=0.9, label_smoothing=0.0
    )
    fit = fit_of(config, steps=3)
    data = batches(drawn(30), 10)
    losses = [fit.train_epoch(data, epoch)["loss"] for epoch in range(config.epochs)]
    assert losses[-1] < losses[0] / 5
    figures = evaluate(fit.mean, data, DOODLE7, given=True).figures()
    assert figures["part_accuracy"] > 90
    assert figures["sketches"] == 30
    assert figures["category_accuracy"] is None
    guessed = evaluate(fit.mean, data, DOODLE7, given=False).figures()
    assert guessed["category_accuracy"] > 50
    fit.config = replace(config, select_untold=True)
    assert fit.measure(data).figures() == guessed
    labelled = fit.label_table(to_table(drawn(30)))
    wrong = 30 - guessed["category_accuracy"] * 30 / 100
    truth = [sketch.category for sketch in drawn(30)]
    named = labelled["category"].to_pylist()
    assert sum(a != b for a, b in zip(named, truth, strict=True)) == round(wrong)


@pytest.mark.parametrize(
    "config",
    [SMALL, replace(seed_segmenter(), model=replace(seed_segmenter().model, width=16, layers=1))],
    ids=["default", "published"],
)
def test_equal_seeds_give_identical_weights(config):
    data = batches(drawn(6), 6)

    def run(seed):
        fit = fit_of(replace(config, seed=seed), steps=1)
        told = [fit.train_epoch(data, epoch) for epoch in range(2)]
        return fit, told

    (a, told_a), (b, told_b), (c, _) = run(3), run(3), run(4)
    assert same(a, b)
    assert told_a == told_b
    assert not same(a, c)
    assert told_a[0]["drawings"] == 6
    assert all(bool(t.isfinite().all()) for t in tensors(a).values())


def test_workers_draw_different_random_numbers():
    data = batches(drawn(8))
    a, b = fit_of(), fit_of()
    a.train_epoch(data, 0, worker=0)
    b.train_epoch(data, 0, worker=1)
    assert not same(a, b)


def backwards(fit):
    """Return the state of a training as if its network had been built from its end."""
    state = deepcopy(fit.state_dict())
    names = {id(p): name for name, p in fit.net.named_parameters()}
    groups = [[names[id(p)] for p in group["params"]] for group in fit.optimizer.param_groups]
    place = {name: i for i, name in enumerate(chain.from_iterable(groups))}
    turned = chain.from_iterable(group[::-1] for group in groups)
    of_place = state["optimizer"]["state"]
    state["optimizer"]["state"] = {i: of_place[place[name]] for i, name in enumerate(turned)}
    state["net"] = dict(reversed(state["net"].items()))
    return state


def test_a_training_continues_alike_from_parameters_in_another_order():
    data = batches(drawn(8))
    first, second, third = fit_of(), fit_of(), fit_of()
    first.train_epoch(data, 0)
    second.load_state_dict(deepcopy(first.state_dict()))
    third.load_state_dict(backwards(first))
    for fit in (first, second, third):
        fit.train_epoch(data, 1)
    assert same(first, second)
    assert same(first, third)


def test_weights_initialise_a_new_training():
    trained, fresh = fit_of(), fit_of(replace(SMALL, seed=9))
    trained.train_epoch(batches(drawn(8)), 0)
    fresh.initialize_from(trained.mean.state_dict())
    want = trained.state_dict()["mean"]
    for kind in ("net", "mean"):
        assert all(torch.equal(v, want[k]) for k, v in fresh.state_dict()[kind].items())
    assert fresh.step == 0


@pytest.mark.parametrize(("average", "follows"), [(0.0, True), (0.99, False)])
def test_running_mean_lags_behind_the_network(average, follows):
    fit = fit_of(replace(SMALL, average=average))
    before = fit.net.part_head.weight.detach().clone()
    fit.train_epoch(batches(drawn(8)), 0)
    now, mean = fit.net.part_head.weight.detach(), fit.mean.part_head.weight
    assert torch.equal(now, mean) == follows
    if not follows:  # one step: the mean keeps (1 + 1) / (10 + 1) of the old weights
        torch.testing.assert_close(mean, before * 2 / 11 + now * 9 / 11)
    assert not any(p.requires_grad for p in fit.mean.parameters())


def test_metrics_do_not_depend_on_the_batch_size():
    fit = fit_of()
    sketches = drawn(20)
    fit.train_epoch(batches(sketches), 0)
    whole = evaluate(fit.mean, batches(sketches, 20), DOODLE7, given=True).figures()
    assert whole == evaluate(fit.mean, batches(sketches, 3), DOODLE7, given=True).figures()


def test_drawings_of_categories_without_parts_teach_the_category_alone():
    taxonomy = Taxonomy.load("default")
    sketches = [
        s.replace(category="teapot", part=None, label=None, instance=None) for s in drawn(8)
    ]
    config = replace(SMALL, category_given_p=1.0, weight_decay=0.0)
    fit = SegmenterFit(
        config, taxonomy, steps_per_epoch=1, part_counts=[1] * len(taxonomy.part_names), device=CPU
    )
    before = deepcopy(fit.net.state_dict())
    fit.train_epoch([pack(to_table(sketches), taxonomy)], 0)
    after = fit.net.state_dict()
    assert all(torch.isfinite(value).all() for value in after.values())
    changed = {name for name in after if not torch.equal(after[name], before[name])}
    # The category is never an input, although the recipe says that it always is.
    assert "category_head.weight" in changed
    assert "part_head.weight" not in changed
    row = taxonomy.category_names.index("other")
    assert torch.equal(after["category.weight"][row], before["category.weight"][row])


def test_category_is_learned_only_when_it_is_not_given():
    always = fit_of(replace(SMALL, category_given_p=1.0, weight_decay=0.0))
    before = always.net.category_head.weight.detach().clone()
    always.train_epoch(batches(drawn(8)), 0)
    assert torch.equal(always.net.category_head.weight, before)
    never = fit_of(replace(SMALL, category_given_p=0.0, weight_decay=0.0))
    never.train_epoch(batches(drawn(8)), 0)
    assert not torch.equal(never.net.category_head.weight, before)
