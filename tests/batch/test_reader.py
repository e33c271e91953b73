import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from instancesketch.batch.manifest import accepted
from instancesketch.batch.output import Output
from instancesketch.batch.reader import Read, ReadConfig, shuffle_strokes
from instancesketch.batch.shards import plan_shards
from instancesketch.batch.stages import JobRun, ShardState
from instancesketch.core.hashing import assign_split
from instancesketch.core.schema import SCHEMA
from instancesketch.core.sketch import Sketch
from instancesketch.core.taxonomy import Taxonomy
from instancesketch.formats import FORMATS


def drawing(key: str, **fields: Any) -> str:
    return json.dumps({"key_id": key, "word": "van", "drawing": [[[0, 4], [0, 4]]]} | fields) + "\n"


def read_all(folder: Path, config: ReadConfig) -> tuple[pa.Table, pa.Table]:
    (shard,) = plan_shards([str(folder)]).shards
    run = JobRun(output=Output(str(folder.parent / "out"), {}), id="r")
    state = Read(config).process(ShardState(shard=shard), run)
    return state.rows, state.manifest


@given(
    lengths=st.lists(st.integers(1, 4), min_size=1, max_size=8),
    seed=st.integers(0, 3),
    key=st.text("ab", min_size=1, max_size=3),
)
def test_shuffling_moves_whole_strokes_with_their_labels(
    lengths: list[int], seed: int, key: str
) -> None:
    strokes = [[[i, j] for j in range(n)] for i, n in enumerate(lengths)]
    numbers = tuple(range(len(lengths)))
    names = tuple(map(str, numbers))
    sketch = Sketch.from_strokes(
        strokes,
        sketch_id=key,
        part=names,
        label=names,
        instance=tuple(i or None for i in numbers),
        object=tuple(i - 1 for i in numbers),
        object_category=("car",) * len(lengths),
    )
    shuffled = shuffle_strokes(sketch, seed)
    assert shuffled == shuffle_strokes(sketch, seed)
    assert sorted(shuffled.part or ()) == sorted(names)
    order = [int(name) for name in shuffled.part or ()]
    assert [stroke.tolist() for stroke in shuffled.to_strokes()] == [strokes[i] for i in order]
    assert shuffled.label == shuffled.part
    assert shuffled.instance == tuple(i or None for i in order)
    assert shuffled.object == tuple(i - 1 for i in order)
    assert shuffled.object_category == sketch.object_category


def test_another_seed_or_id_gives_another_order() -> None:
    strokes = [[[i, 0]] for i in range(20)]
    orders = {
        tuple(shuffle_strokes(Sketch.from_strokes(strokes, sketch_id=key), seed).x.tolist())
        for key in "ab"
        for seed in (0, 1)
    }
    assert len(orders) == 4


def test_split_by_user_falls_back_to_the_id_and_marks_the_row(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    lines = [drawing(f"k{i}", user="ann") for i in range(5)]
    lines += [drawing("lone"), drawing("official", split="test")]
    (folder / "a.ndjson").write_text("".join(lines))
    rows, manifest = read_all(folder, ReadConfig(split_by="user"))
    splits = dict(zip(rows["sketch_id"].to_pylist(), rows["split"].to_pylist(), strict=True))
    assert {splits[f"k{i}"] for i in range(5)} == {assign_split("ann")}
    assert (splits["lone"], splits["official"]) == (assign_split("lone"), "test")
    assert manifest["without_user"].to_pylist() == [False] * 5 + [True, False]


def test_only_rows_of_the_given_split_are_read(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.ndjson").write_text(drawing("a", split="valid") + drawing("b", split="train"))
    rows, manifest = read_all(folder, ReadConfig(only_split="valid"))
    assert rows["sketch_id"].to_pylist() == ["a"]
    assert np.sum(manifest["other_split"].to_numpy(zero_copy_only=False) == True) == 1  # noqa: E712
    assert len(accepted(manifest)) == 1


@pytest.mark.parametrize(("labels", "expected"), [(True, 0), (False, 1)])
def test_unknown_labels_reject_a_drawing_only_if_labels_are_read(
    tmp_path: Path, labels: bool, expected: int
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.ndjson").write_text(drawing("a", label=["wing"]))
    taxonomy = Taxonomy.load("doodle7").to_dict()
    rows, manifest = read_all(folder, ReadConfig(taxonomy=taxonomy, labels=labels))
    assert len(rows) == expected
    if labels:
        assert "unknown label 'wing'" in manifest["reason"][0].as_py()
    else:
        assert rows.to_pylist()[0]["category"] == "car"
        assert rows["label"].null_count == 1


BROKEN: list[dict[str, Any]] = [
    {},
    {"sketch_id": ""},
    {"x": [0.0]},
    {"x": [0.0, float("nan"), 1.0]},
    {"y": [0.0, 1e9, 1.0]},
    {"stroke_len": [3, 0]},
    {"stroke_len": []},
    {"label": ["wheel"]},
    {"part": ["wheel", None]},
    {"instance": [1]},
    {"object": [0, 5], "object_category": ["car"]},
    {"object": [0, -1], "object_category": ["car"]},
]


@pytest.mark.parametrize("broken", BROKEN, ids=str)
@pytest.mark.parametrize("fields", [{}, {"only_split": "test"}, {"split_by": "user"}], ids=str)
def test_reading_in_batches_equals_reading_row_by_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: dict[str, Any], fields: dict[str, Any]
) -> None:
    rows = [
        {"sketch_id": f"k{i}", "x": [0.0, 1.0, 2.0], "y": [0.0, 1.0, 1.0], "stroke_len": [2, 1]}
        | {"category": [None, "van", "castle", ""][i % 4], "split": [None, "test"][i % 2]}
        | {"part": ["wheel", "frame"], "label": ["wheel", "frame"], "instance": [i, None]}
        for i in range(12)
    ]
    rows[4] |= broken
    folder = tmp_path / "sun"  # the category of rows without one
    folder.mkdir()
    nullable = pa.schema([f.with_nullable(True) for f in SCHEMA])
    pq.write_table(pa.Table.from_pylist(rows, nullable), folder / "a.parquet", row_group_size=3)
    config = ReadConfig(taxonomy=Taxonomy.load("doodle7").to_dict(), labels=False, **fields)
    in_tables = read_all(folder, config)
    without_batches = dataclasses.replace(FORMATS["corpus"], read_batches=None)
    monkeypatch.setitem(FORMATS, "corpus", without_batches)
    for table, one_by_one in zip(in_tables, read_all(folder, config), strict=True):
        assert table.equals(one_by_one)
    assert in_tables[0]["part"].null_count == len(in_tables[0]) > 0
