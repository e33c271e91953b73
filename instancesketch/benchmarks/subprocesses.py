"""Verbs of the command line in processes of their own, on some of the cores, and their memory."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

from instancesketch.core.errors import UserError
from instancesketch.core.usage import tree_memory_mb

# The most that Ray's object store may take, so that memory can be compared.
OBJECT_STORE_BYTES = 512 << 20
_SAMPLE_SECONDS = 1.0


@dataclass(frozen=True, kw_only=True)
class Ran:
    """What running a verb took."""

    seconds: float
    memory_mb: float | None  # None where it isn't known: not on Linux, or on a cluster elsewhere


def verb(argv: Sequence[str], cores: int) -> Ran:
    """Runs a verb on so many cores of this machine, or on the cluster that RAY_ADDRESS names.

    Raises:
        UserError: it failed; with its last line.
    """
    environment = os.environ | {
        "RAY_DEFAULT_OBJECT_STORE_MAX_MEMORY_BYTES": str(OBJECT_STORE_BYTES)
    }
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "instancesketch", *argv],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=None if is_elsewhere() else lambda: keep_to(cores),
    )
    memory = _Memory(process.pid)
    try:
        _, said = process.communicate()
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait()
        peak = memory.stop()
    if process.returncode:
        last = said.strip().splitlines()[-1:] or ["no reason given"]
        raise UserError(f"{' '.join(argv)}: {last[0]}")
    return Ran(seconds=time.perf_counter() - began, memory_mb=None if is_elsewhere() else peak)


def is_elsewhere() -> bool:
    """Whether Ray is not this machine's own."""
    return os.environ.get("RAY_ADDRESS", "local") not in ("", "local")


def keep_to(cores: int) -> None:
    """Keeps this process, and those that it starts, to the first so many cores that it may use."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:cores])


class _Memory:
    """Watches how much memory a process and all that it has started hold together."""

    def __init__(self, pid: int) -> None:
        self._pid, self._peak, self._end = pid, 0.0, threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def stop(self) -> float | None:
        """The most that it was at one time, in MB; None where the system doesn't say."""
        self._end.set()
        self._thread.join()
        return self._peak or None

    def _watch(self) -> None:
        while True:
            self._peak = max(self._peak, tree_memory_mb(self._pid))
            if self._end.wait(_SAMPLE_SECONDS):
                return
