"""One line that shows what a command does, how far it is, and how long it will still take."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from tqdm import tqdm

# A terminal's line is drawn over. Anything else, such as a job's log, is given a line now and then:
# often while somebody may be waiting for the first one.
_TERMINAL_SECONDS = 0.5
_LOG_SECONDS, _LATER_LOG_SECONDS = 3.0, 10.0
_SECONDS_OF_HASTE = 30.0
# A command that ends before this needs no sign of life.
_FIRST_SECONDS = 0.8


@dataclass
class Progress:
    """A line `NAME: text`, drawn over itself on a terminal, for as long as the `with` block lasts.

    Text comes by `show`, or from `follow`, which a thread calls twice a second and once more at the
    end; None leaves the line as it is.
    """

    name: str
    quiet: bool = False
    follow: Callable[[], str | None] | None = None
    leave: bool = True  # False: clear a terminal's line at the end
    stream: TextIO = field(default_factory=lambda: sys.stderr)
    clock: Callable[[], float] = time.monotonic

    def __enter__(self) -> Progress:
        self._began = self._drawn_at = self.clock()
        self._text = self._drawn = ""
        self._line: tqdm[None] | None = None  # once something is drawn on a terminal
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._call_follow, daemon=True)
        if self.follow is not None:
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()
        if self._line is not None:
            if self.leave:
                self._draw()
            self._line.leave = self.leave
            self._line.close()
        if _activity is not None and _activity.hidden_by is self:
            _activity.hidden_by = None

    def show(self, text: str) -> None:
        """Set the text; it is drawn if the last drawing is long enough ago."""
        self._text = text
        if self.clock() - self._drawn_at >= self._pause():
            self._draw()

    def first_after(self, seconds: float) -> None:
        """Let the first text be drawn this long after now."""
        self._drawn_at = self.clock() - self._pause() + seconds

    def _pause(self) -> float:
        if self.stream.isatty():
            return _TERMINAL_SECONDS
        is_early = self.clock() - self._began < _SECONDS_OF_HASTE
        return _LOG_SECONDS if is_early else _LATER_LOG_SECONDS

    def print(self, text: str) -> None:
        """Print a line that stays, in place of the progress line."""
        self.clear()
        if not self.quiet:
            clear_activity()
            self.stream.write(f"{text}\n")
            self.stream.flush()

    def clear(self) -> None:
        """Clear a terminal's line, so that something else can be written there."""
        if self._line is not None:
            self._line.clear()
            self._drawn = ""

    def _call_follow(self) -> None:
        assert self.follow is not None
        ended = False
        while not ended:
            ended = self._ended.wait(_TERMINAL_SECONDS)
            if text := self.follow():
                self.show(text)

    def _draw(self) -> None:
        self._drawn_at = self.clock()
        if self.quiet or self._text == self._drawn:
            return
        if _activity is not None:
            _activity.hide(self)
        self._drawn = self._text
        text = f"{self.name}: {self._text}"
        if not self.stream.isatty():
            self.stream.write(f"{text}\n")
            self.stream.flush()
        elif self._line is None:
            self._line = _terminal_line(text, self.stream)
        else:
            self._line.set_description_str(text)


