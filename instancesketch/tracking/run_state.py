"""The files in a run's `_state/` by which its processes inform each other: versioned JSON.

| file            | value              | written by                           | read by          |
|-----------------|--------------------|--------------------------------------|------------------|
| `starts.json`   | list of `Start`    | first worker                         | driver           |
| `machine.json`  | `Machine`          | first worker                         | page             |
| `progress.json` | `Position`         | first worker                         | driver           |
| `shown.json`    | `StoredSnapshot`   | first worker                         | controller, page |
| `notes.json`    | list of warnings   | controller, which reports the epochs | driver           |
| `grow.json`     | true, or no file   | controller                           | workers          |

A file is `{"version": 2, NAME: value}`. Files of version 1 were the bare value, and a snapshot's
drawings were SVGs.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass, is_dataclass
from types import NoneType, UnionType
from typing import Any, Literal, get_args, get_origin, get_type_hints

from instancesketch.core import storage
from instancesketch.core.errors import UserError
from instancesketch.tracking.snapshot import Snapshot, StoredSnapshot, SvgSnapshot

VERSION = 2

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Worker:
    """The process of a training worker."""

    pid: int
    node: str  # its address


@dataclass(frozen=True, kw_only=True)
class Start:
    """A start of training: after which epoch, with which workers."""

    epoch: int  # epochs done before
    damaged: list[int]  # epochs whose checkpoints couldn't be used
    workers: list[Worker]
    at: str  # UTC, ISO 8601


@dataclass(frozen=True, kw_only=True)
class Machine:
    """The machine of the first worker, and the code that it runs."""

    processor: str
    cores: int
    gpu: str | None
    torch: str
    version: str  # of this package
    commit: str | None  # with `+` where files were changed; None outside a git checkout


@dataclass(frozen=True, kw_only=True)
class Position:
    """The position of a run within its epoch, and its pace."""

    epoch: int  # from 1
    epochs: int
    step: int  # from 1
    steps: int  # per epoch
    steps_per_second: float
    seconds_left: float  # of the whole run


class RunState:
    """Read and write the state files of a run.

    Reading raises a UserError where a file can't be read or isn't what was written; writing, where
    it can't be written.
    """

    def __init__(self, run: str) -> None:
        self.run = run

    def starts(self) -> list[Start]:
        """Return all starts of training, oldest first."""
        return self._read("starts", list[Start]) or []

    def add_start(self, start: Start) -> None:
        """Append a start."""
        self._write("starts", [asdict(s) for s in (*self.starts(), start)])

    def machine(self) -> Machine | None:
        """Return the machine of the last start; None for a run of an earlier version."""
        found: Machine | None = self._read("machine", Machine)
        return found

    def write_machine(self, machine: Machine) -> None:
        """Replace the machine."""
        self._write("machine", asdict(machine))

    def position(self) -> Position | None:
        """Return the last position written; None before the first."""
        found: Position | None = self._read("progress", Position)
        return found

    def write_position(self, position: Position) -> None:
        """Replace the position."""
        self._write("progress", asdict(position))

    def snapshot(self, epoch: int) -> Snapshot | None:
        """Return the snapshot of an epoch; None where there is none, or another epoch's."""
        stored: StoredSnapshot | SvgSnapshot | None = self._read(
            "shown", StoredSnapshot, version_1=SvgSnapshot
        )
        if stored is None or stored.epoch != epoch:
            return None
        try:
            return stored.restore(self.run)
        except ValueError:
            raise self._damaged("shown") from None

    def write_snapshot(self, snapshot: Snapshot) -> None:
        """Replace the snapshot."""
        self._write("shown", asdict(StoredSnapshot.of(snapshot)))

    def warnings(self) -> list[str]:
        """Return the warnings since training last started."""
        return self._read("notes", list[str]) or []

    def write_warnings(self, warnings: Sequence[str]) -> None:
        """Replace all warnings."""
        self._write("notes", list(warnings))

    def clear_warnings(self) -> None:
        """Remove the warnings of an earlier start."""
        storage.remove(self._location("notes"))

    def is_asked_to_grow(self) -> bool:
        """Return whether workers are to wait after the epoch, for more of them to be started."""
        return self._read("grow", bool) or False

    def ask_to_grow(self, asked: bool) -> None:
        """Ask the workers to wait after the epoch, or don't ask any more.

        What can't be written now is logged, and asked again at the next look for room.
        """
        try:
            if asked:
                self._write("grow", True)
            else:
                storage.remove(self._location("grow"))
        except UserError as error:
            _log.warning("%s", error)

    def _location(self, name: str) -> str:
        return storage.join(self.run, "_state", f"{name}.json")

    def _damaged(self, name: str) -> UserError:
        return UserError(
            f"{self._location(name)} is damaged or of another version; remove it to go on without "
            "what is in it"
        )

    def _write(self, name: str, value: Any) -> None:
        # Compact: indented, each coordinate of a snapshot would take a line.
        text = json.dumps({"version": VERSION, name: value}) + "\n"
        storage.write_text(self._location(name), text)

    def _read(self, name: str, hint: Any, version_1: Any = None) -> Any:
        values = storage.read_json(self._location(name))
        if values is None:
            return None
        try:
            # A run of an earlier version is continued, and its page shown.
            if not isinstance(values, dict) or "version" not in values:
                return _parse(version_1 or hint, values)
            if values["version"] != VERSION:
                raise ValueError(values["version"])
            return _parse(hint, values.get(name))
        except ValueError:
            raise self._damaged(name) from None


def _parse(hint: Any, value: Any) -> Any:
    """Return a JSON value as the type that an annotation names.

    Raises:
        ValueError: the value is of another type.
    """
    kind, inner = get_origin(hint) or hint, get_args(hint)
    if kind is UnionType and NoneType in inner:
        return None if value is None else _parse(inner[0], value)
    match value:
        case dict() if is_dataclass(hint):
            hints = get_type_hints(hint)
            # Neither more nor less: another version may mean other things by the same names.
            if value.keys() == hints.keys():
                return kind(**{name: _parse(hints[name], entry) for name, entry in value.items()})
        case dict() if kind is dict:
            return {key: _parse(inner[1], entry) for key, entry in value.items()}
        case list() if kind is list:
            return [_parse(inner[0], entry) for entry in value]
        case int() if kind is float:
            return value
        # `isinstance` would take a bool for an int.
        case _ if kind is Any or type(value) is kind or (kind is Literal and value in inner):
            return value
    raise ValueError(f"{value!r} is not of the type {hint}")
