"""The position of a run within its epoch: a worker writes it, the driver shows it."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from instancesketch.core.errors import UserError
from instancesketch.core.progress import Progress, clock_text
from instancesketch.metrics.formatting import PERCENT, title_of
from instancesketch.metrics.terminal import TextTable
from instancesketch.tracking.metrics_log import best_epoch, read
from instancesketch.tracking.run_state import Position, RunState

SECONDS_BETWEEN_POSITIONS = 2.0
# On an object store each is a request that is paid for, and takes a step's time.
SECONDS_ON_A_STORE = 30.0

_log = logging.getLogger(__name__)


class PositionWriter:
    """Write the position of a run within its epoch now and then, in a thread."""

    def __init__(self, run: str, epochs: int) -> None:
        self.state, self.epochs = RunState(run), epochs
        self.seconds = SECONDS_ON_A_STORE if "://" in run else SECONDS_BETWEEN_POSITIONS
        self.thread: threading.Thread | None = None  # that writes, or has written
        self.epoch = -1  # none has begun

    def begin(self, epoch: int, done: int = 0) -> None:
        """Start the clock of an epoch, of which `done` steps are done."""
        self.epoch, self.first, self.began = epoch, done, time.perf_counter()
        self.written_at = float("-inf")

    def step(self, epoch: int, step: int, steps: int) -> None:
        """Count a step.

        Args:
            epoch: from 0.
            step: from 1.
            steps: how many an epoch has.
        """
        if epoch != self.epoch:  # the rate leaves out the selection between two epochs
            self.begin(epoch, step)
            return
        # A step may take less than writing a file does.
        now = time.perf_counter()
        if now - self.written_at <= self.seconds or (self.thread and self.thread.is_alive()):
            return
        self.written_at = now
        rate = (step - self.first) / (now - self.began)
        left = (self.epochs - epoch) * steps - step
        position = Position(
            epoch=epoch + 1,
            epochs=self.epochs,
            step=step,
            steps=steps,
            steps_per_second=rate,
            seconds_left=left / rate,
        )
        # A daemon: steps don't wait for a slow disk or store, nor does the end of the process.
        self.thread = threading.Thread(target=self._write, args=(position,), daemon=True)
        self.thread.start()

    def _write(self, position: Position) -> None:
        # Training doesn't depend on it, and the next one comes soon.
        with suppress(UserError):
            self.state.write_position(position)


@contextmanager
def follow_run(run: str, name: str, quiet: bool) -> Iterator[None]:
    """Log the epochs and warnings of a run while the block waits for it.

    Args:
        run: the run's folder.
        name: of the run, at the beginning of each line.
        quiet: don't print epochs, nor the position within the current one.
    """
    follower = _Follower(run, name)
    # The position means nothing once the run has ended, so its line is cleared.
    follower.progress = Progress(name, quiet, follower.look, leave=False)
    with follower.progress:
        yield


class _Follower:
    """Reads a run's folder for what is new since the last look."""

    progress: Progress

    def __init__(self, run: str, name: str) -> None:
        self.run, self.name, self.state = run, name, RunState(run)
        # Those of an earlier start were shown then.
        self.epochs_shown = len(read(run))
        self.warnings_shown = set(self.state.warnings())

    def look(self) -> str | None:
        """Log and print what is new; return the position as text."""
        # What can't be read now is read at the next look: the thread must outlive a bad moment.
        with suppress(UserError):
            self._show_warnings()
        with suppress(UserError):
            self._show_epochs()
            return self._position()
        return None

    def _show_warnings(self) -> None:
        for warning in self.state.warnings():
            if warning not in self.warnings_shown:
                # The log's line would be appended to the progress line.
                self.progress.clear()
                _log.warning("%s", warning)
                self.warnings_shown.add(warning)

    def _show_epochs(self) -> None:
        lines = read(self.run)
        for number, line in enumerate(lines[self.epochs_shown :], self.epochs_shown):
            # The first is the best of none.
            is_best = number > 0 and best_epoch(lines[: number + 1]) == line["epoch"]
            text = f"{self.name}: {_epoch_text(line)}{', the best so far' if is_best else ''}"
            _log.info("%s", text)
            self.progress.print(text)
        self.epochs_shown = len(lines)

    def _position(self) -> str | None:
        position = self.state.position()
        # The position of an epoch that is done, or of an earlier start, is old.
        if position is None or position.epoch <= self.epochs_shown:
            return None
        left = clock_text(position.seconds_left)
        return (
            f"epoch {position.epoch} of {position.epochs}, step {position.step} of "
            f"{position.steps}, {position.steps_per_second:.1f} steps/s, {left} left"
        )


def epoch_table(lines: Sequence[Mapping[str, Any]], most: int = 24) -> TextTable:
    """Return the epochs of a run as a table, the best one marked.

    Args:
        lines: the run's log; at least one epoch.
        most: about how many to show. Of more, every nth, the best and the last.
    """
    best, step = best_epoch(lines), math.ceil(len(lines) / most)
    last = lines[-1]["epoch"]
    shown = [e for e in lines if e["epoch"] % step == 0 or e["epoch"] in (best, last)]
    names = [name for name in PERCENT if any(e.get(name) is not None for e in shown)]
    losses = [name for name in ("loss", "selection_loss") if any(name in e for e in shown)]
    rows = [
        [str(e["epoch"]), clock_text(e["seconds"])]
        + [_figure(e.get(name), 4) for name in losses]
        + [_figure(e.get(name), 2) for name in names]
        for e in shown
    ]
    epochs = [e["epoch"] for e in shown]
    head = ["epoch", "took", *(title_of(name) for name in (*losses, *names))]
    # Without a selection split the last epoch is taken, as the best of none.
    chosen = epochs.index(best) if names else None
    return TextTable(head=head, rows=rows, best=chosen)


def _figure(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def _epoch_text(line: Mapping[str, Any]) -> str:
    words = [f"epoch {line['epoch']} took {clock_text(line['seconds'])}"]
    losses = [name for name in ("loss", "selection_loss") if line.get(name) is not None]
    words += [f"{title_of(name)} {line[name]:.4f}" for name in losses]
    words += [
        f"{title_of(name)} {line[name]:.2f}" for name in PERCENT if line.get(name) is not None
    ]
    return ", ".join(words)
