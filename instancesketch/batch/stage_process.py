"""A process of its own for a stage that may kill it: files that are read, and rows that did before.

Its parent passes it one shard after the other. Where a file or a row kills it, the parent starts
another one with the same shard, whose marker isolates what did, as on a cluster.

Imports little here, so that the process starts while the parent still imports what it needs itself.
"""

from __future__ import annotations

import logging
import os
import pickle
import subprocess
import sys
import threading
import time
import traceback
from contextlib import suppress
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from instancesketch.batch.stages import JobRun, ShardState, ShardTask

_log = logging.getLogger(__name__)

_READY = "ready"
_SECONDS_BETWEEN_LOOKS = 1.0  # of the process, at whether its parent is there
# What a stream raises whose other end has died.
_BROKEN = (EOFError, OSError, pickle.UnpicklingError)


class StageProcess:
    """The process as its parent sees it, with at most one shard on its way.

    Args:
        work: what it does, in messages: "reads files".
    """

    def __init__(self, work: str) -> None:
        self._what = f"the process that {work}"
        self._process: _Process | None = None
        self._work = b""  # the shard on its way, as it was sent
        self._deaths_left = 0

    def start(self) -> None:
        """Start the process, unless it runs already."""
        if self._process is None:
            self._process = _Process()

    def send(self, task: ShardTask, state: ShardState, run: JobRun) -> None:
        """Begin a stage of a shard; `receive` returns its result."""
        from instancesketch.batch.stages import pack, to_bytes

        # The task apart, so that the process keeps the one that it has, and its model.
        self._work = pickle.dumps((pickle.dumps(task), to_bytes(pack(state)), run))
        self._deaths_left = task.most_deaths(state)
        self.start()
        assert self._process is not None
        self._process.write(self._work)

    def receive(self) -> ShardState:
        """Wait for the shard that was sent, and return it as the stage left it.

        Raises:
            UserError: the process doesn't start, or dies more often than the elements of the shard
                can be the reason for.
            RuntimeError: the stage has a bug.
        """
        from instancesketch.batch.stages import from_bytes, unpack

        while True:
            assert self._process is not None, "send first"
            try:
                answer = self._process.read()
            except _BROKEN:
                self._replace(self._process)
                continue
            if isinstance(answer, str):
                raise RuntimeError(f"{self._what} failed:\n{answer}")
            return unpack(from_bytes(answer))

    def _replace(self, process: _Process) -> None:
        """Start another process in place of one that has died, and send it the same shard."""
        from instancesketch.core.errors import UserError

        status = process.end()
        _log.info("%s died (%d)", self._what, status)
        if not process.is_ready:
            raise UserError(f"{self._what} ended as it started ({status})")
        self._deaths_left -= 1
        if self._deaths_left < 0:
            raise UserError(
                f"{self._what} dies again and again ({status}), whatever it leaves out; is there "
                "too little memory?"
            )
        self._process = _Process()
        self._process.write(self._work)

    def close(self) -> None:
        """End the process, whatever it is doing."""
        process, self._process = self._process, None
        if process is not None:
            process.end()


class _Process:
    """One process, which may die at any time."""

    def __init__(self) -> None:
        self.is_ready = False  # has imported what it needs
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            # This process may have found the package by a path that it added itself.
            env={"OMP_NUM_THREADS": "1"}  # as the workers of a cluster compute
            | os.environ
            | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            # Ctrl-C on a terminal then goes to this process alone, which ends the other.
            process_group=0,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._stdin, self._stdout = self._process.stdin, self._process.stdout

    def write(self, work: bytes) -> None:
        # Of a process that has died, reading says so.
        with suppress(OSError):
            self._stdin.write(work)
            self._stdin.flush()

    def read(self) -> Any:
        """Return its next answer; raises one of `_BROKEN` where it has died."""
        if not self.is_ready:
            self.is_ready = pickle.load(self._stdout) == _READY
        return pickle.load(self._stdout)

    def end(self) -> int:
        """End it, and return its exit status."""
        self._process.kill()
        for stream in (self._stdin, self._stdout):
            with suppress(OSError):  # it didn't take all that was written
                stream.close()
        return self._process.wait()


def main() -> None:
    """Do the stage of shard after shard that standard input brings, until that ends."""
    # What libraries print must not get among the answers.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    # What matters is in the tables; without a handler, warnings would appear on the terminal.
    logging.getLogger().addHandler(logging.NullHandler())
    threading.Thread(target=_end_with_parent, args=(os.getppid(),), daemon=True).start()
    # Imported before there is anything to do.
    from instancesketch.batch import reader, stages  # noqa: F401

    _answer(answers, _READY)
    packed: bytes = b""
    task: Any = None
    while True:
        try:
            same, shard, run = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        try:
            if same != packed:
                packed, task = same, pickle.loads(same)
            state = stages.unpack(stages.from_bytes(shard))
            answer: Any = stages.to_bytes(stages.pack(task(state, run)))
        except Exception:
            answer = traceback.format_exc()
        _answer(answers, answer)


def _answer(answers: IO[bytes], value: Any) -> None:
    try:
        pickle.dump(value, answers, pickle.HIGHEST_PROTOCOL)
        answers.flush()
    except BrokenPipeError:
        # The parent was stopped, or has refused its command. At once: the stream would be flushed.
        os._exit(1)


def _end_with_parent(parent: int) -> None:
    # A parent that is killed can't end this process, which may be busy for long.
    while os.getppid() == parent:
        time.sleep(_SECONDS_BETWEEN_LOOKS)
    os._exit(1)


if __name__ == "__main__":
    main()
