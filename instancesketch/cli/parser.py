"""The argument parser of a verb, and how it reports mistakes."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any, NoReturn

import shtab

from instancesketch.core.errors import UserError

# Values that a shell completes with names of files.
_PATHS = {"SOURCE", "DIR", "CORPUS", "RESULT", "FILE", "LOCATION"}


class VerbParser(argparse.ArgumentParser):
    """A parser that raises its errors, and gives access to its options by name.

    argparse keeps its options in private attributes; these are kept in `options`.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.options: dict[str, argparse.Action] = {}  # `--name` -> its action
        self.repeatable: set[str] = set()  # options whose values add up
        self._sections_by_title: dict[str, Any] = {}
        super().__init__(*args, **kwargs)  # adds `--help`, so it comes last

    def add_argument(
        self, *names: Any, section: str | None = None, **settings: Any
    ) -> argparse.Action:
        """Add an argument as argparse does, in a section of `--help` where one is named."""
        if section is None:
            action = super().add_argument(*names, **settings)
        else:
            if section not in self._sections_by_title:
                self._sections_by_title[section] = self.add_argument_group(section)
            action = self._sections_by_title[section].add_argument(*names, **settings)
        for name in action.option_strings:
            self.options[name] = action
            if settings.get("action") in ("append", "extend"):
                self.repeatable.add(name)
        # Of the values of an option shtab completes its choices, or files where it is marked so.
        if action.metavar in _PATHS:
            action.complete = shtab.FILE  # type: ignore[attr-defined]
        return action

    def refuse_unknown(self, argv: Sequence[str]) -> None:
        """Raise a UserError that names an unknown option, and a known one that is similar."""
        # Before parsing, as argparse would first miss a required option that is only misspelt.
        for word in argv[: argv.index("--") if "--" in argv else None]:
            option = word.partition("=")[0]
            if option.startswith("--") and option not in self.options:
                similar = get_close_matches(option.lower(), [*self.options], 1)
                guess = f"; did you mean {similar[0]}?" if similar else ""
                self.error(f"unknown option {option}{guess}")

    def error(self, message: str) -> NoReturn:
        """Raise a UserError where argparse would print the usage and exit."""
        raise UserError(f"{message} (see `{self.prog} --help`)")
