"""One line that says how far a job is, how fast it goes, and when it will be done."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TextIO

# A terminal's line is drawn over; anything else, such as a job's log, gets a line now and then.
_TERMINAL_SECONDS = 0.5
_LOG_SECONDS = 10.0


@dataclass
class Progress:
    """Shows how many of `total` slices are done, and how many sketches that were."""

    verb: str
    total: int
    done: int = 0  # before this run
    quiet: bool = False
    stream: TextIO = field(default_factory=lambda: sys.stderr)
    clock: Callable[[], float] = time.monotonic
    sketches: int = 0
    _began: float = 0.0
    _shown: float = 0.0
    _first_done: int = 0
    _open_line: bool = False

    def __post_init__(self) -> None:
        self._began = self._shown = self.clock()
        self._first_done = self.done

    def add(self, sketches: int) -> None:
        """Counts a slice."""
        self.done += 1
        self.sketches += sketches
        now = self.clock()
        if now - self._shown >= (_TERMINAL_SECONDS if self._is_terminal() else _LOG_SECONDS):
            self._show(now)

    def close(self) -> None:
        """Ends the line, so that what follows stands on its own."""
        if self._open_line:
            self._show(self.clock())
            self.stream.write("\n")
            self.stream.flush()
            self._open_line = False

    def line(self, now: float) -> str:
        """What is shown at a time."""
        seconds = max(now - self._began, 1e-9)
        worked = self.done - self._first_done
        left = seconds / worked * (self.total - self.done) if worked else 0.0
        return (
            f"{self.verb}: {100 * self.done // max(self.total, 1)} %, slice {self.done} of "
            f"{self.total}, {self.sketches:,} sketches, {self.sketches / seconds:,.0f}/s, "
            f"{clock_text(left)} left"
        )

    def _show(self, now: float) -> None:
        self._shown = now
        if self.quiet:
            return
        text = self.line(now)
        if self._is_terminal():
            self.stream.write(f"\r\x1b[2K{text}")
            self._open_line = True
        else:
            self.stream.write(f"{text}\n")
        self.stream.flush()

    def _is_terminal(self) -> bool:
        return self.stream.isatty()


def clock_text(seconds: float) -> str:
    """A duration as 0:05, 12:30 or 3:04:05."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
