import contextlib
from collections.abc import Collection
from functools import partial
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from instancesketch.batch.manifest import Manifest
from instancesketch.batch.output import Output
from instancesketch.core import parquet, storage
from instancesketch.core.errors import UserError
from instancesketch.core.schema import to_table
from instancesketch.core.sketch import Sketch

STEPS = [
    (parquet, "write_table"),
    (storage, "write_json"),
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


def contents(folder: Path) -> dict[str, bytes]:
    """Return the contents of all files that a reader may see."""
    return {p.name: p.read_bytes() for p in sorted(folder.iterdir()) if p.is_file()}


def ids(folder: Path) -> list[str]:
    files = sorted(folder.glob("part-*.parquet"))
    return [i for f in files for i in pq.read_table(f)["sketch_id"].to_pylist()]


def test_later_rows_of_an_id_are_rejected_across_shards(tmp_path: Path) -> None:
    output = Output(str(tmp_path / "out"), CONFIG)
    assert output.check() is None
    output.claim()
    assert output.list_missing(list(SHARDS)) == list(SHARDS)
    write_all(output)
    assert output.list_missing(list(SHARDS)) == []
    summary = output.publish(list(SHARDS), {"verb": "ingest"})
    assert ids(tmp_path / "out") == ["a", "b", "c", "d"]
    rejected = pq.read_table(tmp_path / "out" / "_rejected.parquet").to_pylist()
    assert [(r["file"], r["position"]) for r in rejected] == [
        ("part-1.json", "line 1"),
        ("part-2.json", "line 2"),
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
    whole.publish(list(SHARDS), {})
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
                output.publish(list(SHARDS), {})
                break
            except KeyboardInterrupt:
                pass
        finished = output.check()
        if finished is None:
            output.publish(list(SHARDS), {})
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
    output.publish(list(SHARDS), {})


def _letting_in(function, left, other):  # type: ignore[no-untyped-def]
    """Return `function`, preceded by a whole run of `other` at step number `left[0]`."""

    def go(*arguments):  # type: ignore[no-untyped-def]
        left[0] -= 1
        if left[0] == -1:
            other()
        return function(*arguments)

    return go
