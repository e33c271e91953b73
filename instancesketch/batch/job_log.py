"""The log of a job, `_log.txt` in its folder: its config, its versions, and how it went.

Modules log by `logging`; while a job runs their records go to its folder, wherever that lies. A job
that is continued appends to its log. Only the driver's records are in it.
"""

from __future__ import annotations

import json
import logging
import platform
import statistics
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from types import TracebackType
from typing import Any

from instancesketch import __version__
from instancesketch.core import storage
from instancesketch.core.errors import UserError, find_user_error

LOG = "_log.txt"
# Object stores take files whole, so new records are written together, this often.
SECONDS_BETWEEN_WRITES = 20.0
# A hundred million drawings have many shards: of a longer log the beginning and the end are kept,
# in characters.
_FIRST, _LAST = 200_000, 600_000
_LEFT_OUT = "(lines left out here: the log had grown too long)\n"
_LONGEST_CONFIG = 4_000

_log = logging.getLogger(__name__)

# A shard is late when it takes this many times the median, and at least this long.
TIMES_MEDIAN = 5.0
LEAST_SECONDS = 10.0
# Fewer shards have no median to speak of.
_FEWEST = 5
_LOOK_EVERY = 5.0
_MOST_NAMES = 8


@contextmanager
def log_to(
    folder: str,
    verb: str,
    config: Mapping[str, Any],
    runs_on: str | None = None,
    may_write: Callable[[], bool] = lambda: True,
) -> Iterator[None]:
    """Keep the log of a job for as long as the `with` block lasts.

    Args:
        folder: the job's; an earlier log in it is continued.
        verb: the command, `ingest`.
        config: of the job.
        runs_on: the cluster, and the job there; None where it runs in this process.
        may_write: asked before each write; False where another command keeps the log by now.

    Raises:
        UserError: an earlier log can't be read.
    """
    # Of the package alone: the records of Ray and others would drown its own.
    package = logging.getLogger("instancesketch")
    level = package.level
    handler = LogFile(storage.join(folder, LOG), may_write)
    package.addHandler(handler)
    if not package.isEnabledFor(logging.INFO):
        package.setLevel(logging.INFO)
    try:
        _log.info("%s %s", verb, "continued" if handler.continues else "begun")
        _log_circumstances(config, runs_on)
        handler.start()
        yield
        _log.info("%s finished", verb)
        # Only the last write shows whether the log is whole.
        handler.close()
        if handler.error:
            _log.warning("the end of this job's log is missing: %s", handler.error)
    except (KeyboardInterrupt, SystemExit) as stop:
        _log.info("%s stopped (%s); the same command continues it", verb, type(stop).__name__)
        raise
    except BaseException as error:
        # Only a bug leaves its traceback: a mistake of the user is explained by its line.
        mistake = find_user_error(error)
        _log.info("%s failed: %s", verb, mistake or type(error).__name__, exc_info=mistake is None)
        raise
    finally:
        package.removeHandler(handler)
        package.setLevel(level)
        handler.close()


def _log_circumstances(config: Mapping[str, Any], runs_on: str | None) -> None:
    _log.info("config %s", format_config(config))
    _log.info("with %s", _versions())
    if runs_on is not None:
        _log.info("on %s", runs_on)


