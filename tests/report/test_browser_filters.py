"""Filters, cases and confidence of the report, on one page in a real browser."""

import pytest

from instancesketch.core.taxonomy import Taxonomy
from instancesketch.metrics import evaluate
from instancesketch.render.colours import CONFIDENCE, GREY
from instancesketch.report import write_report
from tests.report.conftest import opened_pages, settle, text_of

pytestmark = pytest.mark.slow

DOODLE7 = Taxonomy.load("doodle7")
FLOWER = ("center", "petal", "petal", "stem")
LEAF, STEM = ("center", "petal", "leaf", "stem"), ("stem", "stem", "petal", "stem")


@pytest.fixture(scope="module")
def page_for_all(browser, flower, dog, tmp_path_factory):
    """Six flowers and a dog: one right, three with a petal called leaf, two with two called stem.

    The first of the stems is the least sure, and the dog has no scores.
    """
    parts = {"right": FLOWER, "stem-1": STEM, "stem-2": STEM}
    parts |= {f"leaf-{i}": LEAF for i in range(3)}
    truth = {name: flower(name) for name in parts} | {"dog": dog("dog")}
    sure = {"right": (0.95,) * 4, "stem-1": (0.3, 0.4, 0.65, 0.75), "leaf-0": (0.85,) * 4}
    result = [
        flower(name, part=said, label=said, part_score=sure.get(name, (0.6,) * 4))
        for name, said in parts.items()
    ]
    result.append(dog("dog"))
    path = tmp_path_factory.mktemp("page") / "report.html"
    figures = evaluate(result, truth.values(), DOODLE7).figures
    write_report(result, path, title="t", truth=truth, figures=figures, taxonomy=DOODLE7)
    with opened_pages(browser) as open_file:
        page = open_file(path)
        for summary in page.locator("summary", has_not_text="Legend").all():
            summary.click()
        yield page


@pytest.fixture
def page(page_for_all):
    """As it is when nothing is chosen."""
    if page_for_all.locator("#clear").is_visible():
        page_for_all.locator("#clear").click()
    page_for_all.get_by_label("part", exact=True).check()
    settle(page_for_all)
    return page_for_all


def ids(page) -> list[str]:
    settle(page)
    return sorted(page.locator(".card code").all_text_contents())


def lit(page, at: int) -> list[int]:
    """Strokes of one picture of the first card that are brought forward."""
    picture = page.locator(".card").first.locator("svg[role]").nth(at)
    return picture.locator("polyline:not(.halo)").evaluate_all(
        "all => all.flatMap((line, i) => line.classList.contains('on') ? [i] : [])"
    )


def test_a_count_of_the_matrix_opens_its_cases(page):
    page.get_by_role("button", name="petal called leaf: 3 of 12").click()
    assert ids(page) == ["leaf-0", "leaf-1", "leaf-2"]
    assert text_of(page.locator("#cell")) == "petal called leaf: 3 strokes ✕"
    assert page.evaluate("document.activeElement.id") == "cell"
    assert lit(page, 0) == lit(page, 1) == [2]
    page.locator("#confidence").select_option(label="50 to 70 %")
    assert ids(page) == ["leaf-1", "leaf-2"]
    assert text_of(page.locator("#cell")) == "petal called leaf: 2 strokes ✕"
    page.get_by_role("button", name="center called stem: 2 of 6").click()  # and nothing else
    assert ids(page) == ["stem-1", "stem-2"]
    assert lit(page, 0) == [0]
    page.locator("#cell").click()
    assert len(ids(page)) == 7
    assert lit(page, 0) == []
    assert not page.locator("#clear").is_visible()


def test_the_matrix_by_keyboard(page):
    told = "document.activeElement.getAttribute('aria-label')"
    assert page.locator(".cell[tabindex='0']").count() == 1
    page.locator(".cell[tabindex='0']").focus()
    for key, found in (
        ("ArrowUp", "body called body: 1 of 1"),  # the first, which has none above it
        ("ArrowDown", "center called center: 4 of 6"),
        ("ArrowLeft", "center called center: 4 of 6"),
        ("ArrowRight", "center called stem: 2 of 6"),
        ("ArrowDown", "petal called stem: 2 of 12"),
        ("ArrowUp", "center called stem: 2 of 6"),
    ):
        page.keyboard.press(key)
        assert page.evaluate(told) == found
    page.keyboard.press("Enter")
    assert ids(page) == ["stem-1", "stem-2"]
    assert page.locator(".cell[tabindex='0']").count() == 1


