import json
from pathlib import Path
from shutil import copy
from typing import Any

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from instancesketch.batch.config import IngestConfig
from instancesketch.batch.in_process import InProcessRunner
from instancesketch.batch.ingest import ingest
from instancesketch.batch.job import Summary
from instancesketch.batch.runner import Runner
from instancesketch.core.errors import UserError
from instancesketch.core.schema import SCHEMA
from instancesketch.distributed.ray_runner import RayRunner
from tests.formats.broken import write_broken


def drawing(key: str) -> str:
    return json.dumps({"key_id": key, "word": "sun", "drawing": [[[0, 4], [0, 4]]]}) + "\n"


def run(
    out: Path, *sources: Path, runner: type[Runner] = InProcessRunner, **options: Any
) -> Summary:
    config = IngestConfig(sources=tuple(map(str, sources)), out=str(out), **options)
    return ingest(config, runner())


def visible(folder: Path) -> dict[str, bytes]:
    """Return the files of all rows and rejections, byte for byte."""
    return {p.name: p.read_bytes() for p in sorted(folder.glob("*.parquet"))}


@pytest.mark.parametrize(
    ("name", "splits", "strokes"),
    [
        pytest.param("spg", {"train": 13_000, "valid": 1_000}, 90_334, marks=pytest.mark.nightly),
        pytest.param("doodle7-real", 1_932, 15_360, marks=pytest.mark.nightly),
        pytest.param("quickdraw", 8_483, None, marks=pytest.mark.ray),
        pytest.param("semantic-parts", 955, None, marks=pytest.mark.ray),
        pytest.param("scenes", 679, None, marks=pytest.mark.ray),
    ],
)
def test_all_real_drawings_are_read(
    ray_cluster: None, data_dir: Path, tmp_path: Path, name: str, splits: Any, strokes: int | None
) -> None:
    summary = run(tmp_path / "corpus", data_dir / name, runner=RayRunner)
    files = sorted((tmp_path / "corpus").glob("part-*.parquet"))
    table = pq.ParquetDataset(files).read()
    assert table.schema.equals(SCHEMA)
    assert (summary.rejected, summary.failed) == (0, 0)
    assert len(table) == summary.rows == (splits if isinstance(splits, int) else 14_000)
    assert strokes in (None, summary.counts["strokes"])
    if isinstance(splits, dict):
        counts = {v["values"]: v["counts"] for v in pc.value_counts(table["split"]).to_pylist()}
        assert counts == splits


def test_broken_files_are_rejected_by_name_and_the_others_read(tmp_path: Path) -> None:
    broken = write_broken(tmp_path / "in", big=False)
    summary = run(tmp_path / "corpus", tmp_path / "in")
    rejected = pq.read_table(tmp_path / "corpus" / "_rejected.parquet").to_pylist()
    assert summary.rows == broken.good - broken.clashes
    assert summary.rejected == len(rejected)
    for name, reason in broken.reasons.items():
        reasons = [r["reason"] for r in rejected if r["file"].endswith(f"/{name}")]
        assert any(reason in text for text in reasons), (name, reasons)
    assert sum("is already taken by" in r["reason"] for r in rejected) == broken.clashes


def test_the_first_of_duplicate_ids_is_kept_across_sources(tmp_path: Path) -> None:
    for name, keys in (("b", "pq"), ("a", "qr")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "x.ndjson").write_text("".join(map(drawing, keys)))
    out = tmp_path / "corpus"
    summary = run(out, tmp_path / "b", tmp_path / "a", tmp_path / "b" / "x.ndjson")
    assert (summary.rows, summary.rejected) == (3, 3)
    rejected = pq.read_table(out / "_rejected.parquet").to_pylist()
    assert [(r["file"][-10:], r["position"]) for r in rejected] == [
        ("a/x.ndjson", "line 1"),
        ("b/x.ndjson", "line 1"),
        ("b/x.ndjson", "line 2"),
    ]


