"""Strokes grouped into objects: invariances of the partition, box evidence, and the columns."""

import json
from dataclasses import asdict, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
import torch

from instancesketch.core.errors import UserError
from instancesketch.core.schema import RESULT_SCHEMA, from_table, to_table
from instancesketch.inference.object_grouper import Grouper, find_objects
from instancesketch.models import weights
from instancesketch.models.features import StrokeFeatures
from instancesketch.models.grouper import GrouperNet
from instancesketch.models.optimize import optimize
from tests.drawings import DOODLE7, TINY_GROUPER, composed, packed_scenes, sketch_of
from tests.inference.test_box_evidence import LEFT, PAIRS, RIGHT, boxes_of

OTHER = len(DOODLE7.category_names)
DOT = [(5, 5)]


def network(loud=60.0, **values):
    """Return an untrained network, scaled and biased so that it finds some objects in a scene."""
    torch.manual_seed(0)
    net = GrouperNet(replace(TINY_GROUPER, **values), DOODLE7).eval()
    with torch.no_grad():
        net.out.weight *= loud
        affinity_NLL = net(
            StrokeFeatures.of(packed_scenes(composed(1))), torch.tensor([False])
        ).affinity_NLL
        net.out.bias -= affinity_NLL.median()
    return net


@pytest.fixture(scope="module")
def grouper():
    return Grouper(network(), DOODLE7)


def grouped(grouper, scenes, boxes=None, **options):
    return from_table(grouper.group_table(to_table(scenes), boxes, **options))


def partition(objects):
    """Return the sets of strokes that share an object, without the objects' numbers."""
    return {frozenset(i for i, o in enumerate(objects) if o == k) for k in objects}


def test_an_untrained_grouper_finds_several_objects_of_several_strokes(grouper):
    """Guard the tests below: one object, or one per stroke, would be equal in any comparison."""
    numbers = [len(s.object_category) for s in grouped(grouper, composed(8))]
    sizes = [len(s) for s in composed(8)]
    assert sum(1 < n < size for n, size in zip(numbers, sizes, strict=True)) >= 6


def test_rows_have_the_result_schema_with_objects_and_no_other_label(grouper):
    scenes = composed(6)
    table = grouper.group_table(to_table(scenes))
    assert table.schema.equals(RESULT_SCHEMA)
    for column in ("part", "label", "instance", "category", "part_score", "error"):
        assert table[column].null_count == 6
    for scene, found in zip(scenes, from_table(table), strict=True):
        assert found.sketch_id == scene.sketch_id
        assert (found.split, found.width) == (scene.split, scene.width)
        np.testing.assert_array_equal(found.x, scene.x)
        assert sorted(set(found.object)) == list(range(len(found.object_category)))
        assert len(found.object_score) == len(found.object_category)
        assert all(0 < score <= 1 for score in found.object_score)
        assert set(found.object_category) <= {*DOODLE7.category_names, None}


def test_an_empty_table_gives_an_empty_result(grouper):
    assert grouper.group_table(to_table([])).equals(RESULT_SCHEMA.empty_table())


@pytest.mark.parametrize("drawing_order", [True, False])
def test_labels_of_the_input_are_never_read(grouper, drawing_order):
    scenes = composed(6)
    bare = [s.replace(part=None, label=None, instance=None, object=None, object_category=None)
            for s in scenes]  # fmt: skip
    lies = [s.replace(object=(0,) * len(s), object_category=("sun",), category="car",
                      object_score=(0.1,), error="none") for s in scenes]  # fmt: skip
    want = grouper.group_table(to_table(bare), drawing_order=drawing_order)
    assert grouper.group_table(to_table(scenes), drawing_order=drawing_order).equals(want)
    lying = to_table(lies, RESULT_SCHEMA)
    assert grouper.group_table(lying, drawing_order=drawing_order).equals(want)


@pytest.mark.parametrize("loud", [60.0, 3_000.0], ids=["unsure", "all but sure"])
def test_the_order_of_strokes_does_not_change_objects(loud):
    """Include saturated affinities, whose ties must not be broken by the order."""
    grouper, rng = Grouper(network(loud), DOODLE7), np.random.default_rng(4)
    for scene in composed(6):
        order = rng.permutation(len(scene))
        strokes = scene.to_strokes()
        again = sketch_of(*(strokes[i] for i in order), width=scene.width, height=scene.height)
        (a,), (b,) = grouped(grouper, [scene]), grouped(grouper, [again])
        # Objects are numbered from the left, so their numbers must be equal as well.
        assert [a.object[i] for i in order] == list(b.object)
        assert a.object_category == b.object_category
        assert a.object_score == pytest.approx(b.object_score, abs=1e-4)


def test_the_drawing_order_changes_objects_when_enabled(grouper):
    scenes = composed(8)
    untold, told = (grouped(grouper, scenes, drawing_order=order) for order in (False, True))
    assert [s.object for s in untold] != [s.object for s in told]


