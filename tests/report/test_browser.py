"""Reports opened from disk in a browser: filters, order, keyboard, screens, escaping, speed."""

from pathlib import Path

import pytest

from instancesketch.core.sketch import Sketch
from instancesketch.core.taxonomy import Taxonomy
from instancesketch.metrics import evaluate
from instancesketch.render.colours import CONFIDENCE, GREY, palette
from instancesketch.report import write_report
from tests.report.conftest import settle, text_of

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("browser")]

DOODLE7, DEFAULT = Taxonomy.load("doodle7"), Taxonomy.load("default")
COLOURS = palette(*(c.parts for c in DOODLE7.categories.values()))


@pytest.fixture(scope="module")
def report(flower, tmp_path_factory) -> Path:
    """Write a report of 150 flowers and 30 suns beside the truth.

    Every third flower has a wrong stroke, and the last sun has an error.
    """
    truth = {f"flower-{i:03}": flower(f"flower-{i:03}") for i in range(150)}
    sun = {"category": "sun", "part": ("center", "ray", "ray", "ray")}
    truth |= {
        f"sun-{i:03}": flower(f"sun-{i:03}", **(sun | {"label": sun["part"]})) for i in range(30)
    }
    result = []
    for i, sketch in enumerate(truth.values()):
        part = list(sketch.part or ())
        if sketch.category == "flower" and i % 3 == 0:
            part[2] = "leaf"
        labels = {"part": tuple(part), "label": tuple(part)}
        result.append(sketch.replace(category_score=0.5 + i / 400, part_score=(0.9,) * 4, **labels))
    result[-1] = truth["sun-029"].replace(
        part=None, label=None, category=None, error="the drawing is too large"
    )
    path = tmp_path_factory.mktemp("report") / "report.html"
    figures = evaluate(result, truth.values(), DOODLE7).figures
    write_report(result, path, title="t", truth=truth, figures=figures, taxonomy=DOODLE7)
    return path


def ids(page) -> list[str]:
    return page.locator(".card code").all_text_contents()


def test_drawings_appear_in_their_colours_beside_the_truth(open_file, report):
    page = open_file(report)
    card = page.locator(".card").first
    assert card.locator("figcaption").all_inner_texts() == ["labelled", "truth"]
    labelled, truth = (
        card.locator("svg")
        .nth(i)
        .locator("polyline[stroke]")
        .evaluate_all("all => all.map(s => s.getAttribute('stroke'))")
        for i in (0, 1)
    )
    parts = ("center", "petal", "petal", "stem")
    assert truth == [COLOURS[p] for p in parts]
    assert labelled == [COLOURS[p] for p in ("center", "petal", "leaf", "stem")]
    assert "1 of 4 wrong" in text_of(card)
    assert card.locator(".halo").count() == 1
    title = card.locator("svg").first.locator("polyline title").nth(2).text_content()
    assert title == "leaf 90 %, should be petal"
    box = card.locator("svg").first.bounding_box()
    assert box["width"] > 100
    assert box["height"] > 100


def test_stroke_of_one_point_is_visible(open_page):
    sketch = Sketch.from_strokes([[(5, 5)]], sketch_id="dot")
    page = open_page([sketch])
    painted = page.locator(".card polyline").evaluate(
        """dot => {
          const svg = dot.ownerSVGElement, at = svg.createSVGPoint();
          at.x = at.y = 5;
          const onScreen = at.matrixTransform(svg.getScreenCTM());
          return document.elementFromPoint(onScreen.x, onScreen.y) === dot;
        }"""
    )
    assert painted
    assert page.locator(".card polyline").get_attribute("stroke") == GREY


def test_filters_and_order_select_and_sort(open_file, report):
    page = open_file(report)
    count = page.locator("#count")
    assert text_of(count) == "179 drawings"
    assert all(i.startswith("flower") for i in ids(page)[:48])
    page.locator("#category").select_option("sun")
    assert text_of(count) == "29 drawings"
    assert all(i.startswith("sun") for i in ids(page))
    assert "flower" not in text_of(page.locator("#lines"))
    page.locator("#verdict").select_option("wrong")
    assert text_of(count) == "0 drawings"
    assert page.locator(".card").count() == 0
    page.locator("#category").select_option("*")
    assert text_of(count) == "50 drawings"
    page.locator("#order").select_option("id")
    assert ids(page) == sorted(ids(page))
    page.locator("#verdict").select_option("*")
    page.locator("#order").select_option("certain")
    assert ids(page)[:3] == ["flower-000", "flower-001", "flower-002"]


def test_category_filter_matches_the_true_and_the_predicted_category(open_page, flower):
    truth = {"a": flower("a"), "b": flower("b")}
    page = open_page([flower("a", category="sun"), flower("b")], truth=truth)
    for category, expected in (("sun", ["a"]), ("flower", ["a", "b"])):
        page.locator("#category").select_option(category)
        assert ids(page) == expected
    assert "should be flower" in text_of(page.locator(".card").first)
    page.locator("#verdict").select_option("wrong")
    assert ids(page) == ["a"]


