"""Each object of a scene is labelled as a drawing on its own; other strokes are unlabelled."""

import json

import numpy as np
import pyarrow as pa
import pytest

from instancesketch.core.schema import NO_OBJECTS, RESULT_SCHEMA, from_table, to_table
from instancesketch.inference.object_grouper import GROUPED_SCHEMA, GUESS
from instancesketch.inference.scene_segmenter import SceneSegmenter, objects_as_sketches
from instancesketch.inference.segmenter import Segmenter
from instancesketch.models.features import StrokeFeatures
from tests.drawings import (
    DEFAULT,
    DOODLE7,
    composed,
    drawn,
    forced_net,
    packed_scenes,
    sketch_of,
    split_strokes,
)  # fmt: skip

BARE = {"part": None, "label": None, "instance": None}


@pytest.fixture(scope="module")
def segmenter():
    return Segmenter.load("default")


@pytest.fixture(scope="module")
def scene_segmenter(segmenter):
    return SceneSegmenter(segmenter)


def test_strokes_of_objects_are_cut_as_those_of_drawings():
    # Two dogs, of one stroke each, and a stroke of no object between them.
    dogs = [as_one_stroke(sketch) for sketch in drawn(2, category="4leg")]
    strokes = [dogs[0], [(9, 9), (99, 9)], dogs[1] + 1e3]
    scene = sketch_of(*strokes, object=(0, -1, 1), object_category=("4leg", "4leg"))
    segmenter = Segmenter.load("default", cut_strokes=True)
    (found,) = labelled(SceneSegmenter(segmenter), [scene])
    assert found.mixed == (0, 2)
    want = segmenter([sketch_of(dog, category="4leg") for dog in dogs], given_category=True)
    for stroke, alone in zip((0, 2), want, strict=True):
        assert [p[:2] for p in found.pieces[stroke]] == [p[:2] for p in alone.pieces[0]]
    none = sketch_of([(0, 0), (9, 9)])
    assert [s.pieces for s in labelled(SceneSegmenter(segmenter), [scene, none])][1] is None


def as_one_stroke(sketch):
    return np.concatenate(sketch.to_strokes())


def labelled(scene_segmenter, scenes):
    return from_table(scene_segmenter.label_table(to_table(scenes, RESULT_SCHEMA)))


def object_alone(scene, number, category):
    """Return the strokes of one object as a drawing, and their indices in the scene."""
    at = [i for i, o in enumerate(scene.object) if o == number]
    strokes = scene.to_strokes()
    return sketch_of(*(strokes[i] for i in at), category=category), at


def check(segmenter, scene, found):
    """Check labels against each object's labelled alone; return the number of strokes labelled."""
    left = set(range(len(scene)))
    assert found.error is None
    assert found.object == scene.object
    assert found.object_category == tuple(map(DEFAULT.category_of, scene.object_category))
    for number, category in enumerate(found.object_category):
        if category is None or number not in scene.object:
            continue
        alone, at = object_alone(scene, number, category)
        (want,) = segmenter.label([alone], given_category=True)
        for column in ("part", "label", "instance"):
            assert tuple(getattr(found, column)[i] for i in at) == getattr(want, column)
        assert [found.part_score[i] for i in at] == pytest.approx(want.part_score, abs=1e-4)
        left -= set(at)
    for i in left:
        assert (found.part[i], found.label[i], found.instance[i]) == (
            "unlabeled",
            "unlabeled",
            None,
        )
    return len(scene) - len(left)


def real_scenes(folder, name, number):
    lines = (folder / "scenes" / f"{name}_dev.ndjson").read_text("utf-8").splitlines()
    for scene in map(json.loads, lines[:number]):
        yield sketch_of(
            *(np.stack(s[:2], axis=1) for s in scene["drawing"]),
            sketch_id=scene["scene_id"],
            object=tuple(scene["object"]),
            object_category=tuple(scene["object_category"]),
        )


@pytest.mark.parametrize("name", ["cbsc", "friss"])
def test_objects_of_real_scenes_are_labelled_as_drawings_on_their_own(
    segmenter, scene_segmenter, data_dir, name
):
    scenes = list(real_scenes(data_dir, name, 25))
    known = 0
    for scene, found in zip(scenes, labelled(scene_segmenter, scenes), strict=True):
        known += check(segmenter, scene, found)
    assert known > 100


