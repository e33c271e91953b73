from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from instancesketch.batch.job import Job, Stage, from_bytes, refuse_overlap, run, tell, to_bytes
from instancesketch.core.errors import UserError


@dataclass(frozen=True)
class Item:
    name: str


def test_tables_as_bytes() -> None:
    for table in (pa.table({"a": [[1, 2], []]}), pa.schema([("a", pa.int8())]).empty_table()):
        assert from_bytes(to_bytes(table)).equals(table)


@pytest.mark.parametrize(("source", "out"), [("a", "a"), ("a", "a/b"), ("a/b", "a")])
def test_refuses_to_write_into_what_is_read(source: str, out: str) -> None:
    with pytest.raises(UserError, match="lie in each other"):
        refuse_overlap(["elsewhere", source], out)
    refuse_overlap([source], "ab")


def test_mistakes_go_on_as_values() -> None:
    def fail(row: dict[str, Any]) -> dict[str, Any]:
        raise UserError("the disk is full")

    told = tell(fail, {"name": "part-0"})
    assert told == {"mistake": "the disk is full"}
    assert tell(lambda row: {}, told) == told


@pytest.mark.ray
def test_a_mistake_found_by_a_worker_ends_the_job_with_its_line(
    ray_cluster: None, tmp_path: Path
) -> None:
    def stages(slices: Any, stage: Stage) -> Any:
        def fail(row: dict[str, Any]) -> dict[str, Any]:
            raise UserError(f"no room for {row['name']}")

        return slices.map(partial(tell, fail))

    job = Job(
        verb="test",
        out=str(tmp_path / "out"),
        settings={"verb": "test"},
        items=[Item("part-0")],
        connect=lambda: None,
        stages=stages,
    )
    with pytest.raises(UserError, match=r"^no room for part-0$"):
        run(job)
