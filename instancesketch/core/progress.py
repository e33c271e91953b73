"""One line that shows how far a job is, how fast it goes, and how long it will still take."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from tqdm import tqdm

# A terminal's line is drawn over; anything else, such as a job's log, is given few lines.
_TERMINAL_SECONDS = 0.5
_LOG_SECONDS = 10.0


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
        self._drawn_at = self.clock()
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

    def show(self, text: str) -> None:
        """Set the text; it is drawn if the last drawing is long enough ago."""
        self._text = text
        pause = _TERMINAL_SECONDS if self.stream.isatty() else _LOG_SECONDS
        if self.clock() - self._drawn_at >= pause:
            self._draw()

    def print(self, text: str) -> None:
        """Print a line that stays, in place of the progress line."""
        self.clear()
        if not self.quiet:
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
        self._drawn = self._text
        text = f"{self.name}: {self._text}"
        if not self.stream.isatty():
            self.stream.write(f"{text}\n")
            self.stream.flush()
        elif self._line is None:
            self._line = _terminal_line(text, self.stream)
        else:
            self._line.set_description_str(text)


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
        return (
            f"{100 * self.done // self.total} %, shard {self.done} of {self.total}, "
            f"{self.sketches:,} sketches, {self.sketches / seconds:,.0f}/s, "
            f"{clock_text(left)} left"
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
