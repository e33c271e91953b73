"""Export of corpora and results to other formats."""

import json
from pathlib import Path

import pytest

from instancesketch.core import parquet
from instancesketch.core.errors import UserError
from instancesketch.core.schema import RESULT_SCHEMA, to_table
from instancesketch.formats import WRITABLE
from instancesketch.results import export


@pytest.mark.parametrize("format", WRITABLE)
def test_export_writes_every_format_into_a_new_folder(
    corpus: str, tmp_path: Path, format: str
) -> None:
    out = tmp_path / "exported"
    assert export.export(corpus, format, str(out)) == 20
    assert [p for p in out.rglob("*") if p.is_file()]
    with pytest.raises(UserError, match="is there already"):
        export.export(corpus, format, str(out))


def test_export_raises_before_it_writes(corpus: str, tmp_path: Path) -> None:
    for source, format in ((corpus, "npz"), (str(tmp_path / "nothing"), "svg")):
        with pytest.raises(UserError):
            export.export(source, format, str(tmp_path / "out"))
    assert not (tmp_path / "out").exists()


def test_uncertain_exports_the_lowest_confidence_first(corpus: str, tmp_path: Path) -> None:
    rows = [s.replace(part=s.part, label=s.part) for s in parquet.read_sketches(corpus)]
    scored = [
        s.replace(part_score=(0.05 * (7 * i % 20),) * len(s), category_score=0.9)
        for i, s in enumerate(rows)
    ]
    scored[3] = scored[3].replace(error="too odd", part_score=None)
    parquet.write_table(str(tmp_path / "r" / "rows.parquet"), to_table(scored, RESULT_SCHEMA))
    out = tmp_path / "out"
    assert export.export(str(tmp_path / "r"), "quickdraw", str(out), uncertain=5) == 5
    exported = [json.loads(line)["key_id"] for line in (out / "sketches.ndjson").open()]
    expected = sorted(scored, key=lambda s: s.confidence or 0)[:5]
    assert scored[3] in expected[:2]
    assert exported == [s.sketch_id for s in expected]
    with pytest.raises(UserError, match="has no scores"):
        export.export(corpus, "svg", str(tmp_path / "none"), uncertain=5)
    with pytest.raises(UserError, match="a number of drawings from 1"):
        export.export(corpus, "svg", str(tmp_path / "none"), uncertain=0)
    with pytest.raises(UserError, match="--images goes with --format cvat"):
        export.export(corpus, "svg", str(tmp_path / "none"), images=True)
