"""Objects of scenes in the data of a report."""

import json
import re

import pytest

from instancesketch.core.taxonomy import Taxonomy
from instancesketch.metrics import evaluate
from instancesketch.render.colours import object_colours
from instancesketch.report import page, render_report

DOODLE7 = Taxonomy.load("doodle7")
TRUE_CATEGORIES = ("Police Car", "tree", "tree", "house")


def entries(result, truth=None, taxonomy=DOODLE7, **options) -> list[dict]:
    """Return the drawings in the data of a report."""
    truth = None if truth is None else {s.sketch_id: s for s in truth}
    html = render_report(result, title="t", truth=truth, taxonomy=taxonomy, **options)
    (data,) = re.findall('<script type="application/json" id="data">(.*?)</script>', html)
    return json.loads(data)["drawings"]


def test_objects_have_their_categories_scores_and_colours(scene):
    sketch = scene("a", object_score=(0.9, 0.8, 0.71234, 0.6))
    (entry,) = entries([sketch])
    assert entry["objects"] == {
        "of": [0, 0, 0, 1, 2, 3, -1],
        "categories": ["car", "tree", "tree", None],
        "colours": object_colours(sketch),
        "scores": [0.9, 0.8, 0.712, 0.6],
    }
    assert entry["categories"] == ["car", "tree"]
    assert entry["confidence"] == pytest.approx(0.753, abs=1e-3)
    assert not {"trueObjects", "agreement"} & set(entry)


def test_scene_fills_its_picture(scene):
    (entry,) = entries([scene("a")])
    assert entry["box"] == "20 20 810 390"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, {}),
        ({"object": (3, 3, 3, 1, 2, 0, -1), "object_category": (None, "tree", "tree", "car")}, {}),
        ({"object": (0, 0, 0, 1, 2, 3, 3)}, {}),  # a stroke of no true object is not judged
        ({"object": (0, 0, 0, 1, 2, -1, -1)}, {"wrong": [5], "missed": [3]}),
        ({"object": (0, 0, -1, 1, 2, 3, -1)}, {"wrong": [2]}),
        ({"object": (0, 0, 1, 1, 2, 3, -1)}, {"wrong": [2]}),
        ({"object": (0, 0, 0, 1, 1, 3, -1)}, {"wrong": [3, 4], "missed": [1, 2], "extra": 1}),
        ({"object_category": ("car", "tree", "sun", None)}, {"misnamed": [[2, 2]]}),
        ({"object_category": (None, "tree", "tree", "car")}, {"misnamed": [[0, 0], [3, 3]]}),
        (
            {"object": None, "object_category": None},
            {"wrong": [0, 1, 2, 3, 4, 5], "missed": [0, 1, 2, 3]},
        ),
    ],
)
def test_differences_from_the_true_objects_are_listed(scene, change, expected):
    (entry,) = entries([scene("a", **change)], [scene("a", object_category=TRUE_CATEGORIES)])
    agreement = entry["agreement"]
    quality = agreement.pop("pq")
    assert agreement == {"wrong": [], "misnamed": [], "missed": [], "extra": 0} | expected
    assert (quality == 1) == (not set(expected) - {"misnamed"})
    assert entry["trueObjects"]["of"] == [0, 0, 0, 1, 2, 3, -1]
    assert entry["trueObjects"]["categories"] == ["car", "tree", "tree", "house"]


def test_matching_objects_have_the_same_colour(scene):
    swapped = scene(
        "a", object=(3, 3, 1, 0, 2, 2, -1), object_category=("tree", "tree", None, "car")
    )
    (entry,) = entries([swapped], [scene("a")])
    predicted, true = entry["objects"]["colours"], entry["trueObjects"]["colours"]
    assert entry["agreement"]["missed"] == [2]
    assert (predicted[3], predicted[0], predicted[2]) == (true[0], true[1], true[3])
    assert predicted[1] not in (predicted[0], predicted[2], predicted[3])


