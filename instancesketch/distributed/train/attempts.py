"""Attempts of Ray Train to finish a run: lost workers replaced as long as epochs get finished."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from instancesketch.core.errors import TransientError, UserError, find_user_error, last_line
from instancesketch.tracking import checkpoints

if TYPE_CHECKING:
    from ray.train import TrainingFailedError

_log = logging.getLogger(__name__)


def interruptible(fit: Callable[[], object]) -> None:
    """Call a trainer's `fit` so that Ctrl-C raises here, as everywhere.

    In the main thread Ray Train would handle the signal itself, wait for its workers, and end the
    process with a status and a message of its own.
    """
    if threading.current_thread() is not threading.main_thread():
        fit()  # a trial of a sweep
        return
    errors: list[BaseException] = []

    def run() -> None:
        try:
            fit()
        except BaseException as error:
            errors.append(error)

    # A daemon, which can't keep a process that is interrupted.
    thread = threading.Thread(target=run, name="fit", daemon=True)
    thread.start()
    while thread.is_alive():
        thread.join(0.5)  # without a limit, no signal would get through
    if errors:
        raise errors[0]


def repeat(run: str, attempt: Callable[[], object], losses: int) -> None:
    """Attempt to train until it succeeds, as long as each attempt finishes an epoch.

    Ray counts losses over a whole attempt, however many epochs lie between them.

    Args:
        run: the run's folder.
        attempt: trains from the newest checkpoint on.
        losses: how often an attempt loses workers before it fails.

    Raises:
        UserError: the error that workers failed of, or that they were lost without progress.
    """
    from ray.train import TrainingFailedError

    while True:
        # Progress since here decides whether another attempt is worth it.
        reached = checkpoints.reached(run)
        try:
            attempt()
            return
        except TrainingFailedError as error:
            _raise_unless_epochs_were_done(run, error, reached, losses)


def _raise_unless_epochs_were_done(
    run: str, error: TrainingFailedError, reached: tuple[int, int], losses: int
) -> None:
    """Raise the error that ended an attempt, unless it is transient and epochs were finished."""
    failures = getattr(error, "worker_failures", {})
    user_error = find_worker_error(failures) or find_user_error(
        getattr(error, "controller_failure", None)
    )
    if user_error and not isinstance(user_error, TransientError):
        raise user_error from None
    if not (user_error or failures):
        raise error  # a bug in the driver: no worker failed
    epoch, step = checkpoints.reached(run)
    _log.info("workers were lost after epoch %d, step %d", epoch, step, exc_info=error)
    if (epoch, step) > reached:
        return
    if user_error:
        raise user_error from None
    reason = last_line(next(iter(failures.values())))
    raise TransientError(
        f"workers were lost {losses} times without reaching a checkpoint after epoch {epoch}; "
        f"the last time: {reason[:300]}"
    ) from None


def find_worker_error(failures: Mapping[int, BaseException]) -> UserError | None:
    """Return a UserError that workers failed of, preferably one that isn't transient."""
    found = [error for reason in failures.values() if (error := find_user_error(reason))]
    # Repeating can't help against a lasting error, whatever else failed beside it.
    return min(found, key=lambda error: isinstance(error, TransientError), default=None)
