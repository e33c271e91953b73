"""Where `report` writes its page, and that it can be opened."""

import webbrowser
from pathlib import Path

import pytest

from instancesketch.cli.main import main
from instancesketch.core import parquet
from instancesketch.core.schema import to_table
from tests.drawings import drawn


@pytest.fixture
def corpus(tmp_path: Path) -> str:
    parquet.write_table(str(tmp_path / "corpus" / "part-0.parquet"), to_table(drawn(2, seed=0)))
    return str(tmp_path / "corpus")


@pytest.mark.parametrize("end", ["", "/"])
def test_page_lies_beside_the_folder(
    corpus: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], end: str
) -> None:
    assert main(["report", corpus + end]) == 0
    assert capsys.readouterr().out == f"report: open {corpus}.html in a browser\n"
    assert (tmp_path / "corpus.html").read_text("utf-8").startswith("<!doctype html>")


@pytest.mark.parametrize("opens", [True, False])
def test_page_is_opened_where_there_is_a_browser(
    corpus: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    opens: bool,
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(webbrowser, "open", lambda url: asked.append(url) or opens)
    page = tmp_path / "a page.html"
    assert main(["report", corpus, "--out", str(page), "--open"]) == 0
    assert asked == [page.as_uri()]
    assert ("in a browser" in capsys.readouterr().out) != opens
