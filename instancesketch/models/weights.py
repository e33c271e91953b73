"""Weights on disk: `model.safetensors` beside `config.json`, by a shipped name or from a folder.

Loads torch only where tensors are read or a network is built: `inspect` doesn't need it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from instancesketch.core import storage
from instancesketch.core.errors import UserError
from instancesketch.core.model_kinds import MODEL_KINDS, resolve
from instancesketch.core.taxonomy import Taxonomy
from instancesketch.models import config as configs
from instancesketch.models import weight_names, yolo

if TYPE_CHECKING:
    from torch import Tensor, nn

    from instancesketch.models.config import TransformerConfig

# The length of a safetensors header, little-endian, comes first in the file.
_LENGTH_BYTES = 8

# What malformed values in a `config.json` raise while they are taken apart.
_MALFORMED = (UserError, LookupError, TypeError, ValueError, AttributeError, RuntimeError)


@dataclass(frozen=True, kw_only=True)
class Weights:
    """A model's tensors and the resolved config that they were trained with."""

    model_kind: str
    folder: str  # as errors name it
    tensors: dict[str, Tensor]
    config: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class ModelInfo:
    """The taxonomy, the network's config and the tensors' shapes of a model on disk."""

    taxonomy: Taxonomy
    network: Any  # a config of `models.config`; for a detector, its definition of layers
    shapes: Mapping[str, tuple[int, ...]]  # of each tensor, by its name


def save(
    location: str, tensors: Mapping[str, Tensor], config: Mapping[str, Any], *, half: bool = False
) -> None:
    """Write a model's tensors and config to a folder, each file whole or not at all.

    Args:
        location: the model's folder.
        tensors: by name.
        config: what `config.json` is to hold.
        half: write float16 instead of float32, as shipped weights are.
    """
    import safetensors.torch

    tensors = {
        name: (value.half() if half and value.is_floating_point() else value).cpu().contiguous()
        for name, value in tensors.items()
    }
    storage.write_atomically(
        storage.join(location, "model.safetensors"),
        lambda path: safetensors.torch.save_file(tensors, path),
    )
    storage.write_json(storage.join(location, "config.json"), config)


def holds(sources: Sequence[str], model_kind: str) -> bool:
    """Return whether any of the sources has a model of this kind.

    Raises:
        UserError: a source doesn't exist.
    """
    return any(
        storage.exists(storage.join(weight_names.locate(source), model_kind)) for source in sources
    )


def load(sources: Sequence[str], model_kind: str) -> Weights:
    """Load the last of the sources that has a model of this kind.

    Args:
        sources: names of shipped weights, or folders with `MODEL_KIND/` in them, such as a run's.
        model_kind: such as `segmenter`.

    Raises:
        UserError: a source doesn't exist, none has such a model, or its files can't be read.
    """
    import safetensors.torch

    folder, config = _read_config(sources, model_kind)
    path = storage.join(folder, "model.safetensors")
    try:
        tensors = safetensors.torch.load(storage.read_bytes(path))
    except safetensors.SafetensorError as error:
        raise _no_tensors(path, error) from None
    # Shipped weights are float16; networks compute in float32.
    tensors = {k: v.float() if v.is_floating_point() else v for k, v in tensors.items()}
    return Weights(model_kind=model_kind, folder=folder, tensors=tensors, config=config)


def inspect(sources: Sequence[str], model_kind: str) -> ModelInfo:
    """Check `config.json` and the header of the tensors that `load` would load, without loading.

    Finds files that are damaged and configs that don't fit the taxonomy or the tensors, as far as
    that can be seen without building the network; `build` checks every tensor's name and shape.

    Raises:
        UserError: as `load` and `build` do.
    """
    folder, config = _read_config(sources, model_kind)
    shapes = _read_shapes(storage.join(folder, "model.safetensors"))
    taxonomy, network = _parse_config(config, model_kind, folder)
    if MODEL_KINDS[model_kind].shape and (misfit := _misfit(shapes, model_kind, taxonomy, network)):
        raise _unfitting(folder, misfit)
    return ModelInfo(taxonomy=taxonomy, network=network, shapes=shapes)


def inspect_segmenter(sources: Sequence[str], categories: Sequence[str] | None = None) -> Taxonomy:
    """Check a segmenter, and the refiner if there is one, as `inspect` does; return the taxonomy.

    Args:
        sources: the weights.
        categories: those to restrict it to, as for `Segmenter.load`.

    Raises:
        UserError: as `inspect` does, or the two are of different taxonomies, or a category is
            unknown or can't be left out.
    """
    info = inspect(sources, "segmenter")
    taxonomy = info.taxonomy
    if holds(sources, "refiner"):
        check_same_parts(", ".join(sources), taxonomy, inspect(sources, "refiner").taxonomy)
    chosen = weight_names.choose_categories(sources, categories)
    if chosen is None:
        return taxonomy
    if not info.network.sketch_token:
        raise UserError(f"{', '.join(sources)} predicts no category, so that none can be left out")
    return taxonomy.restrict(chosen)


def check_same_parts(where: str, segmenter: Taxonomy, refiner: Taxonomy) -> None:
    """Raise a UserError if the taxonomies of a segmenter and a refiner have different parts."""
    if refiner.part_names != segmenter.part_names:
        raise UserError(
            f"{where}: the segmenter knows the parts of {segmenter.name}, the refiner those of "
            f"{refiner.name}"
        )


