"""Values of a verb's options from a TOML file, for `--config`."""

from __future__ import annotations

import argparse
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from instancesketch.cli.options import KEY_VALUE
from instancesketch.cli.parser import VerbParser
from instancesketch.core.errors import UserError


def read_options(parser: VerbParser, argv: Sequence[str]) -> list[str]:
    """Return the values of the `--config` file on a command line, as options to put before it.

    Options that the command line gives as well are left out, unless their values add up.

    Raises:
        UserError: the file can't be read, or has a key that isn't an option of the verb.
    """
    # Parsed by itself: the verb's required options may all be in the file.
    config_only = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    config_only.add_argument("--config")
    path = config_only.parse_known_args(list(argv))[0].config
    if path is None:
        return []
    known = [o for o in parser.options if o.startswith("--") and o not in ("--config", "--help")]
    tokens: list[str] = []
    for key, value in _load(path).items():
        option = "--" + key.replace("_", "-")
        if option not in known:
            names = ", ".join(o.removeprefix("--") for o in known)
            raise UserError(f"{path}: unknown key {key!r}; known keys are {names}")
        given = any(word == option or word.startswith(f"{option}=") for word in argv)
        # Of `--set KEY=VALUE` the later one counts for each key, so the file's come first.
        if not given or parser.options[option].metavar == KEY_VALUE:
            tokens += _tokens(path, option, parser, value)
    # An option has to follow, or a list of values would take in the positional ones after it.
    return [*tokens, f"--config={path}"]


def _load(path: str) -> dict[str, Any]:
    try:
        return tomllib.loads(Path(path).read_text("utf-8"))
    except OSError as error:
        raise UserError(f"--config {path}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"--config {path} is not a TOML file: {error}") from None


def _tokens(path: str, option: str, parser: VerbParser, value: Any) -> list[str]:
    nargs = parser.options[option].nargs
    if nargs == 0:
        if not isinstance(value, bool):
            raise UserError(f"{path}: {option[2:]} is true or false")
        # False is the same as leaving a flag out.
        return [option] if value else []
    several = nargs == "+" or option in parser.repeatable
    values = value if isinstance(value, list) and several else [value]
    # Other than these, what can't be parsed is reported by argparse, as on the command line.
    if not values or any(isinstance(v, bool | dict | list) for v in values):
        raise UserError(f"{path}: {option[2:]} can't be {value!r}")
    if nargs == "+":
        return [option, *map(str, values)]
    # In one word, so that a value such as -1 isn't taken for an option.
    return [f"{option}={v}" for v in values]
