"""What is done to a network once, before it labels anything."""

from __future__ import annotations

from typing import TypeVar, cast

import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from instancesketch.models.encoders import PointsEncoder, RasterEncoder
from instancesketch.models.transformer import StrokeTransformer
from instancesketch.precision import Precision

Net = TypeVar("Net", bound=nn.Module)


def ready(net: Net, device: str, precision: Precision) -> Net:
    """The same network on a device, for labelling alone: it can't be trained any more.

    Norms of batches are folded into the convolutions before them, which computes the same. With
    bfloat16 the large products of matrices are of such numbers: what goes in, which is places, and
    what comes out, which is compared, stay in single.
    """
    net = net.eval()
    for module in list(net.modules()):
        if isinstance(module, PointsEncoder):
            _fold(module.convolutions, module.norms)
        if isinstance(module, nn.Sequential):
            for i in range(len(module) - 1):
                norm = module[i + 1]
                if isinstance(norm, nn.BatchNorm2d):
                    module[i] = fuse_conv_bn_eval(cast(nn.Conv2d, module[i]), norm)
                    module[i + 1] = nn.Identity()
        if precision == "bfloat16" and isinstance(
            module, PointsEncoder | RasterEncoder | StrokeTransformer
        ):
            for part in module.large:
                part.to(torch.bfloat16)
    return net.requires_grad_(False).to(device)


def _fold(convolutions: nn.ModuleList, norms: nn.ModuleList) -> None:
    for i, norm in enumerate(norms):
        if isinstance(norm, nn.BatchNorm1d):
            convolutions[i] = fuse_conv_bn_eval(cast(nn.Conv1d, convolutions[i]), norm)
            norms[i] = nn.Identity()
