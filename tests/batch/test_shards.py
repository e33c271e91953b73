import json
import os
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from pyarrow import fs

from instancesketch.batch import shards
from instancesketch.batch.config import AUTO
from instancesketch.batch.shards import ShardPlan, list_files, plan_shards
from instancesketch.core.errors import UserError
from instancesketch.core.parquet import write_table
from instancesketch.core.schema import to_table
from instancesketch.core.sketch import Sketch
from instancesketch.formats import read, sniff
from instancesketch.synth.draw import draw


def line(key: str) -> str:
    return json.dumps({"key_id": key, "word": "sun", "drawing": [[[0, 4, 4], [0, 0, 4]]]}) + "\n"


def cut_to(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    monkeypatch.setattr(shards, "MIN_BYTES", size)
    monkeypatch.setattr(shards, "MAX_BYTES", size)


def read_ids(plan: ShardPlan) -> list[str]:
    local = fs.LocalFileSystem()
    ids = []
    for shard in plan.shards:
        for file_range in shard.ranges:
            format = file_range.format
            if format == AUTO:
                format = str(sniff(file_range.path, local))
            records = read(replace(file_range, format=format), local)
            ids += [record.sketch.sketch_id for record in records]  # type: ignore[union-attr]
    return ids


@pytest.mark.parametrize("size", [1, 70, 100, 1_000, 10_000])
def test_files_of_lines_are_split_without_loss_and_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    keys = [f"key-{i}" for i in range(50)]
    (tmp_path / "suns.ndjson").write_text("".join(map(line, keys)))
    cut_to(monkeypatch, size)
    plan = plan_shards([str(tmp_path)])
    assert read_ids(plan) == keys
    assert (len(plan.shards) == 1) == (size == 10_000)


@pytest.mark.parametrize("size", [1, 3_000, 1 << 20])
def test_row_groups_are_split_without_loss_and_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    keys = [f"key-{i}" for i in range(50)]
    table = to_table([Sketch.from_strokes([[[0, 0], [1, 1]]], sketch_id=key) for key in keys])
    pq.write_table(table, tmp_path / "part-0.parquet", row_group_size=5)
    cut_to(monkeypatch, size)
    plan = plan_shards([str(tmp_path)])
    assert read_ids(plan) == keys
    assert len(plan.shards) == 10 if size == 1 else len(plan.shards) < 10


def test_small_files_share_shards_in_the_order_of_the_sources(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in ("b", "a"):
        (tmp_path / folder / "deep").mkdir(parents=True)
        for i in range(5):
            (tmp_path / folder / "deep" / f"{i}.ndjson").write_text(line(f"{folder}{i}"))
    cut_to(monkeypatch, 3 * len(line("a0")))
    plan = plan_shards([str(tmp_path / "b"), str(tmp_path / "a")])
    assert read_ids(plan) == [f"{folder}{i}" for folder in "ba" for i in range(5)]
    assert [len(shard.ranges) for shard in plan.shards] == [3, 3, 3, 1]
    assert [shard.name for shard in plan.shards] == [f"part-{i:06d}" for i in range(4)]
    assert plan == plan_shards([str(tmp_path / "b"), str(tmp_path / "a")])


def test_hidden_files_are_skipped_and_counted_unless_named(tmp_path: Path) -> None:
    (tmp_path / "_state").mkdir()
    for name in ("_state/x.ndjson", ".y.ndjson", "_rejected.parquet", "z.ndjson"):
        (tmp_path / name).write_text(line("z"))
    plan = plan_shards([str(tmp_path)])
    assert (plan.files, plan.hidden, read_ids(plan)) == (1, 3, ["z"])
    assert read_ids(plan_shards([str(tmp_path / "_state" / "x.ndjson")])) == ["z"]


def test_the_summary_of_a_corpus_is_not_read_as_a_drawing(tmp_path: Path) -> None:
    (tmp_path / "corpus").mkdir()
    (tmp_path / "summary.json").write_text(line("mine"))
    (tmp_path / "corpus" / "summary.json").write_text("{}")
    write_table(str(tmp_path / "corpus" / "part-000000.parquet"), to_table([draw(1, 0)]))
    plan = plan_shards([str(tmp_path)])
    assert (plan.files, plan.hidden) == (2, 1)
    read = [Path(file.path) for file in list_files(str(tmp_path))[0]]
    assert read == [tmp_path / "corpus" / "part-000000.parquet", tmp_path / "summary.json"]


def test_the_fingerprint_changes_with_the_files(tmp_path: Path) -> None:
    file = tmp_path / "a.ndjson"
    file.write_text(line("a"))
    first = plan_shards([str(tmp_path)]).sources
    assert plan_shards([str(tmp_path)]).sources == first
    os.utime(file, (1, 1))
    second = plan_shards([str(tmp_path)]).sources
    (tmp_path / "b.ndjson").write_text(line("b"))
    assert len({s[0]["digest"] for s in (first, second, plan_shards([str(tmp_path)]).sources)}) == 3


def test_the_error_names_a_missing_source(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"nothing isn't there"):
        plan_shards([str(tmp_path / "nothing")])
    with pytest.raises(UserError, match="no files in"):
        plan_shards([str(tmp_path)])


def test_a_damaged_parquet_file_is_planned_as_one_range(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bad.parquet").write_bytes(b"PAR1" + bytes(100))
    cut_to(monkeypatch, 10)
    (file_range,) = plan_shards([str(tmp_path)]).shards[0].ranges
    assert (file_range.start, file_range.end) == (0, None)
