"""Describe the machine that trains, and the code."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import instancesketch
from instancesketch.tracking.run_state import Machine

_PACKAGE = Path(instancesketch.__file__).parent


def this_machine() -> Machine:
    """Return what this process runs on."""
    import torch

    # Newer versions of torch know the processor's name; `platform` has its architecture only.
    capabilities: Mapping[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()
    return Machine(
        processor=capabilities.get("cpu_name") or platform.processor() or platform.machine(),
        cores=os.cpu_count() or 1,
        gpu=torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        torch=torch.__version__,
        version=instancesketch.__version__,
        commit=git_commit(_PACKAGE),
    )


def git_commit(folder: Path) -> str | None:
    """Return the short hash of the commit checked out there, with `+` where files were changed.

    Args:
        folder: in a checkout; of one whose files git doesn't track, such as an installed package,
            the commit is None.
    """
    if not _git(folder, "ls-files", "."):
        return None
    commit = _git(folder, "rev-parse", "--short=12", "HEAD")
    changed = _git(folder, "status", "--porcelain", "--untracked-files=no", ".")
    return f"{commit}+" if commit and changed else commit


def _git(folder: Path, *arguments: str) -> str | None:
    """Return what a git command prints; None where it fails or there is no git."""
    command = ["git", "-C", str(folder), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
