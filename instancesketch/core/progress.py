"""One line that says how far a job is, how fast it goes, and when it will be done."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import TextIO

# A terminal's line is drawn over; anything else, such as a job's log, gets a line now and then.
_TERMINAL_SECONDS = 0.5
_LOG_SECONDS = 10.0


@dataclass
class Progress:
    """A line `NAME: text`, drawn over itself on a terminal, for as long as the `with` block lasts.

    Text comes by `show`, or is asked for now and then by `follow`, which may return None.
    """

    name: str
    quiet: bool = False
    follow: Callable[[], str | None] | None = None
    stream: TextIO = field(default_factory=lambda: sys.stderr)
    clock: Callable[[], float] = time.monotonic

    def __enter__(self) -> Progress:
        self._shown_at = self.clock()
        self._text = self._shown = ""
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._ask, daemon=True)
        if self.follow is not None:
            self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._end.set()
        if self._thread.is_alive():
            self._thread.join()
        if self.stream.isatty() and self._shown:
            self._draw()
            self.stream.write("\n")
            self.stream.flush()

    def show(self, text: str) -> None:
        """Gives the text; it is drawn when the last drawing is long enough ago."""
        self._text = text
        between = _TERMINAL_SECONDS if self.stream.isatty() else _LOG_SECONDS
        if self.clock() - self._shown_at >= between:
            self._draw()

    def _ask(self) -> None:
        assert self.follow is not None
        while not self._end.wait(_TERMINAL_SECONDS):
            if text := self.follow():
                self.show(text)

    def _draw(self) -> None:
        self._shown_at = self.clock()
        if self.quiet or self._text == self._shown:
            return
        self._shown = self._text
        before, after = ("\r\x1b[2K", "") if self.stream.isatty() else ("", "\n")
        self.stream.write(f"{before}{self.name}: {self._text}{after}")
        self.stream.flush()


@dataclass
class Pace:
    """How many of `total` slices are done, how many sketches that were, and the time left.

    Time counts from when the first slice was begun: starting workers up is no part of the pace.
    """

    total: int
    done: int = 0  # before this run
    clock: Callable[[], float] = time.monotonic
    sketches: int = 0
    worked: int = 0

    began: float = float("inf")

    def add(self, sketches: int, slice_seconds: float) -> str:
        """Counts a slice that took so long, and says how things are."""
        self.done += 1
        self.worked += 1
        self.sketches += sketches
        self.began = min(self.began, self.clock() - slice_seconds)
        seconds = self.seconds
        left = seconds / self.worked * (self.total - self.done)
        return (
            f"{100 * self.done // self.total} %, slice {self.done} of {self.total}, "
            f"{self.sketches:,} sketches, {self.sketches / seconds:,.0f}/s, "
            f"{clock_text(left)} left"
        )

    @property
    def seconds(self) -> float:
        """Since the first slice was begun."""
        return max(self.clock() - self.began, 1e-9)


@dataclass
class ReadingPace:
    """How much of a folder is read, how fast, and the time left; of one folder after another."""

    clock: Callable[[], float] = time.monotonic

    def __post_init__(self) -> None:
        self._folder, self._read = "", 0
        self._began = self._last = self.clock()

    def add(self, folder: str, read: int, rows: int) -> str:
        """Takes that so many of a folder's rows are read by now, and says how things are."""
        if folder != self._folder or read <= self._read:
            self._began = self._last
        self._folder, self._read, self._last = folder, read, self.clock()
        rate = read / max(self._last - self._began, 1e-9)
        left = clock_text((rows - read) / max(rate, 1e-9))
        return f"{folder}: {read:,} of {rows:,} read, {rate:,.0f}/s, {left} left"


def clock_text(seconds: float) -> str:
    """A duration as 0:05, 12:30 or 3:04:05."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
