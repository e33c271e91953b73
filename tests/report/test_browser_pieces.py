"""Strokes over several parts on the page of a report, in a browser."""

import pytest

from instancesketch.core.stroke_labels import Piece
from instancesketch.core.taxonomy import Taxonomy
from instancesketch.render.colours import palette
from tests.report.conftest import settle, text_of

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("browser")]

DOODLE7 = Taxonomy.load("doodle7")
COLOURS = palette(*(category.parts for category in DOODLE7.categories.values()))
# The centre's line goes on as a leaf, which no stroke as a whole is.
OVER = (Piece(0, "center", 0.9), Piece(2, "leaf", 0.8), Piece(3, "center", 0.7))


@pytest.fixture
def page(open_page, flower):
    """Open a report of a flower with a stroke over several parts, and of one without."""
    scores = {"part_score": (0.9, 0.8, 0.7, 0.6)}
    result = [
        flower("mixed", pieces=(OVER, None, None, None), **scores),
        flower("plain", pieces=(None,) * 4, **scores),
    ]
    return open_page(result, taxonomy=DOODLE7)


def pieces(page) -> list[str | None]:
    """Return the colours of the pieces in the picture of the drawing `mixed`."""
    settle(page)
    card = page.locator(".card", has_text="mixed")
    return [line.get_attribute("stroke") for line in card.locator("svg[role] .piece").all()]


def test_strokes_are_drawn_and_named_piece_by_piece_where_parts_are_shown(page):
    assert pieces(page) == [COLOURS[part] for part in ("center", "leaf", "center")]
    card = page.locator(".card", has_text="mixed")
    (title,) = [t for t in card.locator("title").all_text_contents() if "over" in t]
    assert title == "center 90 %, over center and leaf"
    assert sorted(card.locator(".name").all_text_contents()) == ["center", "leaf", "petal", "stem"]
    card.locator(".chip", has_text="leaf").hover()
    settle(page)
    assert card.locator("polyline.piece.on").count() == 1
    assert card.locator("text.name.on").all_text_contents() == ["leaf"]
    page.get_by_label("confidence", exact=True).check()
    assert pieces(page) == []


def test_drawings_with_such_strokes_are_found(page):
    page.locator("#pieces").select_option("over several parts")
    settle(page)
    assert page.locator(".card code").all_text_contents() == ["mixed"]
    page.locator("#clear").click()
    page.locator("#part").select_option("leaf")
    settle(page)
    assert page.locator(".card code").all_text_contents() == ["mixed"]


def test_a_corrected_stroke_is_whole(page):
    page.locator(".card", has_text="mixed").locator(".pair").click()
    cells = page.locator("#large td.part")
    assert text_of(cells.first).endswith("over center leaf center")
    page.get_by_label("part of stroke 1").select_option("petal")
    assert "over" not in text_of(cells.first)
    page.keyboard.press("Escape")
    assert pieces(page) == []


def test_a_stroke_is_whole_where_its_new_category_lacks_a_part_of_its_pieces(page):
    page.locator(".card", has_text="mixed").locator(".pair").click()
    page.locator("#large").get_by_label("category", exact=True).select_option("sun")
    page.keyboard.press("Escape")
    assert pieces(page) == []
