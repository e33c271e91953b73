"""Keep what Ray prints by itself off the terminal, on which a command shows one line."""

from __future__ import annotations

import logging
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager


def quiet_data() -> None:
    """Keep Ray Data's own progress bars and notes off the terminal; jobs show one line."""
    from ray.data import DataContext

    context = DataContext.get_current()
    context.enable_progress_bars = False
    context.print_on_execution_start = False
    logging.getLogger("ray.data").setLevel(logging.CRITICAL)  # errors come as exceptions
    # Such as that a stage may have more tasks than there is work for.
    warnings.filterwarnings("ignore", category=UserWarning, module=r"ray\.")


@contextmanager
def quiet_core() -> Iterator[None]:
    """Keep notes of Ray's C++ core, which writes straight to descriptor 2, off the terminal.

    They are in its log files all the same. What Python writes to standard error still appears.
    """
    stderr = sys.stderr
    is_redirected = stderr != sys.__stderr__  # such as by a notebook
    if is_redirected:
        yield
        return
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        # Python writes to a copy of the descriptor that the core no longer reaches.
        with open(kept, "w", encoding=stderr.encoding, closefd=False) as sys.stderr:
            yield
    finally:
        sys.stderr = stderr
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