def test_interleaved_objects_keep_the_order_of_their_strokes(segmenter, scene_segmenter):
    rng, scenes = np.random.default_rng(2), []
    for scene in composed(6):
        order, strokes = rng.permutation(len(scene)), scene.to_strokes()
        objects = tuple(scene.object[i] for i in order)
        scenes.append(
            sketch_of(
                *(strokes[i] for i in order), object=objects, object_category=scene.object_category
            )
        )
    found = labelled(scene_segmenter, scenes)
    assert sum(check(segmenter, *pair) for pair in zip(scenes, found, strict=True)) > 50


def test_other_labels_are_never_read(scene_segmenter):
    scenes = [s.replace(**BARE) for s in composed(5)]
    lies = [
        s.replace(
            part=("lid",) * len(s),
            label=("left-lid",) * len(s),
            instance=(7,) * len(s),
            category="car",
            part_score=(0.5,) * len(s),
            category_score=0.1,
            error="none",
        )
        for s in scenes
    ]
    want = scene_segmenter.label_table(to_table(scenes, RESULT_SCHEMA))
    assert scene_segmenter.label_table(to_table(lies, RESULT_SCHEMA)).equals(want)
    # The corpus schema, which has no scores, must give an equal result.
    assert scene_segmenter.label_table(to_table(scenes)).equals(want)


SUN = [[(10 * np.cos(t), 10 * np.sin(t)) for t in np.linspace(0, 6.3, 20)], [(12, 0), (20, 0)]]
HOUSE = [[(50, 0), (50, 30), (90, 30), (90, 0), (50, 0)]]
DOT = [[(70, 70)]]


def scene_of(objects, categories, **values):
    return sketch_of(*SUN, *HOUSE, *DOT, object=objects, object_category=categories, **values)


def test_strokes_of_unknown_objects_or_of_none_are_unlabeled(segmenter, scene_segmenter):
    scene = scene_of((1, 1, 0, -1), ("house", "Sun"), object_score=(0.5, 0.75))
    (found,) = labelled(scene_segmenter, [scene])
    assert check(segmenter, scene, found) == 2
    assert found.object_category == (None, "sun")
    assert found.object_score == (0.5, 0.75)
    assert found.part_score[2:] == (0.5, 0.0)
    assert found.category is None


@pytest.mark.parametrize(
    ("objects", "categories"),
    [
        ((-1, -1, -1, -1), ()),
        ((-1, -1, -1, -1), ("sun",)),
        ((0, 0, 0, 0), (None,)),
        ((0, 0, 1, 1), ("house", None)),
    ],
)
def test_scenes_without_known_objects_are_unlabeled(
    segmenter, scene_segmenter, objects, categories
):
    scene = scene_of(objects, categories)
    (found,) = labelled(scene_segmenter, [scene])
    assert check(segmenter, scene, found) == 0
    assert found.part_score == (0.0,) * 4


def test_objects_of_a_dot_or_of_no_stroke_are_accepted(segmenter, scene_segmenter):
    scene = scene_of((0, 0, 3, 2), ("sun", "dog", "sun", "car"))
    (found,) = labelled(scene_segmenter, [scene])
    assert check(segmenter, scene, found) == 4


def test_a_row_without_objects_gets_an_error_and_affects_no_other_row(segmenter, scene_segmenter):
    scene, bare = scene_of((0, 0, 1, -1), ("sun", "house")), sketch_of(*SUN, sketch_id="bare")
    first, second, third = labelled(scene_segmenter, [scene, bare, scene])
    assert check(segmenter, scene, first) == check(segmenter, scene, third) == 2
    assert second == bare.replace(error=NO_OBJECTS)
    assert labelled(scene_segmenter, [bare]) == [second]


def test_an_empty_table_gives_an_empty_result(scene_segmenter):
    assert scene_segmenter.label_table(to_table([])).equals(RESULT_SCHEMA.empty_table())


def test_objects_are_extracted_in_the_order_of_scenes():
    scenes = [
        scene_of((1, 0, 1, -1), ("house", "sun"), sketch_id="a"),
        scene_of((1, 1, 2, 0), ("tree", "dog", "car"), sketch_id="b"),
    ]
    drawings, strokes = objects_as_sketches(packed_scenes(scenes), len(DOODLE7.category_names))
    assert strokes.tolist() == [0, 2, 7, 4, 5, 6]
    assert drawings.strokes_N.tolist() == [2, 1, 2, 1]
    names = [DOODLE7.category_names[c] for c in drawings.category_N]
    assert names == ["sun", "tree", "4leg", "car"]
    flat = [stroke for scene in scenes for stroke in scene.to_strokes()]
    cut = [stroke for drawing in split_strokes(drawings) for stroke in drawing]
    assert all(np.array_equal(flat[i], s) for i, s in zip(strokes, cut, strict=True))


