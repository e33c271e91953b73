"""What a job could not read, as people see it."""

import json
import re
from pathlib import Path

import pyarrow as pa
import pytest

from instancesketch.batch.config import IngestConfig
from instancesketch.batch.in_process import InProcessRunner
from instancesketch.batch.ingest import ingest
from instancesketch.batch.manifest import REJECTED_SCHEMA
from instancesketch.cli import output
from instancesketch.cli.main import parse
from instancesketch.core import parquet
from instancesketch.results import rejections, report

SQUARE = {"key_id": "a", "word": "sun", "drawing": [[[0, 4, 4], [0, 0, 4]]]}
SVG = '<svg xmlns="http://www.w3.org/2000/svg"><path d="M0 0L9 9" stroke="red"/>{}</svg>'


@pytest.fixture
def corpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Ingest a folder of two good files, eight bad ones and one with a text beside its stroke."""
    monkeypatch.chdir(tmp_path)
    source = tmp_path / "in"
    source.mkdir()
    (source / "good.ndjson").write_text(json.dumps(SQUARE))
    (source / "good.svg").write_text(SVG.format("<text x='1' y='5'>sun</text><text>moon</text>"))
    lines = ["{", "{", json.dumps(SQUARE | {"key_id": "b"}), "{"]
    (source / "1.ndjson").write_text("\n".join(lines))
    (source / "2.svg").write_text("<svg")
    (source / "3.bin").write_bytes(b"\x00\x01")
    for i in range(4, 9):
        (source / f"{i}.json").write_text("{" * i)
    config = IngestConfig(sources=(str(source),), out=str(tmp_path / "corpus"))
    summary = ingest(config, InProcessRunner())
    assert (summary.rows, summary.rejected, summary.counts["left_out"]) == (3, 10, 2)
    return tmp_path / "corpus"


def test_five_files_are_named_with_advice_and_the_others_by_reason(corpus: Path) -> None:
    found = rejections.read_rejections(str(corpus))
    assert found is not None
    assert found.number == 8
    lines = list(rejections.to_lines(found))
    assert lines[0].startswith("not read: in/1.ndjson line 1: not JSON")
    assert lines[0].endswith("export it again (and 2 more in this file)")
    assert lines[1].startswith("not read: in/2.svg: not well-formed XML")
    assert lines[2] == (
        "not read: in/3.bin: in no format that can be read; docs/formats.md lists what is read"
    )
    assert [line.split(": ")[1] for line in lines[3:5]] == ["in/4.json", "in/5.json"]
    assert lines[5].startswith("not read in 3 files more: 3 × not JSON")
    assert lines[6:] == ["left out of in/good.svg: 2 text"]


@pytest.mark.parametrize(
    ("reason", "advice"),
    [
        ("not a drawing: no field 'lines'", "docs/formats.md shows the forms of JSON"),
        ("not a drawing: JSON a list in place of an object", "docs/formats.md shows the forms"),
        ("not an SVG: its root is <html>", "as an SVG file of its own"),
        ("compressed with gzip; unpack it first", ""),
    ],
)
def test_a_reason_that_says_too_little_comes_with_advice(reason: str, advice: str) -> None:
    assert advice in rejections.advise(reason)
    assert bool(rejections.advise(reason)) == bool(advice)


def test_a_job_ends_with_these_lines_and_strict_sees_what_was_left_out(
    corpus: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = IngestConfig(sources=(str(corpus.parent / "in"),), out=str(corpus))
    summary = ingest(config, InProcessRunner())
    args = parse(["ingest", "in", "--out", "corpus", "--strict"])
    assert output.conclude(args, summary) == 1
    printed = capsys.readouterr().out.splitlines()
    assert printed[0].startswith("not read: in/1.ndjson line 1: not JSON")
    assert "left out of in/good.svg: 2 text" in printed
    assert "3 sketches" in printed[-1]
    only = IngestConfig(sources=(str(corpus.parent / "in" / "good.svg"),), out="one")
    assert output.conclude(args, ingest(only, InProcessRunner())) == 1


def test_the_report_counts_and_names_what_was_not_read(corpus: Path, tmp_path: Path) -> None:
    report.report(str(corpus), str(tmp_path / "report.html"))
    page = (tmp_path / "report.html").read_text("utf-8")
    assert re.search("8 not read( ·|<)", page)
    assert "8 not read, and why" in page
    assert "in/3.bin" in page


def test_folders_of_earlier_versions_are_described_all_the_same(tmp_path: Path) -> None:
    assert rejections.read_rejections(str(tmp_path)) is None
    schema = pa.schema(list(REJECTED_SCHEMA)[:3])
    rows = [{"file": "a.json", "position": "", "reason": "not JSON: x"}]
    table = pa.Table.from_pylist(rows, schema)
    parquet.write_table(str(tmp_path / "_rejected.parquet"), table)
    found = rejections.read_rejections(str(tmp_path))
    assert found is not None
    assert [f.file for f in found.files] == ["a.json"]
    parquet.write_table(str(tmp_path / "_rejected.parquet"), table.slice(0, 0))
    found = rejections.read_rejections(str(tmp_path))
    assert found is not None
    assert rejections.to_page(found) == []
    assert list(rejections.to_lines(found)) == []
