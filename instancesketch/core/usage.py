"""Time and memory that work takes: of the epochs of a run, of processes."""

from __future__ import annotations

import os
import resource
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

# The fields of an epoch's metrics that differ between machines; all others follow from the seed.
_CGROUP = "/sys/fs/cgroup"
MEASURED_FIELDS = ("seconds", "reading_seconds", "memory_mb")


def summarize_usage(
    epochs: Sequence[Mapping[str, Any]], sketches: int | None = None
) -> dict[str, Any]:
    """Return the speed and the memory of a run, as `summary.json` records them.

    Args:
        epochs: the metrics of each epoch: its `seconds`, the `all_drawings` that its workers used,
            and the `reading_seconds` and `memory_mb` of one of them.
        sketches: the number of sketches in an epoch, for epochs without `drawings`.
    """
    # Older versions recorded one worker's `drawings` alone.
    seen = sum(
        sketches or epoch.get("all_drawings") or epoch["drawings"] * epoch.get("workers", 1)
        for epoch in epochs
    )
    seconds, reading = _sum(epochs, "seconds"), _sum(epochs, "reading_seconds")
    stages = {"reading": reading, "training": seconds - reading}
    # Detectors, and runs of older versions, don't measure it: 0 seconds would be wrong.
    if not any("reading_seconds" in epoch for epoch in epochs):
        del stages["reading"]
    return {
        "speed": {
            "drawings": seen,
            "seconds": round(seconds, 3),
            "drawings_per_second": round(seen / max(seconds, 1e-9), 1),
        },
        # Of one worker: the seconds it waited for sketches, and those it trained on them.
        "stages": {name: {"busy_seconds": round(busy, 3)} for name, busy in stages.items()},
        "peak_memory_mb": {
            "driver": round(peak_memory_mb()),
            "worker": max((epoch.get("memory_mb", 0) for epoch in epochs), default=0),
        },
    }


def _sum(epochs: Sequence[Mapping[str, Any]], field: str) -> float:
    return float(sum(epoch.get(field, 0.0) for epoch in epochs))


def usable_cpus() -> int:
    """Return the CPUs that this process may use: of the machine, its affinity and its cgroup."""
    if hasattr(os, "sched_getaffinity"):
        number = len(os.sched_getaffinity(0))
    else:
        number = os.cpu_count() or 1
    return max(1, min(number, _cgroup_cpus(_CGROUP)))


def _cgroup_cpus(folder: str) -> int:
    """Return the CPUs that the quota of a container allows, rounded; a large number without one."""
    with suppress(OSError, ValueError, ZeroDivisionError):
        # Version 2: "150000 100000" or "max 100000".
        quota, period = (Path(folder) / "cpu.max").read_text().split()
        return max(1, round(int(quota) / int(period)))
    with suppress(OSError, ValueError, ZeroDivisionError):
        quota, period = (
            (Path(folder) / "cpu" / f"cpu.cfs_{name}_us").read_text()
            for name in ("quota", "period")
        )
        if int(quota) > 0:
            return max(1, round(int(quota) / int(period)))
    return sys.maxsize


def peak_memory_mb() -> float:
    """Return the largest resident set size that this process has had, in MB."""
    # psutil has the peak on Windows alone; elsewhere the standard library is the only source.
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)  # macOS counts bytes


def tree_memory_mb(pid: int) -> float:
    """Return the memory of a process and all its descendants now, in MB; 0 where it has ended.

    Pages that several processes share count once: it is the proportional set size (PSS), which
    Linux alone has. On other systems the result is 0.
    """
    try:
        root = psutil.Process(pid)
        processes = [root, *root.children(recursive=True)]
    except psutil.Error:
        return 0.0
    return sum(_pss(process) for process in processes) / 2**20


def _pss(process: psutil.Process) -> int:
    try:
        return int(getattr(process.memory_full_info(), "pss", 0))
    except psutil.Error:  # it has ended since, or belongs to another user
        return 0
