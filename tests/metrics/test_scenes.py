"""Figures of scenes, compared with slow computations and cases computed by hand."""

import json
from statistics import mean

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from instancesketch.metrics import (
    SceneTally,
    judge_scenes,
    scene_weights,
)

CATEGORIES = ("car", "dog")
CAR, DOG, OTHER = 0, 1, -1


@st.composite
def scenes(draw, most=5):
    """Draw scenes: (true categories, categories, strokes of (true object, object, weight))."""
    found = []
    for _ in range(draw(st.integers(0, most))):
        truth, said = (draw(st.lists(st.integers(-1, 1), max_size=4)) for _ in range(2))
        whole = st.integers(1, 6).map(float)
        stroke = st.tuples(
            st.integers(-1, len(truth) - 1),
            st.integers(-1, len(said) - 1),
            whole | st.floats(1, 1e4),
        )
        # Equal object numbers make many objects match.
        near = st.integers(-1, min(len(truth), len(said)) - 1).flatmap(
            lambda k: st.tuples(st.just(k), st.just(k), st.floats(1, 1e4)) | stroke  # noqa: B023
        )
        strokes = draw(st.lists(near, max_size=12) | st.lists(stroke, max_size=12))
        found.append((truth, said, strokes))
    return found


def arrays_of(scenes):
    strokes = np.array([s for *_, strokes in scenes for s in strokes], float).reshape(-1, 3)
    return {
        "truth_object": strokes[:, 0].astype(int),
        "object": strokes[:, 1].astype(int),
        "weight": strokes[:, 2],
        "strokes_per_scene": [len(s) for *_, s in scenes],
        "truth_category": [c for truth, _, _ in scenes for c in truth],
        "truth_objects_per_scene": [len(truth) for truth, _, _ in scenes],
        "category": [c for _, said, _ in scenes for c in said],
        "objects_per_scene": [len(said) for _, said, _ in scenes],
    }


def tally_of(scenes, times=None):
    tally = SceneTally.empty((), CATEGORIES)
    tally.add_arrays(**arrays_of(scenes), times=times)
    return tally


def figures_of(*scenes):
    return tally_of(scenes).figures()


def matches(scene):
    """Return all matching pairs of a true and a predicted object, with their IoU."""
    truth, said, strokes = scene
    strokes = [s for s in strokes if s[0] >= 0]
    for t in range(len(truth)):
        for q in range(len(said)):
            both = sum(w for a, b, w in strokes if a == t and b == q)
            either = sum(w for a, b, w in strokes if a == t or b == q)
            if either and both / either > 0.5 + 1e-9:
                yield t, q, both / either


def there(scene):
    """Return the categories of the true and of the predicted objects that have strokes."""
    truth, said, strokes = scene
    strokes = [s for s in strokes if s[0] >= 0]
    return (
        [c for t, c in enumerate(truth) if any(s[0] == t for s in strokes)],
        [c for q, c in enumerate(said) if any(s[1] == q for s in strokes)],
    )


def quality(overlaps, truth, said):
    hits = len(overlaps)
    whole = hits + (said - hits) / 2 + (truth - hits) / 2
    return 100 * sum(overlaps) / whole if whole else None


def expected(scenes):
    per_scene, named, hits = [], [], 0
    for scene in scenes:
        found = list(matches(scene))
        hits += len(found)
        truth, said = map(len, there(scene))
        if truth:
            per_scene.append(quality([iou for *_, iou in found], truth, said))
        named += [(scene[0][t], iou) for t, q, iou in found if scene[0][t] == scene[1][q] != OTHER]
    truth, said = ([c for s in scenes for c in there(s)[side]] for side in (0, 1))

    def seven(*wanted):
        counts = (sum(c in wanted for c in objects) for objects in (truth, said))
        return quality([iou for c, iou in named if c in wanted], *counts)

    return {
        "pq": mean(per_scene) if per_scene else None,
        "pq_named": seven(CAR, DOG),
        "car": seven(CAR),
        "dog": seven(DOG),
        "object_f1": 100 * 2 * hits / (len(truth) + len(said)) if truth else None,
        "scenes": len(per_scene),
        "objects": len(truth),
        "predicted_objects": len(said),
    }


@given(scenes())
def test_figures_equal_their_definitions(scenes):
    figures = tally_of(scenes).figures()
    for name, value in expected(scenes).items():
        found = figures["per_category"][name]["pq_named"] if name in CATEGORIES else figures[name]
        assert found == (value if value is None else pytest.approx(value, abs=1e-6)), name
    assert json.loads(json.dumps(figures)) == figures


def test_figures_equal_their_definitions_on_larger_scenes():
    rng = np.random.default_rng(0)
    many = []
    for _ in range(60):
        truth, said = (rng.integers(-1, 2, rng.integers(1, 15)).tolist() for _ in range(2))
        true_S = rng.integers(-1, len(truth), 80)
        shared = np.minimum(true_S, len(said) - 1)
        said_S = np.where(rng.random(80) < 0.7, shared, rng.integers(-1, len(said), 80))
        weight_S = 1 + rng.exponential(100, 80)
        many.append((truth, said, [*zip(true_S.tolist(), said_S.tolist(), weight_S, strict=True)]))
    figures, wanted = tally_of(many).figures(), expected(many)
    assert 20 < figures["pq"] < 60
    for name in ("pq", "pq_named", "object_f1", "objects", "predicted_objects"):
        assert figures[name] == pytest.approx(wanted[name]), name


