"""Command-line options, declared as metadata of a config dataclass's fields, and types of these."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

OPTION = "option"

# Hashed to assign a split where a file has no official one.
SplitBy = Literal["sketch", "user"]
Split = Literal["train", "valid", "test"]


@dataclass(frozen=True, kw_only=True)
class Option:
    """An option of the command line; its type and default are those of the field."""

    help: str  # without the default, which is added
    metavar: str | None = None
    name: str | None = None  # None: the field's
    positional: bool = False
    action: Literal["append", "extend"] | None = None  # of several values: how repeats add up


def option(help: str, **settings: Any) -> Mapping[str, Option]:
    """Return a field's metadata that makes it an option: `field(metadata=option("…"))`.

    Args:
        help: the text of `--help`.
        settings: the other fields of `Option`.
    """
    return {OPTION: Option(help=help, **settings)}
