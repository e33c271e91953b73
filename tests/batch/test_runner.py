from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from instancesketch.batch.job import Job
from instancesketch.batch.manifest import Manifest
from instancesketch.batch.output import Output
from instancesketch.batch.runner import run_job
from instancesketch.batch.stages import JobRun, ShardState, ShardTask, Write
from instancesketch.core.errors import UserError
from instancesketch.core.schema import to_table
from instancesketch.core.sketch import Sketch
from tests.batch.in_process import InProcessRunner


@dataclass(frozen=True)
class Named:
    name: str


@dataclass(frozen=True)
class Make(ShardTask):
    """A stage that makes one row, or raises for the failing shard."""

    failing: str = ""
    name = "making"

    def process(self, state: ShardState, run: JobRun) -> ShardState:
        if state.shard.name == self.failing:
            raise UserError(f"no room for {state.shard.name}")
        manifest, sketch = Manifest(), Sketch.from_strokes([[[0, 0]]], sketch_id=state.shard.name)
        manifest.accept(sketch, "file", "line 1", "quickdraw")
        return replace(state, rows=to_table([sketch]), manifest=manifest.table())


def job(out: Path, failing: str = "") -> Job:
    return Job(
        verb="test",
        out=str(out),
        config={"verb": "test"},
        shards=[Named(f"part-{i}") for i in range(3)],
        stages=(Make(failing), Write()),
        quiet=True,
    )


def test_a_user_error_in_a_stage_ends_the_job_with_its_message(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"^no room for part-1$"):
        run_job(job(tmp_path / "out", "part-1"), InProcessRunner())


def test_a_continued_job_runs_only_the_missing_shards(tmp_path: Path) -> None:
    with pytest.raises(UserError):
        run_job(job(tmp_path / "out", "part-2"), InProcessRunner())
    staged = Path(Output(str(tmp_path / "out")).staged_file("part-0"))
    written = staged.stat().st_mtime_ns
    summary = run_job(job(tmp_path / "out"), InProcessRunner())
    assert summary.rows == 3
    assert (tmp_path / "out" / "part-0.parquet").stat().st_mtime_ns == written
    assert summary.counts["speed"]["sketches"] == 1


def test_a_finished_job_does_not_connect_to_a_cluster(tmp_path: Path) -> None:
    first = run_job(job(tmp_path / "out"), InProcessRunner())
    runner = InProcessRunner()
    again = run_job(job(tmp_path / "out"), runner)
    assert (first.finished_before, again.finished_before, runner.connected) == (False, True, 0)
    assert again.counts == first.counts


def test_the_summary_has_time_and_memory_of_each_stage(tmp_path: Path) -> None:
    counts = run_job(job(tmp_path / "out"), InProcessRunner()).counts
    assert list(counts["stages"]) == ["making", "writing"]
    assert set(counts["peak_memory_mb"]) == {"driver", "making", "writing"}
    assert all(stage["nodes"] == 1 for stage in counts["stages"].values())
