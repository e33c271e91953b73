import json
import os
import signal
import sys
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from instancesketch.batch.config import IngestConfig, SegmentConfig
from instancesketch.batch.in_process import InProcessRunner
from instancesketch.batch.ingest import ingest
from instancesketch.batch.job import Summary
from instancesketch.batch.runner import Runner
from instancesketch.batch.segment import segment
from instancesketch.batch.stages import Labelling, LabelRows, ModelStage
from instancesketch.core.errors import UserError
from instancesketch.core.schema import build_result_table
from instancesketch.core.sketch import Sketch
from instancesketch.core.taxonomy import Taxonomy
from instancesketch.distributed.ray_runner import RayRunner
from instancesketch.inference.segmenter import Segmenter
from tests.drawings import corpus, drawn, forced_weights


def follow(name: str, rows: pa.Table) -> pa.Table:
    """Raise or kill the process, by the drawings' ids; else append the stage to categories."""
    ids = rows["sketch_id"].to_pylist()
    if f"kill {name}" in ids:
        os.kill(os.getpid(), signal.SIGKILL)
    if f"raise {name}" in ids:
        raise RuntimeError("out of crayons")
    categories = [f"{before} {name}" for before in rows["category"].to_pylist()]
    return build_result_table(rows, {"category": pa.array(categories)})


def following(name: str, device: str) -> LabelRows:
    return partial(follow, name)


NAMES = ("detecting", "grouping", "labelling")
FOLLOWING = Labelling(
    taxonomy=Taxonomy.load("doodle7"),
    stages=tuple(
        ModelStage(name=name, load=partial(following, name), rows_at_once=8) for name in NAMES
    ),
)


def write_drawings(folder: Path, keys: list[str], files: int = 1) -> None:
    folder.mkdir()
    for i in range(files):
        lines = [
            json.dumps({"key_id": key, "word": "sun", "drawing": [[[0, 4], [0, 4]]]})
            for key in keys[i::files]
        ]
        (folder / f"{i}.ndjson").write_text("\n".join(lines))


def run(
    out: Path, *sources: Path, runner: type[Runner] = InProcessRunner, **options: Any
) -> Summary:
    """Label with the three stages of this module in place of models."""
    config = SegmentConfig(
        sources=tuple(map(str, sources)), out=str(out), weights=(), quiet=True, **options
    )
    return segment(config, runner(), FOLLOWING)


def rows(folder: Path) -> list[dict[str, Any]]:
    return [r for f in sorted(folder.glob("part-*")) for r in pq.read_table(f).to_pylist()]


def check_failures(out: Path, summary: Summary, keys: list[str], errors: dict[str, str]) -> None:
    """Assert that the rows with errors, and no others, lack labels."""
    result = rows(out)
    assert [r["sketch_id"] for r in result] == keys
    assert {r["sketch_id"]: r["error"] for r in result if r["error"]} == errors
    category_by_success = {r["error"] is None: r["category"] for r in result}
    assert category_by_success == {True: "sun detecting grouping labelling", False: None}
    assert (summary.rows, summary.failed, summary.rejected) == (len(keys), len(errors), 0)
    assert summary.counts["taxonomy"]["name"] == "doodle7"
    assert summary.counts["speed"]["sketches"] == len(keys)
    stages = ["reading", *NAMES, "writing"]
    assert list(summary.counts["stages"]) == stages
    assert set(summary.counts["peak_memory_mb"]) == {"driver", *stages}


def test_a_row_that_raises_at_any_stage_is_skipped_by_later_stages(tmp_path: Path) -> None:
    keys = [f"k{i}" for i in range(40)]
    for i, name in enumerate(NAMES):
        keys[9 * i + 5] = f"raise {name}"
    write_drawings(tmp_path / "in", keys)
    summary = run(tmp_path / "out", tmp_path / "in")
    errors = {f"raise {name}": f"{name} failed: RuntimeError: out of crayons" for name in NAMES}
    check_failures(tmp_path / "out", summary, keys, errors)


@pytest.fixture
def by_value(ray_cluster: None) -> Any:
    """Send the functions of this module by value, since workers can't import it."""
    from ray import cloudpickle

    cloudpickle.register_pickle_by_value(sys.modules[__name__])
    yield
    cloudpickle.unregister_pickle_by_value(sys.modules[__name__])


@pytest.mark.ray
def test_a_row_that_kills_its_actor_gets_an_error_and_affects_no_other_row(
    by_value: None, tmp_path: Path
) -> None:
    keys = ["a", "raise detecting", "b", "c", "kill grouping", "d", "raise labelling", "e"]
    write_drawings(tmp_path / "in", keys)
    summary = run(tmp_path / "out", tmp_path / "in", runner=RayRunner)
    errors = {
        "raise detecting": "detecting failed: RuntimeError: out of crayons",
        "kill grouping": "the grouping process died on this row",
        "raise labelling": "labelling failed: RuntimeError: out of crayons",
    }
    check_failures(tmp_path / "out", summary, keys, errors)


