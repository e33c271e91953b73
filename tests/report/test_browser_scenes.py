"""Scenes on the page, in a real browser: layers, names, one object brought forward."""

from statistics import mean

import pytest
from pyarrow import fs

from instancesketch.core.sketch import Sketch
from instancesketch.core.taxonomy import UNLABELED, Taxonomy
from instancesketch.formats import FileRange, read
from instancesketch.metrics import evaluate
from instancesketch.render.colours import GREY, object_colours
from tests.report.conftest import settle, text_of

pytestmark = pytest.mark.slow

DOODLE7 = Taxonomy.load("doodle7")
LAYERS = ("object", "part", "instance")


@pytest.fixture(scope="module")
def real(data_dir) -> list[Sketch]:
    path = str(data_dir / "scenes" / "friss_dev.ndjson")
    records = read(FileRange(path=path, format="scenes"), fs.LocalFileSystem())
    return [record.sketch for record in records]


def segmented(true: Sketch) -> Sketch:
    """As a segmented scene is: categories and parts of the taxonomy, two objects taken for one."""
    kinds = tuple(DOODLE7.category_of(word) for word in true.object_category)
    last = len(kinds) - 1
    objects = tuple(0 if last > 2 and place == last else place for place in true.object)
    category = [DOODLE7.categories.get(kinds[place]) for place in objects]
    part = tuple(c.parts[i % len(c.parts)] if c else UNLABELED for i, c in enumerate(category))
    instance = tuple(
        1 + i % 3 if c and p in c.countable else None
        for i, (c, p) in enumerate(zip(category, part, strict=True))
    )
    return true.replace(
        object=objects,
        object_category=kinds,
        object_score=tuple(0.5 + 0.4 * (k is not None) for k in kinds),
        part=part,
        label=part,
        instance=instance,
    )


def colours(page, at: int = 0) -> list[str]:
    """Of the strokes of one picture of the first card."""
    picture = page.locator(".card").first.locator("svg[role]").nth(at)
    return picture.locator("polyline:not(.halo)").evaluate_all(
        "all => all.map(line => line.getAttribute('stroke'))"
    )


def forward(page, at: int = 0) -> list[int]:
    """Strokes of one picture of the first card that are brought forward."""
    picture = page.locator(".card").first.locator("svg[role]").nth(at)
    return picture.locator("polyline:not(.halo)").evaluate_all(
        "all => all.flatMap((line, i) => line.classList.contains('on') ? [i] : [])"
    )


def names(page, at: int = 0) -> list[str]:
    """Names that can be seen in one picture of the first card."""
    settle(page)
    found = page.locator(".card").first.locator("svg[role]").nth(at).locator(".name")
    return [name.text_content() for name in found.all() if name.is_visible()]


def point(page, x: float, y: float, at: int = 0) -> None:
    """Moves the pointer to a place of a picture of the first card, in the scene's own unit."""
    picture = page.locator(".card").first.locator("svg[role]").nth(at)
    picture.scroll_into_view_if_needed()
    settle(page)
    seen = picture.evaluate(
        """(svg, [x, y]) => {
          const there = new DOMPoint(x, y).matrixTransform(svg.getScreenCTM());
          return [there.x, there.y];
        }""",
        [x, y],
    )
    page.mouse.move(*seen)
    settle(page)  # a browser hands on where the pointer is once a frame


def test_real_scenes_layer_by_layer(open_page, real):
    truth = {sketch.sketch_id: sketch for sketch in real}
    result = [segmented(sketch) for sketch in real]
    figures = evaluate(result, real, DOODLE7).figures
    page = open_page(result, truth=truth, figures=figures, taxonomy=DOODLE7)
    assert text_of(page.locator("#count")) == f"{len(real)} scenes"
    assert f"{figures['pq']:.1f}" in text_of(page.locator(".headline"))
    first = page.locator(".card code").first.text_content()
    found = evaluate(result, [truth[first]], DOODLE7).figures["pq"]
    assert f"PQ {round(found)} %" in text_of(page.locator(".card").first)
    assert found < mean((figures["pq"], 100))

    assert page.get_by_label("object", exact=True).is_checked()
    assert colours(page, 1) == [object_colours(truth[first])[o] for o in truth[first].object]
    page.locator("#category").select_option("car")
    cars = [s for s in real if any(DOODLE7.category_of(w) == "car" for w in s.object_category)]
    assert text_of(page.locator("#count")) == f"{len(cars)} scenes"
    seen = {}
    for layer in (*LAYERS, "object"):
        page.get_by_label(layer, exact=True).check()
        now = [text_of(page.locator("#mark")), *page.locator(".card").all_text_contents()]
        now += page.locator(".card polyline:not(.halo)").evaluate_all(
            "all => all.map(line => line.getAttribute('stroke'))"
        )
        assert seen.setdefault(layer, now) == now
    assert len({str(of) for of in seen.values()}) == len(LAYERS)


