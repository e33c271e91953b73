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


def test_split_limits_the_report(corpus: str, result: str, tmp_path: Path) -> None:
    selected = {s.sketch_id for s in parquet.read_sketches(corpus, "valid")}
    others = {s.sketch_id for s in parquet.read_sketches(corpus)} - selected
    assert selected
    assert others
    for folder, truth in ((result, corpus), (corpus, None)):
        report.report(folder, str(tmp_path / "report.html"), truth, "valid")
        page = (tmp_path / "report.html").read_text("utf-8")
        assert all(f'"{i}"' in page for i in selected)
        assert not any(f'"{i}"' in page for i in others)
    with pytest.raises(UserError, match="no rows of the split 'nowhere'"):
        report.report(result, str(tmp_path / "report.html"), corpus, "nowhere")
