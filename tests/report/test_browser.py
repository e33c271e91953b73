"""The report as a person meets it: opened from disk in a real browser."""

import shutil
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from instancesketch.colours import GREY, palette
from instancesketch.metrics import evaluate
from instancesketch.report import write_report
from instancesketch.sketch import Sketch
from instancesketch.svg import to_svg
from instancesketch.taxonomy import Taxonomy

pytestmark = pytest.mark.slow

DOODLE7 = Taxonomy.load("doodle7")
COLOURS = palette(*(c.parts for c in DOODLE7.categories.values()))
ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.skip("a browser: install Debian's chromium")
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture
def open_page(browser, tmp_path) -> Iterator[Callable[..., Any]]:
    """Writes a report, opens it, and finds no complaint and no request when the test is over."""
    complaints: list[str] = []
    requests: list[str] = []
    contexts = []

    def open_(result, *, scheme: str = "light", width: int = 1280, **arguments) -> Any:
        path = Path(tmp_path) / "report.html"
        write_report(result, path, title="a report", **arguments)
        context = browser.new_context(
            color_scheme=scheme, viewport={"width": width, "height": 900}, has_touch=width < 500
        )
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda dialog: (complaints.append("a dialog"), dialog.dismiss()))
        page.on("request", lambda request: requests.append(request.url))
        page.goto(path.as_uri())
        return page

    yield open_
    for context in contexts:
        context.close()
    assert complaints == []
    assert all(url.startswith("file:") for url in requests)


@pytest.fixture
def corpus(flower) -> tuple[list[Sketch], dict[str, Sketch]]:
    """150 flowers and 30 suns with truth: every third flower has a wrong stroke, one is failed."""
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
    return result, truth


def report(open_page, corpus, **options) -> Any:
    result, truth = corpus
    figures = evaluate(result, truth.values(), DOODLE7).figures
    return open_page(result, truth=truth, figures=figures, taxonomy=DOODLE7, **options)


def ids(page) -> list[str]:
    return page.locator(".card code").all_text_contents()


def test_drawings_appear_in_their_colours_beside_the_truth(open_page, corpus):
    page = report(open_page, corpus)
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
    assert "1 of 4 wrong" in card.inner_text()
    assert card.locator(".halo").count() == 1
    title = card.locator("svg").first.locator("polyline title").nth(2).text_content()
    assert title == "leaf 90 %, should be petal"
    box = card.locator("svg").first.bounding_box()
    assert box["width"] > 100
    assert box["height"] > 100


def strokes_shown(page, at: int) -> list[list[str]]:
    """Colour, dash and opacity of the strokes of one picture of the first card."""
    lines = page.locator(".card").first.locator("svg[role]").nth(at)
    return lines.locator("polyline[stroke]").evaluate_all(
        """all => all.map(s => ["stroke", "stroke-dasharray", "stroke-opacity"].map(
             name => s.getAttribute(name) ?? {"stroke-dasharray": "none"}[name] ?? "1"))"""
    )


def strokes_of(sketch: Sketch, by: str) -> list[list[str]]:
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


def with_numbers(strokes: list[list[str]]) -> list[list[Any]]:
    """Dashes as numbers, to two of the three digits that a picture has."""
    return [
        [
            colour,
            [float(f"{float(v):.2g}") for v in dash.split()] if dash != "none" else [],
            opacity,
        ]
        for colour, dash, opacity in strokes
    ]


def test_the_switch_colours_result_and_truth_by_instance(open_page, dog):
    result, truth = dog("a", instance=(None, 1, 1, 0)), dog("a", instance=(None, 1, 3, 0))
    page = open_page([result], truth={"a": truth}, taxonomy=DOODLE7)
    for by in ("part", "instance", "part"):
        page.get_by_label(by, exact=True).check()
        for at, sketch in enumerate((result, truth)):
            assert with_numbers(strokes_shown(page, at)) == with_numbers(strokes_of(sketch, by))
    card, lines = page.locator(".card").first, page.locator("#lines")
    assert "all right" in card.inner_text()
    page.get_by_label("only with mistakes").check()
    assert page.locator(".card").count() == 0
    page.get_by_label("instance", exact=True).check()
    assert "grouping of front-leg wrong" in card.inner_text()
    words = " ".join(card.locator(".parts").inner_text().split())
    assert words == "front-left-leg front-right-leg 1 3 back-leg no number body"
    assert " ".join(lines.inner_text().split()) == "4leg front-leg 1 3 back-leg no number body"
    titles = card.locator("svg[role]").nth(1).locator("polyline title").all_text_contents()
    assert titles == ["body", "front-left-leg 1", "front-right-leg 3", "back-leg"]


def test_a_wrong_side_is_marked_by_instance(open_page, dog):
    swapped = ("body", "front-right-leg", "front-left-leg", "back-leg")
    page = open_page([dog("a", label=swapped)], truth={"a": dog("a")}, taxonomy=DOODLE7)
    card = page.locator(".card").first
    assert card.locator(".halo").count() == 0
    page.get_by_label("instance", exact=True).check()
    assert card.locator(".halo").count() == 2
    assert "2 sides wrong" in card.inner_text()
    title = card.locator("svg[role]").first.locator("polyline title").nth(1).text_content()
    assert title == "front-right-leg 1, should be front-left-leg"
    assert "part or side is wrong" in page.locator("#key").inner_text()


