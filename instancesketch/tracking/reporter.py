"""The one place that reports the epochs of a run to everything that tracks it."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Protocol

from instancesketch.core.errors import UserError
from instancesketch.tracking import Track, clearml, pictures
from instancesketch.tracking.metrics_log import MetricsLog
from instancesketch.tracking.pictures import Pictures
from instancesketch.tracking.run_state import RunState
from instancesketch.tracking.tensorboard import TensorBoard

_log = logging.getLogger(__name__)


class Tracker(Protocol):
    """A place that keeps the metrics of a run.

    When a run is continued, its epochs may be logged again.
    """

    def start(self, settings: Mapping[str, Any]) -> None:
        """Take the resolved settings of a run that begins or continues."""

    def log(self, metrics: Mapping[str, Any], pictures: Pictures | None) -> None:
        """Take the metrics of the epoch `metrics["epoch"]`, from 1.

        They replace what was logged of this epoch and of later ones. `pictures` are there for an
        epoch that is the best so far.
        """

    def close(self, failed: bool) -> None:
        """End the record of a run that is done or has failed."""


def check_track(track: Track | None) -> None:
    """Raise a UserError where what `track` names isn't installed."""
    if track == "clearml":
        clearml.check()


@dataclass(frozen=True)
class Reporter:
    """Reports the epochs of a run to all its trackers.

    The driver starts and closes the trackers with a `with` block; a copy of the reporter in
    another process, the one that controls the workers, logs the epochs.
    """

    run: str
    settings: Mapping[str, Any]
    trackers: Sequence[Tracker]
    warnings: list[str] = field(default_factory=list)  # all since it began

    @classmethod
    def of(cls, run: str, settings: Mapping[str, Any], *others: Tracker) -> Reporter:
        """Return a reporter to the run's log, to TensorBoard and to other trackers.

        Args:
            run: the run's folder, which has its settings already.
            settings: as resolved.
            others: more trackers.
        """
        return cls(run, settings, [MetricsLog(run), TensorBoard(run), *others])

    def __enter__(self) -> Reporter:
        RunState(self.run).clear_warnings()
        for tracker in self.trackers:
            tracker.start(self.settings)
        return self

    def log(self, metrics: Mapping[str, Any]) -> None:
        """Log an epoch, with pictures of what its worker left in the run's state.

        A tracker that fails doesn't end the training: that is a warning.

        Raises:
            UserError: the run's own log couldn't be written, and writes the epoch with the next
                one; all other trackers have it.
        """
        epoch, drawn = metrics["epoch"], None
        # Only an epoch that is the best so far has a snapshot.
        try:
            if snapshot := RunState(self.run).snapshot(epoch):
                drawn = pictures.draw(snapshot)
        except UserError as error:
            self.warn(epoch, error)
        unwritten: UserError | OSError | None = None
        for tracker in self.trackers:
            try:
                tracker.log(metrics, drawn)
            except (UserError, OSError) as error:
                # A run is continued and judged by its own log: that one must not lack an epoch.
                if isinstance(tracker, MetricsLog):
                    unwritten = error
                else:
                    self.warn(epoch, f"{error}; the run goes on")
        if unwritten:
            raise unwritten

    def warn(self, epoch: int, message: object) -> None:
        """Log a warning about an epoch in one line, and leave it for the process that waits.

        The process that controls the workers is one of Ray's: nobody sees its own log.
        """
        # In one line: errors of some file systems have several.
        self.warnings.append(f"epoch {epoch}: {' '.join(str(message).split())}")
        _log.warning("%s", self.warnings[-1])
        # A warning that can't be written now is written with the next one.
        with suppress(UserError):
            RunState(self.run).write_warnings(self.warnings)

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        # Trackers wait here for what is still to be sent.
        for tracker in self.trackers:
            tracker.close(kind is not None)
