"""Equal ids are found bucket by bucket as by looking at all rows in order."""

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow.parquet as pq
from hypothesis import given
from hypothesis import strategies as st

from instancesketch.batch.manifest import Manifest
from instancesketch.batch.output import Output
from instancesketch.batch.publishing.duplicates import (
    FindDuplicates,
    SortIds,
    find_repeats,
    number_buckets,
)
from instancesketch.batch.publishing.groups import Bucket, ShardGroup, task_file
from instancesketch.batch.stages import JobRun, ShardState
from instancesketch.core import parquet
from instancesketch.core.sketch import Sketch
from instancesketch.formats import Rejection


@dataclass(frozen=True)
class Place:
    shard: int
    row: int
    file: str
    position: str


def write_manifest(output: Output, number: int, ids: list[str]) -> list[Place]:
    """Write the manifest of a shard, with a rejected record before each row."""
    manifest, places = Manifest(), []
    for row, key in enumerate(ids):
        manifest.reject(Rejection(file="f", position=f"line {2 * row}", reason="broken"))
        sketch = Sketch.from_strokes([[[0, 0]]], sketch_id=key)
        place = Place(number, row, f"{number}.json", f"line {2 * row + 1}")
        manifest.accept(sketch, place.file, place.position, "quickdraw")
        places.append(place)
    parquet.write_table(output.manifest_file(str(number)), manifest.table())
    return places


def find(output: Output, shards: int, per_group: int) -> list[tuple[int, int, str, str]]:
    """Return the rows whose id is taken, with the place of the first, by the tasks."""
    run = JobRun(output=output, id="test")
    starts = range(0, shards, per_group)
    groups = [
        ShardGroup(
            number=i,
            first=first,
            shards=tuple(str(n) for n in range(first, min(first + per_group, shards))),
        )
        for i, first in enumerate(starts)
    ]
    for group in groups:
        assert SortIds(buckets=len(groups))(ShardState(shard=group), run).error is None
    found = []
    for group in groups:
        bucket = Bucket(number=group.number)
        state = FindDuplicates(groups=len(groups))(ShardState(shard=bucket), run)
        assert state.error is None
        if state.written:
            table = pq.read_table(task_file(output, "clashes", bucket.number, "parquet"))
            assert len(table) == state.written
            rows = [tuple(row.values()) for row in table.to_pylist()]
            assert rows == sorted(rows, key=lambda row: row[:2])
            found += rows
    return sorted(found)


@given(
    st.lists(st.lists(st.sampled_from("abcdefghij"), max_size=6), min_size=1, max_size=7),
    st.integers(1, 4),
)
def test_all_rows_but_the_first_of_an_id_are_found(shards: list[list[str]], per_group: int) -> None:
    first: dict[str, Place] = {}
    expected = []
    with TemporaryDirectory() as folder:
        output = Output(folder, {"verb": "test"})
        for number, ids in enumerate(shards):
            places = write_manifest(output, number, ids)
            for key, place in zip(ids, places, strict=True):
                if key in first:
                    expected.append((place.shard, place.row, first[key].file, first[key].position))
                first.setdefault(key, place)
        assert find(output, len(shards), per_group) == expected


def test_ids_are_compared_by_both_halves_of_the_hash() -> None:
    later, first = find_repeats(np.array([[1, 2], [1, 3], [2, 2], [1, 2], [1, 2]], np.uint64))
    assert (later.tolist(), first.tolist()) == ([3, 4], [0, 0])


def test_every_bucket_gets_about_as_many_ids() -> None:
    hashes = np.random.default_rng(0).integers(0, 2**64, (20_000, 2), np.uint64, endpoint=False)
    for buckets in (1, 7, 64):
        sizes = np.bincount(number_buckets(hashes, buckets), minlength=buckets)
        assert len(sizes) == buckets
        assert sizes.min() > 0.7 * 20_000 / buckets
    ends = np.array([[0, 0], [2**64 - 1, 0]], np.uint64)
    assert number_buckets(ends, 7).tolist() == [0, 6]


def test_no_ids_at_all_are_no_error(tmp_path: Path) -> None:
    output = Output(str(tmp_path), {"verb": "test"})
    write_manifest(output, 0, [])
    assert find(output, 1, 1) == []