def test_real_scenes_of_many_objects(open_page, real):
    many = sorted(real, key=lambda s: -len(s.object_category))[:3]
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


def test_one_object_is_brought_forward_under_the_pointer(open_page, scene):
    objects = {"object": (0, 0, 0, 1, 1, 2, -1), "object_category": ("car", "tree", None)}
    result = scene("a", **objects)
    page = open_page([result], truth={"a": scene("a")}, taxonomy=DOODLE7)
    assert colours(page)[6] == colours(page, 1)[6] == GREY
    assert names(page) == []
    point(page, 140, 383)  # near a wheel of the car, not on it
    assert forward(page) == forward(page, 1) == [0, 1, 2]
    assert names(page) == names(page, 1) == ["car"]
    point(page, 400, 300)
    assert forward(page) == forward(page, 1) == [3, 4]
    assert (names(page), names(page, 1)) == (["tree"], ["tree 1", "tree 2"])
    point(page, 400, 300, at=1)
    assert forward(page) == forward(page, 1) == [3]
    point(page, 55, 50)  # a stroke of no object
    assert forward(page) == []
    point(page, 700, 300)
    assert (names(page), names(page, 1)) == (["object 2"], ["object 3"])
    page.mouse.move(5, 5)
    assert names(page) == []
    page.get_by_label("names").check()
    assert names(page) == ["car", "tree", "object 2"]


def test_objects_are_reached_by_the_keyboard(open_page, scene):
    page = open_page([scene("a", object_score=(0.9, 0.8, 0.7, 0.6)), scene("b")])
    chips = page.locator(".card").first.locator(".chip")
    assert [text_of(chip) for chip in chips.all()] == [
        "car · 90 %",
        "tree 1 · 80 %",
        "tree 2 · 70 %",
        "object 3 · 60 %",
    ]
    page.locator("#names").focus()
    page.keyboard.press("Tab")
    assert forward(page) == [0, 1, 2]
    page.keyboard.press("ArrowRight")
    assert forward(page) == [3]
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    assert forward(page) == [5]
    page.keyboard.press("Tab")  # to the next card
    assert forward(page) == []
    assert page.evaluate("document.activeElement.closest('.card').innerText.includes('b')")


def test_what_is_wrong_with_objects_is_marked(open_page, scene):
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
    assert titles[5:] == ["no object, should be object 3", "no object"]
    card.locator(".chip", has_text="object 3").hover()
    settle(page)
    assert forward(page, 1) == [5]
    assert page.locator(".card").nth(1).locator(".wrong").count() == 0
    page.locator("#verdict").select_option("wrong")
    assert page.locator(".card").count() == 1
    page.get_by_label("part", exact=True).check()
    assert page.locator(".card").count() == 0


def test_parts_are_told_by_category(open_page, scene):
    page = open_page([scene("a")], taxonomy=DOODLE7)
    page.get_by_label("part", exact=True).check()
    assert text_of(page.locator(".card .parts")) == "car frame wheel tree leaves unlabeled"
    page.get_by_label("instance", exact=True).check()
    assert text_of(page.locator(".card .parts")) == "car wheel 1 2 frame tree leaves unlabeled"
    assert text_of(page.locator("#lines")).startswith("car wheel")
    point(page, 400, 300)
    assert forward(page) == [3]


def test_a_truth_without_parts_says_so(open_page, scene):
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


def test_hostile_words_are_shown_and_not_run(open_page, scene):
    hostile = "</script><img src=x onerror=alert(1)>\"'"
    page = open_page([scene("a", object_category=(hostile, hostile, "tree", None))])
    assert page.locator("img").count() == 0
    page.get_by_label("names").check()
    assert names(page) == [f"{hostile} 0", f"{hostile} 1", "tree", "object 3"]
    page.locator("#category").select_option(hostile)
    assert page.locator(".card").count() == 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_it_fits_the_screen_and_names_can_be_read(open_page, scene, scheme, width):
    page = open_page(
        [scene("a")], truth={"a": scene("a")}, taxonomy=DOODLE7, scheme=scheme, width=width
    )
    page.get_by_label("names").check()
    assert page.evaluate("document.documentElement.scrollWidth") == width
    settle(page)
    name = page.locator(".card .name").first
    assert name.bounding_box()["height"] > 11
    fill, ground = name.evaluate(
        "n => [getComputedStyle(n).fill, getComputedStyle(n.closest('.card')).backgroundColor]"
    )
    bright = [sum(int(n) for n in c[4:-1].split(",")) / 3 for c in (fill, ground)]
    assert abs(bright[0] - bright[1]) > 150


def test_hundreds_of_scenes_do_not_stall(open_page, scene):
    page = open_page(scene(f"{i:04}") for i in range(1_000))
    assert text_of(page.locator("#count")) == "1,000 scenes"
    assert page.locator(".card").count() < 200
