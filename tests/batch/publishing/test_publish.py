"""Publishing: first of equal ids, moving into place, stops at any step and late commands."""

import contextlib
from collections.abc import Collection
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from instancesketch.batch.in_process import InProcessRunner
from instancesketch.batch.manifest import Manifest
from instancesketch.batch.output import Output
from instancesketch.batch.publishing import groups
from instancesketch.batch.publishing.moving import MoveRows
from instancesketch.batch.publishing.publish import publish
from instancesketch.batch.runner import retry_shards
from instancesketch.batch.stages import JobRun
from instancesketch.core import storage
from instancesketch.core.errors import UserError
from instancesketch.core.schema import to_table
from instancesketch.core.sketch import Sketch

STEPS = [
    (storage, "write_atomically"),
    (storage, "move"),
    (storage, "remove"),
]
CONFIG = {"verb": "ingest", "sources": ["a"], "format": "auto"}
LEFT = {"settings.json", "groups.parquet"}  # in `_state` of a finished folder
SHARDS = {"part-0": ["a", "b"], "part-1": ["a"], "part-2": ["c", "b", "d"], "part-3": []}


def write_all(output: Output, names: Collection[str] = tuple(SHARDS)) -> None:
    for name, ids in SHARDS.items():
        if name not in names:
            continue
        manifest, sketches = Manifest(), []
        for i, key in enumerate(ids):
            sketches.append(Sketch.from_strokes([[[i, i]]], sketch_id=key))
            manifest.accept(sketches[-1], f"{name}.json", f"line {i + 1}", "quickdraw")
        output.write_shard(name, to_table(sketches), manifest.table())


