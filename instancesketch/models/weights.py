"""Weights on disk: `model.safetensors` beside `config.json`, by a shipped name or from a folder."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import safetensors
import safetensors.torch
from torch import Tensor, nn

from instancesketch.core import storage
from instancesketch.core.errors import UserError
from instancesketch.core.taxonomy import Taxonomy
from instancesketch.models.config import GrouperConfig, RefinerConfig, SegmenterConfig
from instancesketch.models.grouper import GrouperNet
from instancesketch.models.refiner import RefinerNet
from instancesketch.models.segmenter import SegmenterNet

# By kind of model its configuration and its network.
_NETS: Mapping[str, tuple[Callable[..., Any], Callable[..., nn.Module]]] = {
    "segmenter": (SegmenterConfig, SegmenterNet),
    "refiner": (RefinerConfig, RefinerNet),
    "grouper": (GrouperConfig, GrouperNet),
}
# Their tensors that have a row per part or category of the taxonomy.
_ROWS: Mapping[str, Mapping[str, str]] = {
    "segmenter": {
        "part_head.weight": "part",
        "part_head.bias": "part",
        "category.weight": "category",
        "category_head.weight": "category",
        "category_head.bias": "category",
    },
    "refiner": {"part.weight": "part", "scale_Q": "part", "threshold_Q": "part"},
}
# Kinds that can go on with another taxonomy.
ADAPTABLE = tuple(_ROWS)
SHIPPED = Path(__file__).parents[1] / "shipped"


@dataclass(frozen=True, kw_only=True)
class Weights:
    """One model's tensors and the resolved configuration that they were trained with."""

    tensors: dict[str, Tensor]
    config: dict[str, Any]


def save(
    location: str, tensors: Mapping[str, Tensor], config: Mapping[str, Any], *, half: bool = False
) -> None:
    """Writes a model's tensors and configuration to a folder, each whole or not at all.

    With `half` they are kept in half precision: as many bytes as ship.
    """
    tensors = {
        name: (value.half() if half and value.is_floating_point() else value).cpu().contiguous()
        for name, value in tensors.items()
    }
    storage.write_atomically(
        storage.join(location, "model.safetensors"),
        lambda path: safetensors.torch.save_file(tensors, path),
    )
    storage.write_json(storage.join(location, "config.json"), config)


def holds(sources: Sequence[str], kind: str) -> bool:
    """Whether one of the given weights has a model of this kind.

    Raises:
        UserError: a source isn't there.
    """
    return any(storage.exists(storage.join(find(source), kind)) for source in sources)


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


def adapted(
    loaded: Weights, kind: str, taxonomy: Taxonomy, fresh: Mapping[str, Tensor]
) -> dict[str, Tensor]:
    """The tensors for a network of another taxonomy, to be trained on.

    What belongs to parts and categories of a name that both have is kept, and the rest of the
    network; what belongs to new ones begins by chance.

    Args:
        loaded: what there is.
        kind: of `ADAPTABLE`, if the taxonomies differ.
        taxonomy: what it shall be.
        fresh: the tensors of a network of that taxonomy before any training.
    """
    theirs = Taxonomy.from_dict(loaded.config["taxonomy"])
    names = {
        "part": (theirs.part_names, taxonomy.part_names),
        "category": (theirs.category_names, taxonomy.category_names),
    }
    tensors = dict(loaded.tensors)
    for key, what in _ROWS.get(kind, {}).items():
        if key in tensors:
            old, new = names[what]
            rows = fresh[key].clone()
            for row, name in enumerate(new):
                if name in old:
                    rows[row] = tensors[key][old.index(name)]
            if len(rows) > len(new):  # a last one, for a category that is not known
                rows[-1] = tensors[key][-1]
            tensors[key] = rows
    return tensors


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


def build_segmenter(loaded: Weights, where: str) -> tuple[SegmenterNet, Taxonomy]:
    """The segmenter that a configuration describes, filled with its tensors, and its taxonomy.

    Raises:
        UserError: the configuration is of another version, or the tensors don't fit it.
    """
    net, taxonomy = build(loaded, "segmenter", where)
    return cast(SegmenterNet, net), taxonomy


def build_refiner(loaded: Weights, where: str) -> tuple[RefinerNet, Taxonomy]:
    """The same for a refiner."""
    net, taxonomy = build(loaded, "refiner", where)
    return cast(RefinerNet, net), taxonomy


def build_grouper(loaded: Weights, where: str) -> tuple[GrouperNet, Taxonomy]:
    """The same for a grouper."""
    net, taxonomy = build(loaded, "grouper", where)
    return cast(GrouperNet, net), taxonomy


def build(loaded: Weights, kind: str, where: str) -> tuple[nn.Module, Taxonomy]:
    """The same for a model of any kind."""
    try:
        taxonomy = Taxonomy.from_dict(loaded.config["taxonomy"])
        values = dict(loaded.config["model"])
        values["channels"] = tuple(values["channels"])
        shape, build = _NETS[kind]
        net: nn.Module = build(shape(**values), taxonomy)
    except (UserError, LookupError, TypeError, ValueError, AttributeError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        raise UserError(f"{where}: config.json describes no {kind}: {reason}") from None
    _fill(net, loaded, where)
    return net, taxonomy


def _fill(model: nn.Module, weights: Weights, where: str) -> None:
    try:
        model.load_state_dict(weights.tensors)
    except RuntimeError as error:
        reason = str(error).splitlines()[-1].strip()
        raise UserError(f"the weights of {where} don't fit their config.json: {reason}") from None