@given(scenes())
def test_renumbered_truth_is_right(scenes):
    same = [
        (truth, truth[::-1], [(t, t if t < 0 else len(truth) - 1 - t, w) for t, _, w in strokes])
        for truth, _, strokes in scenes
    ]
    figures = tally_of(same).figures()
    for name in ("pq", "object_f1"):
        assert figures[name] == (100 if figures["objects"] else None)
    named = sum(row["objects"] for row in figures["per_category"].values())
    assert figures["pq_named"] == (100 if named else None)
    assert figures["predicted_objects"] == figures["objects"]


@given(scenes(), st.randoms(use_true_random=False))
def test_the_order_and_the_numbers_of_objects_do_not_matter(scenes, random):
    def mixed(scene):
        truth, said, strokes = scene
        places = [random.sample(range(len(objects)), len(objects)) for objects in (truth, said)]
        moved = [[objects[i] for i in p] for objects, p in zip((truth, said), places, strict=True)]
        to = [{-1: -1} | {i: n for n, i in enumerate(p)} for p in places]
        renamed = [(to[0][t], to[1][q], w) for t, q, w in strokes]
        return *moved, random.sample(renamed, len(renamed))

    other = tally_of(random.sample([mixed(s) for s in scenes], len(scenes))).figures()
    for name, value in tally_of(scenes).figures().items():
        if name != "per_category":
            near = value if value is None else pytest.approx(value, abs=1e-6)
            assert other[name] == near, name


@given(scenes(), st.data())
def test_splitting_an_object_of_a_right_result_lowers_the_figures(scenes, data):
    scenes = [(t, t, [(a, a, w) for a, _, w in strokes]) for t, _, strokes in scenes]
    several = [
        (n, k)
        for n, (truth, _, strokes) in enumerate(scenes)
        for k in range(len(truth))
        if sum(s[0] == k for s in strokes) >= 2
    ]
    assume(several)
    n, k = data.draw(st.sampled_from(several))
    truth, said, strokes = scenes[n]
    apart = next(i for i, s in enumerate(strokes) if s[0] == k)
    split = [(a, len(said) if i == apart else b, w) for i, (a, b, w) in enumerate(strokes)]
    scenes[n] = truth, [*said, truth[k]], split
    figures = tally_of(scenes).figures()
    assert figures["pq"] < 100
    assert figures["object_f1"] < 100
    assert truth[k] == OTHER or figures["pq_named"] < 100


@given(scenes(), scenes(), st.randoms(use_true_random=False))
def test_shards_merge_exactly_in_any_order(first, second, random):
    assert (tally_of(first) + tally_of(second)).figures() == tally_of(first + second).figures()
    shards = [tally_of([s]) for s in first]
    random.shuffle(shards)
    assert sum(shards, SceneTally.empty((), CATEGORIES)).figures() == tally_of(first).figures()


@given(scenes(), st.lists(st.integers(0, 3), min_size=5, max_size=5))
def test_times_repeats_scenes(scenes, times):
    times = times[: len(scenes)]
    repeated = [s for s, n in zip(scenes, times, strict=True) for _ in range(n)]
    assert tally_of(scenes, times).figures() == tally_of(repeated).figures()


def scene(truth, said, *strokes):
    """Return a scene; strokes are (true object, object, weight)."""
    return truth, said, list(strokes)


@pytest.mark.parametrize(
    ("one", "pq", "f1", "seven"),
    [
        # The car is found whole, the dog in 6 of 8.
        (scene([CAR, DOG], [CAR, DOG], (0, 0, 5), (1, 1, 6), (1, -1, 2)), 87.5, 100, 87.5),
        # With categories swapped.
        (scene([CAR, DOG], [DOG, CAR], (0, 0, 5), (1, 1, 6), (1, -1, 2)), 87.5, 100, 0),
        # Half of the dog is not a match: one hit of two true and two predicted objects.
        (scene([CAR, DOG], [CAR, DOG], (0, 0, 5), (1, 1, 4), (1, -1, 4)), 50, 50, 50),
        # Slightly more than half of it is a match.
        (scene([DOG], [DOG], (0, 0, 4.01), (0, -1, 4)), 100 * 4.01 / 8.01, 100, 100 * 4.01 / 8.01),
        # All in one object, 6 of 8 of which are the dog.
        (scene([CAR, DOG], [DOG], (0, 0, 2), (1, 0, 6)), 50, 200 / 3, 50),
        # Strokes of no true object, and objects predicted for them, are not scored.
        (scene([CAR], [CAR, DOG], (0, 0, 5), (-1, 0, 99), (-1, 1, 9)), 100, 100, 100),
        # A teapot is found, and its category is predicted as outside the taxonomy.
        (scene([CAR, OTHER], [CAR, OTHER], (0, 0, 5), (1, 1, 5)), 100, 100, 100),
        # A teapot is classified as a dog, and a dog as a teapot.
        (scene([CAR, OTHER], [CAR, DOG], (0, 0, 5), (1, 1, 5)), 100, 100, 200 / 3),
        (scene([CAR, DOG], [CAR, OTHER], (0, 0, 5), (1, 1, 5)), 100, 100, 200 / 3),
        # No object is predicted.
        (scene([CAR, DOG], [], (0, -1, 5), (1, -1, 5)), 0, 0, 0),
        # Objects without strokes are ignored.
        (scene([CAR, DOG], [DOG, DOG, CAR], (0, 2, 5)), 100, 100, 100),
        # No true object at all, then none of the taxonomy.
        (scene([], [CAR], (-1, 0, 5)), None, None, None),
        (scene([OTHER], [OTHER], (0, 0, 5)), 100, 100, None),
    ],
)
def test_cases_computed_by_hand(one, pq, f1, seven):
    figures = figures_of(one)
    for name, value in (("pq", pq), ("object_f1", f1), ("pq_named", seven)):
        assert figures[name] == (value if value is None else pytest.approx(value)), name