@pytest.fixture(autouse=True)
def shards_per_task(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cut the four shards into two groups."""
    monkeypatch.setattr(groups, "SHARDS_PER_TASK", 2)


def publish_here(output: Output, **beside_counts: str) -> dict[str, Any]:
    """Publish all shards by tasks in this process."""
    run = JobRun(output=output, id="test")

    def do(task, shards):  # type: ignore[no-untyped-def]
        return retry_shards(partial(InProcessRunner().run_task, task), shards, run, 0)

    return publish(output, list(SHARDS), beside_counts, do)


def contents(folder: Path) -> dict[str, bytes]:
    """Return the contents of all files that a reader may see."""
    return {p.name: p.read_bytes() for p in sorted(folder.iterdir()) if p.is_file()}


def ids(folder: Path) -> list[str]:
    files = sorted(folder.glob("part-*.parquet"))
    return [i for f in files for i in pq.read_table(f)["sketch_id"].to_pylist()]


@pytest.mark.parametrize("per_task", [1, 2, 3, 32])
def test_later_rows_of_an_id_are_rejected_across_shards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, per_task: int
) -> None:
    monkeypatch.setattr(groups, "SHARDS_PER_TASK", per_task)
    output = Output(str(tmp_path / "out"), CONFIG)
    assert output.check() is None
    output.claim()
    assert output.list_missing(list(SHARDS)) == list(SHARDS)
    write_all(output)
    assert output.list_missing(list(SHARDS)) == []
    summary = publish_here(output, verb="ingest")
    assert ids(tmp_path / "out") == ["a", "b", "c", "d"]
    rejected = pq.read_table(tmp_path / "out" / "_rejected.parquet").to_pylist()
    taken = "sketch_id {!r} is already taken by 'part-0.json line {}'"
    assert [(r["file"], r["position"], r["reason"]) for r in rejected] == [
        ("part-1.json", "line 1", taken.format("a", 1)),
        ("part-2.json", "line 2", taken.format("b", 2)),
    ]
    assert (summary["rows"], summary["rejected"], summary["verb"]) == (4, 2, "ingest")
    assert {p.name for p in (tmp_path / "out" / "_state").iterdir()} == LEFT
    assert output.check() == summary


def test_publishing_stopped_at_any_step_continues_to_an_equal_output(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = Output(str(tmp_path / "whole"), CONFIG)
    whole.claim()
    write_all(whole)
    publish_here(whole)
    expected = contents(tmp_path / "whole")

    step = 0
    while True:
        output = Output(str(tmp_path / f"stopped-{step}"), CONFIG)
        output.claim()
        write_all(output)
        with monkeypatch.context() as patched:
            left = [step]
            for module, name in STEPS:
                patched.setattr(module, name, _stopping(getattr(module, name), left))
            try:
                publish_here(output)
                break
            except KeyboardInterrupt:
                pass
        finished = output.check()
        if finished is None:
            publish_here(output)
        assert contents(tmp_path / f"stopped-{step}") == expected, step
        step += 1
    assert step > 8


def _stopping(function, left):  # type: ignore[no-untyped-def]
    def stop_or_go(*arguments):  # type: ignore[no-untyped-def]
        if left[0] <= 0:
            raise KeyboardInterrupt
        left[0] -= 1
        return function(*arguments)

    return stop_or_go


def test_what_an_earlier_version_was_moving_into_place_is_continued(tmp_path: Path) -> None:
    whole, output = (Output(str(tmp_path / name), CONFIG) for name in ("whole", "out"))
    for each in (whole, output):
        each.claim()
        write_all(each)
    publish_here(whole)
    # It marked the end of staging by a table of the rows whose id is taken; here all of `part-1`,
    # which it had removed, as it had moved `part-0`.
    storage.write_bytes(output.path("_state", "clashes.parquet"), b"any table")
    storage.move(output.staged_file("part-0"), output.path("part-0.parquet"))
    storage.remove(output.staged_file("part-1"))
    assert output.list_missing(list(SHARDS)) == []
    publish_here(output)
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")
    assert {p.name for p in (tmp_path / "out" / "_state").iterdir()} == LEFT


def test_a_folder_that_another_config_has_taken_gets_no_rows(tmp_path: Path) -> None:
    output = Output(str(tmp_path / "out"), CONFIG)
    output.claim()
    write_all(output)

    def take() -> None:
        storage.write_json(output.path("_state", "settings.json"), {"verb": "segment"})

    run = JobRun(output=output, id="test")

    def do(task, shards):  # type: ignore[no-untyped-def]
        if isinstance(task, MoveRows):  # after the driver has looked at it for the last time
            take()
        return retry_shards(partial(InProcessRunner().run_task, task), shards, run, 0)

    with pytest.raises(UserError, match="was made with another config"):
        publish(output, list(SHARDS), {}, do)
    assert ids(tmp_path / "out") == []


def test_a_command_that_wakes_up_after_an_equal_one_took_its_place_gives_an_equal_output(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = Output(str(tmp_path / "whole"), CONFIG)
    work(whole)
    expected = contents(tmp_path / "whole")
    step = 0
    while True:
        output, left = Output(str(tmp_path / f"both-{step}"), CONFIG), [step]
        with monkeypatch.context() as patched:
            for module, name in STEPS:
                let_in = _letting_in(getattr(module, name), left, partial(work, output))
                patched.setattr(module, name, let_in)
            with contextlib.suppress(UserError):  # the first may fail because its files are gone
                work(output)
        work(output)
        assert contents(tmp_path / f"both-{step}") == expected, step
        assert {p.name for p in (tmp_path / f"both-{step}" / "_state").iterdir()} == LEFT
        if left[0] > 0:
            break
        step += 1
    assert step > 16


def work(output: Output) -> None:
    """Run the steps of a command: check, claim, write and publish."""
    if output.check() is not None:
        output.remove_state()
        return
    missing = set(output.list_missing(list(SHARDS)))
    output.claim()
    write_all(output, missing)
    publish_here(output)


def _letting_in(function, left, other):  # type: ignore[no-untyped-def]
    """Return `function`, preceded by a whole run of `other` at step number `left[0]`."""

    def go(*arguments):  # type: ignore[no-untyped-def]
        left[0] -= 1
        if left[0] == -1:
            other()
        return function(*arguments)

    return go
