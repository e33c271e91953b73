"""Tie a folder to the config that it is made with, so that only the same config continues it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from instancesketch.core import storage
from instancesketch.core.errors import UserError

SUMMARY = "summary.json"  # a folder that has one is finished
# A list of corpora or a fingerprint would hide the other differences, so it is named alone.
_LONGEST_VALUE = 60


@dataclass(frozen=True, kw_only=True)
class Layout:
    """The file in which a folder keeps its config, and the option that names the folder."""

    config_file: str
    option: str
    must_be_empty: bool = False  # before it is claimed
    same_keys: bool = False  # refuse a config that lacks a key of the one before


# Rows depend on every key: a job that lacks one would mix its rows with those made by it.
JOB = Layout(config_file="_state/settings.json", option="--out", must_be_empty=True, same_keys=True)
# A run may have more keys, from an earlier version.
RUN = Layout(config_file="config.json", option="--run")


def claim(location: str, config: Mapping[str, Any], layout: Layout) -> dict[str, Any] | None:
    """Write the config of a new folder, or check that it is the one of an earlier start.

    Returns:
        The summary of a finished folder; None where there is work left.

    Raises:
        UserError: the folder was made with another config, or holds something else.
    """
    if is_claimed(location, config, layout):
        return read_summary(location)
    storage.write_json(storage.join(location, layout.config_file), config)
    return None


def is_claimed(location: str, config: Mapping[str, Any], layout: Layout) -> bool:
    """Return whether the folder has been claimed before, with this config.

    Raises:
        UserError: the folder was made with another config, or holds something else.
    """
    before = storage.read_json(storage.join(location, layout.config_file))
    if before is None:
        if layout.must_be_empty:
            _refuse_foreign_files(location, layout)
        return False
    # What was written has lists for tuples and strings for keys.
    if changes := _list_changes(before, json.loads(json.dumps(config)), layout):
        raise UserError(
            f"{location} was made with another config ({'; '.join(changes)}): give the same one "
            f"to continue it, or choose another {layout.option}"
        )
    return True


def read_summary(location: str) -> dict[str, Any] | None:
    """Return the summary of a finished folder; None where it isn't finished."""
    summary: dict[str, Any] | None = storage.read_json(storage.join(location, SUMMARY))
    return summary


def _refuse_foreign_files(location: str, layout: Layout) -> None:
    # `_state` alone is left of a job that was stopped before it wrote its config.
    foreign = [name for name in storage.list_names(location) if name != "_state"]
    if foreign:
        raise UserError(
            f"{location} already holds {foreign[0]!r} and was not made by this command: choose a "
            f"new folder for {layout.option}"
        )


def _list_changes(before: Mapping[str, Any], now: Mapping[str, Any], layout: Layout) -> list[str]:
    return [
        _describe_change(name, before.get(name), now.get(name))
        for name in sorted({*before, *now} if layout.same_keys else now)
        if before.get(name) != now.get(name)
    ]


def _describe_change(name: str, old: Any, new: Any) -> str:
    # A whole recipe would hide the one value that differs; of a taxonomy the name is enough.
    if isinstance(old, dict) and isinstance(new, dict) and name != "taxonomy":
        inner = next(key for key in {**old, **new} if old.get(key) != new.get(key))
        return _describe_change(inner, old.get(inner), new.get(inner))
    change = f"{name} was {old}, is {new}"
    return change if len(change) <= _LONGEST_VALUE else name