class LogFile(logging.Handler):
    """A log in a text file, written at intervals by a thread that `start` begins.

    A file that can't be written is tried again later; the job continues without.
    """

    def __init__(self, location: str, may_write: Callable[[], bool]) -> None:
        super().__init__(logging.INFO)
        formatter = logging.Formatter("%(asctime)s.%(msecs)03dZ %(message)s", "%Y-%m-%dT%H:%M:%S")
        # UTC, as the `Z` of the format claims: a job's machines may lie in several time zones.
        formatter.converter = time.gmtime
        self.setFormatter(formatter)
        self._location, self._may_write = location, may_write
        before = storage.read_bytes(location) if storage.exists(location) else b""
        # A log damaged by an earlier stop must not keep the job from continuing.
        self._text = before.decode("utf-8", "replace")
        self.continues = bool(before)
        self._changed = False
        self.error: UserError | None = None  # of the last write
        self._end = threading.Event()
        # A daemon, so that a job which ends without closing its log ends all the same.
        self._thread = threading.Thread(target=self._write_at_intervals, daemon=True)

    def start(self) -> None:
        """Write the records so far, and from now on new ones at intervals."""
        self._write()
        self._thread.start()

    def emit(self, record: logging.LogRecord) -> None:
        """Add a record; called by `logging`, under the handler's lock."""
        self._text = shorten(f"{self._text}{self.format(record)}\n")
        self._changed = True

    def close(self) -> None:
        """Write the last records."""
        self._end.set()
        # Not alive where an error came before `start`, or in a second call.
        if self._thread.is_alive():
            self._thread.join()
        self._write()
        super().close()

    def _write_at_intervals(self) -> None:
        while not self._end.wait(SECONDS_BETWEEN_WRITES):
            self._write()

    def _write(self) -> None:
        # The lock is not kept while writing, which may take seconds: all that logs would wait.
        self.acquire()
        text, changed, self._changed = self._text, self._changed, False
        self.release()
        if not changed:
            return
        try:
            # A file is written as a whole, which would lose the lines of another.
            if self._may_write():
                storage.write_text(self._location, text)
            self.error = None
        except UserError as error:
            self.error, self._changed = error, True


def shorten(text: str) -> str:
    """Return a text of bounded length: of a longer one, whole lines from its two ends."""
    if len(text) <= _FIRST + _LAST:
        return text
    # Cut to half of the limit, or every new line would cut it again.
    first, last = text[:_FIRST], text[-_LAST // 2 :]
    first = first[: first.rfind("\n") + 1].removesuffix(_LEFT_OUT)
    return f"{first}{_LEFT_OUT}{last[last.find(chr(10)) + 1 :]}"


def format_config(config: Mapping[str, Any]) -> str:
    """Return a config in a line, with taxonomies by their names alone."""
    # A taxonomy has hundreds of words.
    named = {
        key: value.get("name") if key == "taxonomy" and isinstance(value, Mapping) else value
        for key, value in config.items()
    }
    text = json.dumps(named, ensure_ascii=False, default=str)
    return text if len(text) <= _LONGEST_CONFIG else f"{text[:_LONGEST_CONFIG]} …"


def _versions() -> str:
    used = [f"instancesketch {__version__}", f"Python {platform.python_version()}"]
    for package in ("ray", "torch", "pyarrow"):
        try:
            used.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            continue
    return f"{', '.join(used)} on {platform.node()} ({platform.platform()})"


class Stragglers:
    """A watch over the shards of a job, as a context.

    Shards that were late are logged when they are done; where none is done for as long, so are
    those that are left.

    Args:
        names: of the shards to do.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._left = dict.fromkeys(names)
        self._seconds: list[float] = []
        self._last_done = time.monotonic()
        self._ended = threading.Event()
        self._lock = threading.Lock()

    def __enter__(self) -> Stragglers:
        # A daemon: a command that ends doesn't wait for it.
        threading.Thread(target=self._watch, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended.set()

    def add(self, name: str, seconds: float) -> None:
        """Take a shard that is done, and how long it took its workers."""
        with self._lock:
            late = self._late_after()
            if late is not None and seconds > late:
                median = statistics.median(self._seconds)
                _log.info("%s was late: %.0f s, where most take %.1f s", name, seconds, median)
            self._seconds.append(seconds)
            self._left.pop(name, None)
            self._last_done = time.monotonic()

    def _late_after(self) -> float | None:
        """Return the seconds from which on a shard is late; None before that can be said."""
        if len(self._seconds) < _FEWEST:
            return None
        return max(LEAST_SECONDS, TIMES_MEDIAN * statistics.median(self._seconds))

    def _watch(self) -> None:
        while not self._ended.wait(_LOOK_EVERY):
            with self._lock:
                late, waited = self._late_after(), time.monotonic() - self._last_done
                if late is None or waited < late or not self._left:
                    continue
                names = list(self._left)[:_MOST_NAMES]
                more = len(self._left) - len(names)
                # Said again after as long again.
                self._last_done = time.monotonic()
            _log.info(
                "no shard done for %.0f s; left: %s%s",
                waited,
                ", ".join(names),
                f" and {more} more" if more else "",
            )
