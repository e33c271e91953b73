"""Reports of result folders."""

from pathlib import Path

import pytest

from instancesketch.core import parquet
from instancesketch.core.errors import UserError
from instancesketch.results import report


def test_report_writes_a_page(corpus: str, result: str, tmp_path: Path) -> None:
    report.report(result, str(tmp_path / "report.html"), corpus)
    page = (tmp_path / "report.html").read_text("utf-8")
    assert "<html" in page
    assert "synth-0-3" in page


def test_report_of_one_split(corpus: str, result: str, tmp_path: Path) -> None:
    wanted = {s.sketch_id for s in parquet.read_sketches(corpus, "valid")}
    others = {s.sketch_id for s in parquet.read_sketches(corpus)} - wanted
    assert wanted
    assert others
    for of, truth in ((result, corpus), (corpus, None)):
        report.report(of, str(tmp_path / "report.html"), truth, "valid")
        page = (tmp_path / "report.html").read_text("utf-8")
        assert all(f'"{i}"' in page for i in wanted)
        assert not any(f'"{i}"' in page for i in others)
    with pytest.raises(UserError, match="no rows of the split 'nowhere'"):
        report.report(result, str(tmp_path / "report.html"), corpus, "nowhere")
