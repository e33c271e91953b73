"""Changes to a network before it labels: folded norms, bfloat16, convolutions as products."""

from __future__ import annotations

from typing import TypeVar, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.fusion import fuse_conv_bn_eval, fuse_linear_bn_eval

from instancesketch.models.encoders import (
    PatchEncoder,
    PointsEncoder,
    PolylineEncoder,
    RasterEncoder,
)
from instancesketch.models.grouper import GrouperNet
from instancesketch.models.precision import Precision
from instancesketch.models.transformer import StrokeTransformer

Net = TypeVar("Net", bound=nn.Module)
# Up to this many strokes, one matrix product takes less time than torch needs to prepare a
# convolution kernel for that number of strokes.
FEW_STROKES = 12


def optimize(net: Net, device: str, precision: Precision) -> Net:
    """Change a network for inference on a device, in place; it can't be trained any more.

    Batch norms are folded into the convolutions before them, which computes the same. With
    bfloat16, the heavy modules compute in it: inputs, which are places, and outputs, which are
    compared, stay float32.
    """
    net = net.eval()
    for module in list(net.modules()):
        if isinstance(module, PatchEncoder):
            _fold_norms(module.layers, module.norms)
        if isinstance(module, PointsEncoder):
            _fold_norms(module.convolutions, module.norms)
            if precision == "float32" and device == "cpu":
                few = [FewStrokesConv(cast(nn.Conv1d, c)) for c in module.convolutions]
                module.convolutions = nn.ModuleList(few)
        if isinstance(module, nn.Sequential):
            _simplify(module)
        if precision == "bfloat16" and isinstance(
            module, PolylineEncoder | RasterEncoder | StrokeTransformer | GrouperNet
        ):
            for part in module.heavy_modules:
                part.to(torch.bfloat16)
    return net.requires_grad_(False).to(device)


def _fold_norms(layers: nn.ModuleList, norms: nn.ModuleList) -> None:
    for i, norm in enumerate(norms):
        if isinstance(norm, nn.BatchNorm1d):
            layer = layers[i]
            if isinstance(layer, nn.Linear):
                layers[i] = fuse_linear_bn_eval(layer, norm)
            else:
                layers[i] = fuse_conv_bn_eval(cast(nn.Conv1d, layer), norm)
            norms[i] = nn.Identity()


def _simplify(module: nn.Sequential) -> None:
    """Fold the batch norms of a sequence, and drop what does nothing at inference."""
    for i in range(len(module) - 1):
        norm = module[i + 1]
        if isinstance(norm, nn.BatchNorm2d):
            module[i] = fuse_conv_bn_eval(cast(nn.Conv2d, module[i]), norm)
            module[i + 1] = nn.Identity()
    # From the end, because deleting a layer renumbers those after it.
    for i in reversed(range(len(module))):
        if isinstance(module[i], nn.Dropout | nn.Identity):
            del module[i]


class FewStrokesConv(nn.Module):
    """A convolution along strokes, (S, channels, K), as a matrix product when strokes are few."""

    def __init__(self, convolution: nn.Conv1d) -> None:
        super().__init__()
        self.convolution = convolution
        (self.size,), (self.stride,), (self.padding,) = (
            convolution.kernel_size,
            convolution.stride,
            cast(tuple[int], convolution.padding),
        )
        # As a matrix whose rows go over a window's channels and, in each, its points.
        self.weight = nn.Parameter(convolution.weight.flatten(1))

    def forward(self, hidden_SCK: Tensor) -> Tensor:
        """Return the convolution, (S, channels, K / stride)."""
        if len(hidden_SCK) > FEW_STROKES:
            return cast(Tensor, self.convolution(hidden_SCK))
        padded_SCK = F.pad(hidden_SCK, (self.padding, self.padding))
        windows_SCKX = padded_SCK.unfold(2, self.size, self.stride)
        windows_SKX = windows_SCKX.transpose(1, 2).flatten(2)
        return F.linear(windows_SKX, self.weight, self.convolution.bias).transpose(1, 2)
