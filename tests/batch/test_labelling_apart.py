"""A row that kills the process which labels it: the same command isolates it, without Ray."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from instancesketch.batch.config import IngestConfig
from instancesketch.batch.in_process import InProcessRunner
from instancesketch.batch.ingest import ingest_job
from instancesketch.batch.job import Job
from instancesketch.batch.reader import Read
from instancesketch.batch.runner import run_job
from instancesketch.batch.stages import LabelRows, ModelStage, Write
from tests.batch.test_in_process import die, write_files

DEATHS: dict[str, Callable[[], None]] = {
    "killed": die,
    "aborted": os.abort,
    "ended": partial(os._exit, 3),
}
NAMES = ["a", "b", "c", "deadly", "e", "f"]


def label_deadly(rows: pa.Table, *, how: str) -> pa.Table:
    """Return rows as they are, unless one is named `deadly`, which ends the process."""
    if "deadly" in rows["sketch_id"].to_pylist():
        DEATHS[how]()
    return rows


def interrupt(rows: pa.Table) -> pa.Table:
    raise KeyboardInterrupt


def load_deadly(device: str, *, how: str) -> LabelRows:
    return partial(label_deadly, how=how)


def load_interrupted(device: str) -> LabelRows:
    return interrupt


def job(folder: Path, load: Callable[[str], LabelRows]) -> Job:
    """Return a job that reads the files in `folder/in` and labels them."""
    config = IngestConfig(sources=(str(folder / "in"),), out=str(folder / "out"), quiet=True)
    made = ingest_job(config)
    first = made.stages[0]
    assert isinstance(first, Read)
    stage = ModelStage(name="labelling", load=load)
    return Job(
        verb=made.verb,
        out=made.out,
        config=made.config,
        shards=made.shards,
        stages=(Read(first.config, adds_error=True), stage, Write()),
        quiet=True,
    )


RUN = """
import sys
from functools import partial
from pathlib import Path
from instancesketch.batch.in_process import InProcessRunner
from instancesketch.batch.runner import run_job
from tests.batch.test_labelling_apart import job, load_deadly

run_job(job(Path(sys.argv[1]), partial(load_deadly, how=sys.argv[2])), InProcessRunner())
"""


@pytest.mark.parametrize(
    ("how", "status"),
    [
        ("killed", -signal.SIGKILL),
        pytest.param("aborted", -signal.SIGABRT, marks=pytest.mark.nightly),
        pytest.param("ended", 3, marks=pytest.mark.nightly),
    ],
)
def test_the_same_command_marks_a_row_that_ended_it_and_labels_the_others(
    tmp_path: Path, how: str, status: int
) -> None:
    write_files(tmp_path / "in", NAMES)
    ended = subprocess.run(
        [sys.executable, "-c", RUN, str(tmp_path), how],
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
        timeout=300,
        stderr=subprocess.DEVNULL,
    )
    assert ended.returncode == status
    again = job(tmp_path, partial(load_deadly, how=how))
    summary = run_job(again, InProcessRunner())
    assert (summary.rows, summary.failed, summary.rejected) == (6, 1, 0)
    table = pq.read_table(sorted((tmp_path / "out").glob("part-*.parquet")))
    errors = dict(zip(table["sketch_id"].to_pylist(), table["error"].to_pylist(), strict=True))
    assert errors == dict.fromkeys(NAMES) | {"deadly": "the labelling process died on this row"}
    log = (tmp_path / "out" / "_log.txt").read_text()
    assert f"the process that does the labelling died ({status})" in log
    assert run_job(again, InProcessRunner()).finished_before


def test_a_command_that_the_user_stops_leaves_no_row_suspected(tmp_path: Path) -> None:
    write_files(tmp_path / "in", ["a", "b"])
    stopped = job(tmp_path, load_interrupted)
    with pytest.raises(KeyboardInterrupt):
        run_job(stopped, InProcessRunner())
    assert not list((tmp_path / "out" / "_state").rglob("*labelling*"))
