"""Optimised networks give the same scores in float32, and close ones in bfloat16."""

import pytest
import torch

from instancesketch.core.errors import UserError
from instancesketch.core.schema import to_table
from instancesketch.inference.segmenter import Segmenter
from instancesketch.models.config import SEED_SEGMENTER, SegmenterConfig
from instancesketch.models.optimize import optimize
from instancesketch.models.precision import resolve_precision
from instancesketch.models.segmenter import SegmenterNet
from tests.drawings import DOODLE7, drawn

SHAPES = [
    SegmenterConfig(width=32, layers=2, samples=16, channels=(16, 32, 32), encoder="patches"),
    SegmenterConfig(width=32, layers=2, channels=(16, 32, 32)),
    SegmenterConfig(width=32, layers=1, channels=(16, 32), edges=0, encoder="both"),
    SEED_SEGMENTER,
]


def trained(config: SegmenterConfig) -> SegmenterNet:
    """Return a network whose batch norms have non-trivial statistics, as after training."""
    torch.manual_seed(0)
    net = SegmenterNet(config, DOODLE7)
    for module in net.modules():
        if isinstance(module, torch.nn.BatchNorm1d | torch.nn.BatchNorm2d):
            module.running_mean.normal_()
            module.running_var.uniform_(0.5, 2)
    return net


@pytest.mark.parametrize("config", SHAPES, ids=["patches", "points", "both", "seed"])
def test_an_optimised_network_gives_equal_scores(config: SegmenterConfig) -> None:
    table = to_table(drawn(12))

    def scores(net: SegmenterNet) -> torch.Tensor:
        labelled = Segmenter(net, DOODLE7).label_table(table, given_category=True)
        return torch.tensor(labelled["part_score"].combine_chunks().flatten().to_numpy())

    before = scores(trained(config))
    torch.testing.assert_close(
        scores(optimize(trained(config), "cpu", "float32")), before, rtol=0, atol=1e-5
    )
    half = optimize(trained(config), "cpu", "bfloat16")
    torch.testing.assert_close(scores(half), before, rtol=0, atol=0.05)
    assert not torch.equal(scores(half), before)
    assert half.part_head.weight.dtype == torch.float32  # scores need float32
    assert not any(
        isinstance(m, torch.nn.BatchNorm1d | torch.nn.BatchNorm2d) for m in half.modules()
    )


def test_auto_precision_depends_on_the_device(monkeypatch: pytest.MonkeyPatch) -> None:
    assert resolve_precision("auto", "cuda") == "bfloat16"
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": False})
    assert resolve_precision("auto", "cpu") == "float32"
    assert resolve_precision("bfloat16", "cpu") == "bfloat16"
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": True})
    assert resolve_precision("auto", "cpu") == "bfloat16"
    with pytest.raises(UserError, match="it is one of auto, float32, bfloat16"):
        resolve_precision("half", "cpu")
