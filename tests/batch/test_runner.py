import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import pytest

from instancesketch.batch.in_process import InProcessRunner
from instancesketch.batch.job import Job
from instancesketch.batch.manifest import Manifest
from instancesketch.batch.output import Output
from instancesketch.batch.runner import run_job
from instancesketch.batch.stages import JobRun, ShardState, ShardTask, Write
from instancesketch.core import storage
from instancesketch.core.errors import UserError
from instancesketch.core.schema import to_table
from instancesketch.core.sketch import Sketch


@dataclass(frozen=True)
class Named:
    name: str


@dataclass(frozen=True)
class Make(ShardTask):
    """A stage that makes one row, or raises for the failing shard."""

    failing: str = ""
    meanwhile: Callable[[], object] = lambda: None  # is done while the first shard is made
    name = "making"

    def process(self, state: ShardState, run: JobRun) -> ShardState:
        if state.shard.name == "part-0":
            self.meanwhile()
        if state.shard.name == self.failing:
            raise UserError(f"no room for {state.shard.name}")
        manifest, sketch = Manifest(), Sketch.from_strokes([[[0, 0]]], sketch_id=state.shard.name)
        manifest.accept(sketch, "file", "line 1", "quickdraw")
        return replace(state, rows=to_table([sketch]), manifest=manifest.table())


def job(out: Path, failing: str = "", meanwhile: Callable[[], object] = lambda: None) -> Job:
    return Job(
        verb="test",
        out=str(out),
        config={"verb": "test"},
        shards=[Named(f"part-{i}") for i in range(3)],
        stages=(Make(failing, meanwhile), Write()),
        quiet=True,
    )


def test_a_user_error_in_a_stage_ends_the_job_with_its_message(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"^no room for part-1$"):
        run_job(job(tmp_path / "out", "part-1"), InProcessRunner())


def test_a_continued_job_runs_only_the_missing_shards(tmp_path: Path) -> None:
    with pytest.raises(UserError):
        run_job(job(tmp_path / "out", "part-2"), InProcessRunner())
    staged = Path(Output(str(tmp_path / "out"), {"verb": "test"}).staged_file("part-0"))
    written = staged.stat().st_mtime_ns
    summary = run_job(job(tmp_path / "out"), InProcessRunner())
    assert summary.rows == 3
    assert (tmp_path / "out" / "part-0.parquet").stat().st_mtime_ns == written
    assert summary.counts["speed"]["sketches"] == 1


class NotToConnect(InProcessRunner):
    def connect(self, job: Job) -> None:
        raise AssertionError("there is nothing to do")


def test_a_finished_job_does_not_connect_to_a_cluster(tmp_path: Path) -> None:
    first = run_job(job(tmp_path / "out"), InProcessRunner())
    again = run_job(job(tmp_path / "out"), NotToConnect())
    assert (first.finished_before, again.finished_before) == (False, True)
    assert again.counts == first.counts


def test_the_summary_has_time_and_memory_of_each_stage(tmp_path: Path) -> None:
    counts = run_job(job(tmp_path / "out"), InProcessRunner()).counts
    assert list(counts["stages"]) == ["making", "writing"]
    assert set(counts["peak_memory_mb"]) == {"driver", "making", "writing"}
    assert all(stage["nodes"] == 1 for stage in counts["stages"].values())


def test_shards_staged_by_an_earlier_version_are_kept(tmp_path: Path) -> None:
    with pytest.raises(UserError):
        run_job(job(tmp_path / "out", "part-2"), InProcessRunner())
    staged = tmp_path / "out" / "_state" / "slices"
    for file in list(staged.iterdir()):  # earlier versions didn't name the config
        shard, _, rest = file.name.split(".", 2)
        if rest == "groups.parquet":  # nor did they count rows
            file.unlink()
        else:
            file.rename(staged / f"{shard}.{rest}")
    assert {file.name for file in staged.iterdir()} == {
        "part-0.log.parquet", "part-0.parquet", "part-1.log.parquet", "part-1.parquet",
    }  # fmt: skip
    written = (staged / "part-0.parquet").stat().st_mtime_ns
    summary = run_job(job(tmp_path / "out"), InProcessRunner())
    assert (summary.rows, summary.counts["speed"]["sketches"]) == (3, 1)
    assert (tmp_path / "out" / "part-0.parquet").stat().st_mtime_ns == written


def claim_anew(out: Path) -> None:
    """Remove a folder, and begin another job in it."""
    shutil.rmtree(out)
    Output(str(out), {"verb": "other"}).claim()


def let_another_continue(out: Path) -> None:
    """Do what a command does that has taken the one at work for dead."""
    (lease,) = (out / "_state").glob("at-work.*")
    lease.unlink()
    (out / "_log.txt").write_text("of the other\n")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (shutil.rmtree, "was removed while this command worked in it"),
        (claim_anew, r"was made with another config \(verb was other, is test\)"),
        (let_another_continue, "another command continues this one"),
    ],
)
def test_a_job_whose_folder_is_taken_from_it_publishes_nothing(
    tmp_path: Path, change: Callable[[Path], None], message: str
) -> None:
    out = tmp_path / "out"
    with pytest.raises(UserError, match=message):
        run_job(job(out, meanwhile=partial(change, out)), InProcessRunner())
    names = set(storage.list_names(str(out)))
    assert names <= {"_state", "_log.txt"}
    if change is let_another_continue:
        assert (out / "_log.txt").read_text() == "of the other\n"


def test_rows_staged_for_another_config_do_not_count(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with pytest.raises(UserError):
        run_job(job(out, meanwhile=partial(claim_anew, out)), InProcessRunner())
    other = Output(str(out), {"verb": "other"})
    assert storage.list_names(other.path("_state", "slices"))
    assert other.list_missing(["part-0", "part-1", "part-2"]) == ["part-0", "part-1", "part-2"]
