"""The one place that reports what a run comes to, to everything that keeps track of it."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Protocol

from instancesketch.core.errors import UserError
from instancesketch.tracking import Track, clearml, notes, pictures
from instancesketch.tracking.metrics_log import RunLog
from instancesketch.tracking.pictures import Shown
from instancesketch.tracking.tensorboard import TensorBoard

_log = logging.getLogger(__name__)


class Tracker(Protocol):
    """Where the course of a run is kept. All of it can be told again when a run is continued."""

    def start(self, settings: Mapping[str, Any]) -> None:
        """Takes the resolved settings of a run that begins or goes on."""

    def log(self, figures: Mapping[str, Any], shown: Shown | None) -> None:
        """Takes the figures of the epoch that `figures["epoch"]` names, from 1, in place of what
        was told of it and of later ones; and what is to be seen of it if it is the best so far.
        """

    def close(self, failed: bool) -> None:
        """Ends it, when the run is done or has failed: no more will be told."""


def check_track(track: Track | None) -> None:
    """Raises a UserError where what is asked for isn't installed."""
    if track == "clearml":
        clearml.check()


@dataclass(frozen=True)
class Reporter:
    """Tells all trackers of a run. It can be sent to whichever process reports the epochs; as a
    context, where the run is waited for, it begins and ends them.
    """

    run: str
    settings: Mapping[str, Any]
    trackers: Sequence[Tracker]
    warnings: list[str] = field(default_factory=list)  # all since it began

    @classmethod
    def to(cls, run: str, name: str, settings: Mapping[str, Any], track: Track | None) -> Reporter:
        """Reports to the run's log and TensorBoard always, and to what else is asked for.

        Args:
            run: the run's folder, which has its settings already.
            name: what it is called.
            settings: as resolved.
            track: what else to report to. Where it doesn't answer, that is one line of warning.
        """
        trackers: list[Tracker] = [RunLog(run), TensorBoard(run)]
        if track == "clearml" and (remote := clearml.begin(run, name)):
            trackers.append(remote)
        return cls(run, settings, trackers)

    def __enter__(self) -> Reporter:
        notes.clear(self.run)
        for tracker in self.trackers:
            tracker.start(self.settings)
        return self

    def log(self, figures: Mapping[str, Any]) -> None:
        """Tells of an epoch, with what its worker has left to be shown.

        A tracker that can't take it is no reason to end a training: that is a warning.

        Raises:
            UserError: the run's own log couldn't be written, and has the epoch still to write; all
                others were told.
        """
        epoch, shown = figures["epoch"], None
        try:
            shown = pictures.left(self.run, epoch)
        except UserError as error:
            self.warn(epoch, error)
        unwritten: UserError | OSError | None = None
        for tracker in self.trackers:
            try:
                tracker.log(figures, shown)
            except (UserError, OSError) as error:
                if isinstance(tracker, RunLog):
                    unwritten = error
                else:
                    self.warn(epoch, f"{error}; the run goes on")
        if unwritten:
            raise unwritten

    def warn(self, epoch: int, words: object) -> None:
        """Has whoever waits for the run told in one line what went wrong after an epoch."""
        self.warnings.append(f"epoch {epoch}: {' '.join(str(words).split())}")
        _log.warning("%s", self.warnings[-1])
        with suppress(UserError):  # what can't be left now is left with the next
            notes.leave(self.run, self.warnings)

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        for tracker in self.trackers:
            tracker.close(kind is not None)