@pytest.mark.parametrize(("factor", "shift"), [(0.5, 0.0), (2.0, -1_000.0), (1.0, 300.0)])
def test_position_and_size_of_a_scene_do_not_change_objects(grouper, factor, shift):
    scenes = [s.replace(x=np.round(s.x), y=np.round(s.y)) for s in composed(6)]
    moved = [s.replace(x=s.x * factor + shift, y=s.y * factor + shift) for s in scenes]
    for a, b in zip(grouped(grouper, scenes), grouped(grouper, moved), strict=True):
        assert (a.object, a.object_category) == (b.object, b.object_category)


@pytest.mark.parametrize("bound", [None, "MAX_TOKENS", "MAX_POINTS"])
def test_objects_do_not_depend_on_other_scenes_of_the_table(grouper, monkeypatch, bound):
    scenes = [*composed(8), sketch_of(DOT), sketch_of([(0, 0), (9, 0)], [(4, 4)])]
    scenes = [s.replace(sketch_id=str(i)) for i, s in enumerate(scenes)]
    alone = [grouped(grouper, [s])[0] for s in scenes]
    if bound:
        monkeypatch.setattr(f"instancesketch.models.packing.{bound}", 40)
    for a, b in zip(alone, grouped(grouper, scenes), strict=True):
        assert (a.sketch_id, a.object, a.object_category) == (
            b.sketch_id, b.object, b.object_category
        )  # fmt: skip
        assert a.object_score == pytest.approx(b.object_score, abs=1e-4)


def test_dots_and_lone_strokes_get_an_object(grouper):
    strange = [[DOT], [DOT, DOT], [[(0, 0), (9, 0)]], [[(3, 3)] * 5, DOT]]
    for strokes in strange:
        (found,) = grouped(grouper, [sketch_of(*strokes)])
        assert min(found.object) == 0
        assert len(found.object_score) == len(found.object_category) == max(found.object) + 1
    (lone,) = grouped(grouper, [sketch_of(DOT)])
    assert lone.object == (0,)


def test_a_scene_of_three_hundred_strokes_is_grouped(grouper):
    rng = np.random.default_rng(0)
    strokes = [rng.uniform(0, 900, 2) + rng.normal(0, 20, (5, 2)) for _ in range(300)]
    (found,) = grouped(grouper, [sketch_of(*strokes)])
    assert len(found.object) == 300
    assert sorted(set(found.object)) == list(range(len(found.object_category)))


def test_objects_are_numbered_from_the_left():
    """Make every stroke its own object: numbers follow the centres of their boxes."""
    grouper = Grouper(network(loud=1.0, join=-100.0), DOODLE7)
    scene = sketch_of([(50, 0), (60, 0)], [(0, 5), (200, 5)], [(10, 9)], [(20, 0), (90, 40)])
    (found,) = grouped(grouper, [scene])
    assert found.object == (1, 3, 0, 2)
    (one,) = grouped(Grouper(network(loud=1.0, join=100.0), DOODLE7), [scene])
    assert one.object == (0, 0, 0, 0)


def test_only_scenes_near_another_answer_are_seen_in_several_views():
    scenes, seen = composed(8), []
    net = network()
    net.register_forward_hook(lambda module, given, got: seen.append(len(given[0].batch)))

    def objects(views, sure):
        net.config = replace(net.config, views=views, sure=sure)
        seen.clear()
        return [s.object for s in grouped(Grouper(net, DOODLE7), scenes)]

    of_views = [objects(number, float("inf")) for number in (1, 2, 3)]
    assert sum(seen) == 24
    assert objects(3, 0.0) == of_views[0]
    assert sum(seen) == 8
    some = objects(3, 0.01)
    assert 8 < sum(seen) < 24
    assert some not in of_views
    assert all(found in those for found, *those in zip(some, *of_views, strict=True))


def test_bfloat16_hardly_changes_affinities():
    net, rounded = network(loud=1.0), optimize(network(loud=1.0), "cpu", "bfloat16")
    features = StrokeFeatures.of(packed_scenes(composed(4)))
    with torch.no_grad():
        away = (net(features).affinity_NLL - rounded(features).affinity_NLL).abs()
    assert 0 < float(away.max()) < 0.05


def test_the_category_of_an_object_is_averaged_over_strokes_by_length():
    """Join two strokes of different categories: the longer one has more weight."""
    net = network(loud=1.0, join=100.0)
    batch = packed_scenes([sketch_of([(0, 0), (90, 0)], [(0, 1), (1, 9), (2, 30)])])
    with torch.no_grad():
        net.kinds.weight *= 20
        said_SC = net(StrokeFeatures.of(batch), torch.tensor([False])).category_SC.log_softmax(1)
    found = find_objects(net, batch)
    way_S = torch.tensor([91.0, 1 + 65**0.5 + 442**0.5])
    want_C = ((said_SC * way_S[:, None]).sum(0) / way_S.sum()).softmax(0)
    assert found.objects_N.tolist() == [1]
    assert found.category_K.tolist() == [int(want_C.argmax())]
    assert float(found.score_K[0]) == pytest.approx(float(want_C.max()), abs=1e-5)


