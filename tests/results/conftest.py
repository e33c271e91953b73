"""Fixtures: a corpus, and a result of its drawings."""

from pathlib import Path

import pytest

from instancesketch.core import parquet, storage
from instancesketch.core.schema import RESULT_SCHEMA, to_table
from instancesketch.core.sketch import Sketch
from instancesketch.core.taxonomy import Taxonomy
from tests.drawings import drawn


@pytest.fixture
def corpus(tmp_path: Path) -> str:
    """Write twenty labelled drawings, half of them in the split `valid`."""
    drawings = [s.replace(split=("train", "valid")[i % 2]) for i, s in enumerate(drawn(20, seed=0))]
    parquet.write_table(str(tmp_path / "corpus" / "part-0.parquet"), to_table(drawings))
    return str(tmp_path / "corpus")


@pytest.fixture
def result(tmp_path: Path, corpus: str) -> str:
    """Write a result that is right about every drawing but the first, which has an error."""
    first, *others = parquet.read_sketches(corpus)
    nothing = dict.fromkeys(("category", "part", "label", "instance"))
    rows: list[Sketch] = [first.replace(error="no", **nothing), *others]
    folder = tmp_path / "result"
    parquet.write_table(str(folder / "part-0.parquet"), to_table(rows, RESULT_SCHEMA))
    taxonomy = Taxonomy.load("doodle7").to_dict()
    storage.write_json(str(folder / "summary.json"), {"taxonomy": taxonomy})
    return str(folder)
