"""Weights on disk: `model.safetensors` beside `config.json`, by a shipped name or from a folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
from torch import Tensor, nn

from instancesketch import storage
from instancesketch.errors import UserError

SHIPPED = Path(__file__).parent / "shipped"


@dataclass(frozen=True, kw_only=True)
class Weights:
    """One model's tensors and the resolved configuration that they were trained with."""

    tensors: dict[str, Tensor]
    config: dict[str, Any]


def save(location: str, model: nn.Module, config: Mapping[str, Any]) -> None:
    """Writes a model's tensors and configuration to a folder, each whole or not at all."""
    tensors = {k: v.detach().cpu().contiguous() for k, v in model.state_dict().items()}
    storage.write_whole(
        storage.join(location, "model.safetensors"),
        lambda path: safetensors.torch.save_file(tensors, path),
    )
    storage.write_json(storage.join(location, "config.json"), config)


def load(sources: Sequence[str], kind: str) -> Weights:
    """Loads the last of the given weights that holds a model of this kind.

    Args:
        sources: names of shipped weights, or folders with `kind/` in them; a run's folder is one.
        kind: `segmenter`, `refiner`, `detector` or `grouper`.

    Raises:
        UserError: a source isn't there, none holds such a model, or its files can't be read.
    """
    folders = [storage.join(find(source), kind) for source in sources]
    found = [folder for folder in folders if storage.exists(folder)]
    if not found:
        raise UserError(f"no {kind} in {', '.join(sources)}")
    config = storage.read_json(storage.join(found[-1], "config.json"))
    if not isinstance(config, dict):
        raise UserError(f"{found[-1]} has no config.json that describes a {kind}")
    try:
        tensors = safetensors.torch.load(
            storage.read_bytes(storage.join(found[-1], "model.safetensors"))
        )
    except safetensors.SafetensorError as error:
        raise UserError(f"{found[-1]}/model.safetensors holds no tensors: {error}") from None
    # They may be stored in half precision; the model computes in single.
    tensors = {k: v.float() if v.is_floating_point() else v for k, v in tensors.items()}
    return Weights(tensors=tensors, config=config)


def find(source: str) -> str:
    """The folder of weights that a name or a location means.

    Raises:
        UserError: there is none.
    """
    shipped = sorted(f.name for f in SHIPPED.iterdir()) if SHIPPED.is_dir() else []
    if source in shipped:
        return str(SHIPPED / source)
    if storage.exists(source):
        return storage.absolute(source)
    names = f"a shipped name ({', '.join(shipped)})" if shipped else "none ship with this version"
    raise UserError(f"no weights {source!r}: give a folder that `train` wrote, or {names}")


def anywhere(source: str) -> str:
    """The name or location by which a process with another working folder finds the same weights.

    Raises:
        UserError: there are none.
    """
    folder = find(source)
    return source if folder == str(SHIPPED / source) else folder


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
