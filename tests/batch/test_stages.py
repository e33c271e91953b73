"""Rows through the labelling stages: each keeps its position, with an error if it failed."""

from functools import partial
from pathlib import Path

import pyarrow as pa
import pytest

from instancesketch.batch.output import Output
from instancesketch.batch.stages import JobRun, ModelStage, ModelTask, ShardState, ShardTask
from instancesketch.core.errors import UserError
from instancesketch.core.schema import RESULT_SCHEMA, build_result_table, to_table
from instancesketch.core.sketch import Sketch
from tests.batch.test_runner import Named

WIDER_SCHEMA = pa.schema([*RESULT_SCHEMA, ("seen", pa.list_(pa.int64()))])


def rows_of(keys: list[str], errors: dict[int, str] | None = None) -> pa.Table:
    table = to_table([Sketch.from_strokes([[[0, 0]]], sketch_id=key) for key in keys])
    column = [(errors or {}).get(i) for i in range(len(keys))]
    return table.append_column("error", pa.array(column, pa.string()))


def label_as_sun(table: pa.Table, calls: list[int]) -> pa.Table:
    ids = table["sketch_id"].to_pylist()
    calls.append(len(ids))
    if "raise" in ids:
        raise RuntimeError("out of\ncrayons")
    if "lose" in ids:
        table = table.slice(1)
    return build_result_table(table, {"category": pa.array(["sun"] * len(table))})


def label(folder: Path, rows: pa.Table, calls: list[int], **options: object) -> pa.Table:
    label = partial(label_as_sun, calls=calls)
    stage = ModelStage(name="labelling", load=lambda device: label, **options)  # type: ignore[arg-type]
    run = JobRun(output=Output(str(folder), {}), id="r")
    return ModelTask(stage).process(ShardState(shard=Named("part-0"), rows=rows), run).rows


@pytest.mark.parametrize("bad", ["raise", "lose"])
@pytest.mark.parametrize("at_once", [None, 1, 3, 100])
@pytest.mark.parametrize("at", [0, 5, 9])
def test_a_row_that_raises_keeps_its_position_and_gets_an_error(
    tmp_path: Path, bad: str, at: int, at_once: int | None
) -> None:
    keys = [bad if i == at else f"k{i}" for i in range(10)]
    calls: list[int] = []
    result = label(tmp_path, rows_of(keys), calls, rows_at_once=at_once).to_pylist()
    assert [r["sketch_id"] for r in result] == keys
    assert [i for i, r in enumerate(result) if r["error"] is not None] == [at]
    assert [i for i, r in enumerate(result) if r["category"] is None] == [at]
    assert result[at]["x"] == [0.0]
    assert max(calls) <= (at_once or 10)
    if bad == "raise":
        assert result[at]["error"] == "labelling failed: RuntimeError: out of crayons"


@pytest.mark.parametrize("failed", [set(), {0}, {2, 5}, {1, 4, 6}, set(range(7))])
def test_a_row_that_failed_before_is_skipped_and_keeps_its_position(
    tmp_path: Path, failed: set[int]
) -> None:
    keys = ["raise" if i in failed else f"k{i}" for i in range(7)]
    rows = rows_of(keys, dict.fromkeys(failed, "before"))
    result = label(tmp_path, rows, [], schema=WIDER_SCHEMA)
    assert result.schema.equals(WIDER_SCHEMA)
    result = result.to_pylist()
    assert [r["sketch_id"] for r in result] == keys
    assert {i for i, r in enumerate(result) if r["error"] == "before"} == failed
    assert {i for i, r in enumerate(result) if r["category"] is None} == failed


def test_the_model_is_not_called_for_no_rows(tmp_path: Path) -> None:
    calls: list[int] = []
    assert len(label(tmp_path, rows_of([]), calls)) == 0
    assert calls == []


class Fail(ShardTask):
    name = "failing"

    def process(self, state: ShardState, run: JobRun) -> ShardState:
        raise UserError("the disk is full")


def test_a_user_error_is_kept_and_passed_on(tmp_path: Path) -> None:
    run = JobRun(output=Output(str(tmp_path), {}), id="r")
    failed = Fail()(ShardState(shard=Named("part-0"), rows=rows_of(["a"])), run)
    assert (failed.error, len(failed.rows), failed.usage) == ("the disk is full", 0, {})
    assert Fail()(failed, run) is failed
