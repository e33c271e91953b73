"""Pages of more drawings than they have room for, and the files beside them."""

import json
import re
from pathlib import Path

import pytest

from instancesketch.report import page as page_module
from instancesketch.report import write_report
from tests.report.pages import Page


@pytest.fixture
def few_inside(monkeypatch) -> None:
    """Leave room for ten drawings in a page."""
    monkeypatch.setattr(page_module, "MOST_INSIDE", 10)
    monkeypatch.setattr(page_module, "MOST_DRAWINGS", 700)


def numbers(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("*"))


def pictures_in(path: Path) -> tuple[str, int, list[dict]]:
    """Return the stamp, the number and the pictures of a file beside a page."""
    (arguments,) = re.findall(r"^instanceSketchDrawings\((.*)\);\n$", path.read_text("utf-8"))
    stamp, number, pictures = json.loads(f"[{arguments}]")
    return stamp, number, pictures


def test_every_drawing_has_its_picture_in_the_page_or_beside_it(flower, few_inside, tmp_path):
    result = [flower(f"{i:03}", category_score=i / 1_000) for i in range(600)]
    write_report(result, tmp_path / "a report.html", title="t")
    page = Page((tmp_path / "a report.html").read_text("utf-8"))
    assert page.ids == [f"{i:03}" for i in range(600)]
    assert page.data["files"]["folder"] == "a%20report-drawings"
    inside = [d for d in page.data["drawings"] if "lines" in d]
    assert [d["id"] for d in inside] == [f"{i:03}" for i in range(250)]
    folder = tmp_path / "a report-drawings"
    assert numbers(folder) == ["drawings-1.js", "drawings-2.js"]
    for number, length in ((1, 250), (2, 100)):
        stamp, told, pictures = pictures_in(folder / f"drawings-{number}.js")
        assert (stamp, told, len(pictures)) == (page.data["files"]["stamp"], number, length)
        assert all(picture["lines"] == inside[0]["lines"] for picture in pictures)
    assert "'strict-dynamic'" in str(page.tags)


def test_a_smaller_report_leaves_no_files_of_a_larger_one(flower, few_inside, tmp_path):
    out = tmp_path / "r.html"
    folder = tmp_path / "r-drawings"
    write_report((flower(f"{i}") for i in range(600)), out, title="t")
    (folder / "own.txt").write_text("mine")
    write_report((flower(f"{i}") for i in range(300)), out, title="t")
    assert numbers(folder) == ["drawings-1.js", "own.txt"]
    write_report((flower(f"{i}") for i in range(9)), out, title="t")
    assert numbers(folder) == ["own.txt"]
    page = Page(out.read_text("utf-8"))
    assert page.data["files"] is None
    assert "'strict-dynamic'" not in str(page.tags)


def test_of_more_than_a_page_can_list_the_worst_are_shown(flower, few_inside, tmp_path):
    result = [flower(f"{i:03}", category_score=(999 - i) / 1_000) for i in range(900)]
    write_report(result, tmp_path / "r.html", title="t")
    page = Page((tmp_path / "r.html").read_text("utf-8"))
    assert page.ids == [f"{899 - i:03}" for i in range(700)]
    assert "700 shown, the worst or least certain of all" in page.text["p"]
