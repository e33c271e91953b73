"""Drivers that are killed in the middle of their job."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence

from instancesketch.core import storage

_DRIVER = """
import sys
from instancesketch import slices
from instancesketch.cli.main import main
slices._LEAST_BYTES, slices._WANTED_SLICES = int(sys.argv.pop(1)), int(sys.argv.pop(1))
sys.exit(main())
"""


def kill_once_staged(
    command: Sequence[str], address: str, staged: int, *, least_bytes: int, wanted: int = 64
) -> int:
    """Starts a command on a cluster, and ends it with SIGKILL once so many slices are staged.

    Args:
        command: a verb and its options, the last of which is `--out`.
        address: of the cluster.
        staged: slices to wait for.
        least_bytes: of a slice.
        wanted: slices that are wished for.

    Returns:
        How many slices were staged.
    """
    driver = [sys.executable, "-c", _DRIVER, str(least_bytes), str(wanted), *command]
    process = subprocess.Popen(driver, env=os.environ | {"RAY_ADDRESS": address})
    out = command[-1]
    try:
        found: list[str] = []
        while len(found) < staged:
            assert process.poll() is None, "it ended before it was stopped"
            time.sleep(0.05)
            names = storage.list_names(f"{out}/_state/slices")
            found = [name for name in names if ".log." not in name]
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    assert not storage.exists(f"{out}/summary.json")
    return len(found)
