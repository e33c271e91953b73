"""The checkpoints of a run: a file an epoch, with the digest of what it holds in its name.

They are the run's own, not Ray Train's: Ray keeps the newest one and those that score best, which
may be long past when the newest turns out to be damaged, and doesn't see that it is. Here the
newest, the one before it and the best are kept, and each appears whole or not at all.
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


@dataclass(frozen=True, kw_only=True)
class Found:
    """A checkpoint that is whole, if there is one, and the epochs whose own should have been it."""

    state: dict[str, Any] | None
    damaged: tuple[int, ...] = ()

    @property
    def epoch(self) -> int:
        """The epochs that it has behind it."""
        return 0 if self.state is None else int(self.state["epoch"])


def save(run: str, state: dict[str, Any]) -> None:
    """Writes the state of a fit at the end of `state["epoch"]`, and removes what it outdates.

    Args:
        run: the run's folder.
        state: tensors and plain numbers, with `epoch`, `score` (the higher the better) and
            `best_epoch`, whose checkpoint is kept for the run's end.

    Raises:
        UserError: the place can't be written.
    """
    epoch = state["epoch"]
    stream = io.BytesIO()
    torch.save(state, stream)
    content = stream.getvalue()
    name = f"epoch-{epoch:06d}-{_digest(content)}.pt"
    folder = storage.join(run, FOLDER)
    storage.write_bytes(storage.join(folder, name), content)
    for other, number in _names(run):
        if other != name and (number >= epoch or number not in (epoch - 1, state["best_epoch"])):
            storage.remove(storage.join(folder, other))


def newest(run: str) -> Found:
    """The newest checkpoint that is whole: where training goes on."""
    damaged: list[int] = []
    lines = metrics_log.read(run)
    names = _names(run)
    # Every line was written after the checkpoint of its epoch.
    told = max((line["epoch"] for line in lines), default=0)
    if told > max((epoch for _, epoch in names), default=0):
        damaged.append(told)
    for name, epoch in reversed(names):
        state = _load(run, name)
        if state is not None:
            return Found(state=state, damaged=tuple(damaged))
        damaged.append(epoch)
    return Found(state=None, damaged=tuple(damaged))


def best(run: str) -> Found:
    """The checkpoint of the highest score among those that are whole; the first of equals."""
    states = [state for name, _ in _names(run) if (state := _load(run, name)) is not None]
    if not states:
        return Found(state=None)
    chosen = max(states, key=_rank)
    wanted = max(metrics_log.read(run), key=_rank, default=chosen)["epoch"]
    whole = any(state["epoch"] == wanted for state in states)
    return Found(state=chosen, damaged=() if whole else (wanted,))


def _rank(figures: Mapping[str, Any]) -> tuple[float, int]:
    return figures["score"], -figures["epoch"]


def _names(run: str) -> list[tuple[str, int]]:
    """The names of a run's checkpoints and their epochs, oldest first."""
    matches = [_NAME.fullmatch(name) for name in storage.list_names(storage.join(run, FOLDER))]
    return [(match[0], int(match[1])) for match in matches if match]


def _load(run: str, name: str) -> dict[str, Any] | None:
    """What a checkpoint holds; None where it isn't what was written."""
    try:
        content = storage.read_bytes(storage.join(run, FOLDER, name))
    except UserError:  # it can't be read, as after damage to a disk
        return None
    if _digest(content) not in name:
        return None
    state: dict[str, Any] = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    return state


def _digest(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=16).hexdigest()