def test_a_finished_corpus_is_unchanged_and_another_config_refused(tmp_path: Path) -> None:
    source, out = tmp_path / "in", tmp_path / "corpus"
    source.mkdir()
    (source / "a.ndjson").write_text(drawing("a"))
    first = run(out, source)
    before = visible(out)
    again = run(out, source, workers=2)
    assert (first.finished_before, again.finished_before) == (False, True)
    assert again.counts == first.counts
    with pytest.raises(UserError, match=r"another config \(shuffle_strokes was None, is 1\)"):
        run(out, source, shuffle_strokes=1)
    with pytest.raises(UserError, match="lie in each other"):
        run(source / "out", source)
    (source / "b.ndjson").write_text(drawing("b"))
    with pytest.raises(UserError, match=r"another config \(sources\)"):
        run(out, source)
    assert visible(out) == before


def test_the_error_names_the_rejections_if_nothing_is_readable(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.json").write_text("{")
    for _ in range(2):  # a second run must raise the error as well
        with pytest.raises(
            UserError, match=r"1 rejected, 1 for '.*', by name .*_rejected\.parquet"
        ):
            run(tmp_path / "corpus", tmp_path / "in")
    (tmp_path / "in" / "a.json").rename(tmp_path / "in" / "a.txt")
    with pytest.raises(UserError, match="hold no drawings"):
        run(tmp_path / "other", tmp_path / "in")


SVG = '<svg xmlns="http://www.w3.org/2000/svg"><path d="M0 0L9 9" stroke="red"/></svg>'


def test_ids_of_single_drawings_are_their_paths_below_the_source(tmp_path: Path) -> None:
    for name in (
        "sun/001.svg",
        "cloud/001.svg",
        "cloud/wet/001.v2.svg",
        "sun/train/1.svg",
        "top.svg",
    ):
        path = tmp_path / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(SVG)
    out = tmp_path / "corpus"
    assert run(out, tmp_path / "in").rejected == 0
    rows = pq.read_table(out / "part-000000.parquet").select(["sketch_id", "category"])
    # The folder is the category where nothing else gives one; those above the source never are.
    assert {tuple(row.values()) for row in rows.to_pylist()} == {
        ("sun/001", "sun"),
        ("cloud/001", "cloud"),
        ("cloud/wet/001.v2", "wet"),
        ("sun/train/1", "sun"),
        ("top", None),
    }
    run(tmp_path / "one", tmp_path / "in" / "sun" / "001.svg")
    (row,) = pq.read_table(tmp_path / "one" / "part-000000.parquet").to_pylist()
    assert (row["sketch_id"], row["category"]) == ("001", None)


def test_a_folder_that_names_a_category_is_preferred_to_one_nearer(tmp_path: Path) -> None:
    path = tmp_path / "in" / "dog" / "monday" / "1.svg"
    path.parent.mkdir(parents=True)
    path.write_text(SVG)
    run(tmp_path / "corpus", tmp_path / "in", taxonomy="doodle7")
    (row,) = pq.read_table(tmp_path / "corpus" / "part-000000.parquet").to_pylist()
    assert (row["sketch_id"], row["category"]) == ("dog/monday/1", "4leg")


def test_corpora_shuffled_with_equal_seeds_are_equal(data_dir: Path, tmp_path: Path) -> None:
    source = tmp_path / "in"
    source.mkdir()
    for path in sorted((data_dir / "doodle7-real" / "json" / "2leg").iterdir())[:40]:
        copy(path, source)
    files = []
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        run(tmp_path / name, source, shuffle_strokes=seed)
        files.append(visible(tmp_path / name))
    assert files[0] == files[1]
    assert files[0] != files[2]


def test_one_split_for_all_stands_for_those_of_files_and_of_corpora(tmp_path: Path) -> None:
    (tmp_path / "suns.ndjson").write_text("".join(drawing(str(i)) for i in range(40)))
    run(tmp_path / "by-hash", tmp_path / "suns.ndjson")
    run(tmp_path / "test", tmp_path / "suns.ndjson", split="test", split_by="user")
    run(tmp_path / "valid", tmp_path / "by-hash", split="valid")
    found = {}
    for name in ("by-hash", "test", "valid"):
        (file,) = (tmp_path / name).glob("part-*.parquet")
        found[name] = set(pq.read_table(file)["split"].to_pylist())
    assert len(found["by-hash"]) > 1
    assert (found["test"], found["valid"]) == ({"test"}, {"valid"})
    # A corpus of another split is another one.
    with pytest.raises(UserError, match="split"):
        run(tmp_path / "test", tmp_path / "suns.ndjson", split="train", split_by="user")
