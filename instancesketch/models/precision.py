"""How exactly a model computes: in single precision, or its large products in bfloat16.

Torch comes in when it is needed: processes that only read and write don't load it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, cast

from instancesketch.core.errors import UserError

if TYPE_CHECKING:
    from torch import Tensor, nn

Precision = Literal["float32", "bfloat16"]
AUTO = "auto"
PRECISIONS = (AUTO, "float32", "bfloat16")

# A processor with one of these multiplies twice as many bfloat16 numbers at once as single ones.
_MADE_FOR_IT = ("avx512_bf16", "amx_bf16")


def resolve(precision: str, device: str) -> Precision:
    """What `auto` means on a device: bfloat16 on GPUs, and on CPUs that are made for it.

    Raises:
        UserError: there is no such precision.
    """
    if precision not in PRECISIONS:
        raise UserError(f"--precision {precision}: it is one of {', '.join(PRECISIONS)}")
    if precision != AUTO:
        return cast(Precision, precision)
    import torch

    able: Mapping[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()
    half = not device.startswith("cpu") or any(able.get(name) for name in _MADE_FOR_IT)
    return "bfloat16" if half else "float32"


def as_for(x: Tensor, module: nn.Module) -> Tensor:
    """Numbers in half precision where a module was made ready for that, else as they are."""
    import torch

    half = next(module.parameters()).dtype == torch.bfloat16
    return x.bfloat16() if half else x