def test_objects_of_the_class_other_have_no_category():
    net = network()
    with torch.no_grad():
        net.kinds.bias[OTHER] += 1_000
    for found in grouped(Grouper(net, DOODLE7), composed(2)):
        assert set(found.object_category) == {None}
        assert found.object_score == pytest.approx([1.0] * len(found.object_category))


def test_scenes_without_boxes_keep_their_objects(grouper):
    scenes = composed(5)
    want = grouper.group_table(to_table(scenes))
    assert grouper.group_table(to_table(scenes), boxes_of(*[[]] * 5)).equals(want)
    # Boxes must not affect other scenes, and an empty box is no evidence.
    far = (-1e6, -1e6, -1e6 + 1, -1e6 + 1)
    assert grouper.group_table(to_table(scenes), boxes_of([far], [], [], [far, far], [])).equals(
        want
    )


def test_boxes_affect_their_own_scene_alone():
    net = network(loud=0.0, join=0.0)
    told = Grouper(net, DOODLE7)
    with torch.no_grad():
        net.out.bias.zero_()
    scenes = [PAIRS.replace(sketch_id=str(i)) for i in range(4)]
    boxes = boxes_of([], [LEFT, RIGHT], [], [(-1, -1, 101, 21)])
    found = [partition(s.object) for s in grouped(told, scenes, boxes)]
    want = [(0, 1, 2, 3), (0, 0, 1, 1), (0, 1, 2, 3), (0, 0, 0, 0)]
    assert found == [partition(objects) for objects in want]


CONFIG = {"kind": "grouper", "model": asdict(TINY_GROUPER), "taxonomy": DOODLE7.to_dict()}


def test_weights_are_loaded_from_the_last_of_several_folders(tmp_path):
    for name, loud in (("a", 60.0), ("b", 1.0)):
        weights.save(str(tmp_path / name / "grouper"), network(loud).state_dict(), CONFIG)
    scenes = to_table(composed(4))
    loaded = Grouper.load([str(tmp_path / "b"), str(tmp_path / "a")])
    assert loaded.taxonomy == DOODLE7
    assert not loaded.net.training
    want = Grouper(optimize(network(), "cpu", "float32"), DOODLE7)
    assert loaded.group_table(scenes).equals(want.group_table(scenes))
    assert Grouper.load(str(tmp_path / "b")).net.config == TINY_GROUPER


def test_invalid_weights_are_refused_in_one_line(tmp_path):
    weights.save(str(tmp_path / "grouper"), network().state_dict(), CONFIG)
    config = tmp_path / "grouper" / "config.json"
    for broken in ({}, CONFIG | {"model": {"wings": 2}}, CONFIG | {"taxonomy": None}):
        config.write_text(json.dumps(broken))
        with pytest.raises(UserError, match="describes no grouper") as error:
            Grouper.load(str(tmp_path))
        assert "\n" not in str(error.value)
    config.write_text(json.dumps(CONFIG | {"model": asdict(replace(TINY_GROUPER, width=32))}))
    with pytest.raises(UserError, match="don't fit"):
        Grouper.load(str(tmp_path))
    with pytest.raises(UserError, match="no grouper in spg20"):
        Grouper.load("spg20")


def test_a_chunked_table_gives_equal_objects(grouper):
    table = to_table(composed(6))
    pieces = pa.concat_tables([table.slice(0, 2), table.slice(2, 1), table.slice(3)])
    assert grouper.group_table(pieces).equals(grouper.group_table(table))


def test_every_stroke_of_real_scenes_gets_an_object(grouper, data_dir):
    lines = (data_dir / "scenes" / "cbsc_dev.ndjson").read_text("utf-8").splitlines()[:10]
    scenes = []
    for scene in map(json.loads, lines):
        strokes = [np.stack(s[:2], axis=1) for s in scene["drawing"]]
        scenes.append(sketch_of(*strokes, sketch_id=scene["scene_id"]))
    for scene, found in zip(scenes, grouped(grouper, scenes), strict=True):
        assert len(found.object) == len(scene)
        assert -1 not in found.object


def test_objects_of_categories_that_are_left_out_are_of_none(grouper):
    scenes = to_table(composed(6))
    whole = grouper.group_table(scenes, guesses=True)
    kept = DOODLE7.category_names[2:5]
    some = Grouper(grouper.net, DOODLE7, kept[::-1])
    assert some.taxonomy.category_names == kept  # in the network's order
    found = some.group_table(scenes, guesses=True)
    assert found["object"].equals(whole["object"])
    guess_KC = np.array(pc.list_flatten(whole["object_guess"])).reshape(-1, 8)
    some_KC = np.array(pc.list_flatten(found["object_guess"])).reshape(-1, 4)
    assert np.array_equal(some_KC[:, :3], guess_KC[:, 2:5])
    assert np.allclose(some_KC.sum(1), 1)
    named = set(pc.list_flatten(found["object_category"]).to_pylist())
    assert named <= {*kept, None}
    assert (
        Grouper(grouper.net, DOODLE7, DOODLE7.category_names)
        .group_table(scenes, guesses=True)
        .equals(whole)
    )
