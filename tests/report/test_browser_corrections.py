"""Corrections made on the page of a report in a browser, saved, and ingested."""

import json
from pathlib import Path

import pytest

from instancesketch.batch.config import IngestConfig
from instancesketch.batch.corrected import ingest_corrected
from instancesketch.core import parquet, storage
from instancesketch.core.schema import RESULT_SCHEMA, to_table
from instancesketch.core.taxonomy import Taxonomy
from instancesketch.render.colours import palette
from tests.report.conftest import settle, text_of

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("browser")]

DEFAULT = Taxonomy.load("default")
COLOURS = palette(*(c.parts for c in DEFAULT.categories.values()))
BARE = {"part": None, "label": None, "instance": None}


def rows(flower, dog, scene):
    return [
        dog("dog", category_score=0.9, part_score=(0.9,) * 4),
        flower("flower", category_score=0.8, part_score=(0.9,) * 4),
        flower("pot", category="other", category_score=0.7, **BARE),
        scene("scene", object_score=(0.9, 0.8, 0.7, 0.6)),
    ]


@pytest.fixture
def page(open_page, flower, dog, scene):
    page = open_page(rows(flower, dog, scene), taxonomy=DEFAULT)
    page.locator("#order").select_option("id")
    return page


def opened(page, sketch_id: str):
    if page.locator("#large").is_visible():
        page.keyboard.press("Escape")
    page.locator(".card .open", has_text=sketch_id).click()
    settle(page)
    return page.locator("#large")


def choose(dialog, name: str, value: str) -> None:
    dialog.get_by_label(name, exact=True).select_option(value)
    settle(dialog.page)


def saved(page, tmp_path) -> str:
    with page.expect_download() as download:
        page.locator("#save-corrections").click()
    path = str(tmp_path / download.value.suggested_filename)
    download.value.save_as(path)
    return path


def test_what_is_corrected_on_the_page_becomes_rows(page, flower, dog, scene, tmp_path):
    dialog = opened(page, "dog")
    choose(dialog, "part of stroke 3", "tail")
    choose(dialog, "part of stroke 2", "front-right-leg")
    dialog.get_by_label("instance of stroke 2").fill("2")
    dialog.get_by_label("instance of stroke 2").press("Tab")
    line = dialog.locator("svg[role] polyline").nth(2)
    assert line.get_attribute("stroke") == COLOURS["tail"]
    assert "(corrected)" in line.text_content()
    dialog = opened(page, "flower")
    dialog.get_by_role("button", name="all is right").click()
    dialog = opened(page, "pot")
    choose(dialog, "category", "flower")
    for stroke, part in enumerate(("center", "petal", "petal", "stem"), start=1):
        choose(dialog, f"part of stroke {stroke}", part)
    dialog = opened(page, "scene")
    choose(dialog, "category of object 2", "flower")
    choose(dialog, "part of stroke 4", "stem")
    # A new object, a wheel that is the flower's, and a tree that is the new object's.
    choose(dialog, "object of stroke 7", "new")
    choose(dialog, "category of object 5", "sun")
    choose(dialog, "part of stroke 7", "ray")
    choose(dialog, "object of stroke 2", "1")
    choose(dialog, "join object 3 with", "4")
    names = dialog.get_by_label("object of stroke 1", exact=True).locator("option")
    assert names.all_inner_texts()[:4] == ["1 car", "2 flower", "4 nothing it knows", "5 sun"]
    assert dialog.get_by_label("part of stroke 2", exact=True).input_value() == "unlabeled"
    assert set(dialog.locator(".name").all_text_contents()) == {"car", "flower", "object 4", "sun"}
    page.keyboard.press("Escape")
    assert text_of(page.locator("#save-corrections")) == "save 4 corrections"
    assert page.locator(".card .corrected").count() == 4
    path = saved(page, tmp_path)
    assert text_of(page.locator("#save-corrections")) == "saved 4 corrections"

    result = tmp_path / "result"
    table = to_table(rows(flower, dog, scene), RESULT_SCHEMA)
    parquet.write_table(str(result / "part-0.parquet"), table)
    storage.write_json(str(result / "summary.json"), {"taxonomy": DEFAULT.to_dict()})
    out = str(tmp_path / "corrected")
    ingest_corrected(IngestConfig(sources=(str(result),), out=out, corrections=path))
    made = {s.sketch_id: s for s in parquet.read_sketches(out)}
    assert made["dog"].label == ("body", "front-right-leg", "tail", "back-leg")
    assert made["dog"].instance == (None, 2, None, 0)
    assert made["flower"].part == flower("flower").part
    assert made["pot"].category == "flower"
    assert made["pot"].part == ("center", "petal", "petal", "stem")
    assert made["scene"].object_category == ("car", "flower", None, "sun")
    assert made["scene"].object == (0, 1, 0, 1, 3, 2, 3)
    assert made["scene"].part[1:] == (
        "unlabeled", "wheel", "stem", "unlabeled", "unlabeled", "ray"
    )  # fmt: skip


def test_another_category_leaves_its_own_parts_to_choose(page, tmp_path):
    dialog = opened(page, "dog")
    choose(dialog, "category", "car")
    first = dialog.get_by_label("part of stroke 1", exact=True)
    assert first.locator("option").all_inner_texts() == ["wheel", "frame", "unlabeled"]
    assert first.input_value() == "unlabeled"
    choose(dialog, "part of stroke 1", "frame")
    choose(dialog, "category", "other")
    assert dialog.locator("tbody select").count() == 0
    page.keyboard.press("Escape")
    (drawing,) = json.loads(Path(saved(page, tmp_path)).read_text())["drawings"]
    assert drawing == {"sketch_id": "dog", "category": "other"}


def test_corrections_can_be_taken_back(page):
    dialog = opened(page, "scene")
    choose(dialog, "object of stroke 2", "new")
    choose(dialog, "object of stroke 2", "0")  # back where it was
    assert dialog.get_by_label("instance of stroke 2", exact=True).input_value() == "1"
    assert dialog.get_by_label("category of object 5").count() == 0
    dialog.get_by_role("button", name="take back").click()
    dialog = opened(page, "flower")
    choose(dialog, "part of stroke 4", "leaf")
    dialog.get_by_role("button", name="take back").click()
    assert dialog.get_by_label("part of stroke 4", exact=True).input_value() == "stem"
    page.keyboard.press("Escape")
    assert not page.locator("#corrections").is_visible()


def test_leaving_with_unsaved_corrections_asks_first(browser, page, tmp_path):
    is_asked = "!dispatchEvent(new Event('beforeunload', {cancelable: true}))"
    assert not page.evaluate(is_asked)
    dialog = opened(page, "flower")
    choose(dialog, "part of stroke 4", "leaf")
    page.keyboard.press("Escape")
    assert page.evaluate(is_asked)
    saved(page, tmp_path)
    assert not page.evaluate(is_asked)


def test_click_on_a_stroke_goes_to_its_part(page):
    dialog = opened(page, "flower")
    line = dialog.locator("svg[role] polyline").nth(3)
    x, y = line.evaluate(
        """line => {
          const point = new DOMPoint(50, 100).matrixTransform(line.getScreenCTM());
          return [point.x, point.y];
        }"""
    )
    page.mouse.click(x, y)
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "part of stroke 4"


def test_a_corpus_without_a_taxonomy_is_only_shown(open_page, flower):
    page = open_page([flower("a")])
    page.locator(".card .pair").click()
    assert page.locator("#large select").count() == 0
    assert "petal" in text_of(page.locator("#large tbody"))
