"""Let one command at a time work in a folder: it holds a lease, which it renews while it lives.

    FOLDER/_state/at-work.ID.json   the process that works there, and how often it has renewed this

A command raises its file, and then looks for those of others; where there are some, it lowers its
own and waits. Of two commands the one that raises its file later sees the other's, so never do both
see none, on stores that list what has been written before.

A file whose process is gone, or that isn't renewed for a while, is removed by whoever waits. Only
times that passed on the waiting machine are compared, so clocks may differ. A process that slept
for so long may wake up beside the one that took its place. Until it notices, the two do the same
shards of the same config to the same files, so the rows are the same.
"""

from __future__ import annotations

import logging
import os
import platform
import threading
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil

from instancesketch.core import storage
from instancesketch.core.errors import TransientError, UserError
from instancesketch.core.write_once import random_pauses

PREFIX = "at-work."
SECONDS_BETWEEN_RENEWALS = 5.0
# Without a renewal, after which a process on another machine counts as gone.
SECONDS_UNTIL_EXPIRY = 30.0
_LONGEST_POLL = 5.0  # seconds; each is a request to an object store
_CLOCK_STEP = 2.0  # seconds by which the start of a process may seem to move

_log = logging.getLogger(__name__)


class Lease:
    """The right to work in a folder, for as long as the file in it stands."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self.name = f"{PREFIX}{uuid.uuid4().hex}.json"
        self._file = storage.join(folder, "_state", self.name)
        self._process = _describe_process()
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._renew, daemon=True)

    def is_held(self) -> bool:
        """Return whether no other command has taken this one for dead."""
        return storage.exists(self._file)

    def refuse_loss(self) -> None:
        """Check that the lease is still held.

        Raises:
            UserError: another command works in the folder.
        """
        if not self.is_held():
            raise TransientError(
                f"{self._folder}: another command continues this one, which stood still for more "
                f"than {SECONDS_UNTIL_EXPIRY:g} s; the same command waits for its end"
            )

    def raise_file(self) -> None:
        """Write the file, and begin to renew it."""
        storage.write_json(self._file, self._process)
        self._thread.start()

    def lower_file(self) -> None:
        """Remove the file."""
        self._end.set()
        self._thread.join()
        with suppress(UserError):  # what ended the work is worth more words; the file expires
            storage.remove(self._file)

    def _renew(self) -> None:
        renewals = 0
        while not self._end.wait(SECONDS_BETWEEN_RENEWALS):
            # A store that fails now may answer the next time.
            with suppress(UserError):
                if not self.is_held():
                    return
                renewals += 1
                storage.write_json(self._file, self._process | {"renewals": renewals})


@contextmanager
def hold(folder: str) -> Iterator[Lease]:
    """Hold the lease of a folder for as long as the `with` block lasts; wait for that of others.

    Raises:
        UserError: the folder can't be written.
    """
    others = _Others(folder)
    pauses = random_pauses()
    while True:
        lease = Lease(folder)
        lease.raise_file()
        try:
            if others.find(lease.name) is None:
                yield lease
                return
        finally:
            lease.lower_file()
        # Two that saw each other step back for different times.
        time.sleep(next(pauses))
        others.wait()


class _Others:
    """The other commands that work in a folder, as far as they live."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        # Of each file that was seen: its content, and since when it has had it.
        self._seen: dict[str, tuple[Mapping[str, Any], float]] = {}
        self._reported = False

    def find(self, own: str = "") -> Mapping[str, Any] | None:
        """Return the process of another command that works there; None where there is none."""
        for name in storage.list_names(storage.join(self._folder, "_state")):
            if name.startswith(PREFIX) and name.endswith(".json") and name != own:
                file = storage.join(self._folder, "_state", name)
                process = storage.read_json(file)
                if process is not None and self._lives(name, process):
                    return process
                storage.remove(file)  # names are unique, so this is no one else's
        return None

    def wait(self) -> None:
        """Wait until no other command works there, and say so once."""
        poll = 0.05
        while (process := self.find()) is not None:
            if not self._reported:
                _log.warning(
                    "another command is at work on %s (%s, process %s); waiting for its end",
                    self._folder,
                    process["host"],
                    process["pid"],
                )
                self._reported = True
            time.sleep(poll)
            poll = min(1.5 * poll, _LONGEST_POLL)

    def _lives(self, name: str, process: Mapping[str, Any]) -> bool:
        if process["place"] == _place():
            return _is_running(process)
        now = time.monotonic()
        content, since = self._seen.get(name, (None, now))
        if content != process:
            since = now
        self._seen[name] = process, since
        return now - since < SECONDS_UNTIL_EXPIRY


def _describe_process() -> dict[str, Any]:
    return {
        "host": platform.node(),
        "pid": os.getpid(),
        "started": psutil.Process().create_time(),
        "place": _place(),
        "renewals": 0,
    }


def _place() -> str:
    """Return what processes share whose numbers mean the same."""
    # Containers of one name may have the same process number on different machines, or on one.
    with suppress(OSError):
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot} {os.readlink('/proc/self/ns/pid')}"
    return platform.node()


def _is_running(process: Mapping[str, Any]) -> bool:
    try:
        found = psutil.Process(process["pid"])
        # Numbers of processes are used again.
        same = abs(found.create_time() - process["started"]) < _CLOCK_STEP
        return same and found.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:  # another user's
        return True
