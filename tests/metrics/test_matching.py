"""Rows and strokes of results are matched with the truth; objects are scored by parts."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from instancesketch.core.errors import UserError
from instancesketch.core.sketch import Sketch
from instancesketch.core.taxonomy import Taxonomy
from instancesketch.metrics import evaluate, format_figures, paired_bootstrap, stroke_order

DOODLE7 = Taxonomy.load("doodle7")
FIGURES = ("pq", "pq_named", "object_f1", "part_accuracy", "grouping", "sides")


def sketch_of(lengths, **values):
    strokes = [[(100 * i + j, 7 * j) for j in range(n)] for i, n in enumerate(lengths)]
    return Sketch.from_strokes(strokes, sketch_id="a", **values)


# A dog of three strokes, interleaved with a teapot and a cow of four, and a stroke of no object.
#         dog    teapot  dog    cow    cow    dog   cow    cow  line
OBJECT = (0, 1, 0, 2, 2, 0, 2, 2, -1)
PART = (
    "front-leg", "unlabeled", "front-leg", "back-leg", "back-leg", "body", "back-leg", "head",
    "unlabeled",
)  # fmt: skip
LEFT, RIGHT = "front-left-leg", "front-right-leg"
SCENE = sketch_of(
    [3] * 9,
    object=OBJECT,
    object_category=("dog", "teapot", "cow"),
    part=PART,
    label=(LEFT, PART[1], RIGHT, *PART[3:]),
    instance=(1, None, 2, 1, 1, None, 2, None, None),
)


def figures_of(change, truth=SCENE):
    return evaluate([SCENE.replace(**change)], [truth], DOODLE7).figures


def put(values, **at):
    return tuple(at.get(f"_{i}", v) for i, v in enumerate(values))


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, [100, 100, 100, 100, 100, 100]),
        # Other numbers and spellings are equal.
        (
            {
                "object": put(OBJECT, _0=2, _2=2, _5=2, _3=0, _4=0, _6=0, _7=0),
                "object_category": ("4leg", None, "4leg"),
            },
            [100, 100, 100, 100, 100, 100],
        ),
        # All in one object: none of the three has an IoU over a half. Parts are unchanged.
        ({"object": (0,) * 9}, [0, 0, 0, 100, 100, 100]),
        # Two strokes of one leg of the cow in two objects are not one instance,
        ({"object": put(OBJECT, _3=1)}, [175 / 3, 87.5, 200 / 3, 100, 50, 100]),
        # nor if one of them belongs to no object.
        ({"object": put(OBJECT, _3=-1)}, [275 / 3, 87.5, 100, 100, 50, 100]),
        # Equal numbers in two objects are different instances.
        (
            {"object": put(OBJECT, _0=1), "instance": put(SCENE.instance, _2=1)},
            [500 / 9, 250 / 3, 200 / 3, 100, 100, 100],
        ),
        ({"instance": put(SCENE.instance, _2=1)}, [100, 100, 100, 100, 50, 100]),
        ({"part": put(PART, _0="tail")}, [100, 100, 100, 600 / 7, 50, 50]),
        # Parts of strokes outside the taxonomy's objects are not scored.
        ({"part": put(PART, _1="tail", _8="petal")}, [100, 100, 100, 100, 100, 100]),
        ({"object_category": ("4leg", "sun", "2leg")}, [100, 40, 100, 100, 100, 100]),
        ({"object": None, "object_category": None}, [0, 0, 0, 100, 0, 100]),
        ({"part": None, "label": None, "instance": None}, [100, 100, 100, 0, 0, 0]),
        ({"error": "lost"}, [0, 0, 0, 0, 0, 0]),
    ],
)
def test_objects_of_scenes_are_scored_as_sketches(change, expected):
    figures = figures_of(change)
    for name, value in zip(FIGURES, expected, strict=True):
        assert figures[name] == pytest.approx(value), name
    counted = ("scenes", "objects", "sketches", "strokes", "groups", "sided_strokes")
    assert [figures[name] for name in counted] == [1, 3, 2, 7, 2, 2]
    assert figures["failed"] == ("error" in change)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, None),  # no scores, because the objects were given
        ({"object_score": (0.0, 0.5, 0.5)}, 100),
        ({"object_score": (1.0, 1.0, 1.0), "object_category": ("4leg", None, "2leg")}, 50),
        ({"object_score": (1.0,) * 3, "object": (0,) * 9}, 0),
    ],
)
def test_the_predicted_category_of_an_object_is_that_of_its_match(change, expected):
    assert figures_of(change)["category_accuracy"] == expected


@pytest.mark.parametrize("labels", [{"part": None, "label": None, "instance": None}, {}])
def test_figures_of_scenes_are_printed(labels):
    truth = SCENE.replace(**labels)
    text = format_figures(figures_of({"object": (0,) * 9}, truth))
    assert text.startswith(
        "PQ 0.00   PQ named 0.00   object F1 0.00\n1 scenes, 3 objects, 1 predicted objects\n"
    )
    assert ("part accuracy 100.00" in text) == ("2 sketches, 7 strokes" in text) == (not labels)
    assert ("front-leg" in text) == (not labels)
    assert "4leg" in text
    failed = format_figures(figures_of({"error": "lost"}, truth))
    assert "2 sided strokes, 1 failed\n" in failed or "0 predicted objects, 1 failed\n" in failed


def test_without_scenes_their_figures_are_not_printed():
    drawing = sketch_of([2, 2], category="car", part=("wheel", "frame"))
    figures = evaluate([drawing], [drawing], DOODLE7).figures
    assert (figures["pq"], figures["scenes"]) == (None, 0)
    assert not [w for w in ("PQ", "pq", "object", "scene") if w in format_figures(figures)]


def test_scenes_and_drawings_of_one_corpus_are_scored_together():
    drawing = sketch_of([2, 2], category="car", part=("wheel", "frame")).replace(sketch_id="b")
    wrong = drawing.replace(part=("wheel", "wheel"))
    figures, answers = evaluate([wrong, SCENE], [SCENE, drawing], DOODLE7)
    assert (figures["scenes"], figures["sketches"], figures["pq"]) == (1, 3, 100)
    assert figures["per_category"]["car"]["C"] == 50
    assert (
        figures["per_category"]["4leg"] | {"C": 100, "pq_named": 100, "objects": 2}
        == (figures["per_category"]["4leg"])
    )
    right = evaluate([drawing, SCENE], [SCENE, drawing], DOODLE7).scored
    assert paired_bootstrap(answers, right, figure="C", samples=5) == (25, 25, 25)
    assert paired_bootstrap(answers, right, figure="pq", samples=5) == (0, 0, 0)


def test_an_unknown_part_is_refused_if_it_is_scored():
    figures_of({}, SCENE.replace(part=put(PART, _1="spout")))
    with pytest.raises(UserError, match="'a' has the part 'spout', unknown to doodle7"):
        figures_of({}, SCENE.replace(part=put(PART, _0="spout")))


def taken(sketch, order):
    """Return the strokes in another order, with their labels."""
    labels = {
        name: tuple(getattr(sketch, name)[i] for i in order)
        for name in ("part", "label", "instance", "object")
        if getattr(sketch, name) is not None
    }
    strokes = sketch.to_strokes()
    points = np.concatenate([strokes[i] for i in order])
    lengths = sketch.stroke_len[list(order)]
    return sketch.replace(x=points[:, 0], y=points[:, 1], stroke_len=lengths, **labels)


@given(st.permutations(range(9)), st.permutations(range(9)))
def test_strokes_are_matched_in_any_order(first, second):
    wrong = SCENE.replace(
        object=put(OBJECT, _3=-1, _5=1), part=put(PART, _0="tail"), object_score=(1.0,) * 3
    )
    figures = evaluate([taken(wrong, first)], [taken(SCENE, second)], DOODLE7).figures
    plain = evaluate([wrong], [SCENE], DOODLE7).figures
    assert 0 < plain["pq"] < 100
    for name in (*FIGURES, "C", "P", "macro_f1", "ari", "category_accuracy", "confusion"):
        same = plain[name]
        assert figures[name] == (same if name == "confusion" else pytest.approx(same)), name


@given(st.lists(st.integers(1, 3), min_size=1, max_size=8), st.data())
def test_the_order_is_found_from_the_points(lengths, data):
    order = data.draw(st.permutations(range(len(lengths))))
    true = sketch_of(lengths)
    found = stroke_order(true, taken(true, order))
    assert [order[i] for i in found] == list(range(len(lengths)))


def test_equal_strokes_keep_their_order():
    twice = Sketch.from_strokes([[(0, 0)], [(1, 1), (2, 2)], [(0, 0)]], sketch_id="a")
    assert stroke_order(twice, twice) == [0, 1, 2]
    assert stroke_order(twice, taken(twice, [1, 0, 2])) == [1, 0, 2]


def test_strokes_with_other_points_keep_their_order_unless_lengths_contradict_it():
    true = sketch_of([2, 3, 1])
    moved = true.replace(x=true.x + 0.01)
    assert stroke_order(true, moved) == [0, 1, 2]
    fewer = true.replace(x=true.x[1:], y=true.y[1:], stroke_len=np.array([1, 3, 1]))
    assert stroke_order(true, fewer) == [0, 1, 2]
    with pytest.raises(UserError, match=r"'a' has its strokes in another order.*--shuffle-strokes"):
        stroke_order(true, taken(moved, [1, 0, 2]))
    with pytest.raises(UserError, match="'a' has 3 strokes in the truth and 2 in the result"):
        stroke_order(true, sketch_of([2, 3]))
