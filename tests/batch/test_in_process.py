"""Jobs in this process: the process that reads files dies, and is replaced."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from instancesketch.batch import reader
from instancesketch.batch.config import IngestConfig
from instancesketch.batch.in_process import InProcessRunner
from instancesketch.batch.ingest import ingest_job
from instancesketch.batch.job import Job, Summary
from instancesketch.batch.reader import Read
from instancesketch.batch.runner import run_job
from instancesketch.batch.shards import FileShard
from instancesketch.batch.stages import JobRun, ShardState, Write
from instancesketch.core.errors import UserError
from tests.batch.test_ingest import drawing


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def read_deadly(
    shard: FileShard, config: Any, start: int, stop: int, *, read: Callable[..., Any]
) -> tuple[pa.Table, pa.Table]:
    """Read file ranges, unless a file is named `deadly`, which kills the process."""
    if any("deadly" in each.path for each in shard.ranges[start:stop]):
        die()
    tables: tuple[pa.Table, pa.Table] = read(shard, config, start, stop)
    return tables


class ReadDeadly(Read):
    """The stage that reads, in a process that some files kill."""

    def process(self, state: ShardState, run: JobRun) -> ShardState:
        with pytest.MonkeyPatch.context() as patched:
            deadly = partial(read_deadly, read=reader.read_ranges)
            patched.setattr(reader, "read_ranges", deadly)
            return super().process(state, run)


@dataclass(frozen=True)
class Die(Read):
    """A stage that kills its process as often as it may, with nothing to blame."""

    def process(self, state: ShardState, run: JobRun) -> ShardState:
        die()
        return state


@dataclass(frozen=True)
class DieOnce(Read):
    """A stage whose process is killed once, from outside."""

    file: str = ""

    def process(self, state: ShardState, run: JobRun) -> ShardState:
        if not Path(self.file).exists():
            Path(self.file).touch()
            die()
        return super().process(state, run)


class Fail(Read):
    """A stage with a bug."""

    def process(self, state: ShardState, run: JobRun) -> ShardState:
        raise ZeroDivisionError("in the stage")


class Look(Read):
    """A stage that rejects its files, with what its process has imported as the reason."""

    def process(self, state: ShardState, run: JobRun) -> ShardState:
        state = super().process(state, run)
        tops = sorted({name.split(".")[0] for name in sys.modules})
        (row,) = state.manifest.to_pylist()
        return replace(
            state,
            manifest=pa.Table.from_pylist(
                [row | {"reason": " ".join(tops), "hash": None}], state.manifest.schema
            ),
            rows=state.rows.slice(0, 0),
        )


class Wait(Read):
    """A stage that takes very long."""

    def process(self, state: ShardState, run: JobRun) -> ShardState:
        print(json.dumps(os.getpid()), flush=True)  # to standard error, as is tested below
        time.sleep(600)
        return state


def write_files(folder: Path, names: list[str]) -> list[str]:
    folder.mkdir()
    for name in names:
        (folder / f"{name}.ndjson").write_text(drawing(name))
    return names


def job(folder: Path, stage: Callable[..., Read], **values: Any) -> Job:
    """Return an ingest of the files in `folder/in`, by another stage that reads."""
    config = IngestConfig(sources=(str(folder / "in"),), out=str(folder / "out"), quiet=True)
    made = ingest_job(config)
    (first, write) = made.stages
    assert isinstance(first, Read)
    assert isinstance(write, Write)
    return replace(made, stages=(stage(first.config, first.adds_error, **values), write))


def ids(folder: Path) -> list[str]:
    table = pq.read_table(sorted((folder / "out").glob("part-*.parquet")))
    keys: list[str] = table["sketch_id"].to_pylist()
    return keys


def rejections(folder: Path) -> list[dict[str, str]]:
    rows: list[dict[str, str]] = pq.read_table(folder / "out" / "_rejected.parquet").to_pylist()
    return rows


def test_files_that_kill_the_process_are_rejected_by_name_and_the_others_are_read(
    tmp_path: Path,
) -> None:
    names = write_files(tmp_path / "in", [f"a{i:02}" for i in range(20)] + ["deadly-1", "deadly-2"])
    summary = run_job(job(tmp_path, ReadDeadly), InProcessRunner())
    assert ids(tmp_path) == names[:20]
    assert (summary.rows, summary.rejected) == (20, 2)
    assert [(Path(r["file"]).stem, r["reason"]) for r in rejections(tmp_path)] == [
        (name, "the reading process died on this file") for name in names[20:]
    ]
    log = (tmp_path / "out" / "_log.txt").read_text()
    assert "the process that reads files died (-9)" in log


def test_a_process_that_is_killed_once_costs_no_row(tmp_path: Path) -> None:
    names = write_files(tmp_path / "in", ["a", "b"])
    summary = run_job(job(tmp_path, DieOnce, file=str(tmp_path / "died")), InProcessRunner())
    assert (ids(tmp_path), summary.rejected) == (names, 0)
    assert (tmp_path / "died").exists()


def test_deaths_that_no_file_explains_end_the_job(tmp_path: Path) -> None:
    write_files(tmp_path / "in", ["a"])
    with pytest.raises(UserError, match=r"dies again and again \(-9\)"):
        run_job(job(tmp_path, Die), InProcessRunner())
    assert ingest_again(tmp_path).rows == 1


def ingest_again(folder: Path) -> Summary:
    return run_job(job(folder, Read), InProcessRunner())


def test_a_process_that_does_not_start_ends_the_job(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_files(tmp_path / "in", ["a"])
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(UserError, match=r"ended as it started \(1\)"):
        run_job(job(tmp_path, Read), InProcessRunner())


def test_a_process_whose_parent_ended_early_prints_nothing(tmp_path: Path) -> None:
    script = "from instancesketch.batch.in_process import InProcessRunner as R; R(will_read=True)"
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    # The stream ends when both processes have, since the reading one has it as well.
    ended = subprocess.run(
        [sys.executable, "-c", script], env=environment, stderr=subprocess.PIPE, timeout=60
    )
    assert (ended.returncode, ended.stderr) == (0, b"")


def test_a_bug_in_the_stage_is_raised_with_its_traceback(tmp_path: Path) -> None:
    write_files(tmp_path / "in", ["a"])
    with pytest.raises(RuntimeError, match=r"(?s)Traceback.*ZeroDivisionError: in the stage"):
        run_job(job(tmp_path, Fail), InProcessRunner())


def test_the_process_that_reads_imports_neither_torch_nor_ray(tmp_path: Path) -> None:
    write_files(tmp_path / "in", ["a"])
    with pytest.raises(UserError):  # all that there is was rejected
        run_job(job(tmp_path, Look), InProcessRunner())
    (row,) = rejections(tmp_path)
    assert "pyarrow" in row["reason"].split()
    assert not {"torch", "ray"} & set(row["reason"].split())


WAITING = """
import sys
from pathlib import Path
from instancesketch.batch.in_process import InProcessRunner
from instancesketch.batch.runner import run_job
from tests.batch.test_in_process import Wait, job

