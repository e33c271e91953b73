"""The precision that a network computes in: float32, or bfloat16 in its heavy modules.

Torch is imported inside the functions, so that processes that only read and write don't load it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, cast

from instancesketch.core.errors import UserError

if TYPE_CHECKING:
    from torch import Tensor

Precision = Literal["float32", "bfloat16"]
AUTO = "auto"
PRECISIONS = (AUTO, "float32", "bfloat16")

# A processor with one of these multiplies twice as many bfloat16 numbers at once as float32 ones.
_BFLOAT16_CAPABILITIES = ("avx512_bf16", "amx_bf16")


def resolve_precision(precision: str, device: str) -> Precision:
    """Return what `auto` means on a device: bfloat16 on GPUs and on CPUs that are made for it.

    Raises:
        UserError: there is no such precision.
    """
    if precision not in PRECISIONS:
        raise UserError(f"--precision {precision}: it is one of {', '.join(PRECISIONS)}")
    if precision != AUTO:
        return cast(Precision, precision)
    import torch

    # Torch 2.11 has no such function yet.
    capabilities: Mapping[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()
    fast = any(capabilities.get(name) for name in _BFLOAT16_CAPABILITIES)
    return "bfloat16" if fast or not device.startswith("cpu") else "float32"


def match_precision(x: Tensor, weight: Tensor) -> Tensor:
    """Return the numbers in bfloat16 if the weight that they meet is, else as they are."""
    import torch

    return x.bfloat16() if weight.dtype == torch.bfloat16 else x
