"""Search spaces: TOML files with the values that a sweep tries, by the names that `--set` takes.

learning_rate = { range = [1e-4, 1e-2], log = true }
model.width = { choices = [64, 128] }
"""

from __future__ import annotations

import json
import math
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from instancesketch.core.errors import UserError
from instancesketch.training.config import FitConfig
from instancesketch.training.recipes import recipe

Values = Mapping[str, Any]  # of a recipe, by the names that `--set` takes


@dataclass(frozen=True, kw_only=True)
class Dimension:
    """A value to search: one of `choices`, or without any from `low` to `high`, both included."""

    key: str
    choices: tuple[Any, ...] = ()
    low: float = 0.0  # an int where the value is one
    high: float = 0.0
    log: bool = False  # search evenly by orders of magnitude

    def __contains__(self, value: Any) -> bool:
        return value in self.choices if self.choices else self.low <= value <= self.high

    def to_dict(self) -> dict[str, Any]:
        """Return the dimension as a search space file has it."""
        if self.choices:
            return {"choices": list(self.choices)}
        return {"range": [self.low, self.high], "log": self.log}


@dataclass(frozen=True, kw_only=True)
class Space:
    """The values that a sweep searches, and the recipe that it starts from."""

    model_kind: str
    recipe: str
    changes: tuple[str, ...]  # of the recipe in all trials, each `key=value`
    dimensions: tuple[Dimension, ...]

    def base(self) -> Values:
        """Return the recipe's own values."""
        config = recipe(self.model_kind, self.recipe, self.changes)
        return {d.key: _recipe_value(config, d.key) for d in self.dimensions}

    def changes_of(self, values: Values) -> list[str]:
        """Return all changes that a trial makes to the recipe, each `key=value`."""
        # JSON of numbers, strings, booleans and lists is TOML, too.
        return [*self.changes, *(f"{key}={json.dumps(value)}" for key, value in values.items())]

    def trial(self, values: Values) -> FitConfig:
        """Return the recipe of a trial.

        Raises:
            UserError: the values don't go together.
        """
        config: FitConfig = recipe(self.model_kind, self.recipe, self.changes_of(values))
        return config

    def to_dict(self) -> dict[str, Any]:
        """Return the space as the sweep's settings have it."""
        return {d.key: d.to_dict() for d in self.dimensions}


def load(model_kind: str, path: str | None, name: str, changes: Sequence[str]) -> Space:
    """Load a search space.

    Args:
        model_kind: one that is searchable.
        path: of the file; None: the space that ships for the model kind.
        name: of the recipe that the sweep starts from.
        changes: of that recipe in all trials, each `key=value`; these keys are not searched.

    Raises:
        UserError: the file can't be read, or has values that the recipe can't take.
    """
    base = recipe(model_kind, name, changes)
    source = f"--space {path}" if path else f"the search space of a {model_kind}"
    try:
        table = tomllib.loads(_read_text(model_kind, path))
    except tomllib.TOMLDecodeError as error:
        raise UserError(f"{source} is not a TOML file: {error}") from None
    # A sweep can't search what the command has set.
    fixed = {change.partition("=")[0].strip() for change in changes}
    entries = [(key, entry) for key, entry in _iter_entries(table, source) if key not in fixed]
    if not entries:
        raise UserError(f"{source} has nothing to search")
    try:
        dimensions = tuple(
            _load_dimension(key, entry, base, model_kind, name, changes) for key, entry in entries
        )
    except UserError as error:
        raise UserError(f"{source}: {error}") from None
    return Space(model_kind=model_kind, recipe=name, changes=tuple(changes), dimensions=dimensions)


def _load_dimension(
    key: str, entry: Any, base: FitConfig, model_kind: str, name: str, changes: Sequence[str]
) -> Dimension:
    value = _recipe_value(base, key)
    dimension = _parse_dimension(key, entry, value)
    # A value out of the recipe's own bounds is refused now, not in the middle of a sweep.
    for end in dimension.choices or (dimension.low, dimension.high):
        recipe(model_kind, name, [*changes, f"{key}={json.dumps(end)}"])
    # The first trial is the recipe itself: the search must know its values.
    if value not in dimension:
        raise UserError(
            f"{key} leaves out the recipe's own {value!r}, which the first trial has; include it"
        )
    return dimension


def load_dimensions(space: Mapping[str, Any]) -> tuple[Dimension, ...]:
    """Return the dimensions that `Space.to_dict` wrote into a sweep's settings."""
    dimensions = []
    for key, entry in space.items():
        low, high = entry.get("range", (0.0, 0.0))
        choices, log = tuple(entry.get("choices", ())), entry.get("log", False)
        dimensions.append(Dimension(key=key, choices=choices, low=low, high=high, log=log))
    return tuple(dimensions)


def _read_text(model_kind: str, path: str | None) -> str:
    if path is None:
        spaces = resources.files("instancesketch.training") / "spaces"
        return (spaces / f"{model_kind}.toml").read_text("utf-8")
    try:
        return Path(path).read_text("utf-8")
    except OSError as error:
        raise UserError(f"--space {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise UserError(f"--space {path} is not a TOML file: it isn't UTF-8") from None


def _iter_entries(
    table: Mapping[str, Any], source: str, prefix: str = ""
) -> Iterator[tuple[str, Any]]:
    """Yield the key and the table of each dimension; outer tables are parts of the recipe."""
    for name, value in table.items():
        if not isinstance(value, dict):
            raise UserError(
                f"{source}: {prefix}{name} must be {{ choices = [...] }} or "
                "{ range = [low, high] }"
            )
        # An empty table is a dimension, too: it is refused with a hint.
        if not value or {"choices", "range", "log"} & set(value):
            yield prefix + name, value
        else:
            yield from _iter_entries(value, source, f"{prefix}{name}.")


def _recipe_value(config: Any, key: str) -> Any:
    for name in key.split("."):
        if not hasattr(config, name):
            raise UserError(f"no {key!r} in a recipe")
        config = getattr(config, name)
    # As TOML and JSON have it.
    return list(config) if isinstance(config, tuple) else config


def _parse_dimension(key: str, entry: Mapping[str, Any], value: Any) -> Dimension:
    """Return the dimension of a table; the recipe's value has the type that it must have."""
    if set(entry) == {"choices"}:
        choices = entry["choices"]
        plain = isinstance(choices, list) and not any(isinstance(c, dict) for c in choices)
        if not plain or not choices:
            raise UserError(f"{key}: choices must be a list of values")
        return Dimension(key=key, choices=tuple(choices))
    log = entry.get("log", False)
    if "range" not in entry or set(entry) - {"range", "log"} or not isinstance(log, bool):
        raise UserError(f"{key}: give choices, or a range and optionally log = true")
    if type(value) not in (int, float):
        raise UserError(f"{key}: {value!r} isn't a number; give choices")
    low, high = _parse_ends(key, entry["range"], value)
    if not -math.inf < low < high < math.inf or (log and low <= 0):
        above = ", above zero where log = true" if log else ""
        raise UserError(f"{key}: a range goes from the lowest to the highest value{above}")
    return Dimension(key=key, low=low, high=high, log=log)


def _parse_ends(key: str, ends: Any, value: float) -> tuple[float, float]:
    # TOML's 1 is an int, and as good as 1.0 where the value is a float; not the other way.
    types, names = ((int,), "whole numbers") if type(value) is int else ((int, float), "numbers")
    if not isinstance(ends, list) or len(ends) != 2 or any(type(e) not in types for e in ends):
        raise UserError(f"{key}: a range is two {names}, the lowest and the highest")
    low, high = (type(value)(end) for end in ends)
    return low, high
