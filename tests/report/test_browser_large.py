"""A drawing opened large in a browser: its strokes, the way to others, addresses, chosen ids."""

from pathlib import Path

import pytest

from instancesketch.core.taxonomy import Taxonomy
from instancesketch.report import write_report
from tests.report.conftest import settle, text_of

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("browser")]

DOODLE7 = Taxonomy.load("doodle7")
SECOND = {
    "part_2": ("stem", "leaf", "center", "leaf"),
    "part_2_score": (0.2, 0.1, 0.004, 0.3),
}


@pytest.fixture
def page(open_page, flower, dog):
    """Open a report of three flowers and a dog beside the truth; a petal of `b` is wrong."""
    wrong = ("center", "petal", "leaf", "stem")
    scores = {"category_score": 0.8, "part_score": (0.9, 0.8, 0.7, 0.6), "word": "daisy"}
    result = [
        flower("a", source="garden", **scores),
        flower("b", part=wrong, label=wrong, **SECOND, **scores),
        flower("c", **scores),
        dog("d"),
    ]
    truth = {s.sketch_id: (dog if s.sketch_id == "d" else flower)(s.sketch_id) for s in result}
    addresses = {"a": "drawings/a%20b.svg"}
    return open_page(
        result,
        truth=truth,
        taxonomy=DOODLE7,
        address_of=lambda sketch_id, word: addresses.get(sketch_id),
    )


def rows(page) -> list[list[str]]:
    settle(page)
    return [
        [
            " ".join((cell.locator("option:checked").or_(cell).first.inner_text()).split())
            for cell in row.locator("th, td").all()
        ]
        for row in page.locator("#large tbody tr").all()
    ]


def place(page) -> str:
    return text_of(page.locator("#large-place"))


def names_overlap(page) -> bool:
    """Return whether any two names in a picture of the dialog stand on each other."""
    return page.evaluate(
        """[...document.querySelectorAll("#large svg[role]")].some(svg => {
          const boxes = [...svg.querySelectorAll(".name")].map(n => n.getBoundingClientRect());
          return boxes.some((a, i) => boxes.slice(i + 1).some(b =>
            a.left < b.right && b.left < a.right && a.top + 2 < b.bottom && b.top + 2 < a.bottom));
        })"""
    )


def test_click_opens_a_drawing_with_its_strokes(page):
    page.locator(".card .pair").first.click()
    assert text_of(page.locator("#large-title")) == "daisy → flower 80 %"
    assert place(page) == "1 of 4"
    assert page.locator("#large svg[role]").count() == 2
    assert page.locator("#large .name").first.is_visible()
    assert not names_overlap(page)
    head = [text_of(cell) for cell in page.locator("#large thead th").all()]
    assert head == ["stroke", "part", "score", "second guess", "truth"]
    assert [row[3:] for row in rows(page)] == [
        ["stem 20 %", "center"],
        ["leaf 10 %", "petal"],
        ["–", "petal"],
        ["leaf 30 %", "stem"],
    ]
    assert page.locator("#large tr.wrong th").all_inner_texts() == ["3"]
    page.locator("#large tbody tr").nth(1).hover()
    settle(page)
    lit = page.locator("#large svg[role]").first.locator("polyline.on")
    assert lit.count() == 1
    assert lit.get_attribute("points") == "40,40 20,20 30,45"


def test_arrows_go_on_and_escape_goes_back(page):
    page.locator(".card .open").first.focus()
    page.keyboard.press("Enter")
    assert page.locator("#large").is_visible()
    for key, expected in (
        ("ArrowRight", "2 of 4"),
        ("ArrowRight", "3 of 4"),
        ("ArrowLeft", "2 of 4"),
    ):
        page.keyboard.press(key)
        assert place(page) == expected
    opened = text_of(page.locator("#large .facts code"))
    page.keyboard.press("Escape")
    assert not page.locator("#large").is_visible()
    assert text_of(page.locator(":focus code")) == opened
    page.locator("#verdict").select_option("wrong")
    page.locator(".card .pair").click()
    assert place(page) == "1 of 1"
    assert page.locator("#next").is_disabled()


