"""Rows through steps of labelling: every one comes back in its place, or keeps it with an error."""

from functools import partial
from pathlib import Path

import pyarrow as pa
import pytest

from instancesketch.batch.job import Stage
from instancesketch.batch.output import Output
from instancesketch.batch.quarantine import Marker
from instancesketch.batch.stages import Label, Sizes, Step, carry_out
from instancesketch.core.errors import UserError
from instancesketch.core.schema import RESULT_SCHEMA, build_result_table, to_table
from instancesketch.core.sketch import Sketch
from instancesketch.distributed.cluster import Capacity, _slots

STRANGE_SCHEMA = pa.schema([*RESULT_SCHEMA, ("seen", pa.list_(pa.int64()))])


def rows(keys: list[str], errors: dict[int, str] | None = None) -> pa.Table:
    table = to_table([Sketch.from_strokes([[[0, 0]]], sketch_id=key) for key in keys])
    found = [(errors or {}).get(i) for i in range(len(keys))]
    return table.append_column("error", pa.array(found, pa.string()))


def work(table: pa.Table, at_once: list[int]) -> pa.Table:
    ids = table["sketch_id"].to_pylist()
    at_once.append(len(ids))
    if "raise" in ids:
        raise RuntimeError("out of\ncrayons")
    if "lose" in ids:
        table = table.slice(1)
    return build_result_table(table, {"category": pa.array(["sun"] * len(table))})


def step(**options: object) -> Step:
    return Step(name="labelling", load=lambda device: lambda rows: rows, actor=Label, **options)


@pytest.fixture
def marker(tmp_path: Path) -> Marker:
    return Marker(location=str(tmp_path / "marker.json"), run="r")


@pytest.mark.parametrize("bad", ["raise", "lose"])
@pytest.mark.parametrize("at_once", [None, 1, 3, 100])
@pytest.mark.parametrize("at", [0, 5, 9])
def test_a_row_that_raises_keeps_its_place_with_an_error(
    marker: Marker, bad: str, at: int, at_once: int | None
) -> None:
    keys = [bad if i == at else f"k{i}" for i in range(10)]
    calls: list[int] = []
    done = carry_out(step(rows_at_once=at_once), partial(work, at_once=calls), rows(keys), marker)
    result = done.to_pylist()
    assert [r["sketch_id"] for r in result] == keys
    assert [i for i, r in enumerate(result) if r["error"] is not None] == [at]
    assert [i for i, r in enumerate(result) if r["category"] is None] == [at]
    assert result[at]["x"] == [0.0]
    assert max(calls) <= (at_once or 10)
    if bad == "raise":
        assert result[at]["error"] == "labelling failed: RuntimeError: out of crayons"


@pytest.mark.parametrize("failed", [set(), {0}, {2, 5}, {1, 4, 6}, set(range(7))])
def test_a_row_that_failed_before_is_left_alone_in_its_place(
    marker: Marker, failed: set[int]
) -> None:
    keys = ["raise" if i in failed else f"k{i}" for i in range(7)]
    table = rows(keys, dict.fromkeys(failed, "before"))
    seen = pa.schema(STRANGE_SCHEMA)
    result = carry_out(step(schema=seen), partial(work, at_once=[]), table, marker)
    assert result.schema.equals(STRANGE_SCHEMA)
    found = result.to_pylist()
    assert [r["sketch_id"] for r in found] == keys
    assert {i for i, r in enumerate(found) if r["error"] == "before"} == failed
    assert {i for i, r in enumerate(found) if r["category"] is None} == failed


def test_no_rows_are_no_work(marker: Marker) -> None:
    calls: list[int] = []
    assert len(carry_out(step(), partial(work, at_once=calls), rows([]), marker)) == 0
    assert calls == []


@pytest.mark.parametrize(
    ("cpus", "gpus", "sizes", "smallest", "first", "most"),
    [
        (4, 0, Sizes(pools=1), 2, 2, 2),
        (4, 0, Sizes(pools=2), 1, 1, 2),
        (4, 0, Sizes(pools=3), 1, 1, 1),
        (16, 0, Sizes(pools=3), 1, 4, 12),
        (6_400, 0, Sizes(pools=2), 1, 2_800, 5_599),
        (6_400, 0, Sizes(pools=1), 5_600, 5_600, 5_600),
        (16, 0, Sizes(pools=3, workers=2), 2, 2, 2),
        (64, 1, Sizes(pools=3, gpus_per_worker=0.25), 1, 1, 2),
        (64, 8, Sizes(pools=2, gpus_per_worker=0.5), 1, 8, 15),
        (64, 8, Sizes(pools=1, gpus_per_worker=1), 8, 8, 8),
        (8, 8, Sizes(pools=1, gpus_per_worker=0.5), 6, 6, 6),  # as many CPUs are needed
        (16, 2, Sizes(pools=1, gpus_per_worker=0.4), 4, 4, 4),  # none is spread over two GPUs
    ],
)
def test_pools_share_the_cluster(
    cpus: int, gpus: int, sizes: Sizes, smallest: int, first: int, most: int
) -> None:
    stage = Stage(output=Output("/nowhere"), run="r", slices=10_000)
    room = _slots({"CPU": cpus, "GPU": gpus}, 1, sizes.gpus_per_worker)
    capacity = Capacity(cpus=cpus, gpus=gpus, nodes=1, room=room)
    pool = sizes.strategy(capacity, stage)
    assert (pool.min_size, pool.initial_size, pool.max_size) == (smallest, first, most)
    few = Stage(output=Output("/nowhere"), run="r", slices=2)
    assert sizes.strategy(capacity, few).max_size == min(most, 2)


@pytest.mark.ray
@pytest.mark.parametrize(
    ("sizes", "said"),
    [
        (Sizes(pools=3, workers=2), "room for 4.*2 of each of 3 kinds, and one that reads"),
        (Sizes(pools=4), "5 workers.* room for 4"),
        (Sizes(pools=2, gpus_per_worker=0.5), "2 workers with 1 CPU and 0.5 GPUs"),
        (Sizes(pools=3, workers=-1), "--workers -"),
    ],
)
def test_pools_without_room_are_refused(ray_cluster: None, sizes: Sizes, said: str) -> None:
    with pytest.raises(UserError, match=said):
        sizes.connect()
    assert Sizes(pools=3).connect().cpus == 4
