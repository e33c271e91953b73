"""Filters, cells of the matrix and confidence of a report, on one page in a browser."""

import pytest

from instancesketch.core.taxonomy import Taxonomy
from instancesketch.metrics import evaluate
from instancesketch.render.colours import CONFIDENCE, GREY
from instancesketch.report import write_report
from tests.report.conftest import opened_pages, settle, text_of

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("browser")]

DOODLE7 = Taxonomy.load("doodle7")
FLOWER = ("center", "petal", "petal", "stem")
LEAF, STEM = ("center", "petal", "leaf", "stem"), ("stem", "stem", "petal", "stem")


@pytest.fixture(scope="module")
def shared_page(browser, flower, dog, tmp_path_factory):
    """Yield a report of six flowers and a dog.

    One flower is right, three have a petal called leaf, two have two strokes called stem. The
    first of these two is the least certain, and the dog has no scores.
    """
    parts = {"right": FLOWER, "stem-1": STEM, "stem-2": STEM}
    parts |= {f"leaf-{i}": LEAF for i in range(3)}
    truth = {name: flower(name) for name in parts} | {"dog": dog("dog")}
    scores = {"right": (0.95,) * 4, "stem-1": (0.3, 0.4, 0.65, 0.75), "leaf-0": (0.85,) * 4}
    result = [
        flower(name, part=predicted, label=predicted, part_score=scores.get(name, (0.6,) * 4))
        for name, predicted in parts.items()
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
def page(shared_page):
    """Return the report with its filters reset."""
    if shared_page.locator("#clear").is_visible():
        shared_page.locator("#clear").click()
    shared_page.get_by_label("part", exact=True).check()
    settle(shared_page)
    return shared_page


def ids(page) -> list[str]:
    settle(page)
    return sorted(page.locator(".card code").all_text_contents())


def highlighted(page, at: int) -> list[int]:
    """Return the highlighted strokes of one picture of the first card."""
    picture = page.locator(".card").first.locator("svg[role]").nth(at)
    return picture.locator("polyline:not(.halo)").evaluate_all(
        "all => all.flatMap((line, i) => line.classList.contains('on') ? [i] : [])"
    )


def test_count_of_the_matrix_selects_its_drawings(page):
    page.get_by_role("button", name="petal called leaf: 3 of 12").click()
    assert ids(page) == ["leaf-0", "leaf-1", "leaf-2"]
    assert text_of(page.locator("#cell")) == "petal called leaf: 3 strokes ✕"
    assert page.evaluate("document.activeElement.id") == "cell"
    assert highlighted(page, 0) == highlighted(page, 1) == [2]
    page.locator("#confidence").select_option(label="50 to 70 %")
    assert ids(page) == ["leaf-1", "leaf-2"]
    assert text_of(page.locator("#cell")) == "petal called leaf: 2 strokes ✕"
    page.get_by_role(
        "button", name="center called stem: 2 of 6"
    ).click()  # replaces the other filters
    assert ids(page) == ["stem-1", "stem-2"]
    assert highlighted(page, 0) == [0]
    page.locator("#cell").click()
    assert len(ids(page)) == 7
    assert highlighted(page, 0) == []
    assert not page.locator("#clear").is_visible()


def test_matrix_works_by_keyboard(page):
    label = "document.activeElement.getAttribute('aria-label')"
    assert page.locator(".cell[tabindex='0']").count() == 1
    page.locator(".cell[tabindex='0']").focus()
    for key, expected in (
        ("ArrowUp", "body called body: 1 of 1"),  # the first row
        ("ArrowDown", "center called center: 4 of 6"),
        ("ArrowLeft", "center called center: 4 of 6"),
        ("ArrowRight", "center called stem: 2 of 6"),
        ("ArrowDown", "petal called stem: 2 of 12"),
        ("ArrowUp", "center called stem: 2 of 6"),
    ):
        page.keyboard.press(key)
        assert page.evaluate(label) == expected
    page.keyboard.press("Enter")
    assert ids(page) == ["stem-1", "stem-2"]
    assert page.locator(".cell[tabindex='0']").count() == 1


def test_names_in_the_tables_select_their_drawings(page):
    page.get_by_role("button", name="four-legged animal", exact=True).click()
    assert ids(page) == ["dog"]
    assert page.locator("#category").input_value() == "4leg"
    assert page.locator("#part option").all_text_contents()[:3] == ["all", "back leg", "body"]
    page.get_by_role("button", name="petal", exact=True).click()
    assert len(ids(page)) == 6
    assert page.locator("#category").input_value() == "*"
    page.locator("#category").select_option("4leg")  # which has no petal
    assert page.locator("#part").input_value() == "*"
    assert ids(page) == ["dog"]


def test_part_and_verdict_together_select_mistakes_about_the_part(page):
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
    expected = {"90 % and more": ["right"], "70 to 90 %": ["leaf-0"], "under 50 %": []}
    for label, selected in expected.items():
        page.locator("#confidence").select_option(label=label)
        assert ids(page) == selected
    page.locator("#confidence").select_option(label="50 to 70 %")
    assert ids(page) == ["leaf-1", "leaf-2", "stem-1", "stem-2"]
    page.locator("#order").select_option("certain")
    page.get_by_label("confidence", exact=True).check()
    predicted, true = (
        page.locator(".card").first.locator("svg[role]").nth(at).locator("polyline:not(.halo)")
        for at in (0, 1)
    )
    inks = [ink for _, ink in CONFIDENCE]
    colours = "all => all.map(line => line.getAttribute('stroke'))"
    assert predicted.evaluate_all(colours) == [inks[i].colour for i in (3, 3, 2, 1)]
    dashes = predicted.evaluate_all(
        "all => all.map(l => l.getAttribute('stroke-dasharray') != 'none')"
    )
    assert dashes == [True, True, True, False]
    assert GREY not in true.evaluate_all(colours)
    legend = text_of(page.locator(".card").first.locator(".parts"))
    assert legend == "under 50 % 50 to 70 % 70 to 90 % truth center petal stem"
    assert text_of(page.locator("#lines")) == "under 50 % 50 to 70 % 70 to 90 % 90 % and more"
    page.locator("#category").select_option("4leg")
    page.locator("#confidence").select_option("*")
    assert text_of(page.locator(".card .parts")).startswith("not known truth")
    page.locator("#order").select_option("worst")


def test_focused_part_is_highlighted_with_its_name(page):
    page.get_by_label("names").uncheck()
    page.get_by_role("button", name="petal called leaf").click()
    page.locator("#cell").click()
    page.locator("#verdict").select_option("right")
    page.locator("#category").select_option("flower")
    card = page.locator(".card").first
    card.locator(".chip", has_text="petal").focus()
    settle(page)
    assert highlighted(page, 0) == highlighted(page, 1) == [1, 2]
    visible = [name.text_content() for name in card.locator(".name").all() if name.is_visible()]
    assert visible == ["petal", "petal"]
    page.keyboard.press("ArrowRight")
    assert highlighted(page, 0) == [3]
    page.keyboard.press("Shift+Tab")
    assert highlighted(page, 0) == []
    page.get_by_label("names").check()
    settle(page)
    assert all(name.is_visible() for name in card.locator(".name").all())


def test_order_by_categories_in_turn_begins_with_the_surest_of_each(page):
    page.locator("#order").select_option("mixed")
    settle(page)
    shown = page.locator(".card code").all_text_contents()
    # The dog has no scores, and is the only one of its category.
    assert set(shown[:2]) == {"dog", "right"}
    assert shown[2] == "leaf-0"
    assert shown[-1] == "stem-1"
    page.locator("#order").select_option("worst")
