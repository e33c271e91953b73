"""A trainer's `fit` in a thread, so that Ctrl-C reaches the one that waits."""

import os
import signal
import threading
import time

import pytest

from instancesketch.core.errors import UserError
from instancesketch.distributed.train.attempts import interruptible


def test_interrupt_is_raised_while_a_trainer_fits() -> None:
    began, ended = threading.Event(), threading.Event()

    def fit() -> None:
        began.set()
        ended.wait(60)

    def interrupt() -> None:
        began.wait(60)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt).start()
    since = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        interruptible(fit)
    assert time.monotonic() - since < 30
    ended.set()


def test_error_of_a_trainer_is_raised_to_the_one_that_waits() -> None:
    def fit() -> None:
        raise UserError("no room")

    with pytest.raises(UserError, match="no room"):
        interruptible(fit)


def test_trainer_of_a_trial_fits_in_the_thread_of_the_trial() -> None:
    threads: list[threading.Thread] = []
    trial = threading.Thread(
        target=interruptible, args=(lambda: threads.append(threading.current_thread()),)
    )
    trial.start()
    trial.join()
    assert threads == [trial]
