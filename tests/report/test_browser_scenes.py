"""Scenes on the page, in a browser: layers, names, highlighted objects."""

from statistics import mean

import pytest
from pyarrow import fs

from instancesketch.core.sketch import Sketch
from instancesketch.core.taxonomy import UNLABELED, Taxonomy
from instancesketch.formats import FileRange, read
from instancesketch.metrics import evaluate
from instancesketch.render.colours import GREY, object_colours
from tests.report.conftest import settle, text_of

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("browser")]

DOODLE7 = Taxonomy.load("doodle7")
LAYERS = ("object", "part", "instance")


@pytest.fixture(scope="module")
def real_scenes(data_dir) -> list[Sketch]:
    """Return every third scene of a real file."""
    path = str(data_dir / "scenes" / "friss_dev.ndjson")
    records = read(FileRange(path=path, format="scenes"), fs.LocalFileSystem())
    return [record.sketch for record in records][::3]


def segmented(true: Sketch) -> Sketch:
    """Return a scene as `segment` may label it.

    Categories and parts are those of the taxonomy, and two objects are joined into one.
    """
    categories = tuple(DOODLE7.category_of(word) for word in true.object_category)
    last = len(categories) - 1
    objects = tuple(0 if last > 2 and index == last else index for index in true.object)
    category_of_stroke = [DOODLE7.categories.get(categories[index]) for index in objects]
    part = tuple(
        c.parts[i % len(c.parts)] if c else UNLABELED for i, c in enumerate(category_of_stroke)
    )
    instance = tuple(
        1 + i % 3 if c and p in c.countable else None
        for i, (c, p) in enumerate(zip(category_of_stroke, part, strict=True))
    )
    return true.replace(
        object=objects,
        object_category=categories,
        object_score=tuple(0.5 + 0.4 * (c is not None) for c in categories),
        part=part,
        label=part,
        instance=instance,
    )


def colours(page, at: int = 0) -> list[str]:
    """Return the colours of the strokes of one picture of the first card."""
    picture = page.locator(".card").first.locator("svg[role]").nth(at)
    return picture.locator("polyline:not(.halo)").evaluate_all(
        "all => all.map(line => line.getAttribute('stroke'))"
    )


def highlighted(page, at: int = 0) -> list[int]:
    """Return the highlighted strokes of one picture of the first card."""
    picture = page.locator(".card").first.locator("svg[role]").nth(at)
    return picture.locator("polyline:not(.halo)").evaluate_all(
        "all => all.flatMap((line, i) => line.classList.contains('on') ? [i] : [])"
    )


def names(page, at: int = 0) -> list[str]:
    """Return the visible names in one picture of the first card."""
    settle(page)
    labels = page.locator(".card").first.locator("svg[role]").nth(at).locator(".name")
    return [name.text_content() for name in labels.all() if name.is_visible()]


def move_pointer(page, x: float, y: float, at: int = 0) -> None:
    """Move the pointer to a point in a picture of the first card, in the scene's own unit."""
    picture = page.locator(".card").first.locator("svg[role]").nth(at)
    picture.scroll_into_view_if_needed()
    settle(page)
    position = picture.evaluate(
        """(svg, [x, y]) => {
          const point = new DOMPoint(x, y).matrixTransform(svg.getScreenCTM());
          return [point.x, point.y];
        }""",
        [x, y],
    )
    page.mouse.move(*position)
    settle(page)  # a browser dispatches pointer moves once a frame


