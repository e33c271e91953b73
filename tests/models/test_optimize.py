"""What is done to a network before it labels, and what that leaves as it is."""

import pytest
import torch
from torch import nn

from instancesketch.models.optimize import FEW_STROKES, FewStrokesConv


@pytest.mark.parametrize(("channels", "stride"), [((6, 8), 1), ((8, 5), 2)])
@pytest.mark.parametrize("strokes", [1, FEW_STROKES, FEW_STROKES + 1])
def test_few_strokes_are_convolved_as_many_are(channels, stride, strokes):
    torch.manual_seed(0)
    convolution = nn.Conv1d(*channels, 3, stride=stride, padding=1)
    hidden = torch.randn(strokes, channels[0], 16)
    with torch.no_grad():
        torch.testing.assert_close(FewStrokesConv(convolution)(hidden), convolution(hidden))