def test_label_columns_keeps_the_given_categories(segmenter):
    scenes = packed_scenes([scene_of((0, 0, 1, 1), ("sun", "car"))])
    drawings, _ = objects_as_sketches(scenes, len(DOODLE7.category_names))
    columns = segmenter.label_columns(StrokeFeatures.of(drawings), drawings.category_N)
    assert columns["category"].to_pylist() == ["sun", "car"]
    for names, category in zip(columns["part"].to_pylist(), ("sun", "car"), strict=True):
        assert set(names) <= set(DOODLE7.categories[category].parts)


def test_objects_are_of_categories_with_parts_whatever_the_drawing_looks_like():
    scene_segmenter = SceneSegmenter(Segmenter(forced_net("other", "scene", "2leg"), DEFAULT))
    (scene,) = composed(1)
    categories = ("car",) * len(scene.object_category)
    found = scene.replace(object_category=categories, object_score=(0.3,) * len(categories))
    (got,) = labelled(scene_segmenter, [found])
    assert set(got.object_category) == {"2leg"}
    assert set(got.part) <= {*DEFAULT.categories["2leg"].parts, "unlabeled"}


def guessed(segmenter, guess):
    """Return a scene of one object, labelled with a grouper's guess of some categories."""
    categories = DOODLE7.category_names
    rest = (1 - sum(guess.values())) / (len(categories) + 1 - len(guess))
    scores = [guess.get(name, rest) for name in (*categories, None)]
    scene = sketch_of([(0, 0), (9, 9)], [(1, 1), (3, 3)], object=(0, 0), object_category=("sun",))
    table = to_table([scene], RESULT_SCHEMA).append_column(
        GROUPED_SCHEMA.field(GUESS), pa.array([scores], pa.list_(pa.float32()))
    )
    (found,) = from_table(SceneSegmenter(segmenter, categories).label_table(table))
    return found


def test_categories_are_those_of_grouper_and_segmenter_together():
    sure_of_legs = Segmenter(forced_net("2leg", "4leg"), DEFAULT)
    # The segmenter is all but sure: only a grouper as sure says otherwise.
    assert guessed(sure_of_legs, {"car": 0.6}).object_category == ("2leg",)
    assert guessed(sure_of_legs, {"car": 1 - 1e-9}).object_category == ("car",)
    found = guessed(sure_of_legs, {"2leg": 0.9})
    assert found.object_category == ("2leg",)
    assert found.object_score[0] > 0.95
    assert set(found.part) <= set(DEFAULT.categories["2leg"].parts)


@pytest.mark.parametrize("seen", ["other", "scene", "airplane"])
def test_what_the_segmenter_takes_for_anything_else_is_of_no_category(seen):
    found = guessed(Segmenter(forced_net(seen), DEFAULT), {"car": 0.7})
    assert found.object_category == (None,)
    assert set(found.part) == {"unlabeled"}
    assert found.part_score == (pytest.approx(found.object_score[0]),) * 2


def test_a_segmenter_of_the_same_categories_does_not_deny_that_something_is_none():
    segmenter = Segmenter(forced_net("car"), DEFAULT, categories=DOODLE7.category_names)
    assert guessed(segmenter, {None: 0.9}).object_category == (None,)
    assert guessed(segmenter, {None: 0.4, "car": 0.4}).object_category == ("car",)


def test_objects_that_are_called_other_are_of_no_category():
    scene_segmenter = SceneSegmenter(Segmenter(forced_net("car"), DEFAULT))
    scene = sketch_of(
        [(0, 0), (9, 9)], [(1, 1), (3, 3)], object=(0, 1), object_category=("other", "car")
    )
    (got,) = labelled(scene_segmenter, [scene])
    assert got.object_category == (None, "car")
    assert got.part[0] == "unlabeled"
    assert [second is None for second in got.part_2] == [True, False]
    assert [score is None for score in got.part_2_score] == [True, False]
