"""Write a file that several processes may want to write at once, such that one of them wins.

On a disk the file is linked to its name, which fails where there is one; network file systems have
this from their server. Object stores are written through pyarrow, which has no conditional write,
so there, and on disks without links, writers raise a flag, and then look for those of others. Of
two writers the one that raises its flag later sees the other's, so never do both see none. This
needs a store that lists what has been written before, as S3, its like, Google's and Azure's do.
"""

from __future__ import annotations

import errno
import hashlib
import os
import posixpath
import random
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pyarrow.fs as fs

from instancesketch.core import storage

# Seconds for which a writer tries again while flags of others are up. They are up for moments,
# except those of killed processes.
PATIENCE = 10.0
_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.01, 1.0  # seconds
_NO_LINKS = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS}


def write_once(location: str, data: bytes) -> bytes:
    """Write a file unless there is one, and return what stands there: `data`, or another's.

    The file appears whole, and is never replaced.

    Raises:
        UserError: the location can't be written.
    """
    filesystem, path = storage.locate(location)
    if isinstance(filesystem, fs.LocalFileSystem):
        with storage.translate_errors(location, "can't be written"):
            try:
                return _link(path, data)
            except OSError as error:
                if error.errno not in _NO_LINKS:
                    raise
    return _write_under_flag(location, data)


def _link(path: str, data: bytes) -> bytes:
    folder, name = os.path.split(path)
    os.makedirs(folder, exist_ok=True)
    # Not `.tmp`: a job that ends now would take it for one of a stopped process, and remove it.
    temporary = os.path.join(folder, f"_{name}.{uuid.uuid4().hex}.new")
    try:
        with open(temporary, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())  # after a power cut the name must not refer to lost data
        os.link(temporary, path)
    except FileExistsError:
        pass
    finally:
        Path(temporary).unlink(missing_ok=True)
    return Path(path).read_bytes()


def _write_under_flag(location: str, data: bytes) -> bytes:
    folder, name = posixpath.split(location)
    # Writers of equal data don't exclude each other: it doesn't matter who wins, nor whether one
    # was killed under its flag.
    own = f"_{name}.{hashlib.blake2b(data, digest_size=8).hexdigest()}."
    until = time.monotonic() + PATIENCE
    pauses = random_pauses()
    while True:
        flag = storage.join(folder, f"{own}{uuid.uuid4().hex}.flag")
        storage.write_bytes(flag, data)
        try:
            others = [n for n in _list_flags(folder, name) if not n.startswith(own)]
            # After the flags: a writer lowers its own when the file is there.
            if (before := storage.read_bytes_if_there(location)) is not None:
                return before
            if not others:
                storage.write_bytes(location, data)
                return data
            # A flag is never ignored, however old: its process may be asleep and wake up.
            # It holds what its writer wants to write, and may still do.
            if time.monotonic() > until:
                claimed = storage.read_bytes_if_there(storage.join(folder, others[0]))
                if claimed is not None:
                    return claimed
        finally:
            storage.remove(flag)
        # All that see each other step back, for different times.
        time.sleep(next(pauses))


def random_pauses() -> Iterator[float]:
    """Yield the pauses before further tries, in seconds, without end."""
    # Short at first, for a disk answers at once; then longer than a slow store takes to answer.
    longest = _SHORTEST_PAUSE
    while True:
        yield random.uniform(0, longest)
        longest = min(2 * longest, _LONGEST_PAUSE)


def _list_flags(folder: str, name: str) -> list[str]:
    names = storage.list_names(folder)
    return [n for n in names if n.startswith(f"_{name}.") and n.endswith(".flag")]
