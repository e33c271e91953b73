"""Colours, inks and scores in the data of a report."""

from instancesketch.core.stroke_labels import Piece
from instancesketch.core.taxonomy import Taxonomy
from instancesketch.render.colours import COLOURS, GREY, instance_ink, palette
from instancesketch.report import render_report
from tests.report.pages import Page

DOODLE7 = Taxonomy.load("doodle7")


def test_strokes_have_the_colours_of_the_palette(flower):
    page = Page(render_report([flower("a")], title="t", taxonomy=DOODLE7))
    expected = palette(*(c.parts for c in DOODLE7.categories.values()))
    assert page.data["colours"] == expected
    (drawing,) = page.data["drawings"]
    assert [page.data["parts"][i] for i in drawing["predicted"]] == list(flower("a").part)
    assert page.data["legend"] == {"flower": ["center", "petal", "stem"]}


def test_lines_keep_the_shape_and_a_dot_is_a_line_of_no_length(flower):
    (drawing,) = Page(render_report([flower("a")], title="t")).data["drawings"]
    assert drawing["lines"] == [
        "40,40 60,40 60,60 40,60 40,40",
        "40,40 20,20 30,45",
        "70,30 70,30",
        "50,60 50,120",
    ]
    left, top, width, height = map(float, drawing["box"].split())
    assert (left, top) == (16, 16)
    assert (width, height) == (58, 108)


def test_strokes_can_become_what_their_category_has(dog):
    choices = Page(render_report([dog("a")], title="t", taxonomy=DOODLE7)).data["choices"]
    assert choices["4leg"]["labels"]["front-left-leg"] == "front-leg"
    assert choices["4leg"]["countable"] == sorted(DOODLE7.categories["4leg"].countable)
    assert list(choices["car"]["labels"]) == ["wheel", "frame", "unlabeled"]
    assert Page(render_report([dog("a")], title="t")).data["choices"] == {}


def test_instances_of_result_and_truth_have_inks(dog):
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


def test_scores_are_stored_for_each_stroke_in_percent(flower):
    result = [flower("a", part_score=(0.996, 0.5, 0.494, 0.0)), flower("b", part=None, label=None)]
    data = Page(render_report(result, title="t")).data
    entries = {d["id"]: (d.get("predicted"), d.get("scores")) for d in data["drawings"]}
    parts = ["center", "petal", "petal", "stem"]
    assert entries == {
        "a": ([data["parts"].index(p) for p in parts], [100, 50, 49, 0]),
        "b": (None,) * 2,
    }
    assert [band["least"] for band in data["bands"]] == [90, 70, 50, 0]
    colours, dashes, _ = zip(*(band["ink"] for band in data["bands"]), strict=True)
    assert len(set(colours)) == 4
    assert len(set(map(tuple, dashes))) == 3


def test_strokes_over_several_parts_have_their_pieces(flower):
    over = (Piece(0, "center", 0.9), Piece(2, "leaf", 0.8), Piece(3, "center", 0.7))
    result = [flower("a", pieces=(over, None, None, None)), flower("b", pieces=(None,) * 4)]
    data = Page(render_report([*result, flower("c")], title="t", taxonomy=DOODLE7)).data
    center, leaf = (data["parts"].index(part) for part in ("center", "leaf"))
    pieces = {entry["id"]: entry.get("pieces") for entry in data["drawings"]}
    assert pieces == {"a": {"0": [[0, center], [2, leaf], [3, center]]}, "b": None, "c": None}
    assert data["legend"] == {"flower": ["center", "petal", "leaf", "stem"]}
    plain = Page(render_report([flower("a")], title="t", taxonomy=DOODLE7)).data
    assert "pieces" not in plain["drawings"][0]
