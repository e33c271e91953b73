"""A command as a process: its sign of life, and its end by Ctrl-C."""

import fcntl
import os
import pty
import signal
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest

ENVIRONMENT = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
# A verb that takes a while, of which it says what it does.
SLOW = """
import sys, time
from instancesketch.cli import main
from instancesketch.core.progress import doing

def run(args):
    time.sleep(1.2)
    doing("counting")
    time.sleep(float(sys.argv[1]))
    print("counted")
    return 3

main.VERBS["info"].run = run
main.run_process(["info", "corpus", *sys.argv[2:]])
"""


def start(seconds: float, *options: str, stderr: int = subprocess.PIPE) -> subprocess.Popen[bytes]:
    """Start a command that does something for so many seconds."""
    return subprocess.Popen(
        [sys.executable, "-c", SLOW, str(seconds), *options], env=ENVIRONMENT,
        stdout=subprocess.PIPE if stderr == subprocess.PIPE else stderr, stderr=stderr,
    )  # fmt: skip


def test_command_says_what_it_does_and_returns_its_status() -> None:
    process = start(3.5)
    printed, said = process.communicate(timeout=60)
    assert (process.returncode, printed) == (3, b"counted\n")
    lines = said.decode().splitlines()
    assert lines[0] == "info: starting, 1 s"
    assert lines[-1].startswith("info: counting, ")


def test_ctrl_c_is_130_and_one_line() -> None:
    process = start(60)
    assert process.stderr is not None
    assert process.stderr.readline() == b"info: starting, 1 s\n"
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 130
    assert (
        said.splitlines()[-1] == b"instancesketch: stopped; run the same command again to continue"
    )
    assert b"Traceback" not in said


def test_line_of_a_terminal_is_cleared_before_the_result() -> None:
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    process = start(1.0, stderr=theirs)
    os.close(theirs)
    shown = b""
    try:
        while part := os.read(ours, 4_096):
            shown += part
    except OSError:  # the other end is closed
        pass
    assert process.wait(60) == 3
    os.close(ours)
    *drawn, result = shown.rstrip().split(b"\r")
    assert b"info: starting, 1 s" in drawn
    assert any(line.startswith(b"info: counting, ") for line in drawn)
    assert (drawn[-1].strip(), result) == (b"", b"counted")


@pytest.mark.parametrize("verb", ["segment", "train"])
def test_jobs_run_as_processes_do(verb: str) -> None:
    ended = subprocess.run(
        [sys.executable, f"jobs/{verb}.py", "--fast"], cwd=Path(__file__).parents[2],
        env=ENVIRONMENT, capture_output=True, check=False,
    )  # fmt: skip
    assert ended.returncode == 2
    error = ended.stderr.splitlines()[-1]
    assert error.startswith(b"instancesketch: error: unknown option --fast")
