"""Tie a folder to the config that it is made with, so that only the same config continues it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from instancesketch.core import lease, storage
from instancesketch.core.errors import UserError
from instancesketch.core.lease import Lease
from instancesketch.core.taxonomy import Taxonomy
from instancesketch.core.write_once import write_once

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

    Of commands with different configs that claim a folder at once, one alone succeeds.

    Returns:
        The summary of a finished folder; None where there is work left.

    Raises:
        UserError: the folder was made with another config, or holds something else.
    """
    if is_claimed(location, config, layout):
        return read_summary(location)
    claimed = storage.encode_json(config)
    stands = write_once(storage.join(location, layout.config_file), claimed)
    if stands != claimed:  # another command was faster
        _refuse_changes(location, json.loads(stands), config, layout)
    return None


def is_claimed(location: str, config: Mapping[str, Any], layout: Layout) -> bool:
    """Return whether the folder has been claimed before, with this config.

    Raises:
        UserError: the folder was made with another config, or holds something else.
    """
    file = storage.join(location, layout.config_file)
    before = storage.read_json(file)
    if before is None and layout.must_be_empty and (foreign := _list_foreign_files(location)):
        # A command that began just now may have made them, and claimed the folder before that.
        before = storage.read_json(file)
        if before is None:
            raise UserError(
                f"{location} already holds {foreign[0]!r} and was not made by this command: choose "
                f"a new folder for {layout.option}"
            )
    if before is None:
        return False
    _refuse_changes(location, before, config, layout)
    return True


def refuse_foreign(location: str, layout: Layout) -> None:
    """Check that a folder that isn't claimed is empty where its layout asks for that.

    Raises:
        UserError: it holds something else.
    """
    if storage.read_json(storage.join(location, layout.config_file)) is None:
        # The config doesn't matter, as there is none to compare it with.
        is_claimed(location, {}, layout)


def finish_run(
    location: str, config: Mapping[str, Any], work: Callable[[Lease], dict[str, Any]]
) -> dict[str, Any]:
    """Claim the folder of a run, do what is left of it, and return its summary.

    While another command does so, this one waits, and then continues where that ended.

    Args:
        location: the folder.
        config: of the run.
        work: does what is left, in a folder that is held for it, and returns the summary.

    Returns:
        The summary, with `finished_before` if there was nothing to do.

    Raises:
        UserError: the folder was made with another config.
    """
    summary = claim(location, config, RUN)
    if summary is None:
        with lease.hold(location) as held:
            # Another command may have finished it while this one waited.
            summary = read_summary(location)
            if summary is None:
                return work(held)
    # Added here alone: the stored summary is that of the run itself.
    return summary | {"finished_before": True}


def read_summary(location: str) -> dict[str, Any] | None:
    """Return the summary of a finished folder; None where it isn't finished."""
    summary: dict[str, Any] | None = storage.read_json(storage.join(location, SUMMARY))
    return summary


def _list_foreign_files(location: str) -> list[str]:
    # `_state` alone is left of a job that was stopped before it wrote its config.
    return [name for name in storage.list_names(location) if name != "_state"]


def _refuse_changes(
    location: str, before: Mapping[str, Any], now: Mapping[str, Any], layout: Layout
) -> None:
    # What was written has lists for tuples and strings for keys.
    if changes := _list_changes(before, json.loads(json.dumps(now)), layout):
        raise UserError(
            f"{location} was made with another config ({'; '.join(changes)}): give the same one "
            f"to continue it, or choose another {layout.option}"
        )


def _list_changes(before: Mapping[str, Any], now: Mapping[str, Any], layout: Layout) -> list[str]:
    return [
        _describe_change(name, before.get(name), now.get(name))
        for name in sorted({*before, *now} if layout.same_keys else now)
        # Labels depend on every entry of a taxonomy, and it is stored as a file has it.
        if before.get(name) != now.get(name)
        and (name == "taxonomy" or not _is_same(before.get(name), now.get(name)))
    ]


def _is_same(before: Any, now: Any) -> bool:
    """Return whether two values mean the same.

    A field that an earlier version didn't have is absent there; 0, false or nothing means what
    that version did.
    """
    if isinstance(before, dict) and isinstance(now, dict):
        return all(_is_same(before.get(key), now.get(key)) for key in {**before, **now})
    return before == now or (before is None and not now)


def _describe_change(name: str, old: Any, new: Any) -> str:
    # A whole recipe would hide the one value that differs; of a taxonomy the name is enough.
    if isinstance(old, dict) and isinstance(new, dict) and name != "taxonomy":
        inner = next(key for key in {**old, **new} if not _is_same(old.get(key), new.get(key)))
        return _describe_change(inner, old.get(inner), new.get(inner))
    change = f"{name} was {old}, is {new}"
    return change if len(change) <= _LONGEST_VALUE else name


def made_with(corpora: Sequence[str]) -> list[Taxonomy]:
    """Return the distinct taxonomies that corpora were made with; empty where none was named."""
    found: list[Taxonomy] = []
    for corpus in corpora:
        file = storage.join(corpus, JOB.config_file)
        named = (storage.read_json(file) or {}).get("taxonomy")
        if isinstance(named, str):
            # By an earlier version, in another working folder, where a path means nothing here.
            taxonomy = Taxonomy.load(named) if named in Taxonomy.shipped() else None
        else:
            taxonomy = Taxonomy.from_dict(named) if isinstance(named, dict) else None
        if taxonomy is not None and taxonomy not in found:
            found.append(taxonomy)
    return found
