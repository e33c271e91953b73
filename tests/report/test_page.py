"""A report as one HTML file: summary, failures, escaping, size."""

import re

import pytest

from instancesketch.core.sketch import Sketch
from instancesketch.report import render_report, write_report
from tests.report.pages import Page

HOSTILE = "</script><!--<script>alert(1)</script>{{data}}\"'&\u2028\ud800\x00"


def test_failed_rows_are_counted_with_their_reasons(flower):
    bare = {"part": None, "label": None, "category": None}
    result = [flower(f"big-{i}", error="too many points", **bare) for i in range(25)]
    result += [flower("odd", error="<b>odd</b>", **bare), flower("good"), flower("bare", **bare)]
    html = render_report(result, title="t")
    page = Page(html)
    assert "28 drawings · 1 labelled · 26 failed" in page.text["p"]
    assert "26 failed, and why" in html
    assert "<code>big-0</code>" in html
    assert "and 5 more" in html
    assert "&lt;b&gt;odd&lt;/b&gt;" in html
    assert sorted(page.ids) == ["bare", "good"]


@pytest.mark.parametrize("with_truth", [True, False])
def test_hostile_names_are_escaped(with_truth):
    def sketch(**values):
        return Sketch.from_strokes(
            [[(0, 0), (1, 1)]],
            sketch_id=HOSTILE,
            **({"category": HOSTILE, "part": (HOSTILE,), "label": (HOSTILE,)} | values),
        )

    result = [sketch(), sketch(error=HOSTILE, category=None, part=None, label=None)]
    figures = {
        "C": 1.0,
        "per_category": {HOSTILE: dict.fromkeys(("C", "P", "part_accuracy", "sketches"), 1)}
        | {"x": dict.fromkeys(("C", "P", "part_accuracy", "sketches", "strokes"), 1)},
        "per_part": {HOSTILE: dict.fromkeys(("precision", "recall", "f1", "strokes"), 1)},
        "confusion": {"parts": [HOSTILE], "counts": [[1, 1]]},
    }
    figures["per_category"][HOSTILE]["strokes"] = 1
    truth = {HOSTILE: sketch(part=("b",))} if with_truth else None
    html = render_report(result, title=HOSTILE, truth=truth, figures=figures)
    html.encode()
    page, empty = Page(html), Page(render_report([], title="t"))
    assert page.data["drawings"][0]["id"] == HOSTILE
    special = ("script", "style", "meta")
    assert [t for t in page.tags if t[0] in special] == [t for t in empty.tags if t[0] in special]
    assert "alert(1)" not in page.text["script"]
    assert "alert(1)" in page.text["h1"]


def test_page_loads_nothing_from_the_network(flower):
    html = render_report([flower("a")], title="t")
    assert "default-src 'none'" in html
    addresses = set(re.findall(r"https?://[^\s\"'\\<]+", html))
    assert addresses == {"http://www.w3.org/2000/svg"}
    for tag, attributes in Page(html).tags:
        assert not {"src", "href", "style", "onload", "onclick"} & set(attributes), tag


def test_page_grows_little_with_each_drawing(flower):
    result = (flower(f"{i}", category_score=0.5, part_score=(0.5,) * 4) for i in range(500))
    assert len(render_report(result, title="t").encode()) < 500 * 1_500


def test_empty_result_gives_a_page(tmp_path):
    write_report([], tmp_path / "report.html", title="nothing")
    page = Page((tmp_path / "report.html").read_text("utf-8"))
    assert page.data["drawings"] == []
    assert "0 drawings" in page.text["p"]
