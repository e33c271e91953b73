"""Recipes by name, and changes of their values by `KEY=VALUE`."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import fields, is_dataclass, replace
from typing import Any, get_args, get_type_hints

from instancesketch.core.errors import UserError
from instancesketch.core.model_kinds import MODEL_KINDS, resolve
from instancesketch.training.config import Recipe


def recipe(kind: str, name: str, changes: Sequence[str] = (), model: Any = None) -> Any:
    """Return a recipe with some values changed.

    Args:
        kind: the model kind.
        name: of one of its recipes, such as `default`.
        changes: each `key=value`, such as `epochs=30` or `model.layers=2`; values as in TOML.
        model: the shape of the network, to replace the recipe's by that of other weights.

    Returns:
        The model kind's config, a `training.config.Recipe`.

    Raises:
        UserError: the recipe or a key is unknown, or a value is of another type or out of range.
    """
    recipes = MODEL_KINDS[kind].recipes
    if name not in recipes:
        raise UserError(f"no recipe {name!r}; there are {', '.join(recipes)}")
    config: Recipe = resolve(recipes[name])()
    if model is not None:
        # First, because the changes apply to this shape as well.
        config = replace(config, model=model)
    for change in changes:
        key, equals, value = change.partition("=")
        if not equals:
            raise UserError(f"{change!r} is not KEY=VALUE")
        config = _change(config, key.strip().split("."), _parse(value.strip()), change)
    # After all changes, because some values are valid only together, as width and heads.
    config.check()
    return config


def _parse(text: str) -> Any:
    """Parse a value as TOML; text that isn't TOML is a string."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    # Shells take the quotes of a string away, so a bare word is one.
    except tomllib.TOMLDecodeError:
        return text


def _change(config: Any, keys: Sequence[str], value: Any, change: str) -> Any:
    names = [field.name for field in fields(config)]
    if keys[0] not in names:
        raise UserError(f"{change!r}: no {keys[0]!r} in a recipe; there are {', '.join(names)}")
    before = getattr(config, keys[0])
    if is_dataclass(before):
        if len(keys) == 1:
            inner = ", ".join(f"{keys[0]}.{field.name}" for field in fields(before))
            raise UserError(f"{change!r}: name one of {inner}")
        return replace(config, **{keys[0]: _change(before, keys[1:], value, change)})
    if len(keys) > 1:
        raise UserError(f"{change!r}: {keys[0]} has nothing below it")
    # Annotations are kept as text in that module, so the choices must be evaluated.
    choices = get_args(get_type_hints(type(config))[keys[0]])
    if isinstance(before, str) and value not in choices:
        raise UserError(f"{change!r}: {keys[0]} is one of {', '.join(choices)}")
    return replace(config, **{keys[0]: _convert(before, value, change)})


def _convert(before: Any, value: Any, change: str) -> Any:
    # People write 1 for 1.0; a bool is an int to `isinstance`, but no number here.
    if isinstance(before, float) and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    # TOML has lists alone. A value that is None in a recipe is a tuple where it is given.
    if isinstance(before, tuple | None) and isinstance(value, list):
        return tuple(value)
    if type(value) is not type(before):
        raise UserError(f"{change!r}: it must be like {before!r}")
    return value
