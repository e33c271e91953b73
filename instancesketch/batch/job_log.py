"""A log of every job, `_log.txt` in its folder: what was asked, with what, and how it went.

Modules say what is worth keeping by `logging`; while a job runs it is kept in its folder, wherever
that lies, and a job that is continued goes on with its log. Only the driver's words are in it.
"""

from __future__ import annotations

import json
import logging
import platform
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from instancesketch import __version__
from instancesketch.core import storage
from instancesketch.core.errors import UserError, find_user_error
from instancesketch.distributed import submitted

LOG = "_log.txt"
# Object stores take files whole: so often is the log written again, if there is something new.
SECONDS_BETWEEN = 20.0
# Of a longer log the beginning and the end are kept, in characters: a hundred million drawings have
# many slices.
_FIRST, _LAST = 200_000, 600_000
_LEFT_OUT = "(lines left out here: the log had grown too long)\n"
_MOST_SETTINGS = 4_000

_log = logging.getLogger(__name__)


@contextmanager
def keeping(folder: str, verb: str, settings: Mapping[str, Any]) -> Iterator[None]:
    """Keeps the log of a job for as long as the `with` block lasts.

    Args:
        folder: the job's, where an earlier log is gone on with.
        verb: what is done, `ingest`.
        settings: what was asked.

    Raises:
        UserError: there is a log that can't be read.
    """
    package = logging.getLogger("instancesketch")
    level = package.level
    keeper = Keeper(storage.join(folder, LOG))
    package.addHandler(keeper)
    if not package.isEnabledFor(logging.INFO):
        package.setLevel(logging.INFO)
    try:
        _log.info("%s %s", verb, "continued" if keeper.continues else "begun")
        _log.info("asked for %s", asked(settings))
        _log.info("with %s", _versions())
        if on := _cluster():
            _log.info("on %s", on)
        keeper.start()
        yield
        _log.info("%s finished", verb)
        keeper.close()
        if keeper.lacks:
            _log.warning("the log of this job lacks its end: %s", keeper.lacks)
    except (KeyboardInterrupt, SystemExit) as stop:
        _log.info("%s stopped (%s); the same command goes on from here", verb, type(stop).__name__)
        raise
    except BaseException as error:
        mistake = find_user_error(error)
        _log.info("%s failed: %s", verb, mistake or type(error).__name__, exc_info=mistake is None)
        raise
    finally:
        package.removeHandler(keeper)
        package.setLevel(level)
        keeper.close()


class Keeper(logging.Handler):
    """Keeps records in a text file, which `start` begins to write now and then.

    A file that can't be written is tried again later; the job goes on without.
    """

    def __init__(self, location: str) -> None:
        super().__init__(logging.INFO)
        formatter = logging.Formatter("%(asctime)s.%(msecs)03dZ %(message)s", "%Y-%m-%dT%H:%M:%S")
        formatter.converter = time.gmtime
        self.setFormatter(formatter)
        self._location = location
        before = storage.read_bytes(location) if storage.exists(location) else b""
        self._text = before.decode("utf-8", "replace")
        self.continues = bool(before)
        self._changed = False
        self.lacks: UserError | None = None  # why the file isn't what it should be
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._now_and_then, daemon=True)

    def start(self) -> None:
        """Writes what there is, and from now on every so often what has come since."""
        self._write()
        self._thread.start()

    def emit(self, record: logging.LogRecord) -> None:
        """Adds a record; called by `logging`, under the handler's lock."""
        self._text = shortened(f"{self._text}{self.format(record)}\n")
        self._changed = True

    def close(self) -> None:
        """Writes the last that came."""
        self._end.set()
        if self._thread.is_alive():
            self._thread.join()
        self._write()
        super().close()

    def _now_and_then(self) -> None:
        while not self._end.wait(SECONDS_BETWEEN):
            self._write()

    def _write(self) -> None:
        self.acquire()
        text, changed, self._changed = self._text, self._changed, False
        self.release()
        if not changed:
            return
        try:
            storage.write_text(self._location, text)
            self.lacks = None
        except UserError as error:
            self.lacks, self._changed = error, True


def shortened(text: str) -> str:
    """A text of bounded length: of a longer one whole lines from its beginning and its end."""
    if len(text) <= _FIRST + _LAST:
        return text
    # Cut to half of what it may have, or every line would cut it again.
    first, last = text[:_FIRST], text[-_LAST // 2 :]
    first = first[: first.rfind("\n") + 1].removesuffix(_LEFT_OUT)
    return f"{first}{_LEFT_OUT}{last[last.find(chr(10)) + 1 :]}"


def asked(settings: Mapping[str, Any]) -> str:
    """Settings in a line, taxonomies by their names alone."""
    named = {
        key: value.get("name") if key == "taxonomy" and isinstance(value, Mapping) else value
        for key, value in settings.items()
    }
    text = json.dumps(named, ensure_ascii=False, default=str)
    return text if len(text) <= _MOST_SETTINGS else f"{text[:_MOST_SETTINGS]} …"


def _versions() -> str:
    used = [f"instancesketch {__version__}", f"Python {platform.python_version()}"]
    for package in ("ray", "torch", "pyarrow"):
        try:
            used.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            continue
    return f"{', '.join(used)} on {platform.node()} ({platform.platform()})"


def _cluster() -> str | None:
    """The Ray that was joined, if there is one; and which job this is there, if it is one."""
    import ray

    if not ray.is_initialized():
        return None
    nodes = sum(node["Alive"] for node in ray.nodes())
    held = ray.cluster_resources()
    job = submitted.job_id()
    size = f"Ray with {held.get('CPU', 0):g} CPUs and {held.get('GPU', 0):g} GPUs in {nodes} nodes"
    return f"{size}, as job {job}" if job else size