@pytest.mark.parametrize("weights", [(1.5, 1.5), (0.1, 0.1), (1e6 / 3, 1e6 / 3)])
def test_an_iou_of_exactly_a_half_is_not_a_match(weights):
    found, lost = weights
    assert figures_of(scene([CAR], [CAR], (0, 0, found), (0, -1, lost)))["pq"] == 0
    # The sum of ten tenths is not exactly 1 in floats.
    tenths = [(0, 0, 0.1)] * 10
    assert figures_of(scene([CAR], [CAR], *tenths, (0, -1, 1.0)))["pq"] == 0


def test_scenes_are_averaged_and_pooled():
    right = scene([CAR], [CAR], (0, 0, 5))
    wrong = scene([DOG] * 3, [], (0, -1, 5), (1, -1, 5), (2, -1, 5))
    figures = figures_of(right, wrong)
    assert figures["pq"] == 50
    assert figures["pq_named"] == figures["object_f1"] == 40  # 1 of 1 + 3/2
    assert figures["per_category"] == {
        "car": {"pq_named": 100, "objects": 1, "predicted_objects": 1},
        "dog": {"pq_named": 0, "objects": 3, "predicted_objects": 0},
    }
    assert (figures["scenes"], figures["objects"], figures["predicted_objects"]) == (2, 4, 1)


def test_outcomes_hold_the_match_of_each_object():
    found = judge_scenes(
        **arrays_of(
            [
                scene([], [CAR], (-1, 0, 5)),
                scene([OTHER, CAR, DOG], [DOG, CAR], (1, 0, 3), (1, -1, 1), (2, 1, 1), (2, -1, 1)),
            ]
        )
    )
    assert found.scene_T.tolist() == [1, 1]
    assert found.object_T.tolist() == [1, 2]
    assert found.category_T.tolist() == [CAR, DOG]
    assert found.iou_T.tolist() == [0.75, 0]
    assert found.predicted_T.tolist() == [DOG, -1]
    assert found.category_Q.tolist() == [DOG, CAR]
    assert np.isnan(found.pq_B[0])
    assert found.pq_B[1] == pytest.approx(0.75 / 2)


@pytest.mark.parametrize(
    "change",
    [
        {"object": [0]},
        {"weight": [1.0]},
        {"object": [0, 1]},
        {"truth_object": [0, -2]},
        {"category": [0, 0]},
        {"objects_per_scene": [1, 0]},
        {"times": [1, 1]},
    ],
)
def test_arrays_of_wrong_shape_or_value_are_refused(change):
    arrays = arrays_of([scene([CAR], [CAR], (0, 0, 1), (0, 0, 1))])
    with pytest.raises(ValueError, match=r"fit together|not among"):
        SceneTally.empty((), CATEGORIES).add_arrays(**arrays | change)


def test_tallies_of_different_categories_are_not_added():
    with pytest.raises(ValueError, match="different"):
        SceneTally.empty((), CATEGORIES) + SceneTally.empty((), CATEGORIES[:1])


@pytest.mark.parametrize(
    ("strokes", "expected"),
    [
        ([], []),
        ([[(5, 5)]], [1]),
        ([[(0, 0), (3, 4)]], [6]),
        ([[(0, 0), (0.5, 0), (1.75, 0)]], [2.75]),
        ([[(0, 0), (1, 1), (10, 1)], [(100, 0), (100, 7)]], [1 + 2**0.5 + 9, 1 + 7]),
    ],
)
def test_a_stroke_weighs_its_length_plus_one(strokes, expected):
    points = np.array([p for stroke in strokes for p in stroke], np.float32).reshape(-1, 2)
    weights = scene_weights(points[:, 0], points[:, 1], [len(s) for s in strokes])
    assert weights.tolist() == pytest.approx(expected)
