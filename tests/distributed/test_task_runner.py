"""Tasks of publishing on Ray: the same folder as in process, also where workers are killed."""

import os
import signal
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import pytest

from instancesketch.batch.output import Output
from instancesketch.batch.publishing import groups
from instancesketch.batch.publishing.groups import Bucket
from instancesketch.batch.publishing.publish import publish
from instancesketch.batch.runner import retry_shards
from instancesketch.batch.stages import JobRun, Shard, ShardState, ShardTask
from instancesketch.core.errors import TransientError
from instancesketch.distributed import task_runner
from instancesketch.distributed.task_runner import run_task
from tests.batch.publishing.test_publish import CONFIG, SHARDS, contents, publish_here, write_all

pytestmark = pytest.mark.ray


def staged(folder: Path) -> Output:
    output = Output(str(folder), CONFIG)
    output.claim()
    write_all(output)
    return output


@dataclass(frozen=True)
class KilledOnce(ShardTask):
    """A task whose worker is killed when it has done it for the first time."""

    task: ShardTask
    folder: Path

    @property
    def name(self) -> str:  # type: ignore[override]
        return self.task.name

    def process(self, state: ShardState, run: JobRun) -> ShardState:
        state = self.task.process(state, run)
        mark = self.folder / type(self.task).__name__
        if not mark.exists():
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return state


def test_workers_killed_while_publishing_leave_the_same_folder(
    ray_cluster: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(groups, "SHARDS_PER_TASK", 3)
    here = publish_here(staged(tmp_path / "here"))
    output, killed = staged(tmp_path / "ray"), tmp_path / "killed"
    killed.mkdir()
    run = JobRun(output=output, id="test")

    def do(task: ShardTask, shards: Sequence[Shard]) -> Iterator[ShardState]:
        mortal = KilledOnce(task, killed)
        return retry_shards(partial(run_task, mortal), shards, run, 0)

    assert publish(output, list(SHARDS), {}, do) == here
    assert contents(tmp_path / "ray") == contents(tmp_path / "here")
    names = {"SortIds", "FindDuplicates", "MoveRows", "JoinParts"}
    assert {mark.name for mark in killed.iterdir()} == names


@dataclass(frozen=True)
class Fail(ShardTask):
    """A task that fails: the first shard kills it, the second has no store."""

    name = "failing"

    def process(self, state: ShardState, run: JobRun) -> ShardState:
        if state.shard.name == "bucket-000000":
            os.kill(os.getpid(), signal.SIGKILL)
        if state.shard.name == "bucket-000001":
            raise TransientError("no answer")
        return replace(state, written=7)


def test_what_fails_is_returned_as_an_error_that_may_pass(
    ray_cluster: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(task_runner, "_MOST_LOSSES", 0)
    run = JobRun(output=Output(str(tmp_path), CONFIG), id="test")
    shards = [Bucket(number=i) for i in range(20)]
    states = {state.shard.name: state for state in run_task(Fail(), shards, run)}
    assert sorted(states) == [shard.name for shard in shards]
    lost, failed, *others = (states[shard.name] for shard in shards)
    assert "its process was lost" in (lost.error or "")
    assert failed.error == "no answer"
    assert lost.may_pass
    assert failed.may_pass
    assert [(state.error, state.written) for state in others] == [(None, 7)] * 18
    assert all(state.usage["failing"].node for state in others)