def _read_config(sources: Sequence[str], model_kind: str) -> tuple[str, dict[str, Any]]:
    """Return the model's folder and what its `config.json` holds."""
    folders = [storage.join(weight_names.locate(source), model_kind) for source in sources]
    existing = [folder for folder in folders if storage.exists(folder)]
    if not existing:
        raise UserError(f"no {model_kind} in {', '.join(sources)}")
    config = storage.read_json(storage.join(existing[-1], "config.json"))
    if not isinstance(config, dict):
        raise UserError(f"{existing[-1]} has no config.json that describes a {model_kind}")
    return existing[-1], config


def _read_shapes(path: str) -> dict[str, tuple[int, ...]]:
    """Read the shapes of the tensors of a safetensors file from its header alone."""
    filesystem, name = storage.locate(path)
    with storage.translate_errors(path, "can't be read"), filesystem.open_input_file(name) as file:
        size = file.size()
        length = int.from_bytes(file.read(_LENGTH_BYTES), "little")
        if not 0 < length <= size - _LENGTH_BYTES:
            raise _no_tensors(path, "its header is longer than the file")
        data = bytes(file.read(length))
    try:
        header = json.loads(data)
        header.pop("__metadata__", None)
        shapes = {name: tuple(map(int, entry["shape"])) for name, entry in header.items()}
        end = max((int(entry["data_offsets"][1]) for entry in header.values()), default=0)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        raise _no_tensors(path, "its header can't be read") from None
    # A file that was cut short still has a whole header.
    if size != _LENGTH_BYTES + length + end:
        raise _no_tensors(path, f"it has {size} bytes instead of {_LENGTH_BYTES + length + end}")
    return shapes


def _parse_config(config: Mapping[str, Any], model_kind: str, where: str) -> tuple[Taxonomy, Any]:
    """Return the taxonomy and the network's config; for a detector, its definition of layers."""
    try:
        taxonomy = Taxonomy.from_dict(config["taxonomy"])
        if shape := MODEL_KINDS[model_kind].shape:
            return taxonomy, configs.parse(resolve(shape), config["model"])
        yolo.check_definition(config["model"])
        # What inference reads of the recipe must be numbers.
        recipe = config["recipe"]
        int(recipe["image_size"]), float(recipe["confidence"]), float(recipe["overlap"])
        return taxonomy, config["model"]
    except _MALFORMED as error:
        raise _undescribed(where, model_kind, error) from None


def _misfit(
    shapes: Mapping[str, tuple[int, ...]],
    model_kind: str,
    taxonomy: Taxonomy,
    network: TransformerConfig,
) -> str | None:
    """Return why tensors of these shapes can't be those of this network, or None."""
    norm = shapes.get("transformer.norm.weight")
    if norm != (network.width,):
        return f"transformer.norm.weight is {norm} instead of {(network.width,)}"
    layers = {name.split(".")[2] for name in shapes if name.startswith("transformer.blocks.")}
    if len(layers) != network.layers:
        return f"{len(layers)} Transformer layers instead of {network.layers}"
    rows = {"part": len(taxonomy.part_names), "category": len(taxonomy.category_names)}
    for name, (what, extra) in MODEL_KINDS[model_kind].taxonomy_rows.items():
        if name in shapes and shapes[name][:1] != (rows[what] + extra,):
            return f"{name} is {shapes[name]} instead of {rows[what] + extra} rows"
    return None


def build(loaded: Weights) -> tuple[Any, Taxonomy]:
    """Return the network of loaded weights, and its taxonomy.

    Raises:
        UserError: the config is of another version or model kind, the tensors don't fit it, or a
            detector needs Ultralytics and it isn't installed.
    """
    taxonomy, config = _parse_config(loaded.config, loaded.model_kind, loaded.folder)
    names = MODEL_KINDS[loaded.model_kind]
    if not names.shape:
        yolo.prepare()
    # A detector has a class per category, and one for any other object.
    outputs = taxonomy if names.shape else len(taxonomy.category_names) + 1
    try:
        network: nn.Module = resolve(names.network)(config, outputs)
    except _MALFORMED as error:
        raise _undescribed(loaded.folder, loaded.model_kind, error) from None
    try:
        network.load_state_dict(loaded.tensors)
    except RuntimeError as error:
        raise _unfitting(loaded.folder, str(error).splitlines()[-1].strip()) from None
    return network, taxonomy


def adapt(loaded: Weights, taxonomy: Taxonomy, fresh: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the tensors to initialise a network of another taxonomy with.

    Rows of parts and categories whose names are in both taxonomies are kept, and so is the rest of
    the network; rows of new names are those of `fresh`.

    Args:
        loaded: the weights to start from, of an adaptable kind if the taxonomies differ.
        taxonomy: of the new network.
        fresh: the tensors of an untrained network of that taxonomy.
    """
    old_taxonomy = Taxonomy.from_dict(loaded.config["taxonomy"])
    names = {
        "part": (old_taxonomy.part_names, taxonomy.part_names),
        "category": (old_taxonomy.category_names, taxonomy.category_names),
    }
    tensors = dict(loaded.tensors)
    for key, (what, extra) in MODEL_KINDS[loaded.model_kind].taxonomy_rows.items():
        if key not in tensors:
            continue
        old, new = names[what]
        rows = fresh[key].clone()
        for row, name in enumerate(new):
            if name in old:
                rows[row] = tensors[key][old.index(name)]
        if extra:
            rows[-1] = tensors[key][-1]
        tensors[key] = rows
    return tensors


def _no_tensors(path: str, reason: object) -> UserError:
    return UserError(f"{path} holds no tensors: {reason}")


def _undescribed(where: str, model_kind: str, error: Exception) -> UserError:
    reason = (str(error).splitlines() or [type(error).__name__])[0]
    return UserError(f"{where}: config.json describes no {model_kind}: {reason}")


def _unfitting(where: str, reason: str) -> UserError:
    return UserError(f"the weights of {where} don't fit their config.json: {reason}")
