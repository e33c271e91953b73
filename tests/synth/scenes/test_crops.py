import numpy as np
import pytest

from instancesketch.core.sketch import Sketch
from instancesketch.synth.scenes.crops import CropConfig, crop_objects
from tests.drawings import composed

HOUSE = [[(0, 0), (9, 0), (9, 9), (0, 9), (0, 0)], [(4, 4), (5, 5)], [(2, 2), (3, 2)]]
SUN = [[(20, 0), (22, 1), (24, 0)], [(30, 0), (31, 0)]]
SCENE = Sketch.from_strokes(
    [*HOUSE, *SUN],
    sketch_id="s",
    object=(0, 0, 0, 1, 1),
    object_category=("house", "sun"),
    part=("unlabeled",) * 3 + ("center", "ray"),
    label=("unlabeled",) * 3 + ("center", "ray"),
    instance=(None,) * 4 + (1,),
)


def crops(scene: Sketch = SCENE, seed: int = 0, **chances: float) -> list[Sketch]:
    config = CropConfig(**({"missing": 0.0, "taken": 0.0, "coarse": 0.0} | chances))
    return list(crop_objects(scene, np.random.default_rng(seed), config))


def test_an_undamaged_object_is_its_strokes_with_their_labels() -> None:
    house, sun = crops()
    assert (house.category, sun.category, sun.sketch_id) == ("house", "sun", "s-1")
    assert (house.object, house.object_category) == (None, None)
    assert [len(s) for s in house.to_strokes()] == [5, 2, 2]
    assert (sun.part, sun.label, sun.instance) == (("center", "ray"), ("center", "ray"), (None, 1))


def test_the_nearest_stroke_of_another_object_comes_along_without_a_part() -> None:
    house, sun = crops(taken=1.0)
    np.testing.assert_array_equal(house.to_strokes()[3], SUN[0])
    np.testing.assert_array_equal(sun.to_strokes()[0], HOUSE[0])
    assert sun.part == ("unlabeled", "center", "ray")


def test_a_stroke_is_missing_of_objects_of_more_than_two_but_never_the_longest() -> None:
    for seed in range(8):
        house, sun = crops(seed=seed, missing=1.0)
        assert (len(house), len(sun)) == (2, 2)
        assert [len(s) for s in house.to_strokes()] == [5, 2]


def test_coarse_lines_have_fewer_points() -> None:
    (scene,) = composed(1)
    fine, coarse = crops(scene), crops(scene, coarse=1.0)
    assert [len(a) for a in coarse] == [len(a) for a in fine]
    assert sum(len(a.x) for a in coarse) < 0.8 * sum(len(a.x) for a in fine)


@pytest.mark.parametrize("categories", [None, (None, None)])
def test_objects_of_unknown_category_are_left_out(
    categories: tuple[None, ...] | None,
) -> None:
    objects = None if categories is None else SCENE.object
    assert crops(SCENE.replace(object=objects, object_category=categories)) == []