def test_source_and_file_are_named_and_linked(page):
    page.locator("#find").fill("garden")
    page.locator("#count", has_text="1 drawing").wait_for()
    page.locator(".card .pair").click()
    facts = text_of(page.locator("#large .facts"))
    assert "id a its file's word daisy true category flower source garden file a b.svg" in facts
    link = page.locator("#large .facts a").evaluate("a => a.href")
    assert link.endswith("/drawings/a%20b.svg")


def test_search_finds_ids_words_and_titles(page):
    for text, number in (("DAISY", 3), ("four-legged", 1), ("b daisy", 1), ("nothing", 0)):
        page.locator("#find").fill(text)
        page.locator("#count", has_text=f"{number} drawing").wait_for()
        assert page.locator(".card").count() == number
    page.locator("#clear").click()
    assert page.locator("#find").input_value() == ""
    assert page.locator(".card").count() == 4
    page.locator("#word").select_option("daisy")
    assert page.locator(".card").count() == 3


def test_address_holds_the_view(page, open_page):
    page.locator("#category").select_option("flower")
    page.locator("#order").select_option("id")
    page.get_by_label("confidence", exact=True).check()
    page.get_by_label("names").uncheck()
    page.locator("#find").fill("daisy")
    page.locator(".card .open", has_text="c").click()
    address = page.evaluate("location.hash")
    parts = {"category=flower", "order=id", "by=confidence", "names=0", "find=daisy", "open=c"}
    assert set(address.removeprefix("#").split("&")) == parts
    page.reload()
    settle(page)
    assert text_of(page.locator("#large .facts code")) == "c"
    assert page.locator("#category").input_value() == "flower"
    page.keyboard.press("Escape")
    # A dialog says that it was closed in a task of its own.
    page.wait_for_function("() => !location.hash.includes('open=')")
    settle(page)
    assert page.get_by_label("confidence", exact=True).is_checked()
    assert page.locator(".card code").all_inner_texts() == ["a", "b", "c"]
    page.evaluate("location.hash = '#category=4leg&by=instance&order=nonsense'")
    page.locator("#count", has_text="1 drawing").wait_for()
    settle(page)
    assert page.locator(".card code").all_inner_texts() == ["d"]
    assert page.get_by_label("instance", exact=True).is_checked()


def test_ids_of_ticked_or_filtered_drawings_are_copied_and_saved(page, tmp_path):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.locator("#category").select_option("flower")
    assert text_of(page.locator("#copy")) == "copy 3 ids"
    page.locator("#order").select_option("id")
    page.locator(".card .tick").nth(2).check()
    page.locator("#category").select_option("*")
    page.locator(".card .tick").nth(0).check()
    page.locator("#copy").click()
    page.locator("#copy", has_text="copied 2 ids").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") in ("a\nc\n", "c\na\n")
    with page.expect_download() as download:
        page.locator("#save").click()
    path = tmp_path / download.value.suggested_filename
    download.value.save_as(path)
    assert path.name == "ids.txt"
    assert sorted(path.read_text().split()) == ["a", "c"]
    page.locator("#untick").click()
    assert page.locator(".tick:checked").count() == 0
    assert text_of(page.locator("#copy")).startswith("copy 4")


@pytest.mark.parametrize("width", [390, 1280])
def test_dialog_fits_the_screen(open_page, flower, width):
    page = open_page([flower("a", **SECOND)], truth={"a": flower("a")}, width=width)
    page.locator(".card .pair").click()
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        settle(page)
        box = page.locator("#large").bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
        wide = page.locator("#large-body").evaluate("b => b.scrollWidth - b.clientWidth")
        assert wide <= 0
        assert page.locator("#close").is_visible()


def test_names_of_real_drawings_never_overprint(open_file, tmp_path, data_dir):
    from pyarrow import fs

    from instancesketch.formats import FileRange, read

    path = str(data_dir / "scenes" / "friss_dev.ndjson")
    scenes = [r.sketch for r in read(FileRange(path=path, format="scenes"), fs.LocalFileSystem())]
    scenes.sort(key=lambda s: -len(s.object_category or ()))
    write_report(scenes[:6], tmp_path / "r.html", title="t")
    page = open_file(Path(tmp_path) / "r.html")
    page.locator(".card .pair").first.click()
    for _ in range(6):
        assert page.locator("#large .name").count() > 10
        assert not names_overlap(page)
        page.keyboard.press("ArrowRight")
