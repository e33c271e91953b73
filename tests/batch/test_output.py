import contextlib
from collections.abc import Collection
from functools import partial
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from instancesketch.batch.manifest import Log
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
SETTINGS = {"verb": "ingest", "sources": ["a"], "format": "auto"}
SLICES = {"part-0": ["a", "b"], "part-1": ["a"], "part-2": ["c", "b", "d"], "part-3": []}


def stage_all(output: Output, wanted: Collection[str] = tuple(SLICES)) -> None:
    for name, ids in SLICES.items():
        if name not in wanted:
            continue
        log, sketches = Log(), []
        for i, key in enumerate(ids):
            sketches.append(Sketch.from_strokes([[[i, i]]], sketch_id=key))
            log.accept(sketches[-1], f"{name}.json", f"line {i + 1}", "quickdraw")
        output.stage(name, to_table(sketches), log.table())


def contents(folder: Path) -> dict[str, bytes]:
    """The files that a reader may see, in full."""
    return {p.name: p.read_bytes() for p in sorted(folder.iterdir()) if p.is_file()}


def ids(folder: Path) -> list[str]:
    files = sorted(folder.glob("part-*.parquet"))
    return [i for f in files for i in pq.read_table(f)["sketch_id"].to_pylist()]


def test_later_rows_of_an_id_are_rejected_across_slices(tmp_path: Path) -> None:
    output = Output(str(tmp_path / "out"))
    assert output.check(SETTINGS) is None
    output.claim(SETTINGS)
    assert output.missing(list(SLICES)) == list(SLICES)
    stage_all(output)
    assert output.missing(list(SLICES)) == []
    summary = output.publish(list(SLICES), {"verb": "ingest"})
    assert ids(tmp_path / "out") == ["a", "b", "c", "d"]
    rejected = pq.read_table(tmp_path / "out" / "_rejected.parquet").to_pylist()
    assert [(r["file"], r["position"]) for r in rejected] == [
        ("part-1.json", "line 1"),
        ("part-2.json", "line 2"),
    ]
    assert (summary["rows"], summary["rejected"], summary["verb"]) == (4, 2, "ingest")
    assert [p.name for p in (tmp_path / "out" / "_state").iterdir()] == ["settings.json"]
    assert output.check(SETTINGS) == summary


def test_stopped_at_any_step_it_ends_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = Output(str(tmp_path / "whole"))
    whole.claim(SETTINGS)
    stage_all(whole)
    whole.publish(list(SLICES), {})
    expected = contents(tmp_path / "whole")

    step = 0
    while True:
        output = Output(str(tmp_path / f"stopped-{step}"))
        output.claim(SETTINGS)
        stage_all(output)
        with monkeypatch.context() as patched:
            left = [step]
            for module, name in STEPS:
                patched.setattr(module, name, _stopping(getattr(module, name), left))
            try:
                output.publish(list(SLICES), {})
                break
            except KeyboardInterrupt:
                pass
        finished = output.check(SETTINGS)
        if finished is None:
            output.publish(list(SLICES), {})
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


def test_the_same_command_at_the_same_time_does_no_harm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = Output(str(tmp_path / "whole"))
    work(whole)
    expected = contents(tmp_path / "whole")
    step = 0
    while True:
        output, left = Output(str(tmp_path / f"both-{step}")), [step]
        with monkeypatch.context() as patched:
            for module, name in STEPS:
                let_in = _letting_in(getattr(module, name), left, partial(work, output))
                patched.setattr(module, name, let_in)
            with contextlib.suppress(UserError):  # it may find its files gone, and say so
                work(output)
        work(output)
        assert contents(tmp_path / f"both-{step}") == expected, step
        assert [p.name for p in (tmp_path / f"both-{step}" / "_state").iterdir()] == [
            "settings.json"
        ]
        if left[0] > 0:
            break
        step += 1
    assert step > 16


def work(output: Output) -> None:
    """What the command does."""
    if output.check(SETTINGS) is not None:
        output.clean()
        return
    missing = set(output.missing(list(SLICES)))
    output.claim(SETTINGS)
    stage_all(output, missing)
    output.publish(list(SLICES), {})


def _letting_in(function, left, other):  # type: ignore[no-untyped-def]
    """Before the step of that number, another runs from beginning to end."""

    def go(*arguments):  # type: ignore[no-untyped-def]
        left[0] -= 1
        if left[0] == -1:
            other()
        return function(*arguments)

    return go


def test_refuses_a_folder_of_something_else(tmp_path: Path) -> None:
    (tmp_path / "holiday.jpg").write_text("")
    with pytest.raises(UserError, match=r"already holds 'holiday\.jpg'"):
        Output(str(tmp_path)).check(SETTINGS)


def test_refuses_other_settings_and_names_them(tmp_path: Path) -> None:
    output = Output(str(tmp_path / "out"))
    output.claim(SETTINGS)
    with pytest.raises(UserError, match=r"other settings \(format, sources\)"):
        output.check(SETTINGS | {"format": "svg", "sources": ["b"]})
