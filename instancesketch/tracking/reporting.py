"""The one place that reports what a run comes to, to everything that keeps track of it."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from instancesketch.errors import UserError
from instancesketch.tracking import clearml, pictures
from instancesketch.tracking.log import RunLog
from instancesketch.tracking.pictures import Shown
from instancesketch.tracking.tensorboard import TensorBoard

Track = Literal["clearml"]

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


def check(track: Track | None) -> None:
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
        for tracker in self.trackers:
            tracker.start(self.settings)
        return self

    def log(self, figures: Mapping[str, Any]) -> None:
        """Tells of an epoch, with what its worker has left to be shown."""
        try:
            shown = pictures.left(self.run, figures["epoch"])
        except UserError as error:  # no reason to end a training
            _log.warning("%s", error)
            shown = None
        for tracker in self.trackers:
            tracker.log(figures, shown)

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        for tracker in self.trackers:
            tracker.close(kind is not None)