run_job(job(Path(sys.argv[1]), Wait), InProcessRunner())
"""


@pytest.fixture
def waiting(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], psutil.Process]]:
    """Yield a process with a job, and the one that reads for it."""
    write_files(tmp_path / "in", ["a"])
    with subprocess.Popen(
        [sys.executable, "-c", WAITING, str(tmp_path)],
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
        stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as parent:  # fmt: skip
        assert parent.stderr is not None
        yield parent, psutil.Process(int(parent.stderr.readline()))
        parent.kill()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_the_process_that_reads_ends_with_its_parent(
    waiting: tuple[subprocess.Popen[str], psutil.Process], number: signal.Signals
) -> None:
    parent, reading = waiting
    parent.send_signal(number)
    reading.wait(20)
    parent.wait(20)
    assert parent.stdout is not None
    assert parent.stdout.read() == "", "what a stage prints goes to standard error"


@dataclass(frozen=True)
class Note(Read):
    """A stage that notes its process in a file."""

    file: str = ""

    def process(self, state: ShardState, run: JobRun) -> ShardState:
        with open(self.file, "a") as file:
            file.write(f"{os.getpid()}\n")
        return super().process(state, run)


def test_a_kept_process_reads_for_the_next_job(tmp_path: Path) -> None:
    runner, pids = InProcessRunner(keep=True), tmp_path / "pids"
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        names = write_files(tmp_path / name / "in", ["a", "b"])
        run_job(job(tmp_path / name, Note, file=str(pids)), runner)
        assert ids(tmp_path / name) == names
    first, second = map(int, pids.read_text().split())
    assert first == second
    assert psutil.pid_exists(first)
    runner.close()
    assert not psutil.pid_exists(first)