def test_only_rows_of_the_given_split_are_labelled(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    drawings = [
        {"key_id": f"k{i}", "drawing": [[[0, 4], [0, 4]]], "split": "valid" if i % 3 else "test"}
        for i in range(9)
    ]
    (tmp_path / "in" / "a.ndjson").write_text("\n".join(map(json.dumps, drawings)))
    summary = run(tmp_path / "out", tmp_path / "in", split="test")
    assert [r["sketch_id"] for r in rows(tmp_path / "out")] == ["k0", "k3", "k6"]
    assert (summary.rows, summary.counts["other_split"]) == (3, 6)
    with pytest.raises(UserError, match="of the split that was asked for"):
        run(tmp_path / "none", tmp_path / "in", split="train")


def test_a_result_has_a_row_per_drawing_and_can_be_ingested(
    data_dir: Path, tmp_path: Path, parts_alone: Path
) -> None:
    config = SegmentConfig(
        sources=(str(data_dir / "doodle7-real" / "json" / "car"),),
        out=str(tmp_path / "result"),
        weights=(str(parts_alone),),
    )
    first = segment(config, InProcessRunner())
    result = rows(tmp_path / "result")
    assert len(result) == first.rows == first.counts["rows_by_format"]["json"] > 0
    assert all(len(r["part"]) == len(r["stroke_len"]) == len(r["part_score"]) for r in result)
    ingested = IngestConfig(sources=(config.out,), out=str(tmp_path / "corpus"))
    again = ingest(ingested, InProcessRunner())
    assert (again.rows, again.rejected) == (first.rows, 0)
    assert [r["part"] for r in rows(tmp_path / "corpus")] == [r["part"] for r in result]


def test_missing_weights_are_refused_before_the_output_is_created(tmp_path: Path) -> None:
    config = SegmentConfig(sources=(str(tmp_path),), out=str(tmp_path / "out"), weights=("nobody",))
    with pytest.raises(UserError):
        segment(config, InProcessRunner())
    assert not (tmp_path / "out").exists()


def label(out: Path, source: Path, weights: str, **options: Any) -> Summary:
    config = SegmentConfig(
        sources=(str(source),), out=str(out), weights=(weights,), quiet=True, **options
    )
    return segment(config, InProcessRunner())


@pytest.mark.parametrize("category", ["other", "scene"])
def test_drawings_without_parts_are_counted_and_read_back(tmp_path: Path, category: str) -> None:
    weights = forced_weights(tmp_path / "weights", category, "car")
    write_drawings(tmp_path / "in", ["a", "b", "c"])
    summary = label(tmp_path / "out", tmp_path / "in", weights)
    counts = {name: summary.counts[name] for name in ("other", "scene", "failed", "rows")}
    assert counts == {"other": 0, "scene": 0, "failed": 0, "rows": 3} | {category: 3}
    for row in rows(tmp_path / "out"):
        assert (row["category"], row["category_2"], row["word"]) == (category, "car", "sun")
        assert (row["part"], row["label"], row["part_score"], row["error"]) == (None,) * 4
    again = label(tmp_path / "again", tmp_path / "out", weights)
    assert again.counts[category] == 3


def test_strokes_are_cut_where_the_job_says_so(tmp_path: Path) -> None:
    source = corpus(tmp_path / "in", [as_one_stroke(sketch) for sketch in drawn(4)])
    results = {}
    for name, cut in (("whole", False), ("cut", True)):
        label(tmp_path / name, Path(source), "default", cut_strokes=cut, precision="float32")
        want = Segmenter.load("default", cut_strokes=cut).label_table(pq.read_table(source))
        results[name] = rows(tmp_path / name)
        for column in ("part_score", "pieces"):
            assert [row[column] for row in results[name]] == want[column].to_pylist()
    assert all(row["pieces"] is None for row in results["whole"])
    assert any(row["pieces"] != [None] for row in results["cut"])
    # A result that is labelled anew takes no pieces along.
    label(tmp_path / "again", tmp_path / "cut", "default", precision="float32")
    assert rows(tmp_path / "again") == results["whole"]
    with pytest.raises(UserError, match=r"made with another config .*cut_strokes was"):
        label(tmp_path / "cut", Path(source), "default", precision="float32")


def as_one_stroke(sketch: Sketch) -> Sketch:
    return Sketch.from_strokes([np.concatenate(sketch.to_strokes())], sketch_id=sketch.sketch_id)


def test_a_result_of_other_categories_is_refused(tmp_path: Path) -> None:
    weights = forced_weights(tmp_path / "weights", "other", "car", "tree")
    write_drawings(tmp_path / "in", ["a"])
    few = label(tmp_path / "out", tmp_path / "in", weights, categories=("tree", "police car"))
    assert list(few.counts["taxonomy"]["categories"]) == ["car", "tree"]
    assert [row["category"] for row in rows(tmp_path / "out")] == ["car"]
    # Other words for the same categories mean the same job.
    again = label(tmp_path / "out", tmp_path / "in", weights, categories=("car", "tree"))
    assert again.finished_before
    for categories in (None, ("car",)):
        with pytest.raises(UserError, match=r"made with another config .*categories was"):
            label(tmp_path / "out", tmp_path / "in", weights, categories=categories)
    with pytest.raises(UserError, match="'teapot' is no category of default"):
        label(tmp_path / "new", tmp_path / "in", weights, categories=("teapot",))
    assert not (tmp_path / "new").exists()