def test_real_scenes_keep_their_colours_when_layers_change(open_page, real_scenes):
    truth = {sketch.sketch_id: sketch for sketch in real_scenes}
    result = [segmented(sketch) for sketch in real_scenes]
    figures = evaluate(result, real_scenes, DOODLE7).figures
    page = open_page(result, truth=truth, figures=figures, taxonomy=DOODLE7)
    assert text_of(page.locator("#count")) == f"{len(real_scenes)} scenes"
    assert f"{figures['pq']:.1f}" in text_of(page.locator(".headline"))
    first = page.locator(".card code").first.text_content()
    worst = evaluate(result, [truth[first]], DOODLE7).figures["pq"]
    assert f"PQ {round(worst)} %" in text_of(page.locator(".card").first)
    assert worst < mean((figures["pq"], 100))

    assert page.get_by_label("object", exact=True).is_checked()
    assert colours(page, 1) == [object_colours(truth[first])[o] for o in truth[first].object]
    page.locator("#category").select_option("car")
    cars = [
        s for s in real_scenes if any(DOODLE7.category_of(w) == "car" for w in s.object_category)
    ]
    assert text_of(page.locator("#count")) == f"{len(cars)} scenes"
    pages = {}
    for layer in (*LAYERS, "object"):
        page.get_by_label(layer, exact=True).check()
        current = [text_of(page.locator("#mark")), *page.locator(".card").all_text_contents()]
        current += page.locator(".card polyline:not(.halo)").evaluate_all(
            "all => all.map(line => line.getAttribute('stroke'))"
        )
        assert pages.setdefault(layer, current) == current
    assert len({str(page) for page in pages.values()}) == len(LAYERS)


def test_real_scenes_of_many_objects_show_every_name(open_page, real_scenes):
    many = sorted(real_scenes, key=lambda s: -len(s.object_category))[:3]
    page = open_page(many)
    assert page.get_by_role("radiogroup").is_hidden()
    page.locator("#order").select_option("id")
    page.get_by_label("names").check()
    sketch = min(many, key=lambda s: s.sketch_id)
    assert len(set(sketch.object)) > 15
    assert len(names(page)) == len(set(sketch.object)) == len(set(names(page)))
    assert colours(page) == [object_colours(sketch)[o] for o in sketch.object]
    box = page.locator(".card").first.locator("svg[role]").bounding_box()
    assert box["width"] > 500
    assert box["height"] > 350


def test_object_under_the_pointer_is_highlighted(open_page, scene):
    objects = {"object": (0, 0, 0, 1, 1, 2, -1), "object_category": ("car", "tree", None)}
    result = scene("a", **objects)
    page = open_page([result], truth={"a": scene("a")}, taxonomy=DOODLE7)
    assert colours(page)[6] == colours(page, 1)[6] == GREY
    assert names(page) == []
    move_pointer(page, 140, 383)  # near a wheel of the car, not on it
    assert highlighted(page) == highlighted(page, 1) == [0, 1, 2]
    assert names(page) == names(page, 1) == ["car"]
    move_pointer(page, 400, 300)
    assert highlighted(page) == highlighted(page, 1) == [3, 4]
    assert (names(page), names(page, 1)) == (["tree"], ["tree 2", "tree 3"])
    move_pointer(page, 400, 300, at=1)
    assert highlighted(page) == highlighted(page, 1) == [3]
    move_pointer(page, 55, 50)  # a stroke of no object
    assert highlighted(page) == []
    move_pointer(page, 700, 300)
    assert (names(page), names(page, 1)) == (["object 3"], ["object 4"])
    page.mouse.move(5, 5)
    assert names(page) == []
    page.get_by_label("names").check()
    assert names(page) == ["car", "tree", "object 3"]


def test_objects_are_reached_by_keyboard(open_page, scene):
    page = open_page([scene("a", object_score=(0.9, 0.8, 0.7, 0.6)), scene("b")])
    chips = page.locator(".card").first.locator(".chip")
    assert [text_of(chip) for chip in chips.all()] == [
        "car · 90 %",
        "tree 2 · 80 %",
        "tree 3 · 70 %",
        "object 4 · 60 %",
    ]
    page.locator(".card .open").first.focus()
    page.keyboard.press("Tab")
    assert highlighted(page) == [0, 1, 2]
    page.keyboard.press("ArrowRight")
    assert highlighted(page) == [3]
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    assert highlighted(page) == [5]
    page.keyboard.press("Tab")  # to the next card's tick
    assert highlighted(page) == []
    assert page.evaluate("document.activeElement.closest('.card').innerText.includes('b')")