def test_the_names_in_the_tables_open_their_drawings(page):
    page.get_by_role("button", name="4leg", exact=True).click()
    assert ids(page) == ["dog"]
    assert page.locator("#category").input_value() == "4leg"
    assert page.locator("#part option").all_text_contents()[:3] == ["all", "back-leg", "body"]
    page.get_by_role("button", name="petal", exact=True).click()
    assert len(ids(page)) == 6
    assert page.locator("#category").input_value() == "*"
    page.locator("#category").select_option("4leg")  # which has no petal
    assert page.locator("#part").input_value() == "*"
    assert ids(page) == ["dog"]


def test_part_and_mistake_mean_a_mistake_about_the_part(page):
    page.locator("#verdict").select_option("wrong")
    assert len(ids(page)) == 5
    page.locator("#part").select_option("center")
    assert ids(page) == ["stem-1", "stem-2"]
    page.locator("#verdict").select_option("right")
    assert ids(page) == ["leaf-0", "leaf-1", "leaf-2", "right"]
    page.locator("#part").select_option("*")
    assert ids(page) == ["dog", "right"]
    page.locator("#confidence").select_option(label="under 50 %")
    assert page.get_by_text("No drawing is like that.").is_visible()
    page.locator("#clear").click()
    assert len(ids(page)) == 7
    assert page.evaluate("document.activeElement.id") == "count"


def test_confidence_is_a_layer_and_a_filter(page):
    found = {"90 % and more": ["right"], "70 to 90 %": ["leaf-0"], "under 50 %": []}
    for label, there in found.items():
        page.locator("#confidence").select_option(label=label)
        assert ids(page) == there
    page.locator("#confidence").select_option(label="50 to 70 %")
    assert ids(page) == ["leaf-1", "leaf-2", "stem-1", "stem-2"]
    page.locator("#order").select_option("certain")
    page.get_by_label("confidence", exact=True).check()
    said, true = (
        page.locator(".card").first.locator("svg[role]").nth(at).locator("polyline:not(.halo)")
        for at in (0, 1)
    )
    inks = [ink for _, ink in CONFIDENCE]
    colours = "all => all.map(line => line.getAttribute('stroke'))"
    assert said.evaluate_all(colours) == [inks[i].colour for i in (3, 3, 2, 1)]
    dashes = said.evaluate_all("all => all.map(l => l.getAttribute('stroke-dasharray') != 'none')")
    assert dashes == [True, True, True, False]
    assert GREY not in true.evaluate_all(colours)
    legend = text_of(page.locator(".card").first.locator(".parts"))
    assert legend == "under 50 % 50 to 70 % 70 to 90 % truth center petal stem"
    assert text_of(page.locator("#lines")) == "under 50 % 50 to 70 % 70 to 90 % 90 % and more"
    page.locator("#category").select_option("4leg")
    page.locator("#confidence").select_option("*")
    assert text_of(page.locator(".card .parts")).startswith("not known truth")
    page.locator("#order").select_option("worst")


def test_a_part_is_brought_forward_with_its_name(page):
    page.get_by_role("button", name="petal called leaf").click()
    page.locator("#cell").click()
    page.locator("#verdict").select_option("right")
    page.locator("#category").select_option("flower")
    card = page.locator(".card").first
    card.locator(".chip", has_text="petal").focus()
    settle(page)
    assert lit(page, 0) == lit(page, 1) == [1, 2]
    seen = [name.text_content() for name in card.locator(".name").all() if name.is_visible()]
    assert seen == ["petal", "petal"]
    page.keyboard.press("ArrowRight")
    assert lit(page, 0) == [3]
    page.keyboard.press("Shift+Tab")
    assert lit(page, 0) == []
    page.get_by_label("names").check()
    settle(page)
    assert all(name.is_visible() for name in card.locator(".name").all())
    page.get_by_label("names").uncheck()
