"""What a person chooses on the page in a browser: categories, and the objects of a scene."""

import json
from pathlib import Path

import pytest

from tests.serve.pages import CAR, Hand, ring

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("browser")]


def test_a_category_can_be_chosen_and_left_to_the_model_again(open_page):
    page = open_page()
    hand = Hand(page)
    hand.draw(*CAR)
    hand.wait(5)
    page.locator('#categories button[data-category="tree"]').click()
    hand.wait(5)
    assert set(hand.labels()) <= {"trunk", "leaves", "unlabeled"}
    assert "Chosen by you" in page.locator("#category-note").inner_text()
    page.locator('#categories button[data-category="tree"]').click()
    hand.wait(5)
    assert "wheel" in hand.labels()


def test_some_categories_alone_are_possible_also_after_a_reload(open_page):
    page = open_page()
    hand = Hand(page)
    hand.draw(*CAR)
    hand.wait(5)
    page.locator("#among-open").click()
    assert page.evaluate("document.activeElement.id") == "among-find"
    page.keyboard.type("tre")
    assert page.locator("#among-list li:visible").inner_text().strip() == "tree"
    page.locator("#among-list").get_by_label("tree").check()
    page.locator("#among-find").fill("")
    page.locator("#among-list").get_by_label("flower").check()
    page.keyboard.press("Escape")
    assert page.locator("#among-open").inner_text() == "limited to 2 of 7 …"
    hand.wait(5)
    assert set(hand.labels()) <= {"trunk", "leaves", "petal", "center", "stem", "leaf", "unlabeled"}
    shown = page.locator("#categories li:visible button")
    of_two = shown.evaluate_all("rows => rows.map((row) => row.dataset.category)")
    assert sorted(of_two) == ["flower", "tree"]
    scores = page.locator("#categories li:visible .score").all_inner_texts()
    assert sum(int(score.split()[0]) for score in scores) in (99, 100, 101)
    page.reload()
    hand.wait(5)
    assert "wheel" not in hand.labels()
    page.locator("#among-open").click()
    page.locator("#among-all").click()
    page.locator("#among-done").click()
    hand.wait(5)
    assert "wheel" in hand.labels()
    assert shown.count() == 7


def test_objects_of_a_scene_are_corrected_and_added_to_the_corpus(open_page, drawn):
    page = open_page()
    hand = Hand(page)
    hand.draw(*CAR)
    hand.wait(5)
    page.locator("#scene").check()
    hand.wait(5)
    before = page.locator("#objects li").count()
    assert page.locator("#category").inner_text().startswith(f"{before} object")
    hand.click(300, 685)  # the first wheel
    chooser = page.locator("#chooser")
    chooser.get_by_text("a new one").click()
    hand.wait(5)
    assert page.locator("#objects li").count() == before + 1
    chooser.locator("select").select_option("sun")
    hand.wait(5)
    assert "sun\u00a0✓" in hand.names()
    chooser.get_by_label("ray", exact=True).check(force=True)
    hand.wait(5)
    page.keyboard.press("Escape")
    # It stays when more is drawn, and so do those that it was taken from.
    hand.draw(ring(860, 530, 15, 15))
    hand.wait(6)
    assert hand.labels()[2] == "ray"
    assert "sun\u00a0✓" in hand.names()
    page.locator("#add").click()
    page.get_by_text("Added to the corpus").wait_for()
    path = Path(page.locator("#message").inner_text().removeprefix("Added to the corpus: "))
    added = json.loads(path.read_text())
    suns = [i for i, name in enumerate(added["object_category"]) if name == "sun"]
    assert [i for i, number in enumerate(added["object"]) if number in suns] == [2]
    assert added["part"][2] == "ray"
    # The model decides again about what is moved back.
    hand.click(300, 685)
    chooser.locator("fieldset.object label").first.click()
    hand.wait(6)
    page.keyboard.press("Escape")
    assert page.locator("#objects li").count() == before
    # Both kinds of files bring the objects back.
    for form in ("json", "svg"):
        with page.expect_download() as download:
            page.locator(f"#save-{form}").click()
        path = drawn.parent / download.value.suggested_filename
        download.value.save_as(path)
        page.locator("#clear").click()
        page.locator("#file").set_input_files(path)
        hand.wait(6)
        assert page.locator("#scene").is_checked()
        assert page.locator("#objects li").count() == before
