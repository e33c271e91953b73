"""The measured job makes the corpus that it says, by tasks whose memory it names."""

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from experiments import publishing


def test_a_tiny_corpus_is_made_and_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publishing, "ROWS_PER_DUPLICATE", 100)
    found = publishing.measure(1_800, "here", str(tmp_path / "out"), 500)
    assert (found["rows"], found["rejected"], found["shards"]) == (1_782, 18, 4)
    ids = pq.read_table(sorted((tmp_path / "out").glob("part-*.parquet")))["sketch_id"].to_pylist()
    assert ids == [f"{n:012d}" for n in range(1_800) if n % 100 != 99]
    tasks = [task["task"] for task in found["publishing"]]
    assert tasks == ["sorting ids", "looking for equal ids", "moving rows", "joining counts"]
    assert all(task["memory_mb"] > 0 for task in found["publishing"])
    assert publishing.to_text(found).startswith("1,782 rows and 18 rejected in 4 shards, here")
