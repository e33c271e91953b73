"""Training recipes by name, and how one value of a recipe is changed from outside."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar, get_args, get_type_hints

from instancesketch.core.errors import UserError
from instancesketch.training.config import (
    DetectorConfig,
    FitConfig,
    GrouperFitConfig,
    RefinerFitConfig,
    SegmenterFitConfig,
    check_detector,
    check_fit,
    seed_detector,
    seed_refiner,
    seed_segmenter,
)

Config = TypeVar("Config")

RECIPES: Mapping[str, Mapping[str, Callable[[], FitConfig]]] = {
    "segmenter": {"default": SegmenterFitConfig, "seed": seed_segmenter},
    "refiner": {"default": RefinerFitConfig, "seed": seed_refiner},
    "grouper": {"default": GrouperFitConfig},
}
DETECTOR_RECIPES: Mapping[str, Callable[[], DetectorConfig]] = {
    "default": DetectorConfig,
    "seed": seed_detector,
}


def recipe(kind: str, name: str, changes: Sequence[str] = (), model: Any = None) -> FitConfig:
    """A recipe with some values changed.

    Args:
        kind: the model: `segmenter`, `refiner` or `grouper`.
        name: one of its `RECIPES`.
        changes: each `key=value`, such as `epochs=30` or `model.layers=2`; values as in TOML.
        model: the model's shape where it is not the recipe's, but that of weights to start from.

    Raises:
        UserError: there is no such recipe, key, or value of that kind.
    """
    config = _made(RECIPES[kind], name, changes, {} if model is None else {"model": model})
    check_fit(config)
    return config


def detector_recipe(name: str, changes: Sequence[str] = ()) -> DetectorConfig:
    """The same for a detector, which is no network of ours; `name` is one of `DETECTOR_RECIPES`."""
    config = _made(DETECTOR_RECIPES, name, changes, {})
    check_detector(config)
    return config


def _made(
    recipes: Mapping[str, Callable[[], Config]],
    name: str,
    changes: Sequence[str],
    given: Mapping[str, Any],
) -> Config:
    if name not in recipes:
        raise UserError(f"no recipe {name!r}; there are {', '.join(recipes)}")
    config: Any = replace(recipes[name](), **given)  # type: ignore[type-var]
    for change in changes:
        key, equals, value = change.partition("=")
        if not equals:
            raise UserError(f"{change!r} is no key=value")
        config = _changed(config, key.strip().split("."), _parsed(value.strip()), change)
    return config


def _parsed(text: str) -> Any:
    """A value as TOML has it; what is no TOML is a word."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _changed(config: Any, keys: Sequence[str], value: Any, change: str) -> Any:
    names = [field.name for field in fields(config)]
    if keys[0] not in names:
        raise UserError(f"{change!r}: no {keys[0]!r} in a recipe; there are {', '.join(names)}")
    before = getattr(config, keys[0])
    if is_dataclass(before):
        if len(keys) == 1:
            inner = ", ".join(f"{keys[0]}.{field.name}" for field in fields(before))
            raise UserError(f"{change!r}: name one of {inner}")
        return replace(config, **{keys[0]: _changed(before, keys[1:], value, change)})
    if len(keys) > 1:
        raise UserError(f"{change!r}: {keys[0]} has nothing below it")
    words = get_args(get_type_hints(type(config))[keys[0]])
    if isinstance(before, str) and value not in words:
        raise UserError(f"{change!r}: {keys[0]} is one of {', '.join(words)}")
    return replace(config, **{keys[0]: _fitting(before, value, change)})


def _fitting(before: Any, value: Any, change: str) -> Any:
    if isinstance(before, float) and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if isinstance(before, tuple | None) and isinstance(value, list):
        return tuple(value)
    if type(value) is not type(before):
        raise UserError(f"{change!r}: it must be like {before!r}")
    return value
