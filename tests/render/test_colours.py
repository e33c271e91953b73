"""Colours of parts, instances and objects: distinct for every eye, on light and dark."""

import itertools

import numpy as np
import pytest

from instancesketch.core.sketch import Sketch
from instancesketch.core.taxonomy import Taxonomy
from instancesketch.render.colours import (
    COLOURS,
    GREY,
    instance_ink,
    label_colours,
    object_colours,
    palette,
    part_colours,
)

# Linear RGB as seen without red, green or blue receptors (Machado, Oliveira and Fernandes
# 2009, severity 1).
EYES = {
    "usual": np.eye(3),
    "no green": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "no red": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "no blue": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}


def linear(colours) -> np.ndarray:
    """Return linear RGB of `#rrggbb` colours, (N, 3)."""
    rgb = np.array([[int(c[i : i + 2], 16) for i in (1, 3, 5)] for c in colours]) / 255
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def oklab(rgb: np.ndarray) -> np.ndarray:
    """Return OKLab (Ottosson 2020), in which distances match perceived differences."""
    lms = (
        rgb
        @ np.array(
            [
                [0.4122214708, 0.5363325363, 0.0514459929],
                [0.2119034982, 0.6806995451, 0.1073969566],
                [0.0883024619, 0.2817188376, 0.6299787005],
            ]
        ).T
    )
    return (
        np.cbrt(lms)
        @ np.array(
            [
                [0.2104542553, 0.7936177850, -0.0040720468],
                [1.9779984951, -2.4285922050, 0.4505937099],
                [0.0259040371, 0.7827717662, -0.8086757660],
            ]
        ).T
    )


@pytest.mark.parametrize("colour", [*COLOURS, GREY, "#000000", "#ffffff"])
def test_consecutive_instances_look_different(colour):
    inks = [instance_ink(colour, n) for n in range(1, 40)]
    assert len(set(inks)) == 6
    lightness = oklab(linear([ink.colour for ink in inks[:2]]))[:, 0]
    assert lightness[1] - lightness[0] > 0.25
    weights = np.array([0.2126, 0.7152, 0.0722])
    for paper in ("#ffffff", "#1b1d22"):
        light = linear([ink.colour for ink in inks[:2]]) @ weights + 0.05
        behind = linear([paper]) @ weights + 0.05
        assert np.maximum(light / behind, behind / light).min() > 2


@pytest.mark.parametrize("eye", EYES)
def test_first_eight_colours_and_grey_look_different(eye):
    perceived = oklab(np.clip(linear([GREY, *COLOURS[:8]]) @ np.array(EYES[eye]).T, 0, 1))
    nearest = min(np.linalg.norm(a - b) for a, b in itertools.combinations(perceived, 2))
    assert nearest > (0.1 if eye == "usual" else 0.05)


@pytest.mark.parametrize("paper", ["#ffffff", "#1b1d22"])
def test_every_colour_shows_on_light_and_dark_paper(paper):
    weights = np.array([0.2126, 0.7152, 0.0722])
    light = linear([GREY, *COLOURS]) @ weights + 0.05
    behind = linear([paper]) @ weights + 0.05
    assert np.maximum(light / behind, behind / light).min() > 2


@pytest.mark.parametrize("name", Taxonomy.shipped())
def test_parts_of_a_category_differ_in_colour(name):
    categories = Taxonomy.load(name).categories.values()
    colours = palette(*(c.parts for c in categories))
    for category in categories:
        assert len({colours[p] for p in category.parts}) == len(category.parts)
    assert colours["unlabeled"] == GREY
    assert colours == palette(*(c.parts for c in categories))


def test_a_part_has_one_colour_everywhere():
    colours = {}
    for name in Taxonomy.shipped():
        taxonomy = Taxonomy.load(name)
        for category in taxonomy.categories.values():
            alone = part_colours(category.parts)
            assert label_colours(category.parts).items() >= alone.items()
            for part in category.parts:
                colours.setdefault(part, alone[part])
        assert palette(*(c.parts for c in taxonomy.categories.values())).items() <= colours.items()
    sides = label_colours(["front-left-leg", "back-right-foot", "left-arm", "right-arm"])
    assert sides["front-left-leg"] == colours["front-leg"]
    assert sides["back-right-foot"] == colours["back-foot"]
    assert sides["left-arm"] == sides["right-arm"]


def test_parts_of_ones_own_differ_beside_known_ones():
    own = [["wheel", "ray", "body", "center"], ["roof", "door", "wall", "body"]]
    colours = palette(*own)
    for group in own:
        assert len({colours[part] for part in group}) == len(group)
    assert len({part_colours(own[1])[part] for part in own[1]}) == len(own[1])


def test_more_parts_than_colours_share_them_evenly():
    colours = palette([f"part {i}" for i in range(2 * len(COLOURS))])
    used = [c for part, c in colours.items() if part != "unlabeled"]
    assert all(used.count(c) == 2 for c in COLOURS)


def scene(boxes, objects=None) -> Sketch:
    """Return a scene of one rectangle per stroke, each by default an object of its own."""
    objects = tuple(range(len(boxes)) if objects is None else objects)
    return Sketch.from_strokes(
        [[(left, top), (right, bottom)] for left, top, right, bottom in boxes],
        sketch_id="a",
        object=objects,
        object_category=(None,) * (max(objects) + 1),
    )


@pytest.mark.parametrize("number", [1, 8])
def test_few_objects_all_differ_in_colour(number):
    colours = object_colours(scene([(0, 0, 9, 9)] * number))
    assert len(set(colours)) == number
    assert GREY not in colours


@pytest.mark.parametrize("columns", [3, 6, 30])
def test_near_objects_differ_in_colour_among_many(columns):
    places = [(10 * (i % columns), 10 * (i // columns)) for i in range(30)]
    colours = object_colours(scene([(x, y, x + 8, y + 8) for x, y in places]))
    for (i, a), (j, b) in itertools.combinations(enumerate(places), 2):
        if max(abs(a[0] - b[0]), abs(a[1] - b[1])) <= 10:
            assert colours[i] != colours[j], (a, b)


def test_objects_on_a_large_object_differ_from_it_in_colour():
    small = [(9 * i, 9 * i, 9 * i + 5, 9 * i + 5) for i in range(40)]
    colours = object_colours(scene([(0, 0, 400, 400), *small]))
    assert colours[0] not in colours[1:]


def test_given_colours_are_kept_and_not_reused():
    sketch = scene([(0, 0, 9, 9)] * 4)
    colours = object_colours(sketch, {2: COLOURS[0], 3: COLOURS[5]})
    assert colours[2:] == [COLOURS[0], COLOURS[5]]
    assert len(set(colours)) == 4


def test_object_without_strokes_is_grey():
    colours = object_colours(scene([(0, 0, 9, 9)] * 2, objects=(-1, 3)))
    assert colours == [GREY, GREY, GREY, COLOURS[0]]
    assert object_colours(Sketch.from_strokes([[(0, 0)]], sketch_id="a")) == []
