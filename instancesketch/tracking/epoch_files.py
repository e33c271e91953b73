"""The files that a training leaves in its run's folder at its start and after every epoch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from instancesketch.tracking import checkpoints
from instancesketch.tracking.checkpoints import Found
from instancesketch.tracking.machine import this_machine
from instancesketch.tracking.pictures import Examples
from instancesketch.tracking.run_state import RunState, Start, Worker

if TYPE_CHECKING:
    from instancesketch.training.loop import LoopConfig
    from instancesketch.training.trainer import Fit


def record_start(run: str, newest: Found, workers: Sequence[Worker]) -> None:
    """Append a start of training, from a checkpoint on, to the run's state, with the machine."""
    at = datetime.now(UTC).isoformat(timespec="seconds")
    RunState(run).add_start(
        Start(epoch=newest.epoch, damaged=list(newest.damaged), workers=list(workers), at=at)
    )
    RunState(run).write_machine(this_machine())


class EpochFiles:
    """Writes a checkpoint of every epoch, and example drawings of the best one so far.

    Args:
        run: the run's folder.
        loop: the config of the training.
        fit: the model in training.
    """

    def __init__(self, run: str, loop: LoopConfig, fit: Fit) -> None:
        self.run, self.selects = run, loop.selects
        self.examples = Examples(run, fit, loop.select, loop.selection)

    def save(self, state: dict[str, Any], confusion: Mapping[str, Any] | None) -> None:
        """Write the files of an epoch; `training.loop` calls it with its checkpoint."""
        # Before the checkpoint: a run that is stopped in between repeats the epoch.
        if self.selects and state["best_epoch"] == state["epoch"]:
            self.examples.save(state["epoch"], confusion)
        checkpoints.save(self.run, state)
