"""Corpora with files that are damaged."""

from collections.abc import Callable
from pathlib import Path

import pytest

from instancesketch.batch.config import IngestConfig, SegmentConfig
from instancesketch.batch.in_process import InProcessRunner
from instancesketch.batch.ingest import ingest
from instancesketch.batch.segment import segment
from instancesketch.core import parquet
from instancesketch.core.errors import UserError
from instancesketch.core.schema import to_table
from instancesketch.core.sketch import Sketch
from instancesketch.core.storage import read_json
from instancesketch.distributed.train.config import TrainConfig
from instancesketch.distributed.train.resolve import resolve
from instancesketch.training.recipes import recipe
from tests.drawings import drawn

RECIPE = recipe("segmenter", "default")


def flip(file: Path, at: float) -> None:
    content = bytearray(file.read_bytes())
    content[int(at * len(content))] ^= 1
    file.write_bytes(content)


def cut(file: Path, at: float) -> None:
    file.write_bytes(file.read_bytes()[: int(at * file.stat().st_size)])


def rows_of(file: int) -> list[Sketch]:
    rows = enumerate(drawn(10, seed=file))
    return [s.replace(split="valid" if i % 5 else "train") for i, s in rows]


@pytest.mark.parametrize("damage", [flip, cut])
def test_damaged_file_is_rejected_and_the_others_are_read(
    parts_alone: Path, tmp_path: Path, damage: Callable[[Path, float], None]
) -> None:
    source = str(tmp_path / "corpus")
    for i in range(4):
        parquet.write_table(f"{source}/part-{i}.parquet", to_table(rows_of(i)))
    files = parquet.list_row_files(source)
    bad = files[1]
    ids = {f: parquet.read_table(f, ["sketch_id"])["sketch_id"].to_pylist() for f in files}
    good = [i for file in files if file != bad for i in ids[file]]
    damage(Path(bad), 0.3)
    outs = [str(tmp_path / name) for name in ("ingested", "result")]
    runner = InProcessRunner()
    ingest(IngestConfig(sources=(source,), out=outs[0], quiet=True), runner)
    weights = (str(parts_alone),)
    segment(SegmentConfig(sources=(source,), out=outs[1], weights=weights, quiet=True), runner)
    for out in outs:
        tables = parquet.read_batches(out, ["sketch_id"])
        assert [i for t in tables for i in t["sketch_id"].to_pylist()] == good
        (rejected,) = parquet.read_table(f"{out}/_rejected.parquet").to_pylist()
        assert rejected["file"] == bad
        assert rejected["position"] == ("" if damage is cut else f"rows 0 to {len(ids[bad]) - 1}")
        assert read_json(f"{out}/summary.json")["rejected"] == 1
    with pytest.raises(UserError, match=rf"{bad} can't be read: ") as error:
        resolve(
            TrainConfig(
                data=(source,), run="r", storage=str(tmp_path), recipe=RECIPE, selection="valid"
            )
        )
    assert "\n" not in str(error.value)
