import json
import re
from html.parser import HTMLParser

import pytest

from instancesketch.core.errors import UserError
from instancesketch.core.sketch import Sketch
from instancesketch.core.taxonomy import Taxonomy
from instancesketch.metrics import evaluate
from instancesketch.render.colours import COLOURS, GREY, instance_ink, palette
from instancesketch.report import render_report, write_report

DOODLE7 = Taxonomy.load("doodle7")
HOSTILE = "</script><!--<script>alert(1)</script>{{data}}\"'&\u2028\ud800\x00"


class Page(HTMLParser):
    """What a browser finds in a page: its elements, its words and its data."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict]] = []
        self.inside: list[str] = []
        self.words: dict[str, str] = {}
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self.inside.append(tag)

    def handle_endtag(self, tag):
        if tag in self.inside:
            while self.inside.pop() != tag:
                pass

    def handle_data(self, data):
        within = self.inside[-1] if self.inside else ""
        if within == "script" and self.tags[-1][1].get("id") == "data":
            within = "data"
        self.words[within] = self.words.get(within, "") + data

    @property
    def data(self) -> dict:
        return json.loads(self.words["data"])


def bare_cells(html: str) -> str:
    """The page without the buttons and bars that are in the cells of its tables."""
    return re.sub(r"</?button[^>]*>|<svg class=\"bar\".*?</svg>", "", html)


def ids(page: Page) -> list[str]:
    return [d["id"] for d in page.data["drawings"]]


def with_parts(sketch: Sketch, *parts: str, **values) -> Sketch:
    return sketch.replace(part=parts, label=parts, **values)


def test_the_worst_come_first(flower):
    truth = {name: flower(name) for name in ("right", "half", "unsure", "wrong", "misnamed")}
    result = [
        with_parts(flower("right"), "center", "petal", "petal", "stem", category_score=0.9),
        with_parts(flower("unsure"), "center", "petal", "petal", "stem", category_score=0.4),
        with_parts(flower("half"), "center", "petal", "leaf", "leaf", category_score=0.9),
        with_parts(flower("misnamed"), "center", "petal", "petal", "stem", category="sun"),
        with_parts(flower("wrong"), "stem", "stem", "stem", "leaf", category_score=1.0),
    ]
    page = Page(render_report(iter(result), title="t", truth=truth))
    assert ids(page) == ["wrong", "half", "misnamed", "unsure", "right"]
    wrong = {d["id"]: d["wrong"] for d in page.data["drawings"]}
    assert wrong == {
        "wrong": [0, 1, 2, 3],
        "half": [2, 3],
        "misnamed": [],
        "unsure": [],
        "right": [],
    }
    half = page.data["drawings"][1]
    assert [page.data["parts"][i] for i in half["truth"]] == ["center", "petal", "petal", "stem"]


def test_without_truth_the_least_certain_come_first(flower):
    result = [
        flower("category", category_score=0.5, part_score=(0.9,) * 4),
        flower("sure", category_score=0.9, part_score=(0.9,) * 4),
        flower("strokes", category_score=0.9, part_score=(0.9, 0.1, 0.3, 0.1)),
        flower("unscored"),
    ]
    page = Page(render_report(result, title="t"))
    assert ids(page) == ["strokes", "category", "sure", "unscored"]
    assert "truth" not in page.data["drawings"][0]
    assert "confidence" not in page.data["drawings"][3]


def test_of_too_many_the_worst_are_shown_and_it_is_said(flower):
    result = [flower(f"{i:03}", category_score=i / 100) for i in range(100)]
    page = Page(render_report(reversed(result), title="t", most=3))
    assert ids(page) == ["000", "001", "002"]
    assert "100 drawings · 100 labelled · 0 failed · 3 shown" in page.words["p"]


def test_failures_are_counted_and_told(flower):
    bare = {"part": None, "label": None, "category": None}
    result = [flower(f"big-{i}", error="too many points", **bare) for i in range(25)]
    result += [flower("odd", error="<b>odd</b>", **bare), flower("good"), flower("bare", **bare)]
    html = render_report(result, title="t")
    page = Page(html)
    assert "28 drawings · 1 labelled · 26 failed" in page.words["p"]
    assert "26 failed, and why" in html
    assert "<code>big-0</code>" in html
    assert "and 5 more" in html
    assert "&lt;b&gt;odd&lt;/b&gt;" in html
    assert sorted(ids(page)) == ["bare", "good"]


def test_colours_and_shapes_are_the_renderers(flower):
    page = Page(render_report([flower("a")], title="t", taxonomy=DOODLE7))
    expected = palette(*(c.parts for c in DOODLE7.categories.values()))
    assert page.data["colours"] == expected
    (drawing,) = page.data["drawings"]
    drawn = re.findall(r'stroke="(#\w+)" [^>]*data-part="(\w+)"', drawing["svg"])
    assert len(drawn) >= 3
    assert all(expected[part] == colour for colour, part in drawn)
    assert page.data["legend"] == {"flower": ["center", "petal", "stem"]}


def test_the_truths_category_is_resolved(flower):
    truth = {"a": flower("a", category="Police Car"), "b": flower("b", category="4LEG")}
    result = [flower("a", category="car"), flower("b", category="4leg")]
    page = Page(render_report(result, title="t", truth=truth, taxonomy=DOODLE7))
    assert [d["trueCategory"] for d in page.data["drawings"]] == ["car", "4leg"]
    page = Page(render_report(result, title="t", truth=truth))
    assert [d["trueCategory"] for d in page.data["drawings"]] == ["Police Car", "4leg"]


def test_truth_of_other_strokes_is_refused(flower):
    truth = {"a": Sketch.from_strokes([[(0, 0)]], sketch_id="a")}
    with pytest.raises(UserError, match="'a' has 1 strokes in the truth and 4 in the result"):
        render_report([flower("a")], title="t", truth=truth)


def test_a_truth_in_another_order_of_strokes_is_the_same(flower):
    truth = {"a": flower("a")}
    page = Page(render_report([flower("a").take([3, 1, 0, 2])], title="t", truth=truth))
    assert page.data["drawings"][0]["wrong"] == []


def test_an_unlabelled_truth_marks_nothing(flower):
    truth = {"a": flower("a", part=None, label=None, category="flower")}
    page = Page(render_report([flower("a")], title="t", truth=truth))
    assert "wrong" not in page.data["drawings"][0]


def test_figures_stand_on_the_page(flower):
    truth = [flower(f"{i}") for i in range(4)]
    result = [s.replace(category_score=0.9) for s in truth[:3]]
    result.append(with_parts(flower("3"), "center", "petal", "leaf", "stem", category_score=0.8))
    figures = evaluate(result, truth, DOODLE7).figures
    html = render_report(
        result, title="t", truth={s.sketch_id: s for s in truth}, figures=figures, taxonomy=DOODLE7
    )
    words = re.sub(r"<[^>]+>", " ", html)
    for expected in (r"\bC\s+93\.8", r"part accuracy\s+93\.8", r"category accuracy\s+100\.0"):
        assert re.search(expected, words), expected
    assert 'title="petal called leaf: 1 of 8"' in html
    assert re.search(r'<th scope="row">stem</th><td>100\.0</td>', bare_cells(html))
    flower_row = re.search(r'data-category="flower".*?</tr>', html)[0]
    assert re.search(r'<td>93\.8<svg.*?<rect width="93\.8"', flower_row)
    assert '<th scope="row">wheel</th>' not in html


def test_instances_and_sides_have_figures_where_there_are_any(dog, flower):
    truth = [dog("a"), dog("b"), flower("c")]
    sides = ("body", "front-right-leg", "front-left-leg", "back-leg")
    result = [dog("a"), dog("b", label=sides, instance=(None, 1, 1, 0)), flower("c")]
    html = render_report(result, title="t", figures=evaluate(result, truth, DOODLE7).figures)
    words = re.sub(r"<[^>]+>", " ", html)
    for expected in (r"grouping\s+50\.0", r"ARI\s+50\.0", r"sides\s+50\.0"):
        assert re.search(expected, words), expected
    html = bare_cells(html)
    for row, found in (("4leg", "50.0"), ("flower", "–"), ("front-leg", "50.0"), ("body", "–")):
        (cells,) = re.findall(rf'<th scope="row">{row}</th>((?:<td>[^<]*</td>)+)</tr>', html)
        assert re.findall(">([^<]+)</td>", cells)[3:6] == [found] * 3

    bare = [flower("c")]
    html = render_report(bare, title="t", figures=evaluate(bare, bare, DOODLE7).figures)
    assert not re.search("grouping|ARI|sides", re.sub("<script.*", "", html, flags=re.S))


def test_instances_of_result_and_truth_have_their_inks(dog):
    truth = {"a": dog("a", instance=(None, 3, 2, 0))}
    page = Page(render_report([dog("a")], title="t", truth=truth, taxonomy=DOODLE7))
    leg = palette(*(c.parts for c in DOODLE7.categories.values()))["front-leg"]
    inks = page.data["inks"]
    assert {part: list(numbers) for part, numbers in inks.items()} == {
        "back-leg": ["0"],
        "body": [""],
        "front-leg": ["1", "2", "3"],
    }
    for number, (colour, dash, opacity) in inks["front-leg"].items():
        assert (colour, tuple(dash), opacity) == instance_ink(leg, int(number))
    assert inks["body"][""][0] == GREY not in COLOURS
    (entry,) = page.data["drawings"]
    assert entry["trueInstances"] == [None, 3, 2, 0]
    assert entry["trueLabels"][1] == "front-left-leg"


def test_wrong_sides_and_groups_are_told(dog):
    swapped = ("body", "front-right-leg", "front-left-leg", "back-leg")
    legs = ("body", "front-leg", "front-leg", "back-leg")
    result = {
        "right": dog("right"),
        "renumbered": dog("renumbered", instance=(None, 7, 4, None)),
        "swapped": dog("swapped", label=swapped),
        "together": dog("together", instance=(None, 1, 1, 0)),
        "no sides": dog("no sides", label=legs, instance=None),
        "no leg": dog("no leg", part=("body", "body", "front-leg", "back-leg")),
    }
    truth = {name: dog(name) for name in result}
    page = Page(render_report(result.values(), title="t", truth=truth, taxonomy=DOODLE7))
    told = {
        d["id"]: (d["wrong"], d.get("wrongSides", []), d.get("misgrouped", []))
        for d in page.data["drawings"]
    }
    assert told == {
        "right": ([], [], []),
        "renumbered": ([], [], []),
        "swapped": ([], [1, 2], []),
        "together": ([], [], ["front-leg"]),
        "no sides": ([], [1, 2], ["front-leg"]),
        "no leg": ([1], [], ["front-leg"]),
    }


def test_a_truth_without_sides_and_instances_blames_none(dog):
    parts = dog("a").part
    truth = {"a": dog("a", label=parts, instance=None), "b": dog("b", part=None)}
    page = Page(render_report([dog("a"), dog("b")], title="t", truth=truth, taxonomy=DOODLE7))
    assert len(page.data["drawings"]) == 2
    for entry in page.data["drawings"]:
        assert not {"wrongSides", "misgrouped", "trueInstances", "trueLabels"} & set(entry)


def test_scores_go_with_the_strokes_they_are_of(flower):
    result = [flower("a", part_score=(0.996, 0.5, 0.494, 0.0)), flower("b", part=None, label=None)]
    data = Page(render_report(result, title="t")).data
    told = {d["id"]: (d.get("predicted"), d.get("scores")) for d in data["drawings"]}
    parts = ["center", "petal", "petal", "stem"]
    assert told == {
        "a": ([data["parts"].index(p) for p in parts], [100, 50, 49, 0]),
        "b": (None,) * 2,
    }
    assert [band["least"] for band in data["bands"]] == [90, 70, 50, 0]
    colours, dashes, _ = zip(*(band["ink"] for band in data["bands"]), strict=True)
    assert len(set(colours)) == 4
    assert len(set(map(tuple, dashes))) == 3


def test_what_was_called_nothing_is_no_part_named_none(flower):
    said, true = flower("a", part=("x", "x", "x", "none")), flower("a", part=("none",) * 4)
    figures = {"confusion": {"parts": ["none"], "counts": [[1, 3]]}}
    html = render_report([said], title="t", truth={"a": true}, figures=figures)
    buttons = [a for tag, a in Page(html).tags if tag == "button" and a.get("class") == "cell"]
    assert [a["data-true"] for a in buttons] == ["none", "none"]
    assert [a.get("data-predicted") for a in buttons] == ["none", None]


def test_figures_without_a_value_are_left_out(flower):
    figures = {"C": 50.0, "P": None, "per_category": {}, "per_part": {}}
    html = render_report([flower("a")], title="t", figures=figures)
    assert "<dt>C</dt>" in html
    assert "<dt>P</dt>" not in html


@pytest.mark.parametrize("with_truth", [True, False])
def test_hostile_words_stay_words(with_truth):
    def made(**values):
        return Sketch.from_strokes(
            [[(0, 0), (1, 1)]],
            sketch_id=HOSTILE,
            **({"category": HOSTILE, "part": (HOSTILE,), "label": (HOSTILE,)} | values),
        )

    result = [made(), made(error=HOSTILE, category=None, part=None, label=None)]
    figures = {
        "C": 1.0,
        "per_category": {HOSTILE: dict.fromkeys(("C", "P", "part_accuracy", "sketches"), 1)}
        | {"x": dict.fromkeys(("C", "P", "part_accuracy", "sketches", "strokes"), 1)},
        "per_part": {HOSTILE: dict.fromkeys(("precision", "recall", "f1", "strokes"), 1)},
        "confusion": {"parts": [HOSTILE], "counts": [[1, 1]]},
    }
    figures["per_category"][HOSTILE]["strokes"] = 1
    truth = {HOSTILE: made(part=("b",))} if with_truth else None
    html = render_report(result, title=HOSTILE, truth=truth, figures=figures)
    html.encode()
    page, empty = Page(html), Page(render_report([], title="t"))
    assert page.data["drawings"][0]["id"] == HOSTILE
    special = ("script", "style", "meta")
    assert [t for t in page.tags if t[0] in special] == [t for t in empty.tags if t[0] in special]
    assert "alert(1)" not in page.words["script"]
    assert "alert(1)" in page.words["h1"]


def test_the_page_asks_for_nothing(flower):
    html = render_report([flower("a")], title="t")
    assert "default-src 'none'" in html
    addresses = set(re.findall(r"https?://[^\s\"'\\<]+", html))
    assert addresses == {"http://www.w3.org/2000/svg"}
    for tag, attributes in Page(html).tags:
        assert not {"src", "href", "style", "onload", "onclick"} & set(attributes), tag


def test_thousands_of_drawings_stay_small(flower):
    result = (flower(f"{i}", category_score=0.5, part_score=(0.5,) * 4) for i in range(2_000))
    assert len(render_report(result, title="t").encode()) < 2_000 * 1_500


def test_an_empty_result_is_a_page_too(tmp_path):
    write_report([], tmp_path / "report.html", title="nothing")
    page = Page((tmp_path / "report.html").read_text("utf-8"))
    assert page.data["drawings"] == []
    assert "0 drawings" in page.words["p"]
