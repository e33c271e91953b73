"""Weights on disk: `model.safetensors` beside `config.json`, by a shipped name or from a folder."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
from torch import Tensor, nn

from instancesketch.errors import UserError

SHIPPED = Path(__file__).parent / "shipped"


@dataclass(frozen=True, kw_only=True)
class Weights:
    """One model's tensors and the resolved configuration that they were trained with."""

    tensors: dict[str, Tensor]
    config: dict[str, Any]


def save(folder: Path, model: nn.Module, config: dict[str, Any]) -> None:
    """Writes a model's tensors and configuration, each whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {k: v.detach().cpu().contiguous() for k, v in model.state_dict().items()}
    for name, content in (
        ("model.safetensors", safetensors.torch.save(tensors)),
        ("config.json", json.dumps(config, indent=1).encode()),
    ):
        partial = folder / f".{name}.partial"
        partial.write_bytes(content)
        partial.replace(folder / name)


def load(sources: list[str], kind: str) -> Weights:
    """Loads the last of the given weights that holds a model of this kind.

    Args:
        sources: names of shipped weights, or folders with `kind/` in them (a run's folder counts).
        kind: `segmenter`, `refiner`, `detector` or `grouper`.

    Raises:
        UserError: a source isn't there, none holds such a model, or its files can't be read.
    """
    found = [folder for folder in map(find, sources) if (folder / kind).is_dir()]
    if not found:
        raise UserError(f"no {kind} in {', '.join(sources)}")
    folder = found[-1] / kind
    try:
        config = json.loads((folder / "config.json").read_text("utf-8"))
        tensors = safetensors.torch.load((folder / "model.safetensors").read_bytes())
    except OSError as error:
        raise UserError(f"{folder}: {error.strerror}: {error.filename}") from None
    except (ValueError, safetensors.SafetensorError) as error:
        raise UserError(f"{folder} holds no weights: {error}") from None
    # They may be stored in half precision; the model computes in single.
    tensors = {k: v.float() if v.is_floating_point() else v for k, v in tensors.items()}
    return Weights(tensors=tensors, config=config)


def find(source: str) -> Path:
    """The folder of weights that a name or a path means.

    Raises:
        UserError: there is none.
    """
    shipped = sorted(f.name for f in SHIPPED.iterdir()) if SHIPPED.is_dir() else []
    if source in shipped:
        return SHIPPED / source
    if Path(source).is_dir():
        return Path(source)
    names = f"a shipped name ({', '.join(shipped)})" if shipped else "none ship with this version"
    raise UserError(f"no weights {source!r}: give a folder that `train` wrote, or {names}")


def fill(model: nn.Module, weights: Weights, where: str) -> None:
    """Puts tensors into a model of the shape that their configuration says.

    Raises:
        UserError: they don't fit.
    """
    try:
        model.load_state_dict(weights.tensors)
    except RuntimeError as error:
        reason = str(error).splitlines()[-1].strip()
        raise UserError(f"the weights of {where} don't fit their config.json: {reason}") from None
