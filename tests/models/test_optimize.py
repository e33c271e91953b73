"""Optimised layers compute the same outputs as those they replace."""

import pytest
import torch
from torch import nn

from instancesketch.models.optimize import FEW_STROKES, FewStrokesConv


@pytest.mark.parametrize(("channels", "stride"), [((6, 8), 1), ((8, 5), 2)])
@pytest.mark.parametrize("strokes", [1, FEW_STROKES, FEW_STROKES + 1])
def test_the_convolution_for_few_strokes_equals_the_plain_one(channels, stride, strokes):
    torch.manual_seed(0)
    convolution = nn.Conv1d(*channels, 3, stride=stride, padding=1)
    hidden = torch.randn(strokes, channels[0], 16)
    with torch.no_grad():
        torch.testing.assert_close(FewStrokesConv(convolution)(hidden), convolution(hidden))
