"""The training loop of all models: divergence."""

from dataclasses import replace

import pytest
import torch

from instancesketch.core.errors import UserError
from instancesketch.training.config import GrouperFitConfig, RefinerFitConfig, SegmenterFitConfig
from instancesketch.training.trainer import create_fit
from tests.drawings import (
    DOODLE7,
    TINY,
    TINY_GROUPER,
    TINY_REFINER,
    composed,
    drawn,
    packed,
    packed_scenes,
    sketch_of,
)


def drawings(seed):
    return packed(drawn(16, seed=seed))


def scenes(seed):
    return packed_scenes(composed(4, seed=seed))


@pytest.mark.parametrize(
    ("recipe", "batch"),
    [
        (SegmenterFitConfig(model=TINY), drawings),
        (RefinerFitConfig(model=TINY_REFINER), drawings),
        (GrouperFitConfig(model=TINY_GROUPER), scenes),
    ],
    ids=["segmenter", "refiner", "grouper"],
)
def test_diverging_training_raises_one_line(recipe, batch):
    recipe = replace(recipe, learning_rate=1e36)
    counts = [1] * len(DOODLE7.part_names)
    device = torch.device("cpu")
    fit = create_fit(recipe, DOODLE7, steps_per_epoch=3, part_counts=counts, device=device)
    with pytest.raises(UserError) as error:
        fit.train_epoch([batch(seed) for seed in range(3)], 4)
    assert str(error.value) == (
        f"the {recipe.model_kind}'s loss became NaN or infinite in epoch 5; lower learning_rate"
    )


def test_divergence_in_the_last_step_raises():
    recipe = RefinerFitConfig(model=TINY_REFINER)
    device = torch.device("cpu")
    fit = create_fit(recipe, DOODLE7, steps_per_epoch=3, part_counts=[], device=device)
    weight = next(fit.net.parameters())
    fit.optimizer.register_step_post_hook(lambda *_: weight.data.fill_(torch.inf))
    with pytest.raises(UserError, match="NaN or infinite in epoch 1;"):
        fit.train_epoch([drawings(0)], 0)


def rate_of(recipe, step_drawings):
    fit = create_fit(
        replace(recipe, warmup=0.0),
        DOODLE7,
        steps_per_epoch=3,
        step_drawings=step_drawings,
        part_counts=[],
        device=torch.device("cpu"),
    )
    return fit.learning_rate()


def test_learning_rate_grows_with_the_root_of_the_batch_where_a_recipe_says_so():
    recipe = RefinerFitConfig(model=TINY_REFINER, learning_rate=1e-3)
    assert rate_of(recipe, 64) == rate_of(recipe, 1_024) == 1e-3
    recipe = replace(recipe, rate_batch=256)
    assert rate_of(recipe, 0) == rate_of(recipe, 256) == 1e-3
    assert rate_of(recipe, 1_024) == 2e-3


def test_batches_are_shared_or_of_each_worker():
    recipe = RefinerFitConfig(model=TINY_REFINER, batch_size=100)
    assert recipe.step_drawings(8) == 100
    assert replace(recipe, batch_per_worker=True).step_drawings(8) == 800


def test_a_step_may_have_a_single_stroke():
    recipe = SegmenterFitConfig()
    fit = create_fit(recipe, DOODLE7, steps_per_epoch=1, device=torch.device("cpu"))
    batch = packed([sketch_of([[0, 0], [3, 1], [2, 2]], category="cloud", part=["body"])])
    before = {name: value.clone() for name, value in fit.net.named_buffers()}
    assert fit.train_epoch([batch], 0)["drawings"] == 1
    after = dict(fit.net.named_buffers())
    # The first layers have several patches to measure, the last one has one value.
    assert not torch.equal(
        after["encoder.norms.0.running_mean"], before["encoder.norms.0.running_mean"]
    )
    assert torch.equal(after["encoder.norms.2.running_var"], before["encoder.norms.2.running_var"])
