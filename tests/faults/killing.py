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
from instancesketch.batch import shards
from instancesketch.cli.main import main
shards.MIN_BYTES, shards.TARGET_SHARDS = int(sys.argv.pop(1)), int(sys.argv.pop(1))
sys.exit(main())
"""


def staged_shards(out: str) -> list[str]:
    """Return the rows of the shards that are staged in the output folder of a job."""
    folder = f"{out}/_state/slices"
    return [f"{folder}/{name}" for name in storage.list_names(folder) if name.count(".") == 2]


def kill_once_staged(
    command: Sequence[str], address: str, staged: int, *, min_bytes: int, target: int = 64
) -> int:
    """Start a command on a cluster, and kill it with SIGKILL once `staged` shards are staged.

    Args:
        command: a verb and its options, the last of which is `--out`.
        address: of the cluster.
        staged: number of shards to wait for.
        min_bytes: size of the smallest shards.
        target: number of shards to cut the sources into.

    Returns:
        The number of shards that were staged.
    """
    driver = [sys.executable, "-c", _DRIVER, str(min_bytes), str(target), *command]
    process = subprocess.Popen(driver, env=os.environ | {"RAY_ADDRESS": address})
    out = command[-1]
    try:
        while len(found := staged_shards(out)) < staged:
            assert process.poll() is None, "it ended before it was stopped"
            time.sleep(0.05)
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    assert not storage.exists(f"{out}/summary.json")
    return len(found)
