"""What a sweep searches: a TOML file of values to try, each by the name that `--set` gives it.

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

Values = Mapping[str, Any]  # of a recipe, by the names that `--set` gives them


@dataclass(frozen=True, kw_only=True)
class Dimension:
    """One value to search: among `choices`, or else from `low` to `high`, both of them included."""

    key: str
    choices: tuple[Any, ...] = ()
    low: float = 0.0  # whole for a value that is
    high: float = 0.0
    log: bool = False  # evenly by orders of magnitude

    def has(self, value: Any) -> bool:
        """Whether the value is one to try."""
        return value in self.choices if self.choices else self.low <= value <= self.high


@dataclass(frozen=True, kw_only=True)
class Space:
    """The values that a sweep searches, and the recipe that it starts from.

    `changes` are those of the recipe that hold for all trials, each `key=value`.
    """

    kind: str
    recipe: str
    changes: tuple[str, ...]
    dimensions: tuple[Dimension, ...]

    def base(self) -> Values:
        """The values that the recipe has of its own."""
        config = recipe(self.kind, self.recipe, self.changes)
        return {d.key: _value(config, d.key) for d in self.dimensions}

    def changes_of(self, values: Values) -> list[str]:
        """All that a trial of these values changes in the recipe, as `--set` takes it."""
        return [*self.changes, *(f"{key}={json.dumps(value)}" for key, value in values.items())]

    def trial(self, values: Values) -> FitConfig:
        """The recipe of a trial.

        Raises:
            UserError: the values don't go together.
        """
        return recipe(self.kind, self.recipe, self.changes_of(values))

    def to_dict(self) -> dict[str, Any]:
        """For a sweep's settings, as JSON has it."""
        return {d.key: _told(d) for d in self.dimensions}


def load(kind: str, path: str | None, name: str, changes: Sequence[str]) -> Space:
    """The space of a file, or without one that which ships for the model.

    Args:
        kind: the model, `segmenter` or `refiner`.
        path: of the file.
        name: of the recipe that the sweep starts from.
        changes: of that recipe, for all trials; what they set isn't searched.

    Raises:
        UserError: the file can't be read, or has what no recipe of the model can be.
    """
    base = recipe(kind, name, changes)
    said = f"--space {path}" if path else f"the search space of a {kind}"
    text = _text(kind, path)
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UserError(f"{said} is not a TOML file: {error}") from None
    fixed = {change.partition("=")[0].strip() for change in changes}
    found = [(key, leaf) for key, leaf in _leaves(table, said) if key not in fixed]
    if not found:
        raise UserError(f"{said} has nothing to search")
    dimensions = []
    for key, leaf in found:
        try:
            value = _value(base, key)
            dimension = _dimension(key, leaf, value)
            for end in dimension.choices or (dimension.low, dimension.high):
                recipe(kind, name, [*changes, f"{key}={json.dumps(end)}"])
        except UserError as error:
            raise UserError(f"{said}: {error}") from None
        if not dimension.has(value):
            raise UserError(
                f"{said}: {key} leaves out the recipe's own {value!r}, which is the first trial; "
                "let it in"
            )
        dimensions.append(dimension)
    return Space(kind=kind, recipe=name, changes=tuple(changes), dimensions=tuple(dimensions))


def dimensions_of(told: Mapping[str, Any]) -> tuple[Dimension, ...]:
    """The values that a sweep's settings say it searches, as `Space.to_dict` told them."""
    found = []
    for key, leaf in told.items():
        low, high = leaf.get("range", (0.0, 0.0))
        choices, log = tuple(leaf.get("choices", ())), leaf.get("log", False)
        found.append(Dimension(key=key, choices=choices, low=low, high=high, log=log))
    return tuple(found)


def _text(kind: str, path: str | None) -> str:
    if path is None:
        return (resources.files("instancesketch.training") / "spaces" / f"{kind}.toml").read_text(
            "utf-8"
        )
    try:
        return Path(path).read_text("utf-8")
    except OSError as error:
        raise UserError(f"--space {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise UserError(f"--space {path} is not a TOML file: it is no UTF-8") from None


def _leaves(table: Mapping[str, Any], said: str, above: str = "") -> Iterator[tuple[str, Any]]:
    """Tables that say what to try, by their names; tables around them are parts of a recipe."""
    for name, value in table.items():
        if not isinstance(value, dict):
            raise UserError(
                f"{said}: {above}{name} is {{ choices = [...] }} or {{ range = [low, high] }}"
            )
        if not value or {"choices", "range", "log"} & set(value):
            yield above + name, value
        else:
            yield from _leaves(value, said, f"{above}{name}.")


def _value(config: Any, key: str) -> Any:
    for name in key.split("."):
        if not hasattr(config, name):
            raise UserError(f"no {key!r} in a recipe")
        config = getattr(config, name)
    return list(config) if isinstance(config, tuple) else config


def _dimension(key: str, leaf: Mapping[str, Any], value: Any) -> Dimension:
    if set(leaf) == {"choices"}:
        choices = leaf["choices"]
        plain = isinstance(choices, list) and not any(isinstance(c, dict) for c in choices)
        if not plain or not choices:
            raise UserError(f"{key}: choices are a list of values")
        return Dimension(key=key, choices=tuple(choices))
    if "range" not in leaf or set(leaf) - {"range", "log"} or not isinstance(
        leaf.get("log", False), bool
    ):  # fmt: skip
        raise UserError(f"{key}: give choices, or range and if wanted log = true")
    ends = leaf["range"]
    number = (int, float)
    if type(value) not in number:
        raise UserError(f"{key}: {value!r} is no number; give choices")
    kinds = number if type(value) is float else (int,)
    if not isinstance(ends, list) or len(ends) != 2 or any(type(e) not in kinds for e in ends):
        what = "numbers" if type(value) is float else "whole numbers"
        raise UserError(f"{key}: a range is two {what}, the lowest and the highest")
    low, high = (type(value)(e) for e in ends)
    log = leaf.get("log", False)
    if not -math.inf < low < high < math.inf or (log and low <= 0):
        above = ", above zero where log = true" if log else ""
        raise UserError(f"{key}: a range goes from the lowest to the highest{above}")
    return Dimension(key=key, low=low, high=high, log=log)


def _told(dimension: Dimension) -> dict[str, Any]:
    if dimension.choices:
        return {"choices": list(dimension.choices)}
    return {"range": [dimension.low, dimension.high], "log": dimension.log}
