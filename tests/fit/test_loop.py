"""The loop is one for all models: equal seeds repeat bit for bit, and a state goes on."""

import pytest
import torch

from instancesketch.fit import GrouperFitConfig, RefinerFitConfig, start
from tests.drawings import (
    DOODLE7,
    TINY_GROUPER,
    TINY_REFINER,
    composed,
    drawn,
    packed,
    packed_scenes,
)


def drawings(seed):
    return packed(drawn(16, seed=seed))


def scenes(seed):
    return packed_scenes(composed(4, seed=seed))


@pytest.mark.parametrize(
    ("recipe", "batch"),
    [
        (RefinerFitConfig(model=TINY_REFINER, epochs=2), drawings),
        (GrouperFitConfig(model=TINY_GROUPER, epochs=2), scenes),
    ],
    ids=["refiner", "grouper"],
)
def test_equal_seeds_give_equal_weights_and_a_state_goes_on(recipe, batch):
    batches = [batch(seed) for seed in range(2)]

    def fresh():
        device = torch.device("cpu")
        return start(recipe, DOODLE7, steps_per_epoch=2, part_counts=[], device=device)

    whole, again, halves, rest = (fresh() for _ in range(4))
    for fit in (whole, again):
        for epoch in range(2):
            fit.train_epoch(batches, epoch)
    halves.train_epoch(batches, 0)
    rest.load_state_dict(halves.state_dict())
    rest.train_epoch(batches, 1)
    want = whole.mean.state_dict()
    for other in (again, rest):
        got = other.mean.state_dict()
        assert all(torch.equal(want[name], got[name]) for name in want)