def test_worst_scenes_come_first(scene):
    parts = ("frame", "frame", "frame", "trunk", "trunk", "unlabeled", "unlabeled")
    result = [
        scene("right"),
        scene("parts", part=parts, label=parts),
        scene("joined", object=(0, 0, 0, 1, 1, 1, -1)),
        scene("one", object=(0, 0, 0, 0, 0, 0, 0)),
        scene("lost", object=(0, 0, -1, 1, 2, 3, -1)),
    ]
    worst = entries(result, [scene(s.sketch_id) for s in result])
    assert [e["id"] for e in worst] == ["one", "joined", "lost", "parts", "right"]


def test_categories_include_those_of_the_truth(scene):
    truth = scene("a", object_category=("yoga", "Police Car", "tree", None))
    (entry,) = entries([scene("a")], [truth])
    assert entry["categories"] == ["car", "tree", "yoga"]


def test_legend_lists_parts_by_category_of_their_object(scene):
    html = render_report([scene("a")], title="t", taxonomy=DOODLE7)
    assert '"legend":{"car":["wheel","frame"],"tree":["leaves"]}' in html
    bare = render_report([scene("a", part=None, label=None, instance=None)], title="t")
    assert '"legend":{}' in bare


def test_instances_are_compared_object_by_object(scene):
    wheels = ("frame", "wheel", "wheel", "wheel", "leaves", "unlabeled", "unlabeled")
    labels = {"part": wheels, "label": wheels, "object_category": ("car", "car", "tree", None)}
    truth = scene("a", instance=(None, 1, 2, 1, None, None, None), **labels)
    other = scene("a", instance=(None, 2, 1, 2, None, None, None), **labels)
    joined = scene("a", instance=(None, 1, 1, 1, None, None, None), **labels)
    assert "misgrouped" not in entries([other], [truth])[0]
    assert entries([joined], [truth])[0]["misgrouped"] == ["wheel"]


def test_scenes_and_their_objects_are_counted(scene, flower):
    html = render_report([scene("a"), scene("b", part=None)], title="t")
    assert "2 scenes · 8 objects · 2 labelled · 0 failed" in html
    html = render_report([scene("a"), flower("b")], title="t")
    assert "2 drawings · 4 objects · 2 labelled · 0 failed" in html


def test_page_shows_the_figures_of_scenes(scene):
    truth = [scene("a", object_category=TRUE_CATEGORIES), scene("b")]
    result = [scene("a"), scene("b", object=(0, 0, 0, 1, 2, -1, -1))]
    html = render_report(result, title="t", figures=evaluate(result, truth, DOODLE7).figures)
    text = re.sub(r"<[^>]+>", " ", html)
    for expected in (r"\bPQ\s+92\.9", r"PQ named\s+100\.0", r"object F1\s+93\.3"):
        assert re.search(expected, text), expected
    assert re.search(
        r'data-category="tree">tree</button></th><td>100\.0<svg.*?</td><td>4</td>', html
    )


def test_scenes_without_parts_have_figures_of_objects_alone(scene):
    bare = [scene("a", part=None, label=None, instance=None)]
    html = render_report(
        [scene("a")], title="t", figures=evaluate([scene("a")], bare, DOODLE7).figures
    )
    assert "<dt>PQ</dt>" in html
    assert "<dt>C</dt>" not in html
    assert "Confusion of parts" not in html


def test_only_the_worst_scenes_of_too_many_strokes_are_shown(scene, monkeypatch):
    monkeypatch.setattr(page, "MOST_STROKES", 14)
    result = [scene(f"{i}", object_score=(i / 10,) * 4) for i in range(5)]
    html = render_report(result, title="t")
    assert "2 shown, the worst or least certain of all" in html
    assert [e["id"] for e in entries(result)] == ["0", "1"]


def test_page_of_scenes_stays_small(scene):
    assert len(render_report((scene(f"{i}") for i in range(200)), title="t")) < 200 * 2_500