def test_drawings_of_nothing_known_are_shown_and_filtered(open_page, flower):
    bare = {"part": None, "label": None}
    guess = {"category_2": "2leg", "category_2_score": 0.3}
    result = [
        flower("pot", category="other", category_score=0.6, **guess, **bare),
        flower("lost", category="other", category_score=0.4, **guess, **bare),
        flower("fine", category_score=0.7, part_score=(0.9, 0.8, 0.9, 0.8), **guess),
    ]
    page = open_page(result, taxonomy=DEFAULT)
    assert "flower 70 %, or bird 30 % parts 85 %" in text_of(page.locator(".card").last)
    page.locator("#category").select_option("other")
    chosen = page.locator("#category option:checked")
    assert chosen.inner_text() == "nothing it knows (2)"
    assert ids(page) == ["lost", "pot"]
    text = text_of(page.locator(".card").first)
    assert text.startswith("nothing it knows 40 %, nearest: bird 30 %")
    truth = {
        "pot": flower("pot", category="teapot"),
        "lost": flower("lost"),
        "fine": flower("fine"),
    }
    figures = evaluate(result, truth.values(), DEFAULT).figures
    page = open_page(result, taxonomy=DEFAULT, truth=truth, figures=figures)
    page.locator("summary", has_text="Confusion of categories").click()
    page.get_by_role("button", name="flower called nothing it knows: 1 of 2").click()
    assert ids(page) == ["lost"]
    chosen = "flower called nothing it knows: 1 drawing ✕"
    assert text_of(page.locator("#cell")) == chosen
    assert page.evaluate("location.hash") == "#true-category=flower&called-category=other"
    page.reload()
    settle(page)
    assert (ids(page), text_of(page.locator("#cell"))) == (["lost"], chosen)
    page.locator("#cell").click()
    assert len(ids(page)) == 3
    page.locator("#verdict").select_option("wrong")
    assert ids(page) == ["lost"]
    assert "4 of 4 wrong should be flower" in text_of(page.locator(".card"))
    page.locator("#verdict").select_option("right")
    assert sorted(ids(page)) == ["fine", "pot"]


def test_scrolling_draws_more_cards(open_file, report):
    page = open_file(report, width=390)
    assert page.locator(".card").count() < 179
    while (drawn := page.locator(".card").count()) < 179:
        page.evaluate("scrollTo(0, document.body.scrollHeight)")
        page.locator(".card").nth(drawn).wait_for(state="attached")
    assert not page.locator("#more").is_visible()


def test_controls_work_by_keyboard_alone(open_file, report):
    page = open_file(report)
    reached = []
    for _ in range(18):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.id || document.activeElement.tagName"))
    for control in ("SUMMARY", "find", "category", "part", "verdict", "confidence", "order"):
        assert control in reached
    page.locator("#verdict").focus()
    page.keyboard.press("ArrowDown")
    assert text_of(page.locator("#count")) == "50 drawings"
    page.locator("summary", has_text="failed").focus()
    page.keyboard.press("Enter")
    settle(page)
    assert page.get_by_text("the drawing is too large").is_visible()


@pytest.mark.parametrize("width", [390, 1280])
def test_page_fits_the_screen_and_the_colour_scheme(open_file, report, width):
    page = open_file(report, width=width)
    for summary in page.locator("summary").all():
        summary.click()
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        settle(page)
        assert page.evaluate("document.documentElement.scrollWidth") == width
        ground, ink = page.evaluate(
            "(s => [s.backgroundColor, s.color])(getComputedStyle(document.body))"
        )
        bright = [sum(int(n) for n in c[4:-1].split(",")) / 3 for c in (ground, ink)]
        assert (bright[0] > 200 > 100 > bright[1]) == (scheme == "light")
        assert abs(bright[0] - bright[1]) > 150


def test_page_without_truth_shows_no_comparison(open_page, flower):
    page = open_page([flower("a", category_score=0.5, part_score=(0.25,) * 4)])
    assert page.locator(".card figure").count() == 1
    assert "flower 50 % parts 25 %" in text_of(page.locator(".card"))
    assert not page.locator("#verdict").is_visible()
    assert not page.locator("#key").is_visible()
    assert page.locator(".headline").count() == 0


def test_hostile_names_are_shown_and_not_run(open_page):
    hostile = "</script><script>alert(1)</script><img src=x onerror=alert(1)>\"'"
    sketch = Sketch.from_strokes(
        [[(0, 0), (9, 9)]], sketch_id=hostile, category=hostile, part=(hostile,), label=(hostile,)
    )
    page = open_page([sketch], truth={hostile: sketch.replace(part=("b",), category="b")})
    assert page.locator("script").count() == 2
    assert page.locator("img").count() == 0
    assert ids(page) == [hostile]
    assert hostile in text_of(page.locator(".parts"))


def test_only_cards_in_view_are_drawn_and_changed(open_page, flower):
    page = open_page(flower(f"{i:05}", part_score=(0.3,) * 4) for i in range(1_000))
    assert text_of(page.locator("#count")) == "1,000 drawings"
    assert page.locator(".card").count() < 200
    while page.locator(".card").count() < 240:
        page.locator(".card").last.scroll_into_view_if_needed()
        settle(page)
    cards = page.locator(".card")
    cards.nth(230).scroll_into_view_if_needed()
    settle(page)
    page.get_by_label("confidence", exact=True).check()  # cards far away follow when they come near
    unsure = f"polyline[stroke='{CONFIDENCE[-1][1].colour}']"
    assert cards.nth(230).locator(unsure).count() > 0
    assert cards.nth(140).locator(unsure).count() == 0
    cards.nth(140).scroll_into_view_if_needed()
    cards.nth(140).locator(unsure).first.wait_for(state="attached")