class Activity:
    """The sign of life of a command: `NAME: what it does, 5 s`, wherever nothing else is shown.

    Code says what it does by `doing`. A `Progress` that has something to show takes its place.
    """

    def __init__(
        self, name: str, quiet: bool = False, stream: TextIO | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self.hidden_by: Progress | None = None
        self._clock, self._lock = clock, threading.RLock()
        self._line = Progress(name, quiet, leave=False, stream=stream or sys.stderr, clock=clock)
        self._text, self._since = "starting", clock()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Activity:
        global _activity
        self._line.__enter__()
        self._line.first_after(_FIRST_SECONDS)
        _activity = self
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        global _activity
        self._ended.set()
        self._thread.join()
        _activity = None
        self._line.__exit__()

    def set(self, text: str) -> None:
        """Set what is being done, from now on."""
        with self._lock:
            self._text, self._since = text, self._clock()

    def hide(self, progress: Progress) -> None:
        """Make room for another line, until that one is closed."""
        if progress is not self._line:
            self.hidden_by = progress
            self.clear()

    def clear(self) -> None:
        """Clear a terminal's line, so that something else can be written there."""
        with self._lock:
            self._line.clear()

    def end(self) -> None:
        """Clear the line, and show it no more."""
        self._ended.set()
        self.clear()

    def look(self) -> None:
        """Draw the line, if it is time."""
        with self._lock:
            if self.hidden_by is None:
                self._line.show(f"{self._text}, {self._clock() - self._since:.0f} s")

    def _run(self) -> None:
        while not self._ended.wait(0.2):
            self.look()


_activity: Activity | None = None  # of the command that this process runs


def doing(text: str) -> None:
    """Say what is being done from now on, where a command shows it."""
    if _activity is not None:
        _activity.set(text)


def clear_activity() -> None:
    """Clear the line of the command's activity, if it is on a terminal."""
    if _activity is not None:
        _activity.clear()


def end_activity() -> None:
    """Show no more what the command does: it waits for its user from now on."""
    if _activity is not None:
        _activity.end()


def _terminal_line(text: str, stream: TextIO) -> tqdm[None]:
    """Return a line of a terminal that shows the text, and can be given another."""
    from tqdm import tqdm

    class Line(tqdm):  # type: ignore[type-arg]
        # Without a thread that watches whether the line is drawn often enough.
        monitor_interval = 0

    # By default tqdm makes a lock of `multiprocessing`, which fixes its start method.
    Line.set_lock(threading.RLock())
    return Line(desc=text, bar_format="{desc}", file=stream)


@dataclass
class Pace:
    """Counts of shards and sketches done, and the time left.

    Time counts from the start of the first shard: starting the workers is not part of the pace.
    """

    total: int  # shards of the whole job
    done: int = 0  # shards, those of earlier starts included
    clock: Callable[[], float] = time.monotonic
    sketches: int = 0  # since this start
    worked: int = 0  # shards since this start
    began: float = float("inf")

    def add(self, sketches: int, shard_seconds: float) -> str:
        """Count a finished shard, and return the progress as text."""
        self.done += 1
        self.worked += 1
        self.sketches += sketches
        # Shards finish in any order: the one that ends first need not have begun first.
        self.began = min(self.began, self.clock() - shard_seconds)
        seconds = self.seconds
        left = seconds / self.worked * (self.total - self.done)
        # Shards may hold nothing that becomes a row, such as drawings of other splits.
        rows = f"{self.sketches:,} sketches, {self.sketches / seconds:,.0f}/s, "
        return (
            f"{100 * self.done // self.total} %, shard {self.done} of {self.total}, "
            f"{rows if self.sketches else ''}{clock_text(left)} left"
        )

    @property
    def seconds(self) -> float:
        """Return the seconds since the first shard began."""
        return max(self.clock() - self.began, 1e-9)


@dataclass
class ReadingPace:
    """Rows read of a folder, and the time left; of one folder after another."""

    clock: Callable[[], float] = time.monotonic

    def __post_init__(self) -> None:
        self._folder, self._read = "", 0
        self._began = self._last = self.clock()

    def add(self, folder: str, read: int, rows: int) -> str:
        """Return the progress as text, once `read` of a folder's `rows` are read."""
        # A smaller count is a second pass over the same folder.
        if folder != self._folder or read <= self._read:
            self._began = self._last
        self._folder, self._read, self._last = folder, read, self.clock()
        rate = read / max(self._last - self._began, 1e-9)
        left = clock_text((rows - read) / max(rate, 1e-9))
        return f"{folder}: {read:,} of {rows:,} read, {rate:,.0f}/s, {left} left"


def clock_text(seconds: float) -> str:
    """Return a duration as 0:05, 12:30 or 3:04:05."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