def test_the_switch_works_by_keyboard_and_is_remembered(open_page, dog):
    page = open_page([dog(f"{i}") for i in range(60)], taxonomy=DOODLE7)
    by_part = strokes_shown(page, 0)
    page.get_by_label("part", exact=True).focus()
    page.keyboard.press("ArrowRight")
    by_instance = strokes_shown(page, 0)
    assert by_instance != by_part
    assert page.evaluate("document.activeElement.value") == "instance"
    page.reload()
    assert page.get_by_label("instance", exact=True).is_checked()
    assert strokes_shown(page, 0) == by_instance
    page.keyboard.press("End")
    page.locator(".card").nth(59).wait_for(state="attached")
    page.get_by_label("part", exact=True).check()
    assert page.locator(".card").count() == 60
    page.reload()
    assert strokes_shown(page, 0) == by_part


@pytest.mark.parametrize("instance", [None, (None, 0, 0, None)])
def test_without_instances_there_is_no_switch(open_page, flower, instance):
    page = open_page([flower("a", instance=instance)])
    assert not page.get_by_role("radiogroup").is_visible()


def test_a_dot_leaves_ink(open_page):
    sketch = Sketch.from_strokes([[(5, 5)]], sketch_id="dot")
    page = open_page([sketch])
    painted = page.locator(".card polyline").evaluate(
        """dot => {
          const svg = dot.ownerSVGElement, at = svg.createSVGPoint();
          at.x = at.y = 5;
          const seen = at.matrixTransform(svg.getScreenCTM());
          return document.elementFromPoint(seen.x, seen.y) === dot;
        }"""
    )
    assert painted
    assert page.locator(".card polyline").get_attribute("stroke") == GREY


def test_filters_and_orders(open_page, corpus):
    page = report(open_page, corpus)
    count = page.locator("#count")
    assert count.inner_text() == "179 drawings"
    assert all(i.startswith("flower") for i in ids(page)[:48])
    page.locator("#category").select_option("sun")
    assert count.inner_text() == "29 drawings"
    assert all(i.startswith("sun") for i in ids(page))
    assert "flower" not in page.locator("#lines").inner_text()
    page.get_by_label("only with mistakes").check()
    assert count.inner_text() == "0 drawings"
    assert page.locator(".card").count() == 0
    page.locator("#category").select_option("*")
    assert count.inner_text() == "50 drawings"
    page.locator("#order").select_option("id")
    assert ids(page) == sorted(ids(page))
    page.get_by_label("only with mistakes").uncheck()
    page.locator("#order").select_option("certain")
    assert ids(page)[:3] == ["flower-000", "flower-001", "flower-002"]


def test_a_drawing_is_found_under_its_true_and_its_given_category(open_page, flower):
    truth = {"a": flower("a"), "b": flower("b")}
    page = open_page([flower("a", category="sun"), flower("b")], truth=truth)
    for category, found in (("sun", ["a"]), ("flower", ["a", "b"])):
        page.locator("#category").select_option(category)
        assert ids(page) == found
    assert "should be flower" in page.locator(".card").first.inner_text()
    page.get_by_label("only with mistakes").check()
    assert ids(page) == ["a"]


def test_scrolling_draws_what_comes(open_page, corpus):
    page = report(open_page, corpus, width=390)
    before = page.locator(".card").count()
    assert before < 179
    for _ in range(20):
        page.evaluate("scrollTo(0, document.body.scrollHeight)")
        page.wait_for_timeout(50)
    page.wait_for_function("document.querySelectorAll('.card').length === 179")
    assert not page.locator("#more").is_visible()


def test_by_keyboard_alone(open_page, corpus):
    page = report(open_page, corpus)
    reached = []
    for _ in range(12):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.id || document.activeElement.tagName"))
    for control in ("SUMMARY", "category", "order", "mistakes"):
        assert control in reached
    page.locator("#mistakes").focus()
    page.keyboard.press("Space")
    assert page.locator("#count").inner_text() == "50 drawings"
    page.locator("summary", has_text="failed").focus()
    page.keyboard.press("Enter")
    assert page.get_by_text("the drawing is too large").is_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_it_fits_the_screen_and_the_scheme(open_page, corpus, scheme, width):
    page = report(open_page, corpus, scheme=scheme, width=width)
    for summary in page.locator("summary").all():
        summary.click()
    assert page.evaluate("document.documentElement.scrollWidth") == width
    ground, ink = page.evaluate(
        "(s => [s.backgroundColor, s.color])(getComputedStyle(document.body))"
    )
    bright = [sum(int(n) for n in c[4:-1].split(",")) / 3 for c in (ground, ink)]
    assert (bright[0] > 200 > 100 > bright[1]) == (scheme == "light")
    assert abs(bright[0] - bright[1]) > 150


def test_without_truth_there_is_nothing_of_it(open_page, flower):
    page = open_page([flower("a", category_score=0.5, part_score=(0.25,) * 4)])
    assert page.locator(".card figure").count() == 1
    assert "25\u00a0%\u00a0certain" in page.locator(".card").inner_text()
    assert not page.get_by_label("only with mistakes").is_visible()
    assert not page.locator("#key").is_visible()
    assert page.locator(".headline").count() == 0


def test_hostile_words_are_shown_and_not_run(open_page):
    words = "</script><script>alert(1)</script><img src=x onerror=alert(1)>\"'"
    sketch = Sketch.from_strokes(
        [[(0, 0), (9, 9)]], sketch_id=words, category=words, part=(words,), label=(words,)
    )
    page = open_page([sketch], truth={words: sketch.replace(part=("b",), category="b")})
    assert page.locator("script").count() == 2
    assert page.locator("img").count() == 0
    assert ids(page) == [words]
    assert words in page.locator(".parts").inner_text()


def test_thousands_do_not_stall(open_page, flower):
    page = open_page(flower(f"{i:05}", category_score=0.5) for i in range(5_000))
    assert page.locator("#count").inner_text() == "5,000 drawings"
    assert page.locator(".card").count() < 200
