"""Dropout that draws its random numbers eight at a time on CPUs."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Dropout(nn.Dropout):
    """Set numbers to 0 at random while training, and scale the others to keep the mean.

    On a CPU, torch draws a number of 32 bits per element, one after the other, which takes as long
    as the matrix products around it. Here each element has one byte: `p` is rounded to 256ths.
    """

    def forward(self, input: Tensor) -> Tensor:
        """Return the numbers, some of them 0."""
        if not self.training or not self.p or not input.numel():
            return input
        if input.device.type != "cpu":
            return F.dropout(input, self.p)
        dropped = round(self.p * 256)
        words = torch.empty(-(-input.numel() // 8), dtype=torch.int64).random_(-(2**63), None)
        kept = (words.view(torch.uint8)[: input.numel()] >= dropped).view(input.shape)
        return input * kept.to(input.dtype).mul_(256 / (256 - dropped))
