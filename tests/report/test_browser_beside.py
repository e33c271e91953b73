"""Reports of more drawings than a page has room for, opened from disk in a browser."""

import shutil

import pytest

from instancesketch.report import page as page_module
from instancesketch.report import write_report
from tests.report.conftest import settle, text_of

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("browser")]


@pytest.fixture
def report(flower, monkeypatch, tmp_path):
    """Write a report of 900 flowers, of which 250 are in the page; ids run against the order."""
    monkeypatch.setattr(page_module, "MOST_INSIDE", 10)
    result = [
        flower(f"{899 - i:03}", category_score=i / 1_000, part_score=(0.5,) * 4) for i in range(900)
    ]
    write_report(result, tmp_path / "r.html", title="t")
    return tmp_path / "r.html"


def test_pictures_are_loaded_from_files_as_they_come_into_view(open_file, report):
    page = open_file(report)
    assert text_of(page.locator("#count")) == "900 drawings"
    assert page.locator("script").count() == 2
    page.locator("#order").select_option("id")
    page.locator(".card .pair").first.wait_for()
    assert page.locator(".card code").first.text_content() == "000"
    assert page.locator("script").count() == 3  # one file has all of the first screen
    page.locator("#find").fill("42")
    page.locator("#count", has_text="19 drawings").wait_for()
    page.locator(".card svg[role]").nth(18).wait_for(state="attached")
    page.locator(".card .open", has_text="642").click()
    settle(page)
    assert page.locator("#large svg[role]").count() == 1
    assert page.locator("#missing").is_hidden()


def test_a_page_without_its_folder_says_so(open_file, report):
    shutil.rmtree(report.parent / "r-drawings")
    page = open_file(report, expected=["ERR_FILE_NOT_FOUND"])
    assert page.locator(".card svg[role]").count() >= 48
    page.locator("#order").select_option("id")
    page.locator("#missing").wait_for()
    assert "the folder r-drawings isn't beside this page" in text_of(page.locator("#missing"))


def test_files_of_another_page_are_not_taken(open_file, report, flower):
    folder = report.parent / "r-drawings"
    shutil.copytree(folder, report.parent / "kept")
    other = [flower(f"x{i}", category_score=0.5) for i in range(900)]
    write_report(other, report, title="t")
    shutil.rmtree(folder)
    shutil.move(report.parent / "kept", folder)
    page = open_file(report)
    page.locator("#find").fill("x899")
    page.locator("#missing").wait_for()
    assert page.locator(".card svg[role]").count() == 0
