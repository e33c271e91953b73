"""Tiles, tables and the confusion matrix of a report."""

import re

from instancesketch.core.sketch import Sketch
from instancesketch.core.taxonomy import Taxonomy
from instancesketch.metrics import evaluate
from instancesketch.report import render_report
from tests.report.pages import Page

DOODLE7 = Taxonomy.load("doodle7")


def bare_cells(html: str) -> str:
    """Return a page without the buttons and bars in the cells of its tables."""
    return re.sub(r"</?button[^>]*>|<svg class=\"bar\".*?</svg>", "", html)


def with_parts(sketch: Sketch, *parts: str, **values) -> Sketch:
    return sketch.replace(part=parts, label=parts, **values)


def test_headline_tables_and_matrix_show_the_figures(flower):
    truth = [flower(f"{i}") for i in range(4)]
    result = [s.replace(category_score=0.9) for s in truth[:3]]
    result.append(with_parts(flower("3"), "center", "petal", "leaf", "stem", category_score=0.8))
    figures = evaluate(result, truth, DOODLE7).figures
    html = render_report(
        result, title="t", truth={s.sketch_id: s for s in truth}, figures=figures, taxonomy=DOODLE7
    )
    text = re.sub(r"<[^>]+>", " ", html)
    for expected in (r"\bC\s+93\.8", r"part accuracy\s+93\.8", r"category accuracy\s+100\.0"):
        assert re.search(expected, text), expected
    assert 'title="petal called leaf: 1 of 8"' in html
    assert re.search(r'<th scope="row">stem\*</th><td>100\.0</td>', bare_cells(html))
    flower_row = re.search(r'data-category="flower".*?</tr>', html)[0]
    assert re.search(r'<td>93\.8<svg.*?<rect width="93\.8"', flower_row)
    assert '<th scope="row">wheel</th>' not in html


def test_columns_of_instances_and_sides_appear_only_with_values(dog, flower):
    truth = [dog("a"), dog("b"), flower("c")]
    sides = ("body", "front-right-leg", "front-left-leg", "back-leg")
    result = [dog("a"), dog("b", label=sides, instance=(None, 1, 1, 0)), flower("c")]
    html = render_report(result, title="t", figures=evaluate(result, truth, DOODLE7).figures)
    text = re.sub(r"<[^>]+>", " ", html)
    for expected in (r"grouping\s+50\.0", r"ARI\s+50\.0", r"sides\s+50\.0"):
        assert re.search(expected, text), expected
    html = bare_cells(html)
    rows = {"four-legged animal": "50.0", "flower": "–", "front leg": "50.0", "body": "–"}
    for row, value in rows.items():
        (cells,) = re.findall(rf'<th scope="row">{row}\*?</th>((?:<td>[^<]*</td>)+)</tr>', html)
        assert re.findall(">([^<]+)</td>", cells)[3:6] == [value] * 3

    bare = [flower("c")]
    html = render_report(bare, title="t", figures=evaluate(bare, bare, DOODLE7).figures)
    assert not re.search("grouping|ARI|sides", re.sub("<script.*", "", html, flags=re.S))


def test_strokes_without_a_part_differ_from_a_part_named_none(flower):
    predicted, true = flower("a", part=("x", "x", "x", "none")), flower("a", part=("none",) * 4)
    figures = {"confusion": {"parts": ["none"], "counts": [[1, 3]]}}
    html = render_report([predicted], title="t", truth={"a": true}, figures=figures)
    buttons = [a for tag, a in Page(html).tags if tag == "button" and a.get("class") == "cell"]
    assert [a["data-true"] for a in buttons] == ["none", "none"]
    assert [a.get("data-predicted") for a in buttons] == ["none", None]


def test_figures_without_a_value_are_omitted(flower):
    figures = {"C": 50.0, "P": None, "per_category": {}, "per_part": {}}
    html = render_report([flower("a")], title="t", figures=figures)
    assert "<dt>C</dt>" in html
    assert "<dt>P</dt>" not in html


def test_categories_have_a_matrix_and_known_drawings_a_tile(flower):
    default = Taxonomy.load("default")
    truth = [flower("a"), flower("b"), flower("c", category="teapot")]
    score = {"category_score": 0.9, "category_2": "car", "category_2_score": 0.1}
    bare = {"part": None, "label": None}
    result = [flower("a", **score), flower("b", **score | bare | {"category": "other"})]
    result.append(flower("c", **score | bare | {"category": "other"}))
    html = render_report(result, title="t", figures=evaluate(result, truth, default).figures)
    assert 'title="flower called nothing it knows: 1 of 2"' in html
    assert "<dt>known against other</dt><dd>75.0<" in html
    assert "<dt>category ECE</dt>" in html
    text = re.sub(r"<[^>]+>", " ", html)
    assert "Confusion of categories" in text
    assert "Drawings. A row is a true category" in text
    (cells,) = re.findall(r'<th scope="row">nothing it knows</th>(.*?)</tr>', bare_cells(html))[:1]
    assert "100.0" in cells


def test_parts_too_rare_for_macro_f1_are_marked(flower):
    truth = [flower(f"{i}") for i in range(12)]
    figures = evaluate(truth, truth, DOODLE7).figures
    html = bare_cells(render_report(truth, title="t", figures=figures))
    assert "not counted in macro-F1" not in html
    figures = evaluate(truth[:7], truth[:7], DOODLE7).figures
    html = bare_cells(render_report(truth[:7], title="t", figures=figures))
    assert {"center*", "stem*", "petal"} <= set(re.findall(r'<th scope="row">([^<]*)</th>', html))
    assert "* fewer than 10 strokes in the truth: not counted in macro-F1" in html
