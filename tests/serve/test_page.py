"""The page in a browser: drawing, colours, names, corrections, files, keys, and what it refuses."""

import json
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from instancesketch.core.sketch import Sketch
from instancesketch.render.colours import palette
from instancesketch.serve.labelling import Labeller
from tests.serve.conftest import pages_of, serving
from tests.serve.pages import CAR, CAT, Hand, ring

# Without the halo of paper around them, which `getBoundingClientRect` includes.
BOX_OF_LETTERS = """name => {
  const { x, y, width, height } = name.getBBox();
  const matrix = name.getScreenCTM();
  const [left, top] = [matrix.a * x + matrix.e, matrix.d * y + matrix.f];
  return { left, top, right: left + matrix.a * width, bottom: top + matrix.d * height };
}"""

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("browser")]


def saved(page: Any, button: str, folder: Path) -> Path:
    """Save a drawing by a button of the page, and return the file."""
    with page.expect_download() as download:
        page.locator(button).click()
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    return path


def test_a_car_is_coloured_and_named_corrected_saved_and_opened_again(
    open_page, labeller, drawn, tmp_path
):
    page = open_page()
    hand = Hand(page)
    hand.draw(*CAR)
    hand.wait(5)
    colours = palette(*(c.parts for c in labeller.taxonomy.categories.values()))
    labels = hand.labels()
    assert labels == ["frame", "frame", "wheel", "wheel", "frame"]
    assert hand.colours() == [colours[label] for label in labels]
    assert sorted(hand.names()) == ["frame", "wheel 1", "wheel 2"]
    assert page.locator("#categories li").first.inner_text().startswith("car")
    assert page.locator("#category").inner_text().startswith("car")

    # Pointing at a stroke shows its second guess; a click opens the choice of another part.
    page.mouse.move(*hand.place(440, 360))
    assert page.locator("#tip").inner_text().startswith("frame")
    hand.click(440, 360)
    chooser = page.locator("#chooser")
    assert chooser.is_visible()
    chooser.get_by_label("wheel", exact=True).check(force=True)
    assert hand.labels()[4] == "wheel"
    assert hand.colours()[4] == colours["wheel"]
    assert "wheel 3\u00a0✓" in hand.names()
    chooser.get_by_label("2", exact=True).check(force=True)
    assert "wheel 2\u00a0✓" in hand.names()
    page.keyboard.press("Escape")
    assert not chooser.is_visible()

    # It is remembered when another stroke is drawn.
    hand.draw(ring(860, 530, 15, 15))
    hand.wait(6)
    assert hand.labels()[4] == "wheel"

    # The files are read by the package, with the correction in them.
    json_file, svg_file = (saved(page, f"#save-{form}", tmp_path) for form in ("json", "svg"))
    for path in (json_file, svg_file):
        sketch = Sketch.from_file(path)
        assert sketch.category == "car"
        assert sketch.label == tuple(hand.labels())
        assert sketch.instance is not None
        assert sketch.instance[4] == 2
        assert len(sketch) == 6
    page.locator("#add").click()
    page.get_by_text("Added to the corpus").wait_for()
    path = Path(page.locator("#message").inner_text().removeprefix("Added to the corpus: "))
    assert path.parent == drawn
    assert json.loads(path.read_text())["label"] == hand.labels()

    # A reload keeps the drawing, and another browser opens the file.
    page.reload()
    hand.wait(6)
    assert hand.labels()[4] == "wheel"
    other = open_page()
    other.locator("#file").set_input_files(json_file)
    again = Hand(other)
    again.wait(6)
    assert again.labels() == list(Sketch.from_file(json_file).label or ())
    assert "wheel 2\u00a0✓" in again.names()


def test_a_cat_drawn_by_finger_on_a_phone_has_legs_and_names_apart(open_page):
    page = open_page(390, "dark")
    hand = Hand(page, "touch")
    hand.draw(*CAT)
    hand.wait(len(CAT))
    first = page.locator("#categories button").first
    assert first.get_attribute("data-category") == "4leg"
    labels = hand.labels()
    assert "" not in labels
    assert {"body", "head"} <= set(labels)
    assert any("leg" in label for label in labels)
    boxes = page.locator("#sheet .names text").evaluate_all(f"names => names.map({BOX_OF_LETTERS})")
    assert len(boxes) >= 6
    for a, b in combinations(boxes, 2):
        apart_x = a["right"] <= b["left"] or b["right"] <= a["left"]
        apart_y = a["bottom"] <= b["top"] or b["bottom"] <= a["top"]
        assert apart_x or apart_y, hand.names()
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= 390


