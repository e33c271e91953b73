"""Selection of a report's drawings, and their comparison with the truth."""

import pytest

from instancesketch.core.errors import UserError
from instancesketch.core.sketch import Sketch
from instancesketch.core.taxonomy import Taxonomy
from instancesketch.report import render_report
from tests.report.pages import Page

DOODLE7 = Taxonomy.load("doodle7")


def with_parts(sketch: Sketch, *parts: str, **values) -> Sketch:
    return sketch.replace(part=parts, label=parts, **values)


def test_worst_drawings_come_first(flower):
    truth = {name: flower(name) for name in ("right", "half", "unsure", "wrong", "misnamed")}
    result = [
        with_parts(flower("right"), "center", "petal", "petal", "stem", category_score=0.9),
        with_parts(flower("unsure"), "center", "petal", "petal", "stem", category_score=0.4),
        with_parts(flower("half"), "center", "petal", "leaf", "leaf", category_score=0.9),
        with_parts(flower("misnamed"), "center", "petal", "petal", "stem", category="sun"),
        with_parts(flower("wrong"), "stem", "stem", "stem", "leaf", category_score=1.0),
    ]
    page = Page(render_report(iter(result), title="t", truth=truth))
    assert page.ids == ["wrong", "half", "misnamed", "unsure", "right"]
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


def test_least_certain_drawings_come_first_without_truth(flower):
    result = [
        flower("category", category_score=0.5, part_score=(0.9,) * 4),
        flower("sure", category_score=0.9, part_score=(0.9,) * 4),
        flower("strokes", category_score=0.9, part_score=(0.9, 0.1, 0.3, 0.1)),
        flower("unscored"),
    ]
    page = Page(render_report(result, title="t"))
    assert page.ids == ["strokes", "category", "sure", "unscored"]
    assert "truth" not in page.data["drawings"][0]
    assert "confidence" not in page.data["drawings"][3]


def test_only_the_worst_of_too_many_drawings_are_shown(flower):
    result = [flower(f"{i:03}", category_score=i / 100) for i in range(100)]
    page = Page(render_report(reversed(result), title="t", most=3))
    assert page.ids == ["000", "001", "002"]
    assert "100 drawings · 100 labelled · 0 failed · 3 shown" in page.text["p"]


def test_true_category_is_resolved_by_the_taxonomy(flower):
    truth = {"a": flower("a", category="Police Car"), "b": flower("b", category="4LEG")}
    result = [flower("a", category="car"), flower("b", category="4leg")]
    page = Page(render_report(result, title="t", truth=truth, taxonomy=DOODLE7))
    assert [d["trueCategory"] for d in page.data["drawings"]] == ["car", "4leg"]
    page = Page(render_report(result, title="t", truth=truth))
    assert [d["trueCategory"] for d in page.data["drawings"]] == ["Police Car", "4leg"]


def test_truth_with_other_strokes_raises(flower):
    truth = {"a": Sketch.from_strokes([[(0, 0)]], sketch_id="a")}
    with pytest.raises(UserError, match="'a' has 1 strokes in the truth and 4 in the result"):
        render_report([flower("a")], title="t", truth=truth)


def test_order_of_strokes_in_the_truth_does_not_matter(flower):
    truth = {"a": flower("a")}
    page = Page(render_report([flower("a").take([3, 1, 0, 2])], title="t", truth=truth))
    assert page.data["drawings"][0]["wrong"] == []


def test_unlabelled_truth_marks_no_stroke(flower):
    truth = {"a": flower("a", part=None, label=None, category="flower")}
    page = Page(render_report([flower("a")], title="t", truth=truth))
    assert "wrong" not in page.data["drawings"][0]


def test_wrong_sides_and_groups_are_listed(dog):
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
    entries = {
        d["id"]: (d["wrong"], d.get("wrongSides", []), d.get("misgrouped", []))
        for d in page.data["drawings"]
    }
    assert entries == {
        "right": ([], [], []),
        "renumbered": ([], [], []),
        "swapped": ([], [1, 2], []),
        "together": ([], [], ["front-leg"]),
        "no sides": ([], [1, 2], ["front-leg"]),
        "no leg": ([1], [], ["front-leg"]),
    }


def test_truth_without_sides_and_instances_marks_neither(dog):
    parts = dog("a").part
    truth = {"a": dog("a", label=parts, instance=None), "b": dog("b", part=None)}
    page = Page(render_report([dog("a"), dog("b")], title="t", truth=truth, taxonomy=DOODLE7))
    assert len(page.data["drawings"]) == 2
    for entry in page.data["drawings"]:
        assert not {"wrongSides", "misgrouped", "trueInstances", "trueLabels"} & set(entry)


def test_drawings_of_nothing_known_are_compared_by_category_alone(flower):
    other = {"category": "other", "part": None, "label": None}
    truth = {
        "pot": flower("pot", category="teapot"),
        "bus": flower("bus", category="bus"),  # too near to a car to be `other`
        "lost": flower("lost"),
    }
    page = Page(
        render_report(
            [flower(name, **other) for name in truth],
            title="t",
            truth=truth,
            taxonomy=Taxonomy.load("default"),
        )
    )
    assert "3 of nothing it knows" in page.text["p"]
    found = {d["id"]: (d.get("trueCategory"), d.get("wrong")) for d in page.data["drawings"]}
    assert found == {
        "pot": ("other", None),
        "bus": (None, [0, 1, 2, 3]),
        "lost": ("flower", [0, 1, 2, 3]),
    }
    assert page.data["titles"]["other"] == "nothing it knows"
    assert "other" not in page.data["legend"]


def test_drawings_like_scenes_are_counted(flower):
    scene = flower("a", category="scene", part=None, label=None)
    page = Page(render_report([scene, flower("b")], title="t"))
    assert "1 like scenes: try segment --scenes" in page.text["p"]
