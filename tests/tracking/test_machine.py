"""The machine of a run, and the commit of its code."""

import subprocess
from pathlib import Path

import instancesketch
from instancesketch.tracking.machine import git_commit, this_machine
from instancesketch.tracking.run_state import RunState


def git(folder: Path, *arguments: str) -> str:
    own = ["-c", "user.name=n", "-c", "user.email=n@example.com"]
    command = ["git", *own, "-C", str(folder), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def test_commit_has_a_mark_where_files_were_changed(tmp_path: Path) -> None:
    assert git_commit(tmp_path) is None
    git(tmp_path, "init", "-q")
    assert git_commit(tmp_path) is None
    (tmp_path / "code.py").write_text("1")
    git(tmp_path, "add", "code.py")
    git(tmp_path, "commit", "-qm", "c")
    commit = git(tmp_path, "rev-parse", "--short=12", "HEAD")
    (tmp_path / "notes.txt").touch()  # not a file of the checkout
    assert git_commit(tmp_path) == commit
    (tmp_path / "code.py").write_text("2")
    assert git_commit(tmp_path) == f"{commit}+"
    installed = tmp_path / "venv"
    installed.mkdir()
    (installed / "module.py").touch()
    assert git_commit(installed) is None


def test_machine_is_written_and_read_back(tmp_path: Path) -> None:
    state, machine = RunState(str(tmp_path)), this_machine()
    assert state.machine() is None
    state.write_machine(machine)
    assert state.machine() == machine
    assert machine.cores > 0
    assert machine.version == instancesketch.__version__