def test_undo_redo_clear_mirror_and_a_dot(open_page):
    page = open_page()
    hand = Hand(page)
    hand.draw(*CAR[:3])
    hand.click(500, 150)  # a dot, far from everything
    hand.wait(4)
    points = page.locator("#sheet .ink polyline").nth(3).get_attribute("points").split(" ")
    assert len(set(points)) == 1
    page.locator("#mirror").click()
    hand.wait(4)
    x = float(page.locator("#sheet .ink polyline").nth(3).get_attribute("points").split(",")[0])
    assert x + float(points[0].split(",")[0]) == pytest.approx(1000, abs=0.2)
    page.locator("#clear").click()
    assert hand.labels() == []
    assert page.locator("#hint").is_visible()
    page.mouse.move(*hand.place(500, 500))
    page.mouse.down()
    assert not page.locator("#hint").is_visible()
    page.mouse.up()
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+z")
    hand.wait(4)
    assert page.locator("#sheet .ink polyline").nth(3).get_attribute("points").split(" ") == points
    page.keyboard.press("Control+Shift+Z")
    assert page.locator("#undo").is_enabled()


def test_everything_but_drawing_is_done_by_keys(open_page):
    page = open_page()
    hand = Hand(page)
    page.keyboard.press("e")  # one of our drawings, stroke by stroke
    page.locator("#message", has_text="One of our drawings").wait_for()
    page.wait_for_selector("#sheet .names text")
    page.wait_for_selector("#sheet[data-labelled]")
    page.locator("#sheet").focus()
    page.keyboard.press("ArrowRight")
    assert page.locator("#spoken").inner_text().startswith("Stroke 1 of ")
    page.keyboard.press("Enter")
    chooser = page.locator("#chooser")
    assert chooser.is_visible()
    before = hand.labels()[0]
    page.keyboard.press("ArrowDown")
    assert hand.labels()[0] != before
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.id") == "sheet"
    number = len(hand.labels())
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Delete")
    assert len(hand.labels()) == number - 1
    # Each control can be reached, and shows that it has the focus.
    reached = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.id"))
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline != "none" or page.evaluate("document.activeElement === document.body")
    assert {"undo", "mirror", "clear", "example", "scene", "sheet", "save-svg", "open"} <= reached


def test_a_late_answer_is_dropped_and_a_lost_server_is_named(open_page):
    page = open_page()
    hand = Hand(page)
    held: list[Any] = []
    page.route("**/api/label", lambda route: held.append(route))
    hand.draw(CAR[0])
    hand.draw(CAR[1])
    page.wait_for_timeout(200)
    assert len(held) == 1  # the second question waits for the first one's answer
    strokes = [dict.fromkeys(("part_2", "part_2_score", "instance"), None)]
    strokes[0] |= {"part": "ray", "label": "ray", "title": "ray", "score": 1.0}
    late = {"category": "sun", "category_score": 1.0, "categories": [], "strokes": strokes}
    held[0].fulfill(json=late)
    page.wait_for_timeout(500)
    assert hand.labels() == ["", ""]
    assert len(held) == 2
    held[1].abort()
    page.wait_for_selector("#message.wrong")
    assert "instancesketch draw" in page.locator("#message").inner_text()
    assert open_page.complaints == ["Failed to load resource: net::ERR_FAILED"]
    open_page.complaints.clear()
    page.unroute("**/api/label")
    hand.draw(CAR[2])
    hand.wait(3)
    assert page.locator("#message").inner_text() == ""


def test_a_ladder_is_nothing_it_knows_until_a_category_is_chosen(browser, tmp_path):
    labeller = Labeller.load(["default"])
    with serving(labeller, tmp_path) as address, pages_of(browser, address) as open_in:
        page = open_in()
        hand = Hand(page)
        posts = [[(300, 100), (300, 900)], [(500, 100), (500, 900)]]
        rungs = [[(300, 200 + 100 * i), (500, 200 + 100 * i)] for i in range(7)]
        hand.draw(*posts, *rungs)
        hand.wait(9)
        assert page.locator("#category").inner_text().startswith("nothing it knows")
        assert hand.labels() == [""] * 9
        assert hand.names() == []
        hand.click(500, 150)
        assert "has no parts" in page.locator("#chooser").inner_text()
        page.keyboard.press("Escape")
        page.locator("#more").click()  # all categories
        page.locator('#categories button[data-category="candle"]').click()
        hand.wait(9)
        assert "" not in hand.labels()
