"""Checkpoints of a run: a file per epoch, and one within it, named by the digest of its content.

Ray Train's own checkpoints aren't used. It keeps the newest and the best ones and doesn't notice
damage; if the newest is damaged, the best may be many epochs older. Here the newest, the one before
it and the best are kept, and a file appears whole or not at all.
"""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch

from instancesketch.core import storage
from instancesketch.core.errors import UserError
from instancesketch.tracking import metrics_log

FOLDER = "_checkpoints"
_NAME = re.compile(r"epoch-(\d+)-([0-9a-f]{32})\.pt")
# In the middle of an epoch: epochs done, steps done, workers.
_WITHIN = re.compile(r"within-(\d+)-(\d+)-(\d+)-([0-9a-f]{32})\.pt")


@dataclass(frozen=True, kw_only=True)
class Found:
    """An undamaged checkpoint, if there is one, and the epochs whose checkpoints were expected."""

    state: dict[str, Any] | None
    damaged: tuple[int, ...] = ()

    @property
    def epoch(self) -> int:
        """Return the number of epochs done."""
        return 0 if self.state is None else int(self.state["epoch"])


def save(run: str, state: dict[str, Any]) -> None:
    """Write the state after the epoch `state["epoch"]`, and remove outdated checkpoints.

    Args:
        run: the run's folder.
        state: tensors and plain numbers, with `epoch`, `score` (the higher the better) and
            `best_epoch`, whose checkpoint is kept for the weights of the run.

    Raises:
        UserError: the folder can't be written.
    """
    epoch = state["epoch"]
    # Zeros before the number, so that names sort by epoch.
    name = _write(run, f"epoch-{epoch:06d}", state)
    for other, number in _names(run):
        # Files of this or a later epoch were damaged, which is why training went back behind them.
        if other != name and (number >= epoch or number not in (epoch - 1, state["best_epoch"])):
            storage.remove(storage.join(run, FOLDER, other))
    _remove_within(run)


def save_within(run: str, state: dict[str, Any]) -> None:
    """Write the state in the middle of an epoch, and remove the one before.

    Args:
        run: the run's folder.
        state: as for `save`, with `within`: the `steps` done and the states of all `ranks`.

    Raises:
        UserError: the folder can't be written.
    """
    within = state["within"]
    place = f"{state['epoch']:06d}-{within['steps']:08d}-{len(within['ranks'])}"
    _remove_within(run, but=_write(run, f"within-{place}", state))


def _write(run: str, place: str, state: dict[str, Any]) -> str:
    stream = io.BytesIO()
    torch.save(state, stream)
    name = f"{place}-{_digest(stream.getvalue())}.pt"
    storage.write_bytes(storage.join(run, FOLDER, name), stream.getvalue())
    return name


def _remove_within(run: str, but: str = "") -> None:
    for name, *_ in _names_within(run):
        if name != but:
            storage.remove(storage.join(run, FOLDER, name))


def newest(run: str) -> Found:
    """Return the newest undamaged checkpoint, from which training continues."""
    damaged: list[int] = []
    lines = metrics_log.read(run)
    names = _names(run)
    # Metrics are logged after the checkpoint of their epoch is written: a missing one was lost.
    reported = max((line["epoch"] for line in lines), default=0)
    if reported > max((epoch for _, epoch in names), default=0):
        damaged.append(reported)
    # A damaged file costs one epoch: the one before it is kept, too.
    for name, epoch in reversed(names):
        state = _load(run, name)
        if state is not None:
            return Found(state=state, damaged=tuple(damaged))
        damaged.append(epoch)
    return Found(state=None, damaged=tuple(damaged))


def reached(run: str) -> tuple[int, int]:
    """Return the epochs that checkpoints were saved of, and the steps in the one after them."""
    of_epochs = [(epoch, 0) for _, epoch in _names(run)]
    return max([(0, 0), *of_epochs, *((e, steps) for _, e, steps, _ in _names_within(run))])


def resume(run: str, workers: int) -> Found:
    """Return the newest undamaged checkpoint, with `unreported` in its state.

    These are the figures of epochs that were saved but not logged, because the run was stopped in
    between. A checkpoint within an epoch is of use to as many workers as saved it alone, for it has
    the rows that each of them has read.
    """
    found = newest(run)
    for name, epoch, _, of_workers in _names_within(run):
        if epoch == found.epoch and of_workers == workers and (state := _load(run, name)):
            found = Found(state=state, damaged=found.damaged)
    if found.state is None or not found.state["epoch"]:
        return found
    reported = max((line["epoch"] for line in metrics_log.read(run)), default=0)
    course = found.state.get("course", [found.state["figures"]])
    unreported = [figures for figures in course if figures["epoch"] > reported]
    return Found(state=found.state | {"unreported": unreported}, damaged=found.damaged)


def best(run: str) -> Found:
    """Return the undamaged checkpoint of the highest score, the earliest of equal ones."""
    states = [state for name, _ in _names(run) if (state := _load(run, name)) is not None]
    if not states:
        return Found(state=None)
    found = max(states, key=_rank)
    best_epoch = max(metrics_log.read(run), key=_rank, default=found)["epoch"]
    # The log has the scores of epochs whose checkpoints are lost.
    whole = any(state["epoch"] == best_epoch for state in states)
    return Found(state=found, damaged=() if whole else (best_epoch,))


def _rank(figures: Mapping[str, Any]) -> tuple[float, int]:
    # Of equal scores the earliest wins, whatever order the files are in.
    return figures["score"], -figures["epoch"]


def _names(run: str) -> list[tuple[str, int]]:
    """List the names of a run's checkpoints and their epochs, oldest first."""
    matches = [_NAME.fullmatch(name) for name in storage.list_names(storage.join(run, FOLDER))]
    return [(match[0], int(match[1])) for match in matches if match]


def _names_within(run: str) -> list[tuple[str, int, int, int]]:
    """List the names of checkpoints within epochs, with epochs and steps done, and workers."""
    matches = [_WITHIN.fullmatch(name) for name in storage.list_names(storage.join(run, FOLDER))]
    return [(m[0], int(m[1]), int(m[2]), int(m[3])) for m in matches if m]


def _load(run: str, name: str) -> dict[str, Any] | None:
    """Return the state in a checkpoint; None if its content isn't what was written."""
    try:
        content = storage.read_bytes(storage.join(run, FOLDER, name))
    except UserError:  # such as by a damaged disk
        return None
    # A damaged file may still load, with other weights.
    if _digest(content) not in name:
        return None
    # Weights alone: other pickles could run code.
    state: dict[str, Any] = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    return state


def _digest(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=16).hexdigest()
