"""Parts and instances as layers of a report, in a browser."""

import xml.etree.ElementTree as ElementTree
from typing import Any

import pytest

from instancesketch.core.sketch import Sketch
from instancesketch.core.taxonomy import Taxonomy
from instancesketch.render.colours import palette
from instancesketch.render.svg import to_svg
from tests.report.conftest import text_of

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("browser")]

DOODLE7 = Taxonomy.load("doodle7")
COLOURS = palette(*(c.parts for c in DOODLE7.categories.values()))


def inks_on_page(page, at: int) -> list[list[str]]:
    """Return colour, dash and opacity of the strokes of one picture of the first card."""
    lines = page.locator(".card").first.locator("svg[role]").nth(at)
    return lines.locator("polyline[stroke]").evaluate_all(
        """all => all.map(s => ["stroke", "stroke-dasharray", "stroke-opacity"].map(
             name => s.getAttribute(name) ?? {"stroke-dasharray": "none"}[name] ?? "1"))"""
    )


def inks_of_svg(sketch: Sketch, by: str) -> list[list[str]]:
    """Return colour, dash and opacity of the strokes of a sketch's SVG."""
    lines = ElementTree.fromstring(to_svg(sketch, colours=COLOURS, by=by)).iter()
    return [
        [
            line.attrib["stroke"],
            line.attrib.get("stroke-dasharray", "none"),
            line.attrib.get("stroke-opacity", "1"),
        ]
        for line in lines
        if line.tag.endswith("polyline")
    ]


def with_numbers(inks: list[list[str]]) -> list[list[Any]]:
    """Return inks with dashes as numbers of two digits; a picture has three."""
    return [
        [
            colour,
            [float(f"{float(v):.2g}") for v in dash.split()] if dash != "none" else [],
            opacity,
        ]
        for colour, dash, opacity in inks
    ]


def test_layer_of_instances_colours_result_and_truth(open_page, dog):
    result, truth = dog("a", instance=(None, 1, 1, 0)), dog("a", instance=(None, 1, 3, 0))
    page = open_page([result], truth={"a": truth}, taxonomy=DOODLE7)
    for by in ("part", "instance", "part"):
        page.get_by_label(by, exact=True).check()
        for at, sketch in enumerate((result, truth)):
            assert with_numbers(inks_on_page(page, at)) == with_numbers(inks_of_svg(sketch, by))
    card, lines = page.locator(".card").first, page.locator("#lines")
    assert "all right" in text_of(card)
    page.locator("#verdict").select_option("wrong")
    assert page.locator(".card").count() == 0
    page.get_by_label("instance", exact=True).check()
    assert "grouping of front leg wrong" in text_of(card)
    parts = text_of(card.locator(".parts"))
    assert parts == "front left leg front right leg 1 3 back leg no number body"
    assert text_of(lines.locator("div").first) == (
        "four-legged animal front leg 1 3 back leg no number body"
    )
    counted = text_of(lines.locator(".counted"))
    assert counted == "Counted one by one: back leg, front leg. Other parts are not counted."
    titles = card.locator("svg[role]").nth(1).locator("polyline title").all_text_contents()
    assert titles == ["body", "front left leg", "front right leg", "back leg"]
    # Names are short where there is no room, and in the colours of their strokes.
    names = card.locator("svg[role]").first.locator(".name")
    forms = {"front left leg": {"front left", "left"}, "front right leg": {"front right", "right"}}
    whole = names.evaluate_all("all => all.map(name => name.dataset.name)")
    assert whole == ["body", *forms, "back leg"]
    for name, text in zip(whole, names.all_text_contents(), strict=True):
        assert text in {name} | forms.get(name, set())


def test_wrong_side_is_marked_in_the_layer_of_instances(open_page, dog):
    swapped = ("body", "front-right-leg", "front-left-leg", "back-leg")
    page = open_page([dog("a", label=swapped)], truth={"a": dog("a")}, taxonomy=DOODLE7)
    card = page.locator(".card").first
    assert card.locator(".halo").count() == 0
    page.get_by_label("instance", exact=True).check()
    assert card.locator(".halo").count() == 2
    assert "2 sides wrong" in text_of(card)
    title = card.locator("svg[role]").first.locator("polyline title").nth(1).text_content()
    assert title == "front right leg, should be front left leg"
    assert "part or side is wrong" in text_of(page.locator("#key"))


def test_layer_is_chosen_by_keyboard_and_remembered(open_page, dog):
    page = open_page([dog(f"{i}") for i in range(60)], taxonomy=DOODLE7)
    by_part = inks_on_page(page, 0)
    page.get_by_label("part", exact=True).focus()
    page.keyboard.press("ArrowRight")
    by_instance = inks_on_page(page, 0)
    assert by_instance != by_part
    assert page.evaluate("document.activeElement.value") == "instance"
    page.reload()
    assert page.get_by_label("instance", exact=True).is_checked()
    assert inks_on_page(page, 0) == by_instance
    page.keyboard.press("End")
    page.locator(".card").nth(59).wait_for(state="attached")
    page.get_by_label("part", exact=True).check()
    assert page.locator(".card").count() == 60
    page.reload()
    assert inks_on_page(page, 0) == by_part


def test_page_without_instances_offers_no_layers(open_page, flower):
    page = open_page([flower("a", instance=None), flower("b", instance=(None, 0, 0, None))])
    assert not page.get_by_role("radiogroup").is_visible()
