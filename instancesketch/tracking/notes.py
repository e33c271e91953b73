"""Warnings of whoever reports a run, left in its folder for whoever waits for it.

Epochs are reported by a process of Ray's, whose own words nobody sees.
"""

from __future__ import annotations

from collections.abc import Sequence

from instancesketch.core import storage


def _location(run: str) -> str:
    return storage.join(run, "_state", "notes.json")


def notes(run: str) -> list[str]:
    """The warnings there are.

    Raises:
        UserError: the file can't be read.
    """
    found = storage.read_json(_location(run))
    return [text for text in found if isinstance(text, str)] if isinstance(found, list) else []


def clear(run: str) -> None:
    """Removes those of an earlier start.

    Raises:
        UserError: it can't be done.
    """
    storage.remove(_location(run))


def leave(run: str, texts: Sequence[str]) -> None:
    """Leaves warnings in place of those there were.

    Raises:
        UserError: the file can't be written.
    """
    storage.write_json(_location(run), list(texts))
