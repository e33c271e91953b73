"""Dropout: the share of zeros, the mean, gradients, and what decides the numbers."""

import pytest
import torch

from instancesketch.models.dropout import Dropout


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_share_of_zeros_is_p_and_the_mean_stays(p, dtype):
    torch.manual_seed(0)
    got = Dropout(p)(torch.ones(1000, 1001, dtype=dtype)).float()
    assert float((got == 0).float().mean()) == pytest.approx(p, abs=1 / 256)
    assert float(got.mean()) == pytest.approx(1, abs=0.01)
    # No pattern along rows or columns, whose numbers are bytes of the same words.
    zero = (got == 0).float()
    for axis in (0, 1):
        share = zero.mean(axis)
        assert float((share - zero.mean()).abs().max()) < 0.1
    assert float((zero[:, 1:] * zero[:, :-1]).mean()) == pytest.approx(p * p, abs=0.01)


def test_gradients_pass_where_numbers_were_kept():
    torch.manual_seed(0)
    x = torch.randn(64, 7, requires_grad=True)
    got = Dropout(0.3)(x)
    got.sum().backward()
    kept = got != 0
    assert torch.equal(x.grad != 0, kept)
    torch.testing.assert_close(got[kept], (x * x.grad)[kept])


def test_torch_seed_decides_the_numbers():
    x = torch.ones(100)
    torch.manual_seed(3)
    first = Dropout(0.5)(x)
    torch.manual_seed(3)
    assert torch.equal(Dropout(0.5)(x), first)
    assert not torch.equal(Dropout(0.5)(x), first)


@pytest.mark.parametrize("x", [torch.zeros(0, 3), torch.ones(2, 3)])
def test_nothing_changes_without_training_or_probability(x):
    assert torch.equal(Dropout(0.5).eval()(x), x)
    assert torch.equal(Dropout(0.0)(x), x)
