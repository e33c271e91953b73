"""How far a run is within its epoch: signs that it leaves, and lines for whoever waits for it."""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from instancesketch.core import storage
from instancesketch.core.errors import UserError
from instancesketch.core.progress import clock_text
from instancesketch.metrics.formatting import title_of
from instancesketch.tracking.metrics_log import PERCENT, read
from instancesketch.tracking.notes import notes

SECONDS_BETWEEN_SIGNS = 2.0

_log = logging.getLogger(__name__)


class Signs:
    """Leaves word of how far a run is within its epoch, every other second, for whoever follows."""

    def __init__(self, run: str, epochs: int) -> None:
        self.run, self.epochs = run, epochs
        self.epoch = -1

    def begin(self, epoch: int, done: int = 0) -> None:
        """Is told that steps of an epoch begin, so many of them being done."""
        self.epoch, self.first, self.began = epoch, done, time.perf_counter()
        self.shown = float("-inf")

    def step(self, epoch: int, step: int, steps: int) -> None:
        """Is told of every step: the epoch from 0, the step from 1, and how many there are."""
        if epoch != self.epoch:  # the rate is that of the steps, without what came before
            self.begin(epoch, step)
            return
        now = time.perf_counter()
        if now - self.shown <= SECONDS_BETWEEN_SIGNS:
            return
        self.shown = now
        rate = (step - self.first) / (now - self.began)
        left = (self.epochs - epoch) * steps - step
        where = {"epoch": epoch + 1, "epochs": self.epochs, "step": step, "steps": steps}
        pace = {"steps_per_second": rate, "seconds_left": left / rate}
        with suppress(UserError):  # nothing but whoever looks on needs it, and the next one comes
            storage.write_json(_sign_file(self.run), where | pace)


def _sign_file(run: str) -> str:
    return storage.join(run, "_state", "progress.json")


@contextmanager
def following(run: str, name: str, quiet: bool) -> Iterator[None]:
    """Logs and prints how far the run is while something waits for it: signs of life, then figures.

    A quiet one prints nothing.
    """
    done = threading.Event()
    follower = _Follower(run, name, quiet)
    thread = threading.Thread(target=follower.follow, args=(done,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


class _Follower:
    """Tells what is new of a run since it was last looked at."""

    def __init__(self, run: str, name: str, quiet: bool) -> None:
        self.run, self.name, self.quiet = run, name, quiet
        self.terminal = sys.stderr.isatty()
        self.told = len(read(run))
        self.warned = set(notes(run))
        self.last_sign: Any = None
        self.last_shown = 0.0

    def follow(self, done: threading.Event) -> None:
        """Looks every now and then, and once more in the end."""
        ended = False
        while not ended:
            ended = done.wait(0.5)
            # What can't be read now is looked at again: the thread must not end before the run.
            with suppress(UserError):
                self._tell_notes()
            with suppress(UserError):
                self._tell_epochs()
                if not self.quiet and not ended:
                    self._show_sign()

    def _tell_notes(self) -> None:
        for note in notes(self.run):
            if note not in self.warned:
                if self.terminal and not self.quiet:
                    _say("", over=True, terminal=True)
                _log.warning("%s", note)
                self.warned.add(note)

    def _tell_epochs(self) -> None:
        lines = read(self.run)
        for line in lines[self.told :]:
            words = [f"{self.name}: epoch {line['epoch']} took {clock_text(line['seconds'])}"]
            words.append(f"loss {line['loss']:.4f}")
            words += [
                f"{title_of(key)} {line[key]:.2f}" for key in PERCENT if line.get(key) is not None
            ]
            _log.info("%s", ", ".join(words))
            if not self.quiet:
                _say(", ".join(words), over=False, terminal=self.terminal)
        self.told = len(lines)

    def _show_sign(self) -> None:
        sign = storage.read_json(_sign_file(self.run))
        pause = 0.5 if self.terminal else 15.0
        if sign and sign != self.last_sign and time.monotonic() - self.last_shown > pause:
            self.last_sign, self.last_shown = sign, time.monotonic()
            text = "{epoch} of {epochs}, step {step} of {steps}".format(**sign)
            left = clock_text(sign["seconds_left"])
            rate = sign["steps_per_second"]
            _say(
                f"{self.name}: epoch {text}, {rate:.1f} steps/s, {left} left",
                over=True,
                terminal=self.terminal,
            )


def _say(text: str, *, over: bool, terminal: bool) -> None:
    if terminal:
        print(f"\r\x1b[2K{text}", end="" if over else "\n", file=sys.stderr, flush=True)
    else:
        print(text, file=sys.stderr, flush=True)
