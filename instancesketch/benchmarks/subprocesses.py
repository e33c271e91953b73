"""Run verbs in processes of their own, on some of the cores, and measure time and memory."""

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

# Ray's object store fills whatever it may take; a limit makes memory comparable.
OBJECT_STORE_BYTES = 512 << 20
_SAMPLE_SECONDS = 1.0


@dataclass(frozen=True, kw_only=True)
class Usage:
    """The time and memory that a verb took."""

    seconds: float
    memory_mb: float | None  # None where it can't be measured: not on Linux, or on a cluster


def run_verb(argv: Sequence[str], cores: int) -> Usage:
    """Run a verb on some cores of this machine, or on the cluster that RAY_ADDRESS names.

    Raises:
        UserError: it failed; with the last line that it printed.
    """
    limit = {"RAY_DEFAULT_OBJECT_STORE_MAX_MEMORY_BYTES": str(OBJECT_STORE_BYTES)}
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "instancesketch", *argv],
        env=os.environ | limit,
        stdout=subprocess.DEVNULL,
        # Kept for the reason of a failure; the verb's own lines would stand between the rows.
        stderr=subprocess.PIPE,
        text=True,
        # In the child before it starts, so that Ray counts no more cores either.
        preexec_fn=None if is_on_cluster() else lambda: limit_cores(cores),
    )
    memory = _PeakMemory(process.pid)
    try:
        _, errors = process.communicate()
    finally:
        # Ctrl-C ends the benchmark, and must not leave a verb running.
        if process.poll() is None:
            process.terminate()
            process.wait()
        peak_mb = memory.stop()
    if process.returncode:
        # A verb ends with its error; warnings may come before it.
        last = errors.strip().splitlines()[-1:] or ["no reason given"]
        raise UserError(f"{' '.join(argv)}: {last[0]}")
    seconds = time.perf_counter() - began
    return Usage(seconds=seconds, memory_mb=None if is_on_cluster() else peak_mb)


def is_on_cluster() -> bool:
    """Return whether verbs use a cluster that is already there, not a Ray of their own."""
    return os.environ.get("RAY_ADDRESS", "local") not in ("", "local")


def limit_cores(cores: int) -> None:
    """Restrict this process and its descendants to the first `cores` cores that it may use."""
    if hasattr(os, "sched_setaffinity"):  # Linux has it
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:cores])


class _PeakMemory:
    """A thread that samples the memory of a process and all its descendants."""

    def __init__(self, pid: int) -> None:
        self._pid, self._peak_mb, self._ended = pid, 0.0, threading.Event()
        # In a thread: the kernel keeps no peak for a tree of processes.
        self._thread = threading.Thread(target=self._sample, daemon=True)
        self._thread.start()

    def stop(self) -> float | None:
        """Return the largest sample, in MB; None where the system has no such figure."""
        self._ended.set()
        self._thread.join()
        return self._peak_mb or None

    def _sample(self) -> None:
        while True:
            self._peak_mb = max(self._peak_mb, tree_memory_mb(self._pid))
            if self._ended.wait(_SAMPLE_SECONDS):
                return