def test_mistakes_about_objects_are_marked(open_page, scene):
    changed = scene(
        "a", object=(0, 0, 1, 1, 2, -1, -1), object_category=("car", "tree", "sun", None)
    )
    page = open_page([changed, scene("b")], truth={n: scene(n) for n in "ab"}, taxonomy=DOODLE7)
    card = page.locator(".card").first
    assert card.locator(".halo").count() == 2
    assert "1 missed, 1 misnamed, 2 strokes wrong" in text_of(card)
    assert "sun, should be tree" in text_of(card)
    titles = card.locator("svg[role]").first.locator("polyline title").all_text_contents()
    assert titles[2] == "tree, should be car"
    assert titles[5:] == ["no object, should be object 4", "no object"]
    card.locator(".chip", has_text="object 4").hover()
    settle(page)
    assert highlighted(page, 1) == [5]
    assert page.locator(".card").nth(1).locator(".wrong").count() == 0
    page.locator("#verdict").select_option("wrong")
    assert page.locator(".card").count() == 1
    page.get_by_label("part", exact=True).check()
    assert page.locator(".card").count() == 0


def test_legend_lists_parts_by_category(open_page, scene):
    page = open_page([scene("a")], taxonomy=DOODLE7)
    page.get_by_label("part", exact=True).check()
    assert text_of(page.locator(".card .parts")) == "car frame wheel tree leaves unlabeled"
    page.get_by_label("instance", exact=True).check()
    assert text_of(page.locator(".card .parts")) == "car wheel 1 2 frame tree leaves unlabeled"
    assert text_of(page.locator("#lines")).startswith("car wheel")
    move_pointer(page, 400, 300)
    assert highlighted(page) == [3]


def test_caption_notes_a_truth_without_parts(open_page, scene):
    truth = scene("a", part=None, label=None, instance=None)
    page = open_page([scene("a")], truth={"a": truth}, taxonomy=DOODLE7)
    captions = page.locator("figcaption").all
    assert [text_of(caption) for caption in captions()] == ["labelled", "truth"]
    page.get_by_label("part", exact=True).check()
    assert [text_of(caption) for caption in captions()] == ["labelled", "truth, without parts"]
    assert set(colours(page, 1)) == {GREY}


def test_drawings_beside_scenes_keep_their_parts(open_page, scene, flower):
    page = open_page([flower("a"), scene("b")], taxonomy=DOODLE7)
    assert text_of(page.locator("#count")) == "2 drawings"
    page.locator("#order").select_option("id")
    assert "petal" in text_of(page.locator(".card").first)
    assert GREY not in colours(page)
    page.locator("#category").select_option("flower")
    assert page.locator(".card code").all_text_contents() == ["a"]


def test_hostile_names_are_shown_and_not_run(open_page, scene):
    hostile = "</script><img src=x onerror=alert(1)>\"'"
    page = open_page([scene("a", object_category=(hostile, hostile, "tree", None))])
    assert page.locator("img").count() == 0
    page.get_by_label("names").check()
    assert names(page) == [f"{hostile} 1", f"{hostile} 2", "tree", "object 4"]
    page.locator("#category").select_option(hostile)
    assert page.locator(".card").count() == 1


@pytest.mark.parametrize("width", [390, 1280])
def test_page_fits_the_screen_and_names_are_legible(open_page, scene, width):
    page = open_page([scene("a")], truth={"a": scene("a")}, taxonomy=DOODLE7, width=width)
    page.get_by_label("names").check()
    name = page.locator(".card .name").first
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        settle(page)
        assert page.evaluate("document.documentElement.scrollWidth") == width
        assert name.bounding_box()["height"] > 11
        fill, ground = name.evaluate(
            "n => [getComputedStyle(n).fill, getComputedStyle(n.closest('.card')).backgroundColor]"
        )
        bright = [sum(int(n) for n in c[4:-1].split(",")) / 3 for c in (fill, ground)]
        assert abs(bright[0] - bright[1]) > 150


def test_only_cards_in_view_are_drawn(open_page, scene):
    page = open_page(scene(f"{i:04}") for i in range(300))
    assert text_of(page.locator("#count")) == "300 scenes"
    assert page.locator(".card").count() < 200
